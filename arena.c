// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arena.c - the memory of one command.
 *
 * Ctrl-C makes crash jump to its main loop from wherever the code is, so a
 * frame can own nothing.  All heap hangs off the arena of the static context
 * and is dropped by the next command.  The signal is held back around malloc()
 * and free(): a jump out of the middle of those would leave the heap of the
 * whole crash process unusable.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "vring.h"

#define CHUNK_SIZE	((size_t)1 << 20)
#define BUDGET		((size_t)256 << 20)
#define ALIGN		16

struct vr_chunk {
	struct vr_chunk *next;
	size_t size, used;
	_Alignas(ALIGN) uint8_t data[];
};

static void hold_interrupt(sigset_t *saved)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, saved);
}

static struct vr_chunk *chunk_add(struct vr_arena *a, size_t size)
{
	struct vr_chunk *n;
	sigset_t saved;

	hold_interrupt(&saved);
	n = malloc(sizeof(*n) + size);
	if (n) {
		n->next = NULL;
		n->size = size;
		n->used = 0;
		if (a->current)
			a->current->next = n;
		else
			a->first = n;
		a->current = n;
	}
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return n;
}

void *vr_alloc(struct vr_arena *a, size_t count, size_t size)
{
	struct vr_chunk *k = a->current;
	size_t want;
	void *p;

	if (size && count > BUDGET / size)
		return NULL;
	want = (count * size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (want > BUDGET - a->total)
		return NULL;
	if (!k || k->size - k->used < want) {
		k = chunk_add(a, want > CHUNK_SIZE ? want : CHUNK_SIZE);
		if (!k)
			return NULL;
	}
	p = k->data + k->used;
	k->used += want;
	a->total += want;
	return memset(p, 0, want);
}

static void free_from(struct vr_chunk *k)
{
	while (k) {
		struct vr_chunk *next = k->next;

		free(k);
		k = next;
	}
}

void vr_arena_reset(struct vr_arena *a)
{
	sigset_t saved;

	hold_interrupt(&saved);
	if (a->first) {
		free_from(a->first->next);
		a->first->next = NULL;
		a->first->used = 0;
	}
	a->current = a->first;
	a->total = 0;
	sigprocmask(SIG_SETMASK, &saved, NULL);
}

void vr_arena_free(struct vr_arena *a)
{
	sigset_t saved;

	hold_interrupt(&saved);
	free_from(a->first);
	*a = (struct vr_arena){ 0 };
	sigprocmask(SIG_SETMASK, &saved, NULL);
}
