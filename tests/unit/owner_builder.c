// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * owner_builder.c - packets, and the sk_buffs and xdp_frames around them.
 */
#include "unit.h"
#include "owner_builder.h"

#define HEAD_SIZE	1024

/* RFC 791: version and length, total length, protocol, addresses. */
struct bytes ipv4_packet(uint8_t protocol, const void *payload, size_t len)
{
	struct bytes b = { .byte = { 0x45, [3] = (uint8_t)(20 + len), [8] = 64,
		[9] = protocol, [12] = 10, 0, 0, 1, 10, 0, 0, 2 },
		.len = 20 + len };

	assert_true(b.len <= sizeof(b.byte));
	memcpy(b.byte + 20, payload, len);
	return b;
}

/* RFC 8200: version, payload length, next header, hop limit, addresses. */
struct bytes ipv6_packet(uint8_t next, const void *payload, size_t len)
{
	struct bytes b = { .byte = { 0x60, [5] = (uint8_t)len, next, 64,
		[8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2 }, .len = 40 + len };

	assert_true(b.len <= sizeof(b.byte));
	memcpy(b.byte + 40, payload, len);
	return b;
}

struct owner_guest owner_guest(enum guest_era era)
{
	struct owner_guest x = { .g = guest_new(era) };

	/* el7's is a real layout and has all but XDP, which that kernel has not. */
	if (era != ERA_EL7)
		fake_load_layout(x.g->f, "hand-owners.layout");
	x.n = guest_nic(x.g, &(struct nic_spec){ .name = "eth0", .num = 16,
						 .ctrl = true });
	return x;
}

static void set_skb(struct owner_guest *x, uint64_t skb, const char *member,
		    uint64_t v)
{
	fake_set(x->g->f, skb, "sk_buff", member, v);
}

uint64_t new_skb(struct owner_guest *x, uint16_t ethertype,
		 const struct bytes *b, uint32_t frags)
{
	struct fake_target *f = x->g->f;
	uint64_t skb = fake_alloc(f, fake_sizeof(f, "sk_buff"));
	uint64_t head = fake_alloc(f, HEAD_SIZE);

	fake_put(f, VR_KERNEL, head + SKB_ROOM + ETHER, b->byte, b->len);
	set_skb(x, skb, "dev", x->n->dev);
	set_skb(x, skb, "head", head);
	set_skb(x, skb, "data", head + SKB_ROOM);
	set_skb(x, skb, "network_header", SKB_ROOM + ETHER);
	set_skb(x, skb, "tail", SKB_ROOM + ETHER + b->len);
	set_skb(x, skb, "end", HEAD_SIZE);
	set_skb(x, skb, "len", ETHER + b->len + frags);
	set_skb(x, skb, "data_len", frags);
	/* In the network's byte order, on a little-endian machine. */
	set_skb(x, skb, "protocol", (uint16_t)(ethertype >> 8 | ethertype << 8));
	return skb;
}

uint64_t new_xdp_frame(struct owner_guest *x, uint16_t len, uint16_t headroom,
		       unsigned header)
{
	struct fake_target *f = x->g->f;
	uint64_t frame = fake_alloc(f, 4096) + header;

	fake_set(f, frame, "xdp_frame", "data",
		 frame + fake_sizeof(f, "xdp_frame") + headroom);
	fake_set(f, frame, "xdp_frame", "len", len);
	fake_set(f, frame, "xdp_frame", "headroom", headroom);
	return frame;
}

uint16_t give(struct ring *r, uint64_t token, uint32_t len, bool writable)
{
	uint16_t head = ring_add(r, 1);

	fake_u32(r->f, r->desc + 16ULL * head + 8, len);
	fake_u16(r->f, r->desc + 16ULL * head + 12, writable ? 2 : 0);
	ring_set_token(r, head, token);
	return head;
}

struct vr_queue read_owners(struct owner_guest *x, const char *queue)
{
	struct walked w = { .sel = { .device = "eth0", .full = true, .owners = true } };
	struct vr_missing missing;
	struct vr_queue q;

	guest_resolve(x->g);
	if (vr_layout_resolve(&x->g->c, VR_G_OWNERS, &missing))
		fail_msg("%s.%s is missing", missing.type, missing.path);
	assert_int_equal(vr_select_queue(&w.sel, queue), 0);
	w.sel.full = true;
	w.status = vr_net_walk(&x->g->c, &w.sel, &w.snap, &w.err);
	assert_int_equal(w.status, VR_WALK_OK);
	q = w.snap.devices[0].queues[0];
	assert_true(q.owners.wanted);
	return q;
}

const struct vr_owner *owner_at(const struct vr_queue *q, uint32_t head)
{
	for (uint32_t i = 0; i < q->owners.count; i++)
		if (q->owners.owner[i].head == head)
			return &q->owners.owner[i];
	fail_msg("no owner at head %u", head);
	return NULL;
}

struct vr_owner only_owner(struct owner_guest *x, uint64_t token)
{
	struct vr_queue q;

	give(&x->n->tx[0], token, 40, false);
	q = read_owners(x, "tx0");
	return *owner_at(&q, 0);
}
