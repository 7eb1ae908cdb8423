// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * btf.c - a small, bounded BTF reader.  The format is described in the kernel's
 * Documentation/bpf/btf.rst.
 *
 * libbpf is the usual reader.  It is not used here because it is absent from
 * minimal systems, its static library cannot be linked into a shared object,
 * and it trusts its input more than a forged dump deserves; see docs/design.md.
 */
#include <string.h>

#include "btf.h"

#define BTF_MAGIC	0xeb9f
#define MAX_TYPES	(1u << 22)	/* vmlinux of 7.3 has 130,000 */
#define MAX_NESTING	16		/* of anonymous members and of paths */
#define MAX_MODIFIERS	32		/* const, volatile, typedef ... in a row */
#define MAX_STEPS	(1u << 18)	/* members looked at for one look-up */
#define POINTER_SIZE	8

enum kind {
	KIND_INT = 1, KIND_PTR, KIND_ARRAY, KIND_STRUCT, KIND_UNION, KIND_ENUM,
	KIND_FWD, KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT,
	KIND_FUNC, KIND_FUNC_PROTO, KIND_VAR, KIND_DATASEC, KIND_FLOAT,
	KIND_DECL_TAG, KIND_TYPE_TAG, KIND_ENUM64, KIND_COUNT
};

/* What follows each type's 12 bytes: fixed, and for each of its vlen items. */
static const struct {
	uint8_t fixed, item;
} tail[KIND_COUNT] = {
	[KIND_INT] = { 4, 0 }, [KIND_ARRAY] = { 12, 0 },
	[KIND_STRUCT] = { 0, 12 }, [KIND_UNION] = { 0, 12 },
	[KIND_ENUM] = { 0, 8 }, [KIND_FUNC_PROTO] = { 0, 8 },
	[KIND_VAR] = { 4, 0 }, [KIND_DATASEC] = { 0, 12 },
	[KIND_DECL_TAG] = { 4, 0 }, [KIND_ENUM64] = { 0, 12 },
};

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

struct type {
	uint32_t name, info;
	uint32_t size;		/* or the id of the type referred to */
};

struct item {			/* a struct's member */
	uint32_t name, type, offset;
};

static enum kind kind_of(const struct type *t)
{
	return (t->info >> 24) & 0x1f;
}

static uint32_t vlen_of(const struct type *t)
{
	return t->info & 0xffff;
}

static bool is_composite(const struct type *t)
{
	return kind_of(t) == KIND_STRUCT || kind_of(t) == KIND_UNION;
}

/* ---- parsing --------------------------------------------------------------- */

static uint32_t record_size(const struct type *t)
{
	return (uint32_t)sizeof(*t) + tail[kind_of(t)].fixed +
	       tail[kind_of(t)].item * vlen_of(t);
}

/* Find the start of every type; the ids are their order. */
static int index_types(struct vr_arena *arena, struct vr_btf *b, const char **why)
{
	uint32_t room = b->types_len / sizeof(struct type), at = 0;
	struct type t;

	if (room > MAX_TYPES)
		room = MAX_TYPES;
	b->at = vr_alloc(arena, room ? room : 1, sizeof(*b->at));
	if (!b->at) {
		*why = "out of memory";
		return -1;
	}
	while (at < b->types_len) {
		if (b->types_len - at < sizeof(t) || b->count == room)
			break;
		memcpy(&t, b->types + at, sizeof(t));
		if (!kind_of(&t) || kind_of(&t) >= KIND_COUNT) {
			*why = "a type of unknown kind";
			return -1;
		}
		if (b->types_len - at < record_size(&t))
			break;
		b->at[b->count++] = at;
		at += record_size(&t);
	}
	if (at == b->types_len)
		return 0;
	*why = "types cut short";
	return -1;
}

static const char *string_at(const struct vr_btf *b, uint32_t off)
{
	while (b && off < b->first_string)
		b = b->base;
	if (!b || off - b->first_string >= b->strings_len)
		return "";
	/* The section ends with a NUL byte: parse() saw to that. */
	return b->strings + (off - b->first_string);
}

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

/* Copy type 'id' and tell where its tail is; -1 for an id that is none. */
static int get_type(const struct vr_btf *b, uint32_t id, struct type *ret,
		    const uint8_t **items)
{
	const uint8_t *p;

	while (b && id < b->first_id)
		b = b->base;
	if (!b || id - b->first_id >= b->count)
		return -1;
	p = b->types + b->at[id - b->first_id];
	memcpy(ret, p, sizeof(*ret));
	*items = p + sizeof(*ret);
	return 0;
}

