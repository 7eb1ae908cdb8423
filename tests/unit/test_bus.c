// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_bus.c - the virtio bus: which way leads there, what is on it, and what is
 * wrong with it.
 */
#include "unit.h"
#include "bus_builder.h"

#define ALL_WAYS	(BUS_KSET | BUS_SYMBOL | BUS_DEVICE)
#define MODERN		(1ULL << 32)

static int setup(void **state)
{
	*state = bus_new(ERA_5_15, BUS_KSET);
	return 0;
}

static int teardown(void **state)
{
	bus_free(*state);
	return 0;
}

static void assert_devices(const struct walked *w, const char *want)
{
	char got[256] = "";

	assert_int_equal(w->status, VR_WALK_OK);
	for (unsigned i = 0; i < w->snap.ndevices; i++) {
		strcat(got, i ? " " : "");
		strcat(got, vr_device_name(&w->snap.devices[i]));
	}
	assert_string_equal(got, want);
}

static void assert_clean(const struct bus *b)
{
	if (b->g->c.nerrors)
		fail_msg("%u errors, the first %d about %s", b->g->c.nerrors,
			 (int)b->g->c.errors[0].code, b->g->c.errors[0].what);
}

/* ---- what there is ------------------------------------------------------- */

static void every_device_is_there_in_every_era(void **state)
{
	(void)state;
	for (int era = 0; era < ERA_COUNT; era++) {
		struct bus *b = bus_new(era, ALL_WAYS);
		struct vdev *d[4];
		struct walked w;

		bus_populate(b, d);
		w = bus_walk(b, true, NULL, NULL);
		assert_devices(&w, "eth0 virtio1 virtio2 virtio3");
		assert_string_equal(walked_labels(&w, "eth0"), "rx0 tx0");
		assert_string_equal(walked_labels(&w, "virtio1"), "req.0 req.1");
		assert_string_equal(walked_labels(&w, "virtio2"), "input");
		assert_string_equal(walked_labels(&w, "virtio3"), "");
		assert_val(walked_device(&w, "virtio1")->queues[1].num_free, 64);
		assert_clean(b);
		bus_free(b);
	}
}

static void a_device_is_what_its_struct_says(void **state)
{
	struct bus *b = *state;
	const struct vr_device *v;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_set(b->g->f, d[1]->addr, "virtio_device", "failed", 1);
	fake_set(b->g->f, d[2]->addr, "virtio_device", "config_core_enabled", 0);
	w = bus_walk(b, true, NULL, NULL);
	v = walked_device(&w, "virtio1");
	assert_val(v->type, 2);
	assert_val(v->virtio_index, 1);
	assert_val(v->features, MODERN | 1 << 6);
	assert_absent(v->features_high);
	assert_string_equal(v->driver, "virtio_blk");
	assert_string_equal(v->transport, "pci");
	assert_string_equal(v->parent, "0000:00:02.0");
	assert_val(v->failed, 1);
	assert_val(v->enabled, 1);
	assert_int_equal(v->ref.addr, 0);
	assert_val(walked_device(&w, "virtio2")->enabled, 0);
	assert_val(walked_device(&w, "virtio3")->bound, 0);
	assert_string_equal(walked_device(&w, "virtio3")->driver, "");
}

static void more_than_64_features_are_two_words(void **state)
{
	struct bus *b = bus_new(ERA_7_1, BUS_KSET);
	struct vdev *d = bus_device(b, &bus_disk);
	struct walked w;

	(void)state;
	fake_u64(b->g->f, d->addr + fake_offset(b->g->f, "virtio_device",
						"features_array") + 8, 0x12);
	w = bus_walk(b, true, NULL, NULL);
	assert_val(w.snap.devices[0].features, MODERN | 1 << 6);
	assert_val(w.snap.devices[0].features_high, 0x12);
	bus_free(b);
}

static void other_transports_have_other_names(void **state)
{
	struct bus *b = *state;
	struct walked w;

	bus_device(b, &(struct vdev_spec){ .type = 2, .parent = "a003e00.virtio_mmio",
					   .platform = true });
	bus_device(b, &(struct vdev_spec){ .type = 2 });
	w = bus_walk(b, true, NULL, NULL);
	assert_string_equal(w.snap.devices[0].transport, "mmio");
	assert_string_equal(w.snap.devices[0].parent, "a003e00.virtio_mmio");
	assert_string_equal(w.snap.devices[1].transport, "");
	assert_string_equal(w.snap.devices[1].parent, "");
	assert_clean(b);
}

static void devices_are_sorted_by_index(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_set(b->g->f, d[1]->addr, "virtio_device", "index", 17);
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio2 virtio3 virtio17");
}

