// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ring_builder.c - builds rings by doing what a driver and a device do.
 *
 * Sections are those of the virtio 1.2 specification.
 */
#include "unit.h"
#include "ring_builder.h"

#define VVQ	"vring_virtqueue"
#define TOKEN	0xffff888200000000ULL	/* what a driver gives: an sk_buff */
#define LAYOUT_IN_ORDER	2
#define NO_BATCH	0xffffffffu

/* Where the driver keeps each word; the first spelling that the era has. */
static const struct {
	const char *type, *path[2];
} driver_words[] = {
	[RING_NUM] = { VVQ, { "split.vring.num", "vring.num" } },
	[RING_INDEX] = { "virtqueue", { "index" } },
	[RING_NUM_FREE] = { "virtqueue", { "num_free" } },
	[RING_FREE_HEAD] = { VVQ, { "free_head" } },
	[RING_NUM_ADDED] = { VVQ, { "num_added" } },
	[RING_LAST_USED_IDX] = { VVQ, { "last_used_idx" } },
	[RING_AVAIL_IDX_SHADOW] = { VVQ, { "split.avail_idx_shadow",
					   "avail_idx_shadow" } },
	[RING_AVAIL_FLAGS_SHADOW] = { VVQ, { "split.avail_flags_shadow",
					     "avail_flags_shadow" } },
	[RING_EVENT] = { VVQ, { "event" } },
	[RING_EVENT_TRIGGERED] = { VVQ, { "event_triggered" } },
	[RING_INDIRECT] = { VVQ, { "indirect" } },
	[RING_BROKEN] = { VVQ, { "broken" } },
	[RING_PACKED] = { VVQ, { "packed_ring" } },
	[RING_LAYOUT] = { VVQ, { "layout" } },
	[RING_DESC] = { VVQ, { "split.vring.desc", "vring.desc" } },
	[RING_AVAIL] = { VVQ, { "split.vring.avail", "vring.avail" } },
	[RING_USED] = { VVQ, { "split.vring.used", "vring.used" } },
	[RING_STATE] = { VVQ, { "split.desc_state" } },
	[RING_EXTRA] = { VVQ, { "split.desc_extra" } },
	[RING_NAME] = { "virtqueue", { "name" } },
	[RING_LAST_USED] = { VVQ, { "last_used" } },
	[RING_BATCH_ID] = { VVQ, { "batch_last.id" } },
};

static const char *spelling(const struct ring *r, enum ring_word w)
{
	for (unsigned i = 0; i < 2 && driver_words[w].path[i]; i++)
		if (fake_has(r->f, driver_words[w].type, driver_words[w].path[i]))
			return driver_words[w].path[i];
	return NULL;
}

/* ---- shared words -------------------------------------------------------- */

static void put16(struct ring *r, uint64_t addr, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

	if (r->big) {
		b[0] = (uint8_t)(v >> 8);
		b[1] = (uint8_t)v;
	}
	fake_put(r->f, VR_KERNEL, addr, b, 2);
}

static void put32(struct ring *r, uint64_t addr, uint32_t v)
{
	put16(r, addr + (r->big ? 2 : 0), (uint16_t)v);
	put16(r, addr + (r->big ? 0 : 2), (uint16_t)(v >> 16));
}

/* 2.7.6 and 2.7.8: flags, idx, the ring, then the other side's event word. */
static uint64_t shared_word(const struct ring *r, enum ring_word w)
{
	switch (w) {
	case RING_AVAIL_FLAGS:
		return r->avail;
	case RING_AVAIL_IDX:
		return r->avail + 2;
	case RING_USED_EVENT:
		return r->avail + 4 + 2ULL * r->num;
	case RING_USED_FLAGS:
		return r->used;
	case RING_USED_IDX:
		return r->used + 2;
	default:
		return r->used + 4 + 8ULL * r->num;
	}
}

bool ring_has(const struct ring *r, enum ring_word w)
{
	return w >= RING_AVAIL_FLAGS || spelling(r, w);
}

void ring_set(struct ring *r, enum ring_word w, uint64_t v)
{
	const char *path;

	if (w >= RING_AVAIL_FLAGS) {
		put16(r, shared_word(r, w), (uint16_t)v);
		return;
	}
	path = spelling(r, w);
	if (!path)
		fail_msg("this era has no %s", driver_words[w].path[0]);
	fake_set(r->f, strcmp(driver_words[w].type, VVQ) ? r->vq : r->vvq,
		 driver_words[w].type, path, v);
}

void ring_set_avail(struct ring *r, uint32_t slot, uint16_t head)
{
	put16(r, r->avail + 4 + 2ULL * slot, head);
}

