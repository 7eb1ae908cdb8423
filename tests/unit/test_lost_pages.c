// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_lost_pages.c - a network device of which one page is missing, where something else
 * in the dump still tells what was on it.
 */
#include "unit.h"
#include "bus_builder.h"
#include "hop_follow.h"
#include "judge.h"

#define PAIRS		4
#define VERSION_1	(1ULL << 32)
#define EVENT_IDX	(1ULL << 29)
#define CTRL_VQ		(1ULL << 17)

struct lost {
	struct bus *b;
	struct nic *n;
	struct vdev *d;
};

static struct lost setup(enum guest_era era)
{
	struct lost x = { .b = bus_new(era, BUS_KSET | BUS_DEVICE) };

	x.n = guest_nic(x.b->g, &(struct nic_spec){ .name = "eth0", .pairs = PAIRS,
						    .ctrl = true });
	x.d = bus_nic(x.b, x.n);
	return x;
}

static const char *pair_name(enum vr_dir dir, unsigned pair)
{
	static char name[12];

	snprintf(name, sizeof(name), "%s%u", dir == VR_TX ? "tx" : "rx", pair);
	return name;
}

#define BEHIND	0xffff888070001000ULL	/* a page that virtnet_info begins on */

/* The private area of a net_device whose other half is there. */
static struct lost without_virtnet_info(unsigned pairs, bool ctrl)
{
	struct lost x = { .b = bus_new(ERA_6_1, BUS_KSET | BUS_DEVICE) };

	fake_load_layout(x.b->g->f, "hand-net-5.19.layout");
	x.n = guest_nic(x.b->g, &(struct nic_spec){ .name = "eth0", .pairs = pairs,
			.ctrl = ctrl, .curr_pairs = 1, .features = VERSION_1 |
			EVENT_IDX | (ctrl ? CTRL_VQ : 0),
			.dev_at = BEHIND - guest_priv(x.b->g, 0) });
	assert_int_equal(x.n->vi, BEHIND);
	fake_set(x.b->g->f, x.n->dev, "net_device", "state", 1);	/* up */
	x.d = bus_nic(x.b, x.n);
	fake_drop(x.b->g->f, VR_KERNEL, BEHIND);
	return x;
}

/* ---- the arrays of queues ------------------------------------------------- */

static void assert_queues(const struct lost *x, const struct walked *w)
{
	assert_int_equal(w->status, VR_WALK_OK);
	for (unsigned i = 0; i < PAIRS; i++) {
		assert_int_equal(walked_queue(w, "eth0", pair_name(VR_RX, i))->vring_virtqueue,
				 x->n->rx[i].vvq);
		assert_int_equal(walked_queue(w, "eth0", pair_name(VR_TX, i))->vring_virtqueue,
				 x->n->tx[i].vvq);
		assert_false(walked_queue(w, "eth0", pair_name(VR_TX, i))->failed);
		assert_val(walked_queue(w, "eth0", pair_name(VR_TX, i))->num_free, 256);
	}
	assert_int_equal(walked_queue(w, "eth0", "ctrl")->vring_virtqueue, x->n->ctrl.vvq);
}

static void the_devices_list_has_the_queues_of_a_missing_array(void **state)
{
	(void)state;
	for (unsigned era = 0; era < ERA_COUNT; era++) {
		struct lost x = setup(era);
		struct fake_target *f = x.b->g->f;
		struct walked w;

		fake_drop(f, VR_KERNEL, x.n->sq);
		w = guest_walk(x.b->g, "eth0", NULL);
		assert_queues(&x, &w);
		assert_int_equal(walked_queue(&w, "eth0", "tx1")->owner,
				 x.n->sq + fake_sizeof(f, "send_queue"));
		assert_string_equal(get_error(&x.b->g->c, VR_E_READ,
					      "pointer to the virtqueue")->device, "eth0");
		bus_free(x.b);
	}
}

