// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * types.c - the sources of struct layouts, best first.
 *
 * BTF of the dump itself comes first: it is there whatever is installed, it
 * cannot belong to another kernel, and reading all of it takes less time than
 * one look-up in DWARF (make bench; docs/design.md has the figures).  Where it
 * cannot be read, BTF from a file is next: one that the user named, or on a
 * live system the kernel's own under /sys.  DWARF, through crash, is for
 * kernels and modules that carry no BTF.
 */
#include <string.h>

#include "btf.h"

#define MAX_BTF		((uint64_t)64 << 20)	/* 4 to 6 MB are usual */
#define MAX_MODULES	4096
#define NAME_LEN	56			/* MODULE_NAME_LEN */
#define NMODULES	8			/* whose types we ask for */

/* Where btf_modules' entries keep what we need, from vmlinux's own BTF. */
struct module_layout {
	struct vr_member link, btf, data, size, name;
};

struct vr_types {
	bool tried;
	bool have;		/* 'vmlinux' was parsed */
	enum vr_source source;
	struct vr_btf vmlinux;
	struct {
		char name[NAME_LEN];
		bool have;
		enum vr_source source;
		struct vr_btf btf;
	} modules[NMODULES];
	unsigned nmodules;
};

static void note(struct vr_ctx *c, const char *of, const char *why)
{
	snprintf(c->btf_why, sizeof(c->btf_why), "BTF of %s: %s", of, why);
}

/* ---- BTF in the dump ----------------------------------------------------------- */

static void *copy_from_dump(struct vr_ctx *c, const char *of, uint64_t addr,
			    uint64_t len)
{
	void *data;

	if (!len || len > MAX_BTF) {
		note(c, of, "impossible size");
		return NULL;
	}
	data = vr_alloc(&c->arena, 1, len);
	if (!data)
		note(c, of, "out of memory");
	else if (vr_read(c, addr, data, len))
		note(c, of, "pages are missing from the dump");
	else
		return data;
	return NULL;
}

static int parse(struct vr_ctx *c, const char *of, const void *data, size_t len,
		 const struct vr_btf *base, struct vr_btf *ret)
{
	const char *why;

	if (!data)
		return -1;
	if (!vr_btf_parse(&c->arena, data, len, base, ret, &why))
		return 0;
	note(c, of, why);
	return -1;
}

static int vmlinux_from_dump(struct vr_ctx *c, struct vr_btf *ret)
{
	uint64_t start, stop;

	if (c->t->symbol(c->t, "__start_BTF", &start) ||
	    c->t->symbol(c->t, "__stop_BTF", &stop)) {
		note(c, "vmlinux", "this kernel has none");
		return -1;
	}
	return parse(c, "vmlinux", copy_from_dump(c, "vmlinux", start,
						  stop - start),
		     stop - start, NULL, ret);
}

static int module_layout(const struct vr_btf *b, struct module_layout *l)
{
	return vr_btf_member(b, "btf_module", "list", &l->link) ||
	       vr_btf_member(b, "btf_module", "btf", &l->btf) ||
	       vr_btf_member(b, "btf", "data", &l->data) ||
	       vr_btf_member(b, "btf", "data_size", &l->size) ||
	       vr_btf_member(b, "btf", "name", &l->name) ? -1 : 0;
}

/* The kernel lists its modules' BTF in btf_modules (5.11). */
static int module_from_dump(struct vr_ctx *c, const char *module,
			    const struct vr_btf *base, struct vr_btf *ret)
{
	struct module_layout l;
	struct vr_list list;
	uint64_t head, node;

	if (c->t->symbol(c->t, "btf_modules", &head) || module_layout(base, &l))
		return -1;
	list = vr_list_start(head, MAX_MODULES, "list of modules' BTF");
	while ((node = vr_list_next(c, &list))) {
		char name[NAME_LEN];
		uint64_t btf, data;
		uint32_t size;

		if (vr_read(c, node - l.link.offset + l.btf.offset, &btf, 8) ||
		    vr_read_string(c, btf + l.name.offset, name, sizeof(name)))
			continue;
		if (strcmp(name, module))
			continue;
		if (vr_read(c, btf + l.data.offset, &data, 8) ||
		    vr_read(c, btf + l.size.offset, &size, 4)) {
			note(c, module, "pages are missing from the dump");
			return -1;
		}
		return parse(c, module, copy_from_dump(c, module, data, size),
			     size, base, ret);
	}
	return -1;
}

/* ---- BTF in files ---------------------------------------------------------------- */

static int from_file(struct vr_ctx *c, const char *module,
		     const struct vr_btf *base, struct vr_btf *ret)
{
	void *data;
	size_t len;

	if (!c->t->btf_file || c->t->btf_file(c->t, &c->arena, module, &data, &len))
		return -1;
	return parse(c, module, data, len, base, ret);
}

/* ---- by source -------------------------------------------------------------------- */

static void load_vmlinux(struct vr_ctx *c)
{
	struct vr_types *t = c->types;

	t->tried = true;
	if (!vmlinux_from_dump(c, &t->vmlinux))
		t->source = VR_FROM_BTF;
	else if (!from_file(c, "vmlinux", NULL, &t->vmlinux))
		t->source = VR_FROM_BTF_FILE;
	else
		return;
	t->have = true;
}

