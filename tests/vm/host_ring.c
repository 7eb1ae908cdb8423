// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_ring.c - the guest driver's part of host_tool: buffers into rings, kicks,
 * and everything that a driver gets wrong.
 */
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_vsock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host_tool.h"

#define HOST_CID	2
#define AWAIT_MS	20000

static size_t header_size(const struct vhost *v)
{
	uint64_t wide = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_MRG_RXBUF;

	return v->features & wide ? 12 : 10;
}

/* A tap with many queues spreads these by their ports. */
void fill_frame(unsigned char *frame, const unsigned char *to, unsigned port)
{
	static const unsigned char start[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00,
		0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2,
		0x40, 0, 0, 9, 0, 26, 0, 0 };

	memcpy(frame, start, sizeof(start));
	if (to)
		memcpy(frame, to, 6);
	frame[34] = (unsigned char)(0x40 + (port >> 8 & 0x3f));
	frame[35] = (unsigned char)port;
}

/* A vsock packet for a connection that does not exist: it is answered with a reset. */
static void fill_vsock(const struct vhost *v, unsigned char *buffer, unsigned port)
{
	struct virtio_vsock_hdr header = {
		.src_cid = v->cid, .dst_cid = HOST_CID, .src_port = 1000 + port,
		.dst_port = 9, .type = VIRTIO_VSOCK_TYPE_STREAM, .op = VIRTIO_VSOCK_OP_RW };

	memcpy(buffer, &header, sizeof(header));
}

/* Fill a chain of descriptors, in the ring or in a table of its own, over one buffer. */
static void fill_chain(struct vhost *v, struct ring *ring, unsigned chain, unsigned size,
		       struct vring_desc *table)
{
	unsigned slot = ring->published % POOL, piece = size / chain;
	uint64_t gpa = ring->gpa[BUFFERS] + slot * BUFFER + v->iova;
	bool receive = ring == &v->ring[0];

	for (unsigned k = 0; k < chain; k++) {
		unsigned at = table ? k : (ring->cursor + k) % ring->num;
		struct vring_desc *desc = table ? &table[at] : &ring->desc[at];
		bool last = k == chain - 1;

		desc->addr = gpa + k * piece;
		desc->len = last ? size - k * piece : piece;
		desc->flags = (uint16_t)((receive ? VRING_DESC_F_WRITE : 0) |
					 (last ? 0 : VRING_DESC_F_NEXT));
		desc->next = last ? 0 : (uint16_t)(table ? k + 1 : (at + 1) % ring->num);
	}
}

struct table *new_table(struct ring *ring, unsigned region, unsigned entries)
{
	struct table *table = &ring->table[ring->tables++];

	if (ring->tables > MAX_TABLES)
		give_up("tables");
	table->entries = entries;
	table->at = take(region, entries * sizeof(*table->at), &table->gpa);
	return table;
}

static void fill_indirect(struct vhost *v, struct ring *ring, unsigned chain, unsigned size)
{
	struct vring_desc *desc = &ring->desc[ring->cursor % ring->num];
	struct table *table = new_table(ring, 0, chain);

	fill_chain(v, ring, chain, size, table->at);
	desc->addr = table->gpa + v->iova;
	desc->len = (uint32_t)(chain * sizeof(*table->at));
	desc->flags = VRING_DESC_F_INDIRECT;
	desc->next = 0;
}

static void fill_buffer(struct vhost *v, struct ring *ring)
{
	unsigned char *buffer = ring->buffers + ring->published % POOL * BUFFER;

	if (ring == &v->ring[0])
		return;
	memset(buffer, 0, BUFFER);
	if (!strcmp(v->kind, "vsock"))
		fill_vsock(v, buffer, ring->published);
	else
		fill_frame(buffer + header_size(v), NULL, ring->published);
}

void put_head(struct ring *ring, unsigned head)
{
	uint16_t at = (uint16_t)(ring->base + ring->published++);

	ring->avail->ring[at % ring->num] = (uint16_t)head;
}

void set_index(struct ring *ring)
{
	__atomic_store_n(&ring->avail->idx, (uint16_t)(ring->base + ring->published),
			 __ATOMIC_SEQ_CST);
}

