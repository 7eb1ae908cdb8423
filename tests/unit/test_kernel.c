// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_kernel.c - reading structs, ranges and strings of which pages may be
 * missing.  The walks over lists are in test_lists.c.
 */
#include "unit.h"
#include "fake_target.h"

#define AT	0xffff888012340000ULL

/* A context whose layout has only what a test puts there. */
struct fixture {
	struct fake_target *f;
	struct vr_ctx c;
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->f = fake_new();
	x->c.t = &x->f->t;
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

static void known(struct vr_ctx *c, enum vr_slot s, uint32_t offset,
		  uint32_t size)
{
	c->layout.f[s] = (struct vr_field){ .known = true, .offset = offset,
					    .size = size };
}

/* ---- structs ------------------------------------------------------------- */

static void members_of_1_2_4_and_8_bytes_are_numbers(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o;

	fake_u64(x->f, AT, 0x1122334455667788ULL);
	known(&x->c, VR_VVQ_BROKEN, 0, 1);
	known(&x->c, VR_VVQ_LAST_USED_IDX, 2, 2);
	known(&x->c, VR_VVQ_NUM, 4, 4);
	known(&x->c, VR_VVQ_DESC, 0, 8);
	o = vr_obj_load(&x->c, AT, 64, "a struct");
	assert_val(vr_get(&x->c, &o, VR_VVQ_BROKEN, "b"), 0x88);
	assert_val(vr_get(&x->c, &o, VR_VVQ_LAST_USED_IDX, "l"), 0x5566);
	assert_val(vr_get(&x->c, &o, VR_VVQ_NUM, "n"), 0x11223344);
	assert_val(vr_get(&x->c, &o, VR_VVQ_DESC, "d"), 0x1122334455667788ULL);
	assert_int_equal(x->c.nerrors, 0);
}

static void a_member_the_kernel_lacks_is_absent_and_no_error(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o;

	fake_map(x->f, VR_KERNEL, AT, 64);
	o = vr_obj_load(&x->c, AT, 64, "a struct");
	assert_absent(vr_get(&x->c, &o, VR_VVQ_AVAIL_IDX_SHADOW, "shadow"));
	assert_int_equal(vr_get_ptr(&x->c, &o, VR_VVQ_DESC_STATE_PTR, "s"), 0);
	assert_int_equal(x->c.nerrors, 0);
}

static void a_member_of_an_odd_size_is_unread(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o;

	fake_map(x->f, VR_KERNEL, AT, 64);
	o = vr_obj_load(&x->c, AT, 64, "a struct");
	for (uint32_t size = 0; size < 8; size++) {
		if (size == 1 || size == 2 || size == 4)
			continue;
		known(&x->c, VR_VVQ_NUM, 0, size);
		assert_unread(vr_get(&x->c, &o, VR_VVQ_NUM, NULL));
		/* Who asks under a name is told, with where it is. */
		x->c.nerrors = 0;
		assert_unread(vr_get(&x->c, &o, VR_VVQ_NUM, "vring.num"));
		assert_int_equal(get_error(&x->c, VR_E_SIZE, "vring.num")->len, size);
		assert_int_equal(x->c.errors[0].addr, AT);
		assert_int_equal(x->c.nerrors, 1);
	}
}

/* 6.17's feature bits are an array; its first word is the old member. */
static void an_array_gives_its_first_8_bytes(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o = { .addr = AT };

	fake_u64(x->f, AT + 16, 0x300000001ULL);
	fake_u64(x->f, AT + 24, 0x99);
	known(&x->c, VR_VDEV_FEATURES, 16, 16);
	assert_val(vr_get(&x->c, &o, VR_VDEV_FEATURES, "f"), 0x300000001ULL);
}

static void members_on_the_other_page_survive_a_missing_one(void **state)
{
	struct fixture *x = *state;
	const uint64_t at = AT + FAKE_PAGE - 32;
	const struct vr_error *e;
	struct vr_obj o;

	fake_u32(x->f, at + 8, 4711);
	fake_u32(x->f, at + 40, 4712);
	fake_drop(x->f, VR_KERNEL, AT + FAKE_PAGE);
	known(&x->c, VR_VQ_NUM_FREE, 8, 4);
	known(&x->c, VR_VVQ_FREE_HEAD, 40, 4);
	o = vr_obj_load(&x->c, at, 64, "a struct");
	assert_val(vr_get(&x->c, &o, VR_VQ_NUM_FREE, "num_free"), 4711);
	assert_unread(vr_get(&x->c, &o, VR_VVQ_FREE_HEAD, "free_head"));
	assert_int_equal(x->c.nerrors, 1);
	/* The page is told once, not each of its members. */
	e = get_error(&x->c, VR_E_READ, "a struct");
	assert_int_equal(e->addr, AT + FAKE_PAGE);
	assert_int_equal(e->len, 32);
}

static void without_a_name_a_failed_read_is_not_noted(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o = vr_obj_load(&x->c, AT, 64, NULL);

	known(&x->c, VR_VQ_NUM_FREE, 8, 4);
	assert_unread(vr_get(&x->c, &o, VR_VQ_NUM_FREE, NULL));
	assert_int_equal(vr_get_ptr(&x->c, &o, VR_VQ_NUM_FREE, NULL), 0);
	assert_int_equal(x->c.nerrors, 0);
}

static void an_object_of_no_or_a_huge_size_is_read_member_by_member(void **state)
{
	static const size_t sizes[] = { 0, 65537, SIZE_MAX };
	struct fixture *x = *state;

	fake_u32(x->f, AT + 8, 99);
	known(&x->c, VR_VQ_NUM_FREE, 8, 4);
	for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
		struct vr_obj o = vr_obj_load(&x->c, AT, sizes[i], "a struct");

		assert_null(o.data);
		assert_val(vr_get(&x->c, &o, VR_VQ_NUM_FREE, "n"), 99);
	}
	assert_int_equal(x->c.arena.total, 0);
}

