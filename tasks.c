// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tasks.c - our own bounded walk over the kernel's tasks.
 *
 * crash's task table is not used: crash 8.0.2 lists two tasks of a 6.1.192
 * kernel, and minimal mode lists none.
 */
#include "vring.h"

#define MAX_TASKS	4194304		/* PID_MAX_LIMIT */

typedef int (*task_fn)(struct vr_ctx *c, const struct vr_task *task, void *arg);

void vr_read_task(struct vr_ctx *c, uint64_t addr, uint64_t leader,
		  struct vr_task *ret)
{
	struct vr_obj o = { .addr = addr };
	struct vr_val mm = vr_get_ptr_val(c, &o, VR_TASK_MM, NULL);

	*ret = (struct vr_task){ .addr = addr, .leader = leader };
	ret->pid = vr_get(c, &o, VR_TASK_PID, "task_struct.pid");
	ret->state = vr_get(c, &o, VR_TASK_STATE, "task_struct.__state");
	ret->mm = mm.v;
	ret->mm_lost = mm.have == VR_UNREAD;
	vr_read_string(c, addr + c->layout.f[VR_TASK_COMM].offset, ret->comm,
		       sizeof(ret->comm));
}

static int one_thread(struct vr_ctx *c, uint64_t addr, uint64_t leader, task_fn fn,
		      void *arg)
{
	struct vr_task task;

	vr_read_task(c, addr, leader, &task);
	return fn(c, &task, arg);
}

/* Up to 3.13 the list's head is in the leader, who is then not on the list;
 * 'left' is how many more tasks there may be. */
static int each_thread(struct vr_ctx *c, uint64_t leader, unsigned *left, task_fn fn,
		       void *arg)
{
	const struct vr_field *f = c->layout.f;
	bool apart = vr_has_in(c, VR_SIGNAL_THREAD_HEAD, "task_struct");
	struct vr_obj o = { .addr = leader };
	uint64_t owner = apart ? leader : vr_get_ptr(c, &o, VR_TASK_SIGNAL,
						     "task_struct.signal");
	struct vr_list l;
	uint64_t node;
	int r = 0;

	if (!owner)
		return 0;
	if (apart)
		r = one_thread(c, leader, leader, fn, arg);
	l = vr_list_start(owner + f[VR_SIGNAL_THREAD_HEAD].offset, *left,
			  "list of threads");
	while (!r && *left && (node = vr_list_next(c, &l))) {
		--*left;
		r = one_thread(c, node - f[VR_TASK_THREAD_NODE].offset, leader, fn, arg);
	}
	return r;
}

int vr_for_each_task(struct vr_ctx *c, task_fn fn, void *arg)
{
	const struct vr_field *f = c->layout.f;
	unsigned left = MAX_TASKS;
	uint64_t init_task, node;
	struct vr_list l;
	int r;

	if (c->t->symbol(c->t, "init_task", &init_task))
		return 0;
	l = vr_list_start(init_task + f[VR_TASK_TASKS].offset, MAX_TASKS,
			  "list of tasks");
	while ((node = vr_list_next(c, &l))) {
		r = each_thread(c, node - f[VR_TASK_TASKS].offset, &left, fn, arg);
		if (r)
			return r;
	}
	return 0;
}
