// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_lists.c - the walk over the name spaces' net devices, on sound lists and
 * on broken ones.
 */
#include "unit.h"
#include "guest_builder.h"

#define MAX_SEEN 64

struct seen {
	struct vr_netdev_ref ref[MAX_SEEN];
	unsigned n;
	unsigned stop_at;	/* the callback says stop at this one; 0: never */
};

static int note(struct vr_ctx *c, const struct vr_netdev_ref *ref, void *arg)
{
	struct seen *s = arg;

	(void)c;
	if (s->n < MAX_SEEN)
		s->ref[s->n] = *ref;
	s->n++;
	return s->stop_at && s->n == s->stop_at ? 42 : 0;
}

static struct seen walk(struct guest *g)
{
	struct seen s = { .n = 0 };

	guest_resolve(g);
	assert_int_equal(vr_for_each_netdev(&g->c, note, &s), 0);
	assert_true(s.n <= MAX_SEEN);
	return s;
}

static unsigned times_seen(const struct seen *s, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += !strcmp(s->ref[i].name, name);
	return n;
}

static int setup(void **state)
{
	*state = guest_new(ERA_5_4);
	return 0;
}

static int teardown(void **state)
{
	guest_free(*state);
	return 0;
}

/* Where the link of a net_device is, and the head of a name space's list. */
static uint64_t link_of(struct guest *g, uint64_t dev)
{
	return dev + fake_offset(g->f, "net_device", "dev_list");
}

static uint64_t head_of(struct guest *g, uint64_t net)
{
	return net + fake_offset(g->f, "net", "dev_base_head");
}

/* ---- sound lists --------------------------------------------------------- */

static void devices_come_in_the_order_of_the_lists(void **state)
{
	struct guest *g = *state;
	uint64_t net = guest_net(g, 4026532000u), dev[4];
	struct seen s;

	dev[0] = guest_netdev(g, 0, "lo", NULL);
	dev[1] = guest_netdev(g, 0, "eth0", NULL);
	dev[2] = guest_netdev(g, net, "lo", NULL);
	dev[3] = guest_netdev(g, net, "eth0", NULL);
	s = walk(g);
	assert_int_equal(s.n, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(s.ref[i].addr, dev[i]);
		assert_string_equal(s.ref[i].name, i % 2 ? "eth0" : "lo");
		assert_int_equal(s.ref[i].net, i < 2 ? g->init_net : net);
		assert_val(s.ref[i].inum, i < 2 ? 4026531956u : 4026532000u);
	}
	assert_int_equal(g->c.nerrors, 0);
}

static void the_walk_ends_when_the_callback_says_so(void **state)
{
	struct guest *g = *state;
	struct seen s = { .stop_at = 2 };

	guest_netdev(g, 0, "lo", NULL);
	guest_netdev(g, 0, "eth0", NULL);
	guest_netdev(g, guest_net(g, 7), "eth1", NULL);
	guest_resolve(g);
	assert_int_equal(vr_for_each_netdev(&g->c, note, &s), 42);
	assert_int_equal(s.n, 2);
}

static void empty_name_spaces_are_no_error(void **state)
{
	struct guest *g = *state;
	struct seen s;

	guest_net(g, 1);
	guest_net(g, 2);
	guest_netdev(g, guest_net(g, 3), "eth0", NULL);
	s = walk(g);
	assert_int_equal(s.n, 1);
	assert_val(s.ref[0].inum, 3);
	assert_int_equal(g->c.nerrors, 0);
}

static void without_the_list_of_name_spaces_the_first_is_walked(void **state)
{
	struct guest *g = *state;
	struct seen s;

	guest_netdev(g, 0, "eth0", NULL);
	guest_netdev(g, guest_net(g, 7), "eth1", NULL);
	fake_no_symbols(g->f);
	fake_symbol(g->f, "init_net", g->init_net);
	s = walk(g);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ref[0].name, "eth0");
}