static void an_object_is_read_with_one_call(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o;

	fake_map(x->f, VR_KERNEL, AT, 256);
	known(&x->c, VR_VQ_NUM_FREE, 8, 4);
	known(&x->c, VR_VVQ_FREE_HEAD, 40, 4);
	o = vr_obj_load(&x->c, AT, 256, "a struct");
	assert_val(vr_get(&x->c, &o, VR_VQ_NUM_FREE, "n"), 0);
	assert_val(vr_get(&x->c, &o, VR_VVQ_FREE_HEAD, "h"), 0);
	assert_int_equal(x->f->t.reads, 1);
	assert_int_equal(x->f->t.bytes, 256);
}

static void a_member_behind_the_copy_is_read_for_itself(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o;

	fake_map(x->f, VR_KERNEL, AT, 256);
	fake_u32(x->f, AT + 62, 0x12345678);
	known(&x->c, VR_VQ_NUM_FREE, 62, 4);
	o = vr_obj_load(&x->c, AT, 64, "a struct");
	assert_val(vr_get(&x->c, &o, VR_VQ_NUM_FREE, "n"), 0x12345678);
}

static void a_null_pointer_is_noted_with_the_place_that_holds_it(void **state)
{
	struct fixture *x = *state;
	struct vr_obj o;

	fake_u64(x->f, AT + 24, 0);
	known(&x->c, VR_VVQ_AVAIL, 24, 8);
	o = vr_obj_load(&x->c, AT, 64, "a struct");
	assert_int_equal(vr_get_ptr(&x->c, &o, VR_VVQ_AVAIL, "vring.avail"), 0);
	assert_int_equal(get_error(&x->c, VR_E_NULL, "vring.avail")->addr, AT + 24);
	assert_int_equal(vr_get_ptr(&x->c, &o, VR_VVQ_AVAIL, NULL), 0);
	assert_int_equal(x->c.nerrors, 1);
}

/* ---- ranges with holes --------------------------------------------------- */

