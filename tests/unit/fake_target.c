// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fake_target.c - memory and symbols of the fake target.
 */
#include "unit.h"
#include "fake_target.h"

#define BUCKETS		(sizeof(((struct fake_target *)0)->pages) / sizeof(void *))
#define FIRST_ALLOC	0xffff888100000000ULL

struct fake_page {
	struct fake_page *next;
	enum vr_space space;
	uint64_t addr;
	uint8_t data[FAKE_PAGE];
};

struct fake_symbol {
	struct fake_symbol *next;
	char name[48];
	uint64_t addr;
};

struct fake_owned {
	struct fake_owned *next;
	_Alignas(16) uint8_t data[];
};

/* ---- pages --------------------------------------------------------------- */

static struct fake_page **bucket(struct fake_target *f, uint64_t addr)
{
	return &f->pages[addr / FAKE_PAGE % BUCKETS];
}

static struct fake_page *find_page(struct fake_target *f, enum vr_space space,
				   uint64_t addr)
{
	uint64_t base = addr & ~(FAKE_PAGE - 1);

	for (struct fake_page *p = *bucket(f, addr); p; p = p->next)
		if (p->addr == base && p->space == space)
			return p;
	return NULL;
}

static struct fake_page *need_page(struct fake_target *f, enum vr_space space,
				   uint64_t addr)
{
	struct fake_page *p = find_page(f, space, addr);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	assert_non_null(p);
	p->space = space;
	p->addr = addr & ~(FAKE_PAGE - 1);
	p->next = *bucket(f, addr);
	*bucket(f, addr) = p;
	return p;
}

/* How much of 'len' lies on the page of 'addr'. */
static size_t on_page(uint64_t addr, size_t len)
{
	size_t n = FAKE_PAGE - addr % FAKE_PAGE;

	return n < len ? n : len;
}

void fake_put(struct fake_target *f, enum vr_space space, uint64_t addr,
	      const void *buf, size_t len)
{
	const uint8_t *from = buf;

	while (len) {
		size_t n = on_page(addr, len);

		memcpy(need_page(f, space, addr)->data + addr % FAKE_PAGE, from,
		       n);
		addr += n;
		from += n;
		len -= n;
	}
}

void fake_map(struct fake_target *f, enum vr_space space, uint64_t addr,
	      size_t len)
{
	while (len) {
		size_t n = on_page(addr, len);

		need_page(f, space, addr);
		addr += n;
		len -= n;
	}
}

void fake_drop(struct fake_target *f, enum vr_space space, uint64_t addr)
{
	struct fake_page *p = find_page(f, space, addr);
	struct fake_page **link = bucket(f, addr);

	/* A test that drops nothing would not test what its name says. */
	assert_non_null(p);
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	free(p);
}

uint64_t fake_alloc(struct fake_target *f, size_t size)
{
	uint64_t addr = f->next;

	fake_map(f, VR_KERNEL, addr, size);
	f->next += ((size + FAKE_PAGE - 1) / FAKE_PAGE + 1) * FAKE_PAGE;
	return addr;
}

/* ---- words --------------------------------------------------------------- */

void fake_u8(struct fake_target *f, uint64_t addr, uint8_t v)
{
	fake_put(f, VR_KERNEL, addr, &v, sizeof(v));
}

void fake_u16(struct fake_target *f, uint64_t addr, uint16_t v)
{
	fake_put(f, VR_KERNEL, addr, &v, sizeof(v));
}

void fake_u32(struct fake_target *f, uint64_t addr, uint32_t v)
{
	fake_put(f, VR_KERNEL, addr, &v, sizeof(v));
}

void fake_u64(struct fake_target *f, uint64_t addr, uint64_t v)
{
	fake_put(f, VR_KERNEL, addr, &v, sizeof(v));
}

void fake_phys64(struct fake_target *f, uint64_t addr, uint64_t v)
{
	fake_put(f, VR_PHYS, addr, &v, sizeof(v));
}

