// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fake_types.c - structs and members of the fake target, filled by hand or from
 * a file.
 *
 * A line of such a file is one of
 *
 *	# comment
 *	TYPE size BYTES
 *	TYPE.PATH OFFSET SIZE DECLARED TYPE
 *	TYPE.PATH OFFSET bits FIRST+COUNT
 *	over FILE
 *	TYPE gone
 *	TYPE.PATH gone
 *
 * 'over' reads another file first, for what comes behind to add to, replace and take
 * away.
 *
 * A path goes through embedded structs: 'dev.parent' of net_device is found
 * when the file says that net_device.dev is a 'struct device'.
 */
#include "unit.h"
#include "fake_target.h"

struct member {
	struct member *next;
	char path[64];
	char of[48];		/* the struct that it is, "" when none */
	uint32_t offset, size;
};

struct fake_type {
	struct fake_type *next;
	char name[48];
	char module[24];	/* "" for vmlinux */
	bool hidden;		/* until the module's types are loaded */
	uint64_t size;
	struct member *members;
};

static void copy_name(char *to, size_t size, const char *from)
{
	assert_true(strlen(from) < size);
	strcpy(to, from);
}

static struct fake_type *find_type(struct fake_target *f, const char *type)
{
	for (struct fake_type *k = f->types; k; k = k->next)
		if (!strcmp(k->name, type))
			return k;
	return NULL;
}

static struct fake_type *need_type(struct fake_target *f, const char *type)
{
	struct fake_type *k = find_type(f, type);

	if (k)
		return k;
	k = calloc(1, sizeof(*k));
	assert_non_null(k);
	copy_name(k->name, sizeof(k->name), type);
	k->next = f->types;
	f->types = k;
	return k;
}

static struct member *own_member(struct fake_type *k, const char *path,
				 size_t len)
{
	for (struct member *m = k->members; m; m = m->next)
		if (strlen(m->path) == len && !strncmp(m->path, path, len))
			return m;
	return NULL;
}

void fake_type(struct fake_target *f, const char *type, uint64_t size)
{
	need_type(f, type)->size = size;
}

void fake_member(struct fake_target *f, const char *type, const char *path,
		 uint32_t offset, uint32_t size, const char *of)
{
	struct fake_type *k = need_type(f, type);
	struct member *m = own_member(k, path, strlen(path));

	if (!m) {
		m = calloc(1, sizeof(*m));
		assert_non_null(m);
		copy_name(m->path, sizeof(m->path), path);
		m->next = k->members;
		k->members = m;
	}
	m->offset = offset;
	m->size = size;
	copy_name(m->of, sizeof(m->of), of ? of : "");
}

static void free_members(struct fake_type *k)
{
	while (k->members) {
		struct member *m = k->members;

		k->members = m->next;
		free(m);
	}
}

/* The member of an embedded struct; false when 'path' does not lead into one. */
static bool forget_inside(struct fake_target *f, struct fake_type *k, const char *path)
{
	for (size_t len = strlen(path); len--;) {
		struct member *m = path[len] == '.' ? own_member(k, path, len) : NULL;

		if (m && *m->of && fake_has(f, m->of, path + len + 1)) {
			fake_forget(f, m->of, path + len + 1);
			return true;
		}
	}
	return false;
}

void fake_forget(struct fake_target *f, const char *type, const char *path)
{
	struct fake_type *k = find_type(f, type);
	struct fake_type **tl = &f->types;
	struct member *m, **ml;

	assert_non_null(k);
	if (!path) {
		while (*tl != k)
			tl = &(*tl)->next;
		*tl = k->next;
		free_members(k);
		free(k);
		return;
	}
	m = own_member(k, path, strlen(path));
	if (!m && forget_inside(f, k, path))
		return;
	assert_non_null(m);
	for (ml = &k->members; *ml != m; ml = &(*ml)->next)
		;
	*ml = m->next;
	free(m);
}

void fake_in_module(struct fake_target *f, const char *type, const char *module)
{
	struct fake_type *k = find_type(f, type);

	assert_non_null(k);
	copy_name(k->module, sizeof(k->module), module);
	k->hidden = true;
}

void fake_types_free(struct fake_target *f)
{
	while (f->types) {
		struct fake_type *k = f->types;

		f->types = k->next;
		free_members(k);
		free(k);
	}
}

/* ---- looking up ---------------------------------------------------------- */

/* Find 'path', going into embedded structs; the longest known start first. */
static int resolve(struct fake_target *f, const char *type, const char *path,
		   struct vr_member *ret)
{
	struct fake_type *k = find_type(f, type);
	size_t len = strlen(path);
	struct member *m;

	if (!k)
		return -1;
	m = own_member(k, path, len);
	if (m) {
		*ret = (struct vr_member){ m->offset, m->size };
		return 0;
	}
	while (len--) {
		if (path[len] != '.')
			continue;
		m = own_member(k, path, len);
		if (!m || !*m->of || resolve(f, m->of, path + len + 1, ret))
			continue;
		ret->offset += m->offset;
		return 0;
	}
	return -1;
}

