// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_irq_tree.c - every interrupt is found in whatever keeps them, and damage
 * there costs no more than what is behind it.
 */
#include "unit.h"
#include "guest_builder.h"
#include "irq.h"
#include "irq_builder.h"

#define WHAT "tree of interrupts"
/* Where nothing is. */
#define WILD 0xffffc0de00000000ULL

struct seen {
	uint64_t desc[2 * IRQ_MAX];
	unsigned n;
	bool whole;
};

struct world {
	struct guest *g;
	struct irqs irqs;
	struct seen seen;
};

static void begin(struct world *w, enum irq_era era)
{
	memset(w, 0, sizeof(*w));
	w->g = guest_new(ERA_5_4);
	irq_types(&w->irqs, w->g->f, era);
}

static void add_all(struct world *w, const uint64_t *numbers, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		irq_add(&w->irqs, numbers[i]);
	irq_store(&w->irqs);
}

static void see(struct vr_ctx *c, uint64_t desc, void *arg)
{
	struct seen *s = arg;

	(void)c;
	if (s->n < COUNT_OF(s->desc))
		s->desc[s->n] = desc;
	s->n++;
}

static void walk(struct world *w)
{
	guest_resolve(w->g);
	w->seen.whole = vr_for_each_irq(&w->g->c, see, &w->seen);
}

/* Each that was stored, in order, and no other. */
static void expect_all(struct world *w)
{
	walk(w);
	assert_true(w->seen.whole);
	assert_int_equal(w->g->c.nerrors, 0);
	assert_int_equal(w->seen.n, w->irqs.n);
	for (unsigned i = 0; i < w->irqs.n; i++)
		assert_int_equal(w->seen.desc[i], w->irqs.desc[i]);
}

static bool was_seen(const struct world *w, uint64_t desc)
{
	for (unsigned i = 0; i < w->seen.n && i < COUNT_OF(w->seen.desc); i++)
		if (w->seen.desc[i] == desc)
			return true;
	return false;
}

/* ---- what is sound ----------------------------------------------------------- */

static void all_are_found_in_order(void **state)
{
	static const uint64_t few[] = { 0, 1, 2, 5, 24, 25, 26, 63 };
	static const uint64_t wide[] = { 9, 63, 64, 65, 127, 4095, 4096, 65535 };

	(void)state;
	for (enum irq_era era = 0; era < IRQ_ERAS; era++) {
		struct world w;

		begin(&w, era);
		add_all(&w, few, COUNT_OF(few));
		if (era == IRQ_ARRAY) {
			/* An array has them all, used or not. */
			walk(&w);
			assert_true(w.seen.whole);
			assert_int_equal(w.seen.n, 64);
			for (unsigned i = 0; i < COUNT_OF(few); i++)
				assert_int_equal(w.seen.desc[few[i]],
						 w.irqs.desc[i]);
			guest_free(w.g);
			continue;
		}
		expect_all(&w);
		guest_free(w.g);
		begin(&w, era);
		add_all(&w, wide, COUNT_OF(wide));
		expect_all(&w);
		guest_free(w.g);
	}
}

/* Numbers without a gap make full leaves, numbers far apart half empty ones. */
static void many_are_found(void **state)
{
	static const unsigned steps[] = { 1, 3, 70 };

	(void)state;
	for (enum irq_era era = 0; era < IRQ_ARRAY; era++) {
		for (unsigned k = 0; k < COUNT_OF(steps); k++) {
			uint64_t numbers[IRQ_MAX];
			struct world w;

			for (unsigned i = 0; i < IRQ_MAX; i++)
				numbers[i] = (uint64_t)i * steps[k];
			begin(&w, era);
			add_all(&w, numbers, IRQ_MAX);
			expect_all(&w);
			guest_free(w.g);
		}
	}
}

static void one_alone(void **state)
{
	static const uint64_t alone[] = { 0 }, other[] = { 77 };

	(void)state;
	for (enum irq_era era = 0; era < IRQ_ARRAY; era++) {
		for (unsigned i = 0; i < 2; i++) {
			struct world w;

			begin(&w, era);
			add_all(&w, i ? alone : other, 1);
			expect_all(&w);
			guest_free(w.g);
		}
	}
}

/* No kernel is without an interrupt. */
static void none_is_told(void **state)
{
	(void)state;
	for (enum irq_era era = 0; era < IRQ_ARRAY; era++) {
		struct world w;

		begin(&w, era);
		add_all(&w, NULL, 0);
		walk(&w);
		assert_false(w.seen.whole);
		get_error(&w.g->c, VR_E_NULL, "tree of interrupts");
		guest_free(w.g);
	}
}

/* A kind of node that no kernel makes so far, but that has a name. */
static void a_dense_node_is_read(void **state)
{
	static const uint64_t numbers[] = { 3, 4 };
	uint64_t node, tree;
	struct world w;

	(void)state;
	begin(&w, IRQ_MAPLE);
	add_all(&w, numbers, 2);
	node = fake_alloc(w.g->f, 256);
	fake_u64(w.g->f, node + 8 + 3 * 8, w.irqs.desc[0]);
	fake_u64(w.g->f, node + 8 + 30 * 8, w.irqs.desc[1]);
	assert_int_equal(w.g->f->t.symbol(&w.g->f->t, "sparse_irqs", &tree), 0);
	fake_set(w.g->f, tree, "maple_tree", "ma_root", node | 2);
	expect_all(&w);
	guest_free(w.g);
}

