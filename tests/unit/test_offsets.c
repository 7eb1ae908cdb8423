// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_offsets.c - which spelling of each member is taken in which era, and what
 * is asked of the target for it.  Expected offsets are those of the files under
 * layouts/.
 */
#include "unit.h"
#include "guest_builder.h"

static const char *const modules[] = { "virtio", "virtio_ring", "virtio_net" };

/* The structs of the guest's three modules become known by load_types(). */
static void hide_modules(struct guest *g)
{
	static const struct {
		const char *type, *module;
	} in[] = {
		{ "virtio_device", "virtio" }, { "virtqueue", "virtio" },
		{ "vring_virtqueue", "virtio_ring" },
		{ "vring_desc_state", "virtio_ring" },
		{ "vring_desc_state_split", "virtio_ring" },
		{ "vring_desc_extra", "virtio_ring" },
		{ "virtnet_info", "virtio_net" }, { "send_queue", "virtio_net" },
		{ "receive_queue", "virtio_net" },
	};

	for (unsigned i = 0; i < COUNT_OF(in); i++)
		if (fake_has(g->f, in[i].type, NULL))
			fake_in_module(g->f, in[i].type, in[i].module);
}

/* ---- spellings ----------------------------------------------------------- */

static const struct expected {
	enum guest_era era;
	enum vr_slot slot;
	const char *type, *path;	/* type NULL: this era has none */
	uint32_t offset, size;
} expected[] = {
	{ ERA_3_10, VR_VVQ_NUM, "vring_virtqueue", "vring.num", 56, 4 },
	{ ERA_3_10, VR_VVQ_DATA, "vring_virtqueue", "data", 120, 0 },
	{ ERA_3_10, VR_VVQ_DESC_STATE, NULL, NULL, 0, 0 },
	{ ERA_3_10, VR_SZ_DESC_STATE, NULL, NULL, 0, 0 },
	{ ERA_3_10, VR_VVQ_AVAIL_IDX_SHADOW, NULL, NULL, 0, 0 },
	{ ERA_3_10, VR_NET_INUM, "net", "proc_inum", 120, 4 },
	{ ERA_3_10, VR_DEV_PRIV, NULL, NULL, 0, 0 },

	{ ERA_EL7, VR_SZ_NET_DEVICE, "net_device", NULL, 0, 2176 },
	{ ERA_EL7, VR_DEV_PARENT, "net_device", "dev.parent", 1032, 8 },
	{ ERA_EL7, VR_NET_INUM, "net", "proc_inum", 72, 4 },
	{ ERA_EL7, VR_VDEV_ID, "virtio_device", "id.device", 680, 4 },
	{ ERA_EL7, VR_VVQ_NUM, "vring_virtqueue", "vring.num", 56, 4 },
	{ ERA_EL7, VR_VVQ_DESC, "vring_virtqueue", "vring.desc", 64, 8 },
	{ ERA_EL7, VR_VVQ_AVAIL, "vring_virtqueue", "vring.avail", 72, 8 },
	{ ERA_EL7, VR_VVQ_USED, "vring_virtqueue", "vring.used", 80, 8 },
	{ ERA_EL7, VR_VVQ_DESC_STATE, "vring_virtqueue", "desc_state", 136, 0 },
	{ ERA_EL7, VR_VVQ_DESC_STATE_PTR, NULL, NULL, 0, 0 },
	{ ERA_EL7, VR_VVQ_DATA, NULL, NULL, 0, 0 },
	{ ERA_EL7, VR_SZ_DESC_STATE, "vring_desc_state", NULL, 0, 16 },
	{ ERA_EL7, VR_STATE_DATA, "vring_desc_state", "data", 0, 8 },
	{ ERA_EL7, VR_VVQ_AVAIL_IDX_SHADOW, NULL, NULL, 0, 0 },
	{ ERA_EL7, VR_VVQ_AVAIL_FLAGS_SHADOW, NULL, NULL, 0, 0 },
	{ ERA_EL7, VR_SZ_SEND_QUEUE, "send_queue", NULL, 0, 656 },
	{ ERA_EL7, VR_SZ_RECEIVE_QUEUE, "receive_queue", NULL, 0, 888 },
	{ ERA_EL7, VR_VI_MAX_PAIRS, "virtnet_info", "max_queue_pairs", 44, 2 },

	{ ERA_4_4, VR_VVQ_DATA, "vring_virtqueue", "data", 120, 0 },
	{ ERA_4_4, VR_VVQ_DESC_STATE, NULL, NULL, 0, 0 },
	{ ERA_4_4, VR_VVQ_AVAIL_IDX_SHADOW, "vring_virtqueue", "avail_idx_shadow", 112, 2 },

	{ ERA_4_9, VR_NET_INUM, "net", "ns.inum", 128, 4 },
	{ ERA_4_9, VR_VVQ_AVAIL_IDX_SHADOW, "vring_virtqueue",
	  "avail_idx_shadow", 104, 2 },
	{ ERA_4_9, VR_VVQ_DESC_STATE, "vring_virtqueue", "desc_state", 144, 0 },
	{ ERA_4_9, VR_VVQ_PACKED_RING, NULL, NULL, 0, 0 },

	{ ERA_5_4, VR_VVQ_NUM, "vring_virtqueue", "split.vring.num", 80, 4 },
	{ ERA_5_4, VR_VVQ_USED, "vring_virtqueue", "split.vring.used", 104, 8 },
	{ ERA_5_4, VR_VVQ_AVAIL_IDX_SHADOW, "vring_virtqueue",
	  "split.avail_idx_shadow", 114, 2 },
	{ ERA_5_4, VR_VVQ_DESC_STATE_PTR, "vring_virtqueue",
	  "split.desc_state", 120, 8 },
	{ ERA_5_4, VR_VVQ_DESC_STATE, NULL, NULL, 0, 0 },
	{ ERA_5_4, VR_SZ_DESC_STATE, "vring_desc_state_split", NULL, 0, 16 },
	{ ERA_5_4, VR_VVQ_PACKED_RING, "vring_virtqueue", "packed_ring", 56, 1 },
	{ ERA_5_4, VR_VVQ_EVENT_TRIGGERED, NULL, NULL, 0, 0 },
	{ ERA_5_4, VR_VVQ_DESC_EXTRA_PTR, NULL, NULL, 0, 0 },

	{ ERA_5_15, VR_VVQ_EVENT_TRIGGERED, "vring_virtqueue",
	  "event_triggered", 74, 1 },
	{ ERA_5_15, VR_VVQ_DESC_EXTRA_PTR, "vring_virtqueue",
	  "split.desc_extra", 128, 8 },
	{ ERA_5_15, VR_SZ_DESC_EXTRA, "vring_desc_extra", NULL, 0, 16 },
	{ ERA_5_15, VR_EXTRA_NEXT, "vring_desc_extra", "next", 14, 2 },
	{ ERA_5_15, VR_DEV_PRIV, NULL, NULL, 0, 0 },

	{ ERA_6_1, VR_DEV_PRIV, NULL, NULL, 0, 0 },
	{ ERA_6_1, VR_VVQ_USED, "vring_virtqueue", "split.vring.used", 112, 8 },

	{ ERA_6_12, VR_DEV_PRIV, "net_device", "priv", 2560, 0 },
	{ ERA_6_12, VR_VVQ_NUM, "vring_virtqueue", "split.vring.num", 88, 4 },
	{ ERA_6_12, VR_STATE_DATA, "vring_desc_state_split", "data", 8, 8 },
	{ ERA_6_12, VR_VDEV_FEATURES, "virtio_device", "features", 816, 8 },
	{ ERA_6_12, VR_VVQ_LAYOUT, NULL, NULL, 0, 0 },

	{ ERA_7_1, VR_VVQ_LAYOUT, "vring_virtqueue", "layout", 184, 4 },
	{ ERA_7_1, VR_VVQ_PACKED_RING, NULL, NULL, 0, 0 },
	{ ERA_7_1, VR_VDEV_FEATURES, "virtio_device", "features_array", 816, 16 },

	/* packed rings: as pahole shows them of 5.10, 6.1, 6.12 and 7.3 */
	{ ERA_4_9, VR_PVQ_NUM, NULL, NULL, 0, 0 },
	{ ERA_4_9, VR_SZ_PSTATE, NULL, NULL, 0, 0 },
	{ ERA_5_4, VR_PVQ_NUM, "vring_virtqueue", "packed.vring.num", 80, 4 },
	{ ERA_5_4, VR_PVQ_DESC, "vring_virtqueue", "packed.vring.desc", 88, 8 },
	{ ERA_5_4, VR_PVQ_DRIVER, "vring_virtqueue", "packed.vring.driver", 96, 8 },
	{ ERA_5_4, VR_PVQ_DEVICE, "vring_virtqueue", "packed.vring.device", 104, 8 },
	{ ERA_5_4, VR_PVQ_AVAIL_WRAP, "vring_virtqueue",
	  "packed.avail_wrap_counter", 112, 1 },
	{ ERA_5_4, VR_PVQ_USED_WRAP, "vring_virtqueue",
	  "packed.used_wrap_counter", 113, 1 },
	{ ERA_5_4, VR_PVQ_NEXT_AVAIL, "vring_virtqueue", "packed.next_avail_idx", 116, 2 },
	{ ERA_5_4, VR_PVQ_EVENT_SHADOW, "vring_virtqueue",
	  "packed.event_flags_shadow", 118, 2 },
	{ ERA_5_4, VR_PVQ_STATE, "vring_virtqueue", "packed.desc_state", 120, 8 },
	{ ERA_5_4, VR_SZ_PSTATE, "vring_desc_state_packed", NULL, 0, 24 },
	{ ERA_5_4, VR_PSTATE_NUM, "vring_desc_state_packed", "num", 16, 2 },
	{ ERA_5_15, VR_PVQ_USED_WRAP, "vring_virtqueue",
	  "packed.used_wrap_counter", 113, 1 },
	{ ERA_6_12, VR_PVQ_NUM, "vring_virtqueue", "packed.vring.num", 88, 4 },
	{ ERA_6_12, VR_PVQ_AVAIL_WRAP, "vring_virtqueue",
	  "packed.avail_wrap_counter", 120, 1 },
	{ ERA_6_12, VR_PVQ_USED_WRAP, NULL, NULL, 0, 0 },
	{ ERA_6_12, VR_PVQ_NEXT_AVAIL, "vring_virtqueue", "packed.next_avail_idx", 124, 2 },
	{ ERA_6_12, VR_PVQ_STATE, "vring_virtqueue", "packed.desc_state", 128, 8 },
	{ ERA_6_12, VR_PSTATE_INDIR, "vring_desc_state_packed", "indir_desc", 8, 8 },
	{ ERA_6_12, VR_VVQ_BATCH_ID, NULL, NULL, 0, 0 },
	{ ERA_7_1, VR_PVQ_USED_WRAP, NULL, NULL, 0, 0 },
	{ ERA_7_1, VR_PVQ_DESC, "vring_virtqueue", "packed.vring.desc", 96, 8 },
	{ ERA_7_1, VR_VVQ_LAST_USED, "vring_virtqueue", "last_used", 84, 2 },
	{ ERA_7_1, VR_VVQ_BATCH_ID, "vring_virtqueue", "batch_last.id", 256, 4 },
};

