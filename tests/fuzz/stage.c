// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stage.c - the seam over a system that was built once and is changed by each input.
 */
#include <string.h>

#include "members.h"
#include "stage.h"

/* More than any command needs for a dump of that size, which has a few hundred pages:
 * each loop has its limit, and this is for loops inside loops. */
#define MAX_READS	2000000u

/* ---- the seam --------------------------------------------------------------- */

static uint16_t *find(struct stage *s, enum vr_space space, uint64_t page)
{
	unsigned i = ((unsigned)(page / FAKE_PAGE) * 2654435761u + space) %
		     COUNT_OF(s->slot);

	while (s->slot[i] && (s->page[s->slot[i] - 1].at != page ||
			      s->page[s->slot[i] - 1].space != space))
		i = (i + 1) % COUNT_OF(s->slot);
	return &s->slot[i];
}

static void operate(struct stage *s, struct input *in);

static int stage_read(struct vr_target *t, enum vr_space space, uint64_t addr,
		      void *buf, size_t len)
{
	struct stage *s = (struct stage *)t;
	uint8_t *p = buf;

	if (++t->reads > MAX_READS)
		finding("reads without end");
	if (s->later.size && t->reads >= s->when)
		operate(s, &s->later);
	if (!len || addr + len < addr)
		return -1;
	for (size_t n; len; len -= n, addr += n, p += n) {
		uint16_t page = *find(s, space, addr & ~(FAKE_PAGE - 1));

		n = FAKE_PAGE - addr % FAKE_PAGE;
		if (n > len)
			n = len;
		if (!page || s->page[page - 1].gone)
			return -1;
		memcpy(p, s->page[page - 1].now + addr % FAKE_PAGE, n);
	}
	return 0;
}

static int stage_symbol(struct vr_target *t, const char *name, uint64_t *ret)
{
	struct fake_target *f = ((struct stage *)t)->f;

	return f->t.symbol(&f->t, name, ret);
}

static int stage_member(struct vr_target *t, const char *type, const char *path,
			struct vr_member *ret)
{
	struct fake_target *f = ((struct stage *)t)->f;

	return f->t.member(&f->t, type, path, ret);
}

static int stage_size(struct vr_target *t, const char *type, uint64_t *ret)
{
	struct fake_target *f = ((struct stage *)t)->f;

	return f->t.size(&f->t, type, ret);
}

static int stage_enumerator(struct vr_target *t, const char *name, uint64_t *ret)
{
	struct fake_target *f = ((struct stage *)t)->f;

	return f->t.enumerator(&f->t, name, ret);
}

static int stage_load(struct vr_target *t, const char *module)
{
	(void)t, (void)module;
	return -1;
}

static const char *stage_from(struct vr_target *t, const char *module)
{
	(void)t, (void)module;
	return NULL;
}

/* ---- building ------------------------------------------------------------------ */

struct stage *stage_new(struct fake_target *f)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->page = calloc(STAGE_PAGES, sizeof(*s->page));
	if (!s->page)
		abort();
	s->f = f;
	s->t = (struct vr_target){ .read = stage_read, .symbol = stage_symbol,
		.member = stage_member, .size = stage_size,
		.enumerator = stage_enumerator, .load_types = stage_load,
		.types_from = stage_from };
	return s;
}

static bool only_zeros(const uint8_t *p)
{
	for (unsigned i = 0; i < FAKE_PAGE; i++)
		if (p[i])
			return false;
	return true;
}

void stage_keep(struct stage *s, enum vr_space space, uint64_t from, uint64_t to,
		bool sparse)
{
	for (uint64_t at = from & ~(FAKE_PAGE - 1); at < to; at += FAKE_PAGE) {
		struct stage_page *p = &s->page[s->npages];
		uint16_t *slot = find(s, space, at);

		if (*slot)
			continue;
		if (s->npages == STAGE_PAGES)
			abort();
		if (s->f->t.read(&s->f->t, space, at, p->was, FAKE_PAGE) ||
		    (sparse && only_zeros(p->was)))
			continue;
		p->at = at;
		p->space = space;
		memcpy(p->now, p->was, FAKE_PAGE);
		*slot = (uint16_t)++s->npages;
	}
}

void stage_ready(struct stage *s, const struct vr_layout *layout)
{
	unsigned room = 0;
	uint64_t v;

	s->built = s->layout = *layout;
	for (unsigned i = 0; i < s->npages; i++) {
		for (unsigned k = 0; k < FAKE_PAGE; k += 8) {
			memcpy(&v, s->page[i].was + k, 8);
			if (!v)
				continue;
			if (s->nwords == room) {
				room = room ? 2 * room : 1024;
				s->word = realloc(s->word, room * sizeof(*s->word));
				if (!s->word)
					abort();
			}
			s->word[s->nwords++] = (struct stage_word){ (uint16_t)i,
								    (uint16_t)k };
		}
	}
	if (!s->nwords)
		abort();
}

