// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_errors.c - what went wrong, as text: one line each, but one for all that a
 * missing page took with it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vring.h"

#define PAGE	4096
#define WIDTH	100	/* of a group's lines */
#define GROUP	3	/* values on one page that are worth a group */

static bool on_page(const struct vr_error *e, const struct vr_error *first)
{
	return e->code == VR_E_READ && e->addr / PAGE == first->addr / PAGE &&
	       e->addr % PAGE + e->len <= PAGE &&
	       !strcmp(e->device, first->device) && !strcmp(e->queue, first->queue);
}

/* How many of the 'n' errors at 'e' are of the first one's device, queue and page; 0 if
 * that one is not of one page. */
static unsigned group_size(const struct vr_error *e, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; on_page(e, e) && i < n; i++)
		count += on_page(&e[i], e);
	return count;
}

/* All of them: where on the page, and what. */
static void print_group(FILE *out, const char *where, const struct vr_error *e,
			unsigned n, unsigned count, bool *told)
{
	uint64_t page = e->addr / PAGE * PAGE;
	int column = WIDTH;

	fprintf(out, "%s%scannot read %u values on the page at %" PRIx64 ":", where,
		*where ? ": " : "", count, page);
	for (unsigned i = 0; i < n; i++) {
		char item[96];
		int len;

		if (!on_page(&e[i], e))
			continue;
		told[i] = true;
		len = snprintf(item, sizeof(item), " +%" PRIx64 " %s%s", e[i].addr - page,
			       e[i].what, --count ? "," : "");
		if (column + len > WIDTH) {
			fprintf(out, "\n   ");
			column = 3;
		}
		fprintf(out, "%s", item);
		column += len;
	}
	fputc('\n', out);
}

void vr_text_errors(FILE *out, const struct vr_ctx *c)
{
	unsigned n = c->nerrors < VR_MAX_ERRORS ? c->nerrors : VR_MAX_ERRORS;
	bool told[VR_MAX_ERRORS] = { false };

	for (unsigned i = 0; i < n; i++) {
		const struct vr_error *e = &c->errors[i];
		char where[288], what[VR_WHAT_SIZE];
		unsigned count;

		if (told[i])
			continue;
		vr_error_where(where, sizeof(where), e);
		count = group_size(e, n - i);
		if (count >= GROUP) {
			print_group(out, where, e, n - i, count, &told[i]);
			continue;
		}
		vr_error_what(what, sizeof(what), e);
		fprintf(out, "%s%s%s\n", where, *where ? ": " : "", what);
	}
	if (c->nerrors > n)
		fprintf(out, "... and %u more\n", c->nerrors - n);
}
