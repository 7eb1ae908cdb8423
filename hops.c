// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hops.c - the way from a net_device, or of other devices from a virtio_device, to a
 * ring, hop by hop, for vqwalk.
 *
 * The walk has already been made; this names what it did, from the snapshot and
 * the layout alone.
 */
#include <inttypes.h>

#include "vring.h"

#define MAX_HOPS	16
#define NETDEV_ALIGN	32

static struct vr_hop *add(struct vr_path *p, const char *type, uint64_t addr,
			  enum vr_rule rule)
{
	struct vr_hop *h = &p->hops[p->nhops++];

	/* No type where the layout lacks what the snapshot has: it is then another's. */
	h->type = type ? type : "?";
	h->addr = addr;
	h->rule = rule;
	return h;
}

/* A pointer member that was followed; nothing when this kernel has no such member. */
static void pointer(struct vr_path *p, const struct vr_ctx *c, uint64_t addr,
		    enum vr_slot s, uint64_t next)
{
	const struct vr_field *f = &c->layout.f[s];
	struct vr_hop *h;

	if (!f->known)
		return;
	h = add(p, f->type, addr, VR_RULE_POINTER);
	h->member = f->path;
	h->offset = f->offset;
	h->next = next;
}

/* A 16-bit word at a fixed place behind a ring's entries. */
static void word(struct vr_path *p, const char *type, const char *member,
		 uint64_t addr, uint32_t offset, uint64_t num)
{
	struct vr_hop *h = add(p, type, addr, VR_RULE_WORD);

	if (!addr || !num) {
		p->nhops--;
		return;
	}
	h->member = member;
	h->offset = offset;
	h->count = num;
	h->next = addr + offset;
}

/* The public part of the queue; 0 when the queue was not found. */
static uint64_t virtqueue_of(const struct vr_ctx *c, const struct vr_queue *q)
{
	return q->vring_virtqueue ?
	       q->vring_virtqueue + c->layout.f[VR_VVQ_VQ].offset : 0;
}

static void private_area(struct vr_path *p, const struct vr_ctx *c,
			 uint64_t net_device, uint64_t next)
{
	const struct vr_field *priv = &c->layout.f[VR_DEV_PRIV];
	struct vr_hop *h = add(p, "net_device", net_device,
			       priv->known ? VR_RULE_INSIDE : VR_RULE_BEHIND);

	h->member = priv->known ? priv->path : NULL;
	h->offset = priv->offset;
	h->size = c->layout.f[VR_SZ_NET_DEVICE].size;
	h->count = NETDEV_ALIGN;
	h->next = next;
}

static void queue_of_pair(struct vr_path *p, const struct vr_ctx *c,
			  const struct vr_device *d, const struct vr_queue *q)
{
	bool tx = q->dir == VR_TX;
	const struct vr_field *size = &c->layout.f[tx ? VR_SZ_SEND_QUEUE :
							VR_SZ_RECEIVE_QUEUE];
	uint64_t base = q->owner - (uint64_t)q->pair * size->size;
	struct vr_hop *h;

	/* The way ends where nothing is known to follow. */
	if (!q->owner) {
		pointer(p, c, d->virtnet_info, tx ? VR_VI_SQ : VR_VI_RQ, 0);
		return;
	}
	pointer(p, c, d->virtnet_info, tx ? VR_VI_SQ : VR_VI_RQ, base);
	h = add(p, size->type, base, VR_RULE_ELEMENT);
	h->count = q->pair;
	h->size = size->size;
	h->next = q->owner;
	pointer(p, c, q->owner, tx ? VR_SQ_VQ : VR_RQ_VQ, virtqueue_of(c, q));
}

/* From a member's address to the struct around it. */
static void around(struct vr_path *p, const char *type, uint64_t addr, const char *member,
		   uint32_t offset, uint64_t next)
{
	struct vr_hop *h = add(p, type, addr, VR_RULE_AROUND);

	h->member = member;
	h->offset = offset;
	h->next = next;
}

/* From a list to what hangs on it by its own member 'in', called 'name'. */
static void listed(struct vr_path *p, const struct vr_ctx *c, uint64_t addr,
		   enum vr_slot list, enum vr_slot in, const char *name, uint64_t next)
{
	const struct vr_field *f = c->layout.f;
	struct vr_hop *h = add(p, f[list].type, addr, VR_RULE_LIST);

