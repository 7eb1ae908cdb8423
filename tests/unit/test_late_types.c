// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_late_types.c - structs that are known only once a module's types are there: within
 * one command, and after one that had to do without them.
 */
#include "unit.h"
#include "host_builder.h"

/* In 4.14 only tun.ko and vhost_net.ko know a ptr_ring. */
static void the_first_look_knows_the_taps_ring(void **state)
{
	static const char *const types[] = { "ptr_ring", "skb_array", "tun_struct", "tun_file" };
	struct host *h = host_new(ERA_4_14);
	struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });

	(void)state;
	host_serve(h, t, &(struct vhost_spec){ .asleep = true });
	for (unsigned i = 0; i < COUNT_OF(types); i++)
		fake_in_module(h->f, types[i], "tun");
	for (int look = 0; look < 2; look++) {
		struct host_walked w = host_walk(h, "tap7");

		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(w.host.queues[0].tx_ring_size.have, VR_READ);
		h->g->c.resolved = 0;
	}
	host_free(h);
}

/* macvlan_dev is known without it, and was where older kernels had a macvtap's queues. */
static void a_macvtap_is_found_once_its_modules_types_came(void **state)
{
	static const enum guest_era eras[] = { ERA_4_14, ERA_5_4, ERA_5_10 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(eras); i++) {
		struct host *h = host_new(eras[i]);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap3", "macvtap", 0 });
		struct host_walked w;

		host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		fake_in_module(h->f, "tap_dev", "tap");
		fake_in_module(h->f, "tap_queue", "tap");
		h->f->load_fails = true;
		w = host_walk(h, "tap3");
		assert_int_not_equal(w.status, VR_WALK_OK);
		h->f->load_fails = false;
		h->g->c.resolved = h->g->c.nerrors = 0;
		w = host_walk(h, "tap3");
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(w.host.nqueues, 2);
		assert_int_equal(h->g->c.nerrors, 0);
		host_free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_look_knows_the_taps_ring),
		cmocka_unit_test(a_macvtap_is_found_once_its_modules_types_came),
	};

	return cmocka_run_group_tests_name("late_types", tests, NULL, NULL);
}
