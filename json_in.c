// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_in.c - a JSON document as a tree, on top of jsmn's tokens.
 *
 * jsmn keeps no heap and does not recurse, but is lenient: whether keys have values,
 * and whether there is one document and no more, is checked here.
 */
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "json_in.h"

#define MAX_NODES	(1u << 21)

struct vr_node {
	uint8_t type;		/* jsmntype_t */
	bool key;		/* names the node behind it */
	int start, end;		/* in the text, without quotes */
	int next;		/* the node behind this one and all inside it */
};

/* ---- parsing ---------------------------------------------------------------------- */

static int bad(char *why, size_t size, const char *text, size_t at, const char *what)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	snprintf(why, size, "line %u, column %u: %s", line, column, what);
	return -1;
}

/* Behind which node each one ends; from the last to the first, so that what is inside
 * is known. */
static void link_nodes(struct vr_doc *d)
{
	for (int i = d->count - 1; i >= 0; i--) {
		int next = i + 1;

		while (next < d->count && d->node[next].start < d->node[i].end)
			next = d->node[next].next;
		d->node[i].next = next;
	}
}

/* In an object, keys are strings that have one value each; nothing else has any. */
static int check_shape(struct vr_doc *d, const jsmntok_t *tok, char *why, size_t size)
{
	for (int i = 0; i < d->count; i++) {
		int parent = tok[i].parent;
		bool in_object = parent >= 0 && tok[parent].type == JSMN_OBJECT;

		d->node[i].key = in_object;
		if (in_object && (tok[i].type != JSMN_STRING || tok[i].size != 1))
			return bad(why, size, d->text, (size_t)tok[i].start,
				   "a member's name with a value is expected");
		if (!in_object && tok[i].type == JSMN_STRING && tok[i].size)
			return bad(why, size, d->text, (size_t)tok[i].start,
				   "a value has no value");
		if (tok[i].type == JSMN_PRIMITIVE && tok[i].size)
			return bad(why, size, d->text, (size_t)tok[i].start,
				   "a value has no value");
	}
	return 0;
}

static const char *jsmn_words(int r)
{
	return r == JSMN_ERROR_PART ? "the document ends too early" :
				      "this is no JSON";
}

int vr_doc_parse(struct vr_arena *a, const char *text, size_t len, struct vr_doc *ret,
		 char *why, size_t size)
{
	jsmn_parser p;
	jsmntok_t *tok;
	int n, r;

	*ret = (struct vr_doc){ .text = text };
	if (len > VR_MAX_DOC)
		return bad(why, size, text, 0, "more than 64 MiB");
	jsmn_init(&p);
	n = jsmn_parse(&p, text, len, NULL, 0);
	if (n < 0)
		return bad(why, size, text, p.pos < len ? p.pos : len, jsmn_words(n));
	if (!n || (unsigned)n > MAX_NODES)
		return bad(why, size, text, 0, n ? "too many values" : "nothing there");
	tok = vr_alloc(a, (size_t)n, sizeof(*tok));
	ret->node = vr_alloc(a, (size_t)n, sizeof(*ret->node));
	if (!tok || !ret->node)
		return bad(why, size, text, 0, "out of memory");
	jsmn_init(&p);
	r = jsmn_parse(&p, text, len, tok, (unsigned)n);
	if (r < 0)
		return bad(why, size, text, p.pos < len ? p.pos : len, jsmn_words(r));
	ret->count = r;
	for (int i = 0; i < r; i++)
		ret->node[i] = (struct vr_node){ .type = (uint8_t)tok[i].type,
			.start = tok[i].start, .end = tok[i].end };
	if (check_shape(ret, tok, why, size))
		return -1;
	link_nodes(ret);
	if (tok[0].type != JSMN_OBJECT || ret->node[0].next != ret->count)
		return bad(why, size, text, (size_t)tok[0].start,
			   "one object is expected");
	return 0;
}

/* ---- reading ------------------------------------------------------------------------- */