/* publish VHOST INDEX COUNT SIZE CHAIN [indirect] */
void do_publish(char **w)
{
	struct vhost *v = vhost_named(w[1]);
	struct ring *ring = ring_named(w);
	unsigned size = (unsigned)number(w[4]), chain = (unsigned)number(w[5]);

	for (uint64_t left = number(w[3]); left; left--) {
		unsigned head = ring->cursor % ring->num;

		fill_buffer(v, ring);
		if (w[6])
			fill_indirect(v, ring, chain, size);
		else
			fill_chain(v, ring, chain, size, NULL);
		ring->cursor += w[6] ? 1 : chain;
		put_head(ring, head);
	}
	set_index(ring);
}

/* kick VHOST INDEX */
void do_kick(char **w)
{
	struct ring *ring = ring_named(w);

	ring->kicks++;
	if (eventfd_write(ring->kick, 1))
		failed("kick");
}

/* head VHOST INDEX HEAD: publish any number as a head, whatever its descriptor says */
void do_head(char **w)
{
	struct ring *ring = ring_named(w);

	put_head(ring, (unsigned)number(w[3]));
	set_index(ring);
}

/* jump VHOST INDEX COUNT: move the index on without filling anything */
void do_jump(char **w)
{
	struct ring *ring = ring_named(w);

	ring->published += (unsigned)number(w[3]);
	set_index(ring);
}

/* What a word names: "buffers", "table0" ..., else a number; as the device sees it. */
static uint64_t address(const struct vhost *v, const struct ring *ring, const char *word)
{
	if (!strcmp(word, "buffers"))
		return ring->gpa[BUFFERS] + v->iova;
	if (!strncmp(word, "table", 5))
		return ring->table[number(word + 5) % MAX_TABLES].gpa + v->iova;
	return number(word);
}

static void set_descriptor(struct vring_desc *desc, uint64_t addr, char **w)
{
	*desc = (struct vring_desc){ .addr = addr, .len = (uint32_t)number(w[0]),
		.flags = (uint16_t)number(w[1]), .next = (uint16_t)number(w[2]) };
}

/* descriptor VHOST INDEX AT ADDRESS LEN FLAGS NEXT: whatever it may be */
void do_descriptor(char **w)
{
	struct ring *ring = ring_named(w);

	set_descriptor(&ring->desc[number(w[3]) % ring->num],
		       address(vhost_named(w[1]), ring, w[4]), w + 5);
}

/* table VHOST INDEX REGION ENTRIES: memory for an indirect table */
void do_table(char **w)
{
	new_table(ring_named(w), (unsigned)number(w[3]), (unsigned)number(w[4]));
}

/* entry VHOST INDEX TABLE AT ADDRESS LEN FLAGS NEXT: a descriptor in there */
void do_entry(char **w)
{
	struct ring *ring = ring_named(w);
	struct table *table = &ring->table[number(w[3]) % MAX_TABLES];

	set_descriptor(&table->at[number(w[4]) % table->entries],
		       address(vhost_named(w[1]), ring, w[5]), w + 6);
}

/* tell VHOST INDEX COUNT: show so many descriptors and all tables in the state */
void do_tell(char **w)
{
	ring_named(w)->told = (unsigned)number(w[3]);
}

/* interrupts VHOST INDEX FLAGS USED_EVENT: what the driver asks for */
void do_interrupts(char **w)
{
	struct ring *ring = ring_named(w);

	ring->avail->flags = (uint16_t)number(w[3]);
	*used_event(ring) = (uint16_t)number(w[4]);
}

/* await VHOST INDEX COUNT: until so many buffers have come back since the start */
void do_await(char **w)
{
	struct ring *ring = ring_named(w);
	uint16_t goal = (uint16_t)(ring->used_base + number(w[3]));

	for (int ms = 0; ms < AWAIT_MS; ms++) {
		if (__atomic_load_n(&ring->used->idx, __ATOMIC_SEQ_CST) == goal)
			return;
		usleep(1000);
	}
	printf("LAB: host_tool: used index %u of %u\n", ring->used->idx, goal);
	failed("await");
}
