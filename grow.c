// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * grow.c - arrays that grow, in the arena.  Apart from arena.c, which the fuzzers
 * replace by one that ends each allocation with a red zone.
 */
#include <string.h>

#include "vring.h"

void *vr_grow(struct vr_arena *a, void *old, unsigned n, unsigned *room,
	      size_t size)
{
	unsigned more = *room ? *room * 2 : 16;
	void *p;

	if (n < *room)
		return old;
	p = vr_alloc(a, more, size);
	if (!p)
		return NULL;
	if (n)
		memcpy(p, old, n * size);
	*room = more;
	return p;
}
