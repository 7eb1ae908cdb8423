// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * offsets.c - finding where the dumped kernel's struct members are.
 *
 * Nothing here compares kernel versions: distributions backport layouts across
 * every boundary.  members.c lists each member's spellings.
 */
#include <string.h>

#include "members.h"

#define MAX_ABSENT 16

/* Types found unknown in this run; asking crash again costs 70 ms each. */
struct absent {
	const char *type[MAX_ABSENT];
	unsigned n;
	const char *asked[MAX_ABSENT];	/* modules whose types were asked for */
	unsigned nasked;
};

static bool is_absent(const struct absent *a, const char *type)
{
	for (unsigned i = 0; i < a->n; i++)
		if (!strcmp(a->type[i], type))
			return true;
	return false;
}

static int try_spelling(struct vr_ctx *c, const struct vr_row *r,
			const struct vr_spelling *as, struct absent *absent,
			struct vr_field *f)
{
	struct vr_member m = { 0, 0 };
	enum vr_source source;
	uint64_t size;

	if (is_absent(absent, as->type))
		return -1;
	/* DWARF would take 70 ms to say no as well. */
	if (r->optional && vr_btf_complete(c, r->module) &&
	    !vr_type_in_btf(c, r->module, as->type))
		return -1;
	source = vr_type_size(c, r->module, as->type, &size);
	if (!source) {
		if (absent->n < MAX_ABSENT)
			absent->type[absent->n++] = as->type;
		return -1;
	}
	if (as->path)
		source = vr_type_member(c, r->module, as->type, as->path, &m);
	if (!source || size > UINT32_MAX || m.offset > size || m.size > size - m.offset)
		return -1;
	*f = (struct vr_field){ .known = true, .source = source,
		.offset = m.offset, .size = as->path ? m.size : (uint32_t)size,
		.type = as->type, .path = as->path, .since = as->since };
	return 0;
}

static bool is_loaded(struct vr_ctx *c, const char *module, bool loaded)
{
	struct vr_val v = vr_module_loaded(c, module);

	return v.have == VR_READ && v.v == loaded;
}

const char *vr_module_home(struct vr_ctx *c, const char *module)
{
	static const struct {
		const char *module, *before;
	} split_off[] = {
		{ "tap", "macvtap" },		/* by 4.12 */
		{ "vhost", "vhost_net" },	/* between 3.10 and 3.13; el7 has it */
	};

	for (unsigned i = 0; i < sizeof(split_off) / sizeof(split_off[0]); i++)
		if (module && !strcmp(split_off[i].module, module) &&
		    is_loaded(c, module, false) && is_loaded(c, split_off[i].before, true))
			return split_off[i].before;
	return module;
}

bool vr_module_away(struct vr_ctx *c, const char *module)
{
	return is_loaded(c, vr_module_home(c, module), false);
}

/* Ask for the types of the row's module, once in a run; true when some came. */
static bool ask_module(struct vr_ctx *c, const struct vr_row *r,
		       struct absent *absent)
{
	if (!r->module || (r->optional && vr_btf_complete(c, r->module)))
		return false;
	for (unsigned i = 0; i < absent->nasked; i++)
		if (!strcmp(absent->asked[i], r->module))
			return false;
	if (absent->nasked < MAX_ABSENT)
		absent->asked[absent->nasked++] = r->module;
	if (c->t->load_types(c->t, vr_module_home(c, r->module)))
		return false;
	absent->n = 0;
	return true;
}

/* Types are complete once one of the row's structs is known: what it lacks
 * then is lacking for good, and is not looked for again. */
