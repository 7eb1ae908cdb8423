// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arena_malloc.c - arena.c's functions with a malloc() for each allocation, so
 * that the address sanitizer sees where each of them ends.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define BUDGET ((size_t)256 << 20)

struct vr_chunk {
	struct vr_chunk *next;
	_Alignas(16) uint8_t data[];
};

void *vr_alloc(struct vr_arena *a, size_t count, size_t size)
{
	struct vr_chunk *k;

	if (size && count > BUDGET / size)
		return NULL;
	size *= count;
	if (size > BUDGET - a->total)
		return NULL;
	k = calloc(1, sizeof(*k) + size);
	if (!k)
		return NULL;
	k->next = a->first;
	a->first = k;
	a->total += size;
	return k->data;
}

void vr_arena_free(struct vr_arena *a)
{
	while (a->first) {
		struct vr_chunk *next = a->first->next;

		free(a->first);
		a->first = next;
	}
	a->total = 0;
}

void vr_arena_reset(struct vr_arena *a)
{
	vr_arena_free(a);
}
