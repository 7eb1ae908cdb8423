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

/* snapshots.c: numbers, truth values, strings as a dump may have them. */
uint64_t any_number(struct maker *m);
struct vr_val any_val(struct maker *m);
bool any_flag(struct maker *m);
unsigned below(struct maker *m, unsigned n);
void any_text(struct maker *m, char *buf, size_t size);
#define TEXT(m, array)	any_text(m, array, sizeof(array))
/* The values of a struct that are anything, by where they are in it. */
void any_vals(struct maker *m, void *owner, const size_t *at, unsigned n);
/* Zeroed memory of exactly this size. */
void *need(struct maker *m, size_t n, size_t size);
/* Parts that both sides have. */
void make_split(struct maker *m, struct vr_split *s, uint32_t num);
void make_chains(struct maker *m, struct vr_chains *s);
void make_notify(struct maker *m, struct vr_notify *n);

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