static int try_row(struct vr_ctx *c, const struct vr_row *r, struct absent *absent)
{
	struct vr_field *f = &c->layout.f[r->slot];
	bool type_known = r->optional && vr_btf_complete(c, r->module);

	for (int i = 0; i < VR_SPELLINGS && r->as[i].type; i++) {
		if (!try_spelling(c, r, &r->as[i], absent, f))
			return 0;
		/* An older spelling may be of another struct, which this kernel
		 * has too: make sure first that the newer one is not there. */
		if (is_absent(absent, r->as[i].type) && ask_module(c, r, absent) &&
		    !try_spelling(c, r, &r->as[i], absent, f))
			return 0;
		type_known = type_known || !is_absent(absent, r->as[i].type);
	}
	f->absent = type_known;
	return -1;
}

/* A type that no member of this kernel leads to is not asked for: DWARF takes
 * 70 ms to say that it has none. */
static bool pointless(const struct vr_ctx *c, enum vr_slot s)
{
	switch (s) {
	case VR_SZ_DESC_STATE:
	case VR_STATE_DATA:
	case VR_STATE_INDIR:
		return !vr_has(c, VR_VVQ_DESC_STATE_PTR) &&
		       !vr_has(c, VR_VVQ_DESC_STATE);
	case VR_SZ_DESC_EXTRA:
	case VR_EXTRA_NEXT:
		return !vr_has(c, VR_VVQ_DESC_EXTRA_PTR);
	case VR_SZ_PSTATE:
	case VR_PSTATE_DATA:
	case VR_PSTATE_INDIR:
	case VR_PSTATE_NUM:
	case VR_PSTATE_NEXT:
		return !vr_has(c, VR_PVQ_NUM);
	case VR_TAP_ARRAY:
		return vr_has(c, VR_TAP_LIST);
	case VR_RADIX_HEIGHT:
		return !vr_has(c, VR_RADIX_HEAD) || vr_has(c, VR_RADIX_SHIFT);
	case VR_RADIX_SHIFT:
	case VR_RADIX_SLOTS:
		return !vr_has(c, VR_RADIX_HEAD);
	case VR_MAPLE_SLOT:
	case VR_MAPLE_PIVOT64:
	case VR_MAPLE_SLOT64:
	case VR_MAPLE_PIVOTA:
	case VR_MAPLE_SLOTA:
		return !vr_has(c, VR_MAPLE_ROOT);
	default:
		return false;
	}
}

/* Where only one variable of the kernel has a type, and this kernel lacks it. */
static bool no_variable(struct vr_ctx *c, enum vr_slot s)
{
	const char *name;
	uint64_t addr;

	switch (s) {
	case VR_RADIX_HEAD:
		name = "irq_desc_tree";
		break;
	case VR_MAPLE_ROOT:
		name = "sparse_irqs";
		break;
	case VR_SOFTIRQ_HOT:
		name = "pcpu_hot";
		break;
	case VR_SOFTIRQ_STAT:
		name = "irq_stat";
		break;
	default:
		return false;
	}
	return c->t->symbol(c->t, name, &addr);
}

/* Constants, each with a member that it says something of.  The fallback is for types
 * that do not tell constants; where they do and lack one, nothing is assumed. */
