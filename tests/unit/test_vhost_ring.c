// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vhost_ring.c - a host's ring in the memory of the process that owns the
 * guest: behind page tables, behind an IOMMU, in pages that a dump lacks, and
 * the chains in it.
 */
#include "unit.h"
#include "pgtable_builder.h"

#define DIRECT		0xffff888000000000ULL
#define IMAGE		0xffffffff81000000ULL
#define TABLES		0x1000000ULL
#define USER_TABLES	0x2000000ULL
#define MM		(DIRECT + 0x3000000)
#define DEV		(DIRECT + 0x3100000)
#define VQS		(DIRECT + 0x3200000)	/* vhost_dev.vqs */
#define VQ		(DIRECT + 0x3300000)
#define STACK		0x7ffc00001000ULL
#define USER		0x7f1200000000ULL	/* guest memory as the owner has it */
#define PHYS		0x10000000ULL		/* and where that is */
#define GUEST		0x40000000ULL		/* and as the guest has it */
#define IOVA		0x7000000000ULL
#define BACK		0x4500u	/* of a vhost_virtqueue, behind its array of buffers */
#define NUM		16u
#define PAGES		16u
/* Parts of the ring, and room for tables, from the start of any of these. */
#define DESC		0x0000u
#define AVAIL		0x1000u
#define USED		0x2000u
#define TABLE		0x4000u

enum { F_NEXT = 1, F_INDIRECT = 4 };

struct fixture {
	struct fake_target *f;
	struct vr_ctx c;
	struct pgtable kernel, user;
	struct vr_vhost v[2];
	struct vr_host h;
	struct vr_hostq q;
	struct vr_region regions[8];
};

static void known(struct fixture *x, enum vr_slot s, uint32_t offset, uint32_t size)
{
	x->c.layout.f[s] = (struct vr_field){ .known = true, .offset = offset,
		.size = size, .type = "", .path = "" };
}

static void layout(struct fixture *x)
{
	static const struct { enum vr_slot slot; uint32_t offset, size; } at[] = {
		{ VR_MM_PGD, 80, 8 }, { VR_MM_ARG_START, 200, 8 },
		{ VR_VHD_MM, 0, 8 }, { VR_VHD_VQS, 8, 8 }, { VR_VHD_NVQS, 16, 4 },
		{ VR_VHQ_DEV, 0, 8 }, { VR_VHQ_NUM, 8, 4 }, { VR_VHQ_DESC, 16, 8 },
		{ VR_VHQ_AVAIL, 24, 8 }, { VR_VHQ_USED, 32, 8 },
		{ VR_VHQ_LAST_AVAIL, 40, 2 }, { VR_VHQ_AVAIL_IDX, 42, 2 },
		{ VR_VHQ_LAST_USED, 44, 2 }, { VR_VHQ_BACKEND, BACK, 8 },
		{ VR_VHQ_FEATURES, BACK + 8, 8 }, { VR_VHQ_IS_LE, BACK + 16, 1 },
	};

	for (size_t i = 0; i < COUNT_OF(at); i++)
		known(x, at[i].slot, at[i].offset, at[i].size);
}

/* A process with guest memory, and a queue in it that vhost serves. */
static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	uint64_t init_mm = IMAGE + 0x100000;

	assert_non_null(x);
	x->f = fake_new();
	x->f->t.x86_64 = true;
	x->c.t = &x->f->t;
	layout(x);
	fake_symbol(x->f, "_text", IMAGE);
	fake_symbol(x->f, "_end", IMAGE + (32 << 20));
	fake_symbol(x->f, "init_mm", init_mm);
	pt_init(&x->kernel, x->f, 4, DIRECT, TABLES);
	fake_u64(x->f, init_mm + 80, x->kernel.top_kernel);
	pt_init(&x->user, x->f, 4, DIRECT, USER_TABLES);
	fake_u64(x->f, MM + 80, x->user.top_kernel);
	for (unsigned i = 0; i < PAGES; i++)
		pt_map(&x->user, USER + i * FAKE_PAGE, PHYS + i * FAKE_PAGE, 1, 0);
	fake_map(x->f, VR_PHYS, PHYS, PAGES * FAKE_PAGE);
	fake_map(x->f, VR_KERNEL, DEV, FAKE_PAGE);
	x->regions[0] = (struct vr_region){ GUEST, PAGES * FAKE_PAGE, USER };
	x->v[0] = (struct vr_vhost){ .kind = VR_VHOST_VSOCK, .dev = DEV, .mm = MM,
		.regions = x->regions, .nregions = 1, .shown = true };
	x->h = (struct vr_host){ .vhosts = x->v, .nvhosts = 1, .queues = &x->q,
		.nqueues = 1 };
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	vr_arena_free(&x->c.arena);
	vr_arena_free(&x->c.scratch);
	fake_free(x->f);
	free(x);
	return 0;
}

