/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packed_builder.h - a packed ring with a driver and a device that use it, by the
 * steps of the virtio specification (1.2, 2.8).
 *
 * Positions are counted on from 0 and never wrap here: position p is slot p % num,
 * and its wrap counter is 1 on the first round, 0 on the second, and so on.  What a
 * test expects follows from them, not from wrap counters and flags.
 */
#ifndef PACKED_BUILDER_H
#define PACKED_BUILDER_H

#include "fake_target.h"

#define PACKED_WRITE	2u	/* a descriptor that the device writes */

struct packed_buffer {
	bool ours, returned;	/* published; given back, and not yet reaped */
	uint32_t at, length;	/* position of its first slot, and its slots */
	uint32_t entries;	/* of its indirect table; 0: it has none */
	uint16_t last;		/* of the ids that its slots took from the list */
};

struct packed {
	struct fake_target *f;
	uint32_t num;
	bool in_order;
	uint64_t vvq, vq;	/* vring_virtqueue, and the virtqueue in it */
	uint64_t desc, driver, device;	/* the ring, and both event areas */
	uint64_t state;
	uint64_t links;		/* of the free ids: the first one, and their distance */
	uint32_t link_size;
	/* positions: where the driver writes next, where the device returns next,
	 * where the driver reaps next */
	uint32_t avail, used, reap;
	uint32_t held;		/* slots in use: avail - reap */
	uint32_t returned;	/* buffers returned and not reaped */
	uint32_t batch;		/* in order: id that ends the open batch */
	uint16_t free_id;
	uint16_t *next;		/* list of free ids */
	struct packed_buffer *buffer;	/* by id */
	uint16_t *used_id;	/* what the device wrote at each slot */
	uint64_t where[18];	/* of the driver's words, enum packed_word */
	uint32_t state_at[3], state_size;	/* data, indir_desc, num */
};

struct packed_spec {
	uint32_t num;		/* 0: 256 */
	bool in_order;		/* 7.1 and later */
	uint64_t vvq_at;	/* an existing vring_virtqueue; 0: a new one */
};

/* A ring with nothing in it, as after the driver's probe. */
void packed_build(struct packed *p, struct fake_target *f,
		  const struct packed_spec *spec);
/* Let so many buffers of one slot go round: an empty ring further on. */
void packed_advance(struct packed *p, uint32_t slots);

/* The driver publishes a buffer of 'n' slots; its id.  In order the id is the slot of
 * its first descriptor, otherwise the next free one. */
uint16_t packed_add(struct packed *p, unsigned n);
/* The same for so many buffers of one slot each. */
void packed_fill(struct packed *p, uint32_t buffers);
/* One slot that names a table of 'n'; the table is in kernel memory, and where
 * the descriptor's address says in physical memory. */
uint16_t packed_add_indirect(struct packed *p, unsigned n);
/* The device returns a buffer, in whatever order. */
void packed_return(struct packed *p, uint16_t id, uint32_t len);
/* It returns so many, the oldest first, each with another length. */
void packed_return_oldest(struct packed *p, uint32_t buffers);
/* In order: it returns its oldest 'n' buffers by one used descriptor. */
void packed_return_batch(struct packed *p, unsigned n, uint32_t len);
/* The driver reaps what was returned next; its id. */
uint16_t packed_reap(struct packed *p);
/* The buffer that the device has had longest. */
uint16_t packed_oldest(const struct packed *p);

enum packed_word {
	PACKED_NUM, PACKED_DESC, PACKED_DRIVER, PACKED_DEVICE, PACKED_NEXT_AVAIL,
	PACKED_AVAIL_WRAP, PACKED_USED_WRAP, PACKED_EVENT_SHADOW, PACKED_STATE,
	PACKED_LAST_USED_IDX, PACKED_NUM_ADDED, PACKED_BATCH_ID, PACKED_NUM_FREE,
	PACKED_FREE_HEAD, PACKED_EVENT, PACKED_INDIRECT, PACKED_EXTRA,
	PACKED_AVAIL_USED_FLAGS,
};

/* What the driver keeps; the test fails when this era has no such word. */
void packed_set(struct packed *p, enum packed_word w, uint64_t v);
/* Does this era keep the used wrap counter in a member of its own? */
bool packed_own_wrap(const struct packed *p);
/* An event area's two words, at p->driver or p->device. */
void packed_set_area(struct packed *p, uint64_t area, uint16_t off_wrap,
		     uint16_t flags);
/* A descriptor's fields, flags as they are. */
void packed_set_desc(struct packed *p, uint32_t slot, uint64_t addr, uint32_t len,
		     uint16_t id, uint16_t flags);
void packed_set_flags(struct packed *p, uint32_t slot, uint16_t flags);
/* What the driver keeps for the buffer 'id'. */
void packed_set_token(struct packed *p, uint32_t id, uint64_t token);
void packed_set_length(struct packed *p, uint32_t id, uint16_t slots);
/* The id behind 'id' on the list of free ones. */
void packed_set_link(struct packed *p, uint32_t id, uint16_t next);

/* A position as both sides store it: the slot, and the counter as bit 15. */
uint16_t packed_off_wrap(const struct packed *p, uint32_t position);
/* The wrap counter of a position. */
bool packed_wrap(const struct packed *p, uint32_t position);

#endif
