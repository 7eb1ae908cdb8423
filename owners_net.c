// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * owners_net.c - what virtio_net's tokens are.
 *
 * Sent packets are sk_buffs or xdp_frames, told apart by the pointer's low bits in
 * a way that has changed; received ones are pages, pieces of pages or sk_buffs.
 * Which it is follows from members and constants that came with each change.
 */
#include <string.h>

#include "vring.h"

/* Low bits of a transmit token before they were a type. */
#define TAG_MASK	3u
#define TAG_XDP		1u	/* 5.0 */
#define TAG_ORPHAN	2u	/* 6.12 */
#define XSK_SHIFT	2	/* an AF_XDP token's length (6.14) */

/* Low bits of a receive token before sizes moved to the context (3.16 to 4.9). */
#define MERGE_ALIGN	256u
/* The context: headroom above, size below. */
#define CTX_SIZE_MASK	0x3fffffu

#define ETH_ADDRESSES	12	/* bytes in front of an ethertype */
#define ETH_VLAN	0x8100
#define ETH_VLAN_AD	0x88a8
#define MAX_TAGS	2

#define MAX_HEAD	0x1000000u	/* of an sk_buff's linear part */
#define MAX_XDP		0x100000u
#define MAX_META	256u

/* A queue's owners while they are being told. */
struct net {
	struct vr_ctx *c;
	const struct vr_device *d;
	const struct vr_queue *q;
	struct vr_obj vi, rq;
	struct vr_val header;	/* bytes of the virtio header */
};

/* ---- sk_buff ------------------------------------------------------------------- */

/* The members of an sk_buff that decide whether it is one. */
struct skb {
	uint64_t dev, head, data;
	struct vr_val len, data_len, tail, end, network;
};

/* What a live sk_buff of this device must hold; NULL, or what does not fit. */
static const char *misfit(const struct net *n, const struct skb *s)
{
	uint64_t room = s->data - s->head;

	if (s->dev != n->d->ref.addr)
		return "its dev is not this device";
	if (vr_owner_suspect(n->q, s->head, 1) ||
	    vr_owner_suspect(n->q, s->data, 1) || s->data < s->head)
		return "its data lies nowhere";
	if (s->end.v > MAX_HEAD || s->tail.v > s->end.v || room > s->tail.v)
		return "its data is outside of its buffer";
	if (s->data_len.v > s->len.v ||
	    s->len.v - s->data_len.v != s->tail.v - room)
		return "its lengths do not add up";
	return NULL;
}

static struct skb load_skb(const struct net *n, const struct vr_obj *o)
{
	struct vr_ctx *c = n->c;

	return (struct skb){ .dev = vr_get_ptr(c, o, VR_SKB_DEV, NULL),
		.head = vr_get_aligned(c, o, VR_SKB_HEAD, 1, NULL),
		.data = vr_get_aligned(c, o, VR_SKB_DATA, 1, NULL),
		.len = vr_get(c, o, VR_SKB_LEN, NULL),
		.data_len = vr_get(c, o, VR_SKB_DATA_LEN, NULL),
		.tail = vr_get(c, o, VR_SKB_TAIL, NULL),
		.end = vr_get(c, o, VR_SKB_END, NULL),
		.network = vr_get(c, o, VR_SKB_NETWORK, NULL) };
}

/* A number that was read in our byte order and is in the network's. */
static struct vr_val from_network(const struct vr_ctx *c, struct vr_val v)
{
	if (v.have == VR_READ && !c->t->big_endian)
		v.v = (v.v >> 8 & 0xff) | (v.v & 0xff) << 8;
	return v;
}

/* The ethertype of what the network header begins.  A VLAN's tag in the packet
 * is what 'protocol' names; the type behind it stands in front of that header. */
static uint16_t network_type(const struct net *n, const struct skb *s,
			     struct vr_val protocol)
{
	uint8_t type[2];

	if ((protocol.v != ETH_VLAN && protocol.v != ETH_VLAN_AD) ||
	    s->network.v < 2 ||
	    vr_read(n->c, s->head + s->network.v - 2, type, sizeof(type)))
		return (uint16_t)protocol.v;
	return (uint16_t)(type[0] << 8 | type[1]);
}

