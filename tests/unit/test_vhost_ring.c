// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vhost_ring.c - a host's ring in the memory of the process that owns the
 * guest: behind page tables, behind an IOMMU, and in pages that a dump lacks.
 */
#include "unit.h"
#include "vhost_ring_builder.h"

#define VQS	(DIRECT + 0x3200000)	/* vhost_dev.vqs */
#define STACK	0x7ffc00001000ULL

static void assert_words(const struct vhost_ring *x, uint16_t avail, uint16_t used)
{
	assert_int_equal(x->q.why, VR_TR_OK);
	assert_val(x->q.ring.avail_idx, avail);
	assert_val(x->q.ring.used_event, 77);
	assert_val(x->q.ring.used_idx, used);
	assert_val(x->q.ring.avail_event, 88);
}

/* ---- the words ------------------------------------------------------------- */

static void words_are_read_in_the_owners_memory(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 5, 3);
	vhost_put_words(x, 9, 3);
	vhost_read_queue(x);
	assert_words(x, 9, 3);
	assert_val(x->q.dma_avail, GUEST + AVAIL);
}

/* An IOMMU maps page by page: what is contiguous there need not be in QEMU. */
static void each_word_has_its_own_entry_in_the_iotlb(void **state)
{
	struct vhost_ring *x = *state;
	uint64_t base = IOVA + FAKE_PAGE - AVAIL - 4 - 2 * NUM;

	vhost_bookkeeping(x, VQ, base, 5, 3);
	/* used_event is the first word of the next page, which lies before it. */
	x->regions[0] = (struct vr_region){ IOVA, FAKE_PAGE, USER + 5 * FAKE_PAGE };
	x->regions[1] = (struct vr_region){ IOVA + FAKE_PAGE, FAKE_PAGE,
					    USER + 2 * FAKE_PAGE };
	x->v[0].nregions = 2;
	x->v[0].iotlb = true;
	vhost_put(x, 6 * FAKE_PAGE - 4 - 2 * NUM + 2, 9, 2);
	vhost_put(x, 2 * FAKE_PAGE, 77, 2);
	vhost_put(x, 6 * FAKE_PAGE, 99, 2);
	vhost_read_queue(x);
	assert_val(x->q.ring.avail_idx, 9);
	assert_val(x->q.ring.used_event, 77);
}

static void what_the_iotlb_lacks_is_unread(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, IOVA, 5, 3);
	vhost_put_words(x, 9, 3);
	x->regions[0] = (struct vr_region){ IOVA, USED, USER };
	x->v[0].iotlb = true;
	vhost_read_queue(x);
	assert_val(x->q.ring.avail_idx, 9);
	assert_unread(x->q.ring.used_idx);
	assert_int_equal(x->q.why, VR_TR_UNKNOWN);
	assert_unread(x->q.dma_avail);
}

static void a_page_that_the_dump_lacks_spoils_its_words_only(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 5, 3);
	vhost_put_words(x, 9, 3);
	fake_drop(x->f, VR_PHYS, PHYS + AVAIL);
	vhost_read_queue(x);
	assert_unread(x->q.ring.avail_idx);
	assert_unread(x->q.ring.used_event);
	assert_val(x->q.ring.used_idx, 3);
	assert_int_equal(x->q.why, VR_TR_NO_PAGE);
}

/* A ring that crosses a page: without its end the indices are still there. */
static void a_missing_end_leaves_the_ring_readable(void **state)
{
	struct vhost_ring *x = *state;
	uint64_t base = USER + FAKE_PAGE - 4 - 2 * 5;	/* its fifth head begins a page */

	vhost_bookkeeping(x, VQ, base, 5, 3);
	vhost_put(x, AVAIL + FAKE_PAGE - 4 - 2 * 5 + 2, 9, 2);
	fake_u64(x->f, VQ + 32, USER + 6 * FAKE_PAGE);
	vhost_put(x, 6 * FAKE_PAGE + 2, 3, 2);
	vhost_put(x, 6 * FAKE_PAGE + 4 + 8 * NUM, 88, 2);
	fake_drop(x->f, VR_PHYS, PHYS + AVAIL + FAKE_PAGE);
	vhost_read_queue(x);
	assert_val(x->q.ring.avail_idx, 9);
	assert_val(x->q.ring.used_idx, 3);
	assert_val(x->q.ring.avail_event, 88);
	assert_unread(x->q.ring.used_event);
	assert_unread(x->q.next_head);
	assert_int_equal(x->q.why, VR_TR_OK);
	get_error(&x->c, VR_E_READ, "used_event in the owner's memory");
}

static void sizes_that_no_ring_has_are_refused(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 5, 3);
	vhost_put_words(x, 9, 3);
	fake_u32(x->f, VQ + 8, VR_MAX_RING + 1);
	vhost_read_queue(x);
	assert_int_equal(x->q.ring.num, 0);
	assert_unread(x->q.ring.avail_idx);
}

/* Half of it on a missing page: the other half is still there. */
static void vhosts_own_members_survive_a_missing_page(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 5, 3);
	vhost_put_words(x, 9, 3);
	fake_drop(x->f, VR_KERNEL, VQ + BACK);
	vhost_read_queue(x);
	assert_val(x->q.last_avail_idx, 5);
	assert_unread(x->q.backend);
	assert_words(x, 9, 3);
	get_error(&x->c, VR_E_READ, "private_data");
}

