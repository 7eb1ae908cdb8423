// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_net_walk.c - from a name or an address to the queues of virtio-net
 * devices, past everything that only looks like one.
 */
#include "unit.h"
#include "guest_builder.h"

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

static struct nic *add_nic(struct guest *g, const char *name, unsigned pairs)
{
	return guest_nic(g, &(struct nic_spec){ .name = name, .pairs = pairs });
}

/* ---- the whole way ------------------------------------------------------- */

static void check_queue(const struct walked *w, const char *label,
			const struct ring *r, uint64_t owner, const char *name,
			unsigned index)
{
	const struct vr_queue *q = walked_queue(w, "eth1", label);

	assert_int_equal(q->vring_virtqueue, r->vvq);
	assert_int_equal(q->split.desc, r->desc);
	assert_int_equal(q->owner, owner);
	assert_string_equal(q->name, name);
	assert_val(q->index, index);
	assert_false(q->failed);
}

static void all_queues_are_found_in_each_era(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);
		uint64_t ssize = fake_sizeof(g->f, "send_queue");
		uint64_t rsize = fake_sizeof(g->f, "receive_queue");
		struct nic *n;
		struct walked w;

		guest_netdev(g, 0, "lo", NULL);
		add_nic(g, "eth0", 1);
		n = guest_nic(g, &(struct nic_spec){ .name = "eth1", .pairs = 3,
						     .ctrl = true });
		w = guest_walk(g, "eth1", NULL);
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(w.snap.ndevices, 1);
		assert_int_equal(w.snap.devices[0].ref.addr, n->dev);
		assert_int_equal(w.snap.devices[0].virtnet_info, n->vi);
		assert_int_equal(w.snap.devices[0].virtio_device, n->vdev);
		assert_val(w.snap.devices[0].virtio_index, 1);
		assert_val(w.snap.devices[0].features, 1ULL << 32 | 1ULL << 29);
		assert_val(w.snap.devices[0].max_pairs, 3);
		assert_val(w.snap.devices[0].curr_pairs, 3);
		assert_int_equal(w.snap.devices[0].nqueues, 7);
		check_queue(&w, "rx0", &n->rx[0], n->rq, "input.0", 0);
		check_queue(&w, "tx0", &n->tx[0], n->sq, "output.0", 1);
		check_queue(&w, "rx2", &n->rx[2], n->rq + 2 * rsize, "input.2", 4);
		check_queue(&w, "tx2", &n->tx[2], n->sq + 2 * ssize, "output.2", 5);
		check_queue(&w, "ctrl", &n->ctrl, 0, "control", 6);
		assert_int_equal(g->c.nerrors, 0);
		guest_free(g);
	}
}

/* A sizeof() that counts the padding behind 'priv' must not be used for it. */
static void the_priv_member_beats_the_rounded_size(void **state)
{
	struct vr_ctx c = { .t = NULL };

	(void)state;
	c.layout.f[VR_SZ_NET_DEVICE] = (struct vr_field){ .known = true,
							  .size = 2688 };
	assert_int_equal(vr_netdev_priv(&c, 0x10000), 0x10000 + 2688);
	c.layout.f[VR_DEV_PRIV] = (struct vr_field){ .known = true,
						     .offset = 2624 };
	assert_int_equal(vr_netdev_priv(&c, 0x10000), 0x10000 + 2624);
}

static void without_a_device_all_virtio_net_devices_are_read(void **state)
{
	struct guest *g = *state;
	struct walked w;

	guest_netdev(g, 0, "lo", NULL);
	add_nic(g, "eth0", 1);
	guest_netdev(g, 0, "veth7", "veth");
	guest_nic(g, &(struct nic_spec){ .name = "eth0",
					 .net = guest_net(g, 4026532000u) });
	w = guest_walk(g, NULL, NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.ndevices, 2);
	assert_val(w.snap.devices[0].ref.inum, 4026531956u);
	assert_val(w.snap.devices[1].ref.inum, 4026532000u);
	assert_int_equal(g->c.nerrors, 0);
}

