// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_ids.c - a packed ring's list of free ids: what is wrong with it is told,
 * and what a driver may leave for a moment is not.
 */
#include "unit.h"
#include "packed_guest.h"

/* Four ids are free, 4 to 7, and the last one's link is of no use. */
static const struct {
	uint16_t id, link;
	const char *text;
} bad_links[] = {
	{ 5, 8, "behind descriptor 5 it leads to 8 (ring of 8)" },
	{ 5, 0xffff, "behind descriptor 5 it leads to 65535 (ring of 8)" },
	{ 6, 4, "behind descriptor 6 it comes to 4 a second time (ring of 8)" },
	{ 6, 6, "behind descriptor 6 it comes to 6 a second time (ring of 8)" },
	{ 6, 3, "descriptor 3 is on it and has a token (ring of 8)" },
};

static void bad_links_between_free_ids(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS * COUNT_OF(bad_links); i++) {
		enum guest_era era = packed_eras[i % PACKED_ERAS];
		unsigned n = i / PACKED_ERAS;
		struct packed_guest x = packed_guest_in_use(era, 0);
		struct vr_queue q;

		assert_int_equal(x.p.free_id, 4);
		packed_set_link(&x.p, 7, 0xffff);
		assert_int_not_equal(packed_verdict(&x).state, VR_ST_CORRUPT);
		packed_set_link(&x.p, bad_links[n].id, bad_links[n].link);
		q = guest_read_packed(x.g, &x.p);
		assert_string_equal(guest_corrupt(x.g, &q, "free-list"), bad_links[n].text);
		guest_free(x.g);
	}
}

/* A driver that gives ids back has cleared their buffer's token before, and raises
 * num_free afterwards; in any order, for all we know of the compiler. */
static void free_ids_in_a_get(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_6_12, 0);

	(void)state;
	packed_set_token(&x.p, 0, 0);
	packed_set(&x.p, PACKED_NUM_FREE, 5);
	assert_int_not_equal(packed_verdict(&x).state, VR_ST_CORRUPT);
	guest_free(x.g);
}

/* In order there is no list, and whatever lies there means nothing. */
static void no_list_in_order(void **state)
{
	struct guest *g = guest_new(ERA_7_1);
	struct packed p;
	struct vr_queue q;

	(void)state;
	packed_build(&p, g->f, &(struct packed_spec){ .num = 8, .in_order = true });
	packed_add(&p, 2);
	for (uint16_t id = 0; id < 8; id++)
		packed_set_link(&p, id, 0xffff);
	packed_set(&p, PACKED_FREE_HEAD, 0xffff);
	q = guest_read_packed(g, &p);
	assert_int_not_equal(guest_verdict(g, &q)->state, VR_ST_CORRUPT);
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_links_between_free_ids),
		cmocka_unit_test(free_ids_in_a_get),
		cmocka_unit_test(no_list_in_order),
	};

	return cmocka_run_group_tests_name("packed ids", tests, NULL, NULL);
}
