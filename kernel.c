// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kernel.c - reading kernel memory that may have holes, and our own bounded
 * walks over the kernel's lists of name spaces and net devices (list.c).
 */
#include <string.h>

#include "vring.h"

#define PAGE		4096ULL
#define MAX_COVER	1024	/* bytes read at once for members that are close together */
#define MAX_NETS	65536	/* name spaces */
#define MAX_MODULES	4096
#define MAX_NETDEVS	1048576	/* net devices of all name spaces */

static bool same_cause(const struct vr_error *a, const struct vr_error *b)
{
	return a->code == b->code && a->what == b->what && a->addr == b->addr &&
	       a->value == b->value && !strcmp(a->device, b->device) &&
	       !strcmp(a->queue, b->queue);
}

void vr_error_add(struct vr_ctx *c, struct vr_error e)
{
	memcpy(e.device, c->device, sizeof(e.device));
	memcpy(e.queue, c->queue, sizeof(e.queue));
	for (unsigned i = 0; i < c->nerrors && i < VR_MAX_ERRORS; i++)
		if (same_cause(&c->errors[i], &e))
			return;
	if (c->nerrors < VR_MAX_ERRORS)
		c->errors[c->nerrors] = e;
	c->nerrors++;
}

void vr_error_add_common(struct vr_ctx *c, struct vr_error e)
{
	char device[sizeof(c->device)], queue[sizeof(c->queue)];

	memcpy(device, c->device, sizeof(device));
	memcpy(queue, c->queue, sizeof(queue));
	c->device[0] = c->queue[0] = '\0';
	vr_error_add(c, e);
	memcpy(c->device, device, sizeof(device));
	memcpy(c->queue, queue, sizeof(queue));
}

void vr_over_budget(struct vr_ctx *c, const char *what, uint64_t limit, bool all)
{
	struct vr_error e = { .code = VR_E_BUDGET, .what = what, .limit = limit,
			      .of = all ? "of all queues together" : "of one queue" };

	if (all)
		vr_error_add_common(c, e);
	else
		vr_error_add(c, e);
}

static void read_failed(struct vr_ctx *c, const char *what, uint64_t addr,
			size_t len)
{
	if (what)
		vr_error_add(c, (struct vr_error){ .code = VR_E_READ,
			.what = what, .addr = addr, .len = (uint32_t)len });
}

int vr_read(struct vr_ctx *c, uint64_t addr, void *buf, size_t len)
{
	uint8_t *p = buf;

	addr = vr_untagged(c, addr);
	if (!vr_needs_walk(c, addr))
		return c->t->read(c->t, VR_KERNEL, addr, buf, len);
	while (len) {
		uint64_t phys;
		size_t n = PAGE - addr % PAGE;

		if (n > len)
			n = len;
		if (vr_virt_to_phys(c, addr, &phys) != VR_TR_OK ||
		    c->t->read(c->t, VR_PHYS, phys, p, n))
			return -1;
		addr += n;
		p += n;
		len -= n;
	}
	return 0;
}

/* ---- structs ---------------------------------------------------------- */

/* One error for a hole, however many pages or members it has. */
static void hole_ends(struct vr_ctx *c, const char *what, uint64_t end,
		      size_t *hole)
{
	if (*hole)
		read_failed(c, what, end - *hole, *hole);
	*hole = 0;
}

/* Note which pages of a range are missing. */
static void note_holes(struct vr_ctx *c, uint64_t addr, size_t size,
		       const char *what)
{
	size_t done = 0, hole = 0;
	uint8_t byte;

	while (done < size) {
		size_t n = PAGE - (addr + done) % PAGE;

		if (n > size - done)
			n = size - done;
		if (vr_read(c, addr + done, &byte, 1))
			hole += n;
		else
			hole_ends(c, what, addr + done, &hole);
		done += n;
	}
	hole_ends(c, what, addr + done, &hole);
}

