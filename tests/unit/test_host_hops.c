// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_hops.c - vqwalk's hops from a tap or macvtap to vhost's rings, in each era, done
 * by hand.
 */
#include "unit.h"
#include "host_builder.h"
#include "hop_follow.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_ALL; era++)

/* Each hop by the names that this era has, from where an earlier one led. */
static void assert_path(struct host *h, const struct vr_path *p, uint64_t vhost)
{
	bool passed = false;

	for (unsigned k = 0; k < p->nhops; k++) {
		const struct vr_hop *hop = &p->hops[k];
		bool known = !k || hop->rule == VR_RULE_FILE;

		hop_follow(h->f, hop, h->name);
		passed = passed || hop->next == vhost;
		for (unsigned i = 0; i < k; i++)
			known = known || p->hops[i].next == hop->addr;
		assert_true(known);
	}
	assert_true(passed);
}

static void hops_can_be_followed_by_hand(void **state)
{
	static const char *const kinds[] = { "tun", "macvtap" };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned kind = 0; kind < COUNT_OF(kinds); kind++) {
			struct host *h = host_new(era);
			struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7",
							kinds[kind], 0 });
			struct host_walked w;
			struct vr_walks walks = { .count = 0 };

			host_serve(h, t, &(struct vhost_spec){ .asleep = true });
			host_serve(h, t, &(struct vhost_spec){ .asleep = false });
			host_serve(h, t, &(struct vhost_spec){ .asleep = true, .detached = true });
			w = host_walk(h, "tap7");
			assert_int_equal(vr_trace_host(&h->g->c, &w.host, &walks), 0);
			/* An array has no place for a queue that is detached. */
			assert_int_equal(walks.count, kind && !vr_has(&h->g->c, VR_TAP_LIST) ?
					 4 : 6);
			for (unsigned i = 0; i < walks.count; i++) {
				const struct vr_path *p = &walks.path[i];
				const struct vr_hostq *q = &w.host.queues[i];
				/* A list is two hops, and an array one. */
				unsigned listed = kind ? vr_has(&h->g->c, VR_TAP_LIST) : q->detached;

				/* At work, TX is known by the VMM's file. */
				assert_int_equal(p->nhops, (i == 3 ? 8 : 10) + listed);
				assert_int_equal(p->hops[0].addr, t->net_device);
				assert_int_equal(p->hops[1 + listed].next, q->tun_file);
				assert_path(h, p, q->vhost->addr);
			}
			host_free(h);
		}
	}
}

/* A vhost that nobody has open, and a queue of it that does not wait: nothing leads there. */
static void a_hop_from_nowhere_has_no_address(void **state)
{
	struct vr_vhost v = { .kind = VR_VHOST_NET, .addr = 0xffff888000001000 };
	struct vr_hostq q = { .vhost = &v, .vhost_virtqueue = 0xffff888000001100 };
	struct vr_host host = { .queues = &q, .nqueues = 1 };
	struct host *h = host_new(ERA_6_1);
	struct vr_walks walks = { .count = 0 };
	const struct vr_hop *hop;
	char rule[160];

	(void)state;
	assert_int_equal(vr_trace_host(&h->g->c, &host, &walks), 0);
	hop = &walks.path[0].hops[0];
	vr_hop_rule(rule, sizeof(rule), hop);
	assert_int_equal(hop->addr, 0);
	assert_int_equal(hop->next, 0);
	assert_string_equal(rule, "a vhost file; no process that has it was found");
	host_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hops_can_be_followed_by_hand),
		cmocka_unit_test(a_hop_from_nowhere_has_no_address),
	};

	return cmocka_run_group_tests_name("host hops", tests, NULL, NULL);
}
