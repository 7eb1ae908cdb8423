// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_verdict.c - verdicts as text, for both sides.
 */
#include "vring.h"

void vr_text_verdict(FILE *out, const struct vr_verdict *v)
{
	if (v->state == VR_ST_NONE)
		return;
	fprintf(out, "  verdict    %s (%s)\n", vr_state_name(v->state),
		vr_severity_name(v->severity));
	for (unsigned i = 0; i < v->nreasons; i++)
		fprintf(out, "    %s: %s\n", v->reasons[i].check, v->reasons[i].text);
}

const char *vr_where_name(enum vr_where where)
{
	static const char *const names[VR_AT_NWHERE] = {
		"nobody", "guest driver", "ring", "kick", "vhost worker", "backend",
		"interrupt", "guest NAPI",
	};

	return names[where];
}

/* A queue that is not in use is never what to look at first. */
static int rank(const struct vr_verdict *v)
{
	return v->state == VR_ST_STOPPED ? VR_ST_ACTIVE : (int)v->state;
}

void vr_worst_add(struct vr_worst *w, const struct vr_verdict *v, const char *device,
		  const char *label)
{
	const struct vr_verdict *old = w->verdict;

	if (v->state == VR_ST_NONE)
		return;
	w->total++;
	if (v->severity >= VR_SEV_WARN)
		w->bad++;
	if (old && (v->severity < old->severity || (v->severity == old->severity &&
						   rank(v) >= rank(old))))
		return;
	w->verdict = v;
	w->device = device;
	w->label = label;
}

/* A state that is healthy for a moment, and would not be for long. */
static bool worth_a_look(const struct vr_worst *w)
{
	return w->verdict->severity == VR_SEV_INFO &&
	       w->verdict->state != VR_ST_STOPPED;
}

void vr_text_worst(FILE *out, const struct vr_worst *w)
{
	const struct vr_reason *r;
	char name[80], label[4 * VR_LABEL_SIZE];

	if (!w->verdict)
		return;
	r = w->verdict->nreasons ? w->verdict->reasons : NULL;
	vr_text_escape(name, sizeof(name), w->device);
	vr_text_escape(label, sizeof(label), w->label);
	if (w->bad)
		fprintf(out, "%u of %u queues in trouble, the worst: ", w->bad, w->total);
	else
		fprintf(out, "%u queue%s, nothing wrong seen%s", w->total,
			w->total == 1 ? "" : "s", worth_a_look(w) ? "; look at " : "\n");
	if (w->bad || worth_a_look(w))
		fprintf(out, "%s %s: %s: %s\n", name, label,
			vr_state_name(w->verdict->state), r ? r->text : "");
}