/* 'pages' pages from AT on; every 16-bit word holds its own number. */
static void put_words(struct fixture *x, unsigned pages)
{
	for (uint32_t i = 0; i < pages * FAKE_PAGE / 2; i++)
		fake_u16(x->f, AT + 2 * i, (uint16_t)i);
}

static void a_whole_range_is_read_with_one_call(void **state)
{
	struct fixture *x = *state;
	struct vr_span s;

	put_words(x, 3);
	assert_int_equal(vr_span_load(&x->c, &s, AT + 100, 8000, "r"), 0);
	assert_int_equal(x->f->t.reads, 1);
	assert_val(vr_span_get(&s, 0, 2, false), 50);
	assert_val(vr_span_get(&s, 7998, 2, false), 4049);
	assert_null(s.missing);
}

static void a_hole_spoils_only_its_page(void **state)
{
	struct fixture *x = *state;
	const struct vr_error *e;
	struct vr_span s;

	put_words(x, 4);
	fake_drop(x->f, VR_KERNEL, AT + FAKE_PAGE);
	assert_int_equal(vr_span_load(&x->c, &s, AT + 100, 12000, "ring"), 0);
	assert_val(vr_span_get(&s, 0, 2, false), 50);
	assert_val(vr_span_get(&s, 3994, 2, false), 2047);
	assert_unread(vr_span_get(&s, 3996, 2, false));
	assert_unread(vr_span_get(&s, 3996 + 4094, 2, false));
	assert_val(vr_span_get(&s, 3996 + 4096, 2, false), 4096);
	assert_val(vr_span_get(&s, 11998, 2, false), 6049);
	assert_int_equal(x->c.nerrors, 1);
	e = get_error(&x->c, VR_E_READ, "ring");
	assert_int_equal(e->addr, AT + FAKE_PAGE);
	assert_int_equal(e->len, 4096);
}

static void the_first_and_the_last_page_may_be_the_hole(void **state)
{
	struct fixture *x = *state;
	struct vr_span s;

	put_words(x, 3);
	fake_drop(x->f, VR_KERNEL, AT);
	fake_drop(x->f, VR_KERNEL, AT + 2 * FAKE_PAGE);
	assert_int_equal(vr_span_load(&x->c, &s, AT + 4000, 4300, "r"), 0);
	assert_unread(vr_span_get(&s, 0, 2, false));
	assert_val(vr_span_get(&s, 96, 2, false), 2048);
	assert_val(vr_span_get(&s, 96 + 4094, 2, false), 4095);
	assert_unread(vr_span_get(&s, 96 + 4096, 2, false));
	assert_int_equal(x->c.nerrors, 2);
	/* What was asked for on each page, not the page. */
	assert_int_equal(x->c.errors[0].addr, AT + 4000);
	assert_int_equal(x->c.errors[0].len, 96);
	assert_int_equal(x->c.errors[1].addr, AT + 2 * FAKE_PAGE);
	assert_int_equal(x->c.errors[1].len, 108);
}

static void a_value_that_reaches_into_a_hole_is_unread(void **state)
{
	struct fixture *x = *state;
	struct vr_span s;

	put_words(x, 3);
	fake_drop(x->f, VR_KERNEL, AT + FAKE_PAGE);
	assert_int_equal(vr_span_load(&x->c, &s, AT, 3 * FAKE_PAGE, "r"), 0);
	assert_val(vr_span_get(&s, 4092, 4, false), 2047U << 16 | 2046);
	assert_unread(vr_span_get(&s, 4093, 4, false));
	assert_unread(vr_span_get(&s, 8190, 8, false));
}

static void a_range_without_any_page_is_a_failure(void **state)
{
	struct fixture *x = *state;
	struct vr_span s;

	assert_int_equal(vr_span_load(&x->c, &s, AT, 5000, "r"), -1);
	assert_unread(vr_span_get(&s, 0, 2, false));
	assert_unread(vr_span_get(&s, 4998, 2, false));
	/* One hole, however many pages it has. */
	assert_int_equal(x->c.nerrors, 1);
	assert_int_equal(x->c.errors[0].addr, AT);
	assert_int_equal(x->c.errors[0].len, 5000);
}