/* Set vhost's own members; 'base' is what its addresses of the ring start at.  The
 * pages between its first and its last are missing: nothing there is needed. */
static void bookkeeping(struct fixture *x, uint64_t vq, uint64_t base,
			uint16_t taken, uint16_t returned)
{
	fake_map(x->f, VR_KERNEL, vq, FAKE_PAGE);
	fake_map(x->f, VR_KERNEL, vq + BACK, 1);
	fake_u64(x->f, vq, DEV);
	fake_u32(x->f, vq + 8, NUM);
	fake_u64(x->f, vq + 16, base + DESC);
	fake_u64(x->f, vq + 24, base + AVAIL);
	fake_u64(x->f, vq + 32, base + USED);
	fake_u16(x->f, vq + 40, taken);
	fake_u16(x->f, vq + 42, taken);
	fake_u16(x->f, vq + 44, returned);
	fake_u64(x->f, vq + BACK, 0xffff888004000000ULL);
	fake_u64(x->f, vq + BACK + 8, 1ULL << 32);
	fake_u8(x->f, vq + BACK + 16, 1);
}

static void put(struct fixture *x, uint32_t at, uint64_t v, unsigned size)
{
	fake_put(x->f, VR_PHYS, PHYS + at, &v, size);
}

static void put_desc(struct fixture *x, uint32_t at, uint64_t addr, uint32_t len,
		     uint16_t flags, uint16_t next)
{
	put(x, at, addr, 8);
	put(x, at + 8, len, 4);
	put(x, at + 12, flags, 2);
	put(x, at + 14, next, 2);
}

static void put_words(struct fixture *x, uint16_t avail, uint16_t used)
{
	put(x, AVAIL + 2, avail, 2);
	put(x, AVAIL + 4 + 2 * NUM, 77, 2);
	put(x, USED + 2, used, 2);
	put(x, USED + 4 + 8 * NUM, 88, 2);
}

static void read_queue(struct fixture *x)
{
	x->q = (struct vr_hostq){ .vhost = &x->v[0], .vhost_virtqueue = VQ };
	vr_vhost_queue(&x->c, &x->q);
}

static void assert_words(const struct fixture *x, uint16_t avail, uint16_t used)
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
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 5, 3);
	put_words(x, 9, 3);
	read_queue(x);
	assert_words(x, 9, 3);
	assert_val(x->q.dma_avail, GUEST + AVAIL);
}

/* An IOMMU maps page by page: what is contiguous there need not be in QEMU. */
static void each_word_has_its_own_entry_in_the_iotlb(void **state)
{
	struct fixture *x = *state;
	uint64_t base = IOVA + FAKE_PAGE - AVAIL - 4 - 2 * NUM;

	bookkeeping(x, VQ, base, 5, 3);
	/* used_event is the first word of the next page, which lies before it. */
	x->regions[0] = (struct vr_region){ IOVA, FAKE_PAGE, USER + 5 * FAKE_PAGE };
	x->regions[1] = (struct vr_region){ IOVA + FAKE_PAGE, FAKE_PAGE,
					    USER + 2 * FAKE_PAGE };
	x->v[0].nregions = 2;
	x->v[0].iotlb = true;
	put(x, 6 * FAKE_PAGE - 4 - 2 * NUM + 2, 9, 2);
	put(x, 2 * FAKE_PAGE, 77, 2);
	put(x, 6 * FAKE_PAGE, 99, 2);
	read_queue(x);
	assert_val(x->q.ring.avail_idx, 9);
	assert_val(x->q.ring.used_event, 77);
}

static void what_the_iotlb_lacks_is_unread(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, IOVA, 5, 3);
	put_words(x, 9, 3);
	x->regions[0] = (struct vr_region){ IOVA, USED, USER };
	x->v[0].iotlb = true;
	read_queue(x);
	assert_val(x->q.ring.avail_idx, 9);
	assert_unread(x->q.ring.used_idx);
	assert_int_equal(x->q.why, VR_TR_UNKNOWN);
	assert_unread(x->q.dma_avail);
}

static void a_page_that_the_dump_lacks_spoils_its_words_only(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 5, 3);
	put_words(x, 9, 3);
	fake_drop(x->f, VR_PHYS, PHYS + AVAIL);
	read_queue(x);
	assert_unread(x->q.ring.avail_idx);
	assert_unread(x->q.ring.used_event);
	assert_val(x->q.ring.used_idx, 3);
	assert_int_equal(x->q.why, VR_TR_NO_PAGE);
}