static void one_queue_of_a_missing_array_is_found_by_its_name_and_address(void **state)
{
	struct lost x = setup(ERA_6_1);
	struct walked w;

	(void)state;
	fake_drop(x.b->g->f, VR_KERNEL, x.n->rq);
	w = guest_walk(x.b->g, "eth0", "rx3");
	assert_int_equal(walked_queue(&w, "eth0", "rx3")->vring_virtqueue, x.n->rx[3].vvq);
	w = guest_walk(x.b->g, hex(x.n->rx[2].vq), NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.devices[0].nqueues, 1);
	assert_int_equal(walked_queue(&w, "eth0", "rx2")->vring_virtqueue, x.n->rx[2].vvq);
	bus_free(x.b);
}

/* vqwalk goes the way that was gone. */
static void the_way_leads_over_the_devices_list(void **state)
{
	(void)state;
	for (unsigned era = 0; era < ERA_COUNT; era++) {
		struct lost x = setup(era);
		struct vr_walks walks = { .count = 0 };
		struct walked w;

		fake_drop(x.b->g->f, VR_KERNEL, x.n->sq);
		w = guest_walk(x.b->g, "eth0", "tx2");
		assert_int_equal(vr_trace(&x.b->g->c, &w.snap, &walks), 0);
		assert_int_equal(walks.count, 1);
		for (unsigned i = 0; i < walks.path[0].nhops; i++)
			hop_follow(x.b->g->f, &walks.path[0].hops[i], era_name(era));
		assert_string_equal(walks.path[0].hops[0].member, "dev.parent");
		assert_string_equal(walks.path[0].hops[1].member, "virtio_device.dev");
		assert_string_equal(walks.path[0].hops[2].member, "vqs");
		assert_int_equal(walks.path[0].hops[4].addr, x.n->tx[2].vq);
		bus_free(x.b);
	}
}

/* What is wrong with the list is said once, and of the device. */
static void without_the_list_such_queues_stay_unread(void **state)
{
	struct lost x = setup(ERA_6_1);
	const struct vr_error *e;
	struct walked w;

	(void)state;
	fake_drop(x.b->g->f, VR_KERNEL, x.n->sq);
	fake_drop(x.b->g->f, VR_KERNEL, x.n->vdev);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_true(walked_queue(&w, "eth0", "tx1")->failed);
	assert_int_equal(walked_queue(&w, "eth0", "rx1")->vring_virtqueue, x.n->rx[1].vvq);
	e = get_error(&x.b->g->c, VR_E_READ, "list of virtqueues");
	assert_string_equal(e->device, "eth0");
	assert_string_equal(e->queue, "");
	
	bus_free(x.b);
}

static void a_null_pointer_is_no_missing_page(void **state)
{
	struct lost x = setup(ERA_6_1);
	struct walked w;

	(void)state;
	fake_u64(x.b->g->f, guest_vq_slot(x.b->g, x.n, VR_TX, 2), 0);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_true(walked_queue(&w, "eth0", "tx2")->failed);
	fake_set(x.b->g->f, x.n->vi, "virtnet_info", "sq", 0);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(w.snap.devices[0].nqueues, PAIRS + 1);
	bus_free(x.b);
}

/* Of another device on the list, or an index that is none of a queue's. */
static void what_does_not_fit_is_not_taken_for_a_queue(void **state)
{
	struct lost x = setup(ERA_6_1);
	struct fake_target *f = x.b->g->f;
	struct walked w;

	(void)state;
	fake_drop(f, VR_KERNEL, x.n->sq);
	fake_set(f, x.n->tx[0].vq, "virtqueue", "vdev", x.n->dev);
	ring_set(&x.n->tx[1], RING_INDEX, 0xffffffff);
	fake_drop(f, VR_KERNEL, x.n->tx[2].vvq);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_true(walked_queue(&w, "eth0", "tx0")->failed);
	assert_true(walked_queue(&w, "eth0", "tx1")->failed);
	assert_true(walked_queue(&w, "eth0", "tx2")->failed);
	assert_int_equal(walked_queue(&w, "eth0", "tx3")->vring_virtqueue, x.n->tx[3].vvq);
	bus_free(x.b);
}

