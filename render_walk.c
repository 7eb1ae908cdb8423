// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_walk.c - vqwalk's hops as a table, or as the crash commands with which
 * a person repeats them by hand.
 */
#include <inttypes.h>
#include <string.h>

#include "vring.h"

/* Is there another device of this name, in another name space? */
static bool ambiguous(const struct vr_walks *w, const struct vr_path *p)
{
	for (unsigned i = 0; i < w->count; i++)
		if (!strcmp(w->path[i].device, p->device) &&
		    w->path[i].netns.have == VR_READ && p->netns.have == VR_READ &&
		    w->path[i].netns.v != p->netns.v)
			return true;
	return false;
}

static void heading(FILE *out, const struct vr_walks *w, const struct vr_path *p,
		    const char *mark)
{
	char name[4 * VR_LABEL_SIZE];

	vr_text_escape(name, sizeof(name), p->device);
	fprintf(out, "%s%s", mark, name);
	vr_text_escape(name, sizeof(name), p->label);
	fprintf(out, " %s", name);
	if (ambiguous(w, p))
		fprintf(out, "  netns %" PRIu64, p->netns.v);
	fputc('\n', out);
}

/* All digits of an address, or '-' where none was read. */
static const char *padded(uint64_t addr, char buf[24])
{
	if (addr)
		snprintf(buf, 24, "%016" PRIx64, addr);
	else
		strcpy(buf, "-");
	return buf;
}

void vr_text_walks(FILE *out, const struct vr_walks *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct vr_path *p = &w->path[i];

		heading(out, w, p, i ? "\n" : "");
		fprintf(out, "%-16s %-16s %-18s %6s  %-16s  %s\n", "STRUCT",
			"ADDRESS", "MEMBER", "OFFSET", "NEXT", "HOW");
		for (unsigned k = 0; k < p->nhops; k++) {
			const struct vr_hop *h = &p->hops[k];
			char rule[160], offset[16] = "", at[24], next[24];

			vr_hop_rule(rule, sizeof(rule), h);
			if (h->member)
				snprintf(offset, sizeof(offset), "0x%" PRIx32,
					 h->offset);
			fprintf(out, "%-16s %-16s %-18s %6s  %-16s  %s\n", h->type,
				padded(h->addr, at), h->member ? h->member : "", offset,
				padded(h->next, next), rule);
		}
	}
}

/* gdb knows BTF's types only when debuginfo was loaded too; rd and eval always work. */
static bool gdb_knows(struct vr_ctx *c, const char *type)
{
	uint64_t size;

	return !c->t->minimal && !c->t->size(c->t, type, &size);
}

static void follow(FILE *out, struct vr_ctx *c, const struct vr_hop *h)
{
	if (gdb_knows(c, h->type))
		fprintf(out, "px ((struct %s *)0x%" PRIx64 ")->%s\n", h->type,
			h->addr, h->member);
	else
		fprintf(out, "rd %" PRIx64 "\n", h->addr + h->offset);
}

static void command(FILE *out, struct vr_ctx *c, const struct vr_hop *h)
{
	switch (h->rule) {
	case VR_RULE_BEHIND:
	case VR_RULE_ELEMENT:
		if (h->rule == VR_RULE_BEHIND && gdb_knows(c, h->type))
			fprintf(out, "px sizeof(struct %s)\n", h->type);
		fprintf(out, "eval 0x%" PRIx64 " + 0x%" PRIx64 "\n", h->addr,
			h->next - h->addr);
		break;
	case VR_RULE_INSIDE:
		if (gdb_knows(c, h->type))
			fprintf(out, "px &((struct %s *)0x%" PRIx64 ")->%s\n",
				h->type, h->addr, h->member);
		else
			fprintf(out, "eval 0x%" PRIx64 " + 0x%" PRIx32 "\n",
				h->addr, h->offset);
		break;
	case VR_RULE_POINTER:
	case VR_RULE_USER:
		follow(out, c, h);
		break;
	case VR_RULE_WORD:
		fprintf(out, "rd -16 %" PRIx64 " 1\n", h->next);
		break;
	case VR_RULE_SLOT:
		fprintf(out, "rd %" PRIx64 "\n", h->addr + h->offset + 8 * h->count);
		break;
	case VR_RULE_LIST:
		if (h->size > 1 && !c->t->minimal)
			fprintf(out, "list -H 0x%" PRIx64 "\n", h->addr + h->offset);
		else
			fprintf(out, "rd %" PRIx64 " 2\n", h->addr + h->offset);
		break;
	case VR_RULE_AROUND:
		fprintf(out, "eval 0x%" PRIx64 " - 0x%" PRIx64 "\n", h->addr,
			h->addr - h->next);
		break;
	case VR_RULE_FILE:
		if (h->addr && !c->t->minimal)
			fprintf(out, "files %" PRIu64 "\n", h->count);
		break;
	case VR_RULE_FIRST:
		break;
	}
}

void vr_text_commands(FILE *out, struct vr_ctx *c, const struct vr_walks *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct vr_path *p = &w->path[i];

		heading(out, w, p, "# ");
		for (unsigned k = 0; k < p->nhops; k++) {
			const struct vr_hop *h = &p->hops[k];
			char rule[160], b[24];

			vr_hop_rule(rule, sizeof(rule), h);
			fprintf(out, "# %s%s%s: %s -> ", h->type,
				h->member ? "." : "", h->member ? h->member : "",
				rule);
			fprintf(out, "%s\n", vr_addr_text(h->next, b));
			command(out, c, h);
		}
	}
}