static void read_skb(const struct net *n, struct vr_owner *o)
{
	static const enum vr_slot members[] = {
		VR_SKB_LEN, VR_SKB_DATA_LEN, VR_SKB_DEV, VR_SKB_PROTOCOL,
		VR_SKB_NETWORK, VR_SKB_TAIL, VR_SKB_END, VR_SKB_HEAD,
		VR_SKB_DATA,
	};
	struct vr_packet *p;
	struct vr_obj obj;
	struct skb s;

	o->why = vr_owner_suspect(n->q, o->addr, 8);
	if (o->why)
		return;
	obj = vr_obj_cover(n->c, o->addr, members,
			   sizeof(members) / sizeof(members[0]));
	o->why = "unreadable";
	p = vr_alloc(&n->c->arena, 1, sizeof(*p));
	if (!obj.data || !p)
		return;
	s = load_skb(n, &obj);
	o->why = misfit(n, &s);
	if (o->why)
		return;
	o->packet = p;
	p->len = s.len;
	p->data_len = s.data_len;
	memcpy(p->dev, n->d->ref.name, sizeof(p->dev));
	/* An empty receive buffer is not yet of any protocol. */
	p->protocol = (struct vr_val){ .have = VR_ABSENT };
	if (n->q->dir != VR_TX)
		return;
	p->protocol = from_network(n->c, vr_get(n->c, &obj, VR_SKB_PROTOCOL, NULL));
	if (s.network.v < s.tail.v)
		vr_flow_read(n->c, s.head + s.network.v, s.tail.v - s.network.v,
			     network_type(n, &s, p->protocol), &p->flow);
}

/* ---- xdp_frame -------------------------------------------------------------------- */

/* Protocol and flow of an Ethernet frame, VLAN tags looked behind. */
static void read_ethernet(struct vr_ctx *c, uint64_t addr, uint64_t len,
			  struct vr_packet *p)
{
	uint64_t at = ETH_ADDRESSES;
	uint16_t type = 0;
	uint8_t raw[2];

	p->protocol = (struct vr_val){ .have = VR_UNREAD };
	for (unsigned tags = 0; tags <= MAX_TAGS && at + 2 <= len; tags++, at += 4) {
		if (vr_read(c, addr + at, raw, sizeof(raw)))
			return;
		type = (uint16_t)(raw[0] << 8 | raw[1]);
		if (!tags)
			p->protocol = (struct vr_val){ type, VR_READ };
		if (type != ETH_VLAN && type != ETH_VLAN_AD) {
			vr_flow_read(c, addr + at + 2, len - at - 2, type, &p->flow);
			return;
		}
	}
}

static void read_xdp(const struct net *n, struct vr_owner *o)
{
	static const enum vr_slot members[] = {
		VR_XDPF_DATA, VR_XDPF_LEN, VR_XDPF_HEADROOM,
	};
	struct vr_ctx *c = n->c;
	struct vr_val len, headroom;
	struct vr_packet *p;
	struct vr_obj obj;
	uint64_t room, data;

	/* It stands behind a virtio header, of 10, 12 or 20 bytes. */
	o->why = vr_owner_suspect(n->q, o->addr, 2);
	if (o->why)
		return;
	obj = vr_obj_cover(c, o->addr, members, 3);
	o->why = "unreadable";
	p = vr_alloc(&c->arena, 1, sizeof(*p));
	if (!obj.data || !p)
		return;
	len = vr_get(c, &obj, VR_XDPF_LEN, NULL);
	headroom = vr_get(c, &obj, VR_XDPF_HEADROOM, NULL);
	data = vr_get_aligned(c, &obj, VR_XDPF_DATA, 1, NULL);
	/* The frame stands at the start of the headroom of its own packet. */
	room = data - o->addr - c->layout.f[VR_SZ_XDP_FRAME].size;
	o->why = "its data does not follow it";
	if (len.have != VR_READ || headroom.have != VR_READ || !len.v ||
	    len.v > MAX_XDP || headroom.v > MAX_XDP || room > headroom.v + MAX_META)
		return;
	o->why = NULL;
	o->packet = p;
	p->len = len;
	p->data_len = (struct vr_val){ .have = VR_ABSENT };
	/* The driver has put its header in front of the packet, and counted it. */
	if (n->header.have == VR_READ && n->header.v < len.v)
		read_ethernet(c, data + n->header.v, len.v - n->header.v, p);
	else
		p->protocol = (struct vr_val){ .have = VR_UNREAD };
}