static void nothing_to_walk_is_no_answer(void **state)
{
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	walk(&w);
	assert_false(w.seen.whole);
	assert_int_equal(w.seen.n, 0);
	guest_free(w.g);
}

/* ---- damage -------------------------------------------------------------------- */

/* Numbers in a few leaves below one root, in trees of both kinds. */
static void few_leaves(struct world *w, enum irq_era era)
{
	unsigned n = era == IRQ_MAPLE ? 60 : 250;
	uint64_t numbers[250];

	for (unsigned i = 0; i < n; i++)
		numbers[i] = i;
	begin(w, era);
	add_all(w, numbers, n);
}

/* Where the root has its second child. */
static uint64_t second_slot(struct world *w)
{
	struct fake_target *f = w->g->f;

	assert_int_not_equal(w->irqs.root, 0);
	if (w->irqs.era == IRQ_MAPLE)
		return w->irqs.root + 8 +
		       fake_offset(f, "maple_arange_64", "slot");
	return w->irqs.root + 8 + fake_offset(f, w->irqs.era == IRQ_XARRAY ?
					      "xa_node" : "radix_tree_node",
					      "slots");
}

/* The first leaf and the last one are still there. */
static void expect_the_rest(struct world *w, enum vr_errcode code)
{
	walk(w);
	assert_false(w->seen.whole);
	get_error(&w->g->c, code, WHAT);
	assert_true(was_seen(w, w->irqs.desc[0]));
	assert_true(was_seen(w, w->irqs.desc[w->irqs.n - 1]));
	assert_true(w->seen.n < 4 * IRQ_MAX);
}

static void a_wild_pointer_costs_one_node(void **state)
{
	(void)state;
	for (enum irq_era era = 0; era < IRQ_ARRAY; era++) {
		struct world w;
		uint64_t slot;

		few_leaves(&w, era);
		slot = second_slot(&w);
		/* The mark of a node, or a leaf's kind, stays. */
		fake_u64(w.g->f, slot, WILD | (fake_get64(w.g->f, slot) & 255));
		expect_the_rest(&w, VR_E_READ);
		guest_free(w.g);
	}
}

static void a_missing_page_costs_one_node(void **state)
{
	(void)state;
	for (enum irq_era era = 0; era < IRQ_ARRAY; era++) {
		struct world w;

		few_leaves(&w, era);
		fake_drop(w.g->f, VR_KERNEL, fake_get64(w.g->f, second_slot(&w)));
		expect_the_rest(&w, VR_E_READ);
		guest_free(w.g);
	}
}

static void a_missing_root_is_told(void **state)
{
	(void)state;
	for (enum irq_era era = 0; era < IRQ_ARRAY; era++) {
		struct world w;

		few_leaves(&w, era);
		fake_drop(w.g->f, VR_KERNEL, w.irqs.root);
		walk(&w);
		assert_false(w.seen.whole);
		assert_int_equal(w.seen.n, 0);
		get_error(&w.g->c, VR_E_READ, WHAT);
		guest_free(w.g);
	}
}

static void a_loop_ends(void **state)
{
	(void)state;
	for (enum irq_era era = 0; era < IRQ_ARRAY; era++) {
		struct world w;
		uint64_t slot;

		few_leaves(&w, era);
		slot = second_slot(&w);
		fake_u64(w.g->f, slot, w.irqs.root | (fake_get64(w.g->f, slot) & 3) |
			 (era == IRQ_MAPLE ? 3 << 3 : 0));
		walk(&w);
		assert_true(was_seen(&w, w.irqs.desc[0]));
		assert_true(was_seen(&w, w.irqs.desc[w.irqs.n - 1]));
		/* Counted from the root, the levels of a loop end by themselves,
		 * and what they lead to are no descriptors. */
		if (era != IRQ_RADIX_HEIGHT) {
			assert_false(w.seen.whole);
			get_error(&w.g->c, VR_E_RANGE, WHAT);
		}
		guest_free(w.g);
	}
}

/* A maple node that is its own only child has the same range at each level. */
static void a_loop_within_its_range_ends(void **state)
{
	struct world w;
	uint64_t node, tree;

	(void)state;
	few_leaves(&w, IRQ_MAPLE);
	node = fake_alloc(w.g->f, 256);
	fake_u64(w.g->f, node + fake_offset(w.g->f, "maple_arange_64", "pivot"),
		 UINT64_MAX);
	fake_u64(w.g->f, node + fake_offset(w.g->f, "maple_arange_64", "slot"),
		 node | 3 << 3);
	assert_int_equal(w.g->f->t.symbol(&w.g->f->t, "sparse_irqs", &tree), 0);
	fake_set(w.g->f, tree, "maple_tree", "ma_root", node | 3 << 3 | 2);
	walk(&w);
	assert_false(w.seen.whole);
	get_error(&w.g->c, VR_E_LOOP, WHAT);
	guest_free(w.g);
}