static void compare_field(const struct guest *g, const struct expected *e)
{
	const struct vr_field *f = &g->c.layout.f[e->slot];

	if (f->known != (e->type != NULL))
		fail_msg("%s: %s.%s is %sknown", era_name(e->era), e->type ?
			 e->type : f->type, e->type ? e->path : f->path,
			 f->known ? "" : "not ");
	if (!e->type)
		return;
	assert_string_equal(f->type, e->type);
	if (e->path)
		assert_string_equal(f->path, e->path);
	else
		assert_null(f->path);
	assert_int_equal(f->offset, e->offset);
	assert_int_equal(f->size, e->size);
	assert_int_equal(f->source, VR_FROM_DWARF);
}

static void each_era_gives_its_own_spelling(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);

		guest_resolve(g);
		for (unsigned i = 0; i < COUNT_OF(expected); i++)
			if (expected[i].era == era)
				compare_field(g, &expected[i]);
		guest_free(g);
	}
}

static void the_newest_spelling_wins_where_two_are_known(void **state)
{
	struct guest *g = guest_new(ERA_5_4);

	(void)state;
	fake_member(g->f, "vring_virtqueue", "vring", 200, 32, "vring");
	fake_member(g->f, "vring_virtqueue", "avail_idx_shadow", 244, 2, NULL);
	guest_resolve(g);
	assert_int_equal(g->c.layout.f[VR_VVQ_NUM].offset, 80);
	assert_int_equal(g->c.layout.f[VR_VVQ_AVAIL_IDX_SHADOW].offset, 114);
	guest_free(g);
}

