// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_check.c - says whether bytes are a JSON document by RFC 8259, and nothing else:
 * no byte may come that the grammar has no place for.  It shares nothing with json.c and json_in.c, which it judges.
 */
#include <string.h>

#include "fuzz.h"

enum state {
	VALUE, FIRST_VALUE, FIRST_KEY, KEY, COLON, AFTER, STRING, ESCAPE, HEX, REST,
	MINUS, ZERO, DIGITS, POINT, FRACTION, EXPONENT, SIGN, POWER,
};

void json_check_begin(struct json_check *k, bool unique)
{
	k->state = VALUE;
	k->depth = 0;
	k->unique = unique;
}

static bool digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

static const char *open_with(struct json_check *k, char ch)
{
	if (k->depth == CHECK_DEPTH)
		return "nested too deep";
	k->nkeys[k->depth] = 0;
	k->open[k->depth++] = ch;
	k->state = ch == '{' ? FIRST_KEY : FIRST_VALUE;
	return NULL;
}

static const char *close_with(struct json_check *k, char open)
{
	if (!k->depth || k->open[k->depth - 1] != open)
		return "closes what is not open";
	k->depth--;
	k->state = AFTER;
	return NULL;
}

static void begin_string(struct json_check *k, bool is_key)
{
	k->state = STRING;
	k->is_key = is_key;
	k->key = 2166136261u;
}

static const char *end_string(struct json_check *k)
{
	unsigned d = k->depth - 1;

	k->state = k->is_key ? COLON : AFTER;
	if (!k->is_key || !k->unique)
		return NULL;
	for (unsigned i = 0; i < k->nkeys[d]; i++)
		if (k->keys[d][i] == k->key)
			return "two members of one name";
	if (k->nkeys[d] == CHECK_MEMBERS)
		return "too many members";
	k->keys[d][k->nkeys[d]++] = k->key;
	return NULL;
}

static const char *value(struct json_check *k, char ch)
{
	static const char *const words[] = { "true", "false", "null" };

	if (ch == '{' || ch == '[')
		return open_with(k, ch);
	if (ch == '"') {
		begin_string(k, false);
		return NULL;
	}
	if (ch == '-' || digit(ch)) {
		k->state = ch == '-' ? MINUS : ch == '0' ? ZERO : DIGITS;
		return NULL;
	}
	for (unsigned i = 0; i < COUNT_OF(words); i++) {
		if (words[i][0] != ch)
			continue;
		k->rest = words[i] + 1;
		k->state = REST;
		return NULL;
	}
	return "no value begins so";
}

static const char *string(struct json_check *k, char ch)
{
	bool hex = digit(ch) || (ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F');

	k->key = (k->key ^ (uint8_t)ch) * 16777619u;
	switch (k->state) {
	case ESCAPE:
		k->left = 4;
		k->state = ch == 'u' ? HEX : STRING;
		return ch && strchr("\"\\/bfnrtu", ch) ? NULL : "no such escape";
	case HEX:
		if (!--k->left)
			k->state = STRING;
		return hex ? NULL : "no hexadecimal digit";
	default:
		if (ch == '\\')
			k->state = ESCAPE;
		else if (ch == '"')
			return end_string(k);
		return NULL;
	}
}

/* A byte of a number; false when the number ends before it. */
static bool number(struct json_check *k, char ch, const char **why)
{
	bool power = ch == 'e' || ch == 'E';
	unsigned was = k->state;

	*why = NULL;
	if (digit(ch)) {
		if (was == ZERO)
			*why = "digits behind a zero";
		k->state = was == MINUS ? (ch == '0' ? ZERO : DIGITS) :
			   was == POINT ? FRACTION :
			   was == EXPONENT || was == SIGN ? POWER : was;
		return true;
	}
	if ((was == ZERO || was == DIGITS) && ch == '.')
		k->state = POINT;
	else if ((was == ZERO || was == DIGITS || was == FRACTION) && power)
		k->state = EXPONENT;
	else if (was == EXPONENT && (ch == '+' || ch == '-'))
		k->state = SIGN;
	else if (was == MINUS || was == POINT || was == EXPONENT || was == SIGN)
		*why = "a number without digits";
	else
		k->state = AFTER;
	return k->state != AFTER;
}

/* Between values. */
static const char *structure(struct json_check *k, char ch)
{
	switch (k->state) {
	case FIRST_VALUE:
		return ch == ']' ? close_with(k, '[') : value(k, ch);
	case FIRST_KEY:
		if (ch == '}')
			return close_with(k, '{');
		/* fall through */
	case KEY:
		begin_string(k, true);
		return ch == '"' ? NULL : "no name of a member";
	case COLON:
		k->state = VALUE;
		return ch == ':' ? NULL : "no colon";
	case AFTER:
		if (ch == '}' || ch == ']')
			return close_with(k, ch == '}' ? '{' : '[');
		if (ch != ',' || !k->depth)
			return "nothing may follow";
		k->state = k->open[k->depth - 1] == '{' ? KEY : VALUE;
		return NULL;
	default:
		return value(k, ch);
	}
}

const char *json_check_byte(struct json_check *k, char ch)
{
	const char *why = NULL;

	if (k->state == REST) {
		if (*k->rest++ != ch)
			return "no such word";
		if (!*k->rest)
			k->state = AFTER;
		return NULL;
	}
	if (k->state == STRING || k->state == ESCAPE || k->state == HEX)
		return (uint8_t)ch < 0x20 ? "a control byte in a string" : string(k, ch);
	if (k->state >= MINUS && number(k, ch, &why))
		return why;
	return strchr(" \n\t\r", ch) && ch ? NULL : structure(k, ch);
}

const char *json_check_end(const struct json_check *k)
{
	return k->depth || k->state != AFTER ? "no end" : NULL;
}