/* A struct, or the only name that a nameless one has. */
static bool names_struct(const struct vr_btf *b, const struct type *t)
{
	const uint8_t *items;
	struct type to;

	if (kind_of(t) != KIND_TYPEDEF)
		return is_composite(t);
	return !get_type(b, t->size, &to, &items) && is_composite(&to) &&
	       !*string_at(b, to.name);
}

static int index_names(struct vr_arena *arena, struct vr_btf *b)
{
	struct type t;

	for (b->buckets = 64; b->buckets < b->count / 4; b->buckets *= 2)
		;
	b->bucket = vr_alloc(arena, b->buckets, sizeof(*b->bucket));
	b->next = vr_alloc(arena, b->count ? b->count : 1, sizeof(*b->next));
	if (!b->bucket || !b->next)
		return -1;
	/* Backwards, so that a chain starts with the lowest id; 0 ends it. */
	for (uint32_t i = b->count; i--;) {
		const char *name;
		uint32_t n;

		memcpy(&t, b->types + b->at[i], sizeof(t));
		if (kind_of(&t) == KIND_ENUM) {
			b->next[i] = b->enums;
			b->enums = i + 1;
		}
		if (!names_struct(b, &t))
			continue;
		name = string_at(b, t.name);
		if (!*name)
			continue;
		n = hash(name) & (b->buckets - 1);
		b->next[i] = b->bucket[n];
		b->bucket[n] = i + 1;
	}
	return 0;
}

int vr_btf_parse(struct vr_arena *arena, const void *data, size_t len,
		 const struct vr_btf *base, struct vr_btf *ret, const char **why)
{
	const uint8_t *p = data;
	struct header h;
	size_t body;

	*ret = (struct vr_btf){ .base = base, .first_id = 1 };
	*why = "no BTF header";
	if (len < sizeof(h))
		return -1;
	memcpy(&h, p, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != 1 || h.hdr_len < sizeof(h) ||
	    h.hdr_len > len)
		return -1;
	body = len - h.hdr_len;
	*why = "sections outside of the data";
	if (h.type_off > body || h.type_len > body - h.type_off ||
	    h.str_off > body || h.str_len > body - h.str_off)
		return -1;
	ret->types = p + h.hdr_len + h.type_off;
	ret->types_len = h.type_len;
	ret->strings = (const char *)p + h.hdr_len + h.str_off;
	ret->strings_len = h.str_len;
	*why = "strings without an end";
	if (!h.str_len || ret->strings[h.str_len - 1])
		return -1;
	if (base) {
		ret->first_id = base->first_id + base->count;
		ret->first_string = base->first_string + base->strings_len;
	}
	if (index_types(arena, ret, why))
		return -1;
	*why = "out of memory";
	return index_names(arena, ret);
}

/* ---- look-up ------------------------------------------------------------------- */

/* Follow typedefs and qualifiers to the type itself. */
static int strip(const struct vr_btf *b, uint32_t id, struct type *t,
		 const uint8_t **items)
{
	for (int i = 0; i < MAX_MODIFIERS; i++) {
		if (get_type(b, id, t, items))
			return -1;
		switch (kind_of(t)) {
		case KIND_TYPEDEF:
		case KIND_VOLATILE:
		case KIND_CONST:
		case KIND_RESTRICT:
		case KIND_TYPE_TAG:
			id = t->size;
			break;
		default:
			return 0;
		}
	}
	return -1;
}

static int size_of(const struct vr_btf *b, uint32_t id, uint64_t *ret)
{
	const uint8_t *items;
	uint64_t count = 1;
	struct type t;

	/* An array of arrays multiplies; each step is one level down. */
	for (int i = 0; i < MAX_NESTING; i++) {
		uint32_t array[3];	/* element type, index type, count */

		if (strip(b, id, &t, &items))
			return -1;
		switch (kind_of(&t)) {
		case KIND_PTR:
			*ret = count * POINTER_SIZE;
			return 0;
		case KIND_INT:
		case KIND_FLOAT:
		case KIND_ENUM:
		case KIND_ENUM64:
		case KIND_STRUCT:
		case KIND_UNION:
			*ret = count * t.size;
			return 0;
		case KIND_ARRAY:
			memcpy(array, items, sizeof(array));
			count *= array[2];
			if (count > UINT32_MAX)
				return -1;
			id = array[0];
			break;
		default:
			return -1;
		}
	}
	return -1;
}