/* Few nodes that lead to each other's children by all slots: 64 to the fifth. */
static void a_tree_that_multiplies_ends(void **state)
{
	static const uint64_t numbers[] = { 5, 1 << 25 };
	uint64_t leaf = 0, node;
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	add_all(&w, numbers, 2);
	for (unsigned shift = 0; shift <= 24; shift += 6) {
		node = shift == 24 ? w.irqs.root : fake_alloc(w.g->f, 576);
		fake_set(w.g->f, node, "xa_node", "shift", shift);
		for (unsigned i = 0; i < 64; i++)
			fake_u64(w.g->f, node + 40 + 8 * i,
				 shift ? leaf | 2 : w.irqs.desc[0]);
		leaf = node;
	}
	walk(&w);
	assert_false(w.seen.whole);
	assert_int_equal(w.seen.n, 65536);
	get_error(&w.g->c, VR_E_LOOP, WHAT);
	guest_free(w.g);
}

static void a_node_of_unknown_kind_is_told(void **state)
{
	struct world w;
	uint64_t slot;

	(void)state;
	few_leaves(&w, IRQ_MAPLE);
	slot = second_slot(&w);
	fake_u64(w.g->f, slot, (fake_get64(w.g->f, slot) & ~255ULL) | 9 << 3 | 4);
	expect_the_rest(&w, VR_E_RANGE);
	assert_int_equal(get_error(&w.g->c, VR_E_RANGE, WHAT)->value, 9);
	guest_free(w.g);
}

static void an_index_outside_of_its_node_is_told(void **state)
{
	struct world w;

	(void)state;
	few_leaves(&w, IRQ_MAPLE);
	/* The second leaf's first number is before the node's. */
	fake_u64(w.g->f, (fake_get64(w.g->f, second_slot(&w)) & ~255ULL) +
		 fake_offset(w.g->f, "maple_range_64", "pivot"), 1);
	expect_the_rest(&w, VR_E_RANGE);
	guest_free(w.g);
}

static void a_level_that_does_not_fall_is_told(void **state)
{
	static const enum irq_era eras[] = { IRQ_RADIX_SHIFT, IRQ_XARRAY };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(eras); i++) {
		struct world w;

		few_leaves(&w, eras[i]);
		fake_u8(w.g->f, fake_get64(w.g->f, second_slot(&w)) & ~3ULL, 200);
		expect_the_rest(&w, VR_E_RANGE);
		guest_free(w.g);
	}
}

static void a_height_out_of_range_is_told(void **state)
{
	static const unsigned heights[] = { 0, 12, 1000000 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(heights); i++) {
		struct world w;
		uint64_t tree;

		few_leaves(&w, IRQ_RADIX_HEIGHT);
		assert_int_equal(w.g->f->t.symbol(&w.g->f->t, "irq_desc_tree",
						  &tree), 0);
		fake_set(w.g->f, tree, "radix_tree_root", "height", heights[i]);
		walk(&w);
		assert_false(w.seen.whole);
		assert_int_equal(w.seen.n, 0);
		get_error(&w.g->c, VR_E_RANGE, WHAT);
		guest_free(w.g);
	}
}

static void an_array_is_not_longer_than_can_be(void **state)
{
	static const uint64_t numbers[] = { 1, 2 };
	struct world w;
	uint64_t addr;

	(void)state;
	begin(&w, IRQ_ARRAY);
	add_all(&w, numbers, 2);
	assert_int_equal(w.g->f->t.symbol(&w.g->f->t, "nr_irqs", &addr), 0);
	fake_u32(w.g->f, addr, 0x7fffffff);
	walk(&w);
	assert_false(w.seen.whole);
	assert_int_equal(w.seen.n, 65536);
	get_error(&w.g->c, VR_E_RANGE, WHAT);
	guest_free(w.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_found_in_order),
		cmocka_unit_test(many_are_found),
		cmocka_unit_test(one_alone),
		cmocka_unit_test(none_is_told),
		cmocka_unit_test(a_dense_node_is_read),
		cmocka_unit_test(nothing_to_walk_is_no_answer),
		cmocka_unit_test(a_wild_pointer_costs_one_node),
		cmocka_unit_test(a_missing_page_costs_one_node),
		cmocka_unit_test(a_missing_root_is_told),
		cmocka_unit_test(a_loop_ends),
		cmocka_unit_test(a_loop_within_its_range_ends),
		cmocka_unit_test(a_tree_that_multiplies_ends),
		cmocka_unit_test(a_node_of_unknown_kind_is_told),
		cmocka_unit_test(an_index_outside_of_its_node_is_told),
		cmocka_unit_test(a_level_that_does_not_fall_is_told),
		cmocka_unit_test(a_height_out_of_range_is_told),
		cmocka_unit_test(an_array_is_not_longer_than_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