static void nothing_is_read_outside_of_a_range(void **state)
{
	struct fixture *x = *state;
	struct vr_span s;

	put_words(x, 1);
	assert_int_equal(vr_span_load(&x->c, &s, AT, 100, "r"), 0);
	assert_val(vr_span_get(&s, 98, 2, false), 49);
	assert_unread(vr_span_get(&s, 99, 2, false));
	assert_unread(vr_span_get(&s, 100, 2, false));
	assert_unread(vr_span_get(&s, 93, 8, false));
	assert_unread(vr_span_get(&s, 1U << 20, 4, false));
}

static void words_are_read_in_either_byte_order(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct fixture *x = *state;
	struct vr_span s;

	fake_put(x->f, VR_KERNEL, AT, bytes, sizeof(bytes));
	assert_int_equal(vr_span_load(&x->c, &s, AT, 8, "r"), 0);
	assert_val(vr_span_get(&s, 0, 2, false), 0x0201);
	assert_val(vr_span_get(&s, 0, 2, true), 0x0102);
	assert_val(vr_span_get(&s, 4, 4, false), 0x08070605);
	assert_val(vr_span_get(&s, 4, 4, true), 0x05060708);
	assert_val(vr_span_get(&s, 0, 8, true), 0x0102030405060708ULL);
}

static void a_range_beyond_the_budget_is_noted(void **state)
{
	struct fixture *x = *state;
	struct vr_span s;

	assert_int_equal(vr_span_load(&x->c, &s, AT, 300 << 20, "r"), -1);
	assert_unread(vr_span_get(&s, 0, 2, false));
	get_error(&x->c, VR_E_MEMORY, "r");
	assert_int_equal(x->f->t.reads, 0);
}

/* ---- strings ------------------------------------------------------------- */

