// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * irq_builder.c - builds what keeps a kernel's interrupts.
 *
 * Radix trees and xarrays: 64 slots a node, a level is 6 bits of the number; a
 * pointer to a node is marked by bit 0 (4.7: at each level, before: at the root
 * only) or by bit 1 (4.20).  Maple trees: a slot is for a range of numbers, of
 * which the last is kept beside it but for the node's own; a node's address is a
 * multiple of 256, and its pointer tells its kind in bits 3 to 6.
 */
#include "unit.h"
#include "irq_builder.h"

#define SLOTS		64
#define RADIX_BITS	6
#define MAPLE_LEAF	1
#define MAPLE_ARANGE	3
#define CPU_STRIDE	0x10000

/* ---- types ----------------------------------------------------------------- */

static const char *const layouts[IRQ_ERAS] = {
	[IRQ_RADIX_HEIGHT] = "hand-irq-height.layout",
	[IRQ_RADIX_SHIFT] = "hand-irq-radix.layout",
	[IRQ_XARRAY] = "hand-irq-xarray.layout",
	[IRQ_MAPLE] = "hand-irq-maple.layout",
	[IRQ_ARRAY] = "hand-irq.layout",
};

uint64_t irq_percpu(struct irqs *s, unsigned cpu, uint64_t percpu)
{
	uint64_t table;

	assert_int_equal(s->f->t.symbol(&s->f->t, "__per_cpu_offset", &table), 0);
	return fake_get64(s->f, table + 8 * cpu) + percpu;
}

void irq_types(struct irqs *s, struct fake_target *f, enum irq_era era)
{
	uint64_t table, areas, n;

	*s = (struct irqs){ .f = f, .era = era };
	fake_load_layout(f, layouts[era]);
	table = fake_alloc(f, 8 * IRQ_TEST_CPUS);
	areas = fake_alloc(f, IRQ_TEST_CPUS * CPU_STRIDE);
	for (unsigned cpu = 0; cpu < IRQ_TEST_CPUS; cpu++)
		fake_u64(f, table + 8 * cpu, areas + cpu * CPU_STRIDE);
	n = fake_alloc(f, 4);
	fake_u32(f, n, IRQ_TEST_CPUS);
	fake_symbol(f, "__per_cpu_offset", table);
	fake_symbol(f, "nr_cpu_ids", n);
	/* In the areas at a small offset. */
	fake_symbol(f, "irq_stat", 0x100);
	if (era == IRQ_ARRAY)
		s->table = fake_alloc(f, IRQ_MAX * fake_sizeof(f, "irq_desc"));
}

/* ---- interrupts -------------------------------------------------------------- */

/* Up to 4.2 what all chips share was where the rest is. */
void irq_set(struct irqs *s, uint64_t desc, const char *path, uint64_t v)
{
	static const char common[] = "irq_common_data.";
	char old[64];

	if (!strncmp(path, common, sizeof(common) - 1) &&
	    !fake_has(s->f, "irq_desc", path)) {
		snprintf(old, sizeof(old), "irq_data.%s", path + sizeof(common) - 1);
		path = old;
	}
	fake_set(s->f, desc, "irq_desc", path, v);
}

uint64_t irq_add(struct irqs *s, uint64_t number)
{
	uint64_t size = fake_sizeof(s->f, "irq_desc");
	uint64_t desc = s->era == IRQ_ARRAY ? s->table + number * size :
			fake_alloc(s->f, size);

	assert_true(s->n < IRQ_MAX);
	assert_true(!s->n || s->number[s->n - 1] < number);
	assert_true(s->era != IRQ_ARRAY || number < IRQ_MAX);
	irq_set(s, desc, "irq_data.irq", number);
	s->number[s->n] = number;
	s->desc[s->n++] = desc;
	return desc;
}

