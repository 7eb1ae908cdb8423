// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * irq_tree.c - every irq_desc of the kernel, out of what keeps them: a radix
 * tree (irq_desc_tree) up to 6.4, which is an xarray since 4.20 and keeps its
 * shape; a maple tree (sparse_irqs) since 6.5; an array (irq_desc) in kernels
 * built without SPARSE_IRQ.
 *
 * A descriptor tells its own number, so positions in the trees are of no
 * interest here but where they say how much of a node is in use.
 */
#include <string.h>

#include "irq.h"

#define MAX_IRQS	65536
#define MAX_NODES	65536
#define MAX_NODE	1024		/* bytes */
#define MAX_SLOTS	64		/* of a node of either tree */
#define MAX_HEIGHT	31		/* of a maple tree; the kernel's own limit */
#define RADIX_HEIGHT	11		/* 64 bits by 6 */
/* Pointers to nodes are marked in their lowest bits, in either tree; small numbers
 * so marked are the tree's own signs and no pointers. */
#define NODE_MARK	3ULL
#define SMALL		4096
/* A pointer to a maple node holds the node's kind. */
#define MAPLE_ALIGN	255ULL
#define KIND_SHIFT	3
#define KIND_MASK	15

static const char what[] = "tree of interrupts";

struct walk {
	void (*fn)(struct vr_ctx *c, uint64_t desc, void *arg);
	void *arg;
	uint64_t tree;
	unsigned irqs, nodes;	/* seen so far */
	bool whole;
};

static void bad(struct vr_ctx *c, struct walk *w, enum vr_errcode code,
		uint64_t addr, uint64_t value, uint64_t limit)
{
	w->whole = false;
	vr_error_add(c, (struct vr_error){ .code = code, .what = what,
		.addr = addr, .value = value, .limit = limit, .len = 8 });
}

static bool is_node(uint64_t entry)
{
	return (entry & NODE_MARK) && entry >= SMALL;
}

static void give(struct vr_ctx *c, struct walk *w, uint64_t desc)
{
	if (desc < SMALL || (desc & 7))
		return;
	if (w->irqs++ >= MAX_IRQS)
		bad(c, w, VR_E_LOOP, w->tree, 0, MAX_IRQS);
	else
		w->fn(c, desc, w->arg);
}

/* A node's bytes, up to the end of the member that ends last; -1 when it cannot
 * be had, or when there are too many of them. */
static int read_node(struct vr_ctx *c, struct walk *w, uint64_t addr,
		     uint8_t buf[MAX_NODE], const enum vr_slot *slots, unsigned n)
{
	size_t end = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct vr_field *f = &c->layout.f[slots[i]];

		if (f->known && f->offset + (size_t)f->size > end)
			end = f->offset + (size_t)f->size;
	}
	if (w->nodes >= MAX_NODES) {
		bad(c, w, VR_E_LOOP, w->tree, 0, MAX_NODES);
		return -1;
	}
	w->nodes++;
	if (end && end <= MAX_NODE && !vr_read(c, addr, buf, end))
		return 0;
	bad(c, w, VR_E_READ, addr, 0, 0);
	return -1;
}

/* How many words an array member of a node has. */
static unsigned words(const struct vr_ctx *c, enum vr_slot s)
{
	const struct vr_field *f = &c->layout.f[s];

	if (!f->known || f->size > MAX_SLOTS * 8 ||
	    f->offset + (size_t)f->size > MAX_NODE)
		return 0;
	return f->size / 8;
}

static uint64_t word(const struct vr_ctx *c, const uint8_t *node, enum vr_slot s,
		     unsigned i)
{
	uint64_t v;

	memcpy(&v, node + c->layout.f[s].offset + 8 * (size_t)i, sizeof(v));
	return v;
}

/* ---- radix tree, xarray ------------------------------------------------------------ */

/*
 * 'above' is the level of the node that led here: its shift, or where nodes do
 * not tell one, how many levels there are from here down.  Levels must fall, or
 * the nodes form a loop.
 */
