// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_chains.c - buffers that the device of a packed ring holds: what the
 * driver wrote is shown, and every way in which it makes no sense ends the walk.
 * Sections are those of virtio 1.2.
 */
#include "unit.h"
#include "packed_guest.h"

#define NUM		8
#define NEXT		1u
#define INDIRECT	4u
#define AVAIL		0x80u
#define TABLE		0x5000000ULL	/* guest-physical */
#define BUS		(1ULL << 33)	/* ACCESS_PLATFORM */

static struct vr_queue read_chains(const struct packed_guest *x, uint64_t features)
{
	struct vr_queue q = guest_read_packed(x->g, &x->p);

	q.chains = (struct vr_chains){ .nchains = 0 };
	vr_guest_chains(&x->g->c, &q, (struct vr_val){ features, VR_READ }, false);
	assert_true(q.chains.wanted && q.chains.known && q.chains.packed);
	return q;
}

static void assert_chain(const struct vr_queue *q, uint32_t n, uint32_t id,
			 uint32_t count, enum vr_stop stop)
{
	const struct vr_chain *k = &q->chains.chain[n];

	assert_true(n < q->chains.nchains);
	assert_int_equal(k->id, id);
	assert_int_equal(k->count, count);
	assert_int_equal(k->stop, stop);
}

/* ---- in the ring ----------------------------------------------------------------- */

static void buffers_are_shown_in_the_rings_order(void **state)
{
	struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
	struct vr_queue q;
	const struct vr_desc *d;

	(void)state;
	packed_advance(&x.p, 6);
	packed_add(&x.p, 3);
	packed_add(&x.p, 1);
	packed_add_indirect(&x.p, 2);
	guest_check_packed(x.g, &x.p);
	q = read_chains(&x, 0);
	assert_int_equal(q.chains.nchains, 3);
	assert_int_equal(q.chains.chain[0].head, 6);
	assert_int_equal(q.chains.chain[1].head, 1);
	assert_int_equal(q.chains.chain[2].head, 2);
	/* The ring's end and the next round's bits in the middle of a buffer. */
	d = &q.chains.desc[q.chains.chain[0].first];
	assert_int_equal(d[1].index, 7);
	assert_int_equal(d[1].flags, AVAIL | PACKED_WRITE | NEXT);
	assert_int_equal(d[2].index, 0);
	assert_int_equal(d[2].flags, 0x8000 | PACKED_WRITE);
	guest_free(x.g);
}

/* A buffer whose last descriptor says that it goes on, into the next one's. */
static void next_into_another_buffer(void **state)
{
	struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
	struct vr_queue q;

	(void)state;
	packed_add(&x.p, 2);
	packed_add(&x.p, 1);
	packed_set_flags(&x.p, 1, AVAIL | NEXT);
	q = read_chains(&x, 0);
	assert_int_equal(q.chains.nchains, 2);
	assert_chain(&q, 0, 0, 2, VR_STOP_OTHER);
	assert_chain(&q, 1, 2, 1, VR_STOP_END);
	guest_free(x.g);
}

/* .. and where nothing follows: not further than the driver has written. */
static void next_behind_the_last_buffer(void **state)
{
	struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
	struct vr_queue q;

	(void)state;
	packed_add(&x.p, 2);
	packed_set_flags(&x.p, 1, AVAIL | NEXT);
	q = read_chains(&x, 0);
	assert_int_equal(q.chains.nchains, 1);
	assert_chain(&q, 0, 0, 2, VR_STOP_LOOP);
	/* In a full ring neither. */
	packed_add(&x.p, NUM - 2);
	for (uint32_t i = 0; i < NUM; i++)
		packed_set_desc(&x.p, i, 0x1000, 1, 0, AVAIL | NEXT);
	q = read_chains(&x, 0);
	assert_int_equal(q.chains.nchains, 2);
	assert_chain(&q, 1, 2, 0, VR_STOP_OVERWRITTEN);
	guest_free(x.g);
}

static void ids_that_are_nobodys(void **state)
{
	static const uint16_t ids[] = { NUM, 0xffff, 5 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(ids); i++) {
		struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
		struct vr_queue q;

		packed_add(&x.p, 1);
		packed_add(&x.p, 1);
		packed_set_desc(&x.p, 0, 0x1000, 1, ids[i], AVAIL);
		q = read_chains(&x, 0);
		/* What was lost is still named. */
		assert_int_equal(q.chains.nchains, 2);
		assert_chain(&q, 0, 1, 1, VR_STOP_END);
		assert_chain(&q, 1, 0, 0, VR_STOP_OVERWRITTEN);
		guest_free(x.g);
	}
}

/* How many slots it has is the driver's word; the ring has its own. */
static void a_length_that_the_ring_contradicts(void **state)
{
	static const struct {
		uint16_t length;
		enum vr_stop stop;
	} cases[] = { { 0, VR_STOP_END }, { 3, VR_STOP_END },
		      { 4, VR_STOP_OVERWRITTEN }, { 0xffff, VR_STOP_OVERWRITTEN } };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
		struct vr_queue q;

		packed_add(&x.p, 3);
		packed_set_length(&x.p, 0, cases[i].length);
		q = read_chains(&x, 0);
		assert_int_equal(q.chains.nchains, 1);
		assert_chain(&q, 0, 0, 3, cases[i].stop);
		guest_free(x.g);
	}
}