static void a_name_without_its_zero_has_15_bytes(void **state)
{
	struct guest *g = *state;
	uint64_t dev = guest_netdev(g, 0, "", NULL);
	struct seen s;

	fake_put(g->f, VR_KERNEL, dev + fake_offset(g->f, "net_device", "name"),
		 "ABCDEFGHIJKLMNOPQRST", 20);
	s = walk(g);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ref[0].name, "ABCDEFGHIJKLMNO");
}

static void a_long_list_is_walked_to_its_end(void **state)
{
	struct guest *g = *state;
	struct seen s;
	char name[16];

	for (unsigned i = 0; i < MAX_SEEN; i++) {
		snprintf(name, sizeof(name), "eth%u", i);
		guest_netdev(g, 0, name, NULL);
	}
	s = walk(g);
	assert_int_equal(s.n, MAX_SEEN);
	assert_string_equal(s.ref[MAX_SEEN - 1].name, "eth63");
	assert_int_equal(g->c.nerrors, 0);
}

/* ---- broken lists -------------------------------------------------------- */

/* Those behind it are reached from the list's other end. */
static void a_missing_device_hides_no_other(void **state)
{
	struct guest *g = *state;
	uint64_t dev, net = guest_net(g, 7);
	struct seen s;

	guest_netdev(g, 0, "lo", NULL);
	dev = guest_netdev(g, 0, "eth0", NULL);
	guest_netdev(g, 0, "eth1", NULL);
	guest_netdev(g, net, "eth2", NULL);
	fake_drop(g->f, VR_KERNEL, dev);
	s = walk(g);
	assert_int_equal(times_seen(&s, "lo"), 1);
	assert_int_equal(times_seen(&s, "eth2"), 1);
	assert_int_equal(times_seen(&s, "eth1"), 1);
	assert_int_equal(get_error(&g->c, VR_E_READ, "list of net devices")->addr,
			 link_of(g, dev));
}

/* A failed read leaves rubbish in the buffer: it must not become a name. */
static void a_name_that_cannot_be_read_is_empty(void **state)
{
	struct guest *g = *state;
	uint64_t dev = guest_netdev(g, 0, "eth0", NULL);
	struct seen s;

	fake_drop(g->f, VR_KERNEL, dev);
	s = walk(g);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.ref[0].addr, dev);
	get_error(&g->c, VR_E_READ, "net_device.name");
	assert_string_equal(s.ref[0].name, "");
}

static void a_null_link_ends_its_list_and_no_other(void **state)
{
	struct guest *g = *state;
	uint64_t dev = guest_netdev(g, 0, "eth0", NULL);
	struct seen s;

	guest_netdev(g, guest_net(g, 7), "eth1", NULL);
	fake_u64(g->f, link_of(g, dev), 0);
	s = walk(g);
	assert_int_equal(times_seen(&s, "eth0"), 1);
	assert_int_equal(times_seen(&s, "eth1"), 1);
	assert_int_equal(get_error(&g->c, VR_E_NULL, "list of net devices")->addr,
			 link_of(g, dev));
}

static void a_link_into_nowhere_is_noted(void **state)
{
	struct guest *g = *state;
	uint64_t dev = guest_netdev(g, 0, "eth0", NULL);
	struct seen s;

	fake_u64(g->f, link_of(g, dev), 0xdead000000000100ULL);
	s = walk(g);
	assert_int_equal(times_seen(&s, "eth0"), 1);
	assert_int_equal(get_error(&g->c, VR_E_READ, "list of net devices")->addr,
			 0xdead000000000100ULL);
}

/* A list whose last device leads back to device 'to' instead of the head. */
static struct seen walk_loop(struct guest *g, unsigned devices, unsigned to)
{
	uint64_t dev[16];
	char name[16];