static void radix_node(struct vr_ctx *c, struct walk *w, uint64_t entry,
		       unsigned above)
{
	static const enum vr_slot members[] = { VR_RADIX_SHIFT, VR_RADIX_SLOTS };
	uint64_t node = entry & ~NODE_MARK;
	unsigned n = words(c, VR_RADIX_SLOTS), level = above - 1;
	uint8_t buf[MAX_NODE];

	if (node & 7) {
		bad(c, w, VR_E_WILD, w->tree, entry, 0);
		return;
	}
	if (read_node(c, w, node, buf, members, 2))
		return;
	if (vr_has(c, VR_RADIX_SHIFT))
		level = buf[c->layout.f[VR_RADIX_SHIFT].offset];
	if (level >= above) {
		bad(c, w, VR_E_RANGE, node, level, above - 1);
		return;
	}
	for (unsigned i = 0; i < n && w->nodes < MAX_NODES &&
	     w->irqs <= MAX_IRQS; i++) {
		uint64_t slot = word(c, buf, VR_RADIX_SLOTS, i);

		if (!level)
			give(c, w, slot);
		else if (slot >= SMALL)
			radix_node(c, w, slot, level);
	}
}

static void radix_tree(struct vr_ctx *c, struct walk *w)
{
	struct vr_obj root = { .addr = w->tree };
	struct vr_val head = vr_get(c, &root, VR_RADIX_HEAD, what);
	struct vr_val height = { 64, VR_READ };

	if (!vr_has(c, VR_RADIX_SHIFT))
		height = vr_get(c, &root, VR_RADIX_HEIGHT, what);
	if (head.have != VR_READ || height.have != VR_READ) {
		w->whole = false;
		return;
	}
	/* Alone, interrupt 0 needs no node. */
	if (!head.v)
		bad(c, w, VR_E_NULL, w->tree + c->layout.f[VR_RADIX_HEAD].offset, 0, 0);
	else if (!is_node(head.v))
		give(c, w, head.v);
	else if (!height.v || (height.v > RADIX_HEIGHT && height.v != 64))
		bad(c, w, VR_E_RANGE, w->tree, height.v, RADIX_HEIGHT);
	else
		radix_node(c, w, head.v, (unsigned)height.v);
}

/* ---- maple tree --------------------------------------------------------------------- */

/* A node on the way: its entry, and the indices that it is for. */
struct place {
	uint64_t entry, min, max;
	unsigned depth;
};

static void maple_node(struct vr_ctx *c, struct walk *w, struct place at);

/*
 * A node keeps the last index of each slot.  The one that reaches the node's own
 * last index ends it, and may be left out or 0; what follows is not in use and may
 * hold anything.
 */
static void maple_slots(struct vr_ctx *c, struct walk *w, const struct place *at,
			const uint8_t *node, enum vr_slot pivots,
			enum vr_slot slots, bool leaf)
{
	unsigned npivots = words(c, pivots), nslots = words(c, slots);
	uint64_t min = at->min;

	for (unsigned i = 0; i < nslots && w->nodes < MAX_NODES &&
	     w->irqs <= MAX_IRQS; i++) {
		uint64_t slot = word(c, node, slots, i), max = at->max;

		if (i < npivots && (!i || word(c, node, pivots, i)))
			max = word(c, node, pivots, i);
		if (max < min || max > at->max) {
			bad(c, w, VR_E_RANGE, at->entry & ~MAPLE_ALIGN, max,
			    at->max);
			return;
		}
		if (leaf)
			give(c, w, slot);
		else if (slot >= SMALL)
			maple_node(c, w, (struct place){ slot, min, max,
							 at->depth + 1 });
		if (max == at->max)
			return;
		min = max + 1;
	}
}

/* A node for as many indices as it has slots; no kernel so far makes one. */
static void maple_dense(struct vr_ctx *c, struct walk *w, uint64_t node)
{
	static const enum vr_slot members[] = { VR_MAPLE_SLOT };
	unsigned n = words(c, VR_MAPLE_SLOT);
	uint8_t buf[MAX_NODE];

	if (read_node(c, w, node, buf, members, 1))
		return;
	for (unsigned i = 0; i < n && w->irqs <= MAX_IRQS; i++)
		give(c, w, word(c, buf, VR_MAPLE_SLOT, i));
}

