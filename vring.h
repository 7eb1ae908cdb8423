/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vring.h - the header of vring.so; read it first, then snapshot.h.
 *
 * A command is a pipeline:
 *
 *   vring.c      parses the arguments, with what session.c does for each command
 *   offsets.c    finds where the kernel's struct members are (struct vr_layout)
 *                by the table in members*.c, asking types.c: BTF (btf.c) first, else DWARF
 *   vdev_walk.c  guest: which devices are meant; those of any type \
 *   net_walk.c   net_device -> virtnet_info -> queues               \
 *   net_state.c  what the network stack knows of them               |  fill a
 *   bus.c vqs.c  all devices on the virtio bus, the queues of each  |  snapshot,
 *   vhost_*.c    host: taps, and the vhost devices behind them       |  print
 *   ring.c slots.c packed.c  the shared rings of one queue          /  nothing
 *   check*.c     says of each queue what state it is in, and why
 *   hops.c       names the way that was walked, for vqwalk
 *   render_*.c   print the snapshot, as text or as JSON; words.c says what
 *                went wrong
 *
 * Every byte, symbol and type of the dumped kernel comes through the small
 * seam below (struct vr_target).  target_crash.c is the seam over crash;
 * tests/unit/fake_target.c is the seam over a table in memory.  Only
 * vring.c, session.c and target_crash.c know crash's defs.h.
 *
 * Three rules hold everywhere above the seam:
 *   - a failed read inside a queue is data (VR_UNREAD), not a reason to stop;
 *   - every count, index and pointer from the dump is bounded before use;
 *   - heap comes from the arena of the context only, since Ctrl-C may leave
 *     any frame by longjmp; the next command releases it.
 */
#ifndef VRING_H
#define VRING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct vr_arena;

/* ---- the seam: what a target gives ------------------------------------ */

enum vr_space {
	VR_KERNEL,	/* kernel virtual address */
	VR_PHYS,	/* physical address; a guest's own, for a guest's dump */
};

/* Where a member lies: bytes from the start of its struct, and its size. */
struct vr_member {
	uint32_t offset;
	uint32_t size;
};

struct vr_target {
	/*
	 * Read 'len' bytes; 0, or -1 when any byte of it cannot be had ('buf'
	 * is then undefined).  A process's user memory is read through its
	 * page tables, see vr_read_user().
	 */
	int (*read)(struct vr_target *t, enum vr_space space, uint64_t addr,
		    void *buf, size_t len);
	/* Address of a kernel or module symbol; 0, or -1 when unknown. */
	int (*symbol)(struct vr_target *t, const char *name, uint64_t *ret);
	/*
	 * Where 'path' (dotted for nested members: "split.vring.num") lies in
	 * struct 'type'; 0, or -1 when the type or the member is unknown.
	 */
	int (*member)(struct vr_target *t, const char *type, const char *path,
		      struct vr_member *ret);
	/* sizeof(struct type); 0, or -1 when unknown or incomplete. */
	int (*size)(struct vr_target *t, const char *type, uint64_t *ret);
	/*
	 * Make the types of a kernel module known, if that can be done and was
	 * not done yet.  Returns 0 when something was loaded, else -1 with
	 * 't->why' saying what was looked for.
	 */
	int (*load_types)(struct vr_target *t, const char *module);
	/* Value of the constant 'name' of an enum; 0, or -1 when unknown. */
	int (*enumerator)(struct vr_target *t, const char *name, uint64_t *ret);
	/* The debuginfo file that is loaded for a module; NULL when none is.  With 'module'
	 * NULL the one of vmlinux. */
	const char *(*types_from)(struct vr_target *t, const char *module);
	/*
	 * Contents of a BTF file for "vmlinux" or a module, in 'arena', and its path in
	 * 'btf_path'; 0, or -1.  NULL when the target has no files.
	 */
	int (*btf_file)(struct vr_target *t, struct vr_arena *arena,
			const char *module, void **data, size_t *len);