static const struct constant {
	const char *name, *module;
	unsigned group;
	enum vr_slot with;
	uint64_t fallback;
	const char *loses;
} constants[VR_NCONSTANTS] = {
	/* 4.12 put MISSED in front of DISABLE. */
	[VR_C_NAPI_DISABLE] = { "NAPI_STATE_DISABLE", NULL, VR_G_NET, VR_NAPI_STATE,
				2, "napi.disabled" },
	[VR_C_NAPI_NPSVC] = { "NAPI_STATE_NPSVC", NULL, VR_G_NET, VR_NAPI_STATE,
			      3, "napi.enabled" },
	/* None of these has moved since there are maple trees and these bits. */
	[VR_C_IRQ_DISABLED] = { "IRQD_IRQ_DISABLED", NULL, VR_G_IRQ, VR_IRQ_STATE,
				1 << 16, "whether an interrupt is disabled" },
	[VR_C_IRQ_MASKED] = { "IRQD_IRQ_MASKED", NULL, VR_G_IRQ, VR_IRQ_STATE,
			      1 << 17, "whether an interrupt is masked" },
	[VR_C_MAPLE_DENSE] = { "maple_dense", NULL, VR_G_IRQ, VR_MAPLE_ROOT, 0,
			       "interrupts" },
	[VR_C_MAPLE_LEAF] = { "maple_leaf_64", NULL, VR_G_IRQ, VR_MAPLE_ROOT, 1,
			      "interrupts" },
	[VR_C_MAPLE_RANGE] = { "maple_range_64", NULL, VR_G_IRQ, VR_MAPLE_ROOT, 2,
			       "interrupts" },
	[VR_C_MAPLE_ARANGE] = { "maple_arange_64", NULL, VR_G_IRQ, VR_MAPLE_ROOT, 3,
				"interrupts" },
	/* The first of three in a row; 4.13 and 5.18 put others in front of them. */
	[VR_C_HALT] = { "SYSTEM_HALT", NULL, VR_G_RING, VR_SZ_NET_DEVICE, 4,
			"whether a shutdown is under way" },
	[VR_C_SPLIT] = { "VQ_LAYOUT_SPLIT", "virtio_ring", VR_G_RING,
			 VR_VVQ_LAYOUT, 0, "split rings" },
	[VR_C_PACKED] = { "VQ_LAYOUT_PACKED", "virtio_ring", VR_G_RING,
			  VR_VVQ_LAYOUT, 1, "packed rings" },
	[VR_C_SPLIT_IN_ORDER] = { "VQ_LAYOUT_SPLIT_IN_ORDER", "virtio_ring",
				  VR_G_RING, VR_VVQ_LAYOUT, 2,
				  "split rings in order" },
	[VR_C_PACKED_IN_ORDER] = { "VQ_LAYOUT_PACKED_IN_ORDER", "virtio_ring",
				   VR_G_RING, VR_VVQ_LAYOUT, 3,
				   "packed rings in order" },
};

static void resolve_constants(struct vr_ctx *c, unsigned group)
{
	if (c->layout.constants & group)
		return;
	for (unsigned i = 0; i < VR_NCONSTANTS; i++) {
		const struct constant *k = &constants[i];
		const struct vr_field *with = &c->layout.f[k->with];
		uint64_t *v = &c->layout.constant[i];

		if (k->group != group)
			continue;
		*v = k->fallback;
		if (with->known && !vr_type_constant(c, k->module, k->name, v))
			*v = vr_type_in_btf(c, k->module, with->type) ?
			     VR_NO_CONSTANT : k->fallback;
	}
	c->layout.constants |= group;
}

unsigned vr_constant_row(unsigned n, const char **name, const char **loses)
{
	*name = constants[n].name;
	*loses = constants[n].loses;
	return constants[n].group;
}

/* What tells packed rings from split ones: one of two members, from 5.0 on. */
static bool cannot_tell_packed(const struct vr_ctx *c, struct vr_missing *ret)
{
	/* 7.1 brought the one together with rings in order. */
	*ret = (struct vr_missing){ "vring_virtqueue", vr_has(c, VR_VVQ_LAST_USED) ?
				    "layout" : "packed_ring", "virtio_ring", true };
	return c->layout.f[VR_VVQ_LAYOUT].missed;
}

static int resolve(struct vr_ctx *c, unsigned groups, bool all,
		   struct vr_missing *ret)
{
	struct absent absent = { .n = 0 };
	const struct vr_row *r;
	int err = 0;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		struct vr_field *f = &c->layout.f[r->slot];

		if (!(r->groups & groups) || f->known || f->absent)
			continue;
		f->foreign = pointless(c, r->slot);
		if (f->foreign)
			continue;
		/* Remembered, for crash takes long to say no to a name. */
		f->foreign = f->absent = no_variable(c, r->slot);
		if (f->absent || !try_row(c, r, &absent) || r->optional)
			continue;
		if (!err)
			*ret = (struct vr_missing){ r->as[0].type, r->as[0].path,
						    vr_module_home(c, r->module), f->absent };
		f->absent = false;
		err = -1;
		if (!all)
			break;
	}
	return err;
}

