/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * btf.h - struct members and sizes from BTF, the kernel's own type information.
 *
 * The blob is part of a dump and trusted with nothing: every offset, id and
 * count is checked, every recursion and chain is bounded.
 */
#ifndef VRING_BTF_H
#define VRING_BTF_H

#include "vring.h"

/* One parsed blob: vmlinux's, or a module's on top of vmlinux's. */
struct vr_btf {
	const struct vr_btf *base;	/* NULL for vmlinux */
	const uint8_t *types;
	const char *strings;
	uint32_t types_len, strings_len;
	uint32_t first_id, count;	/* ids first_id .. first_id + count - 1 */
	uint32_t first_string;		/* string offsets start here */
	uint32_t *at;			/* offset of each type in 'types' */
	uint32_t *next, *bucket;	/* structs and unions by name, and typedefs of
					 * nameless ones */
	uint32_t buckets;		/* a power of two */
	uint32_t enums;			/* the first enum, plus 1; linked by 'next' */
};

/*
 * Parse 'len' bytes at 'data', which must outlive the result.  0, or -1 with
 * '*why' a static string.  'base' is vmlinux's for a module, else NULL.
 */
int vr_btf_parse(struct vr_arena *arena, const void *data, size_t len,
		 const struct vr_btf *base, struct vr_btf *ret, const char **why);
/* Where 'path' (dotted; anonymous members are looked through) lies in struct or
 * union 'type' of this blob or its base; 0, or -1.  Bit fields are refused. */
int vr_btf_member(const struct vr_btf *b, const char *type, const char *path,
		  struct vr_member *ret);
/* Size of struct or union 'type'; 0, or -1.  For both, a typedef of a nameless struct
 * is a name of it. */
int vr_btf_size(const struct vr_btf *b, const char *type, uint64_t *ret);
/* Value of an enumeration constant of up to 32 bits; 0, or -1. */
int vr_btf_enum(const struct vr_btf *b, const char *name, uint64_t *ret);

#endif