	char release[65];	/* of the dumped kernel, once it was read */
	bool minimal;		/* crash --minimal: few commands, no modules */
	bool x86_64, arm64;	/* whose page tables we can read, see arch.h */
	bool big_endian;	/* byte order of the dumped kernel */
	bool live;
	uint64_t reads, bytes;	/* what 'read' was asked for, for make bench */
	char why[512];		/* why the last load_types() failed */
	char btf_path[1024];	/* the last btf_file()'s */
};

/* ---- memory: one arena, released by the next command -------------------- */

struct vr_arena {
	struct vr_chunk *first, *current;
	size_t total;		/* bytes handed out since the last reset */
};

/*
 * Zeroed memory that lives until vr_arena_reset(); NULL when the arena's
 * budget (256 MiB a command) or the system's memory is used up.
 */
void *vr_alloc(struct vr_arena *a, size_t count, size_t size);
/*
 * Room for one more in an array of 'n' elements: 'old' itself while 'n' is below
 * '*room', else a copy of twice the size (the old one stays in the arena).  NULL,
 * and nothing changed, when memory is short.
 */
void *vr_grow(struct vr_arena *a, void *old, unsigned n, unsigned *room,
	      size_t size);
/* Forget every allocation; one chunk is kept for the next command. */
void vr_arena_reset(struct vr_arena *a);
/* Give all memory back to the system. */
void vr_arena_free(struct vr_arena *a);

/* ---- values and errors --------------------------------------------------- */

enum vr_have {
	VR_ABSENT,	/* this kernel has no such member: not an error */
	VR_READ,
	VR_UNREAD,	/* it exists but could not be read: '-', never 0 */
};

struct vr_val {
	uint64_t v;
	enum vr_have have;
};

enum vr_errcode {
	VR_E_READ,	/* cannot read 'len' bytes at 'addr' */
	VR_E_NULL,	/* a pointer that should lead on is NULL; 'addr' holds it */
	VR_E_RANGE,	/* 'value' (at 'addr', unless 0) is outside of 0..'limit' */
	VR_E_SHAPE,	/* ring size 'value' (likewise) is no power of two */
	VR_E_WILD,	/* at 'addr' is 'value', which is no address of such a thing */
	VR_E_UNEQUAL,	/* 'value' at 'addr' should be the same as 'of', which is 'limit' */
	VR_E_LOOP,	/* a list does not end within 'limit' entries */
	VR_E_MISFIT,	/* what is at 'value' (unless 0) does not point back to 'addr': types
			 * of another kernel? */
	VR_E_DISAGREE,	/* debuginfo says 'value' where BTF says 'limit'; 'len'
			 * tells which was used: 0 BTF, 1 debuginfo */
	VR_E_NOTYPE,	/* the type 'of' of 'module' is unknown, or its member 'what', which
			 * with 'value' the type has under no name known */
	VR_E_NO_BUS,	/* nothing leads to the virtio bus */
	VR_E_NO_MEMBER,	/* the kernel should have it and does not: 'of' and 'what', or
			 * the struct 'of'; 'loses' is what is not known therefore */
	VR_E_NO_CONSTANT,	/* the same of the enum constant 'what' */
	VR_E_NO_SYMBOL,	/* the same of the variable 'what' */
	VR_E_BUDGET,	/* more than 'limit' of 'what', 'of' all or of one: the rest is left out */
	VR_E_MISNAMED,	/* the string 'what' at 'addr' is none of 'of' */
	VR_E_SIZE,	/* by the types it is 'len' bytes at 'addr': no number */
	VR_E_QUOTED,	/* 'what' says it all; 'of' (unless NULL) is the document it is from */
	VR_E_MEMORY,	/* out of memory */
};

#define VR_NAME_SIZE	24	/* an interface's, or "virtio4294967295" */
#define VR_LABEL_SIZE	41	/* a queue's: "tx1", or the kernel's name of it */

/* One thing that went wrong; what it spoiled is VR_UNREAD in the snapshot. */
struct vr_error {
	enum vr_errcode code;
	char device[VR_NAME_SIZE];	/* "" when before any device */
	char queue[VR_LABEL_SIZE];	/* "tx1", "" when about the device */
	const char *what;	/* the part, a static string: "avail ring" */
	const char *of;		/* DISAGREE: the struct, and 'module' its home */
	const char *module;
	const char *loses;
	uint64_t addr, value, limit;
	uint32_t len;
};

