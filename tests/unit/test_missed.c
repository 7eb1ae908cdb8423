// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_missed.c - what is said of members that a kernel should have and has under
 * no name known, and what is not said of those that it lacks by right.
 */
#include <string.h>

#include "unit.h"
#include "guest_builder.h"
#include "members.h"

static const struct vr_row *row_of(enum vr_slot s)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++)
		if (r->slot == s)
			return r;
	fail_msg("slot %d has no row", (int)s);
	return NULL;
}

/* Without it a new optional member would be lost in silence. */
static void every_optional_row_says_what_is_lost(void **state)
{
	const struct vr_row *r;
	const char *loses;

	(void)state;
	for (size_t i = 0; (r = vr_row_at(i)); i++)
		if (vr_layout_loses(r->slot, &loses) != r->optional)
			fail_msg("%s.%s is %s", r->as[0].type, r->as[0].path ?
				 r->as[0].path : "", r->optional ?
				 "optional and has no note in missed.c" :
				 "required and has one");
}

static const struct vr_row *hidden;

/* The seam's member(), on a kernel that has one renamed. */
static int all_but_hidden(struct vr_target *t, const char *type, const char *path,
			  struct vr_member *ret)
{
	for (unsigned i = 0; i < VR_SPELLINGS && hidden->as[i].type; i++)
		if (!strcmp(hidden->as[i].type, type) &&
		    !strcmp(hidden->as[i].path, path))
			return -1;
	return fake_seam_member(t, type, path, ret);
}

static void hide(struct guest *g, const struct vr_row *r)
{
	hidden = r;
	g->f->t.member = all_but_hidden;
}

/* Types of the fake guest's era that are members of the group RING or NET. */
static bool is_in(const struct guest *g, const struct vr_row *r)
{
	return (r->groups & VR_G_GUEST) && g->c.layout.f[r->slot].known;
}

/* Remove what the kernel calls a member, in the layout of each era: it is told as
 * missed, or it is one that nothing is lost without. */
static void check_hidden(enum guest_era era, const struct vr_row *row)
{
	struct guest *g = guest_new(era);
	struct vr_missing m;
	const struct vr_field *f = &g->c.layout.f[row->slot];
	const char *loses;
	int r;

	hide(g, row);
	r = vr_layout_resolve(&g->c, VR_G_KERNEL | VR_G_GUEST, &m);
	assert_false(f->known);
	if (!row->optional) {
		assert_int_equal(r, -1);
		assert_string_equal(m.type, row->as[0].type);
		assert_string_equal(m.path, row->as[0].path);
	} else if (f->missed && !r) {
		assert_true(vr_layout_loses(row->slot, &loses));
		assert_non_null(loses);
		vr_layout_tell_missed(&g->c);
		assert_true(g->c.nerrors > 0);
	}
	guest_free(g);
}

static void what_is_hidden_is_never_found_and_the_rest_is(void **state)
{
	const struct vr_row *r;

	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *whole = guest_new(era);

		guest_resolve(whole);
		for (size_t i = 0; (r = vr_row_at(i)); i++)
			if (is_in(whole, r) && r->as[0].path)
				check_hidden(era, r);
		guest_free(whole);
	}
}

/* What each of these takes with it, in a kernel of 7.1. */
static void a_member_that_new_kernels_have_is_missed(void **state)
{
	static const enum vr_slot slots[] = {
		VR_VQ_CALLBACK, VR_VVQ_AVAIL_IDX_SHADOW, VR_VVQ_AVAIL_FLAGS_SHADOW,
		VR_VVQ_EVENT_TRIGGERED, VR_VVQ_DESC_EXTRA_PTR, VR_EXTRA_NEXT,
		VR_VVQ_DESC_STATE_PTR, VR_STATE_DATA, VR_PVQ_NUM, VR_PVQ_STATE,
		VR_VVQ_LAST_USED, VR_VVQ_BATCH_ID,
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(slots); i++) {
		const struct vr_row *r = row_of(slots[i]);
		struct guest *g = guest_new(ERA_7_1);
		char text[256];

		hide(g, r);
		guest_resolve(g);
		if (!g->c.layout.f[slots[i]].missed)
			fail_msg("%s.%s is not missed", r->as[0].type, r->as[0].path);
		/* The fake kernel lacks much of what is not of rings. */
		g->c.nerrors = 0;
		g->c.layout.asked = VR_G_RING;
		vr_layout_tell_missed(&g->c);
		for (unsigned k = 0;; k++) {
			if (k >= g->c.nerrors)
				fail_msg("%s.%s is not told", r->as[0].type,
					 r->as[0].path);
			vr_error_what(text, sizeof(text), &g->c.errors[k]);
			if (strstr(text, r->as[0].type) && strstr(text, r->as[0].path))
				break;
		}
		assert_non_null(strstr(text, "not known without it: "));
		guest_free(g);
	}
}

