// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chains.c - the descriptor chains that a device holds, indirect tables
 * expanded.  Sections are those of the virtio 1.2 specification.
 *
 * One walk serves both sides; where a table's bytes come from is the side's
 * matter.  It cannot run on: a chain has at most as many descriptors as its
 * table, and a queue's list is capped.
 */
#include <string.h>

#include "ring.h"

#define DESC_SIZE	16u
#define F_NEXT		1u
#define F_WRITE		2u
#define F_INDIRECT	4u
#define F_AVAIL		0x80u	/* these two in packed rings */
#define F_USED		0x8000u
#define MAX_DESCS	65536u	/* shown of one queue */
#define ALL_DESCS	(1u << 20)	/* and of all of a command */
#define ACCESS_PLATFORM	33

struct source {
	struct vr_ctx *c;
	struct vr_chains *out;
	uint32_t num;
	bool big;
	/* Read descriptor 'index' of the ring's table; 0 or -1. */
	int (*ring)(const struct source *s, uint32_t index, uint8_t *raw);
	/* Read 'raw' at 'offset' of the indirect table that buffer 'id' has at
	 * descriptor address 'addr'. */
	int (*table)(const struct source *s, uint32_t id, uint64_t addr,
		     uint64_t offset, uint8_t *raw);
	const struct vr_queue *guest;
	const struct vr_hostq *host;
};

static uint64_t number(const struct source *s, const uint8_t *p, unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)p[s->big ? size - 1 - i : i] << (8 * i);
	return v;
}

static struct vr_desc decode(const struct source *s, const uint8_t *raw,
			     uint32_t index, bool indirect)
{
	/* Split: flags, then next; packed: the id, then flags (2.8.13). */
	unsigned flags = s->out->packed ? 14 : 12, other = s->out->packed ? 12 : 14;

	return (struct vr_desc){ .index = index, .indirect = indirect,
		.addr = number(s, raw, 8), .len = (uint32_t)number(s, raw + 8, 4),
		.flags = (uint16_t)number(s, raw + flags, 2),
		.next = (uint16_t)number(s, raw + other, 2) };
}

static bool grow(struct vr_ctx *c, struct vr_chains *out)
{
	struct vr_desc *more;

	if (out->ndescs == MAX_DESCS)
		return false;
	if (c->spent.descs == ALL_DESCS) {
		vr_over_budget(c, "descriptors of chains", ALL_DESCS, true);
		return false;
	}
	more = vr_grow(&c->arena, out->desc, out->ndescs, &out->room,
		       sizeof(*more));
	if (more)
		out->desc = more;
	return more != NULL;
}

static bool keep(const struct source *s, struct vr_chain *k,
		 const struct vr_desc *d)
{
	struct vr_chains *out = s->out;

	if (!grow(s->c, out)) {
		out->capped = true;
		return false;
	}
	out->desc[out->ndescs++] = *d;
	s->c->spent.descs++;
	k->count++;
	if (!(d->flags & F_INDIRECT)) {
		if (d->flags & F_WRITE)
			k->writable += d->len;
		else
			k->readable += d->len;
	}
	return true;
}

/* 2.7.5.3 and 2.8.7: len a multiple of 16, links inside the table, no table in a
 * table.  A packed table's entries follow one another without links. */
static enum vr_stop walk_table(const struct source *s, struct vr_chain *k,
			       const struct vr_desc *in)
{
	uint32_t entries = in->len / DESC_SIZE, at = 0;

	if (!in->len || in->len % DESC_SIZE || entries > VR_MAX_RING)
		return VR_STOP_LENGTH;
	for (uint32_t n = 0; n < entries; n++) {
		uint8_t raw[DESC_SIZE];
		struct vr_desc d;

		if (s->table(s, k->id, in->addr, (uint64_t)at * DESC_SIZE, raw))
			return VR_STOP_UNREADABLE;
		d = decode(s, raw, at, true);
		if (!keep(s, k, &d))
			return VR_STOP_CAPPED;
		if (d.flags & F_INDIRECT)
			return VR_STOP_NESTED;
		if (s->out->packed ? at + 1 == entries : !(d.flags & F_NEXT))
			return VR_STOP_END;
		if (s->out->packed)
			d.next = (uint16_t)(at + 1);
		if (d.next >= entries)
			return VR_STOP_INDEX;
		at = d.next;
	}
	return VR_STOP_LOOP;
}

static enum vr_stop walk(const struct source *s, struct vr_chain *k)
{
	uint32_t at = k->head;