#include "arch.h"
#include "layout.h"

/* ---- context: what a command works with ------------------------------------ */

#define VR_MAX_ERRORS 256
#define VR_NO_SYMBOLS 8

struct vr_ctx {
	struct vr_target *t;
	struct vr_layout layout;
	struct vr_arena arena;
	struct vr_arena scratch;	/* of the queue that is being read */
	struct vr_error errors[VR_MAX_ERRORS];
	unsigned nerrors;	/* all of them; the array holds the first ones */
	/* variables that this kernel should have and has not (missed.c) */
	struct { const char *name, *loses; } no_symbol[VR_NO_SYMBOLS];
	struct vr_types *types;	/* in the arena; types.c */
	unsigned resolved;	/* groups that this command has looked for already */
	bool no_btf;		/* -t dwarf: leave BTF out */
	char btf_why[128];	/* why BTF could not be used, "" when it could */
	/* whose queue is being read, copied into each error */
	char device[VR_NAME_SIZE], queue[VR_LABEL_SIZE];
	struct vr_pgcache {
		bool tried, usable;
		const struct vr_arch *arch;
		struct vr_geometry g;
		uint64_t pgd;		/* the kernel's top table */
		/* Of the kernel (mm 0) and of processes: pages, and tables of single
		 * pages by what they map. */
		struct { uint64_t mm, page, frame, size; } tlb[32], tables[32];
		unsigned next, next_table;
	} pg;
	struct {
		bool tried;
		uint64_t tick_nsec, jiffies;	/* 0: unknown */
		uint64_t mono;		/* the monotonic clock in ns; 0: unknown */
	} clock;
	struct vr_irqs *irqs;	/* in the arena; irq.c */
	/* What the command has looked at so far, of all queues: a queue's own limits add
	 * up where there are many forged ones. */
	struct vr_spent {
		uint64_t tables, table_bytes, descs, links;
		uint64_t indexed;	/* queues that vr_vqs_find() keeps */
		bool no_vqs;		/* .. for which types are missing */
	} spent;
};

/* Note a failure of 'what' (a static string) for the device and queue at hand. */
void vr_error_add(struct vr_ctx *c, struct vr_error e);
/* The same of no device or queue, though one is at hand: what they have in common. */
void vr_error_add_common(struct vr_ctx *c, struct vr_error e);
/* Note that there are more than 'limit' of 'what' and that the rest is left out: of the
 * queue at hand, or of the whole command ('all'). */
void vr_over_budget(struct vr_ctx *c, const char *what, uint64_t limit, bool all);

/* offsets.c: find all members of the groups (a mask of enum vr_group), asking
 * the target for a module's types where they are missing.  What is known from
 * an earlier command stays; what was missing is looked for again.  Returns 0,
 * or -1 with '*ret' the first required member that no spelling gave. */
int vr_layout_resolve(struct vr_ctx *c, unsigned groups, struct vr_missing *ret);
/* offsets.c: true when this kernel's list of modules can be read, and has neither the
 * module nor the one that it was a part of in older kernels. */
bool vr_module_away(struct vr_ctx *c, const char *module);
/* offsets.c: the n-th row of the member table for 'vring -l': its slot and the
 * module that declares it ("" for vmlinux); false behind the last row. */
bool vr_layout_row(unsigned n, enum vr_slot *slot, const char **module);
/* offsets.c: its newest spelling ('*path' NULL: a struct's size), and its groups. */
unsigned vr_layout_spelling(unsigned n, const char **type, const char **path);
/* offsets.c: look for all members of the groups, whatever is missing: for 'vring -l'
 * of a kernel that lacks a required one. */
void vr_layout_survey(struct vr_ctx *c, unsigned groups);
/* missed.c: note (vr_field.missed) what this kernel lacks of the groups though it
 * should have it; vr_layout_resolve() has done it. */
void vr_layout_mark_missed(struct vr_ctx *c, unsigned groups);
/* missed.c: an error for each optional member and constant of the groups that the
 * command has asked for (layout.asked) that is missed, and for each variable. */
