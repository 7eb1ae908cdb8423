/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irq_builder.h - interrupts in a fake target: descriptors with their handlers,
 * each kind of thing that kernels have kept descriptors in, and a guest whose queues
 * have interrupts.
 */
#ifndef IRQ_BUILDER_H
#define IRQ_BUILDER_H

#include "guest_builder.h"

enum irq_era {
	IRQ_RADIX_HEIGHT,	/* the root counts levels: to 4.6 */
	IRQ_RADIX_SHIFT,	/* nodes know their shift: 4.7 */
	IRQ_XARRAY,		/* other names, other marks: 4.20 */
	IRQ_MAPLE,		/* 6.5 */
	IRQ_ARRAY,		/* without SPARSE_IRQ, any time */
	IRQ_ERAS
};

#define IRQ_MAX 600
#define IRQ_TEST_CPUS 70	/* two words of a mask */

/* Interrupts by number, in ascending order. */
struct irqs {
	struct fake_target *f;
	enum irq_era era;
	unsigned n;
	uint64_t number[IRQ_MAX], desc[IRQ_MAX];
	uint64_t table;		/* IRQ_ARRAY: the array */
	uint64_t root;		/* the node at the root; 0: none, or an array */
};

/* The types of an era, and its variables of each CPU. */
void irq_types(struct irqs *s, struct fake_target *f, enum irq_era era);
/* One more interrupt; its irq_desc. */
uint64_t irq_add(struct irqs *s, uint64_t number);
/* A handler at the end of an interrupt's; its irqaction. */
uint64_t irq_handle(struct irqs *s, uint64_t desc, uint64_t dev_id,
		    const char *name);
/* The tree or array of all that were added. */
void irq_store(struct irqs *s);
void irq_set(struct irqs *s, uint64_t desc, const char *path, uint64_t v);
/* Where a CPU's copy of what is at 'percpu' is. */
uint64_t irq_percpu(struct irqs *s, unsigned cpu, uint64_t percpu);

/* ---- a guest's queues ---- */

/* A guest with one device of two queue pairs and a control queue. */
struct irq_world {
	struct guest *g;
	struct fake_target *f;
	struct irqs irqs;
	struct nic *nic;
	struct walked w;
};

/* Such a guest, with no interrupt yet. */
void irq_begin(struct irq_world *w, enum irq_era era);
/* Queues have callbacks, but for the control queue. */
void irq_set_callback(struct irq_world *w, const struct ring *r, uint64_t callback);
/* Vectors as with MSI-X: one for the configuration, one a queue. */
void irq_own_vectors(struct irq_world *w);
/* A mask of CPUs somewhere in memory; its address. */
uint64_t irq_mask(struct irq_world *w, uint64_t low, uint64_t high);
/* Read all of it. */
void irq_walk(struct irq_world *w);
/* The interrupt of one of eth0's queues in what was read. */
const struct vr_irq *irq_of(const struct irq_world *w, const char *label);

#endif