void fake_num(struct fake_target *f, uint64_t addr, uint64_t v, unsigned size)
{
	switch (size) {
	case 1:
		fake_u8(f, addr, (uint8_t)v);
		break;
	case 2:
		fake_u16(f, addr, (uint16_t)v);
		break;
	case 4:
		fake_u32(f, addr, (uint32_t)v);
		break;
	case 8:
		fake_u64(f, addr, v);
		break;
	default:
		fail_msg("no number has %u bytes", size);
	}
}

void fake_str(struct fake_target *f, uint64_t addr, const char *s)
{
	fake_put(f, VR_KERNEL, addr, s, strlen(s) + 1);
}

uint64_t fake_get64(struct fake_target *f, uint64_t addr)
{
	struct fake_page *p = find_page(f, VR_KERNEL, addr);
	uint64_t v;

	assert_non_null(p);
	assert_true(addr % FAKE_PAGE + sizeof(v) <= FAKE_PAGE);
	memcpy(&v, p->data + addr % FAKE_PAGE, sizeof(v));
	return v;
}

/* ---- the seam ------------------------------------------------------------ */

static int seam_read(struct vr_target *t, enum vr_space space, uint64_t addr,
		     void *buf, size_t len)
{
	struct fake_target *f = (struct fake_target *)t;
	uint64_t at = addr;
	size_t done = 0;

	t->reads++;
	t->bytes += len;
	while (done < len) {
		size_t n = on_page(at, len - done);
		struct fake_page *p = find_page(f, space, at);

		/* The address space does not go on at its start. */
		if (!p || at < addr) {
			memset(buf, FAKE_RUBBISH, len);
			return -1;
		}
		memcpy((uint8_t *)buf + done, p->data + at % FAKE_PAGE, n);
		at += n;
		done += n;
	}
	return len ? 0 : -1;
}

static void define(struct fake_symbol **list, const char *name, uint64_t value)
{
	struct fake_symbol *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_true(strlen(name) < sizeof(s->name));
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->addr = value;
	s->next = *list;
	*list = s;
}

static int look_up(const struct fake_symbol *list, const char *name, uint64_t *ret)
{
	for (; list; list = list->next) {
		if (!strcmp(list->name, name)) {
			*ret = list->addr;
			return 0;
		}
	}
	return -1;
}

static void forget(struct fake_symbol **list)
{
	while (*list) {
		struct fake_symbol *s = *list;

		*list = s->next;
		free(s);
	}
}

void fake_symbol(struct fake_target *f, const char *name, uint64_t addr)
{
	define(&f->symbols, name, addr);
}

void fake_no_symbols(struct fake_target *f)
{
	forget(&f->symbols);
}

void fake_enum(struct fake_target *f, const char *name, uint64_t value)
{
	define(&f->enums, name, value);
}

static int seam_symbol(struct vr_target *t, const char *name, uint64_t *ret)
{
	return look_up(((struct fake_target *)t)->symbols, name, ret);
}

static int seam_enumerator(struct vr_target *t, const char *name, uint64_t *ret)
{
	return look_up(((struct fake_target *)t)->enums, name, ret);
}

/* ---- life ---------------------------------------------------------------- */

struct fake_target *fake_new(void)
{
	struct fake_target *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->next = FIRST_ALLOC;
	f->t.read = seam_read;
	f->t.symbol = seam_symbol;
	f->t.enumerator = seam_enumerator;
	f->t.member = fake_seam_member;
	f->t.size = fake_seam_size;
	f->t.load_types = fake_seam_load;
	return f;
}

void *fake_own(struct fake_target *f, size_t size)
{
	struct fake_owned *o = calloc(1, sizeof(*o) + size);

	assert_non_null(o);
	o->next = f->owned;
	f->owned = o;
	return o->data;
}

void fake_free(struct fake_target *f)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (f->pages[i]) {
			struct fake_page *p = f->pages[i];

			f->pages[i] = p->next;
			free(p);
		}
	}
	forget(&f->symbols);
	forget(&f->enums);
	while (f->owned) {
		struct fake_owned *o = f->owned;

		f->owned = o->next;
		free(o);
	}
	fake_types_free(f);
	free(f);
}
