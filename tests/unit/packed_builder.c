// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packed_builder.c - builds packed rings by doing what a driver and a device do.
 *
 * Sections are those of the virtio 1.2 specification.  The ring and the event areas
 * are little-endian in every guest (2.8.1); what the driver keeps for itself is in
 * the guest's own order.
 */
#include "unit.h"
#include "packed_builder.h"

#define VVQ		"vring_virtqueue"
#define STATE		"vring_desc_state_packed"
#define EXTRA		"vring_desc_extra"
#define TOKEN		0xffff888300000000ULL
#define BUFFER_ADDR	0x40000000ULL
#define NO_BATCH	0xffffffffu
#define F_NEXT		1u
#define F_INDIRECT	4u
#define F_AVAIL		0x80u
#define F_USED		0x8000u
#define LAYOUT_PACKED	1
#define LAYOUT_PACKED_IN_ORDER	3

static const struct {
	const char *type, *path;
	unsigned size;
} words[] = {
	[PACKED_NUM] = { VVQ, "packed.vring.num", 4 },
	[PACKED_DESC] = { VVQ, "packed.vring.desc", 8 },
	[PACKED_DRIVER] = { VVQ, "packed.vring.driver", 8 },
	[PACKED_DEVICE] = { VVQ, "packed.vring.device", 8 },
	[PACKED_NEXT_AVAIL] = { VVQ, "packed.next_avail_idx", 2 },
	[PACKED_AVAIL_WRAP] = { VVQ, "packed.avail_wrap_counter", 1 },
	[PACKED_USED_WRAP] = { VVQ, "packed.used_wrap_counter", 1 },
	[PACKED_EVENT_SHADOW] = { VVQ, "packed.event_flags_shadow", 2 },
	[PACKED_STATE] = { VVQ, "packed.desc_state", 8 },
	[PACKED_LAST_USED_IDX] = { VVQ, "last_used_idx", 2 },
	[PACKED_NUM_ADDED] = { VVQ, "num_added", 4 },
	[PACKED_BATCH_ID] = { VVQ, "batch_last.id", 4 },
	[PACKED_NUM_FREE] = { "virtqueue", "num_free", 4 },
	[PACKED_FREE_HEAD] = { VVQ, "free_head", 4 },
	[PACKED_EVENT] = { VVQ, "event", 1 },
	[PACKED_INDIRECT] = { VVQ, "indirect", 1 },
	[PACKED_EXTRA] = { VVQ, "packed.desc_extra", 8 },
	[PACKED_AVAIL_USED_FLAGS] = { VVQ, "packed.avail_used_flags", 2 },
};

_Static_assert(COUNT_OF(words) == COUNT_OF(((struct packed *)0)->where),
	       "one place for each word");

/* ---- words ----------------------------------------------------------------- */

void packed_set(struct packed *p, enum packed_word w, uint64_t v)
{
	if (!p->where[w])
		fail_msg("this era has no %s", words[w].path);
	fake_num(p->f, p->where[w], v, words[w].size);
}

bool packed_own_wrap(const struct packed *p)
{
	return p->where[PACKED_USED_WRAP] != 0;
}

static void put_bytes(struct packed *p, uint64_t addr, uint64_t v, unsigned size,
		      bool big)
{
	uint8_t b[8];

	for (unsigned i = 0; i < size; i++)
		b[big ? size - 1 - i : i] = (uint8_t)(v >> 8 * i);
	fake_put(p->f, VR_KERNEL, addr, b, size);
}

void packed_set_area(struct packed *p, uint64_t area, uint16_t off_wrap,
		     uint16_t flags)
{
	put_bytes(p, area, off_wrap, 2, false);
	put_bytes(p, area + 2, flags, 2, false);
}