	h->member = f[list].path;
	h->offset = f[list].offset;
	h->size = 2;	/* the list's own links lead there, some of them further on */
	h->next = next ? next + f[in].offset : 0;
	around(p, "list_head", h->next, name, f[in].offset, next);
}

/* The way to the device's list of queues, past the driver. */
static void parent(struct vr_path *p, const struct vr_ctx *c, uint64_t net_device,
		   uint64_t vdev)
{
	uint32_t offset = c->layout.f[VR_VDEV_DEV].offset;

	pointer(p, c, net_device, VR_DEV_PARENT, vdev + offset);
	around(p, "device", vdev + offset, "virtio_device.dev", offset, vdev);
}

static void trace(struct vr_path *p, const struct vr_ctx *c,
		  const struct vr_device *d, const struct vr_queue *q)
{
	struct vr_hop *h;

	if (!d->ref.addr || q->listed) {
		if (d->ref.addr)
			parent(p, c, d->ref.addr, d->virtio_device);
		listed(p, c, d->virtio_device, VR_VDEV_VQS, VR_VQ_LIST, "virtqueue.list",
		       virtqueue_of(c, q));
	} else {
		private_area(p, c, d->ref.addr, d->virtnet_info);
		if (q->dir == VR_CTRL)
			pointer(p, c, d->virtnet_info, VR_VI_CVQ, virtqueue_of(c, q));
		else
			queue_of_pair(p, c, d, q);
	}
	if (!q->vring_virtqueue)
		return;
	h = add(p, "virtqueue", virtqueue_of(c, q), VR_RULE_FIRST);
	h->next = q->vring_virtqueue;
	if (q->packed) {
		pointer(p, c, q->vring_virtqueue, VR_PVQ_DESC, q->pk.desc);
		pointer(p, c, q->vring_virtqueue, VR_PVQ_DRIVER, q->pk.driver.addr);
		pointer(p, c, q->vring_virtqueue, VR_PVQ_DEVICE, q->pk.device.addr);
		word(p, "vring_packed_desc_event", "off_wrap", q->pk.driver.addr, 0,
		     q->num);
		word(p, "vring_packed_desc_event", "off_wrap", q->pk.device.addr, 0,
		     q->num);
		return;
	}
	pointer(p, c, q->vring_virtqueue, VR_VVQ_DESC, q->split.desc);
	pointer(p, c, q->vring_virtqueue, VR_VVQ_AVAIL, q->split.avail);
	pointer(p, c, q->vring_virtqueue, VR_VVQ_USED, q->split.used);
	word(p, "vring_avail", "idx", q->split.avail, 2, q->split.num);
	word(p, "vring_avail", "used_event", q->split.avail,
	     4 + 2 * q->split.num, q->split.num);
	word(p, "vring_used", "idx", q->split.used, 2, q->split.num);
	word(p, "vring_used", "avail_event", q->split.used,
	     4 + 8 * q->split.num, q->split.num);
}

/* Room for 'n' paths; 0 or -1. */
static int make_room(struct vr_ctx *c, struct vr_walks *w, unsigned n)
{
	w->path = vr_alloc(&c->arena, n ? n : 1, sizeof(*w->path));
	for (unsigned i = 0; w->path && i < n; i++) {
		w->path[i].hops = vr_alloc(&c->arena, MAX_HOPS,
					   sizeof(*w->path[i].hops));
		if (!w->path[i].hops)
			return -1;
	}
	return w->path ? 0 : -1;
}

int vr_trace(struct vr_ctx *c, const struct vr_snapshot *s, struct vr_walks *ret)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->ndevices; i++)
		n += s->devices[i].nqueues;
	if (make_room(c, ret, n))
		return -1;
	for (unsigned i = 0; i < s->ndevices; i++) {
		const struct vr_device *d = &s->devices[i];

		for (unsigned k = 0; k < d->nqueues; k++) {
			struct vr_path *p = &ret->path[ret->count++];

			p->device = vr_device_name(d);
			p->netns = d->ref.inum;
			p->label = d->queues[k].label;
			p->virtqueue = d->queues[k].vring_virtqueue;
			trace(p, c, d, &d->queues[k]);
		}
	}
	return 0;
}