static void a_member_outside_of_its_struct_is_refused(void **state)
{
	struct guest *g = guest_new(ERA_5_4);
	struct vr_missing m;

	(void)state;
	fake_member(g->f, "vring_virtqueue", "free_head", 100000, 4, NULL);
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL | VR_G_GUEST, &m),
			 -1);
	assert_string_equal(m.path, "free_head");
	guest_free(g);
}

/* ---- what is missing ----------------------------------------------------- */

static void a_missing_required_member_is_named_with_its_module(void **state)
{
	static const struct {
		const char *type, *path, *module;
	} required[] = {
		{ "virtqueue", "num_free", "virtio" },
		{ "virtio_device", "index", "virtio" },
		{ "vring_virtqueue", "last_used_idx", "virtio_ring" },
		{ "virtnet_info", "sq", "virtio_net" },
		{ "virtnet_info", "curr_queue_pairs", "virtio_net" },
		{ "receive_queue", "vq", "virtio_net" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(required); i++) {
		struct guest *g = guest_new(ERA_5_4);
		struct vr_missing m = { NULL, NULL, NULL, false };

		fake_forget(g->f, required[i].type, required[i].path);
		assert_int_equal(vr_layout_resolve(&g->c, VR_G_GUEST, &m), -1);
		assert_string_equal(m.type, required[i].type);
		assert_string_equal(m.path, required[i].path);
		assert_string_equal(m.module, required[i].module);
		guest_free(g);
	}
}

static void a_missing_member_of_vmlinux_has_no_module(void **state)
{
	struct guest *g = guest_new(ERA_5_4);
	struct vr_missing m = { NULL, NULL, "x", false };

	(void)state;
	fake_forget(g->f, "net_device", "dev_list");
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL, &m), -1);
	assert_string_equal(m.type, "net_device");
	assert_string_equal(m.path, "dev_list");
	assert_null(m.module);
	assert_int_equal(g->f->nasked, 0);
	guest_free(g);
}

