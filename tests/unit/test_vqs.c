// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vqs.c - the queues of a virtio device of any type: their list, and what
 * they are called.
 */
#include "unit.h"
#include "bus_builder.h"

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

/* ---- a device's queues --------------------------------------------------- */

static void a_queue_of_another_device_is_not_taken(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_set(b->g->f, d[1]->ring[0].vq, "virtqueue", "vdev", d[2]->addr);
	w = bus_walk(b, true, NULL, NULL);
	assert_string_equal(walked_labels(&w, "virtio1"), "req.1");
	assert_string_equal(get_error(&b->g->c, VR_E_MISFIT,
				      "virtqueue.vdev")->device, "virtio1");
	assert_string_equal(b->g->c.device, "");
}

static void a_looping_list_has_each_queue_once(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	/* From the last on the list, index 0, to the first. */
	fake_u64(b->g->f, queue_node(b, d[1], 0), queue_node(b, d[1], 1));
	w = bus_walk(b, true, NULL, NULL);
	assert_string_equal(walked_labels(&w, "virtio1"), "req.0 req.1");
	get_error(&b->g->c, VR_E_LOOP, "list of virtqueues");
}

static void a_missing_queue_hides_no_other(void **state)
{
	struct bus *b = *state;
	const struct vr_device *v;
	struct vdev *d = bus_device(b, &(struct vdev_spec){ .type = 8,
		.queues = { "control", "event", "request" } });
	struct walked w;

	fake_drop(b->g->f, VR_KERNEL, d->ring[1].vvq);
	w = bus_walk(b, true, NULL, NULL);
	v = walked_device(&w, "virtio0");
	assert_string_equal(walked_labels(&w, "virtio0"), "control request -");
	assert_val(v->queues[1].num_free, 64);
	assert_int_equal(v->queues[2].vring_virtqueue, d->ring[1].vvq);
	assert_unread(v->queues[2].num_free);
	assert_false(v->unlisted);
}

static void an_unreadable_list_is_not_called_empty(void **state)
{
	struct bus *b = *state;
	struct vdev *d[4];
	struct walked w;

	bus_populate(b, d);
	fake_u64(b->g->f, d[1]->vqs, 0xffffdead00000000ULL);
	fake_u64(b->g->f, d[1]->vqs + 8, 0xffffdead00000000ULL);
	fake_u64(b->g->f, d[2]->vqs, 0);
	fake_u64(b->g->f, d[2]->vqs + 8, 0);
	w = bus_walk(b, true, NULL, NULL);
	assert_true(walked_device(&w, "virtio2")->unlisted);
	assert_false(walked_device(&w, "virtio3")->unlisted);
	/* A node is there, though nothing of it can be read. */
	assert_string_equal(walked_labels(&w, "virtio1"), "-");
	assert_unread(walked_device(&w, "virtio1")->queues[0].num_free);
}

/* ---- names --------------------------------------------------------------- */

static void a_label_is_a_name_or_else_an_index(void **state)
{
	static const struct {
		const char *names[BUS_MAX_QUEUES], *labels;
	} cases[] = {
		{ { "a", "b" }, "a b" },
		{ { "input", "output", "control-i", "control-o", "input", "output" },
		  "0 1 control-i control-o 4 5" },
		{ { "x", "x", "x" }, "0 1 2" },
		{ { "", "requests" }, "0 requests" },
		{ { "", "" }, "0 1" },
		/* What looks like an index is none. */
		{ { "1", "0", "" }, "0 1 2" },
		{ { "4294967295", "-1", "1x", "99999999999" },
		  "0 -1 1x 99999999999" },
		/* 40 characters are kept, so that two become one. */
		{ { "0123456789012345678901234567890123456789-one",
		    "0123456789012345678901234567890123456789-two" }, "0 1" },
		/* What nobody can type is none, neither. */
		{ { "a name with spaces", "\033[2J", "caf\303\251", "a~b" },
		  "0 1 2 a~b" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct bus *b = bus_new(ERA_5_15, BUS_KSET);
		struct vdev_spec spec = { .type = 3 };
		struct walked w;

		memcpy(spec.queues, cases[i].names, sizeof(spec.queues));
		bus_device(b, &spec);
		w = bus_walk(b, true, NULL, NULL);
		assert_string_equal(walked_labels(&w, "virtio0"), cases[i].labels);
		bus_free(b);
	}
}

static void an_unreadable_name_leaves_the_index(void **state)
{
	struct bus *b = *state;
	struct vdev *d = bus_device(b, &bus_disk);
	struct walked w;

	ring_set(&d->ring[0], RING_NAME, 0xffffdead00000000ULL);
	w = bus_walk(b, true, NULL, NULL);
	assert_string_equal(walked_labels(&w, "virtio0"), "0 req.1");
}

/* Indices may be anything; two may even be equal. */
static void odd_indices_are_kept(void **state)
{
	struct bus *b = *state;
	struct vdev *d = bus_device(b, &(struct vdev_spec){ .type = 3,
		.queues = { "", "", "" } });
	struct walked w;

	ring_set(&d->ring[0], RING_INDEX, 0xffffffff);
	ring_set(&d->ring[1], RING_INDEX, 2);
	w = bus_walk(b, true, NULL, NULL);
	assert_string_equal(walked_labels(&w, "virtio0"), "2 2 4294967295");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_queue_of_another_device_is_not_taken),
		TEST(a_looping_list_has_each_queue_once),
		TEST(a_missing_queue_hides_no_other),
		TEST(an_unreadable_list_is_not_called_empty),
		cmocka_unit_test(a_label_is_a_name_or_else_an_index),
		TEST(an_unreadable_name_leaves_the_index),
		TEST(odd_indices_are_kept),
	};

	return cmocka_run_group_tests_name("vqs", tests, NULL, NULL);
}