	for (uint32_t n = 0; n < s->num; n++) {
		uint8_t raw[DESC_SIZE];
		struct vr_desc d;

		if (at >= s->num)
			return VR_STOP_INDEX;
		if (s->ring(s, at, raw))
			return VR_STOP_UNREADABLE;
		d = decode(s, raw, at, false);
		if (!keep(s, k, &d))
			return VR_STOP_CAPPED;
		if (d.flags & F_INDIRECT)
			return walk_table(s, k, &d);
		if (!(d.flags & F_NEXT))
			return VR_STOP_END;
		at = d.next;
	}
	return VR_STOP_LOOP;
}

static int begin(struct source *s, uint32_t chains)
{
	struct vr_chains *out = s->out;

	out->chain = vr_alloc(&s->c->arena, chains ? chains : 1,
			      sizeof(*out->chain));
	out->known = out->chain != NULL;
	if (out->known)
		return 0;
	vr_error_add(s->c, (struct vr_error){ .code = VR_E_MEMORY,
					      .what = "descriptor chains" });
	return -1;
}

static void add(const struct source *s, uint32_t head)
{
	struct vr_chain *k;

	if (s->out->capped)
		return;
	k = &s->out->chain[s->out->nchains++];
	k->head = k->id = head;
	k->first = s->out->ndescs;
	k->stop = walk(s, k);
}

/* ---- the guest's side ------------------------------------------------------------ */

static int guest_ring(const struct source *s, uint32_t index, uint8_t *raw)
{
	const struct vr_queue *q = s->guest;

	return vr_read(s->c, (q->packed ? q->pk.desc : q->split.desc) +
		       (uint64_t)DESC_SIZE * index, raw, DESC_SIZE);
}

/*
 * The driver keeps a pointer to the table beside its token, but only in queues
 * that use indirect tables: elsewhere virtio_net keeps a cookie there.  Without
 * the pointer (to 4.4) the descriptor's address is the table's, unless it is a
 * bus address.
 */
static int guest_table(const struct source *s, uint32_t id, uint64_t addr,
		       uint64_t offset, uint8_t *raw)
{
	const struct vr_field *f = s->c->layout.f;
	const struct vr_queue *q = s->guest;
	enum vr_slot indir = q->packed ? VR_PSTATE_INDIR : VR_STATE_INDIR;
	uint64_t table, slot = q->desc_state + (uint64_t)id *
		f[q->packed ? VR_SZ_PSTATE : VR_SZ_DESC_STATE].size +
		f[indir].offset;

	if (vr_has(s->c, indir) && q->indirect.v &&
	    !vr_read(s->c, slot, &table, sizeof(table)) && table)
		return vr_read(s->c, table + offset, raw, DESC_SIZE);
	if (s->out->bus.have != VR_READ || s->out->bus.v)
		return -1;
	return s->c->t->read(s->c->t, VR_PHYS, addr + offset, raw, DESC_SIZE);
}

/*
 * The slots of one buffer of a packed ring, from '*slot' on, at most 'left' of them:
 * the driver writes its id into each.  Returns how many there were; with none, no
 * chain is added.
 */
static uint32_t add_packed(const struct source *s, uint32_t *slot, uint32_t left)
{
	struct vr_chain *k = &s->out->chain[s->out->nchains];
	uint32_t n = 0;

	*k = (struct vr_chain){ .head = *slot, .first = s->out->ndescs,
				.stop = VR_STOP_LOOP };
	while (n < left && k->stop == VR_STOP_LOOP) {
		uint8_t raw[DESC_SIZE];
		struct vr_desc d;

		k->stop = VR_STOP_UNREADABLE;
		if (s->ring(s, *slot, raw))
			break;
		k->stop = VR_STOP_OTHER;
		d = decode(s, raw, *slot, false);
		if (n && d.next != k->id)
			break;
		k->id = d.next;
		n++;
		*slot = *slot + 1 < s->num ? *slot + 1 : 0;
		if (!keep(s, k, &d))
			k->stop = VR_STOP_CAPPED;
		else if (d.flags & F_INDIRECT)
			k->stop = walk_table(s, k, &d);
		else
			k->stop = d.flags & F_NEXT ? VR_STOP_LOOP : VR_STOP_END;
	}
	s->out->nchains += n != 0;
	return n;
}

/* The id in a slot, or -1. */
static int64_t id_at(const struct source *s, uint32_t slot)
{
	uint8_t raw[DESC_SIZE];

	return s->ring(s, slot, raw) ? -1 : (int64_t)decode(s, raw, slot, false).next;
}

