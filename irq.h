/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irq.h - what irq.c and its neighbours give each other: variables of each CPU
 * (cpus.c) and the walk over all interrupts (irq_tree.c).
 */
#ifndef VRING_IRQ_H
#define VRING_IRQ_H

#include "vring.h"

#define VR_MAX_CPUS	8192

/* cpus.c: how many CPUs the kernel may have, at most VR_MAX_CPUS; 0, or -1. */
int vr_cpu_count(struct vr_ctx *c, uint32_t *ret);
/* cpus.c: read a CPU's copy of what is at 'percpu', a symbol's value or an allocated
 * pointer; 0, or -1. */
int vr_read_percpu(struct vr_ctx *c, uint32_t cpu, uint64_t percpu, void *buf,
		   size_t len);
/* cpus.c: 'first' plus every CPU's 32 bits at 'percpu', mod 2^32; VR_UNREAD when a
 * CPU's cannot be read. */
struct vr_val vr_sum_over_cpus(struct vr_ctx *c, uint32_t first, uint64_t percpu);

/* irq_tree.c: call 'fn' with the address of each irq_desc.  Bounded; what is damaged
 * is noted and passed over.  True when nothing was left out. */
bool vr_for_each_irq(struct vr_ctx *c,
		     void (*fn)(struct vr_ctx *c, uint64_t desc, void *arg),
		     void *arg);

#endif