/* ---- what an input does -------------------------------------------------------- */

static struct stage_page *touch(struct stage *s, unsigned page)
{
	struct stage_page *p = &s->page[page];

	if (!p->dirty)
		s->dirty[s->ndirty++] = p;
	p->dirty = true;
	return p;
}

static void put(struct stage *s, unsigned page, unsigned offset, const void *data,
		size_t size)
{
	if (size > FAKE_PAGE - offset)
		size = FAKE_PAGE - offset;
	memcpy(touch(s, page)->now + offset, data, size);
}

static uint64_t get(const struct stage *s, const struct stage_word *w)
{
	uint64_t v;

	memcpy(&v, s->page[w->page].now + w->offset, 8);
	return v;
}

/* A member lies elsewhere, has another size, or is not there: types are of the dump. */
static void change_layout(struct stage *s, unsigned what, struct input *in)
{
	const struct vr_row *r;
	struct vr_field *f;
	unsigned n = 0;

	while (vr_row_at(n))
		n++;
	r = vr_row_at(take16(in) % n);
	f = &s->layout.f[r->slot];
	if (!f->known)
		return;
	switch (what % 4) {
	case 0:
		if (r->optional)
			*f = (struct vr_field){ .absent = true };
		break;
	case 1:
		f->offset = take16(in);
		break;
	case 2:
		f->size = take8(in);
		break;
	default:
		f->size = (uint32_t)take(in, 4);
	}
}

/* One operation on the memory. */
static void change_memory(struct stage *s, unsigned what, struct input *in)
{
	const struct stage_word *w = &s->word[take16(in) % s->nwords];
	unsigned offset, size;
	uint64_t v;

	switch (what % 8) {
	case 0:		/* the page is missing */
		touch(s, w->page)->gone = true;
		return;
	case 1:		/* a word becomes what another one is */
		v = get(s, &s->word[take16(in) % s->nwords]);
		break;
	case 2:		/* it moves a little */
		v = get(s, w) + (uint64_t)(int8_t)take8(in);
		break;
	case 3:		/* it points to anywhere, on a page that there is */
		v = s->page[take16(in) % s->npages].at + 16u * take8(in);
		break;
	case 4:		/* it is anything */
		v = take(in, 8);
		break;
	case 5:		/* bytes of it, or behind it, are anything */
		offset = (w->offset + take8(in)) % FAKE_PAGE;
		size = 1u << what / 8 % 4;
		v = take(in, size);
		put(s, w->page, offset, &v, size);
		return;
	default:	/* many bytes of a kind */
		offset = take16(in) % FAKE_PAGE;
		size = (FAKE_PAGE - offset) / (1 + what / 8);
		memset(touch(s, w->page)->now + offset, take8(in), size);
		return;
	}
	put(s, w->page, w->offset, &v, 8);
}

static void operate(struct stage *s, struct input *in)
{
	while (in->size) {
		unsigned what = take8(in);

		if (what < 0xe0) {
			change_memory(s, what, in);
		} else if (what < 0xf0) {
			change_layout(s, what, in);
		} else {	/* a live system: the rest happens later */
			s->when = s->t.reads + take8(in) * (what % 16 + 1u);
			s->later = *in;
			return;
		}
	}
	s->later.size = 0;
}

void stage_begin(struct stage *s, struct input *in)
{
	for (unsigned i = 0; i < s->ndirty; i++) {
		struct stage_page *p = s->dirty[i];

		memcpy(p->now, p->was, FAKE_PAGE);
		p->gone = p->dirty = false;
	}
	s->ndirty = 0;
	s->layout = s->built;
	s->later.size = 0;
	s->t.reads = 0;
	operate(s, in);
}

void stage_limit16(struct stage *s, uint64_t addr, uint16_t limit, uint16_t most)
{
	uint16_t page = *find(s, VR_KERNEL, addr & ~(FAKE_PAGE - 1)), v;

	if (!page)
		return;
	memcpy(&v, s->page[page - 1].now + addr % FAKE_PAGE, 2);
	if (v < limit || v > most)
		return;
	v %= limit;
	put(s, page - 1u, addr % FAKE_PAGE, &v, 2);
}

void stage_zero(struct stage *s, enum vr_space space, uint64_t from, uint64_t to)
{
	for (unsigned i = 0; i < s->npages; i++) {
		struct stage_page *p = &s->page[i];

		if (p->space == space && p->at >= from && p->at < to)
			memset(touch(s, i)->now, 0, FAKE_PAGE);
	}
}
