// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_chains.c - the chains that a device holds: sound ones, and every way in
 * which a chain's walk can end badly.  The bad ends are those that the virtio
 * specification rules out (2.7.5.2, 2.7.5.3).
 */
#include "unit.h"
#include "guest_builder.h"

#define NUM	8
#define WRITE	2u
#define TABLE	0x5000000ULL	/* guest-physical */

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
};

static struct fixture fixture(void)
{
	struct fixture x = { .g = guest_new(ERA_5_15) };

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = NUM });
	/* No pointer to indirect tables beside the tokens: addresses count. */
	ring_set(&x.r, RING_INDIRECT, 0);
	return x;
}

static void put_desc(struct fake_target *f, enum vr_space space, uint64_t at,
		     uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} d = { addr, len, flags, next };

	fake_map(f, space, at, sizeof(d));
	fake_put(f, space, at, &d, sizeof(d));
}

static void ring_desc(struct fixture *x, uint32_t i, uint64_t addr, uint32_t len,
		      uint16_t flags, uint16_t next)
{
	put_desc(x->g->f, VR_KERNEL, x->r.desc + 16 * i, addr, len, flags, next);
}

static const struct vr_chain *only_chain(struct fixture *x, uint64_t features)
{
	x->q = guest_read_ring(x->g, &x->r);
	vr_guest_chains(&x->g->c, &x->q, (struct vr_val){ features, VR_READ }, false);
	assert_true(x->q.chains.wanted);
	assert_int_equal(x->q.chains.nchains, 1);
	return &x->q.chains.chain[0];
}

static void assert_chain(const struct vr_chain *k, uint32_t count,
			 enum vr_stop stop, uint64_t readable, uint64_t writable)
{
	assert_int_equal(k->count, count);
	assert_int_equal(k->stop, stop);
	assert_int_equal(k->readable, readable);
	assert_int_equal(k->writable, writable);
}

static void a_chain_is_followed_to_its_end(void **state)
{
	struct fixture x = fixture();
	const struct vr_chain *k;

	(void)state;
	assert_int_equal(ring_add(&x.r, 3), 0);
	ring_desc(&x, 0, 0x1000, 12, DESC_NEXT_FLAG, 1);
	ring_desc(&x, 1, 0x2000, 100, DESC_NEXT_FLAG, 2);
	ring_desc(&x, 2, 0x3000, 64, WRITE, 7);
	k = only_chain(&x, 0);
	assert_chain(k, 3, VR_STOP_END, 112, 64);
	assert_int_equal(k->head, 0);
	assert_int_equal(x.q.chains.desc[k->first + 1].addr, 0x2000);
	assert_int_equal(x.q.chains.desc[k->first + 2].next, 7);
	guest_free(x.g);
}

static void a_circle_ends_after_as_many_as_the_ring_has(void **state)
{
	struct fixture x = fixture();

	(void)state;
	ring_add(&x.r, 2);
	ring_desc(&x, 0, 0x1000, 1, DESC_NEXT_FLAG, 1);
	ring_desc(&x, 1, 0x1000, 1, DESC_NEXT_FLAG, 0);
	assert_chain(only_chain(&x, 0), NUM, VR_STOP_LOOP, NUM, 0);
	guest_free(x.g);
}

static void a_link_out_of_range_ends_it(void **state)
{
	struct fixture x = fixture();

	(void)state;
	ring_add(&x.r, 2);
	ring_desc(&x, 0, 0x1000, 5, DESC_NEXT_FLAG, NUM);
	assert_chain(only_chain(&x, 0), 1, VR_STOP_INDEX, 5, 0);
	guest_free(x.g);
}

static void an_indirect_table_is_expanded(void **state)
{
	struct fixture x = fixture();
	struct fake_target *f = x.g->f;
	const struct vr_chain *k;

	(void)state;
	ring_add(&x.r, 1);
	ring_desc(&x, 0, TABLE, 32, DESC_INDIRECT_FLAG, 0);
	put_desc(f, VR_PHYS, TABLE, 0x1000, 10, DESC_NEXT_FLAG, 1);
	put_desc(f, VR_PHYS, TABLE + 16, 0x2000, 20, WRITE, 0);
	k = only_chain(&x, 0);
	assert_chain(k, 3, VR_STOP_END, 10, 20);
	assert_false(x.q.chains.desc[k->first].indirect);
	assert_true(x.q.chains.desc[k->first + 1].indirect);
	assert_int_equal(x.q.chains.desc[k->first + 2].index, 1);
	guest_free(x.g);
}

/* One indirect descriptor, and what its table's first entry says. */
static struct vr_chain bad_table(uint32_t len, uint16_t flags, uint16_t next,
				 uint64_t features)
{
	struct fixture x = fixture();
	struct vr_chain k;

	ring_add(&x.r, 1);
	ring_desc(&x, 0, TABLE, len, DESC_INDIRECT_FLAG, 0);
	put_desc(x.g->f, VR_PHYS, TABLE, 0x1000, 10, flags, next);
	k = *only_chain(&x, features);
	guest_free(x.g);
	return k;
}

static void bad_indirect_tables_end_it(void **state)
{
	struct vr_chain k;

	(void)state;
	k = bad_table(0, 0, 0, 0);
	assert_chain(&k, 1, VR_STOP_LENGTH, 0, 0);
	k = bad_table(24, 0, 0, 0);
	assert_chain(&k, 1, VR_STOP_LENGTH, 0, 0);
	k = bad_table(16 * 32769u, 0, 0, 0);
	assert_chain(&k, 1, VR_STOP_LENGTH, 0, 0);
	k = bad_table(16, DESC_NEXT_FLAG, 1, 0);
	assert_chain(&k, 2, VR_STOP_INDEX, 10, 0);
	k = bad_table(16, DESC_NEXT_FLAG, 0, 0);
	assert_chain(&k, 2, VR_STOP_LOOP, 10, 0);
	k = bad_table(16, DESC_INDIRECT_FLAG, 0, 0);
	assert_chain(&k, 2, VR_STOP_NESTED, 0, 0);
}