static void nothing_to_read_is_no_device(void **state)
{
	struct guest *g = *state;
	struct walked w;

	guest_netdev(g, 0, "lo", NULL);
	w = guest_walk(g, NULL, NULL);
	assert_int_equal(w.status, VR_WALK_NO_DEVICE);
	assert_int_equal(w.err.status, VR_WALK_NO_DEVICE);
	assert_int_equal(w.err.ncandidates, 0);
	assert_int_equal(w.snap.ndevices, 0);
}

/* ---- names and addresses ------------------------------------------------- */

static void a_name_is_found_in_every_name_space(void **state)
{
	struct guest *g = *state;
	struct walked w;

	add_nic(g, "eth0", 1);
	guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
					 .net = guest_net(g, 7) });
	guest_nic(g, &(struct nic_spec){ .name = "eth1",
					 .net = guest_net(g, 8) });
	w = guest_walk(g, "eth0", NULL);
	assert_int_equal(w.snap.ndevices, 2);
	assert_val(w.snap.devices[0].max_pairs, 1);
	assert_val(w.snap.devices[1].max_pairs, 2);
	assert_val(w.snap.devices[1].ref.inum, 7);
}

/* One of them has the queue, the other does not. */
static void the_device_that_has_the_queue_is_read(void **state)
{
	struct guest *g = *state;
	struct walked w;

	add_nic(g, "eth0", 1);
	guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
					 .net = guest_net(g, 7) });
	w = guest_walk(g, "eth0", "tx1");
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.ndevices, 1);
	assert_val(w.snap.devices[0].ref.inum, 7);
	assert_int_equal(w.snap.devices[0].nqueues, 1);
}

static void a_name_must_match_in_full(void **state)
{
	static const char *const words[] = { "eth", "eth01", "ETH0", "", " eth0" };
	struct guest *g = *state;

	add_nic(g, "eth0", 1);
	for (unsigned i = 0; i < COUNT_OF(words); i++)
		assert_int_equal(guest_walk(g, words[i], NULL).status,
				 VR_WALK_NO_DEVICE);
}

static void an_address_names_a_device(void **state)
{
	static const char *const prefixes[] = { "", "0x", "0X" };
	struct guest *g = *state;
	struct nic *n;
	char word[32];

	add_nic(g, "eth0", 1);
	n = add_nic(g, "eth1", 1);
	for (unsigned i = 0; i < COUNT_OF(prefixes); i++) {
		struct walked w;

		snprintf(word, sizeof(word), "%s%llx", prefixes[i],
			 (unsigned long long)n->dev);
		w = guest_walk(g, word, NULL);
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(w.snap.ndevices, 1);
		assert_string_equal(w.snap.devices[0].ref.name, "eth1");
	}
}

static void an_address_that_is_no_net_device_is_refused(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, "eth0", 1);
	char word[32];

	snprintf(word, sizeof(word), "%llx", (unsigned long long)n->dev + 8);
	assert_int_equal(guest_walk(g, word, NULL).status, VR_WALK_NO_DEVICE);
	assert_int_equal(guest_walk(g, "0", NULL).status, VR_WALK_NO_DEVICE);
	assert_int_equal(guest_walk(g, "ffffffffffffffff0", NULL).status,
			 VR_WALK_NO_DEVICE);
}

/* What the virtio bus calls it: virtio0, virtio1, in the order of probing. */
static void the_name_on_the_virtio_bus_names_a_device(void **state)
{
	struct guest *g = *state;
	struct walked w;

	add_nic(g, "eth0", 1);
	add_nic(g, "eth1", 1);
	w = guest_walk(g, "virtio1", NULL);
	assert_int_equal(w.snap.ndevices, 1);
	assert_string_equal(w.snap.devices[0].ref.name, "eth1");
	assert_int_equal(guest_walk(g, "virtio2", NULL).status,
			 VR_WALK_NO_DEVICE);
	assert_int_equal(guest_walk(g, "virtio", NULL).status, VR_WALK_NO_DEVICE);
	assert_int_equal(guest_walk(g, "virtio01", NULL).status,
			 VR_WALK_NO_DEVICE);
}

