// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_list_budget.c - lists that end badly, of which there are too many.
 */
#include "unit.h"
#include "guest_builder.h"

#define NODES	100u

/* A chain of nodes 16 bytes apart that ends at a wild link, without any way back. */
static uint64_t forge_chain(struct fake_target *f)
{
	uint64_t first = fake_alloc(f, 16 * NODES);

	for (unsigned i = 0; i < NODES; i++)
		fake_u64(f, first + 16 * i, i + 1 < NODES ? first + 16 * (i + 1) : 3);
	return first;
}

static unsigned count(struct vr_ctx *c, uint64_t head)
{
	struct vr_list l = vr_list_start(head, 1u << 20, "list of forged things");
	unsigned n = 0;

	while (vr_list_next(c, &l))
		n++;
	return n;
}

/* Nothing is handed out, and looking for it costs all the same. */
static void chains_that_hand_nothing_out_have_a_budget_together(void **state)
{
	struct guest *g = guest_new(ERA_6_1);
	uint64_t head = fake_alloc(g->f, 16), chain = forge_chain(g->f);

	(void)state;
	fake_u64(g->f, head, chain);
	fake_u64(g->f, head + 8, 3);
	assert_int_equal(count(&g->c, head), 0);
	assert_in_range(g->c.spent.links, NODES, 10 * NODES);
	g->c.nerrors = 0;
	g->c.spent.links = VR_MAX_LINKS - 150;
	g->f->t.reads = 0;
	for (unsigned i = 0; i < 1000; i++)
		count(&g->c, head);
	assert_int_equal(g->c.spent.links, VR_MAX_LINKS);
	assert_in_range(g->f->t.reads, 150, 300);
	assert_int_equal(get_error(&g->c, VR_E_BUDGET, "lists")->limit, VR_MAX_LINKS);
	guest_free(g);
}

/* A list that ends, and the budget just does. */
static void what_was_counted_within_the_budget_is_handed_out(void **state)
{
	struct guest *g = guest_new(ERA_6_1);
	uint64_t head = fake_alloc(g->f, 16), node[3];

	(void)state;
	guest_list_init(g->f, head);
	for (unsigned i = 0; i < 3; i++) {
		node[i] = fake_alloc(g->f, 16);
		guest_list_add(g->f, head, node[i]);
	}
	assert_int_equal(count(&g->c, head), 3);
	assert_int_equal(g->c.spent.links, 7);
	g->c.spent.links = VR_MAX_LINKS - 5;
	assert_int_equal(count(&g->c, head), 1);
	get_error(&g->c, VR_E_BUDGET, "lists");
	assert_int_equal(count(&g->c, head), 0);
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_that_hand_nothing_out_have_a_budget_together),
		cmocka_unit_test(what_was_counted_within_the_budget_is_handed_out),
	};

	return cmocka_run_group_tests_name("list budget", tests, NULL, NULL);
}
