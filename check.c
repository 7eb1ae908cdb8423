// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check.c - the frame of every verdict: runs a table of checks over a queue, and names
 * the state that it is in.  What is looked at stands in check_ring.c (a ring's
 * invariants), check_guest.c and check_host.c (the states of either side).
 */
#include <string.h>

#include "check.h"

/* By precedence, as in enum vr_state. */
static const struct {
	const char *name;
	enum vr_severity severity;
	const char *meaning;
} states[VR_ST_NSTATES] = {
	[VR_ST_NONE] = { "-", VR_SEV_OK, "" },
	[VR_ST_UNREADABLE] = { "unreadable", VR_SEV_WARN,
		"a word that decides is missing from the dump" },
	[VR_ST_CORRUPT] = { "corrupt", VR_SEV_ERROR,
		"an invariant of the ring fails; the reasons name it" },
	[VR_ST_BROKEN] = { "broken", VR_SEV_ERROR,
		"the driver gave the queue up: 'broken' is set" },
	[VR_ST_STOPPED] = { "stopped", VR_SEV_INFO,
		"not in use: interface or link down, pair beyond curr_queue_pairs, "
		"backend detached, owner stopped" },
	[VR_ST_VHOST_ERROR] = { "vhost-stopped-on-error", VR_SEV_ERROR,
		"vhost stopped on an error: kicks off, nothing queued, nothing waited for" },
	[VR_ST_LOST_INTERRUPT] = { "lost-interrupt", VR_SEV_WARN,
		"an interrupt was due, NAPI is not scheduled, and nothing moves on" },
	[VR_ST_LOST_KICK] = { "lost-kick", VR_SEV_WARN,
		"entries are published, vhost waits for a kick and has none" },
	[VR_ST_KICK_NOT_SERVED] = { "kick-not-served", VR_SEV_WARN,
		"vhost's work is queued, its worker does not run" },
	[VR_ST_RX_STARVED] = { "rx-starved", VR_SEV_WARN,
		"receiving has no buffers: the driver posts none" },
	[VR_ST_RING_FULL] = { "ring-full", VR_SEV_WARN,
		"the driver stopped the transmit queue: hardly a descriptor is free" },
	[VR_ST_TX_STOPPED] = { "tx-stopped", VR_SEV_WARN,
		"the transmit queue is stopped though the ring has room" },
	[VR_ST_NOT_CONSUMING] = { "device-not-consuming", VR_SEV_INFO,
		"entries are published and not returned: the device waits for kicks, or the ring is full" },
	[VR_ST_NOT_REAPING] = { "driver-not-reaping", VR_SEV_INFO,
		"buffers were returned and are not reaped: an interrupt or NAPI is under way, late, or lost" },
	[VR_ST_ACTIVE] = { "active", VR_SEV_OK, "in motion, within bounds" },
	[VR_ST_IDLE] = { "idle", VR_SEV_OK, "nothing outstanding, or all buffers parked" },
};

const char *vr_state_name(enum vr_state state)
{
	return states[state].name;
}

enum vr_severity vr_state_severity(enum vr_state state)
{
	return states[state].severity;
}

const char *vr_severity_name(enum vr_severity severity)
{
	static const char *const names[] = { "ok", "info", "warn", "error" };

	return names[severity];
}

static unsigned count(const struct vr_check *table)
{
	unsigned n = 0;

	while (table[n].name)
		n++;
	return n;
}

bool vr_check_row(unsigned n, const char **name, enum vr_severity *severity,
		  const char **meaning)
{
	const struct vr_check *tables[] = { vr_ring_checks, vr_host_checks };

	for (unsigned i = 0; i < 2; i++) {
		unsigned rows = count(tables[i]);

		if (n < rows) {
			*name = tables[i][n].name;
			*severity = tables[i][n].severity;
			*meaning = tables[i][n].meaning;
			return true;
		}
		n -= rows;
	}
	n += VR_ST_UNREADABLE;
	if (n >= VR_ST_NSTATES)
		return false;
	*name = states[n].name;
	*severity = states[n].severity;
	*meaning = states[n].meaning;
	return true;
}

/* ---- reasons ------------------------------------------------------------------------ */

static void __attribute__((format(printf, 4, 0)))
add_reason(struct vr_judge *j, const char *check, enum vr_severity severity,
		       const char *format, va_list args)
{
	struct vr_verdict *v = j->v;
	struct vr_reason *r = vr_grow(&j->c->arena, v->reasons, v->nreasons, &v->room,
				      sizeof(*r));

	if (!r)
		return;
	v->reasons = r;
	r += v->nreasons++;
	r->check = check;
	r->severity = severity;
	vsnprintf(r->text, sizeof(r->text), format, args);
}

