// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vdev_show.c - virtio devices of any type as text, as JSON and as hops; their
 * features by name; the JSON read back.
 */
#include "unit.h"
#include "bus_builder.h"
#include "compare.h"

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

/* ---- what is shown ------------------------------------------------------- */

static char *shown;
static size_t shown_len;

static const char *show(struct zoo *z, struct walked *w, bool json)
{
	FILE *out;

	assert_int_equal(w->status, VR_WALK_OK);
	free(shown);
	shown = NULL;
	out = open_memstream(&shown, &shown_len);
	assert_non_null(out);
	if (json)
		vr_json_snapshot(out, &z->b->g->c, &w->snap);
	else
		vr_text_snapshot(out, &z->b->g->c, &w->snap, &w->sel, 80);
	fclose(out);
	return shown;
}

static void assert_has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("'%s' is not in:\n%s", want, text);
}

static void assert_lacks(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted))
		fail_msg("'%s' is in:\n%s", unwanted, text);
}

static void all_devices_as_text(void **state)
{
	struct zoo *z = *state;
	const char *text;
	struct walked w;

	bus_device(z->b, &(struct vdev_spec){ .type = 20, .parent = "0000:00:04.0" });
	w = bus_walk(z->b, true, NULL, NULL);
	text = show(z, &w, false);
	/* This network device hangs in the air: no line about what is behind it. */
	assert_has(text, "eth0  net_device ");
	assert_has(text, "  block  driver virtio_blk  pci 0000:00:02.0 modern"
		   "  features 100001040");
	assert_has(text, "  console  driver virtio_console  pci 0000:00:03.0 legacy"
		   "  features 1");
	assert_has(text, "  99  no driver  features 0");
	assert_has(text, "  crypto  no driver  pci 0000:00:04.0  features 0\n"
		   "  no queues\n");
	/* The longest label moves its table, and its table only. */
	assert_has(text, "\nQUEUE  VRING_VIRTQUEUE ");
	assert_has(text, "\nQUEUE     VRING_VIRTQUEUE ");
	assert_has(text, "\ncontrol-i ffff8881");
	assert_has(text, "\n4         ffff8881");
	/* A label that is an index leaves room for what the queue is called. */
	assert_has(text, "  input\n");
	assert_lacks(text, "control-i\n");
}

static void a_device_that_is_not_enabled_is_told_of(void **state)
{
	struct zoo *z = *state;
	struct walked w;

	fake_set(z->b->g->f, z->disk->addr, "virtio_device", "failed", 1);
	w = bus_walk(z->b, true, "virtio1", NULL);
	assert_has(show(z, &w, false), "features 100001040  failed\n");
	fake_set(z->b->g->f, z->disk->addr, "virtio_device", "config_core_enabled",
		 0);
	fake_set(z->b->g->f, z->disk->addr, "virtio_device", "failed", 0);
	w = bus_walk(z->b, true, "virtio1", NULL);
	assert_has(show(z, &w, false), "  features 100001040  not enabled\n");
}

static void one_queue_in_full(void **state)
{
	struct zoo *z = *state;
	struct walked w = bus_walk(z->b, false, "virtio1", "req.1");
	const char *text = show(z, &w, false);

	assert_has(text, "  features 100001040\n    BLK_SIZE MQ VERSION_1\n");
	assert_has(text, "\nvirtio1 req.1  req.1  virtqueue 1  vring_virtqueue ");
	assert_has(text, "\n  callback   ");
	assert_has(text, "\n  descriptors ");
	assert_lacks(text, "\n  net\n");
	assert_lacks(text, "receive_queue");
	assert_lacks(text, "net_device");
}

static void hostile_names_are_escaped(void **state)
{
	struct zoo *z = *state;
	struct walked w;

	bus_device(z->b, &(struct vdev_spec){ .type = 2, .driver = "\033[1mblk",
		.parent = "\n\"pci", .queues = { "\033[2J\377", "\nreq" } });
	w = bus_walk(z->b, true, "virtio4", NULL);
	show(z, &w, false);
	assert_has(shown, "driver \\x1b[1mblk  pci \\x0a\"pci");
	assert_has(shown, "\n0      ffff8881");
	assert_has(shown, "  \\x1b[2J\\xff\n1      ffff8881");
	assert_has(shown, "  \\x0areq\n");
	assert_lacks(shown, "\033");
	w = bus_walk(z->b, true, "virtio4", "0");
	assert_has(show(z, &w, false), "virtio4 0  \\x1b[2J\\xff  virtq");
	assert_lacks(shown, "\033");
	show(z, &w, true);
	assert_has(shown, "\"queue\":\"0\",\"name\":\"\\u001b[2J\\u00ff\"");
	assert_has(shown, "\"parent\":\"\\u000a\\\"pci\"");
	/* An error about the queue, too. */
	memcpy(z->b->g->c.queue, "\033x", 3);
	vr_error_add(&z->b->g->c, (struct vr_error){ .code = VR_E_MEMORY,
						     .what = "ring" });
	assert_has(show(z, &w, false), "\n \\x1bx: ring: out of memory\n");
}