struct vr_obj vr_obj_load(struct vr_ctx *c, uint64_t addr, size_t size,
			  const char *what)
{
	struct vr_obj o = { .addr = addr };

	if (!size || size > 65536 || addr + size < addr)
		return o;
	o.data = vr_alloc(&c->arena, 1, size);
	o.size = size;
	if (o.data && vr_read(c, addr, o.data, size)) {
		o.data = NULL;
		o.noted = true;
		note_holes(c, addr, size, what);
	}
	return o;
}

struct vr_obj vr_obj_cover(struct vr_ctx *c, uint64_t addr,
			   const enum vr_slot *slots, unsigned n)
{
	struct vr_obj o = { .addr = addr };
	size_t from = SIZE_MAX, end = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct vr_field *f = &c->layout.f[slots[i]];

		if (!f->known)
			continue;
		if (f->offset + (size_t)f->size > end)
			end = f->offset + (size_t)f->size;
		if (f->offset < from)
			from = f->offset;
	}
	if (!end || end - from > MAX_COVER || addr + end < addr)
		return o;
	o.data = vr_alloc(&c->arena, 1, end - from);
	o.from = from;
	o.size = end - from;
	if (o.data && vr_read(c, addr + from, o.data, o.size))
		o.data = NULL;
	return o;
}

static uint64_t number(const uint8_t *p, size_t size)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	/* The target's byte order is ours: crash opens no other dumps. */
	switch (size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v2, p, 2);
		return v2;
	case 4:
		memcpy(&v4, p, 4);
		return v4;
	default:
		memcpy(&v8, p, 8);
		return v8;
	}
}

struct vr_val vr_get(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		     const char *what)
{
	const struct vr_field *f = &c->layout.f[s];
	size_t size = f->size > 8 ? 8 : f->size;
	uint8_t buf[8];

	if (!f->known)
		return (struct vr_val){ .have = f->missed ? VR_UNREAD : VR_ABSENT };
	if (size != 1 && size != 2 && size != 4 && size != 8) {
		if (what)
			vr_error_add(c, (struct vr_error){ .code = VR_E_SIZE,
				.what = what, .addr = o->addr + f->offset,
				.len = f->size });
		return (struct vr_val){ .have = VR_UNREAD };
	}
	if (o->data && f->offset >= o->from &&
	    f->offset - o->from + size <= o->size)
		return (struct vr_val){ number(o->data + (f->offset - o->from), size),
					VR_READ };
	if (vr_read(c, o->addr + f->offset, buf, size)) {
		if (!o->noted)
			read_failed(c, what, o->addr + f->offset, size);
		return (struct vr_val){ .have = VR_UNREAD };
	}
	return (struct vr_val){ number(buf, size), VR_READ };
}

struct vr_val vr_get_second(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s)
{
	const struct vr_field *f = &c->layout.f[s];
	size_t at = f->offset + sizeof(uint64_t);
	uint8_t buf[sizeof(uint64_t)];

	if (!f->known || f->size < 2 * sizeof(buf))
		return (struct vr_val){ .have = VR_ABSENT };
	if (o->data && at >= o->from && at - o->from + sizeof(buf) <= o->size)
		return (struct vr_val){ number(o->data + (at - o->from), sizeof(buf)),
					VR_READ };
	if (vr_read(c, o->addr + at, buf, sizeof(buf)))
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ number(buf, sizeof(buf)), VR_READ };
}

/* Read, and 0, is NULL or no multiple of 'align'. */
static struct vr_val aligned(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
			     unsigned align, const char *what)
{
	struct vr_error e = { .code = VR_E_NULL, .what = what,
			      .addr = o->addr + c->layout.f[s].offset };
	struct vr_val v = vr_get(c, o, s, what);

	if (v.have != VR_READ || (v.v && !(v.v & (align - 1))))
		return v;
	if (v.v) {
		e.code = VR_E_WILD;
		e.value = v.v;
	}
	if (what)
		vr_error_add(c, e);
	v.v = 0;
	return v;
}

uint64_t vr_get_aligned(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
			unsigned align, const char *what)
{
	return aligned(c, o, s, align, what).v;
}

struct vr_val vr_get_ptr_val(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
			     const char *what)
{
	/* What is pointed to has pointers itself. */
	return aligned(c, o, s, c->layout.f[s].size == 8 ? 8 : 4, what);
}

