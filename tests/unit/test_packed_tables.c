// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_tables.c - what a packed ring's descriptors say of their indirect tables
 * (virtio 1.2, 2.8.7): whole descriptors, none at all where the driver uses none, and
 * nothing behind one.
 */
#include "unit.h"
#include "guest_builder.h"
#include "packed_builder.h"

#define INDIRECT	4u
#define NEXT		1u
#define AVAILABLE	0x80u	/* on the first round */

static struct packed build(struct guest *g)
{
	struct packed p;

	packed_build(&p, g->f, &(struct packed_spec){ .num = 8 });
	packed_set(&p, PACKED_INDIRECT, 1);
	packed_add_indirect(&p, 3);
	packed_add_indirect(&p, 2);
	packed_add(&p, 2);
	return p;
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
		struct guest *g = guest_new(ERA_6_1);
		struct packed p = build(g);
		struct vr_queue q;

		packed_set(&p, PACKED_INDIRECT, cases[i].used);
		packed_set_desc(&p, 0, 0x5000, cases[i].len, 0, AVAILABLE | cases[i].flags);
		q = guest_read_packed(g, &p);
		if (cases[i].told)
			assert_non_null(strstr(guest_corrupt(g, &q, "indirect"), cases[i].told));
		else
			assert_int_not_equal(guest_verdict(g, &q)->state, VR_ST_CORRUPT);
		guest_free(g);
	}
}

/* What an add has not published yet has its length, and flags of the round before. */
static void what_is_not_published_says_nothing(void **state)
{
	struct guest *g = guest_new(ERA_6_1);
	struct packed p;
	struct vr_queue q;
	uint16_t id;

	(void)state;
	packed_build(&p, g->f, &(struct packed_spec){ .num = 8 });
	packed_set(&p, PACKED_INDIRECT, 1);
	packed_advance(&p, 10);
	id = packed_add(&p, 1);
	packed_set_desc(&p, 2, 0x5000, 98, id, 0x8080 | INDIRECT);	/* used, on round one */
	packed_set_token(&p, id, 0);
	q = guest_read_packed(g, &p);
	assert_int_not_equal(guest_verdict(g, &q)->state, VR_ST_CORRUPT);
	guest_free(g);
}

/* The device wrote over it: its flags are those of a used one. */
static void what_was_returned_is_not(void **state)
{
	struct guest *g = guest_new(ERA_6_1);
	struct packed p = build(g);
	struct vr_queue q;

	(void)state;
	packed_return(&p, packed_oldest(&p), 17);
	packed_set_flags(&p, 0, 0x8080 | INDIRECT);
	q = guest_read_packed(g, &p);
	assert_int_not_equal(guest_verdict(g, &q)->state, VR_ST_CORRUPT);
	guest_free(g);
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
