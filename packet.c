// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packet.c - who talks to whom, from a packet's headers: IPv4 (RFC 791), IPv6 and
 * its extension headers (RFC 8200), ports and ICMP types.
 *
 * Only a window of the packet is read, and nothing outside of it is looked at.
 */
#include <string.h>

#include "vring.h"

#define PAGE		4096u
#define WINDOW		128u
#define MAX_EXTENSIONS	8

#define ETH_IPV4	0x0800
#define ETH_IPV6	0x86dd

/* Protocol numbers, IPv6 extension headers among them. */
#define HOP_BY_HOP	0
#define ICMP		1
#define TCP		6
#define UDP		17
#define ROUTING		43
#define FRAGMENT	44
#define ICMP6		58
#define DESTINATION	60

struct window {
	uint8_t byte[WINDOW];
	size_t len;
};

static struct vr_val be16(const struct window *w, size_t at)
{
	if (at + 2 > w->len)
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ (uint64_t)w->byte[at] << 8 | w->byte[at + 1],
				VR_READ };
}

static void transport(const struct window *w, size_t at, unsigned protocol,
		      struct vr_flow *f)
{
	f->protocol = (struct vr_val){ protocol, VR_READ };
	if (protocol == TCP || protocol == UDP) {
		f->sport = be16(w, at);
		f->dport = be16(w, at + 2);
	} else if (protocol == ICMP || protocol == ICMP6) {
		f->icmp_type = (struct vr_val){ .have = VR_UNREAD };
		if (at < w->len)
			f->icmp_type = (struct vr_val){ w->byte[at], VR_READ };
	}
}

static void ipv4(const struct window *w, struct vr_flow *f)
{
	size_t header = (w->byte[0] & 15) * 4u;

	if (w->len < 20 || w->byte[0] >> 4 != 4 || header < 20)
		return;
	f->version = 4;
	memcpy(f->src, w->byte + 12, 4);
	memcpy(f->dst, w->byte + 16, 4);
	f->protocol = (struct vr_val){ w->byte[9], VR_READ };
	/* The offset of a fragment: only the first one has the transport's header. */
	if (!(be16(w, 6).v & 0x1fff))
		transport(w, header, w->byte[9], f);
}

static void ipv6(const struct window *w, struct vr_flow *f)
{
	unsigned next = w->byte[6];
	size_t at = 40;

	if (w->len < 40 || w->byte[0] >> 4 != 6)
		return;
	f->version = 6;
	memcpy(f->src, w->byte + 8, 16);
	memcpy(f->dst, w->byte + 24, 16);
	for (unsigned i = 0; i < MAX_EXTENSIONS; i++) {
		bool fragment = next == FRAGMENT;

		if (next != HOP_BY_HOP && next != ROUTING &&
		    next != DESTINATION && !fragment) {
			transport(w, at, next, f);
			return;
		}
		if (at + 8 > w->len)
			break;
		next = w->byte[at];
		if (fragment && (be16(w, at + 2).v & 0xfff8)) {
			f->protocol = (struct vr_val){ next, VR_READ };
			return;
		}
		at += fragment ? 8 : (w->byte[at + 1] + 1u) * 8;
	}
	f->protocol = (struct vr_val){ .have = VR_UNREAD };
}

void vr_flow_read(struct vr_ctx *c, uint64_t addr, uint64_t avail,
		  uint16_t ethertype, struct vr_flow *ret)
{
	struct window w = { .len = avail < WINDOW ? avail : WINDOW };

	*ret = (struct vr_flow){ .version = 0 };
	if ((ethertype != ETH_IPV4 && ethertype != ETH_IPV6) || !w.len)
		return;
	if (vr_read(c, addr, w.byte, w.len)) {
		/* The headers may well be on the page before a missing one. */
		if (w.len > PAGE - addr % PAGE)
			w.len = PAGE - addr % PAGE;
		memset(w.byte, 0, sizeof(w.byte));
		if (vr_read(c, addr, w.byte, w.len))
			return;
	}
	if (ethertype == ETH_IPV4)
		ipv4(&w, ret);
	else
		ipv6(&w, ret);
}