/* ---- transmit queues --------------------------------------------------------------- */

static void find_types(struct vr_ctx *c)
{
	static const char module[] = "virtio_net";

	if (c->layout.xmit.tried)
		return;
	c->layout.xmit.tried = true;
	c->layout.xmit.typed =
		vr_type_constant(c, module, "VIRTNET_XMIT_TYPE_SKB",
				 &c->layout.xmit.skb) &&
		vr_type_constant(c, module, "VIRTNET_XMIT_TYPE_SKB_ORPHAN",
				 &c->layout.xmit.orphan) &&
		vr_type_constant(c, module, "VIRTNET_XMIT_TYPE_XDP",
				 &c->layout.xmit.xdp) &&
		vr_type_constant(c, module, "VIRTNET_XMIT_TYPE_XSK",
				 &c->layout.xmit.xsk);
}

/* Up to 4.19 some queues were XDP's alone, and their tokens bare buffers. */
static bool raw_xdp_queue(const struct net *n)
{
	struct vr_val xdp = vr_get(n->c, &n->vi, VR_VI_XDP_PAIRS, NULL);
	uint64_t pairs = n->d->curr_pairs.v;

	if (vr_has(n->c, VR_VVQ_DESC_STATE_PTR) || xdp.have == VR_ABSENT)
		return false;
	if (xdp.have != VR_READ || n->d->curr_pairs.have != VR_READ)
		return true;	/* for all that is known */
	return n->q->pair < pairs && n->q->pair + xdp.v >= pairs;
}

/* The kind by a type in the low bits (6.14). */
static void by_type(const struct vr_ctx *c, struct vr_owner *o, uint64_t type)
{
	if (type == c->layout.xmit.skb || type == c->layout.xmit.orphan)
		o->kind = VR_OWNER_SKB;
	else if (type == c->layout.xmit.xdp)
		o->kind = VR_OWNER_XDP_FRAME;
	else if (type == c->layout.xmit.xsk)
		o->kind = VR_OWNER_XSK;
	o->orphan = type == c->layout.xmit.orphan;
}

/*
 * The kind by flags in the low bits.  The one for XDP came in the release that
 * gave the tokens an array of their own; enterprise kernels took both over in one.
 * Behind a header of 10 bytes an xdp_frame's address has the other bit.
 */
static void by_flags(const struct vr_ctx *c, struct vr_owner *o, uint64_t flags)
{
	if (!flags)
		o->kind = VR_OWNER_SKB;
	else if ((flags & TAG_XDP) && vr_has(c, VR_VVQ_DESC_STATE_PTR))
		o->kind = VR_OWNER_XDP_FRAME;
	else if (flags == TAG_ORPHAN && vr_has(c, VR_SQ_FREE_NAPI))
		o->kind = VR_OWNER_SKB;
	o->orphan = flags == TAG_ORPHAN && o->kind == VR_OWNER_SKB;
}

static void tell_sent(const struct net *n, struct vr_owner *o)
{
	bool typed = n->c->layout.xmit.typed;

	o->kind = VR_OWNER_UNKNOWN;
	if (typed)
		by_type(n->c, o, o->token & TAG_MASK);
	else
		by_flags(n->c, o, o->token & TAG_MASK);
	switch (o->kind) {
	case VR_OWNER_SKB:
		o->addr = o->token & ~(uint64_t)TAG_MASK;
		read_skb(n, o);
		break;
	case VR_OWNER_XDP_FRAME:
		o->addr = o->token & ~(uint64_t)(typed ? TAG_MASK : TAG_XDP);
		read_xdp(n, o);
		break;
	case VR_OWNER_XSK:
		o->xsk_len = (struct vr_val){ o->token >> XSK_SHIFT, VR_READ };
		break;
	default:
		break;
	}
}

/* ---- receive queues ------------------------------------------------------------------ */

/* The context that the driver keeps beside the token, in the place of an indirect
 * table that such queues never have (4.12). */
