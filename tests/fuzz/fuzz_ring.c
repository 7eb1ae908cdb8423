// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_ring.c - a sound guest of each layout era, with split, packed or in-order
 * rings of a network device, and others on its virtio bus, in which the input
 * overwrites words, plants pointers and takes pages away; then everything is read and
 * printed.
 *
 * Input: the guest, the command line, then operations of 4 bytes (page, offset,
 * what) and what these need.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "bus_builder.h"
#include "owner_builder.h"

#define MAX_PAGES	256
#define SLOTS		1024
#define RING_SIZE	16
#define PACKED_SIZE	13
#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

/* The seeds name these by number. */
static const struct {
	enum guest_era era;
	bool packed, in_order;
} kinds[] = {
	{ ERA_3_10, false, false }, { ERA_EL7, false, false },
	{ ERA_4_9, false, false }, { ERA_5_4, false, false },
	{ ERA_5_15, false, false }, { ERA_6_12, false, false },
	{ ERA_7_1, false, false }, { ERA_5_4, true, false },
	{ ERA_5_15, true, false }, { ERA_6_12, true, false },
	{ ERA_7_1, true, true },
};

/* The guest's memory as it was built, and as this input changed it. */
static struct base {
	struct guest *g;
	struct bus *bus;
	struct vr_layout layout;
	unsigned npages;
	uint64_t at[MAX_PAGES];
	uint8_t was[MAX_PAGES][FAKE_PAGE], now[MAX_PAGES][FAKE_PAGE];
	bool gone[MAX_PAGES];
	uint16_t slot[SLOTS];	/* page number + 1, by address */
} *bases[COUNT_OF(kinds)], *at_work;

/* ---- the target ----------------------------------------------------------- */

static uint16_t *find(struct base *b, uint64_t page)
{
	unsigned i = (unsigned)(page / FAKE_PAGE * 2654435761u) % SLOTS;

	while (b->slot[i] && b->at[b->slot[i] - 1] != page)
		i = (i + 1) % SLOTS;
	return &b->slot[i];
}

static int target_read(struct vr_target *t, enum vr_space space, uint64_t addr,
		       void *buf, size_t len)
{
	uint8_t *p = buf;

	t->reads++;
	if (space != VR_KERNEL || !len || addr + len < addr)
		return -1;
	for (size_t n; len; len -= n, addr += n, p += n) {
		uint16_t page = *find(at_work, addr & ~(FAKE_PAGE - 1));

		n = FAKE_PAGE - addr % FAKE_PAGE;
		if (n > len)
			n = len;
		if (!page || at_work->gone[page - 1])
			return -1;
		memcpy(p, at_work->now[page - 1] + addr % FAKE_PAGE, n);
	}
	return 0;
}

static int target_symbol(struct vr_target *t, const char *name, uint64_t *ret)
{
	(void)t;
	return at_work->g->f->t.symbol(&at_work->g->f->t, name, ret);
}

static int target_member(struct vr_target *t, const char *type, const char *path,
			 struct vr_member *ret)
{
	(void)t;
	return at_work->g->f->t.member(&at_work->g->f->t, type, path, ret);
}

static int target_size(struct vr_target *t, const char *type, uint64_t *ret)
{
	(void)t;
	return at_work->g->f->t.size(&at_work->g->f->t, type, ret);
}

static int target_load(struct vr_target *t, const char *module)
{
	(void)t, (void)module;
	return -1;
}

static const char *target_from(struct vr_target *t, const char *module)
{
	(void)t, (void)module;
	return NULL;
}

/* ---- the sound guest --------------------------------------------------------- */

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

/* Packets to send, one of them by XDP, and tokens of each kind. */
static void use_tokens(struct base *b, struct nic *n)
{
	static const uint8_t ports[8] = { 0x1f, 0x90, 0x00, 0x50 };
	struct bytes packet = ipv4_packet(17, ports, sizeof(ports));
	struct owner_guest x = { b->g, n };
	uint64_t token[] = { new_skb(&x, 0x0800, &packet, 0),
		new_xdp_frame(&x, 112, 200, 12) + 1,
		new_skb(&x, 0x0800, &packet, 60) + 2, 1500 << 2 | 3 };

	for (unsigned i = 0; i < 4; i++)
		give(&n->tx[0], token[i], 60, false);
}

static void keep_page(struct base *b, uint64_t page)
{
	uint16_t *slot = find(b, page);

	if (*slot || b->npages == MAX_PAGES)
		return;
	if (b->g->f->t.read(&b->g->f->t, VR_KERNEL, page, b->was[b->npages], FAKE_PAGE))
		return;
	b->at[b->npages++] = page;
	*slot = (uint16_t)b->npages;
}

