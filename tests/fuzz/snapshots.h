/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshots.h - snapshots that no walk made: every value is anything, and only what the
 * headers promise holds (sizes of arrays, ranges of enums, ends of strings).
 */
#ifndef SNAPSHOTS_H
#define SNAPSHOTS_H

#include "fuzz.h"

struct maker {
	struct input in;
	struct vr_arena arena;	/* an allocation for each array */
	uint64_t base;		/* what many values are near to */
};

void make_guest(struct maker *m, struct vr_snapshot *ret);
void make_host(struct maker *m, struct vr_host *ret);
/* Errors that were noted on the way. */
void make_errors(struct maker *m, struct vr_ctx *c);
/* A device and its queues become the other end of a host's queues, or nearly so. */
void make_fit(struct maker *m, struct vr_snapshot *g, struct vr_host *h);
/* Some values move, as on a live system. */
void move_guest(struct maker *m, struct vr_snapshot *g);
void move_host(struct maker *m, struct vr_host *h);

#endif