/* 2.8.13: addr, len, id, flags. */
void packed_set_desc(struct packed *p, uint32_t slot, uint64_t addr, uint32_t len,
		     uint16_t id, uint16_t flags)
{
	uint64_t at = p->desc + 16ULL * slot;

	put_bytes(p, at, addr, 8, false);
	put_bytes(p, at + 8, len, 4, false);
	put_bytes(p, at + 12, id, 2, false);
	packed_set_flags(p, slot, flags);
}

void packed_set_flags(struct packed *p, uint32_t slot, uint16_t flags)
{
	put_bytes(p, p->desc + 16ULL * slot + 14, flags, 2, false);
}

static void put_state(struct packed *p, uint32_t id, unsigned member, uint64_t v,
		      unsigned size)
{
	put_bytes(p, p->state + (uint64_t)p->state_size * id + p->state_at[member],
		  v, size, p->f->t.big_endian);
}

void packed_set_token(struct packed *p, uint32_t id, uint64_t token)
{
	put_state(p, id, 0, token, 8);
}

void packed_set_length(struct packed *p, uint32_t id, uint16_t slots)
{
	put_state(p, id, 2, slots, 2);
}

bool packed_wrap(const struct packed *p, uint32_t position)
{
	return position / p->num % 2 == 0;
}

void packed_set_link(struct packed *p, uint32_t id, uint16_t next)
{
	p->next[id] = next;
	put_bytes(p, p->links + (uint64_t)p->link_size * id, next, 2,
		  p->f->t.big_endian);
}

uint16_t packed_off_wrap(const struct packed *p, uint32_t position)
{
	return (uint16_t)(position % p->num | (packed_wrap(p, position) ? 0x8000u : 0));
}

/* Write all that the driver keeps of where it is. */
static void publish(struct packed *p)
{
	packed_set(p, PACKED_NUM_FREE, p->num - p->held);
	packed_set(p, PACKED_FREE_HEAD, p->free_id);
	packed_set(p, PACKED_NEXT_AVAIL, p->avail % p->num);
	packed_set(p, PACKED_AVAIL_WRAP, packed_wrap(p, p->avail));
	packed_set(p, PACKED_AVAIL_USED_FLAGS, packed_wrap(p, p->avail) ?
		   F_AVAIL : F_USED);
	if (packed_own_wrap(p)) {
		packed_set(p, PACKED_LAST_USED_IDX, p->reap % p->num);
		packed_set(p, PACKED_USED_WRAP, packed_wrap(p, p->reap));
	} else {
		packed_set(p, PACKED_LAST_USED_IDX, packed_off_wrap(p, p->reap));
	}
	if (p->where[PACKED_BATCH_ID])
		packed_set(p, PACKED_BATCH_ID, p->batch);
}

/* ---- a new ring ------------------------------------------------------------- */

static void place_words(struct packed *p)
{
	static const char *const members[] = { "data", "indir_desc", "num" };

	p->vq = p->vvq + fake_offset(p->f, VVQ, "vq");
	for (unsigned i = 0; i < COUNT_OF(words); i++)
		if (fake_has(p->f, words[i].type, words[i].path))
			p->where[i] = (strcmp(words[i].type, VVQ) ? p->vq : p->vvq) +
				fake_offset(p->f, words[i].type, words[i].path);
	p->state_size = (uint32_t)fake_sizeof(p->f, STATE);
	for (unsigned i = 0; i < COUNT_OF(members); i++)
		p->state_at[i] = fake_offset(p->f, STATE, members[i]);
}

static void say_layout(struct packed *p)
{
	if (fake_has(p->f, VVQ, "layout"))
		fake_set(p->f, p->vvq, VVQ, "layout", p->in_order ?
			 LAYOUT_PACKED_IN_ORDER : LAYOUT_PACKED);
	else
		fake_set(p->f, p->vvq, VVQ, "packed_ring", 1);
}