/* A ring that crosses a page: without its end the indices are still there. */
static void a_missing_end_leaves_the_ring_readable(void **state)
{
	struct fixture *x = *state;
	uint64_t base = USER + FAKE_PAGE - 4 - 2 * 5;	/* its fifth head begins a page */

	bookkeeping(x, VQ, base, 5, 3);
	put(x, AVAIL + FAKE_PAGE - 4 - 2 * 5 + 2, 9, 2);
	fake_u64(x->f, VQ + 32, USER + 6 * FAKE_PAGE);
	put(x, 6 * FAKE_PAGE + 2, 3, 2);
	put(x, 6 * FAKE_PAGE + 4 + 8 * NUM, 88, 2);
	fake_drop(x->f, VR_PHYS, PHYS + AVAIL + FAKE_PAGE);
	read_queue(x);
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
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 5, 3);
	put_words(x, 9, 3);
	fake_u32(x->f, VQ + 8, VR_MAX_RING + 1);
	read_queue(x);
	assert_int_equal(x->q.ring.num, 0);
	assert_unread(x->q.ring.avail_idx);
}

/* Half of it on a missing page: the other half is still there. */
static void vhosts_own_members_survive_a_missing_page(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 5, 3);
	put_words(x, 9, 3);
	fake_drop(x->f, VR_KERNEL, VQ + BACK);
	read_queue(x);
	assert_val(x->q.last_avail_idx, 5);
	assert_unread(x->q.backend);
	assert_words(x, 9, 3);
	get_error(&x->c, VR_E_READ, "private_data");
}

static void a_queue_costs_few_reads_none_of_them_long(void **state)
{
	struct fixture *x = *state;
	uint64_t reads, bytes;

	bookkeeping(x, VQ, USER, 5, 3);
	put_words(x, 9, 3);
	read_queue(x);
	reads = x->f->t.reads;
	bytes = x->f->t.bytes;
	read_queue(x);
	/* Both ends of the struct, four pieces of the ring, the poll's and the worker's. */
	assert_true(x->f->t.reads - reads <= 8);
	assert_true(x->f->t.bytes - bytes <= 512);
}

/* ---- zeros ------------------------------------------------------------------- */

static void stack(struct fixture *x, const char *text)
{
	fake_u64(x->f, MM + 200, STACK + 0xf00);
	pt_map(&x->user, STACK, 0x20000000, 1, 0);
	fake_map(x->f, VR_PHYS, 0x20000000, FAKE_PAGE);
	fake_put(x->f, VR_PHYS, 0x20000f80, text, strlen(text));
}

static bool zeros(struct fixture *x)
{
	read_queue(x);
	x->v[0].judged = x->v[1].judged = false;
	vr_vhost_doubt_zeros(&x->c, &x->h);
	return x->q.zeros;
}

static void an_idle_ring_is_all_zeros(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 0, 0);
	assert_false(zeros(x));
	stack(x, "qemu");
	assert_false(zeros(x));
}

static void a_ring_with_traffic_is_not(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 5, 5);
	assert_true(zeros(x));
	put(x, USED + 2, 5, 2);
	assert_false(zeros(x));
}

/* One page is in the dump, and the other reads as zeros. */
static void half_a_ring_of_zeros_is_not_taken_for_one(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 500, 500);
	put(x, AVAIL + 2, 500, 2);
	assert_false(zeros(x));
	assert_val(x->q.ring.avail_idx, 500);
	assert_unread(x->q.ring.used_idx);
	assert_unread(x->q.ring.avail_event);
	assert_int_equal(x->q.why, VR_TR_NO_PAGE);
	/* An index that somebody set to 0, among what vhost has returned. */
	put(x, USED + 4, 7, 4);
	assert_false(zeros(x));
	assert_val(x->q.ring.used_idx, 0);
	assert_int_equal(x->q.why, VR_TR_OK);
	put(x, USED + 2, 500, 2);
	put(x, AVAIL + 2, 0, 2);
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
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 5, 5);
	fake_u64(x->f, VQ + BACK, 0);
	assert_false(zeros(x));
}

static void a_process_without_arguments_was_left_out(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 0, 0);
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
	struct fixture *x = *state;
	uint64_t other = VQ + 0x10000;

	bookkeeping(x, VQ, USER, 0, 0);
	bookkeeping(x, other, USER + 8 * FAKE_PAGE, 5, 5);
	fake_u64(x->f, DEV + 8, VQS);
	fake_u32(x->f, DEV + 16, 1);
	fake_u64(x->f, VQS, other);
	x->v[1] = x->v[0];
	x->v[1].shown = false;
	x->h.nvhosts = 2;
	assert_true(zeros(x));
	put(x, 8 * FAKE_PAGE + USED + 2, 5, 2);
	assert_false(zeros(x));
	put(x, 8 * FAKE_PAGE + USED + 2, 0, 2);
	x->v[1].mm = MM + 0x1000;
	assert_false(zeros(x));
}

