// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * target_crash.c - the seam over crash: memory, symbols, types.
 *
 * Many of crash's functions leave by longjmp when something is missing.  All
 * calls that may do so are made here, each inside guarded(), the only place
 * that catches such a jump.  crash offers one place to catch them: while
 * IN_FOREACH is set, a fatal error jumps to pc->foreach_loop_env.  Ctrl-C and
 * cmd_usage() do not honour it and go to crash's main loop; what is then left
 * behind is undone by vr_target_recover(), which every command calls first and
 * which crash calls through the CLEANUP entry of the command table.
 *
 * One binary serves crash 7.2.9 to 9.0.2, whose structs differ.  Used here are
 * only members that lie at the same offset in all of them: pc->flags, nullfp,
 * tmpfile2, namelist, namelist_debug, debuginfo_file, machine_type, program_version,
 * curcmd, foreach_loop_env; st->flags; kt->module_tree; the head of struct load_module;
 * struct syment; struct datatype_member.  tests/vm/test_loader.py runs one binary in all of them.
 */
#include <defs.h>

#include "target_crash.h"

static struct {
	bool active;
	FILE *fp;		/* crash's output while a guarded call runs */
} guard;

void vr_target_recover(void)
{
	if (guard.active) {
		fp = guard.fp;
		guard.active = false;
	}
	pc->flags &= ~(ulonglong)IN_FOREACH;
}

/*
 * Call 'fn' so that a fatal error of crash's comes back as -1, and so that
 * nothing it prints lands in the output of our command.
 */
static int guarded(int (*fn)(void *arg), void *arg)
{
	volatile int r = -1;	/* survives the jump */

	guard.fp = fp;
	guard.active = true;
	fp = pc->nullfp;
	if (!setjmp(pc->foreach_loop_env)) {
		pc->flags |= IN_FOREACH;
		r = fn(arg);
	}
	vr_target_recover();
	return r;
}

/* ---- memory ------------------------------------------------------------------ */

struct read_call {
	ulonglong addr;
	int memtype;
	void *buf;
	long len;
};

static int call_readmem(void *arg)
{
	struct read_call *r = arg;

	return readmem(r->addr, r->memtype, r->buf, r->len, "vring",
		       RETURN_ON_ERROR | QUIET) ? 0 : -1;
}

static int target_read(struct vr_target *t, enum vr_space space, uint64_t addr,
		       void *buf, size_t len)
{
	struct read_call r = { addr, space == VR_PHYS ? PHYSADDR : KVADDR, buf,
			       (long)len };

	t->reads++;
	t->bytes += len;
	/* A range that wraps would be read from the address space's start. */
	if (!len || len > LONG_MAX || addr + len < addr)
		return -1;
	return guarded(call_readmem, &r);
}

/* ---- symbols ------------------------------------------------------------------ */

struct symbol_call {
	const char *name;
	uint64_t *ret;
};

static int call_symbol(void *arg)
{
	struct symbol_call *s = arg;
	/* Unlike symbol_value(), this returns when the name is unknown. */
	struct syment *sp = symbol_search((char *)(uintptr_t)s->name);

	if (!sp)
		return -1;
	*s->ret = sp->value;
	return 0;
}

static int target_symbol(struct vr_target *t, const char *name, uint64_t *ret)
{
	struct symbol_call s = { name, ret };

	(void)t;
	return guarded(call_symbol, &s);
}

/* ---- types ---------------------------------------------------------------------- */

struct type_call {
	const char *type, *path;
	struct vr_member *ret;
	uint64_t *size;
};

static int call_size(void *arg)
{
	struct type_call *k = arg;
	long size = datatype_info((char *)(uintptr_t)k->type, NULL,
				  STRUCT_SIZE_REQUEST);

	if (size <= 0)
		return -1;
	*k->size = (uint64_t)size;
	return 0;
}

static int call_member(void *arg)
{
	struct type_call *k = arg;
	struct datatype_member dm;

	memset(&dm, 0, sizeof(dm));
	if (datatype_info((char *)(uintptr_t)k->type,
			  (char *)(uintptr_t)k->path, &dm) < 0 ||
	    dm.member_offset < 0 || dm.member_size < 0)
		return -1;
	*k->ret = (struct vr_member){ (uint32_t)dm.member_offset,
				      (uint32_t)dm.member_size };
	return 0;
}

/*
 * datatype_info() takes one plain member name; a nested path is an expression
 * for gdb.
 */
static int call_nested(void *arg)
{
	struct type_call *k = arg;
	unsigned long offset, size;
	char buf[BUFSIZE];
	int ok;

	snprintf(buf, sizeof(buf),
		 "printf \"%%lu %%lu\\n\", "
		 "(unsigned long)&((struct %s *)0)->%s, "
		 "(unsigned long)sizeof(((struct %s *)0)->%s)",
		 k->type, k->path, k->type, k->path);
	open_tmpfile2();
	ok = gdb_pass_through(buf, pc->tmpfile2, GNU_RETURN_ON_ERROR);
	rewind(pc->tmpfile2);
	ok = ok && fgets(buf, sizeof(buf), pc->tmpfile2) &&
	     sscanf(buf, "%lu %lu", &offset, &size) == 2;
	close_tmpfile2();
	if (!ok)
		return -1;
	*k->ret = (struct vr_member){ (uint32_t)offset, (uint32_t)size };
	return 0;
}

