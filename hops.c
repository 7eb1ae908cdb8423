// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hops.c - the way from a net_device to a ring, hop by hop, for vqwalk.
 *
 * The walk has already been made; this names what it did, from the snapshot and
 * the layout alone.
 */
#include <inttypes.h>

#include "vring.h"

#define MAX_HOPS	12
#define NETDEV_ALIGN	32

static struct vr_hop *add(struct vr_path *p, const char *type, uint64_t addr,
			  enum vr_rule rule)
{
	struct vr_hop *h = &p->hops[p->nhops++];

	h->type = type;
	h->addr = addr;
	h->rule = rule;
	return h;
}

/* A pointer member that was followed. */
static void pointer(struct vr_path *p, const struct vr_ctx *c, uint64_t addr,
		    enum vr_slot s, uint64_t next)
{
	const struct vr_field *f = &c->layout.f[s];
	struct vr_hop *h = add(p, f->type, addr, VR_RULE_POINTER);

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
			 const struct vr_device *d)
{
	const struct vr_field *priv = &c->layout.f[VR_DEV_PRIV];
	struct vr_hop *h = add(p, "net_device", d->ref.addr,
			       priv->known ? VR_RULE_INSIDE : VR_RULE_BEHIND);

	h->member = priv->known ? priv->path : NULL;
	h->offset = priv->offset;
	h->size = c->layout.f[VR_SZ_NET_DEVICE].size;
	h->count = NETDEV_ALIGN;
	h->next = d->virtnet_info;
}

static void queue_of_pair(struct vr_path *p, const struct vr_ctx *c,
			  const struct vr_device *d, const struct vr_queue *q)
{
	bool tx = q->dir == VR_TX;
	const struct vr_field *size = &c->layout.f[tx ? VR_SZ_SEND_QUEUE :
							VR_SZ_RECEIVE_QUEUE];
	uint64_t base = q->owner - (uint64_t)q->pair * size->size;
	struct vr_hop *h;

	pointer(p, c, d->virtnet_info, tx ? VR_VI_SQ : VR_VI_RQ, base);
	h = add(p, size->type, base, VR_RULE_ELEMENT);
	h->count = q->pair;
	h->size = size->size;
	h->next = q->owner;
	pointer(p, c, q->owner, tx ? VR_SQ_VQ : VR_RQ_VQ, virtqueue_of(c, q));
}

static void trace(struct vr_path *p, const struct vr_ctx *c)
{
	const struct vr_device *d = p->device;
	const struct vr_queue *q = p->queue;
	struct vr_hop *h;

	private_area(p, c, d);
	if (q->dir == VR_CTRL)
		pointer(p, c, d->virtnet_info, VR_VI_CVQ, virtqueue_of(c, q));
	else
		queue_of_pair(p, c, d, q);
	if (!q->vring_virtqueue)
		return;
	h = add(p, "virtqueue", virtqueue_of(c, q), VR_RULE_FIRST);
	h->next = q->vring_virtqueue;
	if (q->packed)
		return;
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

int vr_trace(struct vr_ctx *c, const struct vr_snapshot *s, struct vr_walks *ret)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->ndevices; i++)
		n += s->devices[i].nqueues;
	ret->path = vr_alloc(&c->arena, n ? n : 1, sizeof(*ret->path));
	if (!ret->path)
		return -1;
	for (unsigned i = 0; i < s->ndevices; i++) {
		for (unsigned k = 0; k < s->devices[i].nqueues; k++) {
			struct vr_path *p = &ret->path[ret->count];

			p->device = &s->devices[i];
			p->queue = &s->devices[i].queues[k];
			p->hops = vr_alloc(&c->arena, MAX_HOPS, sizeof(*p->hops));
			if (!p->hops)
				return -1;
			trace(p, c);
			ret->count++;
		}
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
		if (h->offset == 2)
			snprintf(buf, size, "16-bit word");
		else
			snprintf(buf, size, "16-bit word behind ring[%" PRIu64 "]",
				 h->count - 1);
		break;
	}
}
