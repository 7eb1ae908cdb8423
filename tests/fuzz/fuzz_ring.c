// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_ring.c - one ring, split, packed or in order: a driver and a device use it by
 * the steps that the input tells, which is sound and has to be read as such; then the
 * input damages what it likes.
 *
 * Input: 4 bytes that tell the ring, how many steps, a byte a step, then damage.
 */
#include <string.h>

#include "guest_builder.h"
#include "fuzz.h"

/* The ring, its chains, and once more for owners: some reads a descriptor. */
#define MAX_READS	(16u * VR_MAX_RING)
#define MAX_HELD	64

static struct world {
	struct fake_target *f;
	bool is_packed, in_order, big;
	struct ring r;
	struct packed p;
	uint16_t held[MAX_HELD];	/* with the device, oldest first */
	unsigned nheld;
} w;

/* Of each era, read once. */
static struct {
	struct fake_type *types;
	struct vr_layout layout;
} eras[ERA_COUNT];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	for (unsigned i = 0; i < ERA_COUNT; i++) {
		struct guest *g = guest_new((enum guest_era)i);

		guest_resolve(g);
		eras[i].layout = g->c.layout;
		eras[i].types = g->f->types;
		g->f->types = NULL;
		guest_free(g);
	}
	return 0;
}

/* ---- what a driver and a device do ------------------------------------------------ */

static void hold(uint16_t head)
{
	w.held[w.nheld++] = head;
}

static uint16_t give_back(unsigned n)
{
	uint16_t head = w.held[n];

	w.nheld--;
	memmove(w.held + n, w.held + n + 1, (w.nheld - n) * sizeof(w.held[0]));
	return head;
}

static void split_step(unsigned what, unsigned n)
{
	struct ring *r = &w.r;

	if (what < 3 && w.nheld < MAX_HELD && n <= r->num_free)
		hold(ring_add(r, n));
	else if (what == 3 && w.nheld < MAX_HELD && r->num_free)
		hold(ring_add_indirect(r, n));
	else if (what < 6 && what > 3 && w.nheld && !w.in_order)
		ring_return(r, give_back(n % w.nheld), 60 * n);
	else if (what < 6 && what > 3 && w.nheld) {
		n = n < w.nheld ? n : w.nheld;
		ring_return_batch(r, n, 60);
		while (n--)
			give_back(0);
	} else if (what > 5 && r->last_used_idx != r->used_idx) {
		ring_reap(r);
	}
}

static void packed_step(unsigned what, unsigned n)
{
	struct packed *p = &w.p;
	uint32_t room = p->num - p->held;

	if (what < 3 && w.nheld < MAX_HELD && n <= room)
		hold(packed_add(p, n));
	else if (what == 3 && w.nheld < MAX_HELD && room)
		hold(packed_add_indirect(p, n));
	else if (what < 6 && what > 3 && w.nheld && !w.in_order)
		packed_return(p, give_back(n % w.nheld), 60 * n);
	else if (what < 6 && what > 3 && w.nheld) {
		n = n < w.nheld ? n : w.nheld;
		packed_return_batch(p, n, 60);
		while (n--)
			give_back(0);
	} else if (what > 5 && p->returned) {
		packed_reap(p);
	}
}

/* ---- damage ----------------------------------------------------------------------- */

/* The parts of the ring, and what lies behind them: the tables that were made last. */
static uint64_t part(unsigned n)
{
	const uint64_t split[] = { w.r.vvq, w.r.vvq, w.r.desc, w.r.avail, w.r.used,
		w.r.state, w.r.extra ? w.r.extra : w.r.desc };
	const uint64_t packed[] = { w.p.vvq, w.p.vvq, w.p.desc, w.p.driver, w.p.device,
		w.p.state, w.p.desc };

	if (n % 8 == 7)
		return w.f->next - (n / 8 + 1) * 2 * FAKE_PAGE;
	return w.is_packed ? packed[n % 8] : split[n % 8];
}

static void damage(struct input *in)
{
	struct fake_target *f = w.f;
	unsigned what = take8(in);
	uint64_t at = part(what / 4), v = 0;
	uint8_t page[1];

	at += what & 0x80 ? take16(in) : take8(in);
	switch (what % 4) {
	case 0:		/* 1 to 8 bytes */
		what = take8(in);
		v = take(in, 1u << what % 4);
		fake_put(f, VR_KERNEL, at, &v, 1u << what % 4);
		break;
	case 1:		/* a 16-bit word moves a little */
		if (!f->t.read(&f->t, VR_KERNEL, at & ~1ULL, &v, 2))
			fake_u16(f, at & ~1ULL, (uint16_t)(v + (uint64_t)(int8_t)take8(in)));
		break;
	case 2:		/* a pointer to a part */
		fake_u64(f, at & ~7ULL, part(take8(in)) + take8(in));
		break;
	default:	/* a page is missing */
		if (!f->t.read(&f->t, VR_KERNEL, at, page, 1))
			fake_drop(f, VR_KERNEL, at);
	}
}