void vr_layout_tell_missed(struct vr_ctx *c);
/* missed.c: how many those are, without the variables. */
unsigned vr_layout_missed(const struct vr_ctx *c);
/* missed.c: what is not known without an optional member, NULL where nothing is
 * lost; false for a required one. */
bool vr_layout_loses(enum vr_slot s, const char **loses);
/* missed.c: note that the kernel has no variable of this name. */
void vr_symbol_missed(struct vr_ctx *c, const char *name, const char *loses);
/* offsets.c: a constant's name and what is not known without it; returns its group. */
unsigned vr_constant_row(unsigned n, const char **name, const char **loses);
/* Compare BTF and DWARF, whichever was used, where a module's debuginfo is loaded
 * ('all': of vmlinux too, which takes longer); a difference is noted, once a
 * module. */
void vr_layout_compare(struct vr_ctx *c, bool all);
/* The module that has a module's types in this kernel: some were part of another first. */
const char *vr_module_home(struct vr_ctx *c, const char *module);
/* True when this kernel has the member (and it was resolved). */
bool vr_has(const struct vr_ctx *c, enum vr_slot s);
/* The same, and that it has it in the struct 'type', for what means something else there. */
bool vr_has_in(const struct vr_ctx *c, enum vr_slot s, const char *type);

/* types.c: where 'path' lies in struct 'type', which 'module' declares (NULL:
 * vmlinux), and which source said so; VR_FROM_NOWHERE when none did. */
enum vr_source vr_type_member(struct vr_ctx *c, const char *module,
			      const char *type, const char *path,
			      struct vr_member *ret);
/* types.c: sizeof(struct type), likewise. */
enum vr_source vr_type_size(struct vr_ctx *c, const char *module,
			    const char *type, uint64_t *ret);
/* types.c: what BTF says of a member, or of a struct's size (path NULL), whatever
 * source was chosen; 0, or -1 when it has no say. */
int vr_btf_says(struct vr_ctx *c, const char *module, const char *type,
		const char *path, struct vr_member *ret);
/* types.c: is there BTF of this very module (NULL: of vmlinux)?  A type that it
 * lacks is then no type of this kernel. */
bool vr_btf_complete(struct vr_ctx *c, const char *module);
/* types.c: the file that such a source of a module's types (NULL: vmlinux) is, or words in
 * its place; NULL when nothing is known of it. */
const char *vr_type_file(struct vr_ctx *c, enum vr_source source, const char *module);
/* types.c: does BTF have the type?  Then it is the last word on its members. */
bool vr_type_in_btf(struct vr_ctx *c, const char *module, const char *type);

/* types.c: the value of the constant 'name' of an enum that 'module' declares (NULL:
 * vmlinux); false when this kernel has none of that name, as far as the sources know. */
bool vr_type_constant(struct vr_ctx *c, const char *module, const char *name,
		      uint64_t *ret);

/* ---- kernel.c: reading and walking the kernel's own structures -------------- */

/*
 * Read kernel memory; vmalloc and module addresses go through our own page
 * walk, which cannot jump and works in minimal mode.  0, or -1: nothing read.
 */
int vr_read(struct vr_ctx *c, uint64_t addr, void *buf, size_t len);
/* A kernel pointer without the tag that some kernels of arm64 put into it. */
uint64_t vr_untagged(struct vr_ctx *c, uint64_t addr);
/* True when crash's own translation would have to read page tables for it. */
bool vr_needs_walk(struct vr_ctx *c, uint64_t addr);
enum vr_translation {
	VR_TR_OK,
	VR_TR_NOT_PRESENT,	/* the page tables map nothing there */
	VR_TR_SWAPPED,		/* not in memory, but the entry is not empty */
	VR_TR_NO_TABLE,		/* a page table is missing from the dump */
	VR_TR_NO_PAGE,		/* mapped, but the page is missing from the dump */
	VR_TR_UNKNOWN,		/* no page walk for this architecture */
};
/* Kernel virtual to physical by the kernel's page tables. */
enum vr_translation vr_virt_to_phys(struct vr_ctx *c, uint64_t addr,
				    uint64_t *ret);
/* A process's address to physical by the page tables of its mm_struct. */
enum vr_translation vr_user_to_phys(struct vr_ctx *c, uint64_t mm, uint64_t addr,
				    uint64_t *ret);