/* By id, the steps from 'slot' to behind the last slot that bears it; 0: none does.
 * False when a slot cannot be read. */
static bool find_last(const struct source *s, uint32_t slot, uint32_t left,
		      uint32_t *last)
{
	bool all = true;

	for (uint32_t i = 1; i <= left; i++) {
		int64_t id = id_at(s, slot);

		if (id >= 0 && id < s->num)
			last[id] = i;
		all = all && id >= 0;
		slot = slot + 1 < s->num ? slot + 1 : 0;
	}
	return all;
}

/*
 * A device that returns buffers out of order overwrites the slots of others, and
 * leaves descriptors of returned ones standing.  The tokens tell whether an id is
 * with the device; where it stands twice, it has been used again since, and the
 * later one counts.
 */
static void packed_ring_chains(const struct source *s, uint32_t slot, uint32_t left,
			       const uint32_t *last, uint8_t *seen)
{
	const struct vr_slots *t = &s->guest->slots;
	uint32_t at = 1, n;

	for (; at <= left && !s->out->capped; at += n ? n : 1) {
		int64_t id = id_at(s, slot);
		struct vr_chain *k;

		n = 0;
		if (id >= 0 && id < s->num && !seen[id] &&
		    t->buffer[id] == VR_SLOT_DEVICE &&
		    (!t->length[id] || at + t->length[id] > last[id]))
			n = add_packed(s, &slot, left - at + 1);
		if (!n) {
			slot = slot + 1 < s->num ? slot + 1 : 0;
			continue;
		}
		seen[id] = 1;
		k = &s->out->chain[s->out->nchains - 1];
		if (n < t->length[id] && k->stop == VR_STOP_END)
			k->stop = VR_STOP_OVERWRITTEN;
	}
}

static void packed_chains(const struct source *s)
{
	const struct vr_queue *q = s->guest;
	const struct vr_packed *p = &q->pk;
	uint32_t slot = (uint32_t)p->device_idx.v, left;
	uint32_t *last = vr_alloc(&s->c->arena, s->num, sizeof(*last));
	uint8_t *seen = vr_alloc(&s->c->arena, s->num, 1);
	enum vr_stop unseen;

	s->out->known = seen && last && p->device_idx.have == VR_READ;
	if (!s->out->known)
		return;
	left = vr_packed_steps(s->num, slot, p->device_wrap_counter.v,
			       (uint32_t)p->next_avail_idx.v,
			       p->avail_wrap_counter.v);
	unseen = find_last(s, slot, left, last) ? VR_STOP_OVERWRITTEN :
						  VR_STOP_UNREADABLE;
	packed_ring_chains(s, slot, left, last, seen);
	for (uint32_t i = 0; i < s->num && s->out->nchains < s->num; i++)
		if (q->slots.buffer[i] == VR_SLOT_DEVICE && !seen[i] &&
		    !s->out->capped)
			s->out->chain[s->out->nchains++] = (struct vr_chain){
				.id = i, .first = s->out->ndescs,
				.stop = unseen };
}

void vr_guest_chains(struct vr_ctx *c, struct vr_queue *q, struct vr_val features,
		     bool words_big)
{
	struct source s = { .c = c, .out = &q->chains, .num = q->num,
		.big = words_big && !q->packed, .ring = guest_ring, .table = guest_table,
		.guest = q };

	q->chains.wanted = true;
	q->chains.bus = features;
	q->chains.bus.v = features.v >> ACCESS_PLATFORM & 1;
	q->chains.packed = q->packed;
	if (!q->slots.state || (!q->packed && vr_tokens_lost(c)) ||
	    !(q->packed ? q->pk.desc : q->split.desc) || begin(&s, s.num))
		return;
	if (q->packed) {
		packed_chains(&s);
		return;
	}
	for (uint32_t i = 0; i < s.num; i++)
		if (q->slots.token[i] && q->slots.state[i] == VR_SLOT_DEVICE)
			add(&s, i);
}

/* ---- the host's side --------------------------------------------------------------- */

static int host_ring(const struct source *s, uint32_t index, uint8_t *raw)
{
	const struct vr_vhost *v = s->host->vhost;
	uint64_t user, addr = s->host->desc.v + (uint64_t)DESC_SIZE * index;

	return vr_ring_to_user(v, addr, &user) &&
	       vr_read_user(s->c, v->mm, user, raw, DESC_SIZE) == VR_TR_OK ? 0 : -1;
}

