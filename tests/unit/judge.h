/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge.h - verdicts and their reasons, as the tests of the checks ask for them.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "check.h"
#include "unit.h"

#define READ(n)		((struct vr_val){ (n), VR_READ })
#define UNREAD		((struct vr_val){ .have = VR_UNREAD })
#define ABSENT		((struct vr_val){ .have = VR_ABSENT })

/* All reasons, for a failing test's message. */
static inline const char *reasons_text(const struct vr_verdict *v)
{
	static char text[4096];
	size_t n = 0;

	n = (size_t)snprintf(text, sizeof(text), "%s (%s)", vr_state_name(v->state),
			     vr_severity_name(v->severity));
	for (unsigned i = 0; i < v->nreasons && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\n  %s (%s): %s",
				      v->reasons[i].check,
				      vr_severity_name(v->reasons[i].severity),
				      v->reasons[i].text);
	return text;
}

static inline void assert_verdict(const struct vr_verdict *v, enum vr_state state,
				  enum vr_severity severity)
{
	if (v->state != state || v->severity != severity)
		fail_msg("not %s (%s): %s", vr_state_name(state),
			 vr_severity_name(severity), reasons_text(v));
}

/* A reason of this check whose text has 'part', at this severity. */
static inline void assert_reason(const struct vr_verdict *v, const char *check,
				 enum vr_severity severity, const char *part)
{
	for (unsigned i = 0; i < v->nreasons; i++)
		if (!strcmp(v->reasons[i].check, check) &&
		    v->reasons[i].severity == severity &&
		    strstr(v->reasons[i].text, part))
			return;
	fail_msg("no %s (%s) with '%s': %s", check, vr_severity_name(severity), part,
		 reasons_text(v));
}

static inline void assert_no_reason(const struct vr_verdict *v, const char *check)
{
	for (unsigned i = 0; i < v->nreasons; i++)
		if (!strcmp(v->reasons[i].check, check))
			fail_msg("%s: %s", check, reasons_text(v));
}

/* How many reasons the rows of a table of invariants gave. */
static inline unsigned breaches(const struct vr_verdict *v,
				const struct vr_check *table)
{
	unsigned n = 0;

	for (unsigned i = 0; i < v->nreasons; i++)
		for (const struct vr_check *row = table; row->name; row++)
			n += !strcmp(v->reasons[i].check, row->name);
	return n;
}

static inline void assert_sound(const struct vr_verdict *v,
				const struct vr_check *table)
{
	if (breaches(v, table) || v->severity > VR_SEV_INFO)
		fail_msg("not sound: %s", reasons_text(v));
}

/* What is under way may be told of, but nothing is wrong. */
static inline void assert_excused(const struct vr_verdict *v)
{
	if (v->state == VR_ST_CORRUPT || v->severity > VR_SEV_INFO)
		fail_msg("not excused: %s", reasons_text(v));
	for (unsigned i = 0; i < v->nreasons; i++)
		if (v->reasons[i].severity > VR_SEV_INFO)
			fail_msg("not excused: %s", reasons_text(v));
}

/* Judge one queue of one device. */
static inline void judge_queue(struct vr_ctx *c, struct vr_device *d,
			       struct vr_queue *q)
{
	struct vr_snapshot s = { .devices = d, .ndevices = 1 };

	q->verdict = (struct vr_verdict){ .state = VR_ST_NONE };
	d->queues = q;
	d->nqueues = 1;
	vr_check_guest(c, &s);
}

#endif
