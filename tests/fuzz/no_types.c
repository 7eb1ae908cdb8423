// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * no_types.c - a target whose debugger knows no type.
 */
#include "fuzz.h"

static int no_member(struct vr_target *t, const char *type, const char *path,
		     struct vr_member *ret)
{
	(void)t, (void)type, (void)path, (void)ret;
	return -1;
}

static int no_size(struct vr_target *t, const char *type, uint64_t *ret)
{
	(void)t, (void)type, (void)ret;
	return -1;
}

static int no_types(struct vr_target *t, const char *module)
{
	(void)t, (void)module;
	return -1;
}

static const char *from_nowhere(struct vr_target *t, const char *module)
{
	(void)t, (void)module;
	return NULL;
}

struct vr_target target_without_types(void)
{
	return (struct vr_target){ .member = no_member, .size = no_size,
		.load_types = no_types, .types_from = from_nowhere };
}
