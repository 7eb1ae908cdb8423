// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arena_malloc.c - arena.c's functions with a malloc() for each allocation, so
 * that the address sanitizer sees where each of them ends.
 */
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define BUDGET ((size_t)256 << 20)

struct vr_chunk {
	struct vr_chunk *next;
	size_t size;
	_Alignas(16) uint8_t data[];
};

/* One large chunk is kept for who wants as much again: to map and unmap memory for each
 * input would take most of the time. */
#define LARGE	((size_t)256 << 10)
static struct vr_chunk *kept;

static struct vr_chunk *new_chunk(size_t size)
{
	struct vr_chunk *k = kept;

	if (!k || k->size != size)
		return calloc(1, sizeof(*k) + size);
	kept = NULL;
	ASAN_UNPOISON_MEMORY_REGION(k->data, size);
	memset(k->data, 0, size);
	return k;
}

static void free_chunk(struct vr_chunk *k)
{
	if (k->size < LARGE) {
		free(k);
		return;
	}
	ASAN_POISON_MEMORY_REGION(k->data, k->size);
	free(kept);
	kept = k;
}

void *vr_alloc(struct vr_arena *a, size_t count, size_t size)
{
	struct vr_chunk *k;

	if (size && count > BUDGET / size)
		return NULL;
	size *= count;
	if (size > BUDGET - a->total)
		return NULL;
	k = new_chunk(size);
	if (!k)
		return NULL;
	k->size = size;
	k->next = a->first;
	a->first = k;
	a->total += size;
	return k->data;
}

void vr_arena_free(struct vr_arena *a)
{
	while (a->first) {
		struct vr_chunk *next = a->first->next;

		free_chunk(a->first);
		a->first = next;
	}
	a->total = 0;
}

void vr_arena_reset(struct vr_arena *a)
{
	vr_arena_free(a);
}
