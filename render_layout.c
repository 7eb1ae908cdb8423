// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_layout.c - the layout that is used (-l): each member, which source said so, which
 * file that is, and what was not found.
 */
#include <inttypes.h>
#include <string.h>

#include "vring.h"

#define MAX_SOURCES	32	/* of modules' types */

/* Members that no spelling gave: first what is missed, then what others have. */
static void print_not_found(FILE *out, const struct vr_ctx *c, bool missed)
{
	const char *module, *type, *path, *loses;
	enum vr_slot slot;

	for (unsigned n = 0; vr_layout_row(n, &slot, &module); n++) {
		const struct vr_field *f = &c->layout.f[slot];
		char name[96];

		if (!(vr_layout_spelling(n, &type, &path) & c->layout.asked) ||
		    f->known || f->missed != missed)
			continue;
		snprintf(name, sizeof(name), path ? "%s.%s" : "sizeof(%s)", type, path);
		if (!missed)
			loses = "nothing: another kernel's";
		else if (!vr_layout_loses(slot, &loses))
			loses = "anything that needs it: it must be there";
		fprintf(out, "%-46s %-15s %s\n", name, *module ? module : "vmlinux", loses);
	}
}

static const char *source_name(enum vr_source source, const char *module, char buf[40])
{
	static const char *const names[] = { "", "BTF", "BTF file", "DWARF" };

	snprintf(buf, 40, "%s %s", names[source], *module ? module : "vmlinux");
	return buf;
}

/* Which files the sources are: a line for each that gave a member. */
static void print_files(FILE *out, struct vr_ctx *c)
{
	struct {
		enum vr_source source;
		const char *module;
	} told[MAX_SOURCES];
	unsigned ntold = 0, i;
	const char *module;
	enum vr_slot slot;

	fprintf(out, "\n%-18s %s\n", "SOURCE", "FILE");
	for (unsigned n = 0; vr_layout_row(n, &slot, &module); n++) {
		enum vr_source source = c->layout.f[slot].source;
		const char *file;
		char from[40], name[1024];

		for (i = 0; i < ntold; i++)
			if (told[i].source == source && !strcmp(told[i].module, module))
				break;
		if (!c->layout.f[slot].known || i < ntold || ntold == MAX_SOURCES)
			continue;
		told[ntold].source = source;
		told[ntold++].module = module;
		file = source == VR_FROM_BTF ? "the dump itself" :
		       vr_type_file(c, source, *module ? module : NULL);
		vr_text_escape(name, sizeof(name), file ? file : "-");
		fprintf(out, "%-18s %s\n", source_name(source, module, from), name);
	}
}

void vr_text_layout(FILE *out, struct vr_ctx *c)
{
	const char *module;
	enum vr_slot slot;

	vr_text_errors(out, c);
	fprintf(out, "%-46s %6s %6s  %-18s %s\n", "MEMBER", "OFFSET", "SIZE",
		"SOURCE", "SINCE");
	for (unsigned n = 0; vr_layout_row(n, &slot, &module); n++) {
		const struct vr_field *f = &c->layout.f[slot];
		char name[96], from[40];

		if (!f->known)
			continue;
		if (!f->path) {
			snprintf(name, sizeof(name), "sizeof(%s)", f->type);
			fprintf(out, "%-46s %6s", name, "");
		} else {
			snprintf(name, sizeof(name), "%s.%s", f->type, f->path);
			fprintf(out, "%-46s %6" PRIu32, name, f->offset);
		}
		fprintf(out, " %6" PRIu32 "  %-18s %s\n", f->size,
			source_name(f->source, module, from), f->since);
	}
	print_files(out, c);
	fprintf(out, "\n%-46s %-15s %s\n", "NOT FOUND", "MODULE", "NOT KNOWN WITHOUT IT");
	print_not_found(out, c, true);
	print_not_found(out, c, false);
	if (*c->btf_why)
		fprintf(out, "%s\n", c->btf_why);
}