void ring_set_used(struct ring *r, uint32_t slot, uint32_t id, uint32_t len)
{
	put32(r, r->used + 4 + 8ULL * slot, id);
	put32(r, r->used + 8 + 8ULL * slot, len);
}

void ring_set_desc(struct ring *r, uint32_t i, uint16_t flags, uint16_t next)
{
	put16(r, r->desc + 16ULL * i + 12, flags);
	put16(r, r->desc + 16ULL * i + 14, next);
}

void ring_set_link(struct ring *r, uint32_t i, uint16_t next)
{
	if (r->extra)
		fake_set(r->f, r->extra + fake_sizeof(r->f, "vring_desc_extra") * i,
			 "vring_desc_extra", "next", next);
	else
		put16(r, r->desc + 16ULL * i + 14, next);
}

void ring_set_token(struct ring *r, uint32_t i, uint64_t token)
{
	static const char *const types[] = { "vring_desc_state_split",
					     "vring_desc_state" };

	for (unsigned k = 0; k < 2; k++) {
		if (!fake_has(r->f, types[k], "data"))
			continue;
		fake_set(r->f, r->state + fake_sizeof(r->f, types[k]) * i,
			 types[k], "data", token);
		return;
	}
	fake_u64(r->f, r->state + 8ULL * i, token);
}

/* ---- a new ring ---------------------------------------------------------- */

/* Where the tokens are: behind the struct, or at a pointer. */
static void build_state(struct ring *r)
{
	if (spelling(r, RING_STATE)) {
		r->state = fake_alloc(r->f, r->num *
				      fake_sizeof(r->f, "vring_desc_state_split"));
		ring_set(r, RING_STATE, r->state);
	} else if (fake_has(r->f, VVQ, "desc_state")) {
		r->state = r->vvq + fake_offset(r->f, VVQ, "desc_state");
		fake_map(r->f, VR_KERNEL, r->state, 16ULL * r->num);
	} else {
		r->state = r->vvq + fake_offset(r->f, VVQ, "data");
		fake_map(r->f, VR_KERNEL, r->state, 8ULL * r->num);
	}
	if (!spelling(r, RING_EXTRA))
		return;
	r->extra = fake_alloc(r->f, r->num *
			      fake_sizeof(r->f, "vring_desc_extra"));
	ring_set(r, RING_EXTRA, r->extra);
}

/* 2.7: descriptors, avail ring, and from the next page on the used ring. */
static void place_rings(struct ring *r, uint64_t at)
{
	uint64_t avail_at = 16ULL * r->num;
	uint64_t used_at = (avail_at + 6 + 2ULL * r->num + FAKE_PAGE - 1) &
			   ~(FAKE_PAGE - 1);
	size_t size = used_at + 6 + 8ULL * r->num;

	if (at)
		fake_map(r->f, VR_KERNEL, at, size);
	else
		at = fake_alloc(r->f, size);
	r->desc = at;
	r->avail = at + avail_at;
	r->used = at + used_at;
	ring_set(r, RING_DESC, r->desc);
	ring_set(r, RING_AVAIL, r->avail);
	ring_set(r, RING_USED, r->used);
}

/* Write the driver's own words and both indices. */
static void publish(struct ring *r)
{
	ring_set(r, RING_NUM_FREE, r->num_free);
	ring_set(r, RING_FREE_HEAD, r->free_head);
	ring_set(r, RING_LAST_USED_IDX, r->last_used_idx);
	if (spelling(r, RING_AVAIL_IDX_SHADOW))
		ring_set(r, RING_AVAIL_IDX_SHADOW, r->avail_idx);
	ring_set(r, RING_AVAIL_IDX, r->avail_idx);
	ring_set(r, RING_USED_IDX, r->used_idx);
	if (r->in_order) {
		ring_set(r, RING_LAST_USED, r->reaped % r->num);
		ring_set(r, RING_BATCH_ID, r->batch);
	}
}