static void maple_node(struct vr_ctx *c, struct walk *w, struct place at)
{
	static const enum vr_slot members[] = { VR_MAPLE_PIVOT64, VR_MAPLE_SLOT64 };
	static const enum vr_slot with_gaps[] = { VR_MAPLE_PIVOTA, VR_MAPLE_SLOTA };
	uint64_t node = at.entry & ~MAPLE_ALIGN;
	uint64_t kind = at.entry >> KIND_SHIFT & KIND_MASK;
	bool arange = kind == c->layout.constant[VR_C_MAPLE_ARANGE];
	uint8_t buf[MAX_NODE];

	if (at.depth > MAX_HEIGHT) {
		bad(c, w, VR_E_LOOP, w->tree, 0, MAX_HEIGHT);
		return;
	}
	if (kind == c->layout.constant[VR_C_MAPLE_DENSE]) {
		maple_dense(c, w, node);
		return;
	}
	if (!arange && kind != c->layout.constant[VR_C_MAPLE_LEAF] &&
	    kind != c->layout.constant[VR_C_MAPLE_RANGE]) {
		bad(c, w, VR_E_RANGE, node, kind, c->layout.constant[VR_C_MAPLE_ARANGE]);
		return;
	}
	if (read_node(c, w, node, buf, arange ? with_gaps : members, 2))
		return;
	if (arange)
		maple_slots(c, w, &at, buf, VR_MAPLE_PIVOTA, VR_MAPLE_SLOTA, false);
	else
		maple_slots(c, w, &at, buf, VR_MAPLE_PIVOT64, VR_MAPLE_SLOT64,
			    kind == c->layout.constant[VR_C_MAPLE_LEAF]);
}

static void maple_tree(struct vr_ctx *c, struct walk *w)
{
	struct vr_obj root = { .addr = w->tree };
	struct vr_val entry = vr_get(c, &root, VR_MAPLE_ROOT, what);

	if (entry.have != VR_READ)
		w->whole = false;
	else if (!entry.v)
		bad(c, w, VR_E_NULL, w->tree + c->layout.f[VR_MAPLE_ROOT].offset, 0, 0);
	else if (is_node(entry.v))
		maple_node(c, w, (struct place){ entry.v, 0, UINT64_MAX, 0 });
	else
		give(c, w, entry.v);
}

/* ---- array -------------------------------------------------------------------------- */

static void array(struct vr_ctx *c, struct walk *w)
{
	uint32_t size = c->layout.f[VR_SZ_IRQ_DESC].size;
	uint64_t addr;
	uint32_t n;

	if ((c->t->symbol(c->t, "nr_irqs", &addr) &&
	     c->t->symbol(c->t, "total_nr_irqs", &addr)) ||
	    vr_read(c, addr, &n, sizeof(n)) || !size) {
		w->whole = false;
		return;
	}
	if (n > MAX_IRQS) {
		bad(c, w, VR_E_RANGE, addr, n, MAX_IRQS);
		n = MAX_IRQS;
	}
	for (uint32_t i = 0; i < n; i++)
		give(c, w, w->tree + (uint64_t)i * size);
}

/* Without one of them, what is in the trees is not all found, or not rightly. */
static bool lacks_member(const struct vr_ctx *c)
{
	static const enum vr_slot needed[] = {
		VR_RADIX_HEAD, VR_RADIX_HEIGHT, VR_RADIX_SHIFT, VR_RADIX_SLOTS,
		VR_MAPLE_ROOT, VR_MAPLE_SLOT, VR_MAPLE_PIVOT64, VR_MAPLE_SLOT64,
		VR_MAPLE_PIVOTA, VR_MAPLE_SLOTA, VR_SZ_IRQ_DESC,
	};

	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (c->layout.f[needed[i]].missed)
			return true;
	return false;
}

bool vr_for_each_irq(struct vr_ctx *c,
		     void (*fn)(struct vr_ctx *c, uint64_t desc, void *arg),
		     void *arg)
{
	struct walk w = { .fn = fn, .arg = arg, .whole = true };

	if (lacks_member(c))
		return false;
	if (vr_has(c, VR_MAPLE_ROOT) &&
	    !c->t->symbol(c->t, "sparse_irqs", &w.tree))
		maple_tree(c, &w);
	else if (vr_has(c, VR_RADIX_HEAD) && vr_has(c, VR_RADIX_SLOTS) &&
		 !c->t->symbol(c->t, "irq_desc_tree", &w.tree))
		radix_tree(c, &w);
	else if (!c->t->symbol(c->t, "irq_desc", &w.tree))
		array(c, &w);
	else
		vr_symbol_missed(c, "sparse_irqs", "interrupts");
	return w.whole && w.tree;
}