/* A network device that virtio_net does not drive is one like any other. */
static void a_net_device_without_an_interface_goes_by_its_virtio_name(void **state)
{
	struct bus *b = *state;
	struct walked w;

	bus_device(b, &(struct vdev_spec){ .type = VR_ID_NET, .driver = "vfio",
					   .queues = { "input.0", "output.0" } });
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "virtio0");
	assert_string_equal(walked_labels(&w, "virtio0"), "input.0 output.0");
}

static void an_empty_bus_has_nothing(void **state)
{
	struct bus *b = *state;
	struct walked w = bus_walk(b, true, NULL, NULL);

	assert_int_equal(w.status, VR_WALK_NO_DEVICE);
	assert_int_equal(w.snap.ndevices, 0);
	assert_clean(b);
}

/* Without -a nothing of it is read, and the bus's members are not looked for. */
static void network_devices_alone_cost_what_they_did(void **state)
{
	static const char *const asked[] = { NULL, "eth0", "virtio0" };
	struct bus *b = *state;
	struct vdev *d[4];

	bus_populate(b, d);
	for (unsigned i = 0; i < COUNT_OF(asked); i++) {
		struct walked w = bus_walk(b, false, asked[i], NULL);

		assert_devices(&w, "eth0");
		assert_false(vr_has(&b->g->c, VR_VDEV_VQS));
		assert_string_equal(w.snap.devices[0].transport, "");
	}
}

/* ---- ways to the bus ----------------------------------------------------- */

static void one_way_is_enough(void **state)
{
	static const struct {
		enum guest_era era;
		unsigned ways;
		bool found;
	} cases[] = {
		{ ERA_EL7, BUS_KSET, true }, { ERA_5_4, BUS_KSET, true },
		{ ERA_6_12, BUS_KSET, true }, { ERA_7_1, BUS_KSET, true },
		{ ERA_EL7, BUS_SYMBOL, true }, { ERA_5_4, BUS_SYMBOL, true },
		/* bus_type.p is gone. */
		{ ERA_6_12, BUS_SYMBOL, false }, { ERA_7_1, BUS_SYMBOL, false },
		{ ERA_EL7, BUS_DEVICE, true }, { ERA_5_4, BUS_DEVICE, true },
		{ ERA_6_12, BUS_DEVICE, true }, { ERA_7_1, BUS_DEVICE, true },
		{ ERA_5_4, 0, false }, { ERA_7_1, 0, false },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct bus *b = bus_new(cases[i].era, cases[i].ways);
		struct vdev *d[4];
		struct walked w;

		bus_populate(b, d);
		w = bus_walk(b, true, NULL, NULL);
		if (cases[i].found) {
			assert_devices(&w, "eth0 virtio1 virtio2 virtio3");
			assert_clean(b);
		} else {
			/* What a network device shows is shown all the same. */
			assert_devices(&w, "eth0");
			assert_int_equal(b->g->c.nerrors, 1);
			get_error(&b->g->c, VR_E_NO_BUS, "virtio bus");
		}
		w = bus_walk(b, false, "virtio1", NULL);
		assert_int_equal(w.status, cases[i].found ? VR_WALK_OK :
							    VR_WALK_NO_DEVICE);
		bus_free(b);
	}
}

/* All devices hang on one string.  Where it was written over, is missing or is NULL, the
 * pointers between a network device and its driver are enough for it, and it leads to
 * the bus: which is said once, of no device. */
static void a_bus_of_another_name_is_found_by_a_network_device(void **state)
{
	static const struct {
		const char *name;	/* NULL: no string */
		bool missing, no_bus;
		enum vr_errcode code;
	} cases[] = {
		{ "virtiO", .code = VR_E_MISNAMED }, { "", .code = VR_E_MISNAMED },
		{ "\x1b[2J", .code = VR_E_MISNAMED }, { NULL, .code = VR_E_NULL },
		{ "virtio", .missing = true, .code = VR_E_READ },
		{ "virtio", .no_bus = true, .code = VR_E_READ },
	};
	static const enum guest_era eras[] = { ERA_EL7, ERA_5_4, ERA_6_12, ERA_7_1 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases) * COUNT_OF(eras); i++) {
		struct bus *b = bus_new(eras[i / COUNT_OF(cases)],
					BUS_KSET | BUS_SYMBOL | BUS_DEVICE);
		const char *name = cases[i % COUNT_OF(cases)].name;
		struct fake_target *f = b->g->f;
		uint64_t at = 0x7777000;
		struct vdev *d[4];
		struct walked w;

		bus_populate(b, d);
		if (name && !cases[i % COUNT_OF(cases)].missing) {
			fake_map(f, VR_KERNEL, at, 16);
			fake_str(f, at, name);
		}
		fake_set(f, b->g->virtio_bus, "bus_type", "name", name ? at : 0);
		if (cases[i % COUNT_OF(cases)].no_bus)
			fake_drop(f, VR_KERNEL, b->g->virtio_bus);
		w = bus_walk(b, true, NULL, NULL);
		assert_devices(&w, "eth0 virtio1 virtio2 virtio3");
		assert_string_equal(get_error(&b->g->c, cases[i % COUNT_OF(cases)].code,
					      "bus_type.name")->queue, "");
		/* One reason, and no other. */
		for (unsigned k = 0; k < b->g->c.nerrors; k++)
			assert_int_equal(b->g->c.errors[k].code,
					 cases[i % COUNT_OF(cases)].code);
		w = bus_walk(b, false, "virtio2", NULL);
		assert_int_equal(w.status, VR_WALK_OK);
		w = bus_walk(b, false, "eth0", "tx0");
		assert_int_equal(w.status, VR_WALK_OK);
		bus_free(b);
	}
}

