// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_devices.c - virtio-net devices of which something is missing or wrong:
 * one bad queue hides no other, and nothing is called a number that was not
 * read.
 */
#include "unit.h"
#include "guest_builder.h"
#include "pgtable_builder.h"

static int setup(void **state)
{
	*state = guest_new(ERA_5_15);
	return 0;
}

static int teardown(void **state)
{
	guest_free(*state);
	return 0;
}

static struct nic *add_nic(struct guest *g, unsigned pairs)
{
	return guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = pairs,
						.ctrl = true });
}

/* ---- how many queues ----------------------------------------------------- */

static void pairs_beyond_curr_queue_pairs_are_not_in_use(void **state)
{
	struct guest *g = *state;
	struct walked w;

	guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 4,
					 .curr_pairs = 2, .ctrl = true });
	w = guest_walk(g, "eth0", NULL);
	assert_val(w.snap.devices[0].max_pairs, 4);
	assert_val(w.snap.devices[0].curr_pairs, 2);
	assert_true(walked_queue(&w, "eth0", "rx1")->in_use);
	assert_true(walked_queue(&w, "eth0", "tx1")->in_use);
	assert_false(walked_queue(&w, "eth0", "rx2")->in_use);
	assert_false(walked_queue(&w, "eth0", "tx3")->in_use);
	assert_true(walked_queue(&w, "eth0", "ctrl")->in_use);
}

static void a_queue_that_the_device_lacks_is_said_to_be_lacking(void **state)
{
	static const char *const words[] = { "2", "tx2", "rx7", "output.32767" };
	struct guest *g = *state;
	struct nic *n = add_nic(g, 2);

	for (unsigned i = 0; i < COUNT_OF(words); i++) {
		struct walked w = guest_walk(g, "eth0", words[i]);

		assert_int_equal(w.status, VR_WALK_NO_QUEUE);
		assert_int_equal(w.err.status, VR_WALK_NO_QUEUE);
		assert_int_equal(w.err.dev.addr, n->dev);
		assert_int_equal(w.err.pairs, 2);
		assert_int_equal(w.snap.ndevices, 0);
	}
}

static void a_device_without_a_control_queue_has_none(void **state)
{
	struct guest *g = *state;
	struct walked w;

	guest_nic(g, &(struct nic_spec){ .name = "eth0" });
	assert_int_equal(guest_walk(g, "eth0", "ctrl").status, VR_WALK_NO_QUEUE);
	w = guest_walk(g, "eth0", NULL);
	assert_int_equal(w.snap.devices[0].nqueues, 2);
	assert_int_equal(g->c.nerrors, 0);
}

/* The specification allows 1 to 0x8000 pairs. */
static void an_impossible_number_of_pairs_is_unread(void **state)
{
	static const uint16_t bad[] = { 0x8001, 0xa5a5, 0xffff };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bad); i++) {
		struct guest *g = guest_new(ERA_5_15);
		struct nic *n = add_nic(g, 2);
		struct walked w;

		fake_set(g->f, n->vi, "virtnet_info", "max_queue_pairs", bad[i]);
		w = guest_walk(g, "eth0", NULL);
		assert_int_equal(get_error(&g->c, VR_E_RANGE,
					   "virtnet_info.max_queue_pairs")->value,
				 bad[i]);
		assert_int_equal(w.snap.ndevices, 1);
		assert_unread(w.snap.devices[0].max_pairs);
		walked_queue(&w, "eth0", "ctrl");
		guest_free(g);
	}
}

/* As many as there may be, of which two exist: bounded, and those two are read. */
static void the_largest_number_of_pairs_is_bounded(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 2);
	struct walked w;

	fake_set(g->f, n->vi, "virtnet_info", "max_queue_pairs", 0x8000);
	w = guest_walk(g, "eth0", NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.devices[0].nqueues, 2 * 0x8000 + 1);
	assert_val(walked_queue(&w, "eth0", "tx1")->num_free, 256);
	assert_true(walked_queue(&w, "eth0", "tx32767")->failed);
	assert_val(walked_queue(&w, "eth0", "ctrl")->num_free, 64);
}

/* ---- missing pieces ------------------------------------------------------ */

