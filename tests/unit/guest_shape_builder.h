/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_shape_builder.h - queues of a guest in figures, each with the state that
 * it is in; and how they are judged.
 */
#ifndef GUEST_SHAPE_BUILDER_H
#define GUEST_SHAPE_BUILDER_H

#include "judge.h"

#define OK	VR_SEV_OK
#define INFO	VR_SEV_INFO
#define WARN	VR_SEV_WARN
#define ERROR	VR_SEV_ERROR

enum age { NO_AGE = 0xffffffff };

/* A queue in figures; what is not said is at rest. */
struct guest_shape {
	const char *name;
	enum vr_dir dir;
	uint16_t l, u, a, ue, ae;
	bool off;		/* callbacks */
	bool by_flags;		/* no EVENT_IDX */
	bool polled;		/* by_flags: the device wants no kicks */
	bool silent;		/* the queue has no callback */
	unsigned num;		/* 0: 256 */
	unsigned num_free;
	unsigned xoff, age;
	unsigned napi;		/* bit 0 SCHED, bit 3 NPSVC */
	unsigned deferred;	/* interrupts: polls by a timer first */
	unsigned added;
	bool busy, panicked;	/* the CPU that the interrupt goes to; the kernel */
	bool unused, down, no_carrier, no_link, broken, disabled, failed;
	bool reset, shutdown;	/* the queue alone; the kernel */
	bool big, table;	/* receive buffers of many pages; each with a table */
	enum vr_state state;
	enum vr_severity severity;
};

extern const struct guest_shape guest_shapes[];
extern const unsigned guest_nshapes;

struct judged {
	struct vr_ctx c;
	struct vr_device d;
	struct vr_queue q;
};

/* The queue and its device; every index moved by 'shift'. */
void guest_shape_make(const struct guest_shape *s, uint16_t shift, struct vr_queue *q,
		      struct vr_device *d);

static inline const struct vr_verdict *judge(struct judged *x)
{
	vr_ring_derive(&x->q);
	vr_notify_replay(&x->q);
	judge_queue(&x->c, &x->d, &x->q);
	return &x->q.verdict;
}

static inline void forget(struct judged *x)
{
	vr_arena_free(&x->c.arena);
}

/* The shape of that name, not moved; the test fails without it. */
static inline struct judged shaped(const char *name)
{
	struct judged x = { .c = { .nerrors = 0 } };

	for (unsigned i = 0; i < guest_nshapes; i++)
		if (!strcmp(guest_shapes[i].name, name)) {
			guest_shape_make(&guest_shapes[i], 0, &x.q, &x.d);
			return x;
		}
	fail_msg("no shape '%s'", name);
	return x;
}

#endif