static void the_address_of_a_virtqueue_names_that_queue(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);
		struct walked w;
		struct nic *n;
		char word[32];

		add_nic(g, "eth0", 2);
		n = add_nic(g, "eth1", 3);
		snprintf(word, sizeof(word), "%llx",
			 (unsigned long long)n->tx[1].vq);
		w = guest_walk(g, word, NULL);
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(w.snap.ndevices, 1);
		assert_int_equal(w.snap.devices[0].nqueues, 1);
		assert_int_equal(walked_queue(&w, "eth1", "tx1")->vring_virtqueue,
				 n->tx[1].vvq);
		/* One queue is shown in full. */
		assert_non_null(walked_queue(&w, "eth1", "tx1")->slots.state);
		guest_free(g);
	}
}

/* A device may be called 'fade', or as another one's address reads. */
static void a_name_that_reads_as_hex_is_a_name(void **state)
{
	struct guest *g = *state;
	struct nic *fade, *other;
	char word[16];
	struct walked w;

	fade = add_nic(g, "fade", 1);
	w = guest_walk(g, "fade", NULL);
	assert_int_equal(w.snap.ndevices, 1);
	assert_int_equal(w.snap.devices[0].ref.addr, fade->dev);
	other = guest_nic(g, &(struct nic_spec){ .name = "other",
						 .dev_at = 0xabcdef000 });
	snprintf(word, sizeof(word), "%llx", (unsigned long long)other->dev);
	fade = add_nic(g, word, 1);
	w = guest_walk(g, word, NULL);
	assert_int_equal(w.snap.ndevices, 1);
	assert_int_equal(w.snap.devices[0].ref.addr, fade->dev);
}

static void candidates_are_named_when_nothing_matches(void **state)
{
	struct guest *g = *state;
	struct walked w;

	guest_netdev(g, 0, "lo", NULL);
	add_nic(g, "eth0", 1);
	guest_nic(g, &(struct nic_spec){ .name = "eth9",
					 .net = guest_net(g, 7) });
	w = guest_walk(g, "eth1", NULL);
	assert_int_equal(w.status, VR_WALK_NO_DEVICE);
	assert_int_equal(w.err.ncandidates, 2);
	assert_string_equal(w.err.candidates[0].name, "eth0");
	assert_string_equal(w.err.candidates[1].name, "eth9");
	assert_val(w.err.candidates[1].inum, 7);
}

/* ---- what is not a virtio-net device ------------------------------------- */

static void another_device_is_named_with_its_kind(void **state)
{
	static const struct {
		const char *kind;
		bool host;
	} kinds[] = {
		{ "tun", true }, { "macvtap", true }, { "ipvtap", true },
		{ "veth", false }, { "bridge", false }, { "", false },
		{ "tunnel", false },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
		struct guest *g = guest_new(ERA_EL7);
		uint64_t dev = guest_netdev(g, 0, "tap0", kinds[i].kind);
		struct walked w;

		add_nic(g, "eth0", 1);
		w = guest_walk(g, "tap0", NULL);
		assert_int_equal(w.status, VR_WALK_NOT_VIRTIO);
		assert_int_equal(w.err.dev.addr, dev);
		assert_string_equal(w.err.kind, kinds[i].kind);
		assert_int_equal(w.err.host, kinds[i].host);
		assert_int_equal(w.err.ncandidates, 1);
		assert_string_equal(w.err.candidates[0].name, "eth0");
		guest_free(g);
	}
}