/* The builder hands out addresses one after the other from fake_alloc(). */
static void keep_memory(struct base *b, uint64_t from, uint64_t to)
{
	for (uint64_t page = from & ~(FAKE_PAGE - 1); page < to; page += FAKE_PAGE)
		keep_page(b, page);
}

static struct base *build(unsigned kind)
{
	struct base *b = calloc(1, sizeof(*b));
	struct bus *bus = bus_new(kinds[kind].era, BUS_KSET | BUS_SYMBOL | BUS_DEVICE);
	struct vr_missing missing;
	struct vdev *disk;
	struct nic *n;

	if (!b)
		abort();
	b->bus = bus;
	b->g = bus->g;
	fake_load_layout(b->g->f, "hand-owners.layout");
	n = guest_nic(b->g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
			      .num = RING_SIZE, .ctrl = true });
	guest_netdev(b->g, 0, "tap0", "tun");
	use_ring(&n->rx[0]);
	if (kinds[kind].in_order)
		use_in_order(b->g, n->rx[1].vvq);
	if (kinds[kind].packed)
		use_packed(b->g, n->tx[0].vvq, false);
	if (kinds[kind].packed)
		use_packed(b->g, n->tx[1].vvq, kinds[kind].in_order);
	else
		use_ring(&n->tx[1]);
	if (!kinds[kind].packed)
		use_tokens(b, n);
	bus_nic(bus, n);
	disk = bus_device(bus, &(struct vdev_spec){ .type = 2, .driver = "virtio_blk",
			  .parent = "0000:00:02.0", .queues = { "req.0", "req.1" } });
	bus_device(bus, &(struct vdev_spec){ .type = 4, .queues = { "input" } });
	use_ring(&disk->ring[0]);
	guest_resolve(b->g);
	if (vr_layout_resolve(&b->g->c, VR_G_BUS | VR_G_OWNERS, &missing))
		abort();
	b->layout = b->g->c.layout;
	keep_memory(b, b->g->net_list, b->g->f->next);
	return b;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	for (unsigned i = 0; i < COUNT_OF(kinds); i++)
		bases[i] = build(i);
	return 0;
}

/* ---- what an input does to it --------------------------------------------------- */

static void put(struct base *b, unsigned page, unsigned offset, const void *data,
		size_t size)
{
	if (size > FAKE_PAGE - offset)
		size = FAKE_PAGE - offset;
	memcpy(b->now[page] + offset, data, size);
}

static void operate(struct base *b, struct input *in)
{
	unsigned page = take8(in) % b->npages, offset = take16(in) % FAKE_PAGE;
	unsigned what = take8(in);
	uint64_t v = 0;

	switch (what % 8) {
	case 0:		/* the page is missing */
		b->gone[page] = true;
		return;
	case 1:		/* a pointer to some page */
		v = b->at[take8(in) % b->npages] + take16(in) % FAKE_PAGE;
		put(b, page, offset & ~7u, &v, 8);
		return;
	case 2:		/* a pointer within the page */
		v = b->at[page] + take16(in) % FAKE_PAGE;
		put(b, page, offset & ~7u, &v, 8);
		return;
	case 3:		/* many bytes of a kind */
		memset(b->now[page] + offset, take8(in), (FAKE_PAGE - offset) / (1 + what / 8));
		return;
	default:	/* 1, 2, 4 or 8 bytes */
		for (unsigned i = 0; i < 1u << what % 4; i++)
			v |= (uint64_t)take8(in) << 8 * i;
		put(b, page, offset, &v, 1u << what % 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vr_target t = { .read = target_read, .symbol = target_symbol,
		.member = target_member, .size = target_size,
		.load_types = target_load, .types_from = target_from };
	static struct vr_ctx c;
	struct input in = { data, size };
	struct vr_snapshot snap = { .ndevices = 0 };
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_select sel;
	unsigned how;
	char reason[1024];

	at_work = bases[take8(&in) % COUNT_OF(kinds)];
	how = take8(&in);
	memcpy(at_work->now, at_work->was, sizeof(at_work->was[0]) * at_work->npages);
	memset(at_work->gone, 0, sizeof(at_work->gone));
	while (in.size)
		operate(at_work, &in);
	memset(&c, 0, sizeof(c));
	t.big_endian = how & 0x80;
	c.t = &t;
	c.layout = at_work->layout;
	select_by(&sel, how & 0x7f);
	if (vr_guest_walk(&c, &sel, false, &snap, &err) == VR_WALK_OK) {
		vr_check_guest(&c, &snap);
		print_guest(&c, &sel, &snap, how);
	} else {
		vr_walk_reason(reason, sizeof(reason), &err, &sel);
	}
	vr_arena_free(&c.arena);
	vr_arena_free(&c.scratch);
	return 0;
}
