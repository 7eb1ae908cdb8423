// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_words.c - values that a JSON document is to have, and whether it has them.
 */
#include "unit.h"
#include "json_in.h"
#include "json_words.h"

struct json_word *json_want(struct json_words *w, const char *json, uint64_t v)
{
	struct json_word *e = &w->word[w->n++];

	assert_true(w->n <= JSON_MAX_WORDS);
	assert_true(strlen(json) < sizeof(e->json));
	strcpy(e->json, json);
	e->v = v;
	return e;
}

void json_want_text(struct json_words *w, const char *json, const char *text)
{
	json_want(w, json, 0)->text = text;
}

void json_put(struct json_words *w, const char *json, struct fake_target *f, uint64_t addr,
	      const char *type, const char *path, uint64_t v)
{
	struct json_word *e = json_want(w, json, v);

	e->none = !fake_has(f, type, path);
	if (!e->none)
		fake_set(f, addr, type, path, v);
}

const struct json_word *json_word(const struct json_words *w, const char *json)
{
	for (unsigned i = 0; i < w->n; i++)
		if (!strcmp(w->word[i].json, json))
			return &w->word[i];
	fail_msg("no word was set for %s", json);
	return NULL;
}

static int nth_queue(const struct vr_doc *d, unsigned n)
{
	int queues = vr_doc_member(d, 0, "queues"), q = vr_doc_first(d, queues);

	while (n--)
		q = vr_doc_next(d, queues, q);
	if (q < 0)
		fail_msg("the JSON has too few queues");
	return q;
}

static void check_word(const struct vr_doc *d, int object, const struct json_word *e,
		       const char *whose)
{
	const char *name = e->json, *dot;
	char part[40], text[64];
	struct vr_val v;

	for (; (dot = strchr(name, '.')); name = dot + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)(dot - name), name);
		object = vr_doc_member(d, object, part);
	}
	if (e->text) {
		if (!vr_doc_string(d, object, name, text, sizeof(text)) ||
		    strcmp(text, e->text))
			fail_msg("%s: %s is '%s', not '%s'", whose, e->json, text, e->text);
		return;
	}
	v = vr_doc_val(d, object, name);
	if (v.have != (e->none ? VR_UNREAD : VR_READ) || (!e->none && v.v != e->v))
		fail_msg("%s: %s is %s%llu (%llx), not %s%llu (%llx)", whose, e->json,
			 v.have == VR_READ ? "" : v.have == VR_UNREAD ? "null, " : "absent, ",
			 (unsigned long long)v.v, (unsigned long long)v.v, e->none ?
			 "null, " : "", (unsigned long long)e->v, (unsigned long long)e->v);
}

void json_check(struct vr_arena *a, const char *doc, unsigned n,
		const struct json_words *w, const char *whose)
{
	struct vr_doc d;
	char why[200];

	if (vr_doc_parse(a, doc, strlen(doc), &d, why, sizeof(why)))
		fail_msg("%s", why);
	for (unsigned i = 0; i < w->n; i++)
		check_word(&d, nth_queue(&d, n), &w->word[i], whose);
}

void json_check_kernel(struct vr_arena *a, const char *doc, const char *nodename,
		       const char *release)
{
	static const char *const names[] = { "nodename", "release" };
	const char *const want[] = { nodename, release };
	char why[200], text[80];
	struct vr_doc d;

	if (vr_doc_parse(a, doc, strlen(doc), &d, why, sizeof(why)))
		fail_msg("%s", why);
	for (unsigned i = 0; i < 2; i++)
		if (!vr_doc_string(&d, 0, names[i], text, sizeof(text)) ||
		    strcmp(text, want[i]))
			fail_msg("%s is '%s', not '%s'", names[i], text, want[i]);
}

void json_check_text(const char *text, const struct json_shown *shown, unsigned n,
		     const struct json_words *w, const char *whose)
{
	char value[24], want[80];

	for (unsigned i = 0; i < n; i++) {
		const struct json_word *e = json_word(w, shown[i].json);
		const char *found = strstr(text, shown[i].text);

		snprintf(value, sizeof(value), "%llu", (unsigned long long)e->v);
		snprintf(want, sizeof(want), "%s%s", shown[i].text,
			 e->none ? "none" : value);
		if (!found || strncmp(found, want, strlen(want)))
			fail_msg("%s: '%s' is not in:\n%s", whose, want, text);
	}
}