/* To 5.10 the list is beside the tokens, then in an array of its own. */
static void build_links(struct packed *p)
{
	if (fake_has(p->f, STATE, "next")) {
		p->links = p->state + fake_offset(p->f, STATE, "next");
		p->link_size = p->state_size;
	} else {
		uint64_t extra = fake_alloc(p->f, p->num * fake_sizeof(p->f, EXTRA));

		packed_set(p, PACKED_EXTRA, extra);
		p->links = extra + fake_offset(p->f, EXTRA, "next");
		p->link_size = (uint32_t)fake_sizeof(p->f, EXTRA);
	}
	/* The last link is whatever the memory held: zero. */
	for (uint32_t i = 0; i < p->num; i++)
		packed_set_link(p, i, (uint16_t)(i + 1 < p->num ? i + 1 : 0));
}

void packed_build(struct packed *p, struct fake_target *f,
		  const struct packed_spec *spec)
{
	uint32_t num = spec->num ? spec->num : 256;

	*p = (struct packed){ .f = f, .num = num, .in_order = spec->in_order,
			      .vvq = spec->vvq_at, .batch = NO_BATCH };
	if (!p->vvq)
		p->vvq = fake_alloc(f, fake_sizeof(f, VVQ));
	place_words(p);
	say_layout(p);
	p->desc = fake_alloc(f, 16ULL * num);
	p->driver = fake_alloc(f, 4);
	p->device = fake_alloc(f, 4);
	p->state = fake_alloc(f, (size_t)p->state_size * num);
	packed_set(p, PACKED_NUM, num);
	packed_set(p, PACKED_DESC, p->desc);
	packed_set(p, PACKED_DRIVER, p->driver);
	packed_set(p, PACKED_DEVICE, p->device);
	packed_set(p, PACKED_STATE, p->state);
	packed_set(p, PACKED_EVENT, 1);
	packed_set(p, PACKED_INDIRECT, 1);
	p->buffer = fake_own(f, num * sizeof(*p->buffer));
	p->next = fake_own(f, num * sizeof(*p->next));
	p->used_id = fake_own(f, num * sizeof(*p->used_id));
	build_links(p);
	publish(p);
}

void packed_advance(struct packed *p, uint32_t slots)
{
	while (slots--) {
		packed_return(p, packed_add(p, 1), 0);
		packed_reap(p);
	}
}

/* ---- what the two sides do --------------------------------------------------- */

/* 2.8.1: available is AVAIL as the wrap counter and USED not. */
static uint16_t available(const struct packed *p, uint32_t position)
{
	return packed_wrap(p, position) ? F_AVAIL : F_USED;
}

/* The slots are written; note the buffer and move on. */
static void give(struct packed *p, uint16_t id, uint32_t slots, uint32_t entries)
{
	uint16_t last = id;

	assert_false(p->buffer[id].ours);
	/* Each slot takes an id, and the first one's is the buffer's. */
	for (uint32_t k = 1; !p->in_order && k < slots; k++)
		last = p->next[last];
	p->buffer[id] = (struct packed_buffer){ .ours = true, .at = p->avail, .last = last,
						.length = slots, .entries = entries };
	packed_set_token(p, id, TOKEN + 256ULL * id);
	packed_set_length(p, id, (uint16_t)slots);
	p->avail += slots;
	p->held += slots;
	if (!p->in_order)
		p->free_id = p->next[last];
	publish(p);
}

static uint16_t new_id(const struct packed *p)
{
	return p->in_order ? (uint16_t)(p->avail % p->num) : p->free_id;
}

uint16_t packed_add(struct packed *p, unsigned n)
{
	uint16_t id = new_id(p);

	assert_true(n > 0 && n <= p->num - p->held);
	for (unsigned i = 0; i < n; i++) {
		uint32_t at = p->avail + i;
		unsigned flags = available(p, at) | (i + 1 < n ? F_NEXT : 0) |
				 (i ? PACKED_WRITE : 0);

		packed_set_desc(p, at % p->num, BUFFER_ADDR + 4096ULL * at, 100 + i,
				id, (uint16_t)flags);
	}
	give(p, id, n, 0);
	return id;
}