uint64_t irq_handle(struct irqs *s, uint64_t desc, uint64_t dev_id,
		    const char *name)
{
	struct fake_target *f = s->f;
	uint64_t action = fake_alloc(f, 128), text = fake_alloc(f, strlen(name) + 1);
	uint64_t link = desc + fake_offset(f, "irq_desc", "action"), at;

	fake_str(f, text, name);
	fake_set(f, action, "irqaction", "dev_id", dev_id);
	fake_set(f, action, "irqaction", "name", text);
	while ((at = fake_get64(f, link)))
		link = at + fake_offset(f, "irqaction", "next");
	fake_u64(f, link, action);
	return action;
}

/* ---- radix tree, xarray -------------------------------------------------------- */

static uint64_t radix_node(struct irqs *s, uint64_t base, unsigned shift)
{
	const char *type = s->era == IRQ_XARRAY ? "xa_node" : "radix_tree_node";
	uint64_t node = fake_alloc(s->f, 576);
	uint64_t mark = s->era == IRQ_XARRAY ? 2 : s->era == IRQ_RADIX_SHIFT;
	bool made[SLOTS] = { false };

	if (s->era != IRQ_RADIX_HEIGHT)
		fake_set(s->f, node, type, "shift", shift);
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t slot = (s->number[i] - base) >> shift, child;

		if (s->number[i] < base || slot >= SLOTS || made[slot])
			continue;
		made[slot] = true;
		child = shift ? radix_node(s, base + (slot << shift),
					   shift - RADIX_BITS) | mark : s->desc[i];
		fake_u64(s->f, node + fake_offset(s->f, type, "slots") + 8 * slot,
			 child);
	}
	return node;
}

static void radix_store(struct irqs *s)
{
	const char *type = s->era == IRQ_XARRAY ? "xarray" : "radix_tree_root";
	uint64_t tree = fake_alloc(s->f, 16), head = 0;
	uint64_t last = s->n ? s->number[s->n - 1] : 0;
	unsigned shift = 0;

	while (last >> shift >= SLOTS)
		shift += RADIX_BITS;
	if (last) {
		s->root = radix_node(s, 0, shift);
		head = s->root | (s->era == IRQ_XARRAY ? 2 : 1);
	} else if (s->n) {
		head = s->desc[0];	/* interrupt 0 alone needs no node */
	}
	fake_set(s->f, tree, type, s->era == IRQ_XARRAY ? "xa_head" : "rnode", head);
	if (s->era == IRQ_RADIX_HEIGHT)
		fake_set(s->f, tree, type, "height",
			 last ? shift / RADIX_BITS + 1 : 0);
	fake_symbol(s->f, "irq_desc_tree", tree);
}

/* ---- maple tree ------------------------------------------------------------------- */

struct piece {
	uint64_t max, slot;
};

/* A node of so many pieces, of which the last ends where the node does.  Behind
 * them is rubbish; 'mode' says how the last index is told: kept, or 0. */
static uint64_t maple_node(struct irqs *s, const struct piece *p, unsigned n,
			   bool leaf, unsigned mode)
{
	const char *type = leaf ? "maple_range_64" : "maple_arange_64";
	uint64_t node = fake_alloc(s->f, 256);
	uint32_t pivots = fake_offset(s->f, type, "pivot");
	uint32_t slots = fake_offset(s->f, type, "slot");
	unsigned room = leaf ? 16 : 10;

	assert_true(n <= room);
	for (unsigned i = 0; i < n; i++) {
		/* (The first slot's 0 would mean what it says.) */
		if (i < room - 1 && (i < n - 1 || !i || mode % 2))
			fake_u64(s->f, node + pivots + 8 * i, p[i].max);
		fake_u64(s->f, node + slots + 8 * i, p[i].slot);
	}
	for (unsigned i = n; i < room; i++)
		fake_u64(s->f, node + slots + 8 * i, 0xdead000000000100ULL + i);
	return node | (leaf ? MAPLE_LEAF : MAPLE_ARANGE) << 3 | 4;
}