uint64_t vr_get_ptr(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		    const char *what)
{
	return vr_get_ptr_val(c, o, s, what).v;
}

uint64_t vr_get_optional(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
			 const char *what)
{
	struct vr_val v = vr_get(c, o, s, what);

	return v.have == VR_READ && v.v ? vr_get_ptr(c, o, s, what) : 0;
}

bool vr_points_back(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		    const char *what, uint64_t to)
{
	struct vr_val v = vr_get(c, o, s, what);

	if (v.have != VR_READ || v.v == to)
		return true;
	vr_error_add(c, (struct vr_error){ .code = VR_E_MISFIT, .what = what,
					   .value = o->addr, .addr = to });
	return false;
}

int vr_get_name(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		const char *what, char *buf, size_t size)
{
	struct vr_val v = vr_get(c, o, s, what);

	buf[0] = '\0';
	if (v.have != VR_READ || !v.v)
		return -1;
	if (!vr_read_string(c, v.v, buf, size))
		return 0;
	read_failed(c, what, v.v, size - 1);
	return -1;
}

/* ---- ranges with holes ------------------------------------------------- */

static size_t page_of(const struct vr_span *s, size_t off)
{
	return (s->addr % PAGE + off) / PAGE;
}

int vr_span_load(struct vr_ctx *c, struct vr_span *s, uint64_t addr, size_t len,
		 const char *what)
{
	size_t done = 0, good = 0, hole = 0;

	*s = (struct vr_span){ .addr = addr, .len = len };
	if (addr + len < addr) {
		read_failed(c, what, addr, len);
		return -1;
	}
	s->data = vr_alloc(&c->scratch, 1, len);
	if (!s->data) {
		vr_error_add(c, (struct vr_error){ .code = VR_E_MEMORY,
						   .what = what });
		return -1;
	}
	if (!vr_read(c, addr, s->data, len))
		return 0;
	s->missing = vr_alloc(&c->scratch, page_of(s, len) + 1, 1);
	while (done < len) {
		size_t n = PAGE - (addr + done) % PAGE;

		if (n > len - done)
			n = len - done;
		if (!vr_read(c, addr + done, s->data + done, n)) {
			good++;
			hole_ends(c, what, addr + done, &hole);
		} else {
			hole += n;
			if (s->missing)
				s->missing[page_of(s, done)] = 1;
		}
		done += n;
	}
	hole_ends(c, what, addr + done, &hole);
	if (good && s->missing)
		return 0;
	s->data = NULL;
	return -1;
}

struct vr_val vr_span_get(const struct vr_span *s, size_t off, unsigned size,
			  bool big)
{
	const uint8_t *p;
	uint64_t v = 0;

	if (!s->data || off + size > s->len ||
	    (s->missing && (s->missing[page_of(s, off)] ||
			    s->missing[page_of(s, off + size - 1)])))
		return (struct vr_val){ .have = VR_UNREAD };
	p = s->data + off;
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)p[big ? size - 1 - i : i] << (8 * i);
	return (struct vr_val){ v, VR_READ };
}

int vr_read_string(struct vr_ctx *c, uint64_t addr, char *buf, size_t size)
{
	size_t n = PAGE - addr % PAGE;

	buf[0] = '\0';
	if (!addr)
		return -1;
	if (n > size - 1)
		n = size - 1;
	/* Up to the page's end first: the string may well end there. */
	if (vr_read(c, addr, buf, n)) {
		buf[0] = '\0';
		return -1;
	}
	buf[n] = '\0';
	if (strlen(buf) < n || n == size - 1)
		return 0;
	if (vr_read(c, addr + n, buf + n, size - 1 - n))
		buf[n] = '\0';
	else
		buf[size - 1] = '\0';
	return 0;
}