static void a_missing_virtqueue_hides_no_other(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 3);
	struct walked w;

	fake_drop(g->f, VR_KERNEL, n->tx[1].vvq);
	w = guest_walk(g, "eth0", NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.devices[0].nqueues, 7);
	assert_unread(walked_queue(&w, "eth0", "tx1")->num_free);
	assert_val(walked_queue(&w, "eth0", "rx1")->num_free, 256);
	assert_val(walked_queue(&w, "eth0", "tx2")->num_free, 256);
	for (unsigned i = 0; i < g->c.nerrors; i++) {
		assert_string_equal(g->c.errors[i].device, "eth0");
		assert_string_equal(g->c.errors[i].queue, "tx1");
	}
	assert_true(g->c.nerrors > 0);
}

static void a_null_virtqueue_is_a_failed_queue(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 2);
	const struct vr_error *e;
	struct walked w;

	fake_u64(g->f, guest_vq_slot(g, n, VR_RX, 1), 0);
	w = guest_walk(g, "eth0", NULL);
	assert_true(walked_queue(&w, "eth0", "rx1")->failed);
	assert_false(walked_queue(&w, "eth0", "tx1")->failed);
	assert_int_equal(g->c.nerrors, 1);
	e = get_error(&g->c, VR_E_NULL, "pointer to the virtqueue");
	assert_int_equal(e->addr, guest_vq_slot(g, n, VR_RX, 1));
	assert_string_equal(e->queue, "rx1");
}

/* 704 bytes each: the sixth send_queue begins on the first page's last bytes. */
static void a_missing_page_of_send_queues_hides_no_receive_queue(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 8);
	struct walked w;

	fake_drop(g->f, VR_KERNEL, n->sq + FAKE_PAGE);
	w = guest_walk(g, "eth0", NULL);
	for (unsigned i = 0; i < 8; i++) {
		char label[12];

		snprintf(label, sizeof(label), "rx%u", i);
		assert_val(walked_queue(&w, "eth0", label)->num_free, 256);
		snprintf(label, sizeof(label), "tx%u", i);
		assert_int_equal(walked_queue(&w, "eth0", label)->failed,
				 704 * i >= FAKE_PAGE);
	}
}

static void a_null_array_of_send_queues_hides_no_receive_queue(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 2);
	struct walked w;

	fake_set(g->f, n->vi, "virtnet_info", "sq", 0);
	w = guest_walk(g, "eth0", NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	get_error(&g->c, VR_E_NULL, "virtnet_info.sq");
	assert_val(walked_queue(&w, "eth0", "rx0")->num_free, 256);
	assert_val(walked_queue(&w, "eth0", "rx1")->num_free, 256);
}

static void a_bad_device_hides_no_other(void **state)
{
	struct guest *g = *state;
	struct nic *bad = add_nic(g, 2);
	struct walked w;

	guest_nic(g, &(struct nic_spec){ .name = "eth1" });
	fake_set(g->f, bad->vi, "virtnet_info", "sq", 0);
	fake_set(g->f, bad->vi, "virtnet_info", "rq", 0xffffdead00000000ULL);
	w = guest_walk(g, NULL, NULL);
	assert_int_equal(w.snap.ndevices, 2);
	assert_val(walked_queue(&w, "eth1", "tx0")->num_free, 256);
	assert_int_equal(g->c.device[0], '\0');
}

/* The name is wrong in every way that a name can be. */
static void a_name_of_control_bytes_is_kept_as_it_is(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 1);
	struct walked w;

	fake_put(g->f, VR_KERNEL, n->dev + fake_offset(g->f, "net_device", "name"),
		 "\033[2J\001\n\r\t\200\377eth0XY", 16);
	w = guest_walk(g, NULL, NULL);
	assert_int_equal(w.snap.ndevices, 1);
	assert_memory_equal(w.snap.devices[0].ref.name,
			    "\033[2J\001\n\r\t\200\377eth0X", 16);
}

