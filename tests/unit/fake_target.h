/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_target.h - the seam (struct vr_target) over tables in memory.
 *
 * Pages exist only where something was put; reading any other byte fails, and
 * a failed read fills the caller's buffer with rubbish, since the seam says
 * that it is undefined then.  Kernel and physical pages are two separate maps:
 * a test that wants both to show the same bytes puts them twice.
 */
#ifndef FAKE_TARGET_H
#define FAKE_TARGET_H

#include "vring.h"

#define FAKE_PAGE	4096ULL
#define FAKE_RUBBISH	0xa5	/* what a failed read leaves behind */
#define FAKE_MODULES	8

struct fake_page;
struct fake_symbol;
struct fake_type;
struct fake_owned;

struct fake_target {
	struct vr_target t;	/* first, so that the seam's pointer is ours */
	struct fake_page *pages[1024];
	struct fake_symbol *symbols, *enums;
	struct fake_type *types;
	struct fake_owned *owned;
	uint64_t next;		/* where fake_alloc() goes on */
	bool load_fails;	/* load_types() finds no debuginfo */
	struct {
		char module[24];
		unsigned n;
	} asked[FAKE_MODULES];	/* how often load_types() was called */
	unsigned nasked;	/* all of these calls */
	unsigned lookups;	/* calls of member() and size() */
};

struct fake_target *fake_new(void);
void fake_free(struct fake_target *f);
/* Zeroed heap of the test's own that goes away with the target. */
void *fake_own(struct fake_target *f, size_t size);

/* ---- memory -------------------------------------------------------------- */

/* Write bytes; pages come into being where there are none. */
void fake_put(struct fake_target *f, enum vr_space space, uint64_t addr,
	      const void *buf, size_t len);
/* Make pages exist, new ones filled with zeros. */
void fake_map(struct fake_target *f, enum vr_space space, uint64_t addr,
	      size_t len);
/* Take the page that holds 'addr' out of the dump. */
void fake_drop(struct fake_target *f, enum vr_space space, uint64_t addr);
/* Kernel memory that nothing else uses, zeroed, between two absent pages. */
uint64_t fake_alloc(struct fake_target *f, size_t size);

void fake_u8(struct fake_target *f, uint64_t addr, uint8_t v);
void fake_u16(struct fake_target *f, uint64_t addr, uint16_t v);
void fake_u32(struct fake_target *f, uint64_t addr, uint32_t v);
void fake_u64(struct fake_target *f, uint64_t addr, uint64_t v);
/* 'size' (1, 2, 4 or 8) low bytes of 'v'. */
void fake_num(struct fake_target *f, uint64_t addr, uint64_t v, unsigned size);
void fake_str(struct fake_target *f, uint64_t addr, const char *s);
/* Kernel memory back as a pointer; the test fails when it is not there. */
uint64_t fake_get64(struct fake_target *f, uint64_t addr);

/* Define a constant of an enum. */
void fake_enum(struct fake_target *f, const char *name, uint64_t value);

void fake_phys64(struct fake_target *f, uint64_t addr, uint64_t v);

/* ---- symbols ------------------------------------------------------------- */

void fake_symbol(struct fake_target *f, const char *name, uint64_t addr);
/* From now on no symbol is known. */
void fake_no_symbols(struct fake_target *f);

/* ---- types (fake_types.c) ------------------------------------------------ */

/* Define a struct; again to change its size. */
void fake_type(struct fake_target *f, const char *type, uint64_t size);
/* Define a member; 'of' is the name of the struct that it is, or NULL. */
void fake_member(struct fake_target *f, const char *type, const char *path,
		 uint32_t offset, uint32_t size, const char *of);
/* Remove a member, of an embedded struct from that, or with 'path' NULL the struct. */
void fake_forget(struct fake_target *f, const char *type, const char *path);
/* The struct is known only after load_types(module). */
void fake_in_module(struct fake_target *f, const char *type,
		    const char *module);
/* Read a file of layouts/ (fake_types.c has its form); later definitions replace
 * earlier ones. */
void fake_load_layout(struct fake_target *f, const char *file);

/* What is defined, be it hidden in a module or not: for building guests. */
bool fake_has(struct fake_target *f, const char *type, const char *path);
uint32_t fake_offset(struct fake_target *f, const char *type, const char *path);
uint64_t fake_sizeof(struct fake_target *f, const char *type);
/* Write a member of the struct at 'addr'. */
void fake_set(struct fake_target *f, uint64_t addr, const char *type,
	      const char *path, uint64_t v);

/* How often load_types() was called for 'module'. */
unsigned fake_asked(const struct fake_target *f, const char *module);

/* fake_types.c: the seam's three calls about types. */
int fake_seam_member(struct vr_target *t, const char *type, const char *path,
		     struct vr_member *ret);
int fake_seam_size(struct vr_target *t, const char *type, uint64_t *ret);
int fake_seam_load(struct vr_target *t, const char *module);
void fake_types_free(struct fake_target *f);

#endif
