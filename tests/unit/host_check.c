// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_check.c - reading back what host_builder.c built, and holding the JSON against it.
 */
#include "unit.h"
#include "host_builder.h"
#include "json_in.h"

struct host_walked host_walk(struct host *h, const char *device)
{
	struct vr_select sel = { .device = device };
	struct vr_missing missing;
	struct host_walked w = { .host = { .memory = true } };

	if (vr_layout_resolve(&h->g->c, VR_G_KERNEL | VR_G_TASKS | VR_G_VHOST, &missing))
		fail_msg("%s.%s is missing", missing.type,
			 missing.path ? missing.path : "(size)");
	w.status = vr_host_walk(&h->g->c, &sel, 0, &w.host, &w.err);
	if (w.status == VR_WALK_OK)
		vr_check_host(&h->g->c, &w.host);
	return w;
}

const struct vr_hostq *host_walked_queue(const struct host_walked *w, uint64_t vq)
{
	for (unsigned i = 0; i < w->host.nqueues; i++)
		if (w->host.queues[i].vhost_virtqueue == vq)
			return &w->host.queues[i];
	fail_msg("vhost_virtqueue %llx was not read", (unsigned long long)vq);
	return NULL;
}

static char *render(struct host *h, struct host_walked *w, bool json)
{
	struct vr_select sel = { .full = true };
	char *text, *kept;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	if (json)
		vr_json_host(out, &h->g->c, &w->host);
	else
		vr_text_host(out, &h->g->c, &w->host, &sel);
	fclose(out);
	kept = fake_own(h->f, len + 1);
	memcpy(kept, text, len + 1);
	free(text);
	return kept;
}

char *host_json(struct host *h, struct host_walked *w)
{
	return render(h, w, true);
}

char *host_text(struct host *h, struct host_walked *w)
{
	return render(h, w, false);
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

const struct host_word *host_word(const struct host_words *w, const char *json)
{
	for (unsigned i = 0; i < w->n; i++)
		if (!strcmp(w->word[i].json, json))
			return &w->word[i];
	fail_msg("no word was set for %s", json);
	return NULL;
}

static void check_word(const struct vr_doc *d, int object, const struct host_word *e)
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
			fail_msg("%s is '%s', not '%s'", e->json, text, e->text);
		return;
	}
	v = vr_doc_val(d, object, name);
	if (v.have != (e->none ? VR_UNREAD : VR_READ) || (!e->none && v.v != e->v))
		fail_msg("%s is %s%llu (%llx), not %s%llu (%llx)", e->json,
			 v.have == VR_READ ? "" : v.have == VR_UNREAD ? "null, " : "absent, ",
			 (unsigned long long)v.v, (unsigned long long)v.v, e->none ?
			 "null, " : "", (unsigned long long)e->v, (unsigned long long)e->v);
}

void host_check_json(struct host *h, const char *json, unsigned n,
		     const struct host_words *expected)
{
	struct vr_doc d;
	char why[200];

	if (vr_doc_parse(&h->g->c.arena, json, strlen(json), &d, why, sizeof(why)))
		fail_msg("%s", why);
	for (unsigned i = 0; i < expected->n; i++)
		check_word(&d, nth_queue(&d, n), &expected->word[i]);
}