/* 5.4 keeps its free list in the ring, and 3.10 has no shadows. */
static void what_old_kernels_lack_is_not_missed(void **state)
{
	static const struct {
		enum guest_era era;
		enum vr_slot slot;
	} lacks[] = {
		{ ERA_5_4, VR_VVQ_DESC_EXTRA_PTR }, { ERA_5_4, VR_EXTRA_NEXT },
		{ ERA_5_4, VR_VVQ_EVENT_TRIGGERED }, { ERA_5_4, VR_VVQ_LAYOUT },
		{ ERA_EL8_372, VR_VVQ_DESC_EXTRA_PTR }, { ERA_EL8_372, VR_EXTRA_NEXT },
		{ ERA_3_10, VR_VVQ_AVAIL_IDX_SHADOW }, { ERA_EL7, VR_PVQ_NUM },
		{ ERA_EL7, VR_SQ_NAPI }, { ERA_3_10, VR_VVQ_DESC_STATE },
		{ ERA_6_12, VR_VVQ_LAST_USED }, { ERA_7_1, VR_VVQ_PACKED_RING },
		{ ERA_7_1, VR_VVQ_DATA },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(lacks); i++) {
		struct guest *g = guest_new(lacks[i].era);

		guest_resolve(g);
		if (g->c.layout.f[lacks[i].slot].known ||
		    g->c.layout.f[lacks[i].slot].missed)
			fail_msg("%s: case %u", era_name(lacks[i].era), i);
		guest_free(g);
	}
}

/* 5.17 and RHEL 8.6 to 9.2 have refill's work and event_triggered, and no switch for it. */
static void refill_enabled_is_missed_by_its_lock(void **state)
{
	(void)state;
	for (int renamed = 0; renamed < 2; renamed++) {
		struct guest *g = guest_new(ERA_5_15);

		fake_load_layout(g->f, renamed ? "hand-net-5.19.layout" : "hand-net.layout");
		if (renamed)
			hide(g, row_of(VR_VI_REFILL_ENABLED));
		guest_resolve(g);
		assert_true(g->c.layout.f[VR_VI_REFILL].known);
		assert_true(g->c.layout.f[VR_VVQ_EVENT_TRIGGERED].known);
		assert_false(g->c.layout.f[VR_VI_REFILL_ENABLED].known);
		assert_int_equal(g->c.layout.f[VR_VI_REFILL_ENABLED].missed, renamed);
		guest_free(g);
	}
}

/* With neither of the two members a packed ring would be read as a split one. */
static void what_tells_packed_rings_is_required(void **state)
{
	struct vr_missing m = { NULL, NULL, NULL, false };

	(void)state;
	for (enum guest_era era = ERA_5_4; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);

		fake_forget(g->f, "vring_virtqueue", era < ERA_7_1 ? "packed_ring" :
								     "layout");
		assert_int_equal(vr_layout_resolve(&g->c, VR_G_KERNEL | VR_G_GUEST, &m),
				 -1);
		assert_string_equal(m.path, era < ERA_7_1 ? "packed_ring" : "layout");
		guest_free(g);
	}
}

/* 5.15's links out of the device's reach must not be sought in its reach. */
static void a_free_list_that_is_lost_is_not_sought_elsewhere(void **state)
{
	static const enum vr_slot slots[] = { VR_VVQ_DESC_EXTRA_PTR, VR_EXTRA_NEXT };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(slots); i++) {
		struct guest *g = guest_new(ERA_5_15);
		struct ring r;
		struct vr_queue q;

		ring_build(&r, g->f, &(struct ring_spec){ .num = 16 });
		hide(g, row_of(slots[i]));
		guest_resolve(g);
		q = guest_read_ring(g, &r);
		assert_true(q.slots.count[VR_SLOT_FREE] < 2);
		assert_int_equal(q.slots.count[VR_SLOT_DEVICE], 0);
		guest_free(g);
	}
}

static void a_variable_is_told_once(void **state)
{
	struct guest *g = guest_new(ERA_5_15);

	(void)state;
	guest_resolve(g);
	for (unsigned i = 0; i < 3; i++) {
		vr_symbol_missed(&g->c, "jiffies_64", "ages");
		vr_symbol_missed(&g->c, "runqueues", "whether a CPU is idle");
	}
	g->c.layout.asked = 0;
	vr_layout_tell_missed(&g->c);
	assert_int_equal(g->c.nerrors, 2);
	assert_int_equal(g->c.errors[0].code, VR_E_NO_SYMBOL);
	assert_string_equal(g->c.errors[0].what, "jiffies_64");
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_optional_row_says_what_is_lost),
		cmocka_unit_test(what_is_hidden_is_never_found_and_the_rest_is),
		cmocka_unit_test(a_member_that_new_kernels_have_is_missed),
		cmocka_unit_test(what_old_kernels_lack_is_not_missed),
		cmocka_unit_test(refill_enabled_is_missed_by_its_lock),
		cmocka_unit_test(what_tells_packed_rings_is_required),
		cmocka_unit_test(a_free_list_that_is_lost_is_not_sought_elsewhere),
		cmocka_unit_test(a_variable_is_told_once),
	};

	return cmocka_run_group_tests_name("missed", tests, NULL, NULL);
}