void ring_build(struct ring *r, struct fake_target *f,
		const struct ring_spec *spec)
{
	uint32_t num = spec->num ? spec->num : 256;
	size_t size = fake_sizeof(f, VVQ);

	*r = (struct ring){ .f = f, .num = num, .big = spec->big,
			    .in_order = spec->in_order, .batch = NO_BATCH };
	r->vvq = spec->vvq_at;
	if (r->vvq)
		fake_map(f, VR_KERNEL, r->vvq, size);
	else	/* tokens behind the struct: at most 16 bytes each */
		r->vvq = fake_alloc(f, size + (fake_has(f, VVQ, "split.desc_state") ?
					       0 : 16ULL * num));
	r->vq = r->vvq + fake_offset(f, VVQ, "vq");
	ring_set(r, RING_NUM, num);
	place_rings(r, spec->desc_at);
	build_state(r);
	r->next = fake_own(f, num * sizeof(*r->next));
	r->length = fake_own(f, num * sizeof(*r->length));
	r->returned = fake_own(f, num * sizeof(*r->returned));
	r->num_free = num;
	r->avail_idx = r->used_idx = r->last_used_idx = spec->start;
	for (uint32_t i = 0; i < num; i++) {
		/* The last link is whatever the memory held: zero. */
		r->next[i] = (uint16_t)(i + 1 < num ? i + 1 : 0);
		if (r->extra)	/* then the ring's own links are stale */
			ring_set_desc(r, i, 0, (uint16_t)((i + num / 2) % num));
		ring_set_link(r, i, r->next[i]);
	}
	ring_set(r, RING_EVENT, 1);
	ring_set(r, RING_INDIRECT, 1);
	if (r->in_order)
		ring_set(r, RING_LAYOUT, LAYOUT_IN_ORDER);
	publish(r);
}

/* ---- what the two sides do ----------------------------------------------- */

/* 2.7.13: head into the avail ring, then the index. */
static void publish_head(struct ring *r, uint16_t head, unsigned length)
{
	r->length[head] = (uint16_t)length;
	r->added += length;
	ring_set_token(r, head, TOKEN + 256ULL * head);
	ring_set_avail(r, r->avail_idx % r->num, head);
	r->avail_idx++;
	publish(r);
}

uint16_t ring_add(struct ring *r, unsigned n)
{
	uint16_t head = r->free_head, at = head;

	assert_true(n > 0 && n <= r->num_free);
	for (unsigned i = 0; i < n; i++) {
		bool more = i + 1 < n;

		ring_set_desc(r, at, more ? DESC_NEXT_FLAG : 0, r->next[at]);
		at = r->next[at];
	}
	r->free_head = at;
	r->num_free -= n;
	publish_head(r, head, n);
	return head;
}

uint16_t ring_add_indirect(struct ring *r, unsigned n)
{
	uint64_t table = fake_alloc(r->f, 16ULL * n);
	uint16_t head = r->free_head;

	assert_true(r->num_free > 0);
	ring_set_desc(r, head, DESC_INDIRECT_FLAG, r->next[head]);
	fake_u64(r->f, r->desc + 16ULL * head, table);
	put32(r, r->desc + 16ULL * head + 8, 16 * n);
	r->free_head = r->next[head];
	r->num_free--;
	publish_head(r, head, 1);
	return head;
}

void ring_return(struct ring *r, uint16_t head, uint32_t len)
{
	uint32_t slot = r->used_idx % r->num;

	if (r->in_order)
		assert_int_equal(head, r->given_back % r->num);
	r->given_back += r->length[head];
	r->returned[slot] = head;
	ring_set_used(r, slot, head, len);
	r->used_idx++;
	publish(r);
}

void ring_return_batch(struct ring *r, unsigned n, uint32_t len)
{
	uint32_t slot = r->used_idx % r->num;
	uint16_t head = 0;

	assert_true(r->in_order && n > 0);
	for (unsigned i = 0; i < n; i++) {
		assert_int_not_equal(r->given_back, r->added);
		head = (uint16_t)(r->given_back % r->num);
		r->given_back += r->length[head];
	}
	r->returned[slot] = head;
	ring_set_used(r, slot, head, len);
	r->used_idx = (uint16_t)(r->used_idx + n);
	publish(r);
}

/* No free list: what was reaped is free because the next head is not there yet. */
static uint16_t reap_in_order(struct ring *r)
{
	uint16_t head = (uint16_t)(r->reaped % r->num);

	if (r->batch == NO_BATCH)
		r->batch = r->returned[r->last_used_idx % r->num];
	if (r->batch == head)
		r->batch = NO_BATCH;
	return head;
}

static uint16_t reap_and_link(struct ring *r)
{
	uint16_t head = r->returned[r->last_used_idx % r->num], at = head;

	for (unsigned i = 1; i < r->length[head]; i++)
		at = r->next[at];
	/* The chain goes in front of the free list. */
	r->next[at] = r->free_head;
	ring_set_link(r, at, r->free_head);
	r->free_head = head;
	return head;
}

uint16_t ring_reap(struct ring *r)
{
	uint16_t head;

	assert_int_not_equal(r->last_used_idx, r->used_idx);
	head = r->in_order ? reap_in_order(r) : reap_and_link(r);
	r->num_free += r->length[head];
	r->reaped += r->length[head];
	ring_set_token(r, head, 0);
	r->last_used_idx++;
	publish(r);
	return head;
}
