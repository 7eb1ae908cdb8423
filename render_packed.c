// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_packed.c - what is shown of a packed ring where a split ring has its avail
 * and used rings.
 */
#include <inttypes.h>

#include "vring.h"

const char *vr_area_text(const struct vr_event_area *a, char buf[24])
{
	if (a->flags.have != VR_READ)
		return "-";
	switch (a->flags.v) {
	case VR_EVENT_ENABLE:
		return "on";
	case VR_EVENT_DISABLE:
		return "off";
	case VR_EVENT_DESC:
		if (a->off_wrap.have != VR_READ)
			return "-";
		snprintf(buf, 24, "%u", (unsigned)a->off_wrap.v & 0x7fff);
		return buf;
	default:
		return "?";
	}
}

/* What an area's flags mean; 'whom' and 'when' tell the two areas apart. */
static void print_area(FILE *out, const struct vr_event_area *a, const char *name,
		       const char *writer, const char *what)
{
	static const char *const modes[] = { "ENABLE", "DISABLE", "DESC" };
	char b[2][24];

	fprintf(out, "  %s area %s, written by the %s, about %s\n", name,
		vr_addr_text(a->addr, b[0]), writer, what);
	fprintf(out, "    flags %s%s%s%s   off_wrap %s", vr_val_text(a->flags, b[0]),
		a->flags.have == VR_READ ? " (" : "",
		a->flags.have != VR_READ ? "" : a->flags.v <= VR_EVENT_DESC ?
		modes[a->flags.v] : "unknown",
		a->flags.have == VR_READ ? ")" : "",
		vr_val_text(a->off_wrap, b[1]));
	if (a->off_wrap.have == VR_READ)
		fprintf(out, ": slot %u, wrap %u%s", (unsigned)a->off_wrap.v & 0x7fff,
			(unsigned)a->off_wrap.v >> 15 & 1,
			a->flags.v == VR_EVENT_DESC ? "" : " (not looked at)");
	fputc('\n', out);
}

void vr_text_packed(FILE *out, const struct vr_queue *q)
{
	const struct vr_packed *p = &q->pk;
	char b[4][24];

	fprintf(out, "  driver\n");
	fprintf(out, "    num_free %s   free_head %s   num_added %s\n",
		vr_val_text(q->num_free, b[0]), vr_val_text(q->free_head, b[1]),
		vr_val_text(q->num_added, b[2]));
	fprintf(out, "    next_avail_idx %s (wrap %s)   last_used_idx %s (wrap %s)\n",
		vr_val_text(p->next_avail_idx, b[0]),
		vr_val_text(p->avail_wrap_counter, b[1]),
		vr_val_text(p->last_used_idx, b[2]),
		vr_val_text(p->used_wrap_counter, b[3]));
	fprintf(out, "    event_flags_shadow %s", vr_val_text(p->event_flags_shadow, b[0]));
	if (p->event_flags_shadow.have == VR_READ)
		fprintf(out, " (%s)", p->event_flags_shadow.v == VR_EVENT_DISABLE ?
			"DISABLE: callbacks off" : "callbacks on");
	fprintf(out, "   event %s   event_triggered %s   indirect %s   broken %s\n",
		vr_val_text(q->event, b[0]), vr_val_text(q->event_triggered, b[1]),
		vr_val_text(q->indirect, b[2]), vr_val_text(q->broken, b[3]));
	fprintf(out, "  device, by the descriptors that it returned\n");
	fprintf(out, "    next to be returned at slot %s (wrap %s)\n",
		vr_val_text(p->device_idx, b[0]),
		vr_val_text(p->device_wrap_counter, b[1]));
	print_area(out, &p->driver, "driver", "driver", "interrupts");
	print_area(out, &p->device, "device", "device", "kicks");
}