static void append(struct vr_judge *j, const char *words)
{
	struct vr_reason *r = j->v->nreasons ? &j->v->reasons[j->v->nreasons - 1] : NULL;
	size_t n = r ? strlen(r->text) : 0;

	if (r)
		snprintf(r->text + n, sizeof(r->text) - n, "%s", words);
}

void vr_found(struct vr_judge *j, const struct vr_check *self, const char *format, ...)
{
	enum vr_severity severity = self->severity;
	va_list args;

	/* While one queue is reset its ring is freed and made anew. */
	if (j->moving || (j->under_way & self->excuses) || (j->q && vr_is_set(j->q->reset)))
		severity = VR_SEV_INFO;
	va_start(args, format);
	add_reason(j, self->name, severity, format, args);
	va_end(args);
	if (severity != self->severity)
		append(j, j->moving ? " (it moved while it was read)" :
		       " (in transition: a CPU is inside an add, a get or a reset)");
}

enum vr_state vr_conclude(struct vr_judge *j, enum vr_state state,
			  enum vr_severity severity, const char *format, ...)
{
	va_list args;

	j->v->state = state;
	j->v->severity = severity;
	va_start(args, format);
	add_reason(j, vr_state_name(state), severity, format, args);
	va_end(args);
	return state;
}

/* ---- a queue -------------------------------------------------------------------------- */

/* Run a table; true when an invariant fails for good. */
static bool breached(struct vr_judge *j, const struct vr_check *table)
{
	for (; table->name; table++)
		table->run(j, table);
	for (unsigned i = 0; i < j->v->nreasons; i++)
		if (j->v->reasons[i].severity == VR_SEV_ERROR)
			return true;
	return false;
}

/* The reason of the verdict comes before what else was noticed: who reads one reads that. */
static void gravest_first(struct vr_verdict *v)
{
	struct vr_reason gravest;
	unsigned first = 0;

	for (unsigned i = 1; i < v->nreasons; i++)
		if (v->reasons[i].severity > v->reasons[first].severity)
			first = i;
	if (!first)
		return;
	gravest = v->reasons[first];
	memmove(v->reasons + 1, v->reasons, first * sizeof(gravest));
	v->reasons[0] = gravest;
}

static void corrupt(struct vr_judge *j)
{
	j->v->state = VR_ST_CORRUPT;
	j->v->severity = vr_state_severity(VR_ST_CORRUPT);
}

/* What moves is not stuck: its words were of different moments.  What they would have
 * said together is still told.  A word that is missing, or says 'broken', is one alone. */
static void excuse(struct vr_judge *j)
{
	if (j->v->severity <= VR_SEV_INFO || !j->v->nreasons ||
	    j->v->state == VR_ST_UNREADABLE || j->v->state == VR_ST_BROKEN)
		return;
	j->v->state = VR_ST_ACTIVE;
	j->v->severity = VR_SEV_INFO;
	j->v->reasons[j->v->nreasons - 1].severity = VR_SEV_INFO;
	append(j, " (it moved while it was read)");
}

void vr_check_guest(struct vr_ctx *c, struct vr_snapshot *s)
{
	for (unsigned i = 0; i < s->ndevices; i++)
		for (unsigned k = 0; k < s->devices[i].nqueues; k++) {
			const struct vr_device *d = &s->devices[i];
			struct vr_queue *q = &d->queues[k];
			struct vr_judge j = { .c = c, .d = d, .q = q,
				.v = &q->verdict, .moving = q->moving,
				.under_way = vr_under_way(d, q) };

			if (!q->failed && breached(&j, vr_ring_checks))
				corrupt(&j);
			else
				vr_judge_guest(&j);
			if (q->moving)
				excuse(&j);
			gravest_first(&q->verdict);
		}
}

void vr_check_host(struct vr_ctx *c, struct vr_host *h)
{
	for (unsigned i = 0; i < h->nqueues; i++) {
		struct vr_hostq *q = &h->queues[i];
		struct vr_judge j = { .c = c, .h = q, .v = &q->verdict,
				      .moving = q->moving };

		if (breached(&j, vr_host_checks))
			corrupt(&j);
		else
			vr_judge_host(&j);
		if (q->moving)
			excuse(&j);
		gravest_first(&q->verdict);
		q->at = vr_host_at(q);
	}
}