/* Read a process's memory; VR_TR_OK, or why not ('buf' is then undefined).
 * VR_TR_OK says nothing about pages that a filtered dump reads as zeros. */
enum vr_translation vr_read_user(struct vr_ctx *c, uint64_t mm, uint64_t addr,
				 void *buf, size_t len);

/*
 * One struct in target memory.  It is read whole when that works; when a page
 * of it is missing, each member is read for itself, so that the members on the
 * other page survive.
 */
struct vr_obj {
	uint64_t addr;
	uint8_t *data;		/* NULL: read members one by one */
	size_t from, size;	/* which part of the struct 'data' is */
	bool noted;		/* its holes are among the errors already */
};
/* Never fails; 'size' 0 means: no copy, single reads only.  Missing pages are
 * noted under 'what', once for all members. */
struct vr_obj vr_obj_load(struct vr_ctx *c, uint64_t addr, size_t size,
			  const char *what);
/* The part of a struct that holds these members, read at once unless they are far
 * apart; its holes are noted by whoever asks for a member on them. */
struct vr_obj vr_obj_cover(struct vr_ctx *c, uint64_t addr,
			   const enum vr_slot *slots, unsigned n);
/* A member of up to 8 bytes as a number.  VR_ABSENT when the kernel lacks it,
 * VR_UNREAD (and an error noted under 'what', unless NULL) when unreadable. */
struct vr_val vr_get(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		     const char *what);
/* The second 64-bit word of a member that is an array of them; VR_ABSENT where it has only
 * one.  vr_get() has the first, and has told what could not be read. */
struct vr_val vr_get_second(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s);
/* A pointer to a struct; 0 when it cannot be had, or is no multiple of a pointer's
 * size.  Why is noted under 'what', unless NULL. */
uint64_t vr_get_ptr(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		    const char *what);
/* The same, and whether it could be read; read, and 0, it leads nowhere. */
struct vr_val vr_get_ptr_val(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
			     const char *what);
/* The same where NULL is nothing to tell. */
uint64_t vr_get_optional(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
			 const char *what);
/* The same of what lies on multiples of 'align', a power of two (1: anywhere). */
uint64_t vr_get_aligned(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
			unsigned align, const char *what);
/* Does the member point to 'to', as that of a struct that was found without its help?
 * VR_E_MISFIT is noted under 'what' where it points elsewhere; a word that cannot be
 * read is noted, too, and speaks against nothing: true. */
bool vr_points_back(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		    const char *what, uint64_t to);
/* The string that a pointer leads to, of at most size-1 bytes; 0, or -1 with "" in
 * 'buf': it is NULL, or could not be read, which is noted. */
int vr_get_name(struct vr_ctx *c, const struct vr_obj *o, enum vr_slot s,
		const char *what, char *buf, size_t size);

/*
 * A range that may have holes: read whole, else page by page.  Its bytes are in the
 * scratch arena, which reading the next ring resets.
 */
struct vr_span {
	uint64_t addr;
	size_t len;
	uint8_t *data;
	uint8_t *missing;	/* a flag a page, NULL when nothing is missing */
};
/* Returns 0 when at least one page was read; holes are noted under 'what'. */
int vr_span_load(struct vr_ctx *c, struct vr_span *s, uint64_t addr, size_t len,
		 const char *what);
/* 'size' (2, 4 or 8) bytes at 'off', in the byte order 'big' says. */
struct vr_val vr_span_get(const struct vr_span *s, size_t off, unsigned size,
			  bool big);

/* A string of at most size-1 bytes; control bytes are kept, the renderer
 * escapes them.  0 or -1. */
int vr_read_string(struct vr_ctx *c, uint64_t addr, char *buf, size_t size);
/* nodename and release of the dumped kernel ("" when unreadable). */
void vr_read_uts(struct vr_ctx *c, char nodename[65], char release[65]);

/*
 * list.c: a walk over a list_head that ends: by its head, by a broken link, or, for a
 * list that runs into a circle, by a loop check and a limit.  What is not pointed back
 * at, on a list with a bad end, is not handed out.
 */
