/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_builder.h - up to three guests that booted alike, and the host that serves them:
 * what the walks would have left of both sides, at rest.
 */
#ifndef COMPARE_BUILDER_H
#define COMPARE_BUILDER_H

#include "compare.h"
#include "judge.h"

#define GUESTS	3
#define QUEUES	3	/* rx0, tx0, ctrl */

struct both {
	struct vr_target t;
	struct vr_ctx c;
	struct vr_queue q[GUESTS][QUEUES];
	struct vr_device d[GUESTS];
	struct vr_snapshot s;
	struct vr_vhost v[GUESTS];
	struct vr_hostq hq[2 * GUESTS];
	struct vr_host h;
	struct vr_comparison k;
	char *text;
	size_t len;
};

/* One guest and its two queues of the host are shown; for cmocka. */
int both_setup(void **state);
int both_teardown(void **state);
/* The n-th queue of a guest, and of vhost's: all that was published before 1000 is
 * returned and reaped. */
void both_queue(struct vr_queue *q, unsigned n);
void both_host_queue(struct vr_hostq *h, struct vr_vhost *v, unsigned n);
/* Compare them, into x->k. */
void both_compare(struct both *x);
/* What was compared as text or as JSON, into x->text. */
const char *both_text(struct both *x, bool json);
void assert_has(const char *in, const char *want);

#endif