/* ---- reading it ------------------------------------------------------------------- */

static void check_val(struct vr_val v, uint32_t want)
{
	if (v.have != VR_READ || v.v != want)
		finding("a count of a sound ring is wrong");
}

static void check_read(const struct vr_ctx *c)
{
	if (!c->nerrors)
		return;
	vr_text_errors(stderr, c);
	finding("a sound ring could not be read");
}

/* Nothing happened that the specification does not have. */
static void check_sound(const struct vr_queue *q)
{
	if (q->slots.ndamage || q->verdict.state == VR_ST_CORRUPT)
		finding("a sound ring is called corrupt");
	if (w.is_packed)
		return;
	check_val(q->counts.in_flight, (uint16_t)(w.r.avail_idx - w.r.last_used_idx));
	check_val(q->counts.device_pending, (uint16_t)(w.r.avail_idx - w.r.used_idx));
	check_val(q->counts.driver_pending, (uint16_t)(w.r.used_idx - w.r.last_used_idx));
}

static void read_and_print(struct vr_ctx *c, unsigned how, bool sound)
{
	struct vr_device d = { .nqueues = 1, .type = { 1 + (how & 1), VR_READ } };
	struct vr_snapshot snap = { .ndevices = 1, .devices = &d };
	struct vr_queue q = { .dir = how & 2 ? VR_RX : VR_TX, .label = "tx0" };
	struct vr_select sel = { .full = true, .chains = true, .owners = how & 4 };

	d.queues = &q;
	d.features = (struct vr_val){ how & 8 ? 0 : 1ULL << 32 | 1ULL << 29, VR_READ };
	sink_begin();
	vr_ring_read(c, &q, w.is_packed ? w.p.vvq : w.r.vvq, w.big);
	if (sound)
		check_read(c);
	vr_guest_chains(c, &q, d.features, w.big);
	if (sel.owners)
		vr_owners_read(c, &d, &q, w.big, true);
	vr_check_guest(c, &snap);
	if (sound)
		check_sound(&q);
	print_guest(c, &sel, &snap, how);
	if (c->t->reads > MAX_READS)
		finding("reads without end");
}

/* ---- entry ------------------------------------------------------------------------ */

static void build(unsigned era, unsigned kind, unsigned num, unsigned start)
{
	static const uint32_t split[] = { 1, 2, 4, 8, 16, 64, 128, 256 };
	static const uint32_t packed[] = { 1, 2, 3, 5, 13, 16, 64, 200 };

	memset(&w, 0, sizeof(w));
	w.f = fake_new();
	w.f->types = eras[era].types;
	w.is_packed = kind & 1 && era >= ERA_5_4;
	w.in_order = kind & 2 && era == ERA_7_1;
	w.big = kind & 4 && !w.is_packed && !w.in_order;
	if (w.is_packed) {
		packed_build(&w.p, w.f, &(struct packed_spec){ .num = packed[num % 8],
			     .in_order = w.in_order });
		packed_advance(&w.p, start % 256);
	} else {
		ring_build(&w.r, w.f, &(struct ring_spec){ .num = split[num % 8],
			   .start = (uint16_t)(start * 257), .big = w.big,
			   .in_order = w.in_order });
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned era = take8(&in) % ERA_COUNT, kind = take8(&in), how = take8(&in);
	static struct vr_ctx c;
	unsigned steps;

	build(era, kind, kind / 8, take8(&in));
	steps = take8(&in);
	for (unsigned i = 0; i < steps && in.size; i++) {
		unsigned b = take8(&in);

		if (w.is_packed)
			packed_step(b % 8, 1 + b / 8 % 4);
		else
			split_step(b % 8, 1 + b / 8 % 4);
	}
	memset(&c, 0, sizeof(c));
	c.t = &w.f->t;
	c.t->reads = 0;
	c.t->live = how & 0x10;
	c.layout = eras[era].layout;
	read_and_print(&c, how, true);
	if (in.size) {
		while (in.size)
			damage(&in);
		forget(&c);
		read_and_print(&c, how, false);
	}
	vr_arena_free(&c.arena);
	vr_arena_free(&c.scratch);
	w.f->types = NULL;
	fake_free(w.f);
	return 0;
}
