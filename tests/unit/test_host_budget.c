// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_budget.c - a forged host whose lists hang on lists: each of them is within
 * its own limit, and together they are without end.
 */
#include "unit.h"
#include "guest_builder.h"

#define FILES	4096u		/* of one tap, 16 bytes apart */
#define WAITERS	4095u		/* on the socket of each, 8 bytes apart */

static void known(struct vr_ctx *c, enum vr_slot s, uint32_t offset, uint32_t size)
{
	c->layout.f[s] = (struct vr_field){ .known = true, .offset = offset,
		.size = size, .type = "", .path = "" };
}

/* No tasks, so that the taps' sockets are the only way to vhost. */
static void layout(struct vr_ctx *c)
{
	static const struct { enum vr_slot slot; uint32_t offset, size; } at[] = {
		{ VR_TUN_DEV, 0, 8 }, { VR_TUN_NUMQUEUES, 8, 4 },
		{ VR_TUN_DISABLED, 16, 16 }, { VR_TUN_TFILES, 32, 8 },
		{ VR_TFILE_SK, 0, 8 }, { VR_TFILE_SOCKET, 40, 8 },
		{ VR_TFILE_INDEX, 536, 2 }, { VR_TFILE_NEXT, 544, 16 },
		{ VR_SOCK_WQ, 280, 8 }, { VR_SOCKET_WQ_WAIT, 8, 24 },
		{ VR_WAIT_HEAD_LIST, 8, 16 }, { VR_WAIT_ENTRY_LIST, 24, 16 },
		{ VR_POLL_WAIT, 24, 40 }, { VR_POLL_WQH, 16, 8 }, { VR_POLL_DEV, 88, 8 },
	};

	for (size_t i = 0; i < COUNT_OF(at); i++)
		known(c, at[i].slot, at[i].offset, at[i].size);
}

/* The list of one tap's detached queues, which all have the same wait queue. */
static void forge_tap(struct guest *g, const char *name, uint64_t wq)
{
	struct fake_target *f = g->f;
	uint64_t dev = guest_netdev(g, 0, name, "tun"), tun = guest_priv(g, dev);
	uint64_t files, node;

	fake_map(f, VR_KERNEL, tun, 64);
	f->next += FAKE_PAGE;
	files = fake_alloc(f, 16 * FILES + 600);
	fake_u64(f, tun, dev);
	node = tun + 16;
	for (unsigned i = 0; i < FILES; i++) {
		uint64_t file = files + 16 * i;

		fake_u64(f, node, file + 544);
		fake_u64(f, file + 280, wq);
		node = file + 544;
	}
	fake_u64(f, node, tun + 16);
}

static uint64_t forge_wait_queue(struct fake_target *f)
{
	uint64_t wq = fake_alloc(f, 64), head = wq + 16;
	uint64_t waiters = fake_alloc(f, 16 * WAITERS), node = head;

	for (unsigned i = 0; i < WAITERS; i++) {
		fake_u64(f, node, waiters + 16 * i);
		fake_u64(f, waiters + 16 * i + 8, node);
		node = waiters + 16 * i;
	}
	fake_u64(f, node, head);
	fake_u64(f, head + 8, node);
	return wq;
}

static void lists_on_lists_end(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_select sel = { .device = NULL };
	struct vr_host h = { .nqueues = 0 };
	uint64_t wq = forge_wait_queue(g->f);
	const struct vr_error *e;

	(void)state;
	layout(&g->c);
	for (unsigned i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "tap%u", i);
		forge_tap(g, name, wq);
	}
	guest_resolve(g);
	g->f->t.reads = 0;
	assert_int_equal(vr_host_walk(&g->c, &sel, 0, &h, &err), VR_WALK_NO_DEVICE);
	e = get_error(&g->c, VR_E_LOOP, "wait queues of the tap's sockets");
	assert_string_equal(e->device, "tap0");
	/* Of each tap no more than some sockets' waiters were looked at, of the others
	 * a few words: without that it would be 4096 * 4096 waiters a tap. */
	assert_in_range(g->f->t.reads, 3 * 16384, 400000);
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_on_lists_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
