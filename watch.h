/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - two looks at the same queues, some time apart: what moved.
 */
#ifndef VRING_WATCH_H
#define VRING_WATCH_H

#include "vring.h"

/* What is kept of one queue until the next look. */
struct vr_sample {
	char device[48], label[48];
	uint64_t key;		/* vring_virtqueue or vhost_virtqueue */
	uint32_t round;		/* counters are mod this: 2^16, or twice a packed ring */
	bool host, moving, parks;
	/* guest: published, returned, reaped; host: taken, returned, kicks */
	struct vr_val count[3];
	struct vr_val outstanding;	/* with the device; host: published, not taken */
	struct vr_val unreaped;		/* returned; host: packets that wait */
	struct vr_verdict verdict;	/* of this look; the reasons are not kept */
	bool unheard;		/* guest: an interrupt was due and NAPI did not know */
};

struct vr_look {
	struct vr_sample *sample;
	unsigned n;
	uint64_t nsec;		/* when, by a clock that only goes forward */
};

/* watch.c: keep what matters of a snapshot in 'arena'; 0, or -1 when memory is short. */
int vr_look_guest(struct vr_arena *arena, const struct vr_snapshot *s,
		  struct vr_look *ret);
int vr_look_host(struct vr_arena *arena, const struct vr_host *h, struct vr_look *ret);
/* watch.c: what moved from one look to the next, as text: rates, and which queues did
 * not move while something was outstanding. */
void vr_text_watch(FILE *out, const struct vr_look *from, const struct vr_look *to);
/* watch.c: parse SECONDS[,COUNT]; count 0 is for ever.  0, or -1. */
int vr_watch_parse(const char *word, double *seconds, unsigned *count);

#endif