static void maple_store(struct irqs *s)
{
	uint64_t tree = fake_alloc(s->f, 16), next = 0, entry = 0;
	struct piece *p = fake_own(s->f, (2 * IRQ_MAX + 1) * sizeof(*p));
	unsigned n = 0, mode = 0;
	bool leaf = true;

	for (unsigned i = 0; i < s->n; next = s->number[i++] + 1) {
		if (s->number[i] > next)
			p[n++] = (struct piece){ s->number[i] - 1, 0 };
		p[n++] = (struct piece){ s->number[i], s->desc[i] };
	}
	if (s->n == 1 && !s->number[0])
		entry = s->desc[0];
	p[n++] = (struct piece){ UINT64_MAX, 0 };
	while (s->n && !entry) {
		unsigned per = leaf ? 16 : 10, made = 0;

		/* Full nodes and less full ones by turns. */
		for (unsigned at = 0, k; at < n; at += k, mode++) {
			k = mode % 3 ? per - mode % 3 : per;
			k = n - at < k ? n - at : k;
			p[made++] = (struct piece){ p[at + k - 1].max,
				maple_node(s, p + at, k, leaf, mode) };
		}
		n = made;
		leaf = false;
		if (n == 1)
			entry = (p[0].slot & ~4ULL) | 2;
	}
	s->root = s->n > 1 || (s->n && s->number[0]) ? entry & ~255ULL : 0;
	fake_set(s->f, tree, "maple_tree", "ma_root", entry);
	fake_symbol(s->f, "sparse_irqs", tree);
}

void irq_store(struct irqs *s)
{
	uint64_t n;

	if (s->era == IRQ_MAPLE) {
		maple_store(s);
	} else if (s->era != IRQ_ARRAY) {
		radix_store(s);
	} else {
		n = fake_alloc(s->f, 4);
		fake_u32(s->f, n, s->n ? (uint32_t)s->number[s->n - 1] + 1 : 0);
		fake_symbol(s->f, "nr_irqs", n);
		fake_symbol(s->f, "irq_desc", s->table);
	}
}

/* ---- a guest's queues ------------------------------------------------------- */

void irq_set_callback(struct irq_world *w, const struct ring *r, uint64_t callback)
{
	fake_set(w->f, r->vq, "virtqueue", "callback", callback);
}

void irq_begin(struct irq_world *w, enum irq_era era)
{
	memset(w, 0, sizeof(*w));
	w->g = guest_new(ERA_5_4);
	w->f = w->g->f;
	if (!fake_has(w->f, "virtqueue", "callback"))
		fake_member(w->f, "virtqueue", "callback", 16, 8, NULL);
	irq_types(&w->irqs, w->f, era);
	w->nic = guest_nic(w->g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
						     .ctrl = true });
	for (unsigned i = 0; i < 2; i++) {
		irq_set_callback(w, &w->nic->rx[i], 0xffffffff81000000ULL);
		irq_set_callback(w, &w->nic->tx[i], 0xffffffff81000100ULL);
	}
}

void irq_own_vectors(struct irq_world *w)
{
	static const char *const names[] = {
		"virtio0-input.0", "virtio0-output.0",
		"virtio0-input.1", "virtio0-output.1",
	};

	irq_handle(&w->irqs, irq_add(&w->irqs, 24), w->nic->vdev,
		   "virtio0-config");
	for (unsigned i = 0; i < 4; i++) {
		struct ring *r = i % 2 ? &w->nic->tx[i / 2] : &w->nic->rx[i / 2];

		irq_handle(&w->irqs, irq_add(&w->irqs, 25 + i), r->vq, names[i]);
	}
}

void irq_walk(struct irq_world *w)
{
	w->w = guest_walk(w->g, NULL, NULL);
	assert_int_equal(w->w.status, VR_WALK_OK);
}

const struct vr_irq *irq_of(const struct irq_world *w, const char *label)
{
	return &walked_queue(&w->w, "eth0", label)->irq;
}

uint64_t irq_mask(struct irq_world *w, uint64_t low, uint64_t high)
{
	uint64_t at = fake_alloc(w->f, 1024);

	fake_u64(w->f, at, low);
	fake_u64(w->f, at + 8, high);
	return at;
}
