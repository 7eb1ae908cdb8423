// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vhost_chains.c - the chains in a host's ring, in the memory of the process that
 * owns the guest.
 */
#include "unit.h"
#include "vhost_ring_builder.h"

enum { F_NEXT = 1, F_INDIRECT = 4 };

static void put_desc(struct vhost_ring *x, uint32_t at, uint64_t addr, uint32_t len,
		     uint16_t flags, uint16_t next)
{
	vhost_put(x, at, addr, 8);
	vhost_put(x, at + 8, len, 4);
	vhost_put(x, at + 12, flags, 2);
	vhost_put(x, at + 14, next, 2);
}

static const struct vr_chains *chains(struct vhost_ring *x)
{
	vhost_read_queue(x);
	vr_host_chains(&x->c, &x->q);
	assert_true(x->q.chains.wanted);
	return &x->q.chains;
}

static void what_vhost_holds_is_from_last_used_to_avail(void **state)
{
	struct vhost_ring *x = *state;
	const struct vr_chains *s;

	vhost_bookkeeping(x, VQ, USER, 65535, 65534);
	vhost_put_words(x, 1, 65534);
	/* Slots 14, 15 and 0: across the wrap of index and ring alike. */
	vhost_put(x, AVAIL + 4 + 2 * 13, 9, 2);
	vhost_put(x, AVAIL + 4 + 2 * 14, 4, 2);
	vhost_put(x, AVAIL + 4 + 2 * 15, 6, 2);
	vhost_put(x, AVAIL + 4, 2, 2);
	put_desc(x, 16 * 4, GUEST + 0x100, 30, F_NEXT, 5);
	put_desc(x, 16 * 5, GUEST + 0x200, 40, 0, 0);
	put_desc(x, 16 * 6, GUEST + TABLE, 32, F_INDIRECT, 0);
	put_desc(x, TABLE, GUEST + 0x300, 50, F_NEXT, 1);
	put_desc(x, TABLE + 16, GUEST + 0x400, 60, 0, 0);
	put_desc(x, 16 * 2, GUEST + 0x500, 70, 0, 0);
	s = chains(x);
	assert_true(s->known);
	assert_int_equal(s->nchains, 3);
	assert_int_equal(s->chain[0].head, 4);
	assert_int_equal(s->chain[0].readable, 70);
	assert_int_equal(s->chain[1].head, 6);
	assert_int_equal(s->chain[1].readable, 110);
	assert_int_equal(s->chain[1].count, 3);
	assert_int_equal(s->chain[2].head, 2);
	assert_int_equal(s->chain[2].stop, VR_STOP_END);
}

/* Its disks answer in any order: of what it has taken, the first may be back. */
static void what_vhost_scsi_has_not_taken_is_held_for_sure(void **state)
{
	struct vhost_ring *x = *state;
	const struct vr_chains *s;

	x->v[0].kind = VR_VHOST_SCSI;
	vhost_bookkeeping(x, VQ, USER, 5, 3);
	vhost_put_words(x, 7, 3);
	for (unsigned slot = 3; slot < 7; slot++) {
		vhost_put(x, AVAIL + 4 + 2 * slot, slot, 2);
		put_desc(x, 16 * slot, GUEST + 0x100, 30, 0, 0);
	}
	s = chains(x);
	assert_true(s->known);
	assert_int_equal(s->nchains, 2);
	assert_int_equal(s->chain[0].head, 5);
	assert_int_equal(s->chain[1].head, 6);
}

static void an_impossible_index_leaves_them_unknown(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 3, 3);
	vhost_put_words(x, 3 + NUM + 1, 3);
	assert_false(chains(x)->known);
	assert_int_equal(get_error(&x->c, VR_E_RANGE, "avail->idx - last_used_idx")->value,
			 NUM + 1);
	vhost_put_words(x, 3 + NUM, 3);
	assert_int_equal(chains(x)->nchains, NUM);
}

static void rings_that_cannot_be_read_leave_them_unknown(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 3, 3);
	vhost_put_words(x, 4, 3);
	fake_drop(x->f, VR_PHYS, PHYS + AVAIL);
	assert_false(chains(x)->known);
}

/* The words of a ring may be there while the rest of it is not. */
static void parts_that_cannot_be_read_are_told(void **state)
{
	struct vhost_ring *x = *state;
	const struct vr_chains *s;

	vhost_bookkeeping(x, VQ, USER, 1, 1);
	vhost_put_words(x, 2, 1);
	vhost_put(x, AVAIL + 4 + 2, 7, 2);
	fake_drop(x->f, VR_PHYS, PHYS + DESC);
	s = chains(x);
	assert_int_equal(s->nchains, 1);
	assert_int_equal(s->chain[0].stop, VR_STOP_UNREADABLE);
	assert_int_equal(s->chain[0].count, 0);
}

static void a_slot_that_the_iotlb_lacks_is_noted_once(void **state)
{
	struct vhost_ring *x = *state;
	/* The first slots are on a page for themselves. */
	uint64_t base = IOVA + FAKE_PAGE - AVAIL - 4;

	vhost_bookkeeping(x, VQ, base, 0, 0);
	fake_u64(x->f, VQ + 16, base & ~15ULL);
	x->regions[0] = (struct vr_region){ IOVA, FAKE_PAGE, USER };
	x->v[0].nregions = 1;
	x->v[0].iotlb = true;
	vhost_put(x, FAKE_PAGE - 2, 2, 2);
	assert_int_equal(chains(x)->nchains, 0);
	assert_true(x->q.chains.known);
	assert_int_equal(get_error(&x->c, VR_E_READ, "avail->ring")->addr,
			 IOVA + FAKE_PAGE);
	assert_int_equal(x->c.nerrors, 1);
}

static void a_table_across_the_end_of_a_region_is_not_misread(void **state)
{
	struct vhost_ring *x = *state;
	const struct vr_chains *s;
	uint32_t at = 6 * FAKE_PAGE - 24;

	vhost_bookkeeping(x, VQ, USER, 0, 0);
	vhost_put_words(x, 1, 0);
	put_desc(x, 0, GUEST + at, 32, F_INDIRECT, 0);
	put_desc(x, at, GUEST, 10, F_NEXT, 1);
	put_desc(x, at + 16, GUEST, 10, 0, 0);
	assert_int_equal(chains(x)->chain[0].stop, VR_STOP_END);
	/* The guest's memory goes on elsewhere in the owner's. */
	x->regions[0].size = 6 * FAKE_PAGE;
	x->regions[1] = (struct vr_region){ GUEST + 6 * FAKE_PAGE, FAKE_PAGE,
					    USER + 9 * FAKE_PAGE };
	x->v[0].nregions = 2;
	s = chains(x);
	assert_int_equal(s->chain[0].count, 2);
	assert_int_equal(s->chain[0].stop, VR_STOP_UNREADABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_vhost_holds_is_from_last_used_to_avail),
		TEST(what_vhost_scsi_has_not_taken_is_held_for_sure),
		TEST(an_impossible_index_leaves_them_unknown),
		TEST(rings_that_cannot_be_read_leave_them_unknown),
		TEST(parts_that_cannot_be_read_are_told),
		TEST(a_slot_that_the_iotlb_lacks_is_noted_once),
		TEST(a_table_across_the_end_of_a_region_is_not_misread),
	};

	return cmocka_run_group_tests_name("vhost_chains", tests, NULL, NULL);
}