static void a_string_ends_at_its_zero(void **state)
{
	struct fixture *x = *state;
	char buf[16];

	fake_str(x->f, AT, "output.1");
	assert_int_equal(vr_read_string(&x->c, AT, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "output.1");
}

static void a_string_is_cut_at_the_buffer(void **state)
{
	struct fixture *x = *state;
	char buf[8];

	fake_str(x->f, AT, "output.12345");
	assert_int_equal(vr_read_string(&x->c, AT, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "output.");
}

static void a_string_may_end_with_the_last_page(void **state)
{
	struct fixture *x = *state;
	char buf[64];

	fake_str(x->f, AT + FAKE_PAGE - 5, "eth0");
	assert_int_equal(vr_read_string(&x->c, AT + FAKE_PAGE - 5, buf, 64), 0);
	assert_string_equal(buf, "eth0");
}

static void a_string_may_go_on_on_the_next_page(void **state)
{
	struct fixture *x = *state;
	char buf[64];

	fake_str(x->f, AT + FAKE_PAGE - 3, "virtio0-output.0");
	assert_int_equal(vr_read_string(&x->c, AT + FAKE_PAGE - 3, buf, 64), 0);
	assert_string_equal(buf, "virtio0-output.0");
}

/* A failed read leaves rubbish in the buffer: it must not become text. */
static void a_string_that_goes_on_on_a_missing_page_is_cut_there(void **state)
{
	struct fixture *x = *state;
	char buf[16];

	fake_str(x->f, AT + FAKE_PAGE - 3, "virtio0");
	fake_drop(x->f, VR_KERNEL, AT + FAKE_PAGE);
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(vr_read_string(&x->c, AT + FAKE_PAGE - 3, buf, 16), 0);
	assert_memory_equal(buf, "vir", 4);
}

static void an_unreadable_string_is_empty_and_a_failure(void **state)
{
	struct fixture *x = *state;
	char buf[16] = "before";

	assert_int_equal(vr_read_string(&x->c, AT, buf, sizeof(buf)), -1);
	assert_string_equal(buf, "");
	strcpy(buf, "before");
	assert_int_equal(vr_read_string(&x->c, 0, buf, sizeof(buf)), -1);
	assert_string_equal(buf, "");
}

static void nodename_and_release_are_read_where_the_layout_says(void **state)
{
	struct fixture *x = *state;
	char nodename[65] = "x", release[65] = "x";

	fake_symbol(x->f, "init_uts_ns", AT);
	fake_str(x->f, AT + 69, "guest7");
	fake_str(x->f, AT + 134, "3.10.0-1160.el7.x86_64");
	known(&x->c, VR_UTS_NODENAME, 69, 65);
	known(&x->c, VR_UTS_RELEASE, 134, 65);
	vr_read_uts(&x->c, nodename, release);
	assert_string_equal(nodename, "guest7");
	assert_string_equal(release, "3.10.0-1160.el7.x86_64");
}

static void nodename_and_release_are_empty_when_unreadable(void **state)
{
	struct fixture *x = *state;
	char nodename[65] = "x", release[65] = "x";

	vr_read_uts(&x->c, nodename, release);
	assert_string_equal(nodename, "");
	assert_string_equal(release, "");
	fake_symbol(x->f, "init_uts_ns", AT);
	known(&x->c, VR_UTS_NODENAME, 69, 65);
	strcpy(nodename, "x");
	vr_read_uts(&x->c, nodename, release);
	assert_string_equal(nodename, "");
}

/* ---- errors -------------------------------------------------------------- */

static void an_error_carries_the_device_and_queue_at_hand(void **state)
{
	struct fixture *x = *state;

	strcpy(x->c.device, "eth0");
	strcpy(x->c.queue, "tx1");
	vr_error_add(&x->c, (struct vr_error){ .code = VR_E_MEMORY, .what = "m",
					       .device = "other" });
	assert_string_equal(x->c.errors[0].device, "eth0");
	assert_string_equal(x->c.errors[0].queue, "tx1");
}

static void errors_beyond_the_array_are_only_counted(void **state)
{
	struct fixture *x = *state;

	for (uint64_t i = 0; i < VR_MAX_ERRORS + 10; i++)
		vr_error_add(&x->c, (struct vr_error){ .code = VR_E_READ,
						       .what = "m", .addr = i });
	assert_int_equal(x->c.nerrors, VR_MAX_ERRORS + 10);
	assert_int_equal(x->c.errors[VR_MAX_ERRORS - 1].addr, VR_MAX_ERRORS - 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(members_of_1_2_4_and_8_bytes_are_numbers),
		TEST(a_member_the_kernel_lacks_is_absent_and_no_error),
		TEST(a_member_of_an_odd_size_is_unread),
		TEST(an_array_gives_its_first_8_bytes),
		TEST(members_on_the_other_page_survive_a_missing_one),
		TEST(without_a_name_a_failed_read_is_not_noted),
		TEST(an_object_of_no_or_a_huge_size_is_read_member_by_member),
		TEST(an_object_is_read_with_one_call),
		TEST(a_member_behind_the_copy_is_read_for_itself),
		TEST(a_null_pointer_is_noted_with_the_place_that_holds_it),
		TEST(a_whole_range_is_read_with_one_call),
		TEST(a_hole_spoils_only_its_page),
		TEST(the_first_and_the_last_page_may_be_the_hole),
		TEST(a_value_that_reaches_into_a_hole_is_unread),
		TEST(a_range_without_any_page_is_a_failure),
		TEST(nothing_is_read_outside_of_a_range),
		TEST(words_are_read_in_either_byte_order),
		TEST(a_range_beyond_the_budget_is_noted),
		TEST(a_string_ends_at_its_zero),
		TEST(a_string_is_cut_at_the_buffer),
		TEST(a_string_may_end_with_the_last_page),
		TEST(a_string_may_go_on_on_the_next_page),
		TEST(a_string_that_goes_on_on_a_missing_page_is_cut_there),
		TEST(an_unreadable_string_is_empty_and_a_failure),
		TEST(nodename_and_release_are_read_where_the_layout_says),
		TEST(nodename_and_release_are_empty_when_unreadable),
		TEST(an_error_carries_the_device_and_queue_at_hand),
		TEST(errors_beyond_the_array_are_only_counted),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
