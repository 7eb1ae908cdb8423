// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_snapshot.c - checks and renderers from snapshots of both sides that no walk
 * made: judged, printed in every form, watched, compared; and what was printed as JSON
 * is what the other side's import takes.
 *
 * Input: a byte of choices, a byte that tells which part of the rest is the host's, then
 * what snapshots.c takes.
 */
#include <string.h>

#include "json_in.h"
#include "members.h"
#include "snapshots.h"

enum { HOST = 1, GUEST = 2, FIT = 4, COMPARE = 8, SCARCE = 16 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

/* Every member is known, or but for some of those that a kernel may lack. */
static void make_layout(struct vr_layout *l, bool scarce)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		l->f[r->slot] = (struct vr_field){ .known = true,
			.source = VR_FROM_BTF, .type = r->as[0].type,
			.path = r->as[0].path, .since = r->as[0].since,
			.offset = (uint32_t)i * 8, .size = 8 };
		if (scarce && r->optional && i % 3)
			l->f[r->slot] = (struct vr_field){ .absent = true };
	}
}

/* The import takes what was written here, and finds as many queues. */
static void read_back(struct vr_ctx *c, const struct vr_snapshot *g,
		      const struct vr_host *h)
{
	struct vr_import other = { .host = false };
	struct vr_arena arena = { .total = 0 };
	char *text = NULL, why[400];
	unsigned n = 0, queues = 0, errors = c->nerrors;
	struct vr_arena mine;
	struct vr_doc doc;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	if (h)
		vr_json_host(out, c, h);
	else
		vr_json_snapshot(out, c, g);
	fclose(out);
	mine = c->arena;
	c->arena = arena;
	if (vr_doc_parse(&c->arena, text, len, &doc, why, sizeof(why)) ||
	    vr_import_doc(c, &doc, &other, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		finding("the import refuses our own document");
	}
	for (unsigned i = 0; g && i < g->ndevices; i++)
		queues += g->devices[i].nqueues;
	for (unsigned i = 0; i < other.g.ndevices; i++)
		n += other.g.devices[i].nqueues;
	vr_import_errors(c, &doc, h != NULL);
	if (h ? other.h.nqueues != h->nqueues : n != queues)
		finding("the import finds other queues than were written");
	/* What it quoted goes with its arena. */
	c->nerrors = errors;
	vr_arena_free(&c->arena);
	c->arena = mine;
	free(text);
}

static void use_guest(struct vr_ctx *c, struct maker *m, struct vr_snapshot *g)
{
	struct vr_look a = { .nsec = 1 }, b = { .nsec = 1000000001 };
	struct vr_select sel = { .full = m->in.size & 1, .chains = true, .owners = true };

	vr_check_guest(c, g);
	print_guest(c, &sel, g, (unsigned)m->in.size);
	read_back(c, g, NULL);
	if (vr_look_guest(&c->arena, g, &a))
		return;
	move_guest(m, g);
	if (!vr_look_guest(&c->arena, g, &b))
		print_watch(&a, &b);
}

static void use_host(struct vr_ctx *c, struct maker *m, struct vr_host *h)
{
	struct vr_look a = { .nsec = 1 }, b = { .nsec = 1000000001 };
	struct vr_select sel = { .chains = true };

	vr_check_host(c, h);
	print_host(c, &sel, h);
	read_back(c, NULL, h);
	if (vr_look_host(&c->arena, h, &a))
		return;
	move_host(m, h);
	if (!vr_look_host(&c->arena, h, &b))
		print_watch(&a, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vr_target t = target_without_types();
	static struct vr_ctx c;
	struct maker m = { .in = { data, size } };
	size_t mine;
	struct vr_snapshot g = { .ndevices = 0 };
	struct vr_host h = { .nqueues = 0 };
	unsigned how = take8(&m.in);
	unsigned part = take8(&m.in);
	struct vr_comparison k;
	struct input rest;

	sink_begin();
	memset(&c, 0, sizeof(c));
	c.t = &t;
	make_layout(&c.layout, how & SCARCE);
	mine = m.in.size * part / 256;
	rest = (struct input){ m.in.data + mine, m.in.size - mine };
	m.in.size = mine;
	make_host(&m, &h);
	m.in = rest;
	make_guest(&m, &g);
	make_errors(&m, &c);
	if (how & FIT && h.nqueues)
		make_fit(&m, &g, &h);
	if (how & HOST)
		use_host(&c, &m, &h);
	if (how & GUEST)
		use_guest(&c, &m, &g);
	if (how & COMPARE && !vr_compare(&c, &g, &h, &k))
		print_comparison(&c, &k);
	vr_arena_free(&c.arena);
	vr_arena_free(&c.scratch);
	vr_arena_free(&m.arena);
	return 0;
}