static void a_missing_struct_is_named_without_a_member(void **state)
{
	struct guest *g = guest_new(ERA_5_4);
	struct vr_missing m = { NULL, "x", NULL, false };

	(void)state;
	fake_forget(g->f, "vring_virtqueue", NULL);
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_GUEST, &m), -1);
	assert_string_equal(m.type, "vring_virtqueue");
	assert_null(m.path);
	assert_string_equal(m.module, "virtio_ring");
	guest_free(g);
}

static void optional_members_of_vmlinux_may_all_be_missing(void **state)
{
	struct guest *g = guest_new(ERA_5_4);
	struct vr_missing m;

	(void)state;
	fake_forget(g->f, "net", "ns");
	fake_forget(g->f, "net_device", "rtnl_link_ops");
	fake_forget(g->f, "rtnl_link_ops", NULL);
	fake_forget(g->f, "mm_struct", NULL);
	fake_forget(g->f, "uts_namespace", NULL);
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL, &m), 0);
	assert_false(vr_has(&g->c, VR_NET_INUM));
	assert_false(vr_has(&g->c, VR_MM_PGD));
	assert_true(vr_has(&g->c, VR_DEV_NAME));
	assert_int_equal(g->f->nasked, 0);
	guest_free(g);
}

/* ---- types of modules ---------------------------------------------------- */

