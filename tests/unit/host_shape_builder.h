/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_shape_builder.h - vhost queues in figures, each with the state that it is in;
 * and how they are judged.
 */
#ifndef HOST_SHAPE_BUILDER_H
#define HOST_SHAPE_BUILDER_H

#include "judge.h"

#define OK	VR_SEV_OK
#define INFO	VR_SEV_INFO
#define WARN	VR_SEV_WARN
#define ERROR	VR_SEV_ERROR

/* A queue in figures.  What is not said: of 256, set up, the worker asleep, kicks on,
 * nothing queued, no tap waited for, the ring in the dump. */
struct host_shape {
	const char *name;
	enum vr_vhost_kind kind;
	unsigned vq;
	uint16_t la, ai, lu;		/* last_avail_idx, avail_idx, last_used_idx */
	uint16_t a, u;			/* avail->idx, used->idx */
	bool off;			/* NO_NOTIFY */
	bool tap;			/* the backend's poll waits */
	unsigned rxq, ring, sock;	/* packets that wait */
	bool kicked, tapped;		/* work is queued */
	bool runs, on_cpu, on_rq;
	unsigned blocked;		/* another task state */
	bool no_worker, detached, iotlb, locked;
	unsigned errors;		/* where the tap is waited for */
	unsigned num, head, copied;
	enum { IN_DUMP, NO_PAGE, ZEROS } ring_is;
	enum vr_state state;
	enum vr_severity severity;
};

extern const struct host_shape host_shapes[];
extern const unsigned host_nshapes;

struct judged {
	struct vr_ctx c;
	struct vr_vhost v;
	struct vr_hostq q;
};

/* The queue and its device; every index moved by 'shift'. */
void host_shape_make(const struct host_shape *s, uint16_t shift, struct judged *x);

static inline const struct vr_verdict *judge(struct judged *x)
{
	struct vr_host h = { .queues = &x->q, .nqueues = 1 };

	x->q.vhost = &x->v;
	x->q.verdict = (struct vr_verdict){ .state = VR_ST_NONE };
	vr_check_host(&x->c, &h);
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

	for (unsigned i = 0; i < host_nshapes; i++)
		if (!strcmp(host_shapes[i].name, name)) {
			host_shape_make(&host_shapes[i], 0, &x);
			return x;
		}
	fail_msg("no shape '%s'", name);
	return x;
}

#endif