static void an_unread_device_is_dashes_not_zeros(void **state)
{
	struct zoo *z = *state;
	struct walked w;

	fake_drop(z->b->g->f, VR_KERNEL, z->disk->addr);
	w = bus_walk(z->b, true, NULL, NULL);
	show(z, &w, false);
	assert_has(shown, "\n-  virtio_device ");
	assert_has(shown, "  -  driver -  features -\n  queues unreadable\n");
	show(z, &w, true);
	assert_has(shown, "\"virtio_name\":null,\"driver\":null,\"type\":null,"
		   "\"transport\":null,\"parent\":null,\"legacy\":null,"
		   "\"config_enabled\":null,\"features\":null,"
		   "\"features_high\":null,\"feature_names\":null,"
		   "\"failed\":null,\"queues\":null}");
}

static void what_only_a_network_device_has_is_null(void **state)
{
	static const char *const nulls[] = {
		"\"netns\":null", "\"net_device\":null", "\"virtnet_info\":null",
		"\"netdev_queue\":null", "\"napi\":null", "\"carrier\":null",
		"\"up\":null", "\"link_up\":null", "\"in_use\":null",
		"\"refill_pending\":null", "\"refill_enabled\":null",
		"\"features_high\":null",
	};
	struct zoo *z = *state;
	struct walked w = bus_walk(z->b, true, "virtio3", "0");

	show(z, &w, true);
	assert_has(shown, "\"device\":\"virtio3\"");
	assert_has(shown, "\"virtio_name\":\"virtio3\",\"driver\":\"\",\"type\":\"99\"");
	assert_has(shown, "\"queue\":\"0\",\"name\":\"1\",\"index\":0");
	for (unsigned i = 0; i < COUNT_OF(nulls); i++)
		assert_has(shown, nulls[i]);
	w = bus_walk(z->b, false, "virtio2", NULL);
	assert_has(show(z, &w, true), "\"legacy\":true");
	assert_has(shown, "\"feature_names\":[\"SIZE\"]");
	assert_has(shown, "\"transport\":\"pci\",\"parent\":\"0000:00:03.0\"");
}

/* The other side's session reads it back, to find its own ends of the queues. */
static void the_document_is_read_back(void **state)
{
	struct zoo *z = *state;
	struct vr_import in = { .host = true };
	const struct vr_snapshot *g = &in.g;
	struct vr_doc doc;
	struct walked w;
	char why[400];

	w = bus_walk(z->b, true, NULL, NULL);
	show(z, &w, true);
	assert_int_equal(vr_doc_parse(&z->b->g->c.arena, shown, shown_len, &doc, why,
				      sizeof(why)), 0);
	assert_int_equal(vr_import_doc(&z->b->g->c, &doc, &in, why, sizeof(why)), 0);
	assert_false(in.host);
	assert_int_equal(g->ndevices, 4);
	assert_string_equal(vr_device_name(&g->devices[0]), "eth0");
	assert_int_equal(g->devices[0].queues[0].dir, VR_RX);
	assert_string_equal(vr_device_name(&g->devices[1]), "virtio1");
	assert_int_equal(g->devices[1].virtio_device, z->disk->addr);
	assert_int_equal(g->devices[1].nqueues, 2);
	assert_string_equal(g->devices[1].queues[1].label, "req.1");
	/* Neither a control queue nor one that is not in use. */
	assert_int_equal(g->devices[1].queues[1].dir, VR_OTHER);
	assert_true(g->devices[1].queues[1].in_use);
	assert_int_equal(g->devices[2].nqueues, 6);
	assert_string_equal(vr_device_name(&g->devices[3]), "virtio3");
}

/* ---- features ------------------------------------------------------------ */

static void bits_have_names_by_type(void **state)
{
	static const struct {
		unsigned type, bit;
		const char *name;
	} cases[] = {
		{ 1, 0, "CSUM" }, { 2, 0, "BARRIER" }, { 3, 0, "SIZE" },
		{ 5, 0, "MUST_TELL_HOST" }, { 8, 0, "INOUT" }, { 4, 0, NULL },
		{ 18, 0, NULL }, { 16, 0, "VIRGL" }, { 19, 1, "SEQPACKET" },
		{ 26, 0, "NOTIFICATION" }, { 24, 1, "UNPLUGGED_INACCESSIBLE" },
		{ 2, 14, "WRITE_ZEROES" }, { 99, 0, NULL }, { 0, 0, NULL },
		{ 99, 32, "VERSION_1" }, { 2, 29, "EVENT_IDX" }, { 4, 40, "RING_RESET" },
		{ 1, 65, "GUEST_UDP_TUNNEL_GSO" }, { 2, 65, NULL }, { 1, 127, NULL },
		/* A byte too few for the bit would find another one. */
		{ 1, 256, NULL }, { 257, 0, NULL },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		const char *name = vr_feature_name(cases[i].type, cases[i].bit);

		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
	}
	assert_string_equal(vr_vhost_feature_name(VR_ID_NET, 26), "LOG_ALL");
	assert_string_equal(vr_vhost_feature_name(VR_ID_VSOCK, 1), "SEQPACKET");
}