static void a_device_without_link_ops_has_no_kind(void **state)
{
	struct guest *g = *state;
	struct walked w;

	guest_netdev(g, 0, "lo", NULL);
	w = guest_walk(g, "lo", NULL);
	assert_int_equal(w.status, VR_WALK_NOT_VIRTIO);
	assert_string_equal(w.err.kind, "");
	assert_false(w.err.host);
}

static void assert_not_virtio(struct guest *g)
{
	struct walked w = guest_walk(g, "eth0", NULL);

	assert_int_equal(w.status, VR_WALK_NOT_VIRTIO);
	assert_int_equal(w.err.ncandidates, 0);
}

/* The pointers tell; with all of them right, it is the name that is wrong, and that is
 * said (test_bus.c). */
static void a_parent_on_another_bus_is_not_virtio(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, "eth0", 1);
	uint64_t bus = fake_alloc(g->f, fake_sizeof(g->f, "bus_type"));
	uint64_t name = fake_alloc(g->f, 16);

	fake_set(g->f, n->vi, "virtnet_info", "vdev", 0);
	fake_set(g->f, n->vdev + fake_offset(g->f, "virtio_device", "dev"),
		 "device", "bus", bus);
	fake_set(g->f, bus, "bus_type", "name", name);
	fake_str(g->f, name, "virtio-mmio-bus");
	assert_not_virtio(g);
	fake_str(g->f, name, "pci");
	assert_not_virtio(g);
	fake_set(g->f, bus, "bus_type", "name", 0);
	assert_not_virtio(g);
	assert_int_equal(g->c.nerrors, 0);
	fake_set(g->f, n->vi, "virtnet_info", "vdev", n->vdev);
	fake_set(g->f, n->vdev, "virtio_device", "id.device", 2);
	assert_not_virtio(g);
	assert_int_equal(g->c.nerrors, 0);
}

static void another_virtio_device_is_not_virtio_net(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, "eth0", 1);

	fake_set(g->f, n->vdev, "virtio_device", "id.device", 2);
	assert_not_virtio(g);
}

/* A driver of other layout than our types: its back pointers do not fit. */
static void a_private_area_that_does_not_point_back_is_not_ours(void **state)
{
	struct guest *g = *state;
	struct nic *n = add_nic(g, "eth0", 1);

	fake_set(g->f, n->vi, "virtnet_info", "dev", n->dev + 64);
	assert_not_virtio(g);
	fake_set(g->f, n->vi, "virtnet_info", "dev", n->dev);
	fake_set(g->f, n->vi, "virtnet_info", "vdev", 0);
	assert_not_virtio(g);
	fake_set(g->f, n->vi, "virtnet_info", "vdev", n->vdev);
	assert_int_equal(guest_walk(g, "eth0", NULL).status, VR_WALK_OK);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_queues_are_found_in_each_era),
		cmocka_unit_test(the_priv_member_beats_the_rounded_size),
		TEST(without_a_device_all_virtio_net_devices_are_read),
		TEST(nothing_to_read_is_no_device),
		TEST(a_name_is_found_in_every_name_space),
		TEST(the_device_that_has_the_queue_is_read),
		TEST(a_name_must_match_in_full),
		TEST(an_address_names_a_device),
		TEST(an_address_that_is_no_net_device_is_refused),
		TEST(the_name_on_the_virtio_bus_names_a_device),
		cmocka_unit_test(the_address_of_a_virtqueue_names_that_queue),
		TEST(a_name_that_reads_as_hex_is_a_name),
		TEST(candidates_are_named_when_nothing_matches),
		cmocka_unit_test(another_device_is_named_with_its_kind),
		TEST(a_device_without_link_ops_has_no_kind),
		TEST(a_parent_on_another_bus_is_not_virtio),
		TEST(another_virtio_device_is_not_virtio_net),
		TEST(a_private_area_that_does_not_point_back_is_not_ours),
	};

	return cmocka_run_group_tests_name("net_walk", tests, NULL, NULL);
}
