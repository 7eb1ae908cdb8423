// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_btf.c - BTF from a forged dump: first alone, every struct and member that
 * is ever asked for; then as the dump's own through types.c and offsets.c.
 *
 * Input: 4 bytes, little-endian: the size of vmlinux's BTF, and bit 31 when the module's
 * is in the dump as well, not in a file; that BTF; the rest is a module's, on top of it.
 */
#include <stdlib.h>
#include <string.h>

#include "btf.h"
#include "fuzz.h"
#include "members.h"

#define BTF_AT 0xffffffff82000000ULL
#define MODULE_AT 0xffffffff84000000ULL
#define IN_DUMP 0x80000000u
#define LIST_AT 0xffffffff86000000ULL	/* btf_modules */

/* What is not in the table but in the seeds: nesting of all kinds. */
static const char *const more[][2] = {
	{ "outer", "a.b.c.d" }, { "outer", "deep" }, { "outer", "bits" },
	{ "outer", "array" }, { "outer", "self.self.self" }, { "", "" },
	{ "outer", "" }, { "outer", "." }, { "outer", "a..b" }, { "list_head", "next" },
};

/* ---- the reader alone ---------------------------------------------------- */

static void look_up(const struct vr_btf *b, const char *type, const char *path)
{
	struct vr_member m = { 0, 0 };
	uint64_t size = 0;

	vr_btf_size(b, type, &size);
	if (path)
		vr_btf_member(b, type, path, &m);
}

static void look_up_all(const struct vr_btf *b)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++)
		for (int k = 0; k < VR_SPELLINGS && r->as[k].type; k++)
			look_up(b, r->as[k].type, r->as[k].path);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		look_up(b, more[i][0], more[i][1]);
}

/* ---- as the dump's own ---------------------------------------------------- */

static struct {
	const uint8_t *vmlinux, *module;
	size_t vmlinux_size, module_size;
	bool in_dump;	/* the module's too, else in a file */
} blobs;

/* The list of modules' BTF, with one on it, as the seeds have these structs:
 * btf_module { btf, -, list }, btf { data, data_size, ..., name at 64 }. */
static struct {
	uint64_t head[2], module[4], btf[8];
	char name[16];
} list;

static void make_list(void)
{
	const uint64_t node = LIST_AT + offsetof(__typeof__(list), module) + 16;

	list.head[0] = list.head[1] = node;
	list.module[0] = LIST_AT + offsetof(__typeof__(list), btf);
	list.module[2] = list.module[3] = LIST_AT;
	list.btf[0] = MODULE_AT;
	list.btf[1] = blobs.module_size;
	strcpy(list.name, "virtio_net");
}

static int target_read(struct vr_target *t, enum vr_space space, uint64_t addr,
		       void *buf, size_t len)
{
	const struct {
		uint64_t at;
		const void *data;
		size_t size;
	} parts[] = {
		{ BTF_AT, blobs.vmlinux, blobs.vmlinux_size },
		{ MODULE_AT, blobs.module, blobs.module_size },
		{ LIST_AT, &list, sizeof(list) },
	};

	(void)t;
	for (unsigned i = 0; space == VR_KERNEL && i < COUNT_OF(parts); i++) {
		uint64_t off = addr - parts[i].at;

		if (off > parts[i].size || len > parts[i].size - off)
			continue;
		memcpy(buf, (const uint8_t *)parts[i].data + off, len);
		return 0;
	}
	return -1;
}

static int target_symbol(struct vr_target *t, const char *name, uint64_t *ret)
{
	(void)t;
	if (!strcmp(name, "__start_BTF"))
		*ret = BTF_AT;
	else if (!strcmp(name, "btf_modules") && blobs.in_dump)
		*ret = LIST_AT;
	else if (!strcmp(name, "__stop_BTF"))
		*ret = BTF_AT + blobs.vmlinux_size;
	else
		return -1;
	return 0;
}

static int module_btf(struct vr_target *t, struct vr_arena *arena,
		      const char *module, void **data, size_t *len)
{
	(void)t;
	if (!strcmp(module, "vmlinux") || !blobs.module_size || blobs.in_dump)
		return -1;
	*data = vr_alloc(arena, 1, blobs.module_size);
	if (!*data)
		return -1;
	memcpy(*data, blobs.module, blobs.module_size);
	*len = blobs.module_size;
	return 0;
}

static void resolve_all(void)
{
	struct vr_target t = target_without_types();
	struct vr_ctx *c = calloc(1, sizeof(*c));
	struct vr_missing missing;

	if (!c)
		abort();
	t.read = target_read;
	t.symbol = target_symbol;
	t.btf_file = module_btf;
	c->t = &t;
	for (unsigned group = 1; group <= VR_G_SCSI; group *= 2)
		if (!vr_layout_resolve(c, group, &missing))
			vr_layout_compare(c, true);
	for (unsigned i = 0; i < VR_NSLOTS; i++)
		if (c->layout.f[i].known && !c->layout.f[i].type)
			abort();
	vr_arena_free(&c->arena);
	vr_arena_free(&c->scratch);
	free(c);
}

/* ---- entries ---------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static uint8_t *own(const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size ? size : 1);

	if (!p)
		abort();
	if (size)
		memcpy(p, data, size);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vr_arena arena = { .total = 0 };
	struct vr_btf base, split;
	uint8_t *first, *second;
	const char *why;
	uint32_t n;
	bool have;

	if (size < sizeof(n))
		return 0;
	memcpy(&n, data, sizeof(n));
	data += sizeof(n);
	size -= sizeof(n);
	blobs.in_dump = n & IN_DUMP;
	n &= ~IN_DUMP;
	if (n > size)
		n = (uint32_t)size;
	first = own(data, n);
	second = own(data + n, size - n);
	have = !vr_btf_parse(&arena, first, n, NULL, &base, &why);
	if (have)
		look_up_all(&base);
	if (!vr_btf_parse(&arena, second, size - n, have ? &base : NULL, &split, &why))
		look_up_all(&split);
	vr_arena_free(&arena);
	blobs.vmlinux = first;
	blobs.vmlinux_size = n;
	blobs.module = second;
	blobs.module_size = size - n;
	make_list();
	resolve_all();
	free(first);
	free(second);
	return 0;
}
