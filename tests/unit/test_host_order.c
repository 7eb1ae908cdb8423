// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_order.c - the byte order of a guest's rings on its host: vhost says for each
 * queue which it reads them in, whatever the host's own is.
 */
#include "unit.h"
#include "host_builder.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_ALL; era++)

/* A big-endian legacy guest beside a modern one, on a host of either order. */
static void each_queue_is_read_in_its_own_order(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned host = 0; host < 2; host++) {
			struct host *h = host_new(era);
			struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
			struct host_vhost *v[2];
			struct host_walked w;
			const char *json;

			for (unsigned i = 0; i < 2; i++)
				v[i] = host_serve(h, t, &(struct vhost_spec){
						  .asleep = true, .big = i });
			h->f->t.big_endian = host;
			w = host_walk(h, "tap7");
			json = host_json(h, &w);
			/* Before 4.1 nothing tells. */
			for (unsigned i = 0; era != ERA_3_10 && i < 4; i++)
				json_check(&h->g->c.arena, json, i, &v[i / 2]->expected[i % 2],
					   h->name);
			for (unsigned i = 0; era != ERA_3_10 && i < 4; i++)
				assert_true(w.host.queues[i].verdict.severity < VR_SEV_WARN);
			host_free(h);
		}
	}
}

/* Of 45 heads that are held, the builder has set the 31st. */
static void heads_are_read_in_the_same_order(void **state)
{
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		struct host *h = host_new(ERA_6_1);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_walked w;
		struct vr_hostq *q;

		host_serve(h, t, &(struct vhost_spec){ .big = big });
		w = host_walk(h, "tap7");
		q = &w.host.queues[0];
		assert_val(q->next_head, 5);
		vr_host_chains(&h->g->c, q);
		assert_int_equal(q->chains.nchains, 45);
		assert_int_equal(q->chains.chain[0].head, 0);
		assert_int_equal(q->chains.chain[30].head, 5);
		host_free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_queue_is_read_in_its_own_order),
		cmocka_unit_test(heads_are_read_in_the_same_order),
	};

	return cmocka_run_group_tests_name("host_order", tests, NULL, NULL);
}
