// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest_scene.c - builds a sound guest by the unit tests' own means.
 */
#include <string.h>

#include "bus_builder.h"
#include "guest_scene.h"
#include "irq_builder.h"
#include "owner_builder.h"

#define RING_SIZE	16
#define PACKED_SIZE	13
#define CPUS		4
#define TICK		4000000ULL	/* 250 Hz, in ns */

/* The seeds name these by number. */
static const struct {
	enum guest_era era;
	enum irq_era irqs;
	bool packed, in_order;
} kinds[GUEST_KINDS] = {
	{ ERA_3_10, IRQ_RADIX_HEIGHT, false, false },
	{ ERA_EL7, IRQ_RADIX_HEIGHT, false, false },
	{ ERA_4_9, IRQ_RADIX_SHIFT, false, false },
	{ ERA_5_4, IRQ_XARRAY, false, false },
	{ ERA_5_15, IRQ_XARRAY, false, false },
	{ ERA_6_12, IRQ_MAPLE, false, false },
	{ ERA_7_1, IRQ_MAPLE, false, false },
	{ ERA_5_4, IRQ_ARRAY, true, false },
	{ ERA_5_15, IRQ_XARRAY, true, false },
	{ ERA_6_12, IRQ_MAPLE, true, false },
	{ ERA_7_1, IRQ_MAPLE, true, true },
};

/* Some of each kind: published, returned, reaped, indirect. */
static void use_ring(struct ring *r)
{
	uint16_t head[4];

	for (unsigned i = 0; i < 4; i++)
		head[i] = i == 2 ? ring_add_indirect(r, 3) : ring_add(r, 1 + i % 2);
	ring_return(r, head[1], 60);
	ring_return(r, head[0], 1500);
	ring_reap(r);
}

/* The same of a packed ring round its end, with a short buffer that overtakes a long one, or in order
 * with an open batch; 'vvq' was a split ring's. */
static void use_packed(struct guest *g, uint64_t vvq, bool in_order)
{
	struct packed p;
	uint16_t id;

	packed_build(&p, g->f, &(struct packed_spec){ .num = PACKED_SIZE,
						      .in_order = in_order, .vvq_at = vvq });
	packed_advance(&p, PACKED_SIZE - 3);
	packed_add(&p, 3);
	id = packed_add(&p, 1);
	packed_add_indirect(&p, 3);
	packed_add(&p, 2);
	if (in_order) {
		packed_return_batch(&p, 3, 60);
	} else {
		packed_return(&p, id, 60);
		packed_return(&p, packed_oldest(&p), 60);
	}
	packed_reap(&p);
	packed_set_area(&p, p.driver, packed_off_wrap(&p, p.reap), 2);
	packed_set_area(&p, p.device, packed_off_wrap(&p, p.used), 2);
}

/* An in-order split ring in a split ring's place. */
static void use_in_order(struct guest *g, uint64_t vvq)
{
	struct ring r;

	ring_build(&r, g->f, &(struct ring_spec){ .num = RING_SIZE, .start = 65530,
						  .in_order = true, .vvq_at = vvq });
	for (unsigned i = 0; i < 9; i++)
		i == 3 ? ring_add_indirect(&r, 3) : ring_add(&r, 1 + i % 2);
	ring_return_batch(&r, 5, 60);
	ring_reap(&r);
}

/* ---- whose the buffers are ------------------------------------------------------ */

/* Packets to send, one of them by XDP, and tokens of each kind. */
static void use_tokens(struct guest *g, struct nic *n, bool typed)
{
	static const uint8_t ports[8] = { 0x1f, 0x90, 0x00, 0x50 };
	struct bytes v4 = ipv4_packet(17, ports, sizeof(ports));
	struct bytes v6 = ipv6_packet(6, ports, sizeof(ports));
	struct bytes echo = ipv4_packet(1, ports, sizeof(ports));
	struct owner_guest x = { g, n };
	uint64_t token[] = { new_skb(&x, 0x0800, &v4, 0),
		new_xdp_frame(&x, 112, 200, 12) + (typed ? 2 : 1),
		new_skb(&x, 0x86dd, &v6, 60) + typed, 1500 << 4 | 3,
		new_skb(&x, 0x0800, &echo, 0) + 2 };

	for (unsigned i = 0; i < 5; i++)
		give(&n->tx[0], token[i], 60, false);
	if (!typed)
		return;
	fake_enum(g->f, "VIRTNET_XMIT_TYPE_SKB", 0);
	fake_enum(g->f, "VIRTNET_XMIT_TYPE_SKB_ORPHAN", 1);
	fake_enum(g->f, "VIRTNET_XMIT_TYPE_XDP", 2);
	fake_enum(g->f, "VIRTNET_XMIT_TYPE_XSK", 3);
}

