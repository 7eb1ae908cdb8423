// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vdev.c - virtio devices of any type: which words name them and their queues,
 * and what is made of a queue's buffers.
 */
#include "unit.h"
#include "bus_builder.h"

#define MODERN		(1ULL << 32)

static int setup(void **state)
{
	*state = zoo_new();
	return 0;
}

static int teardown(void **state)
{
	zoo_free(*state);
	return 0;
}

/* The device that the words select, with the labels of its queues. */
static void assert_selects(struct zoo *z, const char *device, const char *queue,
			   const char *name, const char *labels, bool full)
{
	for (int all = 0; all < 2; all++) {
		struct walked w = bus_walk(z->b, all, device, queue);

		if (w.status != VR_WALK_OK || w.snap.ndevices != 1)
			fail_msg("'%s %s': status %d, %u devices", device,
				 queue ? queue : "", (int)w.status,
				 w.snap.ndevices);
		assert_string_equal(walked_labels(&w, name), labels);
		assert_int_equal(w.sel.full, full);
	}
	assert_int_equal(z->b->g->c.nerrors, 0);
}

static void assert_nothing(struct zoo *z, const char *device, const char *queue,
			   enum vr_walk_status status, const char *why)
{
	for (int all = 0; all < 2; all++) {
		struct walked w = bus_walk(z->b, all, device, queue);
		char reason[1024];

		assert_int_equal(w.status, status);
		assert_int_equal(w.snap.ndevices, 0);
		vr_walk_reason(reason, sizeof(reason), &w.err, &w.sel);
		if (!strstr(reason, why))
			fail_msg("'%s' is not in '%s'", why, reason);
	}
	assert_int_equal(z->b->g->c.nerrors, 0);
}

/* ---- devices ------------------------------------------------------------- */

static void a_device_has_four_names(void **state)
{
	struct zoo *z = *state;

	assert_selects(z, "virtio1", NULL, "virtio1", "req.0 req.1", false);
	assert_selects(z, "0000:00:02.0", NULL, "virtio1", "req.0 req.1", false);
	assert_selects(z, hex(z->disk->addr), NULL, "virtio1", "req.0 req.1",
		       false);
	assert_selects(z, "virtio3", NULL, "virtio3", "0 1", false);
}

static void a_queues_address_is_enough(void **state)
{
	struct zoo *z = *state;

	for (unsigned i = 0; i < 2; i++)
		assert_selects(z, hex(z->disk->ring[i].vvq), NULL, "virtio1",
			       i ? "req.1" : "req.0", true);
	assert_selects(z, hex(z->console->ring[4].vvq), NULL, "virtio2", "4",
		       true);
	assert_selects(z, hex(z->nic->tx[0].vvq), NULL, "eth0", "tx0", true);
}

/* Where the public part is not the first member both addresses mean the queue. */
static void both_addresses_of_a_queue_mean_it(void **state)
{
	struct bus *b = bus_new(ERA_7_1, BUS_KSET);
	struct vdev *d = bus_device(b, &(struct vdev_spec){ .type = 2,
		.queues = { "req.0", "req.1" } });
	struct walked w;

	(void)state;
	assert_int_not_equal(d->ring[1].vvq, d->ring[1].vq);
	w = bus_walk(b, false, hex(d->ring[1].vvq), NULL);
	assert_string_equal(walked_labels(&w, "virtio0"), "req.1");
	w = bus_walk(b, false, hex(d->ring[1].vq), NULL);
	assert_string_equal(walked_labels(&w, "virtio0"), "req.1");
	bus_free(b);
}

static void a_network_device_stays_one_however_it_is_named(void **state)
{
	struct zoo *z = *state;

	assert_selects(z, "eth0", NULL, "eth0", "rx0 tx0", false);
	assert_selects(z, "virtio0", NULL, "eth0", "rx0 tx0", false);
	assert_selects(z, hex(z->nic->dev), NULL, "eth0", "rx0 tx0", false);
	assert_selects(z, hex(z->net->addr), NULL, "eth0", "rx0 tx0", false);
	assert_selects(z, hex(z->net->addr), "tx0", "eth0", "tx0", true);
	assert_selects(z, "virtio0", "0", "eth0", "rx0 tx0", true);
}

static void an_interfaces_name_wins(void **state)
{
	struct zoo *z = *state;
	struct nic *n = guest_nic(z->b->g, &(struct nic_spec){ .name = "virtio1" });

	bus_nic(z->b, n);
	assert_selects(z, "virtio1", NULL, "virtio1", "rx0 tx0", false);
}

