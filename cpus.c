// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cpus.c - variables of which each CPU has its own copy.
 */
#include "irq.h"

int vr_cpu_count(struct vr_ctx *c, uint32_t *ret)
{
	uint64_t addr;

	if (c->t->symbol(c->t, "nr_cpu_ids", &addr)) {
		vr_symbol_missed(c, "nr_cpu_ids", "what each CPU has of its own");
		return -1;
	}
	if (vr_read(c, addr, ret, sizeof(*ret)) || !*ret || *ret > VR_MAX_CPUS)
		return -1;
	return 0;
}

int vr_read_percpu(struct vr_ctx *c, uint32_t cpu, uint64_t percpu, void *buf,
		   size_t len)
{
	uint64_t table, base;

	if (c->t->symbol(c->t, "__per_cpu_offset", &table)) {
		vr_symbol_missed(c, "__per_cpu_offset", "what each CPU has of its own");
		return -1;
	}
	if (vr_read(c, table + 8 * (uint64_t)cpu, &base, sizeof(base)))
		return -1;
	return vr_read(c, base + percpu, buf, len);
}

struct vr_val vr_sum_over_cpus(struct vr_ctx *c, uint32_t first, uint64_t percpu)
{
	struct vr_val unknown = { .have = VR_UNREAD };
	uint32_t ncpus, n;

	if (!percpu || vr_cpu_count(c, &ncpus))
		return unknown;
	for (uint32_t cpu = 0; cpu < ncpus; cpu++) {
		if (vr_read_percpu(c, cpu, percpu, &n, sizeof(n)))
			return unknown;
		first += n;
	}
	return (struct vr_val){ first, VR_READ };
}
