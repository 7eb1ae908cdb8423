// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_render.c - prints whatever a walk brought, in every form there is.
 */
#include <stdlib.h>

#include "fuzz.h"

static FILE *nowhere(void)
{
	static FILE *f;

	if (!f)
		f = fopen("/dev/null", "w");
	if (!f)
		abort();
	return f;
}

static void print_walks(struct vr_ctx *c, const char *side,
			const struct vr_walks *w)
{
	FILE *out = nowhere();

	vr_text_walks(out, w);
	vr_text_commands(out, c, w);
	vr_json_walks(out, c, side, "node", c->t->release, w);
}

void print_guest(struct vr_ctx *c, const struct vr_select *sel,
		 const struct vr_snapshot *s, unsigned how)
{
	struct vr_walks walks = { .count = 0 };

	vr_text_snapshot(nowhere(), c, s, sel, 40 + how % 160);
	vr_json_snapshot(nowhere(), c, s);
	if (!vr_trace(c, s, &walks))
		print_walks(c, "guest", &walks);
}

void print_host(struct vr_ctx *c, const struct vr_select *sel,
		const struct vr_host *h)
{
	struct vr_walks walks = { .count = 0 };

	vr_text_host(nowhere(), c, h, sel);
	vr_text_regions(nowhere(), h);
	vr_json_host(nowhere(), c, h);
	if (!vr_trace_host(c, h, &walks))
		print_walks(c, "host", &walks);
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
	unsigned n = how % (sizeof(lines) / sizeof(lines[0]));

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
