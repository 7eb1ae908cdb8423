// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_budget.c - what one command may look into and show: of one queue, and of all of
 * them, since a forged dump can have any number of queues.  What is left out is said.
 */
#include "unit.h"
#include "guest_builder.h"

#define QUEUE_TABLES	4096u
#define ALL_TABLES	(1u << 20)
#define ALL_BYTES	(256ull << 20)
#define ALL_DESCS	(1u << 20)
#define ALL_ROWS	16384u

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
};

/* A ring with so many tables in flight, of two entries each; the driver knows them. */
static struct fixture fixture(uint32_t num, unsigned tables)
{
	static const char state[] = "vring_desc_state_split";
	struct fixture x = { .g = guest_new(ERA_5_15) };
	struct fake_target *f = x.g->f;

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = num });
	ring_set(&x.r, RING_INDIRECT, 1);
	for (unsigned i = 0; i < tables; i++) {
		uint64_t head = ring_add_indirect(&x.r, 2);

		fake_set(f, x.r.state + head * fake_sizeof(f, state), state, "indir_desc",
			 fake_get64(f, x.r.desc + 16 * head));
	}
	return x;
}

static unsigned reads_of(struct fixture *x)
{
	uint64_t before = x->g->f->t.reads;

	snprintf(x->g->c.device, sizeof(x->g->c.device), "eth0");
	x->q = guest_read_ring(x->g, &x->r);
	x->g->c.device[0] = '\0';
	return (unsigned)(x->g->f->t.reads - before);
}

static void assert_no_budget(const struct vr_ctx *c)
{
	for (unsigned i = 0; i < c->nerrors; i++)
		assert_int_not_equal(c->errors[i].code, VR_E_BUDGET);
}

static void a_queue_with_many_tables_is_looked_into_in_part(void **state)
{
	struct fixture x = fixture(8192, QUEUE_TABLES + 100);
	const struct vr_error *e;
	unsigned reads;

	(void)state;
	reads = reads_of(&x);
	assert_in_range(reads, QUEUE_TABLES, QUEUE_TABLES + 100);
	e = get_error(&x.g->c, VR_E_BUDGET, "indirect tables");
	assert_string_equal(e->device, "eth0");
	assert_int_equal(e->limit, QUEUE_TABLES);
	/* Its own descriptors are all accounted for. */
	assert_int_equal(x.q.slots.count[VR_SLOT_DEVICE], QUEUE_TABLES + 100);
	guest_free(x.g);
}

static void as_many_as_there_may_be_are_all_looked_into(void **state)
{
	struct fixture x = fixture(8192, QUEUE_TABLES);

	(void)state;
	assert_in_range(reads_of(&x), QUEUE_TABLES, QUEUE_TABLES + 100);
	assert_no_budget(&x.g->c);
	guest_free(x.g);
}

/* What other queues took is taken. */
static void many_queues_with_tables_share_one_budget(void **state)
{
	static const struct { uint64_t tables, bytes; const char *what; } cases[] = {
		{ ALL_TABLES - 3, 0, "indirect tables" },
		{ 0, ALL_BYTES - 3 * 32, "bytes of indirect tables" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct fixture x = fixture(256, 3), y = fixture(256, 60);
		const struct vr_error *e;
		char text[200];

		x.g->c.spent = y.g->c.spent = (struct vr_spent){
			.tables = cases[i].tables, .table_bytes = cases[i].bytes };
		reads_of(&x);
		assert_no_budget(&x.g->c);
		reads_of(&y);
		e = get_error(&y.g->c, VR_E_BUDGET, cases[i].what);
		/* It is of no device: all that follow have the same. */
		assert_string_equal(e->device, "");
		vr_error_what(text, sizeof(text), e);
		assert_non_null(strstr(text, "of all queues together: the rest is left out"));
		assert_int_equal(y.g->c.spent.tables - cases[i].tables, 3);
		assert_int_equal(y.q.slots.count[VR_SLOT_DEVICE], 60);
		guest_free(x.g);
		guest_free(y.g);
	}
}

static void many_chains_share_one_budget(void **state)
{
	struct fixture x = fixture(256, 0);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		ring_add(&x.r, 1);
	reads_of(&x);
	x.g->c.spent.descs = ALL_DESCS - 4;
	vr_guest_chains(&x.g->c, &x.q, (struct vr_val){ 0, VR_READ }, false);
	assert_true(x.q.chains.capped);
	assert_int_equal(x.q.chains.ndescs, 4);
	assert_int_equal(get_error(&x.g->c, VR_E_BUDGET, "descriptors of chains")->limit, ALL_DESCS);
	guest_free(x.g);
}

static void a_host_shows_so_many_queues(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_host h = { .nqueues = 0 };

	(void)state;
	for (unsigned i = 0; i < ALL_ROWS; i++)
		assert_non_null(vr_host_new_queue(&g->c, &h));
	assert_int_equal(g->c.nerrors, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_null(vr_host_new_queue(&g->c, &h));
	assert_int_equal(h.nqueues, ALL_ROWS);
	assert_int_equal(get_error(&g->c, VR_E_BUDGET, "vhost queues")->limit, ALL_ROWS);
	assert_int_equal(g->c.nerrors, 1);
	guest_free(g);
}

static void a_host_has_so_many_vhost_devices(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_host h = { .nvhosts = VR_MAX_VHOSTS };

	(void)state;
	h.vhosts = calloc(VR_MAX_VHOSTS, sizeof(*h.vhosts));
	assert_non_null(h.vhosts);
	h.vhosts[7].addr = 0xffff888000001000;
	assert_ptr_equal(vr_vhost_at(&g->c, &h, 0xffff888000001000), &h.vhosts[7]);
	assert_int_equal(g->c.nerrors, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_null(vr_vhost_at(&g->c, &h, 0xffff888000002000 + 64 * i));
	assert_int_equal(get_error(&g->c, VR_E_BUDGET, "vhost devices")->limit, VR_MAX_VHOSTS);
	assert_int_equal(g->c.nerrors, 1);
	free(h.vhosts);
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_with_many_tables_is_looked_into_in_part),
		cmocka_unit_test(as_many_as_there_may_be_are_all_looked_into),
		cmocka_unit_test(many_queues_with_tables_share_one_budget),
		cmocka_unit_test(many_chains_share_one_budget),
		cmocka_unit_test(a_host_shows_so_many_queues),
		cmocka_unit_test(a_host_has_so_many_vhost_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
