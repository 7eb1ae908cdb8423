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

void vr_text_walks(FILE *out, const struct vr_walks *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct vr_path *p = &w->path[i];

		heading(out, w, p, i ? "\n" : "");
		fprintf(out, "%-16s %-16s %-18s %6s  %-16s  %s\n", "STRUCT",
			"ADDRESS", "MEMBER", "OFFSET", "NEXT", "HOW");
		for (unsigned k = 0; k < p->nhops; k++) {
			const struct vr_hop *h = &p->hops[k];
			char rule[160], offset[16] = "";

			vr_hop_rule(rule, sizeof(rule), h);
			if (h->member)
				snprintf(offset, sizeof(offset), "0x%" PRIx32,
					 h->offset);
			fprintf(out, "%-16s %016" PRIx64 " %-18s %6s  ", h->type,
				h->addr, h->member ? h->member : "", offset);
			if (h->next)
				fprintf(out, "%016" PRIx64 "  %s\n", h->next, rule);
			else
				fprintf(out, "%-16s  %s\n", "-", rule);
		}
	}
}

/* gdb knows BTF's types only when debuginfo was loaded too; rd always works. */
static void follow(FILE *out, struct vr_ctx *c, const struct vr_hop *h)
{
	uint64_t size;

	if (!c->t->minimal && !c->t->size(c->t, h->type, &size))
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
		if (h->rule == VR_RULE_BEHIND && !c->t->minimal)
			fprintf(out, "px sizeof(struct %s)\n", h->type);
		fprintf(out, "eval 0x%" PRIx64 " + 0x%" PRIx64 "\n", h->addr,
			h->next - h->addr);
		break;
	case VR_RULE_INSIDE:
		if (!c->t->minimal)
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
		else if (h->size)
			fprintf(out, "rd %" PRIx64 " 2\n", h->addr + h->offset);
		break;
	case VR_RULE_AROUND:
		fprintf(out, "eval 0x%" PRIx64 " - 0x%" PRIx64 "\n", h->addr,
			h->addr - h->next);
		break;
	case VR_RULE_FILE:
		if (!c->t->minimal)
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