/* Without a network device nothing is left that tells, and that is said. */
static void a_bus_of_another_name_is_lost_without_one(void **state)
{
	struct bus *b = *state;

	bus_device(b, &bus_disk);
	fake_set(b->g->f, b->g->virtio_bus, "bus_type", "name", 0);
	assert_int_equal(bus_walk(b, true, NULL, NULL).status, VR_WALK_NO_DEVICE);
	get_error(&b->g->c, VR_E_NO_BUS, "virtio bus");
}

/* A device of another kind is none, though its bus has no name either. */
static void pointers_that_do_not_agree_are_no_device(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct bus *b = bus_new(ERA_5_15, BUS_KSET | BUS_DEVICE);
		struct nic *n = guest_nic(b->g, &(struct nic_spec){ .name = "eth0" });
		struct fake_target *f = b->g->f;

		fake_set(f, b->g->virtio_bus, "bus_type", "name", 0);
		if (i == 1)
			fake_set(f, n->vdev, "virtio_device", "id.device", 2);
		else if (i == 2)
			fake_set(f, n->vi, "virtnet_info", "vdev", n->vdev + 8);
		else if (i == 3)
			fake_set(f, n->vi, "virtnet_info", "dev", n->vdev);
		assert_int_equal(bus_walk(b, false, NULL, NULL).status,
				 i ? VR_WALK_NO_DEVICE : VR_WALK_OK);
		bus_free(b);
	}
}

/* A device that is going away still knows the list. */
static void a_dying_device_is_a_way_too(void **state)
{
	struct bus *b = bus_new(ERA_7_1, BUS_DEVICE);
	struct vdev *d[4];
	struct walked w;

	(void)state;
	bus_populate(b, d);
	fake_set(b->g->f, d[0]->p, "device_private", "knode_bus.n_klist",
		 b->klist | 1);
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio1 virtio2 virtio3");
	assert_clean(b);
	bus_free(b);
}

static void a_device_is_a_way_only_if_there_is_one(void **state)
{
	struct bus *b = bus_new(ERA_5_4, BUS_DEVICE);

	(void)state;
	bus_device(b, &bus_disk);
	assert_int_equal(bus_walk(b, true, NULL, NULL).status, VR_WALK_NO_DEVICE);
	get_error(&b->g->c, VR_E_NO_BUS, "virtio bus");
	bus_free(b);
}

static void a_set_of_buses_that_loops_ends(void **state)
{
	struct bus *b = bus_new(ERA_5_15, BUS_KSET | BUS_SYMBOL);
	uint64_t first = fake_get64(b->g->f, b->kset + fake_offset(b->g->f, "kset",
								   "list"));
	struct walked w;

	(void)state;
	bus_device(b, &bus_disk);
	/* Before it comes to virtio. */
	fake_u64(b->g->f, first, first);
	w = bus_walk(b, true, NULL, NULL);
	get_error(&b->g->c, VR_E_LOOP, "list of buses");
	assert_devices(&w, "virtio0");
	bus_free(b);
}

static void a_bus_behind_a_missing_page_is_found_from_the_end(void **state)
{
	struct bus *b = *state;
	uint64_t first = fake_get64(b->g->f, b->kset + fake_offset(b->g->f, "kset",
								   "list"));
	struct walked w;

	bus_device(b, &bus_disk);
	fake_drop(b->g->f, VR_KERNEL, first);
	w = bus_walk(b, true, NULL, NULL);
	get_error(&b->g->c, VR_E_READ, "list of buses");
	assert_devices(&w, "virtio0");
}