/* Of one that the list has lost, too, the mate is shown, and those behind it. */
static void a_queue_without_a_number_hides_no_other(void **state)
{
	struct lost x = without_virtnet_info(PAIRS, true);
	struct walked w;

	(void)state;
	fake_drop(x.b->g->f, VR_KERNEL, x.n->tx[PAIRS - 1].vvq);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(w.snap.devices[0].nqueues, 2 * PAIRS + 1);
	assert_true(walked_queue(&w, "eth0", "tx3")->failed);
	assert_int_equal(walked_queue(&w, "eth0", "rx3")->vring_virtqueue, x.n->rx[3].vvq);
	assert_int_equal(walked_queue(&w, "eth0", "ctrl")->vring_virtqueue, x.n->ctrl.vvq);
	w = guest_walk(x.b->g, "eth0", "rx3");
	assert_int_equal(w.status, VR_WALK_OK);
	bus_free(x.b);
}

/* The list's own types are enough; without them it is said once, and not asked again. */
static void without_types_of_the_list_that_is_told(void **state)
{
	struct lost x = setup(ERA_6_1);
	struct fake_target *f = x.b->g->f;
	const struct vr_error *e;
	struct walked w;

	(void)state;
	fake_drop(f, VR_KERNEL, x.n->sq);
	fake_forget(f, "kset", "list");
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_queues(&x, &w);
	bus_free(x.b);
	x = setup(ERA_6_1);
	f = x.b->g->f;
	fake_drop(f, VR_KERNEL, x.n->sq);
	fake_forget(f, "virtqueue", "list");
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_true(walked_queue(&w, "eth0", "tx1")->failed);
	e = get_error(&x.b->g->c, VR_E_NOTYPE, "list");
	assert_string_equal(e->of, "virtqueue");
	assert_string_equal(e->device, "");
	bus_free(x.b);
}

/* Queues that are kept are counted over all devices: a forged list has thousands. */
static void what_is_kept_has_a_limit(void **state)
{
	struct lost x = setup(ERA_6_1);
	struct walked w;

	(void)state;
	fake_drop(x.b->g->f, VR_KERNEL, x.n->sq);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(x.b->g->c.spent.indexed, 2 * PAIRS + 1);
	x.b->g->c.spent.indexed = 262144 - 3;
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(get_error(&x.b->g->c, VR_E_BUDGET, "lists of virtqueues")->limit,
			 262144);
	assert_int_equal(x.b->g->c.spent.indexed, 262144);
	bus_free(x.b);
}

/* ---- the virtio_device -------------------------------------------------------- */

/* virtio_net's own pointers name both ends of the way. */
static void a_missing_virtio_device_leaves_its_queues(void **state)
{
	(void)state;
	for (unsigned era = 0; era < ERA_COUNT; era++) {
		struct lost x = setup(era);
		struct walked w;

		fake_drop(x.b->g->f, VR_KERNEL, x.n->vdev);
		w = guest_walk(x.b->g, "eth0", NULL);
		assert_queues(&x, &w);
		assert_unread(w.snap.devices[0].type);
		assert_unread(w.snap.devices[0].features);
		get_error(&x.b->g->c, VR_E_READ, "virtio_device.id");
		w = bus_walk(x.b, true, NULL, NULL);
		assert_int_equal(w.snap.ndevices, 1);
		assert_queues(&x, &w);
		bus_free(x.b);
	}
}

/* Any driver may have anything in its private area. */
static void a_missing_parent_alone_makes_no_virtio_device(void **state)
{
	static const char *const pointers[] = { "dev", "vdev" };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(pointers); i++) {
		struct lost x = setup(ERA_6_1);

		fake_drop(x.b->g->f, VR_KERNEL, x.n->vdev);
		fake_set(x.b->g->f, x.n->vi, "virtnet_info", pointers[i], x.n->rq);
		assert_int_equal(guest_walk(x.b->g, "eth0", NULL).status,
				 VR_WALK_NOT_VIRTIO);
		bus_free(x.b);
	}
}

