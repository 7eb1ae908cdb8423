// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packed_check.c - compares what was read of a packed ring with the positions that
 * the builder's driver and device have come to.
 */
#include "unit.h"
#include "guest_builder.h"

struct vr_queue guest_read_packed(struct guest *g, const struct packed *p)
{
	struct vr_queue q = { .dir = VR_TX };

	vr_arena_reset(&g->c.arena);
	g->c.types = NULL;
	if (!g->c.layout.f[VR_SZ_VRING_VIRTQUEUE].known)
		guest_resolve(g);
	vr_ring_read(&g->c, &q, p->vvq, g->f->t.big_endian);
	vr_guest_chains(&g->c, &q, (struct vr_val){ 0, VR_READ }, g->f->t.big_endian);
	return q;
}

const struct vr_verdict *guest_verdict(struct guest *g, struct vr_queue *q)
{
	struct vr_device d = { .queues = q, .nqueues = 1 };
	struct vr_snapshot s = { .devices = &d, .ndevices = 1 };

	q->in_use = true;
	q->verdict = (struct vr_verdict){ .state = VR_ST_NONE };
	vr_check_guest(&g->c, &s);
	return &q->verdict;
}

const char *guest_corrupt(struct guest *g, struct vr_queue *q, const char *check)
{
	const struct vr_verdict *v = guest_verdict(g, q);

	for (unsigned i = 0; i < v->nreasons; i++)
		if (!strcmp(v->reasons[i].check, check)) {
			assert_int_equal(v->state, VR_ST_CORRUPT);
			return v->reasons[i].text;
		}
	fail_msg("'%s' says nothing; the state is %s", check, vr_state_name(v->state));
	return NULL;
}

/* The marks of all slots, by positions alone. */
static void check_marks(const struct vr_queue *q, const struct packed *p)
{
	uint32_t held = p->avail - p->reap, pending = p->avail - p->used;

	assert_non_null(q->slots.state);
	for (uint32_t k = 0; k < p->num; k++) {
		enum vr_slot_state want = k >= held ? VR_SLOT_FREE :
			k < held - pending ? VR_SLOT_RETURNED : VR_SLOT_DEVICE;

		if (q->slots.state[(p->reap + k) % p->num] != want)
			fail_msg("slot %u of %u is marked %u, not %u",
				 (p->reap + k) % p->num, p->num,
				 q->slots.state[(p->reap + k) % p->num], want);
	}
	assert_int_equal(q->slots.count[VR_SLOT_FREE], p->num - held);
	assert_int_equal(q->slots.count[VR_SLOT_DEVICE], pending);
	assert_int_equal(q->slots.count[VR_SLOT_RETURNED], held - pending);
	assert_int_equal(q->slots.count[VR_SLOT_UNKNOWN], 0);
}

static void check_buffers(const struct vr_queue *q, const struct packed *p)
{
	uint32_t flight = 0, returned = 0;

	for (uint32_t i = 0; i < p->num; i++) {
		const struct packed_buffer *b = &p->buffer[i];

		flight += b->ours;
		returned += b->returned;
		assert_int_equal(q->slots.token[i] != 0, b->ours);
		assert_int_equal(q->slots.buffer[i], !b->ours ? VR_SLOT_UNKNOWN :
				 b->returned ? VR_SLOT_RETURNED : VR_SLOT_DEVICE);
		if (b->ours)
			assert_int_equal(q->slots.length[i], b->length);
	}
	assert_val(q->counts.in_flight, flight);
	assert_val(q->counts.driver_pending, returned);
	assert_val(q->counts.device_pending, flight - returned);
}

static const struct vr_chain *chain_of(const struct vr_queue *q, uint32_t id)
{
	const struct vr_chain *found = NULL;

	for (uint32_t i = 0; i < q->chains.nchains; i++) {
		if (q->chains.chain[i].id != id)
			continue;
		assert_null(found);
		found = &q->chains.chain[i];
	}
	if (!found)
		fail_msg("the buffer %u is with the device and not shown", id);
	return found;
}

/* Slots behind the device's position are gone; the others are still to be seen.
 * The builder gives each first descriptor to read, the others to write. */
static void check_chain(const struct vr_queue *q, const struct packed *p, uint32_t id)
{
	const struct packed_buffer *b = &p->buffer[id];
	const struct vr_chain *k = chain_of(q, id);
	uint32_t end = b->at + b->length, gone = 0;

	if (b->at < p->used)
		gone = (end < p->used ? end : p->used) - b->at;
	assert_int_equal(k->stop, gone ? VR_STOP_OVERWRITTEN : VR_STOP_END);
	/* An indirect buffer has one slot: its table goes with it. */
	assert_int_equal(k->count, b->length - gone + (gone ? 0 : b->entries));
	for (uint32_t i = 0; i < b->length - gone; i++) {
		const struct vr_desc *d = &q->chains.desc[k->first + i];

		assert_int_equal(d->index, (b->at + gone + i) % p->num);
		assert_int_equal(d->next, id);
		assert_false(d->indirect);
	}
	if (gone)
		return;
	for (uint32_t i = 0; i < b->entries; i++) {
		assert_true(q->chains.desc[k->first + 1 + i].indirect);
		assert_int_equal(q->chains.desc[k->first + 1 + i].index, i);
	}
	assert_int_equal(k->head, b->at % p->num);
	assert_int_equal(k->readable, b->entries ? 1000 : 100);
	if (b->entries)
		assert_int_equal(k->writable, (b->entries - 1) *
				 (2000 + b->entries) / 2);
	else
		assert_int_equal(k->writable, (b->length - 1) *
				 (200 + b->length) / 2);
}

static void check_chains(const struct vr_queue *q, const struct packed *p)
{
	uint32_t pending = 0;

	for (uint32_t i = 0; i < p->num; i++) {
		if (!p->buffer[i].ours || p->buffer[i].returned)
			continue;
		check_chain(q, p, i);
		pending++;
	}
	assert_int_equal(q->chains.nchains, pending);
	assert_false(q->chains.capped);
}

struct vr_queue guest_check_packed(struct guest *g, const struct packed *p)
{
	struct vr_queue q = guest_read_packed(g, p);
	const struct vr_verdict *v;

	assert_true(q.packed);
	assert_int_equal(q.in_order, p->in_order);
	assert_int_equal(q.num, p->num);
	assert_int_equal(q.pk.desc, p->desc);
	assert_val(q.num_free, p->num - p->held);
	/* What a split ring has at the same place of the union is not read. */
	assert_absent(q.avail_idx_shadow);
	assert_absent(q.avail_flags_shadow);
	assert_val(q.pk.next_avail_idx, p->avail % p->num);
	assert_val(q.pk.avail_wrap_counter, packed_wrap(p, p->avail));
	assert_val(q.pk.last_used_idx, p->reap % p->num);
	assert_val(q.last_used_idx, p->reap % p->num);
	assert_val(q.pk.used_wrap_counter, packed_wrap(p, p->reap));
	assert_val(q.pk.device_idx, p->used % p->num);
	assert_val(q.pk.device_wrap_counter, packed_wrap(p, p->used));
	check_marks(&q, p);
	check_buffers(&q, p);
	check_chains(&q, p);
	assert_int_equal(g->c.nerrors, 0);
	assert_int_equal(q.slots.ndamage, 0);
	v = guest_verdict(g, &q);
	assert_int_equal(v->nreasons, 1);
	assert_in_range(v->severity, VR_SEV_OK, VR_SEV_INFO);
	return q;
}
