/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vhost_ring_builder.h - a queue that vhost serves, with its ring in the memory of a
 * process in a fake target.
 */
#ifndef VHOST_RING_BUILDER_H
#define VHOST_RING_BUILDER_H

#include "pgtable_builder.h"
#include "unit.h"

#define DIRECT		0xffff888000000000ULL
#define MM		(DIRECT + 0x3000000)
#define DEV		(DIRECT + 0x3100000)
#define VQ		(DIRECT + 0x3300000)
#define USER		0x7f1200000000ULL	/* guest memory as the owner has it */
#define PHYS		0x10000000ULL		/* and where that is */
#define GUEST		0x40000000ULL		/* and as the guest has it */
#define IOVA		0x7000000000ULL
#define BACK		0x4500u	/* of a vhost_virtqueue, behind its array of buffers */
#define NUM		16u
#define PAGES		16u
/* Parts of the ring, and room for tables, from the start of any of these. */
#define DESC		0x0000u
#define AVAIL		0x1000u
#define USED		0x2000u
#define TABLE		0x4000u

struct vhost_ring {
	struct fake_target *f;
	struct vr_ctx c;
	struct pgtable kernel, user;
	struct vr_vhost v[2];
	struct vr_host h;
	struct vr_hostq q;
	struct vr_region regions[8];
};

/* A process with guest memory, and a queue in it that vhost serves; for cmocka. */
int vhost_setup(void **state);
int vhost_teardown(void **state);
/* A test with these. */
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, vhost_setup, vhost_teardown)

/* Set vhost's own members; 'base' is what its addresses of the ring start at.  The
 * pages between its first and its last are missing: nothing there is needed. */
void vhost_bookkeeping(struct vhost_ring *x, uint64_t vq, uint64_t base,
		       uint16_t taken, uint16_t returned);
/* Set 'size' bytes of guest memory, 'at' from its start on. */
void vhost_put(struct vhost_ring *x, uint32_t at, uint64_t v, unsigned size);
/* Set the indices of the rings; the events are 77 and 88. */
void vhost_put_words(struct vhost_ring *x, uint16_t avail, uint16_t used);
/* Read the queue, into x->q. */
void vhost_read_queue(struct vhost_ring *x);

#endif