/* ---- virtnet_info ------------------------------------------------------------------ */

static void without_virtnet_info_the_devices_list_has_all_queues(void **state)
{
	struct lost x = without_virtnet_info(PAIRS, true);
	struct walked w = guest_walk(x.b->g, "eth0", NULL);

	(void)state;
	assert_queues(&x, &w);
	assert_unread(w.snap.devices[0].max_pairs);
	assert_int_equal(w.snap.devices[0].nqueues, 2 * PAIRS + 1);
	assert_int_equal(walked_queue(&w, "eth0", "tx3")->owner, 0);
	bus_free(x.b);
}

/* Behind the last pair's queues comes the control queue's number. */
static void the_control_queue_is_no_pairs(void **state)
{
	struct lost x = without_virtnet_info(1, true);
	struct walked w;

	(void)state;
	w = guest_walk(x.b->g, "eth0", "1");
	assert_int_equal(w.status, VR_WALK_NO_QUEUE);
	w = guest_walk(x.b->g, "eth0", "ctrl");
	assert_int_equal(walked_queue(&w, "eth0", "ctrl")->vring_virtqueue,
			 x.n->ctrl.vvq);
	/* The stack's number is taken for the driver's. */
	fake_set(x.b->g->f, x.n->dev, "net_device", "num_tx_queues", 7);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(w.snap.devices[0].nqueues, 2 * 7 + 1);
	assert_true(walked_queue(&w, "eth0", "tx6")->failed);
	/* Where that is none, the list tells of pairs, and nobody where they end. */
	fake_set(x.b->g->f, x.n->dev, "net_device", "num_tx_queues", 0x10000);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(w.snap.devices[0].nqueues, 3);
	assert_int_equal(walked_queue(&w, "eth0", "tx0")->vring_virtqueue,
			 x.n->tx[0].vvq);
	assert_true(walked_queue(&w, "eth0", "ctrl")->failed);
	bus_free(x.b);
	x = without_virtnet_info(1, false);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(w.snap.devices[0].nqueues, 2);
	bus_free(x.b);
}

/* It may be at or above curr_queue_pairs; the first pair never is. */
static void a_pair_that_may_not_be_in_use_is_no_trouble(void **state)
{
	struct lost x = without_virtnet_info(PAIRS, false);
	struct walked w = guest_walk(x.b->g, "eth0", NULL);
	const struct vr_verdict *v = &walked_queue(&w, "eth0", "rx3")->verdict;

	(void)state;
	assert_verdict(v, VR_ST_RX_STARVED, VR_SEV_INFO);
	assert_reason(v, "rx-starved", VR_SEV_INFO, "whether the pair is in use was not read");
	assert_verdict(&walked_queue(&w, "eth0", "rx0")->verdict, VR_ST_RX_STARVED,
		       VR_SEV_WARN);
	bus_free(x.b);
}

/* A NAPI that was not read is not none. */
static void what_napi_does_is_not_known(void **state)
{
	struct lost x = without_virtnet_info(1, false);
	struct ring *rx = &x.n->rx[0];
	const struct vr_queue *q;
	struct walked w;

	(void)state;
	ring_return(rx, ring_add(rx, 1), 64);
	w = guest_walk(x.b->g, "eth0", "rx0");
	q = walked_queue(&w, "eth0", "rx0");
	assert_true(q->napi.lost);
	assert_unread(q->napi.scheduled);
	assert_int_equal(q->counts.driver_pending.v, 1);
	assert_false(vr_none_polls(&q->napi));
	assert_int_not_equal(q->verdict.state, VR_ST_LOST_INTERRUPT);
	bus_free(x.b);
}