	assert_true(devices <= 16 && to < devices);
	for (unsigned i = 0; i < devices; i++) {
		snprintf(name, sizeof(name), "eth%u", i);
		dev[i] = guest_netdev(g, 0, name, NULL);
	}
	fake_u64(g->f, link_of(g, dev[devices - 1]), link_of(g, dev[to]));
	return walk(g);
}

static void a_loop_ends_and_is_noted(void **state)
{
	static const unsigned shapes[][2] = {
		{ 1, 0 }, { 2, 0 }, { 2, 1 }, { 5, 0 }, { 5, 3 }, { 16, 0 },
		{ 16, 7 }, { 16, 15 },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(shapes); i++) {
		struct guest *g = guest_new(ERA_5_4);
		struct seen s = walk_loop(g, shapes[i][0], shapes[i][1]);

		assert_int_equal(g->c.nerrors, 1);
		assert_int_equal(get_error(&g->c, VR_E_LOOP,
					   "list of net devices")->addr,
				 head_of(g, g->init_net));
		assert_int_equal(times_seen(&s, "eth0") > 0, 1);
		guest_free(g);
	}
}

static void a_loop_does_not_keep_other_name_spaces_from_being_seen(void **state)
{
	struct guest *g = *state;
	struct seen s;

	guest_netdev(g, guest_net(g, 7), "veth7", NULL);
	s = walk_loop(g, 3, 1);
	assert_int_equal(times_seen(&s, "veth7"), 1);
}

/* Fails if a walk goes round a circle before it finds that it is one. */
static void no_device_of_a_loop_is_reported_twice(void **state)
{
	struct seen s = walk_loop(*state, 5, 2);

	assert_int_equal(times_seen(&s, "eth0"), 1);
	assert_int_equal(times_seen(&s, "eth2"), 1);
	assert_int_equal(times_seen(&s, "eth4"), 1);
	assert_int_equal(s.n, 5);
}

static void a_loop_of_name_spaces_ends_and_is_noted(void **state)
{
	struct guest *g = *state;
	uint64_t a = guest_net(g, 7), b = guest_net(g, 8);
	uint32_t list = fake_offset(g->f, "net", "list");
	struct seen s;

	guest_netdev(g, a, "eth0", NULL);
	fake_u64(g->f, b + list, a + list);
	s = walk(g);
	assert_int_equal(times_seen(&s, "eth0") > 0, 1);
	assert_int_equal(get_error(&g->c, VR_E_LOOP,
				   "list of network name spaces")->addr,
			 g->net_list);
}

static void a_missing_name_space_is_noted(void **state)
{
	struct guest *g = *state;
	uint64_t a = guest_net(g, 7);
	struct seen s;

	guest_netdev(g, 0, "eth0", NULL);
	guest_netdev(g, a, "eth1", NULL);
	fake_drop(g->f, VR_KERNEL, a);
	s = walk(g);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ref[0].name, "eth0");
	assert_int_equal(get_error(&g->c, VR_E_READ, "list of net devices")->addr,
			 head_of(g, a));
	get_error(&g->c, VR_E_READ, "list of network name spaces");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(devices_come_in_the_order_of_the_lists),
		TEST(the_walk_ends_when_the_callback_says_so),
		TEST(empty_name_spaces_are_no_error),
		TEST(without_the_list_of_name_spaces_the_first_is_walked),
		TEST(a_name_without_its_zero_has_15_bytes),
		TEST(a_long_list_is_walked_to_its_end),
		TEST(a_missing_device_hides_no_other),
		TEST(a_name_that_cannot_be_read_is_empty),
		TEST(a_null_link_ends_its_list_and_no_other),
		TEST(a_link_into_nowhere_is_noted),
		TEST(a_loop_ends_and_is_noted),
		TEST(a_loop_does_not_keep_other_name_spaces_from_being_seen),
		TEST(no_device_of_a_loop_is_reported_twice),
		TEST(a_loop_of_name_spaces_ends_and_is_noted),
		TEST(a_missing_name_space_is_noted),
	};

	return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
