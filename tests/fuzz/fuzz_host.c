// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_host.c - a sound host, which the input changes; then everything is read and
 * printed as vhostq and vqwalk do, by tap, process, address or all, with chains, and a
 * second look as -w takes it.
 *
 * Input: the host, 2 bytes that make the command line, then stage.c's operations.
 */
#include <string.h>

#include "host_scene.h"

static struct host_scene scenes[HOST_KINDS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	for (unsigned i = 0; i < HOST_KINDS; i++)
		host_scene(&scenes[i], i);
	return 0;
}

enum {	/* the second byte's bits above the line's number */
	CHAINS = 0x10, PID = 0x20, BIG = 0x40, LIVE = 0x80,
	MINIMAL = 0x100, ZEROS = 0x200, IDLE = 0x400,	/* the third's */
};

static void choose(const struct host_scene *h, struct vr_select *sel, unsigned how)
{
	const struct {
		const char *device, *queue;
	} lines[16] = {
		{ NULL, NULL }, { "tap0", NULL }, { "tap0", "tx0" }, { "tap0", "rx" },
		{ "macvtap0", NULL }, { "macvtap0", "0" }, { "eth0", NULL },
		{ h->dev, NULL }, { h->vq, NULL }, { h->vhost, "tx" },
		{ NULL, "tx" }, { "tap9", "1" }, { "tap0", "9" }, { "tap0", "rx1" },
		{ "tap0", "ctrl" }, { NULL, NULL },
	};

	*sel = (struct vr_select){ .device = lines[how % 16].device,
				   .chains = how & CHAINS };
	if (lines[how % 16].queue)
		vr_select_queue(sel, lines[how % 16].queue);
}

/* Is the device a host's tap?  vqwalk asks so. */
static void ask_kind(struct vr_ctx *c, const char *device)
{
	struct vr_netdev_list found;
	uint64_t addr = 0;
	char kind[32];

	if (!device || vr_find_netdevs(c, device, 0, &found))
		return;
	if (!found.n && (!vr_parse_address(device, &addr) ||
			 vr_find_netdevs(c, NULL, addr, &found)))
		return;
	if (found.n)
		vr_host_kind(c, found.refs[0].addr, kind, sizeof(kind));
}

/* One look; true when there was something to show. */
static bool look(struct vr_ctx *c, const struct vr_select *from, unsigned how,
		 struct vr_arena *keep, struct vr_look *ret)
{
	uint64_t pid = !(how & PID) ? 0 : how & 1 ? 4300 : HOST_PID;
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_select sel = *from;
	static struct vr_host host;
	char reason[1024];

	forget(c);
	memset(&host, 0, sizeof(host));
	ask_kind(c, sel.device);
	if (vr_host_walk(c, &sel, pid, &host, &err) == VR_WALK_OK) {
		vr_check_host(c, &host);
		print_host(c, &sel, &host);
		return !vr_look_host(keep, &host, ret);
	}
	vr_host_reason(reason, sizeof(reason), &err, &sel, pid);
	print_failure(c, "vhostq", reason);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vr_arena keep = { .total = 0 };
	struct input in = { data, size };
	const struct host_scene *h = &scenes[take8(&in) % HOST_KINDS];
	struct vr_look seen[2] = { { .nsec = 1000000000 }, { .nsec = 3500000000 } };
	unsigned how = take16(&in);
	static struct vr_ctx c;
	struct vr_select sel;

	sink_begin();
	stage_begin(h->stage, &in);
	if (how & ZEROS)	/* but for the stack's page, if IDLE */
		stage_zero(h->stage, VR_PHYS, h->user[0] + (how & IDLE ? FAKE_PAGE : 0),
			   h->user[1]);
	memset(&c, 0, sizeof(c));
	c.t = &h->stage->t;
	c.t->x86_64 = true;
	c.t->big_endian = how & BIG;
	c.t->live = how & LIVE;
	c.t->minimal = how & MINIMAL;
	c.layout = h->stage->layout;
	choose(h, &sel, how);
	if (look(&c, &sel, how, &keep, &seen[0]) && c.t->live &&
	    look(&c, &sel, how, &keep, &seen[1]))
		print_watch(&seen[0], &seen[1]);
	vr_arena_free(&c.arena);
	vr_arena_free(&c.scratch);
	vr_arena_free(&keep);
	return 0;
}