/* ---- the host's side ----------------------------------------------------------- */

/* A pointer of an array that is a member. */
static void slot(struct vr_path *p, const struct vr_field *f, uint64_t addr, uint64_t n,
		 uint64_t next)
{
	struct vr_hop *h = add(p, f->type, addr, VR_RULE_SLOT);

	h->member = f->path;
	h->offset = f->offset;
	h->count = n;
	h->next = next;
}

/* net_device -> tun_struct -> tun_file, or -> tap_dev -> tap_queue. */
static void to_tap_queue(struct vr_path *p, const struct vr_ctx *c,
			 const struct vr_hostq *q)
{
	const struct vr_field *f = c->layout.f;

	if (q->tap && !vr_has_in(c, VR_TAP_DEV, "macvlan_dev"))
		pointer(p, c, q->ref.addr, VR_DEV_RX_HANDLER_DATA, q->tun);
	else
		private_area(p, c, q->ref.addr, q->tun);
	if (q->tap && vr_has(c, VR_TAP_LIST)) {
		listed(p, c, q->tun, VR_TAP_LIST, VR_TAPQ_NEXT,
		       vr_has_in(c, VR_TAPQ_NEXT, "macvtap_queue") ? "macvtap_queue.next" :
								     "tap_queue.next", q->tun_file);
		return;
	}
	if (!q->tap && q->detached) {
		listed(p, c, q->tun, VR_TUN_DISABLED, VR_TFILE_NEXT, "tun_file.next",
		       q->tun_file);
		return;
	}
	slot(p, &f[q->tap ? VR_TAP_ARRAY : VR_TUN_TFILES], q->tun, q->queue_index.v & 0xffff,
	     q->tun_file);
}

/* tun_file -> its socket's wait queue -> vhost_poll -> vhost_net. */
static void through_wait_queue(struct vr_path *p, const struct vr_ctx *c,
			       const struct vr_hostq *q)
{
	const struct vr_field *f = c->layout.f;
	const struct vr_field *sk = &f[q->tap ? VR_TAPQ_SK : VR_TFILE_SK];
	uint64_t node = q->wait_entry + f[VR_WAIT_ENTRY_LIST].offset;
	struct vr_hop *h = add(p, sk->type, q->tun_file, VR_RULE_POINTER);

	h->member = "sk.sk_wq";
	h->offset = sk->offset + f[VR_SOCK_WQ].offset;
	h->next = q->socket_wq;
	h = add(p, "socket_wq", q->socket_wq, VR_RULE_LIST);
	h->member = vr_has_in(c, VR_WAIT_HEAD_LIST, "__wait_queue_head") ?
		    "wait.task_list" : "wait.head";
	h->offset = f[VR_SOCKET_WQ_WAIT].offset + f[VR_WAIT_HEAD_LIST].offset;
	h->size = 1;	/* the list's own links lead there */
	h->next = node;
	around(p, f[VR_WAIT_ENTRY_LIST].type, node, "vhost_poll.wait",
	       f[VR_POLL_WAIT].offset + f[VR_WAIT_ENTRY_LIST].offset,
	       q->backend_poll.addr);
	around(p, "vhost_poll", q->backend_poll.addr,
	       q->vq ? "vhost_net.poll[1]" : "vhost_net.poll[0]",
	       (uint32_t)(q->backend_poll.addr - q->vhost->addr), q->vhost->addr);
}

static void to_ring(struct vr_path *p, const struct vr_ctx *c,
		    const struct vr_hostq *q)
{
	static const enum vr_slot slots[3] = { VR_VHQ_DESC, VR_VHQ_AVAIL,
					       VR_VHQ_USED };
	const struct vr_val *parts[3] = { &q->desc, &q->avail, &q->used };
	struct vr_hop *h;

	for (unsigned i = 0; i < 3; i++) {
		const struct vr_field *f = &c->layout.f[slots[i]];

		h = add(p, f->type, q->vhost_virtqueue, VR_RULE_USER);
		h->member = f->path;
		h->offset = f->offset;
		h->next = parts[i]->v;
	}
}

