// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_picture.c - the picture of a ring's descriptors: what each character
 * stands for, and that it stays within the terminal.
 */
#include "unit.h"

#define MAX_NUM	32768

struct shown {
	struct vr_ctx c;
	struct vr_queue q;
	struct vr_device d;
	struct vr_snapshot s;
	struct vr_select sel;
	uint8_t state[MAX_NUM];
	char *text;
	size_t len;
};

static int setup(void **state)
{
	struct shown *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->q = (struct vr_queue){ .dir = VR_TX, .label = "tx0", .in_use = true };
	x->d = (struct vr_device){ .ref = { .name = "eth0" }, .queues = &x->q,
				   .nqueues = 1 };
	x->s.devices = &x->d;
	x->s.ndevices = 1;
	x->sel.full = true;
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct shown *x = *state;

	free(x->text);
	free(x);
	return 0;
}

static const char *print(struct shown *x, unsigned width)
{
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	vr_text_snapshot(out, &x->c, &x->s, &x->sel, width);
	fclose(out);
	return x->text;
}

/* The text for the first 'num' states, which were set before. */
static const char *render(struct shown *x, uint32_t num, unsigned width)
{
	x->q.num = num;
	x->q.slots.state = x->state;
	memset(x->q.slots.count, 0, sizeof(x->q.slots.count));
	for (uint32_t i = 0; i < num; i++)
		x->q.slots.count[x->state[i]]++;
	return print(x, width);
}

struct picture {
	char marks[MAX_NUM + 1];	/* all rows, joined */
	unsigned rows;
	size_t widest;			/* line, with the numbers on its left */
	unsigned long first[MAX_NUM];	/* the number on each row's left */
};

/* The rows are the last lines: a slot number, then marks. */
static void get_picture(struct picture *p, const char *text)
{
	const char *line = strstr(text, "descriptors ");

	memset(p, 0, sizeof(*p));
	assert_non_null(line);
	line = strchr(line, '\n');
	assert_non_null(line);
	for (line++; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n"), n;
		int used = 0;

		assert_int_equal(sscanf(line, "%lu %n", &p->first[p->rows], &used),
				 1);
		n = strspn(line + used, ".Du?+");
		assert_int_equal(used + n, len);
		strncat(p->marks, line + used, n);
		p->rows++;
		if (len > p->widest)
			p->widest = len;
	}
}

static void each_state_has_its_mark(void **state)
{
	struct shown *x = *state;
	struct picture p;

	x->state[0] = x->state[1] = VR_SLOT_DEVICE;
	x->state[2] = VR_SLOT_RETURNED;
	x->state[3] = VR_SLOT_UNKNOWN;
	for (unsigned i = 4; i < 8; i++)
		x->state[i] = VR_SLOT_FREE;
	get_picture(&p, render(x, 8, 80));
	assert_string_equal(p.marks, "DDu?....");
	assert_non_null(strstr(x->text, "free 4"));
	assert_non_null(strstr(x->text, "device 2"));
	assert_non_null(strstr(x->text, "reaped 1"));
	assert_non_null(strstr(x->text, "unknown 1"));
}

static void a_sound_ring_says_nothing_of_unknown_ones(void **state)
{
	struct shown *x = *state;

	memset(x->state, VR_SLOT_FREE, 64);
	assert_null(strstr(render(x, 64, 80), "unknown"));
}

static void a_small_ring_has_one_mark_a_descriptor(void **state)
{
	struct shown *x = *state;
	struct picture p;
	char want[257] = "";

	for (unsigned i = 0; i < 256; i++) {
		x->state[i] = i % 3 ? VR_SLOT_FREE : VR_SLOT_DEVICE;
		want[i] = i % 3 ? '.' : 'D';
	}
	get_picture(&p, render(x, 256, 80));
	assert_string_equal(p.marks, want);
	for (unsigned i = 0; i < p.rows; i++)
		assert_int_equal(p.first[i], i * (256 / p.rows));
}

static void rings_of_all_sizes_fit_terminals_of_all_widths(void **state)
{
	static const unsigned widths[] = { 24, 39, 40, 41, 79, 80, 100, 132, 200 };
	struct shown *x = *state;
	struct picture *p = malloc(sizeof(*p));

	assert_non_null(p);
	memset(x->state, VR_SLOT_FREE, MAX_NUM);
	for (uint32_t num = 1; num <= MAX_NUM; num *= 2) {
		for (unsigned i = 0; i < COUNT_OF(widths); i++) {
			get_picture(p, render(x, num, widths[i]));
			assert_true(p->widest <= widths[i]);
			assert_true(p->rows >= 1 && p->rows <= 16);
			assert_int_equal(num % strlen(p->marks), 0);
			assert_int_equal(p->first[0], 0);
		}
	}
	free(p);
}

/* Narrower than the numbers on the left: still bounded, not a line of 32768. */
static void no_width_makes_a_line_as_long_as_the_ring(void **state)
{
	static const unsigned widths[] = { 0, 1, 7, 8, 9, 23 };
	struct shown *x = *state;
	struct picture *p = malloc(sizeof(*p));

	assert_non_null(p);
	memset(x->state, VR_SLOT_FREE, MAX_NUM);
	for (unsigned i = 0; i < COUNT_OF(widths); i++) {
		get_picture(p, render(x, MAX_NUM, widths[i]));
		assert_true(p->widest <= 24);
		assert_true(p->rows <= 16);
	}
	free(p);
}

/* 32768 in 40 columns: 32 characters a row, 16 rows, 64 descriptors each. */
static void the_largest_ring_is_gathered_for_40_columns(void **state)
{
	struct shown *x = *state;
	struct picture *p = malloc(sizeof(*p));

	assert_non_null(p);
	memset(x->state, VR_SLOT_FREE, MAX_NUM);
	memset(x->state + 64, VR_SLOT_DEVICE, 64);
	x->state[64 * 100 + 5] = VR_SLOT_RETURNED;
	x->state[MAX_NUM - 1] = VR_SLOT_DEVICE;
	get_picture(p, render(x, MAX_NUM, 40));
	assert_int_equal(p->rows, 16);
	assert_int_equal(strlen(p->marks), 512);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(p->marks[i], i == 1 ? 'D' :
				 i == 100 || i == 511 ? '+' : '.');
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(p->first[i], i * 2048);
	assert_non_null(strstr(x->text, "64 a character"));
	free(p);
}

static void without_states_there_is_no_picture(void **state)
{
	struct shown *x = *state;

	assert_non_null(strstr(render(x, 256, 80), "descriptors "));
	x->q.slots.state = NULL;
	assert_null(strstr(print(x, 80), "descriptors "));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_state_has_its_mark),
		TEST(a_sound_ring_says_nothing_of_unknown_ones),
		TEST(a_small_ring_has_one_mark_a_descriptor),
		TEST(rings_of_all_sizes_fit_terminals_of_all_widths),
		TEST(no_width_makes_a_line_as_long_as_the_ring),
		TEST(the_largest_ring_is_gathered_for_40_columns),
		TEST(without_states_there_is_no_picture),
	};

	return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
