// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_select.c - which words name queues, and which queues they name.
 */
#include "unit.h"
#include "guest_builder.h"

static const struct {
	const char *word;
	enum vr_sel_queue queue;
	bool has_n, full;
	unsigned n;
} accepted[] = {
	{ "0", VR_SEL_PAIR, true, true, 0 },
	{ "1", VR_SEL_PAIR, true, true, 1 },
	{ "32767", VR_SEL_PAIR, true, true, 32767 },
	{ "tx0", VR_SEL_TX, true, true, 0 },
	{ "tx17", VR_SEL_TX, true, true, 17 },
	{ "rx3", VR_SEL_RX, true, true, 3 },
	{ "output.1", VR_SEL_TX, true, true, 1 },
	{ "input.12", VR_SEL_RX, true, true, 12 },
	{ "tx", VR_SEL_TX, false, false, 0 },
	{ "rx", VR_SEL_RX, false, false, 0 },
	{ "ctrl", VR_SEL_CTRL, false, true, 0 },
};

static const char *const rejected[] = {
	"", " ", "x", "t", "TX1", "Tx1", "tx1x", "tx 1", " tx1", "tx1 ", "tx-1",
	"tx+1", "tx0x1", "-1", "+1", "1.0", "1x", "0x1", "1 ", " 1", "a", "ff",
	"output", "output.", "output1", "output.x", "output.-1", "input", "input.",
	"input. 1", "ctrl0", "ctrl.", "ctr", "control", "txrx", "rxtx", "tx.1",
	"rx.1", "32768", "tx32768", "65536", "4294967296", "tx4294967297",
	"18446744073709551616", "99999999999999999999999999", "tx99999999999999999",
	"*", "all", "tx%d", "tx\n", "1\n",
};

static void each_word_selects_what_it_says(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(accepted); i++) {
		struct vr_select sel = { .device = "eth0" };

		if (vr_select_queue(&sel, accepted[i].word))
			fail_msg("'%s' is refused", accepted[i].word);
		assert_int_equal(sel.queue, accepted[i].queue);
		assert_int_equal(sel.has_n, accepted[i].has_n);
		assert_int_equal(sel.full, accepted[i].full);
		if (accepted[i].has_n)
			assert_int_equal(sel.n, accepted[i].n);
		assert_string_equal(sel.device, "eth0");
	}
}

static void other_words_are_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(rejected); i++) {
		struct vr_select sel = { .device = NULL };

		if (!vr_select_queue(&sel, rejected[i]))
			fail_msg("'%s' is taken for a queue", rejected[i]);
	}
}

/* ---- the queues of a device with 3 pairs and a control queue ------------- */

static void assert_queues(const char *word, const char *want)
{
	struct guest *g = guest_new(ERA_5_15);
	struct walked w;
	char got[128] = "";

	guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 3,
					 .ctrl = true });
	w = guest_walk(g, "eth0", word);
	assert_int_equal(w.status, VR_WALK_OK);
	for (unsigned i = 0; i < w.snap.devices[0].nqueues; i++) {
		strcat(got, i ? " " : "");
		strcat(got, w.snap.devices[0].queues[i].label);
	}
	assert_string_equal(got, want);
	assert_int_equal(g->c.nerrors, 0);
	guest_free(g);
}

static void no_word_reads_all_queues(void **state)
{
	(void)state;
	assert_queues(NULL, "rx0 tx0 rx1 tx1 rx2 tx2 ctrl");
}

static void a_number_reads_a_pair(void **state)
{
	(void)state;
	assert_queues("1", "rx1 tx1");
}

static void one_direction_is_read(void **state)
{
	(void)state;
	assert_queues("tx", "tx0 tx1 tx2");
	assert_queues("rx", "rx0 rx1 rx2");
}

static void one_queue_is_read(void **state)
{
	(void)state;
	assert_queues("tx2", "tx2");
	assert_queues("output.2", "tx2");
	assert_queues("rx0", "rx0");
	assert_queues("input.1", "rx1");
	assert_queues("ctrl", "ctrl");
}

static void only_a_full_selection_reads_the_descriptors_states(void **state)
{
	static const struct {
		const char *word, *label;
		bool full;
	} cases[] = {
		{ NULL, "tx1", false }, { "tx", "tx1", false },
		{ "tx1", "tx1", true }, { "1", "rx1", true },
		{ "ctrl", "ctrl", true },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = guest_new(ERA_5_15);
		struct walked w;
		const struct vr_queue *q;

		guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
						 .ctrl = true });
		w = guest_walk(g, "eth0", cases[i].word);
		q = walked_queue(&w, "eth0", cases[i].label);
		assert_int_equal(w.sel.full, cases[i].full);
		assert_non_null(q);
		guest_free(g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_selects_what_it_says),
		cmocka_unit_test(other_words_are_refused),
		cmocka_unit_test(no_word_reads_all_queues),
		cmocka_unit_test(a_number_reads_a_pair),
		cmocka_unit_test(one_direction_is_read),
		cmocka_unit_test(one_queue_is_read),
		cmocka_unit_test(only_a_full_selection_reads_the_descriptors_states),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