void packed_fill(struct packed *p, uint32_t buffers)
{
	while (buffers--)
		packed_add(p, 1);
}

/* 2.8.7: a table's entries have no links; flags say only which way data goes. */
uint16_t packed_add_indirect(struct packed *p, unsigned n)
{
	uint64_t table = fake_alloc(p->f, 16ULL * n);
	uint16_t id = new_id(p);

	assert_true(p->held < p->num);
	fake_map(p->f, VR_PHYS, table, 16ULL * n);
	for (unsigned i = 0; i < n; i++) {
		uint64_t at = table + 16ULL * i;

		put_bytes(p, at, BUFFER_ADDR + 4096ULL * i, 8, false);
		put_bytes(p, at + 8, 1000 + i, 4, false);
		put_bytes(p, at + 14, i ? PACKED_WRITE : 0, 2, false);
	}
	put_state(p, id, 1, table, 8);
	packed_set_desc(p, p->avail % p->num, table, 16 * n, id,
			(uint16_t)(available(p, p->avail) | F_INDIRECT));
	give(p, id, 1, n);
	return id;
}

/* 2.8.1, 2.8.6: the used descriptor goes where the device is, and the device skips
 * as many slots as the buffer had. */
static void write_used(struct packed *p, uint16_t id, uint32_t len)
{
	uint32_t slot = p->used % p->num;

	packed_set_desc(p, slot, 0xdead000000000000ULL, len, id,
			packed_wrap(p, p->used) ? F_AVAIL | F_USED : 0);
	p->used_id[slot] = id;
}

static void take_back(struct packed *p, uint16_t id)
{
	assert_true(p->buffer[id].ours && !p->buffer[id].returned);
	p->buffer[id].returned = true;
	p->used += p->buffer[id].length;
	p->returned++;
}

void packed_return(struct packed *p, uint16_t id, uint32_t len)
{
	if (p->in_order)
		assert_int_equal(id, packed_oldest(p));
	write_used(p, id, len);
	take_back(p, id);
}

void packed_return_oldest(struct packed *p, uint32_t buffers)
{
	while (buffers--)
		packed_return(p, packed_oldest(p), buffers);
}

void packed_return_batch(struct packed *p, unsigned n, uint32_t len)
{
	uint32_t at = p->used;
	uint16_t id = 0;

	assert_true(p->in_order);
	for (unsigned i = 0; i < n; i++) {
		id = (uint16_t)(at % p->num);
		at += p->buffer[id].length;
	}
	write_used(p, id, len);
	for (unsigned i = 0; i < n; i++)
		take_back(p, (uint16_t)(p->used % p->num));
}

/* In order: ids are slots, and a batch is reaped one buffer at a time. */
static uint16_t next_in_batch(struct packed *p)
{
	uint16_t id = (uint16_t)(p->reap % p->num);

	if (p->batch == NO_BATCH)
		p->batch = p->used_id[id];
	if (p->batch == id)
		p->batch = NO_BATCH;
	return id;
}

uint16_t packed_reap(struct packed *p)
{
	uint16_t id;

	assert_true(p->returned > 0);
	id = p->in_order ? next_in_batch(p) : p->used_id[p->reap % p->num];
	packed_set_token(p, id, 0);
	p->reap += p->buffer[id].length;
	p->held -= p->buffer[id].length;
	p->returned--;
	p->buffer[id].ours = p->buffer[id].returned = false;
	if (!p->in_order) {
		packed_set_link(p, p->buffer[id].last, p->free_id);
		p->free_id = id;
	}
	publish(p);
	return id;
}

uint16_t packed_oldest(const struct packed *p)
{
	uint32_t best = 0, at = UINT32_MAX;

	for (uint32_t i = 0; i < p->num; i++) {
		const struct packed_buffer *b = &p->buffer[i];

		if (b->ours && !b->returned && b->at < at) {
			best = i;
			at = b->at;
		}
	}
	assert_int_not_equal(at, UINT32_MAX);
	return (uint16_t)best;
}
