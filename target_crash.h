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
/* The user's own place for types and debuginfo, for the rest of the session; a
 * file or a directory.  False when the path is too long. */
bool vr_target_use(const char *path);

#define VR_DEBUGINFO_DIRS 8
#define VR_PATH 1024

/*
 * debuginfo.c: fill 'dirs' (NULL-terminated) with the places to search, best
 * first: the user's, the usual debuginfo tree, $CRASH_MODULE_PATH, crash's --mod
 * tree, the surroundings of the vmlinux file, /lib/modules.  'mod_tree' and
 * 'user' may be NULL.  The strings live until the next call.
 */
void vr_debuginfo_dirs(const char *dirs[VR_DEBUGINFO_DIRS], const char *release,
		       const char *vmlinux, const char *mod_tree,
		       const char *user);
/*
 * debuginfo.c: find the debuginfo file of 'module' below 'dirs'.  Stripped and
 * compressed modules are passed over.  0, or -1 with '*why' telling what was
 * found instead.
 */
int vr_debuginfo_find(const char *const dirs[], const char *module, char *path,
		      size_t size, char *why, size_t whysize);
/*
 * debuginfo.c: BTF of "vmlinux" or a module from a file: the user's file or
 * directory (NULL: none), the vmlinux file, /sys/kernel/btf when this machine
 * runs the same release.  0 with '*data' in the arena and 'path' filled, or -1.
 */
int vr_btf_find(struct vr_arena *arena, const char *module, const char *release,
		const char *vmlinux, const char *user, char path[VR_PATH],
		void **data, size_t *len);

/* debuginfo.c: a whole file of at most 'max' bytes into the arena; 0, or -1. */
int vr_file_read(struct vr_arena *arena, const char *path, size_t max, void **data,
		 size_t *len);

enum vr_elf { VR_ELF_FOUND, VR_ELF_LACKS, VR_ELF_NOT, VR_ELF_NO_LIBRARY };

/* elf.c: where a section lies in a file; VR_ELF_FOUND with both filled, or that
 * the file lacks it, is no readable ELF file, or that libelf is missing. */
enum vr_elf vr_elf_section(const char *path, const char *section,
			   uint64_t *offset, uint64_t *size);

#endif
