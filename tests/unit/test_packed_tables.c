// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_tables.c - what a packed ring's descriptors say of their indirect tables
 * (virtio 1.2, 2.8.7): whole descriptors, none at all where the driver uses none, and
 * nothing behind one.
 */
#include "unit.h"
#include "packed_guest.h"

#define INDIRECT	4u
#define NEXT		1u
#define AVAILABLE	0x80u	/* on the first round */

/* Buffers with tables of 3 and 2, and one of two slots without. */
static struct packed_guest with_tables(void)
{
	struct packed_guest x = packed_guest(ERA_6_1, 8, 0);

	packed_add_indirect(&x.p, 3);
	packed_add_indirect(&x.p, 2);
	packed_add(&x.p, 2);
	return x;
}

static void tables_are_looked_at(void **state)
{
	static const struct {
		uint32_t len;
		uint16_t flags;
		bool used;		/* by the driver at all */
		const char *told;	/* NULL: sound */
	} cases[] = {
		{ 48, INDIRECT, true, NULL },
		{ 17, INDIRECT, true, "descriptor 0 has a table of 17 bytes" },
		{ 0, INDIRECT, true, "descriptor 0 has a table of 0 bytes" },
		{ 48, INDIRECT | NEXT, true, "descriptor 0 has a table and NEXT" },
		{ 48, INDIRECT, false, "descriptor 0 has a table in a queue without" },
		{ 17, 0, false, "descriptor 1 has a table in a queue without" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct packed_guest x = with_tables();
		struct vr_queue q;

		packed_set(&x.p, PACKED_INDIRECT, cases[i].used);
		packed_set_desc(&x.p, 0, 0x5000, cases[i].len, 0,
				AVAILABLE | cases[i].flags);
		q = guest_read_packed(x.g, &x.p);
		if (cases[i].told)
			assert_non_null(strstr(guest_corrupt(x.g, &q, "indirect"),
					       cases[i].told));
		else
			assert_int_not_equal(guest_verdict(x.g, &q)->state,
					     VR_ST_CORRUPT);
		guest_free(x.g);
	}
}

/* What an add has not published yet has its length, and flags of the round before. */
static void what_is_not_published_says_nothing(void **state)
{
	struct packed_guest x = packed_guest(ERA_6_1, 8, 10);
	uint16_t id;

	(void)state;
	id = packed_add(&x.p, 1);
	/* Used, on round one. */
	packed_set_desc(&x.p, 2, 0x5000, 98, id, 0x8080 | INDIRECT);
	packed_set_token(&x.p, id, 0);
	assert_int_not_equal(packed_verdict(&x).state, VR_ST_CORRUPT);
	guest_free(x.g);
}

/* The device wrote over it: its flags are those of a used one. */
static void what_was_returned_is_not(void **state)
{
	struct packed_guest x = with_tables();

	(void)state;
	packed_return(&x.p, packed_oldest(&x.p), 17);
	packed_set_flags(&x.p, 0, 0x8080 | INDIRECT);
	assert_int_not_equal(packed_verdict(&x).state, VR_ST_CORRUPT);
	guest_free(x.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_looked_at),
		cmocka_unit_test(what_is_not_published_says_nothing),
		cmocka_unit_test(what_was_returned_is_not),
	};

	return cmocka_run_group_tests_name("packed tables", tests, NULL, NULL);
}