bool fake_has(struct fake_target *f, const char *type, const char *path)
{
	struct vr_member m;

	return path ? !resolve(f, type, path, &m) : find_type(f, type) != NULL;
}

uint32_t fake_offset(struct fake_target *f, const char *type, const char *path)
{
	struct vr_member m = { 0, 0 };

	if (resolve(f, type, path, &m))
		fail_msg("the layout has no %s.%s", type, path);
	return m.offset;
}

uint64_t fake_sizeof(struct fake_target *f, const char *type)
{
	struct fake_type *k = find_type(f, type);

	if (!k)
		fail_msg("the layout has no struct %s", type);
	return k->size;
}

void fake_set(struct fake_target *f, uint64_t addr, const char *type,
	      const char *path, uint64_t v)
{
	struct vr_member m = { 0, 0 };

	if (resolve(f, type, path, &m))
		fail_msg("the layout has no %s.%s", type, path);
	fake_num(f, addr + m.offset, v, m.size);
}

int fake_seam_member(struct vr_target *t, const char *type, const char *path,
		     struct vr_member *ret)
{
	struct fake_target *f = (struct fake_target *)t;
	struct fake_type *k = find_type(f, type);

	f->lookups++;
	return !k || k->hidden ? -1 : resolve(f, type, path, ret);
}

int fake_seam_size(struct vr_target *t, const char *type, uint64_t *ret)
{
	struct fake_target *f = (struct fake_target *)t;
	struct fake_type *k = find_type(f, type);

	f->lookups++;
	if (!k || k->hidden || !k->size)
		return -1;
	*ret = k->size;
	return 0;
}

static void count_asked(struct fake_target *f, const char *module)
{
	unsigned i;

	for (i = 0; f->asked[i].n; i++) {
		if (!strcmp(f->asked[i].module, module))
			break;
		assert_true(i + 1 < FAKE_MODULES);
	}
	copy_name(f->asked[i].module, sizeof(f->asked[i].module), module);
	f->asked[i].n++;
	f->nasked++;
}

int fake_seam_load(struct vr_target *t, const char *module)
{
	struct fake_target *f = (struct fake_target *)t;
	bool loaded = false;

	count_asked(f, module);
	for (struct fake_type *k = f->types; k && !f->load_fails; k = k->next) {
		if (k->hidden && !strcmp(k->module, module)) {
			k->hidden = false;
			loaded = true;
		}
	}
	if (loaded)
		return 0;
	snprintf(t->why, sizeof(t->why), "no file for %s", module);
	return -1;
}

unsigned fake_asked(const struct fake_target *f, const char *module)
{
	for (unsigned i = 0; i < FAKE_MODULES; i++)
		if (!strcmp(f->asked[i].module, module))
			return f->asked[i].n;
	return 0;
}

/* ---- layout files -------------------------------------------------------- */

/* The struct that a member declared as 'decl' embeds: not a pointer, no array. */
static const char *embedded(char *decl)
{
	static const char prefix[] = "struct ";
	char *name = decl + sizeof(prefix) - 1;

	decl[strcspn(decl, "\n")] = '\0';
	if (strncmp(decl, prefix, sizeof(prefix) - 1) ||
	    strpbrk(name, " *[<"))
		return NULL;
	return name;
}

static int parse_line(struct fake_target *f, char *line)
{
	char what[128], number[32] = "";
	unsigned long offset, size;
	char *dot;
	int used = 0;

	if (*line == '#' || *line == '\n')
		return 0;
	if (sscanf(line, "over %127s", what) == 1) {
		fake_load_layout(f, what);
		return 0;
	}
	if (sscanf(line, "%127s %31s %lu %n", what, number, &size, &used) >= 3 &&
	    !strcmp(number, "size")) {
		fake_type(f, what, size);
		return 0;
	}
	dot = strchr(what, '.');
	if (dot)
		*dot = '\0';
	if (!strcmp(number, "gone")) {
		fake_forget(f, what, dot ? dot + 1 : NULL);
		return 0;
	}
	if (!dot)
		return -1;
	/* A bit-field has no address of its own: our code reads none. */
	if (strstr(line, " bits "))
		return 0;
	if (sscanf(line, "%*s %lu %lu %n", &offset, &size, &used) < 2 || !used)
		return -1;
	fake_member(f, what, dot + 1, (uint32_t)offset, (uint32_t)size,
		    embedded(line + used));
	return 0;
}

void fake_load_layout(struct fake_target *f, const char *file)
{
	char path[4096], line[512];
	unsigned n = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", LAYOUT_DIR, file);
	in = fopen(path, "r");
	if (!in)
		fail_msg("cannot open %s", path);
	while (fgets(line, sizeof(line), in)) {
		n++;
		if (parse_line(f, line))
			fail_msg("%s:%u: not understood: %s", path, n, line);
	}
	fclose(in);
}
