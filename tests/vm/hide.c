// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hide.c - vring.so as it would be on a kernel that has renamed something: linked
 * with all of it, it stands between the resolver and the sources of types, and
 * answers that there is no such member (test_renamed.py).
 *
 *	vrhide			list the rows that earlier commands have found
 *	vrhide NUMBER		from now on that row is found under no spelling
 *	vrhide none		all are found again
 */
#include <defs.h>

#include "../../session.h"
#include "../../members.h"

static const struct vr_row *hidden;

/* The linker's --wrap gives these names to what offsets.c calls, and to what it would
 * have called. */
enum vr_source __real_vr_type_size(struct vr_ctx *c, const char *module, const char *type,
				   uint64_t *ret);
enum vr_source __wrap_vr_type_size(struct vr_ctx *c, const char *module, const char *type,
				   uint64_t *ret);
enum vr_source __real_vr_type_member(struct vr_ctx *c, const char *module, const char *type,
				     const char *path, struct vr_member *ret);
enum vr_source __wrap_vr_type_member(struct vr_ctx *c, const char *module, const char *type,
				     const char *path, struct vr_member *ret);

static bool hides(const char *type, const char *path)
{
	for (int i = 0; hidden && i < VR_SPELLINGS && hidden->as[i].type; i++) {
		const struct vr_spelling *as = &hidden->as[i];

		if (!strcmp(as->type, type) && !as->path == !path &&
		    (!path || !strcmp(as->path, path)))
			return true;
	}
	return false;
}

enum vr_source __wrap_vr_type_size(struct vr_ctx *c, const char *module, const char *type,
				   uint64_t *ret)
{
	return hides(type, NULL) ? VR_FROM_NOWHERE :
				   __real_vr_type_size(c, module, type, ret);
}

enum vr_source __wrap_vr_type_member(struct vr_ctx *c, const char *module, const char *type,
				     const char *path, struct vr_member *ret)
{
	return hides(type, NULL) || hides(type, path) ? VR_FROM_NOWHERE :
		__real_vr_type_member(c, module, type, path, ret);
}

/* Forget a row and all that is in a struct of its name: looking for everything anew
 * would take long, two hundred times. */
static void forget(const struct vr_row *row)
{
	const struct vr_row *r;

	for (size_t i = 0; row && (r = vr_row_at(i)); i++)
		if (r == row || (!row->as[0].path && !strcmp(r->as[0].type, row->as[0].type)))
			memset(&vrs.ctx.layout.f[r->slot], 0, sizeof(struct vr_field));
}

/* What losing it means: silent, where a kernel may lack it and nothing else tells. */
static const char *kind(const struct vr_row *r)
{
	const char *loses;

	if (!vr_layout_loses(r->slot, &loses))
		return "required";
	return loses ? "optional" : "silent";
}

static void cmd_vrhide(void)
{
	const struct vr_row *r;

	if (argcnt == 2) {
		forget(hidden);
		hidden = strcmp(args[1], "none") ? vr_row_at((size_t)atoi(args[1])) : NULL;
		forget(hidden);
		return;
	}
	for (size_t i = 0; (r = vr_row_at(i)); i++)
		if (vrs.ctx.layout.f[r->slot].known)
			fprintf(fp, "%lu %s %s %s\n", (ulong)i, kind(r), r->as[0].type, r->as[0].path ? r->as[0].path : "-");
}

static char *help_vrhide[] = { "vrhide", "hide a member", "[NUMBER | none]", "  For tests.", NULL };

/* crash knows one table of an extension: ours is put in front of vring's. */
void __real_register_extension(struct command_table_entry *table);
void __wrap_register_extension(struct command_table_entry *table);

void __wrap_register_extension(struct command_table_entry *table)
{
	static struct command_table_entry all[16] = {
		{ "vrhide", cmd_vrhide, help_vrhide, MINIMAL },
	};

	for (unsigned n = 1; n < 15 && table->name; n++)
		all[n] = *table++;
	__real_register_extension(all);
}