static struct vr_val context_size(const struct net *n, uint32_t head)
{
	const struct vr_field *f = n->c->layout.f;
	enum vr_slot indir = n->q->packed ? VR_PSTATE_INDIR : VR_STATE_INDIR;
	enum vr_slot size = n->q->packed ? VR_SZ_PSTATE : VR_SZ_DESC_STATE;
	struct vr_val v = { .have = VR_UNREAD };

	if (!vr_has(n->c, indir) || !n->q->desc_state ||
	    n->q->indirect.have != VR_READ || n->q->indirect.v ||
	    vr_read(n->c, n->q->desc_state + f[indir].offset +
		    (uint64_t)head * f[size].size, &v.v, sizeof(v.v)))
		return v;
	v.v &= CTX_SIZE_MASK;
	v.have = v.v ? VR_READ : VR_UNREAD;
	return v;
}

static void tell_mergeable(const struct net *n, struct vr_owner *o)
{
	o->kind = VR_OWNER_BUFFER;
	o->addr = o->token;
	if (n->c->layout.f[VR_RQ_MIN_BUF].missed) {
		o->kind = VR_OWNER_UNKNOWN;
	} else if (vr_has(n->c, VR_RQ_MIN_BUF)) {
		o->truesize = context_size(n, o->head);
	} else if (vr_has(n->c, VR_RQ_AVERAGE)) {
		o->addr = o->token & ~(uint64_t)(MERGE_ALIGN - 1);
		o->truesize.v = ((o->token & (MERGE_ALIGN - 1)) + 1) * MERGE_ALIGN;
		o->truesize.have = VR_READ;
	} else if (!vr_has(n->c, VR_VI_ALLOC_FRAG)) {
		o->kind = VR_OWNER_PAGE;
	}
}

/* Receive buffers are not read: only the kind and the place are told. */
static void tell_received(const struct net *n, struct vr_owner *o,
			  struct vr_val mergeable, struct vr_val big)
{
	const struct vr_val pool = vr_get_ptr_val(n->c, &n->rq, VR_RQ_XSK_POOL, NULL);

	o->kind = VR_OWNER_UNKNOWN;
	if (pool.have == VR_UNREAD)
		return;
	if (pool.v) {
		o->kind = VR_OWNER_XDP_BUFF;
		o->addr = o->token;
	} else if (mergeable.have != VR_READ || big.have != VR_READ) {
		return;
	} else if (mergeable.v) {
		tell_mergeable(n, o);
	} else if (big.v) {
		o->kind = VR_OWNER_PAGES;
		o->addr = o->token;
	} else {
		o->kind = vr_has(n->c, VR_RQ_MIN_BUF) ? VR_OWNER_BUFFER :
			  n->c->layout.f[VR_RQ_MIN_BUF].missed ? VR_OWNER_UNKNOWN :
								 VR_OWNER_SKB;
		o->addr = o->token;
	}
	if (o->kind == VR_OWNER_SKB)
		read_skb(n, o);
	else if ((o->addr ^ n->q->vring_virtqueue) >> 56)
		o->why = "no kernel address";
}

void vr_owners_net(struct vr_ctx *c, const struct vr_device *d, struct vr_queue *q)
{
	struct net n = { .c = c, .d = d, .q = q, .vi = { .addr = d->virtnet_info },
			 .rq = { .addr = q->owner } };
	struct vr_val mergeable = vr_get(c, &n.vi, VR_VI_MERGEABLE,
					 "virtnet_info.mergeable_rx_bufs");
	struct vr_val big = vr_get(c, &n.vi, VR_VI_BIG_PACKETS,
				   "virtnet_info.big_packets");
	bool raw = q->dir == VR_TX && raw_xdp_queue(&n);

	n.header = vr_get(c, &n.vi, VR_VI_HDR_LEN, "virtnet_info.hdr_len");
	find_types(c);
	for (uint32_t i = 0; i < q->owners.count; i++) {
		struct vr_owner *o = &q->owners.owner[i];

		if (raw)
			o->kind = VR_OWNER_UNKNOWN;
		else if (q->dir == VR_TX)
			tell_sent(&n, o);
		else if (q->dir == VR_RX)
			tell_received(&n, o, mergeable, big);
	}
}
