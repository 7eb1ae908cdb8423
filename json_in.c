// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_in.c - a JSON document as a tree, on top of jsmn's tokens.
 *
 * jsmn keeps no heap and does not recurse, but is lenient: it takes stray commas and
 * colons, and what is behind a NUL byte is not seen.  So the grammar is checked here,
 * byte by byte, before jsmn looks at it: its tokens are then those of a sound document.
 */
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#ifdef __has_include
# if !__has_include(<jsmn.h>)
#  error "jsmn.h is missing: install libjsmn-dev (Fedora: jsmn-devel)"
# endif
#endif
#include <jsmn.h>

#include "json_in.h"

#define MAX_NODES	(1u << 21)
#define MAX_DEPTH	64u	/* a bit each; ours has less than ten */

struct vr_node {
	uint8_t type;		/* jsmntype_t */
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

/* ---- the grammar ------------------------------------------------------------------- */

enum wanted {
	WANT_VALUE, WANT_VALUE_OR_END, WANT_NAME, WANT_NAME_OR_END, WANT_COLON,
	WANT_COMMA_OR_END, WANT_NOTHING
};

static const char *const wanted_words[] = {
	[WANT_VALUE] = "a value is expected",
	[WANT_VALUE_OR_END] = "a value or ']' is expected",
	[WANT_NAME] = "a member's name is expected",
	[WANT_NAME_OR_END] = "a member's name or '}' is expected",
	[WANT_COLON] = "':' is expected",
	[WANT_COMMA_OR_END] = "',' or an end is expected",
	[WANT_NOTHING] = "there is more behind the document's end",
};

struct scan {
	const char *text;
	size_t len, at;
	uint64_t objects;	/* a bit a depth: an object, else an array */
	unsigned depth;
	enum wanted want;
	const char *why;	/* what is wrong at 'at' */
};

static bool wrong(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static bool in_object(const struct scan *s)
{
	return s->depth && s->objects >> (s->depth - 1) & 1;
}

/* From the opening quote to behind the closing one; which letters may follow a
 * backslash, jsmn knows. */
static bool skip_string(struct scan *s)
{
	for (size_t i = s->at + 1; i < s->len; i++) {
		unsigned char ch = (unsigned char)s->text[i];

		if (ch < 0x20) {
			s->at = i;
			return wrong(s, "a control character in a string");
		}
		if (ch == '"') {
			s->at = i + 1;
			return true;
		}
		if (ch == '\\')
			i++;
	}
	s->at = s->len;
	return wrong(s, "the document ends too early");
}

static size_t digits(const struct scan *s, size_t i)
{
	while (i < s->len && s->text[i] >= '0' && s->text[i] <= '9')
		i++;
	return i;
}

/* A number's end, or where it begins when it is none. */
static size_t number_end(const struct scan *s)
{
	size_t first = s->at + (s->text[s->at] == '-'), i = digits(s, first), from;

	if (i == first || (s->text[first] == '0' && i - first > 1))
		return s->at;
	if (i < s->len && s->text[i] == '.') {
		from = i + 1;
		i = digits(s, from);
		if (i == from)
			return s->at;
	}
	if (i < s->len && (s->text[i] == 'e' || s->text[i] == 'E')) {
		from = i + 1;
		from += from < s->len && (s->text[from] == '+' || s->text[from] == '-');
		i = digits(s, from);
		if (i == from)
			return s->at;
	}
	return i;
}

static bool skip_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t end;

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if (s->len - s->at >= n && !memcmp(s->text + s->at, words[i], n)) {
			s->at += n;
			return true;
		}
	}
	end = number_end(s);
	if (end == s->at)
		return wrong(s, wanted_words[s->want]);
	s->at = end;
	return true;
}

static bool open_one(struct scan *s, bool object)
{
	if (s->depth == MAX_DEPTH)
		return wrong(s, "nested too deeply");
	s->objects &= ~(1ULL << s->depth);
	s->objects |= (uint64_t)object << s->depth;
	s->depth++;
	s->at++;
	s->want = object ? WANT_NAME_OR_END : WANT_VALUE_OR_END;
	return true;
}

