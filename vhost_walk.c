// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_walk.c - which of vhost's queues are meant: by taps, which lead to theirs
 * (vhost_tap.c), by open files (vhost_find.c), by an address or a process.
 */
#include <string.h>

#include "vring.h"

#define MAX_LISTED	64	/* queues in a message */
#define MAX_BARE	32768u	/* queues that were looked at and are not set up */

/* Of a vhost_scsi's many queues a guest sets up a few; the others are passed over. */
static bool is_set_up(struct vr_ctx *c, struct vr_host *h, uint64_t vq)
{
	struct vr_obj o = { .addr = vq };
	struct vr_val desc = vr_get(c, &o, VR_VHQ_DESC, NULL);

	if (desc.have != VR_READ || desc.v)
		return true;
	h->bare++;
	return false;
}

/* Queues of a vhost device that no net device led to. */
static void add_rest(struct vr_ctx *c, struct vr_host *h)
{
	static const char *const names[] = {
		[VR_VHOST_NET] = "vhost-net", [VR_VHOST_VSOCK] = "vhost-vsock",
		[VR_VHOST_SCSI] = "vhost-scsi",
	};

	for (unsigned i = 0; i < h->nvhosts; i++) {
		struct vr_vhost *v = &h->vhosts[i];
		unsigned n;

		if (v->shown || v->nvqs.have != VR_READ || v->nvqs.v > VR_MAX_VHOST_VQS)
			continue;
		/* Only a vhost_scsi has more than two, whatever a number says. */
		n = v->kind == VR_VHOST_SCSI || v->nvqs.v < 2 ? (unsigned)v->nvqs.v : 2;
		for (unsigned vq = 0; vq < n; vq++) {
			uint64_t addr;
			struct vr_hostq *q;

			if (h->bare == MAX_BARE) {
				vr_over_budget(c, "vhost queues that are not set up", MAX_BARE,
					       true);
				return;
			}
			addr = vr_vhost_vq(c, v, vq, "vhost_dev.vqs");
			if (!addr || (v->kind == VR_VHOST_SCSI && !is_set_up(c, h, addr)))
				continue;
			q = vr_host_new_queue(c, h);
			if (!q)
				return;
			*q = (struct vr_hostq){ .vhost = v, .vq = vq,
				.vhost_virtqueue = addr };
			snprintf(q->device, sizeof(q->device), "%s", names[v->kind]);
			if (v->kind == VR_VHOST_SCSI)
				snprintf(q->label, sizeof(q->label), "vq%u",
					 vq & 0xffff);
			else
				snprintf(q->label, sizeof(q->label), "%s",
					 vq ? "tx" : "rx");
			vr_vhost_queue(c, q);
		}
	}
}

/* ---- selection --------------------------------------------------------------------------- */

/* Does the process, or the worker, have to do with the queue? */
static bool is_of(const struct vr_hostq *q, uint64_t pid)
{
	return (q->vhost->owner.addr && q->vhost->owner.pid.v == pid) ||
	       (q->worker.addr && q->worker.pid.v == pid);
}

/* Is that the queue's address, or its device's? */
static bool is_at(const struct vr_hostq *q, uint64_t addr)
{
	return q->vhost_virtqueue == addr || q->vhost->addr == addr || q->vhost->dev == addr;
}

/* Of the queues of the device that was named, or of all: is it meant? */
static bool wanted(const struct vr_hostq *q, const struct vr_select *sel, uint64_t pid)
{
	unsigned n = (unsigned)(q->queue_index.v & 0xffff);

	if (pid && !is_of(q, pid))
		return false;
	if (sel->queue == VR_SEL_NAME)
		return !strcmp(q->label, sel->word);
	/* Its queues are no pairs, and go by their index. */
	if (q->vhost->kind == VR_VHOST_SCSI)
		return sel->queue == VR_SEL_ALL ||
		       (sel->queue == VR_SEL_PAIR && q->vq == sel->n);
	if (sel->has_n && (n != sel->n || q->queue_index.have == VR_UNREAD))
		return false;
	return sel->queue == VR_SEL_ALL || sel->queue == VR_SEL_PAIR ||
	       (sel->queue == VR_SEL_RX && q->vq == 0) ||
	       (sel->queue == VR_SEL_TX && q->vq == 1);
}

/* The queues by their names, each once, for the message that there is no such one. */
static void list_queues(struct vr_ctx *c, const struct vr_host *h, struct vr_walk_error *err)
{
	err->nqueues = err->nlisted = 0;
	err->queues = vr_alloc(&c->arena, MAX_LISTED, sizeof(*err->queues));
	for (unsigned i = 0; err->queues && i < h->nqueues; i++) {
		unsigned k = 0;

		while (k < err->nlisted && strcmp(err->queues[k], h->queues[i].label))
			k++;
		if (k < err->nlisted)
			continue;
		err->nqueues++;
		if (k < MAX_LISTED)
			snprintf(err->queues[err->nlisted++], sizeof(*err->queues), "%s",
				 h->queues[i].label);
	}
}