/* No hop is made up of what was not read. */
static void a_queue_that_is_not_found_has_no_addresses(void **state)
{
	struct lost x = without_virtnet_info(2, false);
	struct vr_walks walks = { .count = 0 };
	struct walked w;

	(void)state;
	fake_drop(x.b->g->f, VR_KERNEL, x.n->tx[1].vvq);
	w = guest_walk(x.b->g, "eth0", "tx0");
	assert_int_equal(w.status, VR_WALK_OK);
	w = guest_walk(x.b->g, "eth0", NULL);
	assert_int_equal(vr_trace(&x.b->g->c, &w.snap, &walks), 0);
	for (unsigned i = 0; i < walks.count; i++)
		for (unsigned k = 0; k < walks.path[i].nhops; k++) {
			const struct vr_hop *h = &walks.path[i].hops[k];

			assert_int_not_equal(h->addr, 0);
			if (h->next)
				hop_follow(x.b->g->f, h, "lost");
			else
				assert_int_equal(k + 1, walks.path[i].nhops);
		}
	bus_free(x.b);
}

/* ---- the net_device ------------------------------------------------------------- */

static const char *reason(const struct walked *w)
{
	static char buf[1024];

	assert_int_equal(w->status, VR_WALK_NO_DEVICE);
	vr_walk_reason(buf, sizeof(buf), &w->err, &w->sel);
	return buf;
}

/* Its name is gone with it: the message names what the bus has. */
static void a_missing_net_device_is_named_by_the_bus(void **state)
{
	struct lost x = setup(ERA_6_1);
	struct nic *other = guest_nic(x.b->g, &(struct nic_spec){ .name = "eth1" });
	struct walked w;

	(void)state;
	bus_nic(x.b, other);
	fake_drop(x.b->g->f, VR_KERNEL, x.n->dev);
	w = bus_walk(x.b, false, "eth0", NULL);
	assert_non_null(strstr(reason(&w), "; virtio-net devices: eth1 (net_device "));
	assert_non_null(strstr(reason(&w), "; other virtio devices: virtio0 (net)"));
	assert_null(strstr(reason(&w), "virtio1"));
	fake_drop(x.b->g->f, VR_KERNEL, other->dev);
	w = bus_walk(x.b, false, "eth0", NULL);
	assert_non_null(strstr(reason(&w), "; no virtio-net device could be read; "
				"other virtio devices: virtio0 (net), virtio1 (net)"));
	w = bus_walk(x.b, true, "virtio0", NULL);
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.devices[0].nqueues, 2 * PAIRS + 1);
	bus_free(x.b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_devices_list_has_the_queues_of_a_missing_array),
		cmocka_unit_test(one_queue_of_a_missing_array_is_found_by_its_name_and_address),
		cmocka_unit_test(the_way_leads_over_the_devices_list),
		cmocka_unit_test(without_the_list_such_queues_stay_unread),
		cmocka_unit_test(a_null_pointer_is_no_missing_page),
		cmocka_unit_test(what_does_not_fit_is_not_taken_for_a_queue),
		cmocka_unit_test(a_queue_without_a_number_hides_no_other),
		cmocka_unit_test(without_types_of_the_list_that_is_told),
		cmocka_unit_test(what_is_kept_has_a_limit),
		cmocka_unit_test(a_missing_virtio_device_leaves_its_queues),
		cmocka_unit_test(without_virtnet_info_the_devices_list_has_all_queues),
		cmocka_unit_test(the_control_queue_is_no_pairs),
		cmocka_unit_test(a_pair_that_may_not_be_in_use_is_no_trouble),
		cmocka_unit_test(what_napi_does_is_not_known),
		cmocka_unit_test(a_queue_that_is_not_found_has_no_addresses),
		cmocka_unit_test(a_missing_net_device_is_named_by_the_bus),
		cmocka_unit_test(a_missing_parent_alone_makes_no_virtio_device),
	};

	return cmocka_run_group_tests_name("lost_pages", tests, NULL, NULL);
}
