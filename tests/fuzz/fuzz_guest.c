// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_guest.c - a sound guest, which the input changes; then everything is read and
 * printed as vring and vqwalk do: devices and queues, with owners, chains and
 * interrupts, and a second look as -w takes it.
 *
 * Input: the guest, 2 bytes that make the command line, then stage.c's operations.
 */
#include <string.h>

#include "guest_scene.h"

static struct guest_scene scenes[GUEST_KINDS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	for (unsigned i = 0; i < GUEST_KINDS; i++)
		guest_scene(&scenes[i], i);
	return 0;
}

enum {	/* the second byte's bits above the line's number */
	CHAINS = 0x10, OWNERS = 0x20, BIG = 0x40, LIVE = 0x80,
	/* the third's */
	ALL = 0x100, NO_NET = 0x200, X86_64 = 0x400, MINIMAL = 0x800,
};

static void choose(const struct guest_scene *g, struct vr_select *sel, unsigned how)
{
	const struct {
		const char *device, *queue;
	} lines[16] = {
		{ NULL, NULL }, { "eth0", NULL }, { "eth0", "0" }, { "eth0", "tx" },
		{ "eth0", "rx1" }, { "eth0", "ctrl" }, { "tap0", NULL },
		{ g->dev, "input.0" }, { g->vq, NULL }, { "eth1", "1" },
		{ "virtio2", NULL }, { "virtio2", "req.0" }, { g->disk_vq, NULL },
		{ "virtio3", "input" }, { "eth9", "rx9" }, { "virtio0", "req.0" },
	};

	*sel = (struct vr_select){ .device = lines[how % 16].device,
		.all = how & ALL, .chains = how & CHAINS, .owners = how & OWNERS,
		.full = how & (CHAINS | OWNERS) };
	if (lines[how % 16].queue)
		vr_select_queue(sel, lines[how % 16].queue);
}

/* One look; true when there was something to show. */
static bool look(struct vr_ctx *c, const struct vr_select *from, unsigned how,
		 struct vr_arena *keep, struct vr_look *ret)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_snapshot snap = { .ndevices = 0 };
	struct vr_select sel = *from;
	char reason[1024];

	forget(c);
	if (vr_guest_walk(c, &sel, how & NO_NET, &snap, &err) == VR_WALK_OK) {
		vr_check_guest(c, &snap);
		print_guest(c, &sel, &snap, how >> 12);
		return !vr_look_guest(keep, &snap, ret);
	}
	if (err.status != VR_WALK_NO_TYPES) {
		vr_walk_reason(reason, sizeof(reason), &err, &sel);
		print_failure(c, "vring", reason);
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vr_arena keep = { .total = 0 };
	struct input in = { data, size };
	const struct guest_scene *g = &scenes[take8(&in) % GUEST_KINDS];
	struct vr_look seen[2] = { { .nsec = 1000000000 }, { .nsec = 3500000000 } };
	unsigned how = take16(&in);
	static struct vr_ctx c;
	struct vr_select sel;

	sink_begin();
	stage_begin(g->stage, &in);
	/* Thousands of queues, as a device may have, would only take long. */
	for (unsigned i = 0; i < 2; i++)
		stage_limit16(g->stage, g->pairs[i], 64, VR_MAX_PAIRS);
	memset(&c, 0, sizeof(c));
	c.t = &g->stage->t;
	c.t->big_endian = how & BIG;
	c.t->live = how & LIVE;
	c.t->x86_64 = how & X86_64;
	c.t->minimal = how & MINIMAL;
	c.layout = g->stage->layout;
	choose(g, &sel, how);
	if (look(&c, &sel, how, &keep, &seen[0]) && c.t->live &&
	    look(&c, &sel, how, &keep, &seen[1]))
		print_watch(&seen[0], &seen[1]);
	if (how >> 12 == 7) {
		vr_text_layout(sink_open(SINK_TEXT), &c);
		sink_close();
	}
	vr_arena_free(&c.arena);
	vr_arena_free(&c.scratch);
	vr_arena_free(&keep);
	return 0;
}
