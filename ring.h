/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h - the pieces of one split ring while it is being read, for ring.c and
 * slots.c; and what those and packed.c share that read links or look for damage.
 */
#ifndef VRING_RING_H
#define VRING_RING_H

#include "vring.h"

struct vr_pieces {
	struct vr_obj vvq;
	struct vr_span avail, used;
	struct vr_span desc, state, extra;
	bool big;		/* byte order of the shared words */
};

/* More descriptors than the queue's driver puts in one chain: a network driver's have
 * few (MAX_SKB_FRAGS is 17, up to 45 by configuration), others fill the ring. */
static inline uint32_t vr_longest_chain(const struct vr_queue *q)
{
	return q->dir == VR_OTHER ? q->num : 64;
}

/* avail->ring[slot]; word 0 (id) or 1 (len) of used->ring[slot]. */
struct vr_val vr_avail_at(const struct vr_pieces *p, uint32_t slot);
struct vr_val vr_used_at(const struct vr_pieces *p, uint32_t slot, unsigned word);
/* packed_held.c: the driver's positions in a packed ring and their wrap counters. */
void vr_packed_positions(struct vr_ctx *c, struct vr_queue *q, const struct vr_obj *o);
/* slots.c: what each descriptor is used for, and what is wrong with that; the counts
 * were derived before.  Nothing is set when memory is short. */
void vr_slots_read(struct vr_ctx *c, struct vr_queue *q, struct vr_pieces *p);
/* slots.c: does vring not know where this kernel keeps a split ring's tokens? */
bool vr_tokens_lost(const struct vr_ctx *c);
/* slots.c: note damage, for check.c to judge. */
void vr_slot_damage(struct vr_slots *s, struct vr_damage d);
/* slots.c: may 'at' be the entry behind 'from' of a free list in a ring of 'num', of
 * which 'seen' were met?  It is noted as damage when it may not. */
bool vr_free_entry(struct vr_slots *s, uint32_t num, const uint8_t *seen, uint32_t from,
		   uint64_t at);
/* ring.c: load the driver's own links (5.15), to which the member 'ptr' of 'vvq' leads;
 * and the one behind entry 'i', VR_UNREAD where they could not be had. */
void vr_extra_load(struct vr_ctx *c, const struct vr_obj *vvq, enum vr_slot ptr,
		   uint32_t num, struct vr_span *ret);
struct vr_val vr_extra_next(const struct vr_ctx *c, const struct vr_span *extra, uint32_t i);

#endif