static void types_of_vmlinux_alone_load_no_module(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_missing m;

	(void)state;
	hide_modules(g);
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL, &m), 0);
	assert_int_equal(g->f->nasked, 0);
	assert_false(vr_has(&g->c, VR_VVQ_NUM));
	guest_free(g);
}

static void known_types_load_no_module(void **state)
{
	(void)state;
	struct guest *g = guest_new(ERA_5_15);

	guest_resolve(g);
	assert_int_equal(g->f->nasked, 0);
	guest_free(g);
}

/* Loading costs 5 to 100 ms, and crash cannot undo it. */
static void each_module_is_asked_for_once(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);

		hide_modules(g);
		guest_resolve(g);
		for (unsigned i = 0; i < COUNT_OF(modules); i++)
			if (fake_asked(g->f, modules[i]) != 1)
				fail_msg("%s: %s asked for %u times",
					 era_name(era), modules[i],
					 fake_asked(g->f, modules[i]));
		guest_free(g);
	}
}

static void a_second_command_asks_for_nothing(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	unsigned lookups;

	(void)state;
	hide_modules(g);
	guest_resolve(g);
	lookups = g->f->lookups;
	guest_resolve(g);
	assert_int_equal(g->f->nasked, 3);
	/* Only what this era lacks may be looked for again. */
	assert_true(g->f->lookups - lookups < lookups / 4);
	guest_free(g);
}

/* vring -w looks again and again. */
static void one_command_asks_for_nothing_twice(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_missing m;
	unsigned lookups;

	(void)state;
	guest_resolve(g);
	lookups = g->f->lookups;
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL | VR_G_GUEST, &m), 0);
	assert_int_equal(g->f->lookups, lookups);
	guest_free(g);
}

static void a_module_without_debuginfo_is_named(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_missing m = { NULL, NULL, NULL, false };

	(void)state;
	hide_modules(g);
	g->f->load_fails = true;
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_GUEST, &m), -1);
	assert_string_equal(m.module, "virtio");
	assert_string_equal(m.type, "virtio_device");
	assert_int_equal(fake_asked(g->f, "virtio"), 1);
	assert_string_equal(g->f->t.why, "no file for virtio");
	guest_free(g);
}

/* The user loads the module's debuginfo and repeats the command. */
static void a_failed_look_up_is_not_remembered(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_missing m;

	(void)state;
	hide_modules(g);
	g->f->load_fails = true;
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_GUEST, &m), -1);
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_GUEST, &m), -1);
	g->f->load_fails = false;
	guest_resolve(g);
	assert_true(vr_has(&g->c, VR_VI_SQ));
	assert_int_equal(g->c.layout.f[VR_VVQ_NUM].offset, 80);
	guest_free(g);
}

/* Each module for itself: virtio.ko's types came, virtio_net.ko's did not. */
static void what_was_found_stays_when_the_rest_is_missing(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_missing m;

	(void)state;
	fake_in_module(g->f, "virtnet_info", "virtio_net");
	g->f->load_fails = true;
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_GUEST, &m), -1);
	assert_string_equal(m.module, "virtio_net");
	assert_true(vr_has(&g->c, VR_VVQ_NUM));
	guest_free(g);
}

/* What a survey ('vhostq -l') shows of an older struct is no last word, when the newer one's
 * module is loaded behind it. */
static void a_survey_remembers_no_guesses(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_missing m;

	(void)state;
	fake_type(g->f, "macvlan_dev", 256);
	fake_member(g->f, "macvlan_dev", "dev", 8, 8, "struct net_device *");
	fake_in_module(g->f, "tap_dev", "tap");
	fake_in_module(g->f, "tap_queue", "tap");
	g->f->load_fails = true;
	vr_layout_survey(&g->c, VR_G_TAP);
	assert_true(vr_has_in(&g->c, VR_TAP_DEV, "macvlan_dev"));
	g->f->load_fails = false;
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL | VR_G_TAP, &m), 0);
	assert_true(vr_has_in(&g->c, VR_TAP_DEV, "tap_dev"));
	assert_true(vr_has(&g->c, VR_TAP_LIST));
	guest_free(g);
}