static void other_words_name_no_device(void **state)
{
	static const char *const words[] = {
		"virtio4", "virtio", "virtio01", "virtio-1", "Virtio1", "req.0",
		"0000:00:09.0", "block", "", "1", "ffffffffffffffff", "eth1",
	};
	struct zoo *z = *state;

	for (unsigned i = 0; i < COUNT_OF(words); i++)
		assert_nothing(z, words[i], NULL, VR_WALK_NO_DEVICE,
			       "is no net device, virtio device or virtqueue;"
			       " virtio-net devices: eth0 (net_device ");
	/* Inside of one is not one. */
	assert_nothing(z, hex(z->disk->addr + 8), NULL, VR_WALK_NO_DEVICE,
		       "; other virtio devices: virtio1 (block), virtio2 (console),"
		       " virtio3 (99)");
	assert_nothing(z, hex(z->disk->ring[0].vvq + 8), NULL, VR_WALK_NO_DEVICE,
		       "is no net device");
}

/* ---- queues -------------------------------------------------------------- */

static void a_queue_goes_by_index_or_name(void **state)
{
	struct zoo *z = *state;

	assert_selects(z, "virtio1", "0", "virtio1", "req.0", true);
	assert_selects(z, "virtio1", "req.1", "virtio1", "req.1", true);
	assert_selects(z, "0000:00:03.0", "control-o", "virtio2", "control-o",
		       true);
	assert_selects(z, "virtio2", "5", "virtio2", "5", true);
	/* What two are called means both, and then none of them in full. */
	assert_selects(z, "virtio2", "input", "virtio2", "0 4", false);
	/* The first is called "1" and has index 0: an exact name wins. */
	assert_selects(z, "virtio3", "1", "virtio3", "0", true);
	assert_selects(z, "virtio3", "0", "virtio3", "0", true);
}

static void a_queue_that_is_lacking_is_said_to_be_lacking(void **state)
{
	static const char *const words[] = {
		"2", "req", "req.2", "tx0", "rx", "ctrl", "-1", "0x0", "",
		"99999999999999999999", "4294967296",
	};
	struct zoo *z = *state;

	for (unsigned i = 0; i < COUNT_OF(words); i++)
		assert_nothing(z, "virtio1", words[i], VR_WALK_NO_QUEUE,
			       "virtio1 has no such queue: its queues are 0 req.0,"
			       " 1 req.1");
	assert_nothing(z, hex(z->disk->addr), "9", VR_WALK_NO_QUEUE,
		       "virtio1 has no such queue: its queues are 0 req.0");
	bus_device(z->b, &(struct vdev_spec){ .type = 20 });
	assert_nothing(z, "virtio4", "0", VR_WALK_NO_QUEUE,
		       "virtio4 has no such queue: it has none at all");
}

static void the_list_of_queues_is_of_some_length_only(void **state)
{
	char label[1][VR_LABEL_SIZE + 24] = { "0 req\033.0" };
	struct vr_walk_error e = { .status = VR_WALK_NO_QUEUE, .queues = label,
		.nqueues = 4711, .nlisted = 1, .virtio_name = "virtio7" };
	struct vr_select sel = { .device = "virtio7", .word = "x" };
	char reason[256];

	(void)state;
	vr_walk_reason(reason, sizeof(reason), &e, &sel);
	assert_string_equal(reason, "virtio7 has no such queue: its queues are 0"
			    " req\\x1b.0, and 4710 more");
}

static void a_network_device_has_words_of_its_own(void **state)
{
	static const char *const words[] = { "req.0", "input", "-1", "" };
	struct zoo *z = *state;

	for (unsigned i = 0; i < COUNT_OF(words); i++) {
		assert_nothing(z, "eth0", words[i], VR_WALK_NO_WORD,
			       "' is no queue: use N, txN, rxN, output.N, input.N,"
			       " tx, rx or ctrl");
		assert_nothing(z, "virtio0", words[i], VR_WALK_NO_WORD,
			       "' is no queue");
	}
}

static void chains_are_read_of_any_device(void **state)
{
	struct zoo *z = *state;
	struct walked w = { .sel = { .device = "virtio1", .chains = true } };
	uint16_t head = ring_add(&z->disk->ring[1], 3);

	guest_resolve(z->b->g);
	vr_select_queue(&w.sel, "1");
	w.status = vr_guest_walk(&z->b->g->c, &w.sel, false, &w.snap, &w.err);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.devices[0].queues[0].chains.nchains, 1);
	assert_int_equal(w.snap.devices[0].queues[0].chains.chain[0].head, head);
	assert_val(w.snap.devices[0].queues[0].counts.in_flight, 1);
}