/* ACCESS_PLATFORM: the address is the IOMMU's, and is not read as physical. */
static void a_bus_address_is_not_followed(void **state)
{
	struct vr_chain k;

	(void)state;
	k = bad_table(16, 0, 0, 1ULL << 33);
	assert_chain(&k, 1, VR_STOP_UNREADABLE, 0, 0);
}

/* Without the features nobody knows whose the addresses are, and none is followed. */
static void addresses_of_an_unknown_kind_are_not_followed(void **state)
{
	struct fixture x = fixture();

	(void)state;
	ring_add(&x.r, 1);
	ring_desc(&x, 0, TABLE, 16, DESC_INDIRECT_FLAG, 0);
	put_desc(x.g->f, VR_PHYS, TABLE, 0x1000, 10, 0, 0);
	x.q = guest_read_ring(x.g, &x.r);
	vr_guest_chains(&x.g->c, &x.q, (struct vr_val){ .have = VR_UNREAD }, false);
	assert_int_equal(x.q.chains.bus.have, VR_UNREAD);
	assert_int_equal(x.q.chains.nchains, 1);
	assert_chain(&x.q.chains.chain[0], 1, VR_STOP_UNREADABLE, 0, 0);
	guest_free(x.g);
}

static void a_missing_table_ends_it(void **state)
{
	struct fixture x = fixture();

	(void)state;
	ring_add(&x.r, 1);
	ring_desc(&x, 0, 0x7000000, 16, DESC_INDIRECT_FLAG, 0);
	assert_chain(only_chain(&x, 0), 1, VR_STOP_UNREADABLE, 0, 0);
	guest_free(x.g);
}

static void what_was_returned_is_not_listed(void **state)
{
	struct fixture x = fixture();

	(void)state;
	ring_add(&x.r, 1);
	ring_add(&x.r, 1);
	ring_return(&x.r, 0, 4);
	assert_int_equal(only_chain(&x, 0)->head, 1);
	guest_free(x.g);
}

/* ---- as text ------------------------------------------------------------------ */

static void assert_text(const struct vr_chains *s, const char *want)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	vr_text_chains(out, s);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

/* A page of the table that is missing takes many chains, and a line does for them. */
static void unreadable_chains_in_a_row_are_one_line(void **state)
{
	struct vr_desc desc = { .index = 3, .addr = 0x4000, .len = 100, .next = 0 };
	struct vr_chain chain[6] = {
		{ .head = 7, .stop = VR_STOP_UNREADABLE },
		{ .head = 2, .stop = VR_STOP_UNREADABLE },
		{ .head = 3, .count = 1, .readable = 100, .stop = VR_STOP_END },
		{ .head = 9, .stop = VR_STOP_UNREADABLE },
		{ .head = 1, .stop = VR_STOP_UNREADABLE },
		{ .head = 4, .stop = VR_STOP_UNREADABLE },
	};
	struct vr_chains s = { .wanted = true, .known = true, .chain = chain,
			       .nchains = 6, .desc = &desc, .ndescs = 1,
			       .bus = { 0, VR_READ } };

	(void)state;
	assert_text(&s, "  chains with the device: 6\n"
		    "    head 7: 0 descriptors, 0 bytes to read, 0 to write;"
		    " stopped: unreadable\n"
		    "    head 2: 0 descriptors, 0 bytes to read, 0 to write;"
		    " stopped: unreadable\n"
		    "    head 3: 1 descriptor, 100 bytes to read, 0 to write\n"
		    "          3  addr 4000  len 100  flags 0  next 0\n"
		    "    head 9 ... head 4: 3 chains without a descriptor;"
		    " stopped: unreadable\n");
	s.packed = true;
	for (unsigned i = 3; i < 6; i++)
		chain[i].id = (uint16_t)i;
	s.chain += 3;
	s.nchains = 3;
	assert_text(&s, "  chains with the device: 3\n"
		    "    slot -, id 3 ... slot -, id 5: 3 chains without a descriptor;"
		    " stopped: unreadable\n");
	/* Another reason is another line. */
	chain[4].stop = VR_STOP_OVERWRITTEN;
	s.nchains = 1;
	s.chain++;
	assert_text(&s, "  chains with the device: 1\n    slot -, id 4: 0 descriptors,"
		    " 0 bytes to read, 0 to write; stopped: descriptors overwritten by "
		    "the return of other buffers\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_followed_to_its_end),
		cmocka_unit_test(a_circle_ends_after_as_many_as_the_ring_has),
		cmocka_unit_test(a_link_out_of_range_ends_it),
		cmocka_unit_test(an_indirect_table_is_expanded),
		cmocka_unit_test(bad_indirect_tables_end_it),
		cmocka_unit_test(a_bus_address_is_not_followed),
		cmocka_unit_test(addresses_of_an_unknown_kind_are_not_followed),
		cmocka_unit_test(a_missing_table_ends_it),
		cmocka_unit_test(what_was_returned_is_not_listed),
		cmocka_unit_test(unreadable_chains_in_a_row_are_one_line),
	};

	return cmocka_run_group_tests_name("chains", tests, NULL, NULL);
}
