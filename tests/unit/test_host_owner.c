// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_owner.c - who owns a vhost device that no open file leads to: a process with
 * the same memory, which vhost's own threads have too.
 */
#include "unit.h"
#include "host_builder.h"

/* Up to 5.x vhost's kernel thread takes over the memory of who set up the device. */
static struct host_walked walk(struct host *h, bool exits)
{
	struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
	struct host_vhost *v = host_serve(h, t, &(struct vhost_spec){ .asleep = true,
								      .closed = true });

	fake_set(h->f, v->worker, "task_struct", "mm", h->mm);
	/* The process's first thread is gone, others are still there. */
	if (exits)
		fake_set(h->f, h->owner, "task_struct", "mm", 0);
	return host_walk(h, "tap7");
}

static void a_kernel_thread_of_vhost_s_is_not_the_owner(void **state)
{
	static const enum guest_era eras[] = { ERA_3_10, ERA_EL7, ERA_4_4, ERA_4_9, ERA_4_14,
					       ERA_EL8, ERA_5_4 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(eras); i++) {
		for (unsigned exits = 0; exits < 2; exits++) {
			struct host *h = host_new(eras[i]);
			struct host_walked w = walk(h, exits);
			const struct vr_vhost *v;

			assert_int_equal(w.host.nqueues, 2);
			v = w.host.queues[0].vhost;
			assert_string_equal(w.host.queues[0].worker.comm, "vhost-4241");
			if (v->owner.addr == w.host.queues[0].worker.addr)
				fail_msg("%s: the worker is taken for the owner", h->name);
			if (!exits)
				assert_val(v->owner.pid, HOST_OWNER_PID);
			host_free(h);
		}
	}
}

/* Whether a file led to the owner or its memory did, its threads are looked at. */
static void a_thread_that_runs_is_seen_in_either_way(void **state)
{
	(void)state;
	for (unsigned closed = 0; closed < 2; closed++) {
		struct host *h = host_new(ERA_5_4);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		const struct vr_vhost *v;
		struct host_walked w;

		host_serve(h, t, &(struct vhost_spec){ .asleep = true, .closed = closed });
		w = host_walk(h, "tap7");
		v = w.host.queues[0].vhost;
		assert_int_equal(v->late, closed);
		assert_false(v->owner_runs || v->runs_lost);
		fake_set(h->f, h->vcpu, "task_struct", "state", 0);
		w = host_walk(h, "tap7");
		v = w.host.queues[0].vhost;
		assert_int_equal(v->owner.addr, h->owner);
		assert_true(v->owner_runs);
		assert_false(v->runs_lost);
		/* Whose thread it is stands on a page of its own. */
		fake_drop(h->f, VR_KERNEL, h->vcpu + fake_offset(h->f, "task_struct", "mm"));
		w = host_walk(h, "tap7");
		v = w.host.queues[0].vhost;
		assert_int_equal(v->owner.addr, h->owner);
		assert_false(v->owner_runs);
		assert_true(v->runs_lost);
		host_free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_thread_of_vhost_s_is_not_the_owner),
		cmocka_unit_test(a_thread_that_runs_is_seen_in_either_way),
	};

	return cmocka_run_group_tests_name("host_owner", tests, NULL, NULL);
}