/* The specification numbers each device's queues: 5.3.2, 5.5.2, 5.6.2, ... */
static void buffers_that_wait_for_something_are_no_trouble(void **state)
{
	static const struct {
		unsigned type;
		const char *parked;	/* p: buffers wait with the device */
	} cases[] = {
		{ 2, "----" }, { 3, "p-p-p-" }, { 4, "-" }, { 8, "-p--" },
		{ 16, "--" }, { 18, "p-" }, { 19, "p-p" }, { 23, "-p" },
		{ 25, "-p--" }, { 7, "p-" }, { 11, "p-" }, { 32, "-p" }, { 36, "-p-" },
		{ 40, "-p" }, { 41, "-p" }, { 99, "---" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct bus *b = bus_new(ERA_5_15, BUS_KSET);
		struct vdev_spec spec = { .type = cases[i].type, .features = MODERN,
					  .driver = "some" };
		struct vdev *d;
		struct walked w;
		unsigned n = 0;

		while (cases[i].parked[n])
			spec.queues[n++] = "";
		d = bus_device(b, &spec);
		fake_set(b->g->f, d->addr, "virtio_device", "config_core_enabled", 1);
		for (unsigned k = 0; k < n; k++)
			ring_add(&d->ring[k], 1);
		w = bus_walk(b, true, NULL, NULL);
		vr_check_guest(&b->g->c, &w.snap);
		for (unsigned k = 0; k < n; k++) {
			const struct vr_queue *q = &w.snap.devices[0].queues[k];

			assert_int_equal(q->parked, cases[i].parked[k] == 'p');
			assert_int_equal(q->verdict.state, q->parked ?
					 VR_ST_IDLE : VR_ST_NOT_CONSUMING);
		}
		bus_free(b);
	}
}

static void a_balloons_statistics_wait_with_the_device(void **state)
{
	struct bus *b = bus_new(ERA_5_15, BUS_KSET);
	struct walked w;

	(void)state;
	bus_device(b, &(struct vdev_spec){ .type = 5,
		.queues = { "inflate", "deflate", "stats" } });
	w = bus_walk(b, true, NULL, NULL);
	assert_false(w.snap.devices[0].queues[0].parked);
	assert_false(w.snap.devices[0].queues[1].parked);
	assert_true(w.snap.devices[0].queues[2].parked);
	bus_free(b);
}

/* ---- without virtio_net's types ------------------------------------------ */

static struct walked walk_without_net(struct zoo *z, bool all, const char *device)
{
	struct walked w = { .sel = { .all = all, .device = device } };
	struct vr_ctx *c = &z->b->g->c;
	struct vr_missing missing;

	assert_int_equal(vr_layout_resolve(c, VR_G_KERNEL | VR_G_RING, &missing),
			 0);
	w.status = vr_guest_walk(c, &w.sel, true, &w.snap, &w.err);
	return w;
}

static void types_of_virtio_net_are_not_needed(void **state)
{
	struct zoo *z = *state;
	struct vr_ctx *c = &z->b->g->c;
	struct vr_missing missing;
	struct walked w;

	fake_forget(z->b->g->f, "virtnet_info", NULL);
	assert_int_equal(vr_layout_resolve(c, VR_G_KERNEL | VR_G_GUEST, &missing),
			 -1);
	assert_string_equal(missing.type, "virtnet_info");
	w = walk_without_net(z, false, "virtio1");
	assert_int_equal(w.status, VR_WALK_OK);
	assert_string_equal(walked_labels(&w, "virtio1"), "req.0 req.1");
	assert_int_equal(c->nerrors, 0);
	w = walk_without_net(z, true, NULL);
	assert_int_equal(w.snap.ndevices, 4);
	assert_int_equal(w.snap.devices[0].nqueues, 2);
	assert_string_equal(vr_device_name(&w.snap.devices[0]), "virtio0");
	/* A network device is there that could have been shown better. */
	assert_int_equal(c->nerrors, 1);
	assert_int_equal(c->errors[0].code, VR_E_NOTYPE);
	assert_string_equal(c->errors[0].module, "virtio_net");
}

static void members_of_the_bus_are_needed(void **state)
{
	struct zoo *z = *state;
	struct walked w;

	fake_forget(z->b->g->f, "virtio_device", "vqs");
	w = bus_walk(z->b, true, NULL, NULL);
	assert_int_equal(w.status, VR_WALK_NO_TYPES);
	assert_string_equal(w.err.missing.path, "vqs");
	/* Asked for a device, and without -a, it is not the answer. */
	assert_int_equal(bus_walk(z->b, false, "virtio1", NULL).status,
			 VR_WALK_NO_DEVICE);
	assert_int_equal(bus_walk(z->b, false, "eth0", NULL).status, VR_WALK_OK);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_has_four_names),
		TEST(a_queues_address_is_enough),
		cmocka_unit_test(both_addresses_of_a_queue_mean_it),
		TEST(a_network_device_stays_one_however_it_is_named),
		TEST(an_interfaces_name_wins),
		TEST(other_words_name_no_device),
		TEST(a_queue_goes_by_index_or_name),
		TEST(a_queue_that_is_lacking_is_said_to_be_lacking),
		cmocka_unit_test(the_list_of_queues_is_of_some_length_only),
		TEST(a_network_device_has_words_of_its_own),
		TEST(chains_are_read_of_any_device),
		cmocka_unit_test(buffers_that_wait_for_something_are_no_trouble),
		cmocka_unit_test(a_balloons_statistics_wait_with_the_device),
		TEST(types_of_virtio_net_are_not_needed),
		TEST(members_of_the_bus_are_needed),
	};

	return cmocka_run_group_tests_name("vdev", tests, NULL, NULL);
}