/* The blob to look a module's types up in; NULL when there is none. */
static const struct vr_btf *btf_of(struct vr_ctx *c, const char *module,
				   enum vr_source *source)
{
	struct vr_types *t = c->types;
	unsigned i;

	*source = t->source;
	if (!module)
		return &t->vmlinux;
	for (i = 0; i < t->nmodules; i++)
		if (!strcmp(t->modules[i].name, module))
			break;
	if (i == NMODULES)
		return NULL;
	if (i == t->nmodules) {
		snprintf(t->modules[i].name, NAME_LEN, "%s", module);
		t->nmodules++;
		t->modules[i].source = VR_FROM_BTF;
		t->modules[i].have = !module_from_dump(c, module, &t->vmlinux,
						       &t->modules[i].btf);
		if (!t->modules[i].have) {
			t->modules[i].source = VR_FROM_BTF_FILE;
			t->modules[i].have = !from_file(c, module, &t->vmlinux,
							&t->modules[i].btf);
		}
	}
	if (!t->modules[i].have)
		return &t->vmlinux;	/* built in */
	*source = t->modules[i].source;
	return &t->modules[i].btf;
}

static const struct vr_btf *any_btf(struct vr_ctx *c, const char *module,
				    enum vr_source *source)
{
	if (!c->types)
		c->types = vr_alloc(&c->arena, 1, sizeof(*c->types));
	if (!c->types)
		return NULL;
	if (!c->types->tried)
		load_vmlinux(c);
	return c->types->have ? btf_of(c, module, source) : NULL;
}

static const struct vr_btf *btf(struct vr_ctx *c, const char *module,
				enum vr_source *source)
{
	return c->no_btf ? NULL : any_btf(c, module, source);
}

enum vr_source vr_type_member(struct vr_ctx *c, const char *module,
			      const char *type, const char *path,
			      struct vr_member *ret)
{
	enum vr_source source;
	const struct vr_btf *b = btf(c, module, &source);

	if (b && !vr_btf_member(b, type, path, ret))
		return source;
	/* BTF that has the type is the last word on its members. */
	if (b && vr_type_in_btf(c, module, type))
		return VR_FROM_NOWHERE;
	return c->t->member(c->t, type, path, ret) ? VR_FROM_NOWHERE :
						     VR_FROM_DWARF;
}

int vr_btf_says(struct vr_ctx *c, const char *module, const char *type,
		const char *path, struct vr_member *ret)
{
	enum vr_source source;
	const struct vr_btf *b = any_btf(c, module, &source);
	uint64_t size;

	if (!b)
		return -1;
	if (path)
		return vr_btf_member(b, type, path, ret);
	if (vr_btf_size(b, type, &size))
		return -1;
	*ret = (struct vr_member){ 0, (uint32_t)size };
	return 0;
}

bool vr_btf_complete(struct vr_ctx *c, const char *module)
{
	enum vr_source source;
	const struct vr_btf *b = btf(c, module, &source);

	/* vmlinux's blob in a module's place may mean that the module has none. */
	return b && (!module || b != &c->types->vmlinux);
}

enum vr_source vr_type_size(struct vr_ctx *c, const char *module,
			    const char *type, uint64_t *ret)
{
	enum vr_source source;
	const struct vr_btf *b = btf(c, module, &source);

	if (b && !vr_btf_size(b, type, ret) && *ret)
		return source;
	return c->t->size(c->t, type, ret) || !*ret ? VR_FROM_NOWHERE :
						      VR_FROM_DWARF;
}

bool vr_type_in_btf(struct vr_ctx *c, const char *module, const char *type)
{
	enum vr_source source;
	const struct vr_btf *b = btf(c, module, &source);
	uint64_t size;

	return b && !vr_btf_size(b, type, &size);
}

bool vr_type_constant(struct vr_ctx *c, const char *module, const char *name,
		      uint64_t *ret)
{
	enum vr_source source;
	const struct vr_btf *b = btf(c, module, &source);

	if (b && !vr_btf_enum(b, name, ret))
		return true;
	/* A constant that complete types lack is none of this kernel's. */
	if (vr_btf_complete(c, module))
		return false;
	return c->t->enumerator && !c->t->enumerator(c->t, name, ret);
}

/* crash's gdb has the types of all files that were loaded, and does not say whose they
 * are: of a module that is loaded and has no file, another's had them, too. */
static const char *dwarf_file(struct vr_ctx *c, const char *module)
{
	struct vr_val loaded = { 0, VR_READ };
	const char *file = NULL;

	if (!c->t->types_from)
		return NULL;
	if (module) {
		module = vr_module_home(c, module);
		file = c->t->types_from(c->t, module);
		loaded = vr_module_loaded(c, module);
	}
	if (file || loaded.have != VR_READ)
		return file;
	return loaded.v ? "another module's debuginfo" : c->t->types_from(c->t, NULL);
}

const char *vr_type_file(struct vr_ctx *c, enum vr_source source, const char *module)
{
	void *data;
	size_t len;

	if (source == VR_FROM_DWARF)
		return dwarf_file(c, module);
	if (source != VR_FROM_BTF_FILE || !c->t->btf_file)
		return NULL;
	/* Of one that is built in, vmlinux has the types. */
	if (!c->t->btf_file(c->t, &c->arena, module ? module : "vmlinux", &data, &len) ||
	    !c->t->btf_file(c->t, &c->arena, "vmlinux", &data, &len))
		return c->t->btf_path;
	return NULL;
}