static void a_looping_list_reports_the_device_once(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 1);
	uint64_t link = fake_offset(g->f, "net_device", "dev_list");
	uint64_t last = guest_netdev(g, 0, "veth0", "veth");
	struct walked w;

	fake_u64(g->f, last + link, n->dev + link);
	w = guest_walk(g, "eth0", NULL);
	get_error(&g->c, VR_E_LOOP, "list of net devices");
	assert_int_equal(w.snap.ndevices, 1);
}

/* Looking by name, by address and for candidates is three walks, one finding. */
static void a_broken_list_is_noted_once(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, 1);

	fake_u64(g->f, n->dev + fake_offset(g->f, "net_device", "dev_list"), 0);
	assert_int_equal(guest_walk(g, "beef", NULL).status, VR_WALK_NO_DEVICE);
	assert_int_equal(g->c.nerrors, 1);
}

/* ---- byte order ---------------------------------------------------------- */

/* 2.7.1: with VERSION_1 little-endian whatever the guest, else the guest's own. */
static void only_a_legacy_ring_follows_a_big_endian_guest(void **state)
{
	(void)state;
	for (int version_1 = 0; version_1 < 2; version_1++) {
		struct guest *g = guest_new(ERA_5_15);
		struct nic *n = guest_nic(g, &(struct nic_spec){ .name = "eth0",
			.features = version_1 ? 1ULL << 32 : 1ULL << 29 });
		struct walked w;

		fake_put(g->f, VR_KERNEL, n->tx[0].avail + 2, "\x12\x34", 2);
		g->f->t.big_endian = true;
		w = guest_walk(g, "eth0", "tx");
		assert_val(walked_queue(&w, "eth0", "tx0")->split.avail_idx,
			   version_1 ? 0x3412 : 0x1234);
		guest_free(g);
	}
}

/* ---- module memory ------------------------------------------------------- */

/* The bus's name lies in virtio.ko, at an address that needs a page walk. */
static void the_bus_is_recognised_by_a_name_in_module_memory(void **state)
{
	const uint64_t name = 0xffffffffc0123ff9ULL, init_mm = 0xffffffff81100000ULL;
	struct guest *g = *state;
	struct pgtable pt;

	add_nic(g, 1);
	fake_set(g->f, g->virtio_bus, "bus_type", "name", name);
	g->f->t.x86_64 = true;
	fake_symbol(g->f, "_text", 0xffffffff81000000ULL);
	fake_symbol(g->f, "_end", 0xffffffff83000000ULL);
	fake_symbol(g->f, "init_mm", init_mm);
	pt_init(&pt, g->f, 4, 0xffff888000000000ULL, 0x1000000);
	fake_u64(g->f, init_mm + fake_offset(g->f, "mm_struct", "pgd"),
		 pt.top_kernel);
	/* Without it the pointers are enough, and that it is missing is said. */
	assert_int_equal(guest_walk(g, "eth0", NULL).status, VR_WALK_OK);
	get_error(&g->c, VR_E_READ, "bus_type.name");
	g->c.nerrors = 0;
	pt_map(&pt, name, 0x7000, 1, 0);
	fake_put(g->f, VR_PHYS, 0x7ff9, "virtio", 7);
	assert_int_equal(guest_walk(g, "eth0", NULL).status, VR_WALK_OK);
	assert_int_equal(g->c.nerrors, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pairs_beyond_curr_queue_pairs_are_not_in_use),
		TEST(a_queue_that_the_device_lacks_is_said_to_be_lacking),
		TEST(a_device_without_a_control_queue_has_none),
		cmocka_unit_test(an_impossible_number_of_pairs_is_unread),
		TEST(the_largest_number_of_pairs_is_bounded),
		TEST(a_missing_virtqueue_hides_no_other),
		TEST(a_null_virtqueue_is_a_failed_queue),
		TEST(a_missing_page_of_send_queues_hides_no_receive_queue),
		TEST(a_null_array_of_send_queues_hides_no_receive_queue),
		TEST(a_bad_device_hides_no_other),
		TEST(a_name_of_control_bytes_is_kept_as_it_is),
		TEST(a_looping_list_reports_the_device_once),
		TEST(a_broken_list_is_noted_once),
		cmocka_unit_test(only_a_legacy_ring_follows_a_big_endian_guest),
		TEST(the_bus_is_recognised_by_a_name_in_module_memory),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