/*
 * Groups that failed may do so for a module's types, which may come before the next
 * command (mod -s, -t).  What an older struct gave meanwhile, or that none has a
 * member, is no last word then.
 */
static void forget_guesses(struct vr_ctx *c, unsigned groups)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		struct vr_field *f = &c->layout.f[r->slot];

		if ((r->groups & groups) && r->module &&
		    (f->absent || (f->known && strcmp(f->type, r->as[0].type))))
			*f = (struct vr_field){ .known = false };
	}
}

int vr_layout_resolve(struct vr_ctx *c, unsigned groups, struct vr_missing *ret)
{
	c->layout.asked |= groups;
	groups &= ~c->resolved;
	if (!groups)
		return 0;
	forget_guesses(c, c->layout.guessed & groups);
	c->layout.guessed &= ~groups;
	if (resolve(c, groups, false, ret)) {
		forget_guesses(c, groups);
		return -1;
	}
	vr_layout_mark_missed(c, groups);
	if ((groups & VR_G_RING) && cannot_tell_packed(c, ret))
		return -1;
	for (unsigned group = 1; group && group <= groups; group <<= 1)
		if (group & groups)
			resolve_constants(c, group);
	c->resolved |= groups;
	return 0;
}

void vr_layout_survey(struct vr_ctx *c, unsigned groups)
{
	struct vr_missing missing;

	c->layout.asked |= groups;
	if (resolve(c, groups, true, &missing))
		c->layout.guessed |= groups;	/* shown now, and no last word */
	vr_layout_mark_missed(c, groups);
}

/* The other source's word on a member that one source gave; true when both have
 * one and they differ. */
static bool differs(struct vr_ctx *c, const struct vr_row *r,
		    const struct vr_field *f, struct vr_error *e)
{
	uint64_t mine = f->path ? f->offset : f->size, other;
	struct vr_member m = { 0, 0 };

	if (f->source == VR_FROM_DWARF) {
		if (vr_btf_says(c, r->module, f->type, f->path, &m))
			return false;
		other = f->path ? m.offset : m.size;
	} else if (f->path) {
		if (c->t->member(c->t, f->type, f->path, &m))
			return false;
		other = m.offset;
	} else if (c->t->size(c->t, f->type, &other)) {
		return false;
	}
	e->len = f->source == VR_FROM_DWARF;
	e->value = e->len ? mine : other;
	e->limit = e->len ? other : mine;
	return mine != other;
}

void vr_layout_compare(struct vr_ctx *c, bool all)
{
	const char *told = "";	/* the module whose difference was noted */
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		const struct vr_field *f = &c->layout.f[r->slot];
		struct vr_error e = { .code = VR_E_DISAGREE };

		e.module = r->module ? r->module : "vmlinux";
		if (!f->known || told == e.module)
			continue;
		if (r->module ? !c->t->types_from(c->t, r->module) : !all)
			continue;
		if (!differs(c, r, f, &e))
			continue;
		e.of = f->type;
		e.what = f->path ? f->path : "size";
		vr_error_add(c, e);
		told = e.module;
	}
}

bool vr_layout_row(unsigned n, enum vr_slot *slot, const char **module)
{
	const struct vr_row *r = vr_row_at(n);

	if (!r)
		return false;
	*slot = r->slot;
	*module = r->module ? r->module : "";
	return true;
}

unsigned vr_layout_spelling(unsigned n, const char **type, const char **path)
{
	const struct vr_row *r = vr_row_at(n);

	*type = r->as[0].type;
	*path = r->as[0].path;
	return r->groups;
}

bool vr_has(const struct vr_ctx *c, enum vr_slot s)
{
	return c->layout.f[s].known;
}

bool vr_has_in(const struct vr_ctx *c, enum vr_slot s, const char *type)
{
	return vr_has(c, s) && !strcmp(c->layout.f[s].type, type);
}
