// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_render.c - prints whatever a walk brought, in every form there is.
 */
#include <string.h>

#include "fuzz.h"

static void print_walks(struct vr_ctx *c, const char *side,
			const struct vr_walks *w)
{
	vr_text_walks(sink_open(SINK_TEXT), w);
	sink_close();
	vr_text_commands(sink_open(SINK_TEXT), c, w);
	sink_close();
	vr_json_walks(sink_open(SINK_JSON), c, side, "node", c->t->release, w);
	sink_close();
}

void print_guest(struct vr_ctx *c, const struct vr_select *sel,
		 const struct vr_snapshot *s, unsigned how)
{
	struct vr_walks walks = { .count = 0 };

	vr_text_snapshot(sink_open(SINK_TEXT), c, s, sel, 40 + how % 160);
	sink_close();
	vr_json_snapshot(sink_open(SINK_JSON), c, s);
	sink_close();
	if (!vr_trace(c, s, &walks))
		print_walks(c, "guest", &walks);
}

void print_host(struct vr_ctx *c, const struct vr_select *sel,
		const struct vr_host *h)
{
	struct vr_walks walks = { .count = 0 };

	vr_text_host(sink_open(SINK_TEXT), c, h, sel);
	sink_close();
	vr_text_regions(sink_open(SINK_TEXT), c, h);
	sink_close();
	vr_json_host(sink_open(SINK_JSON), c, h);
	sink_close();
	if (!vr_trace_host(c, h, &walks))
		print_walks(c, "host", &walks);
}

void print_watch(const struct vr_look *from, const struct vr_look *to)
{
	vr_text_watch(sink_open(SINK_TEXT), from, to);
	sink_close();
}

void print_comparison(struct vr_ctx *c, const struct vr_comparison *k)
{
	vr_text_comparison(sink_open(SINK_TEXT), k);
	sink_close();
	vr_json_compared(sink_open(SINK_JSON), c, "vring", "guest", k->g->nodename,
			 k->h->release, k);
	sink_close();
}

void print_failure(struct vr_ctx *c, const char *command, const char *reason)
{
	fprintf(sink_open(SINK_TEXT), "%s: %s\n", command, reason);
	sink_close();
	vr_text_errors(sink_open(SINK_TEXT), c);
	sink_close();
	vr_json_failure(sink_open(SINK_JSON), c, command, "guest", "node",
			c->t->release, reason);
	sink_close();
}

void select_by(struct vr_select *sel, unsigned how)
{
	static const struct {
		const char *device, *queue;
	} lines[] = {
		{ NULL, NULL }, { "eth0", NULL }, { "eth0", "0" }, { "eth0", "tx" },
		{ "eth0", "rx1" }, { "eth0", "ctrl" }, { "tap0", NULL },
		{ "ffff888000001000", NULL }, { "tap0", "tx0" }, { NULL, NULL },
	};
	unsigned n = how % COUNT_OF(lines);

	*sel = (struct vr_select){ .device = lines[n].device, .chains = how & 1,
		.owners = how & 2 };
	if (lines[n].queue && vr_select_queue(sel, lines[n].queue))
		abort();
	sel->all = how / 10 & 1;
	/* A device that is no network device, and a queue of it. */
	if (how / 10 & 2)
		sel->device = "virtio1";
	if (how / 10 & 4)
		vr_select_queue(sel, "req.0");
}

void forget(struct vr_ctx *c)
{
	vr_arena_reset(&c->arena);
	vr_arena_reset(&c->scratch);
	c->nerrors = 0;
	c->device[0] = c->queue[0] = '\0';
	c->types = NULL;
	c->irqs = NULL;
	memset(&c->pg, 0, sizeof(c->pg));
	memset(&c->clock, 0, sizeof(c->clock));
}
