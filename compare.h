/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.h - a guest's queues beside a host's: which belong together, and where
 * between them something waits.
 */
#ifndef VRING_COMPARE_H
#define VRING_COMPARE_H

#include "json_in.h"

/* The other side's document. */
struct vr_import {
	bool host;		/* it is a host's, in 'h'; else a guest's, in 'g' */
	char nodename[65], release[65];
	struct vr_snapshot g;
	struct vr_host h;
};

/* import.c: read a document of 'vring -j' or 'vhostq -j'; 0, or -1 with 'why' saying
 * what it lacks. */
int vr_import_doc(struct vr_ctx *c, const struct vr_doc *d, struct vr_import *ret,
		  char *why, size_t size);

/* import.c: note what the other side could not read as errors of this command's: it is why
 * something has no partner.  'host': the document is a host's. */
void vr_import_errors(struct vr_ctx *c, const struct vr_doc *d, bool host);

/* Two ends of one queue. */
struct vr_pair {
	const struct vr_device *d;
	const struct vr_queue *q;
	const struct vr_hostq *h;
	enum vr_where where;
	struct vr_verdict joint;
	bool apart_in_time;	/* the ring's words differ: two moments */
	bool moment_known;	/* there were words to tell by */
};

/* A guest's device and the host's queues that may be its other end. */
struct vr_candidate {
	const struct vr_device *d;
	unsigned number;	/* of its first queue, among all the guest's */
	unsigned first, count;	/* of the host's queues */
	bool plausible;		/* the indices go together */
	bool whole;		/* all of a network device's queues in use are among them */
	bool joined;		/* no other one comes into question */
};

struct vr_comparison {
	struct vr_pair *pairs;
	unsigned npairs;
	struct vr_candidate *candidates;
	unsigned ncandidates, room;
	const struct vr_snapshot *g;
	const struct vr_host *h;
	uint8_t *guest_paired, *host_paired;	/* a flag a queue, in order */
	/* The side's interfaces are in several network namespaces, where a name is not one
	 * interface's alone. */
	bool guest_spaces, host_spaces;
	uint64_t tried;			/* pairs of queues that were looked at */
	bool gave_up;			/* too many of them: a forged document? */
};

/* compare.c: match whole devices by the rings' guest-physical addresses, sizes,
 * features and indices, and judge the pairs.  0, or -1 when memory is short. */
int vr_compare(struct vr_ctx *c, const struct vr_snapshot *g, const struct vr_host *h,
	       struct vr_comparison *ret);

/* compare_joint.c: the joint verdict of a pair, and who has to move next. */
void vr_judge_pair(struct vr_ctx *c, struct vr_pair *p);

/* Leave what is about the queues at these addresses (vring_virtqueue, or with
 * 'host_side' vhost_virtqueue): pairs, what may be their devices' other end, and those
 * without a partner. */
void vr_compare_narrow(struct vr_comparison *k, bool host_side, const uint64_t *chosen,
		       unsigned nchosen);

/* render_compare.c */
void vr_text_comparison(FILE *out, const struct vr_comparison *k);
void vr_json_compared(FILE *out, const struct vr_ctx *c, const char *command,
		      const char *side, const char *nodename, const char *release,
		      const struct vr_comparison *k);

#endif