void vr_read_uts(struct vr_ctx *c, char nodename[65], char release[65])
{
	uint64_t uts;

	nodename[0] = release[0] = '\0';
	if (c->t->symbol(c->t, "init_uts_ns", &uts))
		return;
	if (vr_has(c, VR_UTS_NODENAME))
		vr_read_string(c, uts + c->layout.f[VR_UTS_NODENAME].offset,
			       nodename, 65);
	if (vr_has(c, VR_UTS_RELEASE))
		vr_read_string(c, uts + c->layout.f[VR_UTS_RELEASE].offset,
			       release, 65);
}

/* ---- net devices ----------------------------------------------------------------- */

typedef int (*netdev_fn)(struct vr_ctx *c, const struct vr_netdev_ref *ref,
			 void *arg);

/* Hand out the devices of one walk over a name space's list. */
static int each_of_list(struct vr_ctx *c, struct vr_list *l, uint64_t net,
			unsigned *left, netdev_fn fn, void *arg)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj netobj = { .addr = net };
	struct vr_netdev_ref ref = { .net = net };
	uint64_t node;
	int r;

	ref.inum = vr_get(c, &netobj, VR_NET_INUM, NULL);
	/* A device's page may be missing: those behind it are still reached. */
	while (*left && (node = vr_list_next(c, l))) {
		--*left;
		ref.addr = node - f[VR_DEV_LIST].offset;
		memset(ref.name, 0, sizeof(ref.name));
		if (vr_read(c, ref.addr + f[VR_DEV_NAME].offset, ref.name,
			    sizeof(ref.name))) {
			memset(ref.name, 0, sizeof(ref.name));
			read_failed(c, "net_device.name", ref.addr +
				    f[VR_DEV_NAME].offset, sizeof(ref.name));
		}
		ref.name[sizeof(ref.name) - 1] = '\0';
		r = fn(c, &ref, arg);
		if (r)
			return r;
	}
	return 0;
}

/* 'left' is how many more there may be. */
static int each_of_net(struct vr_ctx *c, uint64_t net, unsigned *left, netdev_fn fn,
		       void *arg)
{
	uint64_t head = net + c->layout.f[VR_NET_DEV_BASE_HEAD].offset;
	struct vr_list l = vr_list_start(head, *left, "list of net devices");

	return each_of_list(c, &l, net, left, fn, arg);
}

int vr_for_each_netdev(struct vr_ctx *c, netdev_fn fn, void *arg)
{
	unsigned left = MAX_NETDEVS;
	uint64_t head, node;
	struct vr_list l;
	int r;

	if (c->t->symbol(c->t, "net_namespace_list", &head)) {
		/* Not seen yet, but the initial one alone is still an answer. */
		vr_symbol_missed(c, "net_namespace_list",
				 "network name spaces but the first one");
		if (c->t->symbol(c->t, "init_net", &head)) {
			vr_symbol_missed(c, "init_net", "net devices");
			return 0;
		}
		return each_of_net(c, head, &left, fn, arg);
	}
	l = vr_list_start(head, MAX_NETS, "list of network name spaces");
	while ((node = vr_list_next(c, &l))) {
		r = each_of_net(c, node - c->layout.f[VR_NET_LIST].offset, &left,
				fn, arg);
		if (r)
			return r;
	}
	return 0;
}

/* ---- modules ------------------------------------------------------------------ */

struct vr_val vr_module_loaded(struct vr_ctx *c, const char *name)
{
	const struct vr_field *f = c->layout.f;
	uint64_t head, node;
	struct vr_list l;
	char have[56];
	bool all = true;

	if (c->t->symbol(c->t, "modules", &head) || !vr_has(c, VR_MODULE_LIST) ||
	    !vr_has(c, VR_MODULE_NAME))
		return (struct vr_val){ .have = VR_UNREAD };
	l = vr_list_start(head, MAX_MODULES, "list of modules");
	while ((node = vr_list_next(c, &l))) {
		if (vr_read_string(c, node - f[VR_MODULE_LIST].offset +
				   f[VR_MODULE_NAME].offset, have, sizeof(have)))
			all = false;
		else if (!strcmp(have, name))
			return (struct vr_val){ 1, VR_READ };
	}
	/* What a part of the list lacks may be in the rest. */
	return (struct vr_val){ 0, all && !l.broken && !l.link ? VR_READ : VR_UNREAD };
}