/* What the stack and the driver keep of the queues, and which kind of receive buffers
 * they have. */
static void use_net(struct guest *g, struct nic *n, unsigned kind)
{
	struct fake_target *f = g->f;
	uint64_t qdisc = fake_alloc(f, fake_sizeof(f, "Qdisc"));
	uint64_t txq = fake_sizeof(f, "netdev_queue");

	fake_set(f, qdisc, "Qdisc", "q.qlen", 3);
	fake_set(f, n->dev, "net_device", "state", 3);
	fake_set(f, n->dev, "net_device", "watchdog_timeo", 1250);
	for (unsigned i = 0; i < 2; i++) {
		fake_set(f, n->txqs + i * txq, "netdev_queue", "qdisc", qdisc);
		fake_set(f, n->txqs + i * txq, "netdev_queue", "state", i);
		fake_set(f, n->txqs + i * txq, "netdev_queue", "trans_start", 998000);
		fake_set(f, n->rq + i * fake_sizeof(f, "receive_queue"), "receive_queue",
			 "napi.state", i);
		fake_set(f, n->rq + i * fake_sizeof(f, "receive_queue"), "receive_queue",
			 "napi.weight", 64);
	}
	fake_set(f, n->vi, "virtnet_info", "status", 1);
	fake_set(f, n->vi, "virtnet_info", "hdr_len", 12);
	fake_set(f, n->vi, "virtnet_info", "mergeable_rx_bufs", kind % 3 == 0);
	fake_set(f, n->vi, "virtnet_info", "big_packets", kind % 3 == 1);
	for (unsigned i = 0; i < 3; i++)
		give(&n->rx[0], fake_alloc(f, 2048) + (i ? 64 : 0), 1526, true);
}

static void has_clock(struct fake_target *f)
{
	uint64_t clock = fake_alloc(f, 64), words = fake_alloc(f, 16);

	fake_type(f, "clocksource", 64);
	fake_member(f, "clocksource", "mult", 8, 4, NULL);
	fake_member(f, "clocksource", "shift", 12, 4, NULL);
	fake_set(f, clock, "clocksource", "mult", TICK << 8);
	fake_set(f, clock, "clocksource", "shift", 8);
	fake_u64(f, words, 1000000);
	fake_u64(f, words + 8, 225000000 * TICK + TICK);
	fake_symbol(f, "clocksource_jiffies", clock);
	fake_symbol(f, "jiffies_64", words);
	fake_symbol(f, "tick_next_period", words + 8);
}

/* A disk's structs, and two requests in its first ring. */
static void use_requests(struct guest *g, struct vdev *d)
{
	struct fake_target *f = g->f;
	uint64_t vblk = fake_alloc(f, fake_sizeof(f, "virtio_blk"));
	uint64_t disk = fake_alloc(f, fake_sizeof(f, "gendisk"));
	uint64_t queue = fake_alloc(f, 64), size = fake_sizeof(f, "request");
	uint64_t hctx = fake_alloc(f, fake_sizeof(f, "blk_mq_hw_ctx"));

	fake_set(f, d->addr, "virtio_device", "priv", vblk);
	fake_set(f, vblk, "virtio_blk", "vdev", d->addr);
	fake_set(f, vblk, "virtio_blk", "disk", disk);
	fake_set(f, disk, "gendisk", "queue", queue);
	fake_str(f, disk + fake_offset(f, "gendisk", "disk_name"), "vdb");
	fake_set(f, hctx, "blk_mq_hw_ctx", "queue", queue);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t rq = fake_alloc(f, size + fake_sizeof(f, "virtblk_req"));

		fake_set(f, rq, "request", "q", queue);
		fake_set(f, rq, "request", "mq_hctx", hctx);
		fake_set(f, rq, "request", "cmd_flags", 0x880000 | i);
		fake_set(f, rq, "request", "__sector", 4096 + i);
		fake_set(f, rq, "request", "__data_len", 65536);
		fake_set(f, rq, "request", "state", 1);
		fake_set(f, rq, "request", "start_time_ns", 224999000 * TICK);
		fake_set(f, rq + size, "virtblk_req", "out_hdr.type", i);
		give(&d->ring[0], rq + size, 16, i);
	}
	fake_enum(f, "REQ_OP_READ", 0);
	fake_enum(f, "REQ_OP_WRITE", 1);
}

/* ---- interrupts ------------------------------------------------------------------- */

/* A vector for the configuration, one a queue, as with MSI-X, and a shared one.  Of
 * the CPUs' areas, which are large, only the beginnings are kept. */