static void types_have_names_or_numbers(void **state)
{
	char b[24];

	(void)state;
	assert_string_equal(vr_type_name((struct vr_val){ 2, VR_READ }, b), "block");
	assert_string_equal(vr_type_name((struct vr_val){ 4, VR_READ }, b), "rng");
	assert_string_equal(vr_type_name((struct vr_val){ 0, VR_READ }, b), "0");
	assert_string_equal(vr_type_name((struct vr_val){ 258, VR_READ }, b), "258");
	assert_string_equal(vr_type_name((struct vr_val){ 4294967295, VR_READ }, b),
			    "4294967295");
	assert_null(vr_type_name((struct vr_val){ .have = VR_UNREAD }, b));
}

static void upper_bits_are_shown_too(void **state)
{
	struct bus *b = bus_new(ERA_7_1, BUS_KSET);
	struct zoo z = { .b = b };
	struct vdev *d = bus_device(b, &(struct vdev_spec){ .type = VR_ID_NET,
		.features = 1, .queues = { "input.0" } });
	struct walked w;

	(void)state;
	fake_u64(b->g->f, d->addr + fake_offset(b->g->f, "virtio_device",
						"features_array") + 8, 0x22);
	w = bus_walk(b, false, "virtio0", "0");
	show(&z, &w, false);
	assert_has(shown, "  features 220000000000000001\n"
		   "    CSUM GUEST_UDP_TUNNEL_GSO bit_69\n");
	show(&z, &w, true);
	assert_has(shown, "\"features\":\"0x1\",\"features_high\":\"0x22\","
		   "\"feature_names\":[\"CSUM\",\"GUEST_UDP_TUNNEL_GSO\",\"bit 69\"]");
	bus_free(b);
}

/* ---- hops ---------------------------------------------------------------- */

static void the_way_from_a_virtio_device(void **state)
{
	struct zoo *z = *state;
	struct fake_target *f = z->b->g->f;
	struct ring *r = &z->disk->ring[1];
	struct walked w = bus_walk(z->b, false, "virtio1", "1");
	struct vr_walks walks = { .count = 0 };
	const struct vr_hop *h;

	assert_int_equal(vr_trace(&z->b->g->c, &w.snap, &walks), 0);
	assert_int_equal(walks.count, 1);
	assert_string_equal(walks.path[0].device, "virtio1");
	assert_string_equal(walks.path[0].label, "req.1");
	h = walks.path[0].hops;
	assert_string_equal(h[0].type, "virtio_device");
	assert_int_equal(h[0].addr, z->disk->addr);
	assert_string_equal(h[0].member, "vqs");
	assert_int_equal(h[0].addr + h[0].offset, z->disk->vqs);
	assert_int_equal(h[0].next, queue_node(z->b, z->disk, 1));
	assert_string_equal(h[1].member, "virtqueue.list");
	assert_int_equal(h[1].addr, h[0].next);
	assert_int_equal(h[1].offset, fake_offset(f, "virtqueue", "list"));
	assert_int_equal(h[1].next, r->vq);
	assert_int_equal(h[2].next, r->vvq);
	assert_int_equal(h[3].next, r->desc);
	assert_int_equal(walks.path[0].nhops, 10);
}

/* By hand: crash's own list command has all nodes; minimal mode has no list. */
static void the_same_by_hand(void **state)
{
	struct zoo *z = *state;
	struct walked w = bus_walk(z->b, false, "virtio1", "1");
	struct vr_walks walks = { .count = 0 };
	char want[128];

	assert_int_equal(vr_trace(&z->b->g->c, &w.snap, &walks), 0);
	for (int minimal = 0; minimal < 2; minimal++) {
		FILE *out;

		free(shown);
		shown = NULL;
		out = open_memstream(&shown, &shown_len);
		assert_non_null(out);
		z->b->g->f->t.minimal = minimal;
		vr_text_commands(out, &z->b->g->c, &walks);
		fclose(out);
		snprintf(want, sizeof(want), minimal ? "\nrd %s 2\n# list_head" :
			 "\nlist -H 0x%s\n# list_head", hex(z->disk->vqs));
		assert_has(shown, want);
	}
	assert_has(shown, "# virtio1 req.1\n# virtio_device.vqs: on this list -> ");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_devices_as_text),
		TEST(a_device_that_is_not_enabled_is_told_of),
		TEST(one_queue_in_full),
		TEST(hostile_names_are_escaped),
		TEST(an_unread_device_is_dashes_not_zeros),
		TEST(what_only_a_network_device_has_is_null),
		TEST(the_document_is_read_back),
		cmocka_unit_test(bits_have_names_by_type),
		cmocka_unit_test(types_have_names_or_numbers),
		cmocka_unit_test(upper_bits_are_shown_too),
		TEST(the_way_from_a_virtio_device),
		TEST(the_same_by_hand),
	};
	int failed = cmocka_run_group_tests_name("vdev_show", tests, NULL, NULL);

	free(shown);
	return failed;
}
