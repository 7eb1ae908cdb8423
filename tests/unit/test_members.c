// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_members.c - the table of members as a whole: each of its spellings is the one that
 * some layout of ours has, and none of the required ones is missing unnoticed.
 */
#include "unit.h"
#include "guest_builder.h"
#include "members.h"

/* What each era has, of both sides. */
#define BOTH (VR_G_KERNEL | VR_G_GUEST | VR_G_IRQ | VR_G_TASKS | VR_G_TUN | VR_G_TAP | \
	      VR_G_VHOST)
#define MAX_ROWS 1024

/* Which spelling of which row was taken by some layout. */
static bool taken[MAX_ROWS][VR_SPELLINGS];

static void note_taken(const struct vr_ctx *c)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		const struct vr_field *f = &c->layout.f[r->slot];

		assert_true(i < MAX_ROWS);
		for (unsigned k = 0; f->known && k < VR_SPELLINGS; k++)
			taken[i][k] |= r->as[k].type == f->type &&
				       r->as[k].path == f->path;
	}
}

/* Variables of the kernel that a type of the layout is for. */
static void define_variables(struct fake_target *f)
{
	static const struct {
		const char *type, *variable;
	} of[] = {
		{ "radix_tree_root", "irq_desc_tree" }, { "xarray", "irq_desc_tree" },
		{ "maple_tree", "sparse_irqs" }, { "pcpu_hot", "pcpu_hot" },
		{ "irq_cpustat_t", "irq_stat" },
	};

	for (unsigned i = 0; i < COUNT_OF(of); i++)
		if (fake_has(f, of[i].type, NULL))
			fake_symbol(f, of[i].variable, 0xffffffff82000000ULL);
}

/* An era with more files, and the groups of members that they have together. */
static void try_layout(enum guest_era era, const char *const more[2], unsigned groups)
{
	struct guest *g = guest_new(era);
	struct vr_missing m;

	for (unsigned i = 0; i < 2 && more[i]; i++)
		fake_load_layout(g->f, more[i]);
	define_variables(g->f);
	if (vr_layout_resolve(&g->c, groups, &m))
		fail_msg("%s has no %s.%s", era_name(era), m.type,
			 m.path ? m.path : "(size)");
	note_taken(&g->c);
	guest_free(g);
}

/* What lies over an era, and belongs to it. */
static const struct {
	enum guest_era era;
	const char *more[2];
	unsigned groups;
} sets[] = {
	{ ERA_3_10, { "hand-net.layout", "hand-irq-height.layout" }, BOTH },
	{ ERA_4_9, { "hand-net.layout", "hand-irq-radix.layout" }, BOTH | VR_G_VSOCK |
	  VR_G_SCSI },
	{ ERA_6_1, { "hand-net-5.19.layout", "hand-irq-xarray.layout" }, BOTH },
	{ ERA_6_4, { "hand-irq-maple.layout", "hand-irq-hot.layout" }, BOTH },
	{ ERA_6_12, { "hand-rq.layout" }, BOTH },
	{ ERA_5_4, { "hand-qdisc-5.1.layout" }, BOTH },
	{ ERA_7_1, { "hand-net-6.19.layout", "hand-irq-maple.layout" }, BOTH },
	{ ERA_3_10, { "hand-owners.layout", "hand-owners-3.13.layout" }, BOTH | VR_G_OWNERS },
	{ ERA_6_12, { "hand-owners.layout", "hand-owners-6.12.layout" }, BOTH | VR_G_OWNERS },
	{ ERA_3_10, { "hand-blk-3.10.layout" }, BOTH | VR_G_BLK },
	{ ERA_6_12, { "hand-blk.layout" }, BOTH | VR_G_BLK },
	{ ERA_6_1, { "hand-bus.layout", "hand-bus-6.1.layout" }, BOTH | VR_G_BUS },
};

static void each_spelling_is_in_some_layout(void **state)
{
	static const char *const none[2] = { NULL };
	const struct vr_row *r;
	unsigned missing = 0;

	(void)state;
	for (enum guest_era era = 0; era < ERA_ALL; era++)
		try_layout(era, none, BOTH);
	for (unsigned i = 0; i < COUNT_OF(sets); i++)
		try_layout(sets[i].era, sets[i].more, sets[i].groups);
	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		for (unsigned k = 0; k < VR_SPELLINGS && r->as[k].type; k++) {
			if (taken[i][k])
				continue;
			print_message("no layout has %s.%s\n", r->as[k].type,
				      r->as[k].path ? r->as[k].path : "(size)");
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

/* The first row that has to be there and is not. */
static const struct vr_row *first_missing(struct fake_target *f, unsigned groups)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		bool found = r->optional || !(r->groups & groups);

		for (unsigned k = 0; !found && k < VR_SPELLINGS && r->as[k].type; k++)
			found = fake_has(f, r->as[k].type, r->as[k].path);
		if (!found)
			return r;
	}
	return NULL;
}

/* A kernel that calls a member, or a struct, by a name that no spelling has. */
static void rename_it(enum guest_era era, const struct vr_row *gone)
{
	struct guest *g = guest_new(era);
	struct vr_missing m = { .type = NULL };
	const struct vr_row *r;

	for (unsigned k = 0; k < VR_SPELLINGS && gone->as[k].type; k++)
		if (fake_has(g->f, gone->as[k].type, gone->as[k].path))
			fake_forget(g->f, gone->as[k].type, gone->as[k].path);
	r = first_missing(g->f, BOTH);
	assert_non_null(r);
	if (!vr_layout_resolve(&g->c, BOTH, &m))
		fail_msg("%s: nothing misses %s.%s", era_name(era), gone->as[0].type,
			 gone->as[0].path ? gone->as[0].path : "(size)");
	assert_ptr_equal(m.type, r->as[0].type);
	assert_ptr_equal(m.path, r->as[0].path);
	assert_ptr_equal(m.module, r->module);
	guest_free(g);
}

/* Not one is guessed: the command that needs it says what is unknown, by the newest name,
 * and where it should be. */
static void a_renamed_member_is_missed_by_name(void **state)
{
	const struct vr_row *r;

	(void)state;
	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		if (r->optional || !(r->groups & BOTH))
			continue;
		rename_it(ERA_EL7, r);
		rename_it(ERA_7_1, r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_spelling_is_in_some_layout),
		cmocka_unit_test(a_renamed_member_is_missed_by_name),
	};

	return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