static void nothing_is_shown_of_an_empty_ring(void **state)
{
	struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
	struct vr_queue q;

	(void)state;
	q = read_chains(&x, 0);
	assert_int_equal(q.chains.nchains, 0);
	packed_return(&x.p, packed_add(&x.p, NUM), 0);
	q = read_chains(&x, 0);
	assert_int_equal(q.chains.nchains, 0);
	guest_free(x.g);
}

/* ---- indirect tables (2.8.7) --------------------------------------------------------- */

static void put_entry(struct packed_guest *x, enum vr_space space, uint64_t at,
		      uint32_t len, uint16_t flags)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t id, flags;
	} d = { 0x1000, len, 0, flags };

	fake_map(x->g->f, space, at, sizeof(d));
	fake_put(x->g->f, space, at, &d, sizeof(d));
}

/* One buffer with a table of 'len' bytes; what the two first entries' flags are. */
static struct vr_chain table(uint32_t len, uint16_t first, uint16_t second,
			     uint64_t features)
{
	struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
	struct vr_queue q;
	struct vr_chain k;

	/* By physical address: no queue with a pointer of the driver's. */
	packed_set(&x.p, PACKED_INDIRECT, 0);
	packed_add(&x.p, 1);
	packed_set_desc(&x.p, 0, TABLE, len, 0, AVAIL | INDIRECT);
	put_entry(&x, VR_PHYS, TABLE, 10, first);
	put_entry(&x, VR_PHYS, TABLE + 16, 20, second);
	q = read_chains(&x, features);
	assert_int_equal(q.chains.nchains, 1);
	k = q.chains.chain[0];
	guest_free(x.g);
	return k;
}

static void assert_table(struct vr_chain k, uint32_t count, enum vr_stop stop,
			 uint64_t readable, uint64_t writable)
{
	assert_int_equal(k.count, count);
	assert_int_equal(k.stop, stop);
	assert_int_equal(k.readable, readable);
	assert_int_equal(k.writable, writable);
}

static void a_tables_entries_follow_without_links(void **state)
{
	(void)state;
	assert_table(table(32, 0, PACKED_WRITE, 0), 3, VR_STOP_END, 10, 20);
	assert_table(table(16, 0, PACKED_WRITE, 0), 2, VR_STOP_END, 10, 0);
	/* NEXT means nothing there. */
	assert_table(table(16, NEXT, 0, 0), 2, VR_STOP_END, 10, 0);
	assert_table(table(32, NEXT, NEXT, 0), 3, VR_STOP_END, 30, 0);
}

static void bad_tables_end_it(void **state)
{
	(void)state;
	assert_table(table(0, 0, 0, 0), 1, VR_STOP_LENGTH, 0, 0);
	assert_table(table(24, 0, 0, 0), 1, VR_STOP_LENGTH, 0, 0);
	assert_table(table(16 * 32769u, 0, 0, 0), 1, VR_STOP_LENGTH, 0, 0);
	assert_table(table(0xffffffff, 0, 0, 0), 1, VR_STOP_LENGTH, 0, 0);
	assert_table(table(32, INDIRECT, 0, 0), 2, VR_STOP_NESTED, 0, 0);
	assert_table(table(32, 0, INDIRECT, 0), 3, VR_STOP_NESTED, 10, 0);
	/* A bus address is nothing to read at. */
	assert_table(table(32, 0, 0, BUS), 1, VR_STOP_UNREADABLE, 0, 0);
	/* The third entry is on a page that is missing. */
	assert_table(table(16 * 300, 0, 0, 0), 257, VR_STOP_UNREADABLE, 30, 0);
}

/* The driver's own pointer is what counts, also where addresses are the bus's. */
static void the_drivers_pointer_leads_to_the_table(void **state)
{
	struct packed_guest x = packed_guest(ERA_6_12, NUM, 0);
	struct vr_queue q;

	(void)state;
	packed_add_indirect(&x.p, 3);
	packed_set_desc(&x.p, 0, 0xbad0000, 48, 0, AVAIL | INDIRECT);
	q = read_chains(&x, BUS);
	assert_true(q.chains.bus.v);
	assert_chain(&q, 0, 0, 4, VR_STOP_END);
	assert_int_equal(q.chains.chain[0].readable, 1000);
	assert_int_equal(q.chains.chain[0].writable, 2003);
	guest_free(x.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_are_shown_in_the_rings_order),
		cmocka_unit_test(next_into_another_buffer),
		cmocka_unit_test(next_behind_the_last_buffer),
		cmocka_unit_test(ids_that_are_nobodys),
		cmocka_unit_test(a_length_that_the_ring_contradicts),
		cmocka_unit_test(nothing_is_shown_of_an_empty_ring),
		cmocka_unit_test(a_tables_entries_follow_without_links),
		cmocka_unit_test(bad_tables_end_it),
		cmocka_unit_test(the_drivers_pointer_leads_to_the_table),
	};

	return cmocka_run_group_tests_name("packed chains", tests, NULL, NULL);
}
