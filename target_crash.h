/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target_crash.h - what vring.c (and the loader test) needs to work over crash,
 * and where debuginfo is looked for.
 */
#ifndef TARGET_CRASH_H
#define TARGET_CRASH_H

#include "vring.h"

/* Fill in the operations over the running crash session. */
void vr_target_init(struct vr_target *t);
/*
 * Undo what a jump out of one of our calls left in crash: its output stream and
 * the IN_FOREACH flag.  First act of each command, and its CLEANUP entry.
 */
void vr_target_recover(void);

#define VR_DEBUGINFO_DIRS 8

/*
 * debuginfo.c: fill 'dirs' (NULL-terminated) with the places to search, best
 * first: the usual debuginfo tree, $CRASH_MODULE_PATH, crash's --mod tree
 * ('mod_tree', may be NULL), the surroundings of the vmlinux file, /lib/modules.
 * The strings live until the next call.
 */
void vr_debuginfo_dirs(const char *dirs[VR_DEBUGINFO_DIRS], const char *release,
		       const char *vmlinux, const char *mod_tree);
/*
 * debuginfo.c: find the debuginfo file of 'module' below 'dirs'.  Stripped and
 * compressed modules are passed over.  0, or -1 with '*why' telling what was
 * found instead.
 */
int vr_debuginfo_find(const char *const dirs[], const char *module, char *path,
		      size_t size, char *why, size_t whysize);

#endif
