// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_soup.c - walks through a kernel that makes no sense at all: every word
 * that is read comes from the input, picked by its address, and most of them are
 * pointers to more of the same.  Member offsets follow from the slot, sizes from
 * the input.  This drives the host's side, tasks, files, page tables and lists
 * into loops and dead ends.
 *
 * Input: 4 bytes of choices, then the words.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "members.h"

#define SOUP_AT		0xffff888000000000ULL
#define INFO_AT		(SOUP_AT + 0x10000)
#define GUEST_GROUPS	(VR_G_KERNEL | VR_G_GUEST | VR_G_TASKS | VR_G_BUS | VR_G_IRQ | \
			 VR_G_OWNERS | VR_G_BLK)
#define ALL_GROUPS	(255 | VR_G_GUEST)	/* without vsock or scsi, by the input's choice */
#define MAX_READS	50000	/* then all reads fail, so that an input ends */

static struct soup {
	struct input words;
	uint32_t seed;
	unsigned reads;
} soup;

static uint32_t hash(uint64_t v)
{
	v = (v ^ soup.seed) * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(v >> 32);
}

/* The word at an address: what it is depends on its first byte. */
static uint64_t word(uint64_t addr)
{
	const uint8_t *p;
	uint64_t v;

	if (soup.words.size < 9)
		return 0;
	p = soup.words.data + hash(addr) % (soup.words.size - 8);
	memcpy(&v, p + 1, sizeof(v));
	switch (*p % 16) {
	case 0:
		return 0;
	case 1:		/* points to itself */
		return addr;
	case 2:		/* a small number */
	case 3:
		return v & 0xff;
	case 4:		/* a text */
		memcpy(&v, "virtio\0\0", sizeof(v));
		return v;
	case 5:
		memcpy(&v, "tun\0tap\0", sizeof(v));
		return v;
	case 6:
		return v & 0x7fffffffffffULL;	/* a user's address */
	case 7:
	case 8:
		return v;
	default:	/* a pointer; few places, so that ways meet */
		return SOUP_AT + (v & 0xfff8);
	}
}

/* arm64 has its page tables' form from a text, which is mostly sound. */
static void info_text(char *text, size_t len)
{
	static const unsigned page[] = { 4096, 16384, 65536, 8192 };
	static const unsigned bits[] = { 36, 39, 42, 47, 48, 52, 52, 64 };
	unsigned form = hash(1), unused = form & 0x100 ? 16 : 64 - bits[form % 8];

	snprintf(text, len, "OSRELEASE=\nPAGESIZE=%u\nNUMBER(VA_BITS)=%u\n"
		 "NUMBER(TCR_EL1_T1SZ)=0x%x%.*s", page[form / 8 % 4], bits[form % 8],
		 unused, (int)(soup.words.size % 64), (const char *)soup.words.data);
}

static int target_read(struct vr_target *t, enum vr_space space, uint64_t addr,
		       void *buf, size_t len)
{
	uint8_t *p = buf;

	t->reads++;
	if (addr == INFO_AT) {
		memset(buf, 0, len);
		info_text(buf, len);
		return 0;
	}
	if (++soup.reads > MAX_READS || !len || addr + len < addr ||
	    hash(addr >> 12 | (uint64_t)space << 60) % 32 == 0)
		return -1;
	while (len) {
		uint64_t v = word(addr & ~7ULL);
		size_t skip = addr & 7, n = 8 - skip;

		if (n > len)
			n = len;
		memcpy(p, (uint8_t *)&v + skip, n);
		addr += n;
		p += n;
		len -= n;
	}
	return 0;
}

static int target_symbol(struct vr_target *t, const char *name, uint64_t *ret)
{
	uint64_t v = 0;

	if (t->arm64 && !strcmp(name, "vmcoreinfo_data")) {
		*ret = INFO_AT;
		return 0;
	}
	while (*name)
		v = v * 31 + (uint8_t)*name++;
	if (hash(v) % 16 == 0)
		return -1;
	*ret = SOUP_AT + (hash(v) & 0xfff8);
	return 0;
}

/* Members by their rows, as the resolver leaves them: whole groups are unknown
 * when no command asked for them, optional members are missing here and there. */
static void make_layout(struct vr_layout *l, unsigned groups, unsigned scarcity)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		struct vr_field *f = &l->f[r->slot];
		uint32_t h = hash(0x1000 + i);

		if (!(r->groups & groups))
			continue;
		f->absent = r->optional && h / 64 % 16 < scarcity % 16;
		if (f->absent)
			continue;
		*f = (struct vr_field){ .known = true, .source = VR_FROM_BTF,
			.type = r->as[0].type, .path = r->as[0].path,
			.since = r->as[0].since, .offset = (uint32_t)i * 8 % 1024,
			.size = h % 4 ? 8 : 1u << h / 4 % 4 };
	}
}

/* Nodes of trees of interrupts are mostly slots. */
static void make_nodes(struct vr_layout *l)
{
	static const enum vr_slot arrays[] = {
		VR_RADIX_SLOTS, VR_MAPLE_SLOT, VR_MAPLE_PIVOT64, VR_MAPLE_SLOT64,
		VR_MAPLE_PIVOTA, VR_MAPLE_SLOTA,
	};

	for (unsigned i = 0; i < 6; i++)
		if (l->f[arrays[i]].known)
			l->f[arrays[i]].size = 8 + hash(i) % 8 * 16;
	l->constant[VR_C_IRQ_DISABLED] = 1 << 16;
	l->constant[VR_C_IRQ_MASKED] = 1 << 17;
	l->constant[VR_C_MAPLE_LEAF] = 1;
	l->constant[VR_C_MAPLE_RANGE] = 2;
	l->constant[VR_C_MAPLE_ARANGE] = 3;
	l->constant[VR_C_SPLIT] = 0;
	l->constant[VR_C_PACKED] = 1;
	l->constant[VR_C_SPLIT_IN_ORDER] = 2;
	l->constant[VR_C_PACKED_IN_ORDER] = 3;
}