static bool close_one(struct scan *s, bool object)
{
	bool may = s->want == WANT_COMMA_OR_END ||
		   s->want == (object ? WANT_NAME_OR_END : WANT_VALUE_OR_END);

	if (!may || in_object(s) != object)
		return wrong(s, wanted_words[s->want]);
	s->depth--;
	s->at++;
	s->want = s->depth ? WANT_COMMA_OR_END : WANT_NOTHING;
	return true;
}

static bool scan_value(struct scan *s)
{
	char ch = s->text[s->at];

	if (s->want != WANT_VALUE && s->want != WANT_VALUE_OR_END)
		return wrong(s, wanted_words[s->want]);
	if (!s->depth && ch != '{')
		return wrong(s, "one object is expected");
	if (ch == '{' || ch == '[')
		return open_one(s, ch == '{');
	if (!(ch == '"' ? skip_string(s) : skip_word(s)))
		return false;
	s->want = WANT_COMMA_OR_END;
	return true;
}

/* One token, or one blank; false with 'why' when it cannot stand there. */
static bool scan_one(struct scan *s)
{
	char ch = s->text[s->at];

	if (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r')
		return s->at++, true;
	if (ch == '}' || ch == ']')
		return close_one(s, ch == '}');
	if (ch == '"' && (s->want == WANT_NAME || s->want == WANT_NAME_OR_END)) {
		s->want = WANT_COLON;
		return skip_string(s);
	}
	if (ch == ':' && s->want == WANT_COLON) {
		s->want = WANT_VALUE;
		return s->at++, true;
	}
	if (ch == ',' && s->want == WANT_COMMA_OR_END) {
		s->want = in_object(s) ? WANT_NAME : WANT_VALUE;
		return s->at++, true;
	}
	return scan_value(s);
}

static bool scan_all(struct scan *s)
{
	while (s->at < s->len)
		if (!scan_one(s))
			return false;
	return s->want == WANT_NOTHING || wrong(s, "the document ends too early");
}

/* ---- the tree ------------------------------------------------------------------------ */

int vr_doc_parse(struct vr_arena *a, const char *text, size_t len, struct vr_doc *ret,
		 char *why, size_t size)
{
	struct scan s = { .text = text, .len = len, .want = WANT_VALUE };
	jsmn_parser p;
	jsmntok_t *tok;
	int n;

	*ret = (struct vr_doc){ .text = text };
	if (len > VR_MAX_DOC)
		return bad(why, size, text, 0, "more than 64 MiB");
	if (!scan_all(&s))
		return bad(why, size, text, s.at, s.why);
	jsmn_init(&p);
	n = jsmn_parse(&p, text, len, NULL, 0);
	if (n <= 0)
		return bad(why, size, text, p.pos < len ? p.pos : len, "this is no JSON");
	if ((unsigned)n > MAX_NODES)
		return bad(why, size, text, 0, "too many values");
	tok = vr_alloc(a, (size_t)n, sizeof(*tok));
	ret->node = vr_alloc(a, (size_t)n, sizeof(*ret->node));
	if (!tok || !ret->node)
		return bad(why, size, text, 0, "out of memory");
	jsmn_init(&p);
	if (jsmn_parse(&p, text, len, tok, (unsigned)n) != n)
		return bad(why, size, text, p.pos < len ? p.pos : len, "this is no JSON");
	ret->count = n;
	for (int i = 0; i < n; i++)
		ret->node[i] = (struct vr_node){ .type = (uint8_t)tok[i].type,
			.start = tok[i].start, .end = tok[i].end };
	link_nodes(ret);
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
	int next;

	if (!vr_doc_is_array(d, array) || element < 0 || element >= d->count)
		return -1;
	next = d->node[element].next;
	return next < d->node[array].next ? next : -1;
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
		i = d->node[i + 1].next;
	}
	return -1;
}

static int digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : 99;
}

/* All digits, and it fits; 'base' 10 or 16. */
static bool parse_number(const char *s, size_t len, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)digit(s[i]);

		if (d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*ret = v;
	return len > 0;
}

struct vr_val vr_doc_val(const struct vr_doc *d, int object, const char *name)
{
	int node = vr_doc_member(d, object, name);
	struct vr_val v = { .have = node < 0 ? VR_ABSENT : VR_UNREAD };
	const char *s;
	size_t len;

	if (node < 0)
		return v;
	s = d->text + d->node[node].start;
	len = (size_t)(d->node[node].end - d->node[node].start);
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