/* A process's open file -> its vhost device. */
static void through_file(struct vr_path *p, const struct vr_ctx *c, const struct vr_vhost *v)
{
	struct vr_hop *h = add(p, "task_struct", v->owner.addr, VR_RULE_FILE);

	h->count = v->owner.pid.v;
	h->next = v->file;
	if (v->file)
		pointer(p, c, v->file, VR_FILE_PRIVATE, v->addr);
}

/* A vhost device -> its queue. */
static void to_queue(struct vr_path *p, const struct vr_ctx *c, const struct vr_hostq *q)
{
	const struct vr_vhost *v = q->vhost;
	struct vr_hop *h;

	if (v->kind == VR_VHOST_NET) {
		h = add(p, "vhost_net", v->addr, VR_RULE_INSIDE);
		h->member = q->vq ? "vqs[1].vq" : "vqs[0].vq";
		h->offset = (uint32_t)(q->vhost_virtqueue - v->addr);
		h->next = q->vhost_virtqueue;
		return;
	}
	h = add(p, v->kind == VR_VHOST_SCSI ? "vhost_scsi" : "vhost_vsock", v->addr,
		VR_RULE_INSIDE);
	h->member = "dev";
	h->offset = (uint32_t)(v->dev - v->addr);
	h->next = v->dev;
	pointer(p, c, v->dev, VR_VHD_VQS, v->vqs);
	/* What it points to is no struct but pointers, one for each queue. */
	h = add(p, "vhost_dev.vqs", v->vqs, VR_RULE_SLOT);
	h->count = q->vq;
	h->next = q->vhost_virtqueue;
}

static void trace_host(struct vr_path *p, const struct vr_ctx *c,
		       const struct vr_hostq *q)
{
	if (q->ref.addr)
		to_tap_queue(p, c, q);
	if (q->wait_entry)
		through_wait_queue(p, c, q);
	else
		through_file(p, c, q->vhost);
	to_queue(p, c, q);
	to_ring(p, c, q);
}

int vr_trace_host(struct vr_ctx *c, const struct vr_host *host,
		  struct vr_walks *ret)
{
	if (make_room(c, ret, host->nqueues))
		return -1;
	for (unsigned i = 0; i < host->nqueues; i++) {
		const struct vr_hostq *q = &host->queues[i];
		struct vr_path *p = &ret->path[ret->count++];

		p->device = q->device;
		p->netns = q->ref.inum;
		p->label = q->label;
		p->virtqueue = q->vhost_virtqueue;
		trace_host(p, c, q);
	}
	return 0;
}

void vr_hop_rule(char *buf, size_t size, const struct vr_hop *h)
{
	switch (h->rule) {
	case VR_RULE_BEHIND:
		snprintf(buf, size, "sizeof(%s) 0x%" PRIx32 " aligned to %" PRIu64,
			 h->type, h->size, h->count);
		break;
	case VR_RULE_INSIDE:
		snprintf(buf, size, "address of the member");
		break;
	case VR_RULE_POINTER:
		snprintf(buf, size, "pointer");
		break;
	case VR_RULE_ELEMENT:
		snprintf(buf, size, "element %" PRIu64 ", sizeof(%s) 0x%" PRIx32
			 " each", h->count, h->type, h->size);
		break;
	case VR_RULE_FIRST:
		snprintf(buf, size, "first member of vring_virtqueue: same address");
		break;
	case VR_RULE_WORD:
		if (h->offset <= 2)
			snprintf(buf, size, "16-bit word");
		else
			snprintf(buf, size, "16-bit word behind ring[%" PRIu64 "]",
				 h->count - 1);
		break;
	case VR_RULE_SLOT:
		snprintf(buf, size, "pointer %" PRIu64 " of the array", h->count);
		break;
	case VR_RULE_LIST:
		snprintf(buf, size, "on this list");
		break;
	case VR_RULE_AROUND:
		snprintf(buf, size, "minus the member's offset");
		break;
	case VR_RULE_FILE:
		if (h->addr)
			snprintf(buf, size, "a vhost file that pid %" PRIu64 " has open",
				 h->count);
		else
			snprintf(buf, size, "a vhost file; no process that has it was found");
		break;
	case VR_RULE_USER:
		snprintf(buf, size, "address in the owner's memory");
		break;
	}
}
