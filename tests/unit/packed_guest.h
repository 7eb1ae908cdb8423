/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packed_guest.h - a guest with one packed ring, which is no device's: what tests of
 * packed rings begin with.  guest_free() takes it down.
 */
#ifndef PACKED_GUEST_H
#define PACKED_GUEST_H

#include "guest_builder.h"

struct packed_guest {
	struct guest *g;
	struct packed p;
};

#define PACKED_ERAS 4

/* One of each way in which a driver keeps its own words of a packed ring. */
extern const enum guest_era packed_eras[PACKED_ERAS];

/* A ring of 'num' with nothing in it, both sides at position 'start'. */
struct packed_guest packed_guest(enum guest_era era, uint32_t num, uint32_t start);
/* Eight slots, from position 'start' on buffers of 1, 2 and 1 of them: the first was
 * returned, the others are with the device.  guest_check_packed() found it sound. */
struct packed_guest packed_guest_in_use(enum guest_era era, uint32_t start);

/* What the checks say of the ring, which is read anew. */
struct vr_verdict packed_verdict(const struct packed_guest *x);

#endif