struct vr_list {
	uint64_t head, at;
	bool counted;
	unsigned link;		/* of the list_head: 0 follows next, 8 prev */
	uint64_t stop[2];	/* nodes that end the walk like the head does */
	uint64_t broken;	/* where a bad end begins; 0: nowhere */
	uint64_t sound;		/* the node before it */
	unsigned left, limit;
	const char *what;
};
/* Links of all lists together that one command follows. */
#define VR_MAX_LINKS (1u << 24)
/* 'head' is the address of the list's head, 'what' a static string for errors. */
struct vr_list vr_list_start(uint64_t head, unsigned limit, const char *what);
/* The next node's address, or 0 at the end.  A bad end is noted; nodes behind it are
 * handed out too, from the list's end backwards. */
uint64_t vr_list_next(struct vr_ctx *c, struct vr_list *l);

/* A net device, found in any network name space. */
struct vr_netdev_ref {
	uint64_t addr, net;
	struct vr_val inum;	/* of the name space */
	char name[16];
};
/* Call 'fn' for each net device of each name space until it returns non-zero;
 * returns that, or 0.  Bounded; a list that loops or breaks is noted. */
int vr_for_each_netdev(struct vr_ctx *c,
		       int (*fn)(struct vr_ctx *c,
				 const struct vr_netdev_ref *ref, void *arg),
		       void *arg);

/* netdevs.c: net devices that were found. */
struct vr_netdev_list {
	struct vr_netdev_ref *refs;
	unsigned n, room;
};
/* All net devices called 'name' (NULL: any) at 'addr' (0: any); 0, or -1 when
 * memory is short. */
int vr_find_netdevs(struct vr_ctx *c, const char *name, uint64_t addr,
		    struct vr_netdev_list *ret);
/* A word as a hex address, not 0. */
bool vr_parse_address(const char *word, uint64_t *ret);

/* Is 'name' in the kernel's list of loaded modules?  VR_UNREAD when the list
 * cannot be walked. */
struct vr_val vr_module_loaded(struct vr_ctx *c, const char *name);

/* ---- clock.c ---- */

/* How long before the dump's last tick 'since' was, in ms: 'since' in jiffies, or in
 * ns of the monotonic clock.  VR_UNREAD when either is unknown, and for 0, which
 * means never. */
struct vr_val vr_age_jiffies(struct vr_ctx *c, struct vr_val since);
struct vr_val vr_age_ns(struct vr_ctx *c, struct vr_val since);
/* How long so many jiffies are, in ms. */
struct vr_val vr_jiffies_ms(struct vr_ctx *c, struct vr_val jiffies);

/* ---- tasks.c ---------------------------------------------------------------- */

struct vr_task {
	uint64_t addr;
	uint64_t mm;		/* 0: a kernel thread, or .. */
	bool mm_lost;		/* .. it could not be read */
	struct vr_val state;	/* bits of task_struct.__state; 0 is running */
	/* read of workers only: it runs this very moment; it is among those that may */
	struct vr_val on_cpu, on_rq;
	struct vr_val pid;
	char comm[16];
	uint64_t leader;	/* the thread group's leader */
};
/* Call 'fn' for each thread of each process from init_task's list, which does not
 * hold the idle tasks, until it returns non-zero; returns that, or 0.  Needs
 * VR_G_TASKS.  Bounded; bad lists are noted. */
int vr_for_each_task(struct vr_ctx *c,
		     int (*fn)(struct vr_ctx *c, const struct vr_task *task,
			       void *arg),
		     void *arg);

/* Fill 'ret' from the task_struct at 'addr' (tasks.c). */
void vr_read_task(struct vr_ctx *c, uint64_t addr, uint64_t leader,
		  struct vr_task *ret);
/* Call 'fn' for each open file of a process (files.c).  Bounded, and 'budget' is for the
 * file tables of all processes, in entries.  Returns what fn returned, or 0. */
int vr_for_each_file(struct vr_ctx *c, uint64_t task, uint64_t *budget,
		     int (*fn)(struct vr_ctx *c, uint64_t file, void *arg),
		     void *arg);

#include "snapshot.h"
#include "render.h"

#endif