struct enum_call {
	const char *name;
	long value;
};

static int call_enumerator(void *arg)
{
	struct enum_call *k = arg;

	return enumerator_value((char *)(uintptr_t)k->name, &k->value) ? 0 : -1;
}

static int target_enumerator(struct vr_target *t, const char *name, uint64_t *ret)
{
	struct enum_call k = { .name = name };

	(void)t;
	if (guarded(call_enumerator, &k))
		return -1;
	*ret = (uint64_t)k.value;
	return 0;
}

static int target_size(struct vr_target *t, const char *type, uint64_t *ret)
{
	struct type_call k = { .type = type, .size = ret };

	(void)t;
	return guarded(call_size, &k);
}

static int target_member(struct vr_target *t, const char *type, const char *path,
			 struct vr_member *ret)
{
	struct type_call k = { .type = type, .path = path, .ret = ret };
	int r;

	(void)t;
	r = guarded(strchr(path, '.') ? call_nested : call_member, &k);
	/* A jump out of call_nested() leaves it open, which is fatal next time. */
	if (pc->tmpfile2)
		close_tmpfile2();
	return r;
}

static char user_path[VR_PATH];

bool vr_target_use(const char *path)
{
	if (strlen(path) >= sizeof(user_path))
		return false;
	strcpy(user_path, path);
	return true;
}

static int target_btf_file(struct vr_target *t, struct vr_arena *arena,
			   const char *module, void **data, size_t *len)
{
	return vr_btf_find(arena, module, t->release, pc->namelist, user_path,
			   t->btf_path, data, len);
}

/* ---- debuginfo of modules -------------------------------------------------------- */

#define MAX_LOADED 16

struct load_call {
	const char *module, *file;
};

/* What we loaded ourselves.  Where crash knows no modules it does not remember
 * for us, and loading twice would add the types twice. */
static struct {
	const char *module;	/* one of offsets.c's strings */
	char file[VR_PATH];
} loaded[MAX_LOADED];
static unsigned nloaded;

static int call_load(void *arg)
{
	struct load_call *l = arg;
	struct load_module *lm;
	ulong base;
	char buf[BUFSIZE];

	if (is_module_name((char *)(uintptr_t)l->module, &base, &lm))
		return load_module_symbols((char *)(uintptr_t)l->module,
					   (char *)(uintptr_t)l->file, base) ?
		       0 : -1;
	/* crash knows no modules (minimal mode, --no_modules): types alone do
	 * not depend on where the module lies. */
	snprintf(buf, sizeof(buf), "add-symbol-file %s 0", l->file);
	return gdb_pass_through(buf, pc->nullfp, GNU_RETURN_ON_ERROR) ? 0 : -1;
}

static int call_loaded(void *arg)
{
	struct load_call *l = arg;
	struct load_module *lm;

	if (!is_module_name((char *)(uintptr_t)l->module, NULL, &lm) ||
	    !(lm->mod_flags & MOD_LOAD_SYMS))
		return -1;
	l->file = lm->mod_namelist;
	return 0;
}

static const char *target_types_from(struct vr_target *t, const char *module)
{
	struct load_call l = { .module = module };

	(void)t;
	/* What crash has its gdb open. */
	if (!module && pc->namelist_debug)
		return pc->namelist_debug;
	if (!module)
		return pc->debuginfo_file && (st->flags & CRC_MATCHES) ?
		       pc->debuginfo_file : pc->namelist;
	for (unsigned i = 0; i < nloaded; i++)
		if (!strcmp(loaded[i].module, module))
			return loaded[i].file;
	return guarded(call_loaded, &l) ? NULL : l.file;
}

static int target_load_types(struct vr_target *t, const char *module)
{
	const char *have = target_types_from(t, module);
	struct load_call l = { .module = module };
	const char *dirs[VR_DEBUGINFO_DIRS];

	if (have) {
		snprintf(t->why, sizeof(t->why),
			 "%.300s was loaded for it and has no such type (a stripped module is no debuginfo)",
			 have);
		return -1;
	}
	if (nloaded == MAX_LOADED)
		return -1;
	vr_debuginfo_dirs(dirs, t->release, pc->namelist, kt->module_tree,
			  user_path);
	l.file = loaded[nloaded].file;
	if (vr_debuginfo_find(dirs, module, loaded[nloaded].file, VR_PATH, t->why,
			      sizeof(t->why)))
		return -1;
	if (guarded(call_load, &l)) {
		snprintf(t->why, sizeof(t->why), "crash cannot load %.400s", l.file);
		return -1;
	}
	loaded[nloaded++].module = module;
	return 0;
}

void vr_target_init(struct vr_target *t)
{
	t->read = target_read;
	t->symbol = target_symbol;
	t->member = target_member;
	t->size = target_size;
	t->load_types = target_load_types;
	t->btf_file = target_btf_file;
	t->types_from = target_types_from;
	t->enumerator = target_enumerator;
	t->minimal = (pc->flags & MINIMAL_MODE) != 0;
	t->live = (pc->flags & LIVE_SYSTEM) != 0;
	t->x86_64 = STREQ(pc->machine_type, "X86_64");
	t->arm64 = STREQ(pc->machine_type, "ARM64");
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	t->big_endian = true;
#endif
}