/* A member found: its type, and its offset in bytes from the outer struct. */
struct found {
	uint32_t type;
	uint64_t offset;
};

/* What is looked for; '*steps' ends a struct that contains itself. */
struct search {
	const struct vr_btf *b;
	const char *name;
	size_t len;
	unsigned *steps;
};

static bool is_called(const struct search *s, const char *name)
{
	return !strncmp(name, s->name, s->len) && !name[s->len];
}

static int find_member(struct search *s, uint32_t id, unsigned depth,
		       struct found *ret)
{
	const uint8_t *items;
	struct type t;

	if (depth == MAX_NESTING || strip(s->b, id, &t, &items) ||
	    !is_composite(&t))
		return -1;
	for (uint32_t i = 0; i < vlen_of(&t); i++) {
		const char *name;
		uint32_t bits, width;
		struct item m;

		if (!*s->steps)
			return -1;
		--*s->steps;
		memcpy(&m, items + i * sizeof(m), sizeof(m));
		/* With the kind flag, a bit field's width is in the top byte. */
		width = t.info >> 31 ? m.offset >> 24 : 0;
		bits = t.info >> 31 ? m.offset & 0xffffff : m.offset;
		name = string_at(s->b, m.name);
		if (!*name && !find_member(s, m.type, depth + 1, ret)) {
			ret->offset += bits / 8;
			return 0;
		}
		if (!*name || !is_called(s, name))
			continue;
		if (width || bits % 8)
			return -1;
		*ret = (struct found){ m.type, bits / 8 };
		return 0;
	}
	return -1;
}

static int find_path(const struct vr_btf *b, uint32_t id, const char *path,
		     unsigned *steps, struct vr_member *ret)
{
	struct found f = { .type = id };
	uint64_t offset = 0, size;

	for (int depth = 0; depth < MAX_NESTING; depth++) {
		struct search s = { b, path, strcspn(path, "."), steps };

		if (find_member(&s, f.type, 0, &f))
			return -1;
		offset += f.offset;
		path += s.len;
		if (*path++)
			continue;
		if (size_of(b, f.type, &size) || size > UINT32_MAX ||
		    offset > UINT32_MAX)
			return -1;
		*ret = (struct vr_member){ (uint32_t)offset, (uint32_t)size };
		return 0;
	}
	return -1;
}

/* Ids of the structs called 'name', one after the other; 0 at the end. */
static uint32_t next_named(const struct vr_btf *b, const char *name, uint32_t id)
{
	uint32_t i = id ? b->next[id - b->first_id] :
			  b->bucket[hash(name) & (b->buckets - 1)];

	for (; i; i = b->next[i - 1]) {
		struct type t;

		memcpy(&t, b->types + b->at[i - 1], sizeof(t));
		if (!strcmp(string_at(b, t.name), name))
			return b->first_id + i - 1;
	}
	return 0;
}

int vr_btf_member(const struct vr_btf *b, const char *type, const char *path,
		  struct vr_member *ret)
{
	unsigned steps = MAX_STEPS;

	for (; b; b = b->base)
		for (uint32_t id = 0; (id = next_named(b, type, id));)
			if (!find_path(b, id, path, &steps, ret))
				return 0;
	return -1;
}

int vr_btf_size(const struct vr_btf *b, const char *type, uint64_t *ret)
{
	for (; b; b = b->base) {
		uint32_t id = next_named(b, type, 0);

		if (id)
			return size_of(b, id, ret);
	}
	return -1;
}

int vr_btf_enum(const struct vr_btf *b, const char *name, uint64_t *ret)
{
	for (; b; b = b->base) {
		for (uint32_t i = b->enums; i; i = b->next[i - 1]) {
			const uint8_t *p = b->types + b->at[i - 1];
			uint32_t item[2];	/* name, value */
			struct type t;

			memcpy(&t, p, sizeof(t));
			for (uint32_t k = 0; k < vlen_of(&t); k++) {
				memcpy(item, p + sizeof(t) + k * sizeof(item),
				       sizeof(item));
				if (strcmp(string_at(b, item[0]), name))
					continue;
				*ret = item[1];
				return 0;
			}
		}
	}
	return -1;
}