static void a_null_pointer_to_the_set_is_no_way(void **state)
{
	struct bus *b = *state;
	uint64_t pointer;

	bus_device(b, &bus_disk);
	assert_int_equal(b->g->f->t.symbol(&b->g->f->t, "bus_kset", &pointer), 0);
	fake_u64(b->g->f, pointer, 0);
	assert_int_equal(bus_walk(b, true, NULL, NULL).status, VR_WALK_NO_DEVICE);
	get_error(&b->g->c, VR_E_NO_BUS, "virtio bus");
}

/* Another bus's name begins alike, and one has none at all. */
static void a_bus_is_known_by_its_whole_name(void **state)
{
	struct bus *b = *state;

	bus_device(b, &bus_disk);
	fake_set(b->g->f, b->pci_bus, "bus_type", "name", 0);
	assert_int_equal(bus_walk(b, true, NULL, NULL).snap.ndevices, 1);
	fake_set(b->g->f, b->subsys, "subsys_private", "bus", b->pci_bus);
	assert_int_equal(bus_walk(b, true, NULL, NULL).status, VR_WALK_NO_DEVICE);
}

/* ---- nodes --------------------------------------------------------------- */

static void a_dead_node_is_passed_over(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_set(b->g->f, d[2]->p, "device_private", "knode_bus.n_klist",
		 b->klist | 1);
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio1 virtio3");
	assert_clean(b);
	assert_int_equal(bus_walk(b, false, "virtio2", NULL).status,
			 VR_WALK_NO_DEVICE);
}

static void a_device_of_another_bus_is_none(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_set(b->g->f, d[2]->dev, "device", "bus", b->pci_bus);
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio1 virtio3");
	assert_int_equal(get_error(&b->g->c, VR_E_MISFIT,
				   "device on the virtio bus")->addr,
			 b->g->virtio_bus);
}

static void a_node_without_a_device_is_noted(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_set(b->g->f, d[1]->p, "device_private", "device", 0);
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio2 virtio3");
	get_error(&b->g->c, VR_E_NULL, "device_private.device");
}

static void a_looping_bus_shows_each_device_once(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_u64(b->g->f, bus_node(b, d[3]), bus_node(b, d[1]));
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio1 virtio2 virtio3");
	get_error(&b->g->c, VR_E_LOOP, "list of virtio devices");
}

static void devices_behind_a_missing_page_are_found_from_the_end(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_drop(b->g->f, VR_KERNEL, d[1]->p);
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio2 virtio3");
	get_error(&b->g->c, VR_E_READ, "list of virtio devices");
}

/* A virtio_device on a missing page: a line of unknowns, and the others as ever. */
static void a_missing_device_hides_no_other(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_drop(b->g->f, VR_KERNEL, d[1]->addr);
	w = bus_walk(b, true, NULL, NULL);
	assert_devices(&w, "eth0 virtio2 virtio3 ");
	assert_int_equal(w.snap.devices[3].virtio_device, d[1]->addr);
	assert_unread(w.snap.devices[3].type);
	assert_unread(w.snap.devices[3].features);
	assert_unread(w.snap.devices[3].bound);
	assert_true(w.snap.devices[3].unlisted);
	assert_string_equal(walked_labels(&w, "virtio2"), "input");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_device_is_there_in_every_era),
		TEST(a_device_is_what_its_struct_says),
		cmocka_unit_test(more_than_64_features_are_two_words),
		TEST(other_transports_have_other_names),
		TEST(devices_are_sorted_by_index),
		TEST(a_net_device_without_an_interface_goes_by_its_virtio_name),
		TEST(an_empty_bus_has_nothing),
		TEST(network_devices_alone_cost_what_they_did),
		cmocka_unit_test(one_way_is_enough),
		cmocka_unit_test(a_bus_of_another_name_is_found_by_a_network_device),
		TEST(a_bus_of_another_name_is_lost_without_one),
		cmocka_unit_test(pointers_that_do_not_agree_are_no_device),
		cmocka_unit_test(a_dying_device_is_a_way_too),
		cmocka_unit_test(a_device_is_a_way_only_if_there_is_one),
		cmocka_unit_test(a_set_of_buses_that_loops_ends),
		TEST(a_bus_behind_a_missing_page_is_found_from_the_end),
		TEST(a_null_pointer_to_the_set_is_no_way),
		TEST(a_bus_is_known_by_its_whole_name),
		TEST(a_dead_node_is_passed_over),
		TEST(a_device_of_another_bus_is_none),
		TEST(a_node_without_a_device_is_noted),
		TEST(a_looping_bus_shows_each_device_once),
		TEST(devices_behind_a_missing_page_are_found_from_the_end),
		TEST(a_missing_device_hides_no_other),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