/* The queues of 'h' are those of the device that was named.  Where none of them is the one
 * that was meant: why. */
static void why_none(struct vr_ctx *c, const struct vr_host *h, const struct vr_select *sel,
		     uint64_t pid, struct vr_walk_error *err)
{
	bool owned = !pid;

	if (!h->nqueues)
		return;
	for (unsigned i = 0; i < h->nqueues; i++) {
		if (wanted(&h->queues[i], sel, pid))
			return;
		owned = owned || is_of(&h->queues[i], pid);
	}
	snprintf(err->dev.name, sizeof(err->dev.name), "%s", h->queues[0].device);
	err->status = owned ? VR_WALK_NO_QUEUE : VR_WALK_NOT_OWNED;
	list_queues(c, h, err);
}

static void keep_wanted(struct vr_host *h, const struct vr_select *sel, uint64_t pid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->nqueues; i++)
		if (wanted(&h->queues[i], sel, pid))
			h->queues[n++] = h->queues[i];
	h->nqueues = n;
}

/* One queue was named, by its address or as it is shown. */
static bool is_one(const struct vr_host *h, const struct vr_select *sel, uint64_t addr)
{
	return h->nqueues == 1 && (sel->queue == VR_SEL_NAME ||
				   (addr && h->queues[0].vhost_virtqueue == addr));
}

/* Those of the device that was named by its address, or, without a tap, as it is shown. */
static void keep_device(struct vr_host *h, uint64_t addr, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->nqueues; i++)
		if (addr ? is_at(&h->queues[i], addr) : !strcmp(h->queues[i].device, name))
			h->queues[n++] = h->queues[i];
	h->nqueues = n;
}

void vr_host_note_locked(struct vr_host *h)
{
	for (unsigned i = 0; i < h->nqueues; i++) {
		const struct vr_hostq *q = &h->queues[i];

		if (q->locked.have == VR_READ && q->locked.v && q->worker.addr &&
		    q->worker.pid.have == VR_READ &&
		    (!q->locked_by || q->locked_by == q->worker.addr))
			q->vhost->locked_worker = q->worker.pid.v;
	}
}

enum vr_walk_status vr_host_walk(struct vr_ctx *c, struct vr_select *sel, uint64_t pid,
				 struct vr_host *ret, struct vr_walk_error *err)
{
	struct vr_netdev_list found = { .n = 0 };
	uint64_t addr = 0;
	bool named;

	vr_read_uts(c, ret->nodename, ret->release);
	err->status = VR_WALK_NO_MEMORY;
	if (vr_vhost_find(c, ret) ||
	    vr_find_netdevs(c, sel->device, 0, &found))
		return err->status;
	if (!found.n && sel->device && vr_parse_address(sel->device, &addr) &&
	    vr_find_netdevs(c, NULL, addr, &found))
		return err->status;
	named = sel->device && found.n;
	/* A vhost address, or none: all devices, then the filter. */
	if (!named && (!sel->device || addr) &&
	    vr_find_netdevs(c, NULL, 0, &found))
		return err->status;
	err->status = VR_WALK_NO_DEVICE;
	for (unsigned i = 0; i < found.n; i++) {
		enum vr_walk_status r = vr_tap_walk(c, ret, &found.refs[i], err);

		if (!named && r == VR_WALK_NO_TYPES)
			vr_error_add(c, (struct vr_error){ .code = VR_E_NOTYPE,
				.what = err->missing.path, .of = err->missing.type,
				.module = err->missing.module,
				.value = err->missing.renamed });
		if (!named)
			continue;
		err->dev = found.refs[i];
		err->status = r;
		err->candidates = found.refs;
		err->ncandidates = found.n;
	}
	c->device[0] = '\0';
	if (!named)
		add_rest(c, ret);
	vr_vhost_owners(c, ret);
	vr_vhost_doubt_zeros(c, ret);
	for (unsigned i = 0; i < ret->nqueues; i++)
		vr_host_notify_replay(&ret->queues[i]);
	vr_host_note_locked(ret);
	if (sel->device && !named)
		keep_device(ret, addr, sel->device);
	if (sel->device)
		why_none(c, ret, sel, pid, err);
	keep_wanted(ret, sel, pid);
	sel->full |= is_one(ret, sel, named ? 0 : addr);
	for (unsigned i = 0; sel->chains && i < ret->nqueues; i++) {
		vr_host_chains(c, &ret->queues[i]);
		vr_vhost_iov(c, &ret->queues[i]);
	}
	return ret->nqueues ? (err->status = VR_WALK_OK) : err->status;
}
