/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owner_builder.h - what drivers' tokens lead to: packets and block requests in a
 * fake target's memory.
 */
#ifndef OWNER_BUILDER_H
#define OWNER_BUILDER_H

#include "guest_builder.h"

/* Bytes of a packet as they are on the wire behind the Ethernet header. */
struct bytes {
	uint8_t byte[256];
	size_t len;
};

/* An IPv4 header and what comes behind it; 10.0.0.1 to 10.0.0.2. */
struct bytes ipv4_packet(uint8_t protocol, const void *payload, size_t len);
/* An IPv6 header likewise; fd00::1 to fd00::2. */
struct bytes ipv6_packet(uint8_t next, const void *payload, size_t len);

#define SKB_ROOM	64	/* in front of the Ethernet header */
#define ETHER		14

/* A device with one queue pair, rings of 16, and the types of what its tokens are. */
struct owner_guest {
	struct guest *g;
	struct nic *n;
};

struct owner_guest owner_guest(enum guest_era era);
/* An sk_buff of the device that holds this packet, with 'frags' bytes more in
 * fragments. */
uint64_t new_skb(struct owner_guest *x, uint16_t ethertype,
		 const struct bytes *b, uint32_t frags);
/* An xdp_frame behind a virtio header of so many bytes, with 'headroom' between it
 * and its data. */
uint64_t new_xdp_frame(struct owner_guest *x, uint16_t len, uint16_t headroom,
		       unsigned header);
/* The driver publishes one descriptor of 'len' bytes with this token; its head. */
uint16_t give(struct ring *r, uint64_t token, uint32_t len, bool writable);
/* What 'vring -b eth0 QUEUE' reads of the queue. */
struct vr_queue read_owners(struct owner_guest *x, const char *queue);
/* The owner at a head; the test fails without it. */
const struct vr_owner *owner_at(const struct vr_queue *q, uint32_t head);
/* What is read of the only packet that is being sent. */
struct vr_owner only_owner(struct owner_guest *x, uint64_t token);

#endif