static void a_declared_but_incomplete_struct_counts_as_unknown(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_missing m;

	(void)state;
	fake_type(g->f, "virtnet_info", 0);
	assert_int_equal(vr_layout_resolve(&g->c, VR_G_GUEST, &m), -1);
	assert_string_equal(m.type, "virtnet_info");
	assert_int_equal(fake_asked(g->f, "virtio_net"), 1);
	guest_free(g);
}

/* macvtap.ko had what is in tap.ko since 4.12, vhost_net.ko of 3.10 all of vhost.ko. */
static void types_are_looked_for_where_they_were_before(void **state)
{
	static const struct {
		const char *loaded[2], *type, *home, *other;
		unsigned group;
	} cases[] = {
		{ { "macvtap" }, "macvtap_queue", "macvtap", "tap", VR_G_TAP },
		{ { "macvtap", "tap" }, "macvtap_queue", "tap", "macvtap", VR_G_TAP },
		{ { "tun" }, "macvtap_queue", "tap", "macvtap", VR_G_TAP },
		{ { "vhost_net" }, "vhost_virtqueue", "vhost_net", "vhost", VR_G_VHOST },
		{ { "vhost", "vhost_net" }, "vhost_virtqueue", "vhost", "vhost_net",
		  VR_G_VHOST },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = guest_new(ERA_EL7);
		struct vr_missing m = { .type = NULL };

		guest_modules(g, cases[i].loaded, cases[i].loaded[1] ? 2 : 1);
		fake_in_module(g->f, cases[i].type, cases[i].home);
		g->f->load_fails = true;
		assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL | cases[i].group, &m),
				 -1);
		assert_string_equal(m.module, cases[i].home);
		g->f->load_fails = false;
		assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL | cases[i].group, &m),
				 0);
		assert_int_equal(fake_asked(g->f, cases[i].other), 0);
		guest_free(g);
	}
}

/* ---- the table ----------------------------------------------------------- */

static void the_table_has_each_slot_once(void **state)
{
	bool seen[VR_NSLOTS] = { false };
	const char *module;
	enum vr_slot slot;
	unsigned n = 0;

	(void)state;
	for (; vr_layout_row(n, &slot, &module); n++) {
		assert_true(slot < VR_NSLOTS);
		assert_false(seen[slot]);
		assert_non_null(module);
		seen[slot] = true;
	}
	assert_int_equal(n, VR_NSLOTS);
	assert_false(vr_layout_row(n, &slot, &module));
	assert_false(vr_layout_row(UINT32_MAX, &slot, &module));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_era_gives_its_own_spelling),
		cmocka_unit_test(the_newest_spelling_wins_where_two_are_known),
		cmocka_unit_test(a_member_outside_of_its_struct_is_refused),
		cmocka_unit_test(a_missing_required_member_is_named_with_its_module),
		cmocka_unit_test(a_missing_member_of_vmlinux_has_no_module),
		cmocka_unit_test(a_missing_struct_is_named_without_a_member),
		cmocka_unit_test(optional_members_of_vmlinux_may_all_be_missing),
		cmocka_unit_test(types_of_vmlinux_alone_load_no_module),
		cmocka_unit_test(known_types_load_no_module),
		cmocka_unit_test(each_module_is_asked_for_once),
		cmocka_unit_test(a_second_command_asks_for_nothing),
		cmocka_unit_test(one_command_asks_for_nothing_twice),
		cmocka_unit_test(a_module_without_debuginfo_is_named),
		cmocka_unit_test(a_failed_look_up_is_not_remembered),
		cmocka_unit_test(what_was_found_stays_when_the_rest_is_missing),
		cmocka_unit_test(a_survey_remembers_no_guesses),
		cmocka_unit_test(types_are_looked_for_where_they_were_before),
		cmocka_unit_test(a_declared_but_incomplete_struct_counts_as_unknown),
		cmocka_unit_test(the_table_has_each_slot_once),
	};

	return cmocka_run_group_tests_name("offsets", tests, NULL, NULL);
}