static void use_interrupts(struct stage *s, struct guest *g, enum irq_era era,
			   struct nic *n, struct vdev *disk)
{
	uint64_t from = g->f->next, to, line, mask;
	struct irqs irqs;

	irq_types(&irqs, g->f, era);
	to = g->f->next;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		uint64_t area = irq_percpu(&irqs, cpu, 0);

		fake_u16(g->f, area + 0x104, 8);
		stage_keep(s, VR_KERNEL, area, area + FAKE_PAGE, false);
	}
	mask = fake_alloc(g->f, 1024);
	fake_u64(g->f, mask, 4);
	irq_handle(&irqs, irq_add(&irqs, 24), n->vdev, "virtio0-config");
	for (unsigned i = 0; i < 4; i++) {
		struct ring *r = i % 2 ? &n->tx[i / 2] : &n->rx[i / 2];

		line = irq_add(&irqs, 25 + 17 * i);
		irq_set(&irqs, line, "depth", i == 2);
		irq_set(&irqs, line, "irq_common_data.affinity", mask);
		irq_handle(&irqs, line, r->vq, "virtio0-input.0");
		fake_set(g->f, r->vq, "virtqueue", "callback", 0xffffffff81000000);
	}
	line = irq_add(&irqs, 130);
	irq_handle(&irqs, line, disk->addr, "virtio1");
	irq_handle(&irqs, line, n->vdev, "other");
	irq_store(&irqs);
	stage_keep(s, VR_KERNEL, g->net_list, from, false);
	stage_keep(s, VR_KERNEL, from, to, true);
	stage_keep(s, VR_KERNEL, to, g->f->next, era != IRQ_ARRAY);
}

/* ---- all of it -------------------------------------------------------------------- */

static void as_word(char ret[20], uint64_t addr)
{
	snprintf(ret, 20, "%llx", (unsigned long long)addr);
}

void guest_scene(struct guest_scene *ret, unsigned kind)
{
	struct bus *bus = bus_new(kinds[kind].era, BUS_KSET | BUS_SYMBOL | BUS_DEVICE);
	struct guest *g = bus->g;
	bool made_up = kinds[kind].era != ERA_EL7;
	struct vr_missing missing;
	struct vdev *disk;
	struct nic *n, *other;

	ret->bus = bus;
	ret->stage = stage_new(g->f);
	fake_load_layout(g->f, "hand-owners.layout");
	/* el7's is a real layout, with no room for what is made up. */
	if (made_up) {
		fake_load_layout(g->f, "hand-blk.layout");
		fake_load_layout(g->f, "../../fuzz/guest.layout");
	}
	if (!fake_has(g->f, "virtqueue", "callback"))
		fake_member(g->f, "virtqueue", "callback", 16, 8, NULL);
	has_clock(g->f);
	n = guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
			      .num = RING_SIZE, .ctrl = true });
	guest_netdev(g, 0, "tap0", "tun");
	other = guest_nic(g, &(struct nic_spec){ .name = "eth1", .num = 4,
			  .net = guest_net(g, 4026532000u) });
	use_ring(&n->rx[0]);
	if (kinds[kind].in_order)
		use_in_order(g, n->rx[1].vvq);
	if (kinds[kind].packed) {
		use_packed(g, n->tx[0].vvq, false);
		use_packed(g, n->tx[1].vvq, kinds[kind].in_order);
	} else {
		use_ring(&n->tx[1]);
		use_tokens(g, n, kinds[kind].era == ERA_7_1);
	}
	bus_nic(bus, n);
	disk = bus_device(bus, &(struct vdev_spec){ .type = 2, .driver = "virtio_blk",
			  .parent = "0000:00:02.0", .queues = { "req.0", "req.1" } });
	bus_device(bus, &(struct vdev_spec){ .type = 4, .queues = { "input" } });
	use_ring(&disk->ring[0]);
	if (made_up) {
		use_requests(g, disk);
		use_net(g, n, kind);
	}
	use_interrupts(ret->stage, g, kinds[kind].irqs, n, disk);
	guest_resolve(g);
	if (vr_layout_resolve(&g->c, VR_G_BUS | VR_G_OWNERS |
			      (made_up ? VR_G_BLK : 0), &missing)) {
		fprintf(stderr, "guest %u has no %s.%s\n", kind, missing.type, missing.path);
		abort();
	}
	stage_ready(ret->stage, &g->c.layout);
	ret->pairs[0] = n->vi + fake_offset(g->f, "virtnet_info", "max_queue_pairs");
	ret->pairs[1] = other->vi + fake_offset(g->f, "virtnet_info", "max_queue_pairs");
	as_word(ret->dev, n->dev);
	as_word(ret->vq, n->tx[1].vq);
	as_word(ret->disk_vq, disk->ring[0].vq);
}
