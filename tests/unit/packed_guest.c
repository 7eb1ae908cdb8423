// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packed_guest.c - a guest with one packed ring.
 */
#include "unit.h"
#include "packed_guest.h"

const enum guest_era packed_eras[PACKED_ERAS] = {
	ERA_5_4, ERA_5_15, ERA_6_12, ERA_7_1
};

struct packed_guest packed_guest(enum guest_era era, uint32_t num, uint32_t start)
{
	struct packed_guest x = { .g = guest_new(era) };

	packed_build(&x.p, x.g->f, &(struct packed_spec){ .num = num });
	packed_advance(&x.p, start);
	return x;
}

struct packed_guest packed_guest_in_use(enum guest_era era, uint32_t start)
{
	struct packed_guest x = packed_guest(era, 8, start);

	packed_return(&x.p, packed_add(&x.p, 1), 60);
	packed_add(&x.p, 2);
	packed_add(&x.p, 1);
	guest_check_packed(x.g, &x.p);
	return x;
}

struct vr_verdict packed_verdict(const struct packed_guest *x)
{
	struct vr_queue q = guest_read_packed(x->g, &x->p);

	return *guest_verdict(x->g, &q);
}