/* A table may lie anywhere, even across the end of a region. */
static int host_table(const struct source *s, uint32_t head, uint64_t addr,
		      uint64_t offset, uint8_t *raw)
{
	const struct vr_vhost *v = s->host->vhost;
	uint64_t user, last;

	(void)head;
	addr += offset;
	if (!vr_guest_to_user(v, addr, &user) ||
	    !vr_guest_to_user(v, addr + DESC_SIZE - 1, &last) ||
	    last - user != DESC_SIZE - 1)
		return -1;
	return vr_read_user(s->c, v->mm, user, raw, DESC_SIZE) == VR_TR_OK ? 0 : -1;
}

/* From where on the entries of the avail ring are known to be held.  vhost-scsi returns
 * in another order than it takes: what it has taken may be returned, and stays there. */
static struct vr_val first_held(const struct vr_hostq *q)
{
	return q->vhost->kind == VR_VHOST_SCSI ? q->last_avail_idx : q->last_used_idx;
}

/* How many chains the guest published and vhost has not returned; -1: not known. */
static int held(struct vr_ctx *c, const struct vr_hostq *q)
{
	struct vr_val first = first_held(q);
	uint16_t count = (uint16_t)(q->ring.avail_idx.v - first.v);

	if (q->zeros || !q->ring.num || q->ring.avail_idx.have != VR_READ ||
	    first.have != VR_READ)
		return -1;
	if (count <= q->ring.num)
		return count;
	vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
		.what = q->vhost->kind == VR_VHOST_SCSI ? "avail->idx - last_avail_idx" :
							  "avail->idx - last_used_idx",
		.value = count, .limit = q->ring.num });
	return -1;
}

static void held_chains(const struct source *s, uint32_t count)
{
	const struct vr_hostq *q = s->host;
	const struct vr_val first = first_held(q);
	uint32_t unread = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = (uint16_t)(first.v + i) % s->num;
		uint64_t user, at = q->avail.v + 4 + 2 * (uint64_t)slot;
		uint8_t raw[2];

		if (vr_ring_to_user(q->vhost, at, &user) &&
		    vr_read_user(s->c, q->vhost->mm, user, raw, sizeof(raw)) ==
		    VR_TR_OK)
			add(s, (uint32_t)number(s, raw, 2));
		else if (!unread++)
			vr_error_add(s->c, (struct vr_error){ .code = VR_E_READ,
				.what = "avail->ring", .addr = at,
				.len = sizeof(raw) });
	}
}

void vr_host_chains(struct vr_ctx *c, struct vr_hostq *q)
{
	struct source s = { .c = c, .out = &q->chains, .num = q->ring.num,
		.big = vr_host_ring_is_big(c, q),
		.ring = host_ring, .table = host_table, .host = q };
	int count;

	snprintf(c->device, sizeof(c->device), "%s", q->device);
	memcpy(c->queue, q->label, sizeof(c->queue));
	q->chains.wanted = true;
	q->chains.bus = (struct vr_val){ q->vhost->iotlb, q->vhost->iotlb_lost ?
					 VR_UNREAD : VR_READ };
	count = held(c, q);
	if (count >= 0 && !begin(&s, (uint32_t)count))
		held_chains(&s, (uint32_t)count);
	c->device[0] = c->queue[0] = '\0';
}

/* ---- in words ------------------------------------------------------------------------ */

const char *vr_stop_name(enum vr_stop stop)
{
	switch (stop) {
	case VR_STOP_END:
		return "end";
	case VR_STOP_LOOP:
		return "loop";
	case VR_STOP_INDEX:
		return "index out of range";
	case VR_STOP_UNREADABLE:
		return "unreadable";
	case VR_STOP_NESTED:
		return "indirect table inside an indirect table";
	case VR_STOP_LENGTH:
		return "indirect table of a bad length";
	case VR_STOP_CAPPED:
		return "not shown further";
	case VR_STOP_OVERWRITTEN:
		return "descriptors overwritten by the return of other buffers";
	case VR_STOP_OTHER:
		return "NEXT leads into another buffer";
	}
	return "";
}

void vr_desc_flags(char *buf, size_t size, uint16_t flags)
{
	unsigned rest = flags & ~(F_NEXT | F_WRITE | F_INDIRECT | F_AVAIL | F_USED);
	int n = snprintf(buf, size, "%s%s%s%s%s", flags & F_NEXT ? " NEXT" : "",
			 flags & F_WRITE ? " WRITE" : "",
			 flags & F_INDIRECT ? " INDIRECT" : "",
			 flags & F_AVAIL ? " AVAIL" : "",
			 flags & F_USED ? " USED" : "");

	if (rest && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, " 0x%x", rest);
}