static void a_queue_costs_few_reads_none_of_them_long(void **state)
{
	struct vhost_ring *x = *state;
	uint64_t reads, bytes;

	vhost_bookkeeping(x, VQ, USER, 5, 3);
	vhost_put_words(x, 9, 3);
	vhost_read_queue(x);
	reads = x->f->t.reads;
	bytes = x->f->t.bytes;
	vhost_read_queue(x);
	/* Both ends of the struct, four pieces of the ring, the poll's and the worker's. */
	assert_true(x->f->t.reads - reads <= 8);
	assert_true(x->f->t.bytes - bytes <= 512);
}

/* ---- zeros ------------------------------------------------------------------- */

static void stack(struct vhost_ring *x, const char *text)
{
	fake_u64(x->f, MM + 200, STACK + 0xf00);
	pt_map(&x->user, STACK, 0x20000000, 1, 0);
	fake_map(x->f, VR_PHYS, 0x20000000, FAKE_PAGE);
	fake_put(x->f, VR_PHYS, 0x20000f80, text, strlen(text));
}

static bool zeros(struct vhost_ring *x)
{
	vhost_read_queue(x);
	x->v[0].judged = x->v[1].judged = false;
	vr_vhost_doubt_zeros(&x->c, &x->h);
	return x->q.zeros;
}

static void an_idle_ring_is_all_zeros(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 0, 0);
	assert_false(zeros(x));
	stack(x, "qemu");
	assert_false(zeros(x));
}

static void a_ring_with_traffic_is_not(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 5, 5);
	assert_true(zeros(x));
	vhost_put(x, USED + 2, 5, 2);
	assert_false(zeros(x));
}

/* One page is in the dump, and the other reads as zeros. */
static void half_a_ring_of_zeros_is_not_taken_for_one(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 500, 500);
	vhost_put(x, AVAIL + 2, 500, 2);
	assert_false(zeros(x));
	assert_val(x->q.ring.avail_idx, 500);
	assert_unread(x->q.ring.used_idx);
	assert_unread(x->q.ring.avail_event);
	assert_int_equal(x->q.why, VR_TR_NO_PAGE);
	/* An index that somebody set to 0, among what vhost has returned. */
	vhost_put(x, USED + 4, 7, 4);
	assert_false(zeros(x));
	assert_val(x->q.ring.used_idx, 0);
	assert_int_equal(x->q.why, VR_TR_OK);
	vhost_put(x, USED + 2, 500, 2);
	vhost_put(x, AVAIL + 2, 0, 2);
	assert_false(zeros(x));
	assert_unread(x->q.ring.avail_idx);
	assert_unread(x->q.next_head);
	assert_val(x->q.ring.used_idx, 500);
	/* Not served. */
	fake_u64(x->f, VQ + BACK, 0);
	assert_false(zeros(x));
	assert_val(x->q.ring.avail_idx, 0);
}

/* Its guest may have started anew, with vhost's old indices left behind. */
static void a_ring_that_nobody_serves_proves_nothing(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 5, 5);
	fake_u64(x->f, VQ + BACK, 0);
	assert_false(zeros(x));
}

static void a_process_without_arguments_was_left_out(void **state)
{
	struct vhost_ring *x = *state;

	vhost_bookkeeping(x, VQ, USER, 0, 0);
	stack(x, "");
	assert_true(zeros(x));
	fake_put(x->f, VR_PHYS, 0x20000ff8, "q", 1);
	assert_false(zeros(x));
	fake_drop(x->f, VR_PHYS, 0x20000000);
	assert_false(zeros(x));
}

/* The other device was not asked for, and so is not among the queues. */
static void another_device_of_the_process_gives_it_away(void **state)
{
	struct vhost_ring *x = *state;
	uint64_t other = VQ + 0x10000;

	vhost_bookkeeping(x, VQ, USER, 0, 0);
	vhost_bookkeeping(x, other, USER + 8 * FAKE_PAGE, 5, 5);
	fake_u64(x->f, DEV + 8, VQS);
	fake_u32(x->f, DEV + 16, 1);
	fake_u64(x->f, VQS, other);
	x->v[1] = x->v[0];
	x->v[1].shown = false;
	x->h.nvhosts = 2;
	assert_true(zeros(x));
	vhost_put(x, 8 * FAKE_PAGE + USED + 2, 5, 2);
	assert_false(zeros(x));
	vhost_put(x, 8 * FAKE_PAGE + USED + 2, 0, 2);
	x->v[1].mm = MM + 0x1000;
	assert_false(zeros(x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(words_are_read_in_the_owners_memory),
		TEST(each_word_has_its_own_entry_in_the_iotlb),
		TEST(what_the_iotlb_lacks_is_unread),
		TEST(a_page_that_the_dump_lacks_spoils_its_words_only),
		TEST(a_missing_end_leaves_the_ring_readable),
		TEST(sizes_that_no_ring_has_are_refused),
		TEST(vhosts_own_members_survive_a_missing_page),
		TEST(a_queue_costs_few_reads_none_of_them_long),
		TEST(an_idle_ring_is_all_zeros),
		TEST(half_a_ring_of_zeros_is_not_taken_for_one),
		TEST(a_ring_with_traffic_is_not),
		TEST(a_ring_that_nobody_serves_proves_nothing),
		TEST(a_process_without_arguments_was_left_out),
		TEST(another_device_of_the_process_gives_it_away),
	};

	return cmocka_run_group_tests_name("vhost_ring", tests, NULL, NULL);
}
