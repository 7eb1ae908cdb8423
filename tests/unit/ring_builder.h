/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring_builder.h - a split ring with a driver and a device that use it.
 *
 * The functions are the steps of the virtio specification: the driver takes
 * descriptors off its free list and publishes them, the device returns them, the
 * driver reaps.  What a test expects follows from the steps that it made.
 * Everything can also be overwritten word by word, to build what no kernel
 * would.
 */
#ifndef RING_BUILDER_H
#define RING_BUILDER_H

#include "fake_target.h"

#define DESC_NEXT_FLAG		1u
#define DESC_INDIRECT_FLAG	4u

struct ring {
	struct fake_target *f;
	uint32_t num;
	bool big;		/* the shared words are big-endian */
	uint64_t vvq, vq;	/* vring_virtqueue, and the virtqueue in it */
	uint64_t desc, avail, used;
	uint64_t state, extra;	/* extra 0: links are in the descriptors */
	/* what the driver and the device know */
	uint16_t avail_idx, used_idx, last_used_idx;
	uint32_t num_free;
	uint16_t free_head;
	uint16_t *next;		/* link of each descriptor */
	uint16_t *length;	/* of the chain that starts here */
	uint16_t *returned;	/* head in each slot of the used ring */
	/* in order (7.1): descriptors follow one another, and these are how many went
	 * by: published, returned, reaped; 'batch' ends the one being reaped */
	bool in_order;
	uint32_t added, given_back, reaped, batch;
};

struct ring_spec {
	uint32_t num;		/* 0: 256 */
	uint16_t start;		/* the indices' first value */
	bool big, in_order;
	uint64_t vvq_at, desc_at;	/* fixed addresses; 0: anywhere */
};

/* A ring with nothing in it, as after the driver's probe. */
void ring_build(struct ring *r, struct fake_target *f,
		const struct ring_spec *spec);

/* The driver publishes a chain of 'n' descriptors; its head. */
uint16_t ring_add(struct ring *r, unsigned n);
/* The driver publishes one descriptor that names a table of 'n'. */
uint16_t ring_add_indirect(struct ring *r, unsigned n);
/* The device returns a head. */
void ring_return(struct ring *r, uint16_t head, uint32_t len);
/* In order: it returns its oldest 'n' chains by one element, which bears the head of
 * the last; the elements behind stay as they are (2.7.9). */
void ring_return_batch(struct ring *r, unsigned n, uint32_t len);
/* The driver reaps what was returned next; its head. */
uint16_t ring_reap(struct ring *r);

enum ring_word {
	/* of the driver */
	RING_NUM, RING_INDEX, RING_NUM_FREE, RING_FREE_HEAD, RING_NUM_ADDED,
	RING_LAST_USED_IDX, RING_AVAIL_IDX_SHADOW, RING_AVAIL_FLAGS_SHADOW,
	RING_EVENT, RING_EVENT_TRIGGERED, RING_INDIRECT, RING_BROKEN,
	RING_PACKED, RING_LAYOUT, RING_DESC, RING_AVAIL, RING_USED, RING_STATE,
	RING_EXTRA, RING_NAME, RING_LAST_USED, RING_BATCH_ID,
	/* shared */
	RING_AVAIL_FLAGS, RING_AVAIL_IDX, RING_USED_EVENT, RING_USED_FLAGS,
	RING_USED_IDX, RING_AVAIL_EVENT,
	RING_NWORDS
};

/* Has the era such a word?  Shared ones are in all. */
bool ring_has(const struct ring *r, enum ring_word w);
void ring_set(struct ring *r, enum ring_word w, uint64_t v);
void ring_set_avail(struct ring *r, uint32_t slot, uint16_t head);
void ring_set_used(struct ring *r, uint32_t slot, uint32_t id, uint32_t len);
/* Where descriptor 'i' leads: in desc_extra where the era has it. */
void ring_set_link(struct ring *r, uint32_t i, uint16_t next);
void ring_set_desc(struct ring *r, uint32_t i, uint16_t flags, uint16_t next);
void ring_set_token(struct ring *r, uint32_t i, uint64_t token);

#endif
