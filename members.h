/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * members.h - a row of the table of struct members, for members.c and offsets.c.
 */
#ifndef VRING_MEMBERS_H
#define VRING_MEMBERS_H

#include "vring.h"

#define VR_SPELLINGS 4

struct vr_spelling {
	const char *type;
	const char *path;	/* NULL: the struct's size */
	const char *since;
};

struct vr_row {
	enum vr_slot slot;
	unsigned groups;
	const char *module;	/* where the type is declared; NULL: vmlinux */
	bool optional;		/* kernels without it are understood too */
	struct vr_spelling as[VR_SPELLINGS];
};

/* The n-th row of the table, NULL behind the last; members_host.c has the end of it. */
const struct vr_row *vr_row_at(size_t n);
const struct vr_row *vr_host_row_at(size_t n);

#endif