static bool is_type(const struct vr_doc *d, int node, jsmntype_t type)
{
	return node >= 0 && node < d->count && d->node[node].type == type;
}

bool vr_doc_is_array(const struct vr_doc *d, int node)
{
	return is_type(d, node, JSMN_ARRAY);
}

bool vr_doc_is_object(const struct vr_doc *d, int node)
{
	return is_type(d, node, JSMN_OBJECT);
}

int vr_doc_first(const struct vr_doc *d, int array)
{
	if (!vr_doc_is_array(d, array) || d->node[array].next == array + 1)
		return -1;
	return array + 1;
}

int vr_doc_next(const struct vr_doc *d, int array, int element)
{
	int next = element < 0 ? -1 : d->node[element].next;

	return next >= 0 && next < d->node[array].next ? next : -1;
}

int vr_doc_member(const struct vr_doc *d, int object, const char *name)
{
	size_t len = strlen(name);

	if (!vr_doc_is_object(d, object))
		return -1;
	for (int i = object + 1; i < d->node[object].next;) {
		const struct vr_node *k = &d->node[i];

		if ((size_t)(k->end - k->start) == len &&
		    !memcmp(d->text + k->start, name, len))
			return i + 1;
		/* A key's value is inside it for jsmn's counting, not for ours. */
		i = d->node[i + 1].next;
	}
	return -1;
}

/* All digits, and it fits; 'base' 10 or 16. */
static bool parse_number(const char *s, size_t len, int base, uint64_t *ret)
{
	char buf[24], *end;

	if (!len || len >= sizeof(buf) || *s == '-' || *s == '+' || *s == ' ')
		return false;
	memcpy(buf, s, len);
	buf[len] = '\0';
	if (len > (base == 16 ? 16u : 19u))
		return false;
	*ret = strtoull(buf, &end, base);
	return !*end;
}

struct vr_val vr_doc_val(const struct vr_doc *d, int object, const char *name)
{
	int node = vr_doc_member(d, object, name);
	struct vr_val v = { .have = node < 0 ? VR_ABSENT : VR_UNREAD };
	const struct vr_node *k = &d->node[node < 0 ? 0 : node];
	const char *s = d->text + k->start;
	size_t len = (size_t)(k->end - k->start);

	if (is_type(d, node, JSMN_STRING) && len > 2 && s[0] == '0' && s[1] == 'x') {
		if (parse_number(s + 2, len - 2, 16, &v.v))
			v.have = VR_READ;
	} else if (is_type(d, node, JSMN_PRIMITIVE)) {
		if (*s == 't' || *s == 'f')
			v = (struct vr_val){ *s == 't', VR_READ };
		else if (parse_number(s, len, 10, &v.v))
			v.have = VR_READ;
	}
	return v;
}

/* One character behind a backslash; '*s' is behind it afterwards. */
static char unescape(const char **s, const char *end)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	const char *p = memchr(from, **s, sizeof(from) - 1);
	uint64_t v;

	if (**s == 'u' && end - *s > 4) {
		bool ok = parse_number(*s + 1, 4, 16, &v);

		*s += 5;
		return ok && v && v < 0x100 ? (char)v : '?';
	}
	return (*s)++, p ? to[p - from] : (*s)[-1];
}

bool vr_doc_string(const struct vr_doc *d, int object, const char *name, char *buf,
		   size_t size)
{
	int node = vr_doc_member(d, object, name);
	const char *s, *end;
	size_t n = 0;

	*buf = '\0';
	if (!is_type(d, node, JSMN_STRING))
		return false;
	s = d->text + d->node[node].start;
	end = d->text + d->node[node].end;
	while (s < end && n + 1 < size) {
		if (*s == '\\' && s + 1 < end) {
			s++;
			buf[n++] = unescape(&s, end);
		} else {
			buf[n++] = *s++;
		}
	}
	buf[n] = '\0';
	return true;
}
