// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * clock.c - what time it is in the dump, by its last tick.
 *
 * Nothing in a dump says when it was made.  The tick counts jiffies and notes the
 * monotonic time of the next one; an idle machine ticks seldom, so that ages are
 * what they were at least.
 */
#include "vring.h"

#define NSEC_PER_MSEC	1000000u
/* What happened behind the last tick may bear a later time, by no more than this. */
#define SLACK_TICKS	4
/* A live kernel goes on while it is read, and jiffies were read first. */
#define SLACK_NSEC	10000000000u

/* The length of a jiffy, from the clock source that counts them, and the times;
 * all are read once a command. */
static void read_clock(struct vr_ctx *c)
{
	struct vr_obj clock = { .addr = 0 };
	struct vr_val mult, shift;
	uint64_t addr, next;

	c->clock.tried = true;
	if (c->t->symbol(c->t, "clocksource_jiffies", &clock.addr)) {
		vr_symbol_missed(c, "clocksource_jiffies", "ages");
		return;
	}
	mult = vr_get(c, &clock, VR_CLOCK_MULT, NULL);
	shift = vr_get(c, &clock, VR_CLOCK_SHIFT, NULL);
	if (mult.have != VR_READ || shift.have != VR_READ || shift.v > 31)
		return;
	if (c->t->symbol(c->t, "jiffies_64", &addr) &&
	    c->t->symbol(c->t, "jiffies", &addr)) {
		vr_symbol_missed(c, "jiffies_64", "ages");
		return;
	}
	if (vr_read(c, addr, &c->clock.jiffies, sizeof(c->clock.jiffies)))
		return;
	c->clock.tick_nsec = mult.v >> shift.v;
	if (!c->t->symbol(c->t, "tick_next_period", &addr) &&
	    !vr_read(c, addr, &next, sizeof(next)) && next > c->clock.tick_nsec)
		c->clock.mono = next - c->clock.tick_nsec;
}

struct vr_val vr_jiffies_ms(struct vr_ctx *c, struct vr_val jiffies)
{
	if (jiffies.have != VR_READ)
		return jiffies;
	if (!c->clock.tried)
		read_clock(c);
	if (!c->clock.tick_nsec)
		return (struct vr_val){ .have = VR_UNREAD };
	jiffies.v = jiffies.v * (c->clock.tick_nsec / 1000) / (NSEC_PER_MSEC / 1000);
	return jiffies;
}

struct vr_val vr_age_jiffies(struct vr_ctx *c, struct vr_val since)
{
	const struct vr_val unknown = { .have = VR_UNREAD };

	if (since.have != VR_READ)
		return since;
	if (!since.v)
		return unknown;
	if (!c->clock.tried)
		read_clock(c);
	if (!c->clock.tick_nsec)
		return unknown;
	/* Later than the clock: of this moment, or of no time that can be. */
	if (since.v > c->clock.jiffies) {
		if (since.v - c->clock.jiffies > SLACK_NSEC / c->clock.tick_nsec)
			return unknown;
		since.v = c->clock.jiffies;
	}
	since.v = c->clock.jiffies - since.v;
	return vr_jiffies_ms(c, since);
}

struct vr_val vr_age_ns(struct vr_ctx *c, struct vr_val since)
{
	const struct vr_val unknown = { .have = VR_UNREAD };

	if (since.have != VR_READ)
		return since;
	if (!c->clock.tried)
		read_clock(c);
	if (!since.v || !c->clock.mono)
		return unknown;
	if (since.v <= c->clock.mono)
		return (struct vr_val){ (c->clock.mono - since.v) / NSEC_PER_MSEC,
					VR_READ };
	if (since.v - c->clock.mono > SLACK_TICKS * c->clock.tick_nsec)
		return unknown;
	return (struct vr_val){ 0, VR_READ };
}