/* ---- chains ------------------------------------------------------------------- */

static const struct vr_chains *chains(struct fixture *x)
{
	read_queue(x);
	vr_host_chains(&x->c, &x->q);
	assert_true(x->q.chains.wanted);
	return &x->q.chains;
}

static void what_vhost_holds_is_from_last_used_to_avail(void **state)
{
	struct fixture *x = *state;
	const struct vr_chains *s;

	bookkeeping(x, VQ, USER, 65535, 65534);
	put_words(x, 1, 65534);
	/* Slots 14, 15 and 0: across the wrap of index and ring alike. */
	put(x, AVAIL + 4 + 2 * 13, 9, 2);
	put(x, AVAIL + 4 + 2 * 14, 4, 2);
	put(x, AVAIL + 4 + 2 * 15, 6, 2);
	put(x, AVAIL + 4, 2, 2);
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
	struct fixture *x = *state;
	const struct vr_chains *s;

	x->v[0].kind = VR_VHOST_SCSI;
	bookkeeping(x, VQ, USER, 5, 3);
	put_words(x, 7, 3);
	for (unsigned slot = 3; slot < 7; slot++) {
		put(x, AVAIL + 4 + 2 * slot, slot, 2);
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
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 3, 3);
	put_words(x, 3 + NUM + 1, 3);
	assert_false(chains(x)->known);
	assert_int_equal(get_error(&x->c, VR_E_RANGE, "avail->idx - last_used_idx")->value,
			 NUM + 1);
	put_words(x, 3 + NUM, 3);
	assert_int_equal(chains(x)->nchains, NUM);
}

static void rings_that_cannot_be_read_leave_them_unknown(void **state)
{
	struct fixture *x = *state;

	bookkeeping(x, VQ, USER, 3, 3);
	put_words(x, 4, 3);
	fake_drop(x->f, VR_PHYS, PHYS + AVAIL);
	assert_false(chains(x)->known);
}

/* The words of a ring may be there while the rest of it is not. */
static void parts_that_cannot_be_read_are_told(void **state)
{
	struct fixture *x = *state;
	const struct vr_chains *s;

	bookkeeping(x, VQ, USER, 1, 1);
	put_words(x, 2, 1);
	put(x, AVAIL + 4 + 2, 7, 2);
	fake_drop(x->f, VR_PHYS, PHYS + DESC);
	s = chains(x);
	assert_int_equal(s->nchains, 1);
	assert_int_equal(s->chain[0].stop, VR_STOP_UNREADABLE);
	assert_int_equal(s->chain[0].count, 0);
}

static void a_slot_that_the_iotlb_lacks_is_noted_once(void **state)
{
	struct fixture *x = *state;
	/* The first slots are on a page for themselves. */
	uint64_t base = IOVA + FAKE_PAGE - AVAIL - 4;

	bookkeeping(x, VQ, base, 0, 0);
	fake_u64(x->f, VQ + 16, base & ~15ULL);
	x->regions[0] = (struct vr_region){ IOVA, FAKE_PAGE, USER };
	x->v[0].nregions = 1;
	x->v[0].iotlb = true;
	put(x, FAKE_PAGE - 2, 2, 2);
	assert_int_equal(chains(x)->nchains, 0);
	assert_true(x->q.chains.known);
	assert_int_equal(get_error(&x->c, VR_E_READ, "avail->ring")->addr,
			 IOVA + FAKE_PAGE);
	assert_int_equal(x->c.nerrors, 1);
}

static void a_table_across_the_end_of_a_region_is_not_misread(void **state)
{
	struct fixture *x = *state;
	const struct vr_chains *s;
	uint32_t at = 6 * FAKE_PAGE - 24;

	bookkeeping(x, VQ, USER, 0, 0);
	put_words(x, 1, 0);
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

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

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
		TEST(what_vhost_holds_is_from_last_used_to_avail),
		TEST(what_vhost_scsi_has_not_taken_is_held_for_sure),
		TEST(an_impossible_index_leaves_them_unknown),
		TEST(rings_that_cannot_be_read_leave_them_unknown),
		TEST(parts_that_cannot_be_read_are_told),
		TEST(a_slot_that_the_iotlb_lacks_is_noted_once),
		TEST(a_table_across_the_end_of_a_region_is_not_misread),
	};

	return cmocka_run_group_tests_name("vhost_ring", tests, NULL, NULL);
}