static int see_task(struct vr_ctx *c, const struct vr_task *task, void *arg)
{
	char buf[32];

	(void)arg;
	vr_read_user(c, task->mm, word(task->addr), buf, sizeof(buf));
	return 0;
}

static void walk_guest(struct vr_ctx *c, unsigned how)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_snapshot snap = { .ndevices = 0 };
	struct vr_select sel;
	char reason[1024];

	select_by(&sel, how);
	if (vr_guest_walk(c, &sel, how & 0x400, &snap, &err) == VR_WALK_OK) {
		vr_check_guest(c, &snap);
		print_guest(c, &sel, &snap, how);
	} else {
		vr_walk_reason(reason, sizeof(reason), &err, &sel);
	}
}

static void walk_host(struct vr_ctx *c, unsigned how)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };
	static struct vr_host host;
	struct vr_select sel;
	char reason[1024];

	memset(&host, 0, sizeof(host));
	select_by(&sel, how);
	if (vr_host_walk(c, &sel, how & 8 ? how & 0xff : 0, &host, &err) == VR_WALK_OK) {
		vr_check_host(c, &host);
		print_host(c, &sel, &host);
	} else {
		vr_host_reason(reason, sizeof(reason), &err, &sel, 0);
	}
}

/* One queue, without the way there, which soup seldom shows. */
static void read_ring(struct vr_ctx *c, unsigned how)
{
	struct vr_device d = { .nqueues = 1, .type = { 1 + (how >> 12 & 1), VR_READ },
		.virtio_device = SOUP_AT + 0x800, .virtnet_info = SOUP_AT + 0x1000 };
	struct vr_snapshot snap = { .ndevices = 1, .devices = &d };
	struct vr_queue q = { .dir = how & 0x400 ? VR_RX : VR_TX,
			      .owner = SOUP_AT + 0x1800 };
	struct vr_select sel = { .full = true, .chains = true };

	snprintf(q.label, sizeof(q.label), "tx0");
	d.queues = &q;
	/* Without the enum half of all rings are packed. */
	if (how & 0x200)
		c->layout.f[VR_VVQ_LAYOUT].known = false;
	vr_ring_read(c, &q, SOUP_AT + (how & 0xff) * 8, how & 0x100);
	vr_guest_chains(c, &q, (struct vr_val){ word(how), how & 0x1000 ? VR_UNREAD : VR_READ },
			how & 0x100);
	if (d.type.v == 1)
		d.ref.addr = SOUP_AT + (word(how + 8) & 0xfff8);
	vr_owners_read(c, &d, &q, how & 0x100, how & 0x800);
	vr_check_guest(c, &snap);
	print_guest(c, &sel, &snap, how);
}

/* One host's queue, likewise: nothing here points back as it should. */
static void read_host_ring(struct vr_ctx *c, unsigned how)
{
	struct vr_vhost v = { .addr = SOUP_AT + (how & 0xff) * 8, .nvqs = { 2, VR_READ },
		.kind = VR_VHOST_NET, .dev = SOUP_AT + 0x100, .mm = SOUP_AT + 0x200,
		.iotlb = how & 0x200, .vq = { SOUP_AT + 0x300, SOUP_AT + 0x400 } };
	struct vr_hostq q[2] = { { .vhost = &v, .label = "tx0", .device = "tap0",
		.vhost_virtqueue = v.vq[0] }, { .vhost = &v, .label = "rx0",
		.device = "tap0", .vq = 1, .vhost_virtqueue = v.vq[1] } };
	struct vr_host h = { .vhosts = &v, .nvhosts = 1, .queues = q, .nqueues = 2 };
	struct vr_select sel = { .full = true, .chains = true };

	vr_vhost_regions(c, &v);
	for (unsigned i = 0; i < 2; i++) {
		vr_vhost_queue(c, &q[i]);
		q[i].chains.wanted = true;
		vr_host_chains(c, &q[i]);
	}
	print_host(c, &sel, &h);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vr_target t = target_without_types();
	static struct vr_ctx c;
	struct input in = { data, size };
	unsigned which = take8(&in), how = take16(&in), scarcity = take8(&in);

	sink_begin();
	soup = (struct soup){ .words = in, .seed = how };
	memset(&c, 0, sizeof(c));
	t.read = target_read;
	t.symbol = target_symbol;
	c.t = &t;
	t.x86_64 = which & 0x40;
	t.arm64 = !t.x86_64 && how & 0x8000;
	t.big_endian = which & 0x80;
	make_layout(&c.layout, which % 8 == 1 || which % 8 > 3 ?
		    ALL_GROUPS ^ (which >> 4 & 3) << 6 : GUEST_GROUPS, scarcity);
	make_nodes(&c.layout);
	switch (which % 8) {
	case 0:
		walk_guest(&c, how);
		break;
	case 1:
		walk_host(&c, how);
		break;
	case 2:
		vr_for_each_task(&c, see_task, NULL);
		vr_module_loaded(&c, "virtio_net");
		break;
	case 3:
		read_ring(&c, how);
		break;
	default:
		read_host_ring(&c, how);
	}
	vr_arena_free(&c.arena);
	vr_arena_free(&c.scratch);
	return 0;
}
