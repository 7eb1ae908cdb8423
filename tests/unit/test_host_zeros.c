// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_zeros.c - rings that nobody has used yet, in each era: all their words are
 * zero, as are pages that a dump left out; the page with the owner's command line tells
 * which of the two it is.
 */
#include "unit.h"
#include "host_builder.h"
#include "render_host.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_ALL; era++)
#define ARGS		0x7ffc00001000ULL
#define ARGS_MEMORY	0x30000000ULL	/* physical */

/* The owner's command line somewhere in its page, which may read as zeros. */
static void set_args(struct host *h, const char *text)
{
	char page[FAKE_PAGE] = { 0 };

	fake_set(h->f, h->mm, "mm_struct", "arg_start", ARGS + 0x7a3);
	pt_map(&h->user, ARGS, ARGS_MEMORY, 1, 0);
	strcpy(page + 0x7a3, text);
	fake_put(h->f, VR_PHYS, ARGS_MEMORY, page, sizeof(page));
}

static void the_owner_s_command_line_tells_if_user_pages_are_there(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned there = 0; there < 2; there++) {
			struct host *h = host_new(era);
			struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
			struct host_walked w;
			struct vr_hostq *q;

			host_serve(h, t, &(struct vhost_spec){ .asleep = true, .fresh = true });
			set_args(h, there ? HOST_OWNER_COMM : "");
			w = host_walk(h, "tap7");
			assert_int_equal(w.status, VR_WALK_OK);
			for (unsigned i = 0; i < w.host.nqueues; i++) {
				q = &w.host.queues[i];
				assert_val(q->last_avail_idx, 0);
				assert_int_equal(q->zeros, !there);
				assert_int_equal(vr_ring_readable(q), there);
				assert_true(q->verdict.severity < VR_SEV_WARN);
			}
			assert_int_equal(w.host.nqueues, 2);
			host_free(h);
		}
	}
}

/* No word of it is any different then, and nothing is said to be missing. */
static void a_fresh_ring_comes_out_as_it_is(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_vhost *v = host_serve(h, t, &(struct vhost_spec){
						  .asleep = true, .fresh = true });
		struct host_walked w;
		const char *json;

		set_args(h, HOST_OWNER_COMM);
		w = host_walk(h, "tap7");
		json = host_json(h, &w);
		assert_int_equal(h->g->c.nerrors, 0);
		for (unsigned i = 0; i < 2; i++)
			json_check(&h->g->c.arena, json, i, &v->expected[i], h->name);
		host_free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_s_command_line_tells_if_user_pages_are_there),
		cmocka_unit_test(a_fresh_ring_comes_out_as_it_is),
	};

	return cmocka_run_group_tests_name("host_zeros", tests, NULL, NULL);
}
