// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_guest.c - the state of a guest's queue, from its words alone.  The numbers
 * are those of real queues, healthy and not, wherever there are some; each case is
 * moved round the circle of 16-bit indices.
 */
#include "judge.h"

enum age { NO_AGE = 0xffffffff };

/* A queue in figures; what is not said is at rest. */
struct shape {
	const char *name;
	enum vr_dir dir;
	uint16_t l, u, a, ue, ae;
	bool off;		/* callbacks */
	bool by_flags;		/* no EVENT_IDX */
	bool polled;		/* by_flags: the device wants no kicks */
	bool silent;		/* the queue has no callback */
	unsigned num;		/* 0: 256 */
	unsigned num_free;
	unsigned xoff, age;
	unsigned napi;		/* bit 0 SCHED, bit 3 NPSVC */
	unsigned deferred;	/* interrupts: polls by a timer first */
	unsigned added;
	bool busy, panicked;	/* the CPU that the interrupt goes to; the kernel */
	bool unused, down, no_carrier, no_link, broken, disabled, failed;
	bool reset, shutdown;	/* the queue alone; the kernel */
	bool big, table;	/* receive buffers of many pages; each with a table */
	enum vr_state state;
	enum vr_severity severity;
};

#define OK	VR_SEV_OK
#define INFO	VR_SEV_INFO
#define WARN	VR_SEV_WARN
#define ERROR	VR_SEV_ERROR
#define LATE	8000
#define YOUNG	80

static const struct shape shapes[] = {
	/* ---- at rest, and in motion ---- */
	{ "rx, all buffers with the device", VR_RX, 0, 0, 256, 0, 256,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "rx, a device that polls", VR_RX, 300, 300, 556, 300, 7,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "rx, big packets: 18 buffers take the ring", VR_RX, 40, 40, 53, 40, 53,
	  .num_free = 9, .state = VR_ST_IDLE, .severity = OK },
	{ "rx, being reaped", VR_RX, 10, 40, 266, 10, 266, .off = true, .napi = 17,
	  .state = VR_ST_ACTIVE, .severity = OK },
	{ "rx, caught in refill", VR_RX, 500, 500, 520, 500, 500, .num_free = 236,
	  .added = 20, .state = VR_ST_IDLE, .severity = OK },
	{ "rx, overload", VR_RX, 1000, 1256, 1256, 1000, 1256, .off = true, .napi = 17,
	  .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "rx, overload, a timer polls", VR_RX, 1000, 1256, 1256, 1000, 1256, .off = true,
	  .napi = 16, .deferred = 2, .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "rx, callbacks off, and nobody polls", VR_RX, 1000, 1256, 1256, 1000, 1256, .off = true,
	  .napi = 16, .state = VR_ST_RX_STARVED, .severity = WARN },
	{ "tx, never used", VR_TX, 0, 0, 0, 0, 0, .num_free = 256, .age = NO_AGE,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "tx, reaped lazily", VR_TX, 66, 67, 67, 0, 67, .off = true, .napi = 57,
	  .num_free = 255, .state = VR_ST_IDLE, .severity = OK },
	{ "tx, reaped lazily, much of it", VR_TX, 66, 304, 304, 0, 304, .off = true,
	  .napi = 57, .num_free = 18, .age = YOUNG, .state = VR_ST_IDLE, .severity = OK },
	{ "tx, delayed callbacks", VR_TX, 10, 20, 20, 32, 20, .num_free = 246,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "tx, a device that polls", VR_TX, 100, 200, 300, 100, 120, .off = true,
	  .num_free = 56, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, avail_event a whole circle of rings behind", VR_TX, 40000, 40000, 40007,
	  40000, 5000, .num_free = 249, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, the device has seen all of it", VR_TX, 100, 100, 105, 100, 105,
	  .num_free = 251, .age = LATE, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx by flags, the device polls", VR_TX, 7, 7, 9, .by_flags = true,
	  .polled = true, .num_free = 254, .age = LATE, .state = VR_ST_ACTIVE,
	  .severity = OK },
	{ "tx, NAPI has it", VR_TX, 100, 120, 120, 100, 120, .napi = 17,
	  .num_free = 236, .state = VR_ST_IDLE, .severity = OK },
	{ "ctrl, nobody ever reaps what nobody waits for", VR_CTRL, 8, 9, 9, 8, 9,
	  .silent = true, .off = true, .num = 64, .num_free = 63, .state = VR_ST_IDLE,
	  .severity = OK },
	{ "ctrl, no callback though none are off", VR_CTRL, 8, 9, 9, 8, 9,
	  .silent = true, .num = 64, .num_free = 63, .state = VR_ST_IDLE, .severity = OK },

	/* ---- not in use ---- */
	{ "a pair that is not in use", VR_RX, 0, 0, 256, 0, 256, .unused = true,
	  .state = VR_ST_STOPPED, .severity = INFO },
	{ "its transmit queue, stuck", VR_TX, 3, 9, 250, 3, 100, .unused = true,
	  .num_free = 3, .xoff = 1, .age = LATE, .state = VR_ST_STOPPED, .severity = INFO },
	{ "down, rx empty", VR_RX, 9, 9, 9, 9, 9, .down = true, .napi = 25,
	  .num_free = 256, .state = VR_ST_STOPPED, .severity = INFO },
	{ "down, tx stopped", VR_TX, 5, 9, 9, 5, 9, .down = true, .napi = 57, .xoff = 1,
	  .age = LATE, .num_free = 252, .state = VR_ST_STOPPED, .severity = INFO },
	{ "no carrier", VR_TX, 7, 7, 7, 7, 7, .no_carrier = true, .xoff = 1, .age = LATE,
	  .num_free = 256, .state = VR_ST_STOPPED, .severity = INFO },
	{ "link down by the device's word", VR_RX, 7, 7, 7, 7, 7, .no_link = true,
	  .num_free = 256, .state = VR_ST_STOPPED, .severity = INFO },
	{ "ctrl of an interface that is down", VR_CTRL, 9, 9, 9, 9, 9, .down = true,
	  .silent = true, .num = 64, .state = VR_ST_IDLE, .severity = OK },
	{ "failed to probe", VR_TX, 0, 0, 0, 0, 0, .failed = true,
	  .state = VR_ST_STOPPED, .severity = INFO },
	{ "being reset", VR_RX, 17, 256, 256, 17, 256, .disabled = true,
	  .state = VR_ST_STOPPED, .severity = INFO },
	{ "broken until DRIVER_OK", VR_RX, 0, 0, 256, 0, 256, .disabled = true,
	  .broken = true, .state = VR_ST_STOPPED, .severity = INFO },

	{ "the queue is resized, the driver waits for the device", VR_TX, 100, 100, 338, 280,
	  100, .reset = true, .num_free = 18, .napi = 57, .xoff = 1, .age = LATE,
	  .state = VR_ST_STOPPED, .severity = INFO },
	{ "the queue is resized, and empty by now", VR_RX, 0, 0, 0, 0, 0, .reset = true,
	  .num_free = 256, .napi = 25, .state = VR_ST_STOPPED, .severity = INFO },
	{ "the queue is resized, a hardened kernel breaks it", VR_RX, 0, 0, 256, 0, 256,
	  .reset = true, .broken = true, .napi = 25, .state = VR_ST_STOPPED, .severity = INFO },
	{ "a shutdown breaks all queues", VR_RX, 48, 48, 304, 48, 304, .broken = true,
	  .shutdown = true, .state = VR_ST_STOPPED, .severity = INFO },
	{ "a shutdown that has not come to it", VR_RX, 48, 48, 304, 48, 304,
	  .shutdown = true, .state = VR_ST_IDLE, .severity = OK },

	/* ---- broken ---- */
	{ "broken", VR_RX, 48, 48, 304, 48, 304, .broken = true,
	  .state = VR_ST_BROKEN, .severity = ERROR },
	{ "broken comes before stopped", VR_TX, 48, 48, 48, 48, 48, .broken = true,
	  .down = true, .state = VR_ST_BROKEN, .severity = ERROR },

	/* ---- interrupts ---- */
	{ "the known case, receiving", VR_RX, 43932, 43936, 43936, 43932, 43936,
	  .num_free = 252, .state = VR_ST_LOST_INTERRUPT, .severity = WARN },
	{ "the known case, transmit queue stopped for long", VR_TX, 43932, 43936, 43936,
	  43932, 43936, .num_free = 252, .xoff = 1, .age = LATE,
	  .state = VR_ST_LOST_INTERRUPT, .severity = WARN },
	{ "the known case, nothing blocked", VR_TX, 43932, 43936, 43936, 43932, 43936,
	  .num_free = 252, .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "the known case, buffers left", VR_RX, 43932, 43936, 44188, 43932, 44188,
	  .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "healthy, caught on the way", VR_RX, 45, 52, 301, 45, 301,
	  .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "healthy, caught on the way, tx", VR_TX, 45, 52, 52, 45, 52, .num_free = 249,
	  .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "masked vector, flooded", VR_RX, 17, 256, 256, 17, 256, .num_free = 17,
	  .napi = 16, .state = VR_ST_LOST_INTERRUPT, .severity = WARN },
	{ "masked vector, a few packets", VR_RX, 20, 27, 256, 20, 256, .napi = 16,
	  .num_free = 20, .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "masked vector, tx full and drained", VR_TX, 1983, 2221, 2221, 2161, 2221,
	  .num_free = 18, .napi = 48, .xoff = 1, .age = 12000,
	  .state = VR_ST_LOST_INTERRUPT, .severity = WARN },
	{ "healthy, 13 big buffers, all returned at once", VR_RX, 388, 401, 401, 388, 401,
	  .num_free = 9, .napi = 16, .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "healthy, softirqs two seconds late", VR_TX, 1999, 2237, 2237, 2177, 2237,
	  .off = true, .num_free = 18, .napi = 51, .xoff = 1, .age = 1836,
	  .state = VR_ST_RING_FULL, .severity = INFO },
	{ "by flags", VR_RX, 17, 256, 256, .by_flags = true, .num_free = 17,
	  .state = VR_ST_LOST_INTERRUPT, .severity = WARN },
	{ "healthy, no buffer left just now, the CPU has other things to do", VR_RX, 322,
	  335, 335, 322, 335, .num_free = 9, .napi = 16, .busy = true,
	  .state = VR_ST_NOT_REAPING, .severity = INFO },
	{ "healthy until a panic, the device goes on, rx", VR_RX, 66, 321, 321, 66, 321,
	  .num_free = 1, .napi = 16, .panicked = true, .state = VR_ST_NOT_REAPING,
	  .severity = INFO },
	{ "stopped before a panic, the device goes on", VR_TX, 1983, 2221, 2221, 2161,
	  2221, .num_free = 18, .napi = 48, .xoff = 1, .age = LATE, .panicked = true,
	  .state = VR_ST_TX_STOPPED, .severity = WARN },
	{ "a stopped queue has waited long enough for a busy CPU", VR_TX, 1983, 2221, 2221,
	  2161, 2221, .num_free = 18, .napi = 48, .xoff = 1, .age = LATE, .busy = true,
	  .state = VR_ST_LOST_INTERRUPT, .severity = WARN },
	{ "healthy, the shape of a lost one, just now", VR_TX, 2, 194, 240, 180, 100,
	  .num_free = 18, .napi = 48, .xoff = 1, .age = 0,
	  .state = VR_ST_TX_STOPPED, .severity = INFO },
	{ "healthy, stopped and all of it returned, NAPI on its way", VR_TX, 100, 338,
	  338, 270, 338, .num_free = 18, .napi = 51, .xoff = 1, .age = YOUNG,
	  .state = VR_ST_TX_STOPPED, .severity = INFO },
	{ "softirqs starved", VR_TX, 100, 338, 338, 270, 338, .num_free = 18, .napi = 51,
	  .xoff = 1, .age = LATE, .state = VR_ST_NOT_REAPING, .severity = WARN },
	{ "healthy but overloaded, NAPI late by seconds", VR_TX, 100, 338, 338, 270, 338,
	  .num_free = 18, .napi = 51, .xoff = 1, .age = 4999,
	  .state = VR_ST_TX_STOPPED, .severity = INFO },
	{ "NAPI's thread starved", VR_RX, 17, 256, 256, 17, 256, .off = true,
	  .napi = 273, .num_free = 17, .state = VR_ST_NOT_REAPING, .severity = INFO },

	/* ---- receiving without buffers ---- */
	{ "no memory for buffers", VR_RX, 273, 273, 273, 273, 273, .num_free = 256,
	  .napi = 16, .state = VR_ST_RX_STARVED, .severity = WARN },
	{ "no memory, NAPI tries again and again", VR_RX, 0, 0, 0, 0, 0, .off = true,
	  .num_free = 256, .napi = 17, .state = VR_ST_RX_STARVED, .severity = WARN },
	{ "a small ring between reaping and refill", VR_RX, 64, 64, 64, 64, 64,
	  .off = true, .num = 64, .num_free = 64, .napi = 17,
	  .state = VR_ST_RX_STARVED, .severity = INFO },
	{ "a ring of 128 up to 4.19, which is refilled when more than half of it is free",
	  VR_RX, 128, 128, 128, 128, 128, .off = true, .num = 128, .num_free = 128, .napi = 17,
	  .state = VR_ST_RX_STARVED, .severity = INFO },
	{ "13 big buffers between reaping and refill", VR_RX, 401, 401, 401, 401, 401,
	  .off = true, .num_free = 256, .napi = 17, .big = true,
	  .state = VR_ST_RX_STARVED, .severity = INFO },
	{ "256 big buffers with tables", VR_RX, 401, 401, 401, 401, 401, .off = true,
	  .num_free = 256, .napi = 17, .big = true, .table = true,
	  .state = VR_ST_RX_STARVED, .severity = WARN },
	{ "a small ring that nobody fills", VR_RX, 64, 64, 64, 64, 64, .num = 64,
	  .num_free = 64, .napi = 16, .state = VR_ST_RX_STARVED, .severity = WARN },

	/* ---- transmit queues that are stopped ---- */
	{ "stalled backend", VR_TX, 2581, 2581, 2819, 2760, 2733, .num_free = 18,
	  .napi = 48, .xoff = 1, .age = LATE, .state = VR_ST_RING_FULL, .severity = WARN },
	{ "stalled, delayed callbacks", VR_TX, 2547, 2581, 2785, 2725, 2500,
	  .num_free = 18, .napi = 48, .xoff = 1, .age = LATE,
	  .state = VR_ST_RING_FULL, .severity = WARN },
	{ "stalled, armed far behind", VR_TX, 2881, 2881, 3119, 3050, 2733,
	  .num_free = 18, .napi = 48, .xoff = 1, .age = 9000,
	  .state = VR_ST_RING_FULL, .severity = WARN },
	{ "stalled, transmitting without NAPI", VR_TX, 81, 119, 319, 0, 81, .off = true,
	  .num_free = 18, .napi = 57, .xoff = 1, .age = LATE,
	  .state = VR_ST_RING_FULL, .severity = WARN },
	{ "full, by the driver and byte queue limits", VR_TX, 100, 100, 338, 280, 100,
	  .num_free = 18, .xoff = 3, .age = LATE, .state = VR_ST_RING_FULL,
	  .severity = WARN },
	{ "full for a moment", VR_TX, 100, 100, 338, 280, 338, .num_free = 18, .xoff = 1,
	  .age = YOUNG, .state = VR_ST_RING_FULL, .severity = INFO },
	{ "full for less than watchdog_timeo", VR_TX, 100, 100, 338, 280, 338,
	  .num_free = 18, .xoff = 1, .age = 4999, .state = VR_ST_RING_FULL,
	  .severity = INFO },
	{ "full, the last room that stops it", VR_TX, 100, 100, 338, 280, 338,
	  .num_free = 18, .xoff = 1, .age = 5000, .state = VR_ST_RING_FULL,
	  .severity = WARN },
	{ "room for one more packet", VR_TX, 100, 100, 337, 280, 337, .num_free = 19,
	  .xoff = 1, .age = 5000, .state = VR_ST_TX_STOPPED, .severity = WARN },
	{ "full for an unknown time", VR_TX, 100, 100, 338, 280, 338, .num_free = 18,
	  .xoff = 1, .age = NO_AGE, .state = VR_ST_RING_FULL, .severity = INFO },
	{ "empty, and stopped for an unknown time", VR_TX, 100, 100, 100, 100, 100,
	  .num_free = 256, .xoff = 1, .age = NO_AGE, .state = VR_ST_TX_STOPPED,
	  .severity = INFO },
	{ "masked vector, stopped for an unknown time", VR_TX, 1983, 2221, 2221, 2161, 2221,
	  .num_free = 18, .napi = 48, .xoff = 1, .age = NO_AGE,
	  .state = VR_ST_TX_STOPPED, .severity = INFO },
	{ "byte queue limits, the device holds it", VR_TX, 100, 100, 140, 110, 100,
	  .num_free = 216, .xoff = 2, .age = LATE, .state = VR_ST_TX_STOPPED,
	  .severity = WARN },
	{ "byte queue limits, a moment", VR_TX, 100, 100, 140, 110, 140,
	  .num_free = 216, .xoff = 2, .age = YOUNG, .state = VR_ST_TX_STOPPED,
	  .severity = INFO },
	{ "stopped and empty", VR_TX, 100, 100, 100, 100, 100, .num_free = 256,
	  .xoff = 1, .age = LATE, .state = VR_ST_TX_STOPPED, .severity = WARN },
	{ "frozen is not stopped", VR_TX, 100, 100, 100, 100, 100, .num_free = 256,
	  .xoff = 4, .age = LATE, .state = VR_ST_IDLE, .severity = OK },

	/* ---- kicks ---- */
	{ "no kick arrives", VR_TX, 30, 30, 35, 30, 30, .num_free = 251, .age = LATE,
	  .state = VR_ST_NOT_CONSUMING, .severity = INFO },
	{ "healthy, the first packet for long, its kick is on the way", VR_TX, 30, 30, 31,
	  30, 30, .num_free = 255, .age = LATE, .state = VR_ST_NOT_CONSUMING,
	  .severity = INFO },
	{ "healthy, the kick is on its way", VR_TX, 30, 30, 31, 30, 30, .num_free = 255,
	  .age = 16, .state = VR_ST_NOT_CONSUMING, .severity = INFO },
	{ "healthy, in the middle of a packet", VR_TX, 30, 30, 31, 30, 30,
	  .num_free = 255, .added = 1, .age = LATE, .state = VR_ST_NOT_CONSUMING,
	  .severity = INFO },
	{ "armed for the last of them", VR_TX, 30, 30, 35, 30, 34, .num_free = 251,
	  .age = YOUNG, .state = VR_ST_NOT_CONSUMING, .severity = INFO },
	{ "by flags, kicks wanted", VR_TX, 30, 30, 35, .by_flags = true,
	  .num_free = 251, .age = YOUNG, .state = VR_ST_NOT_CONSUMING, .severity = INFO },
	{ "ctrl, a sender spins for it", VR_CTRL, 9, 9, 10, 0, 9, .silent = true,
	  .off = true, .num = 64, .num_free = 63, .state = VR_ST_NOT_CONSUMING,
	  .severity = INFO },

	/* ---- full rings of other devices ---- */
	{ "full, the device polls", VR_OTHER, 100, 100, 356, 100, 7,
	  .state = VR_ST_NOT_CONSUMING, .severity = INFO },
	{ "full by flags, the device polls", VR_OTHER, 100, 100, 356, .by_flags = true,
	  .polled = true, .state = VR_ST_NOT_CONSUMING, .severity = INFO },
	{ "full of chains", VR_OTHER, 100, 100, 185, 100, 7, .num_free = 0,
	  .state = VR_ST_NOT_CONSUMING, .severity = INFO },
	{ "full of chains but for one descriptor", VR_OTHER, 100, 100, 185, 100, 7,
	  .num_free = 1, .state = VR_ST_ACTIVE, .severity = OK },
	{ "full, some returned", VR_OTHER, 100, 101, 185, 100, 7, .off = true, .num_free = 0,
	  .state = VR_ST_ACTIVE, .severity = OK },
	{ "full of chains, transmitting", VR_TX, 100, 100, 185, 100, 7, .num_free = 0,
	  .state = VR_ST_ACTIVE, .severity = OK },
};

static struct vr_val moved(uint16_t index, uint16_t shift)
{
	return READ((uint16_t)(index + shift));
}

/* The queue and its device; every index moved by 'shift'. */
static void make(const struct shape *s, uint16_t shift, struct vr_queue *q,
		 struct vr_device *d)
{
	uint32_t num = s->num ? s->num : 256;

	*q = (struct vr_queue){ .dir = s->dir, .in_use = !s->unused, .num = num,
		.size_read = num, .size_known = true, .callback = READ(!s->silent),
		.num_free = READ(s->num_free), .free_head = READ(1),
		.num_added = READ(s->added), .last_used_idx = moved(s->l, shift),
		.avail_idx_shadow = moved(s->a, shift),
		.avail_flags_shadow = READ(s->off), .event = READ(!s->by_flags),
		.broken = READ(s->broken), .reset = READ(s->reset),
		.indirect = READ(s->table) };
	q->split = (struct vr_split){ .num = num, .avail_flags = READ(s->off),
		.avail_idx = moved(s->a, shift),
		.used_event = moved(s->ue, shift), .used_flags = READ(s->polled),
		.used_idx = moved(s->u, shift),
		.avail_event = moved(s->ae, shift) };
	if (s->dir != VR_CTRL) {
		q->napi.addr = 0xffff888000000100;
		q->napi.state = READ(s->napi);
		q->napi.scheduled = READ(s->napi & 1);
		q->napi.enabled = READ(!(s->napi & 8));
		q->napi.deferred = READ(s->deferred);
		q->irq = (struct vr_irq){ .have = VR_READ, .idle = READ(!s->busy),
			.panicked = READ(s->panicked) };
	}
	if (s->dir == VR_TX)
		q->txq = (struct vr_txq){ .addr = 0xffff888000000200,
			.state = READ(s->xoff), .qlen = READ(0),
			.age_ms = s->age == NO_AGE ? UNREAD : READ(s->age) };
	*d = (struct vr_device){ .up = READ(!s->down), .carrier = READ(!s->no_carrier),
		.link = READ(!s->no_link), .failed = READ(s->failed),
		.enabled = READ(!s->disabled), .refill_pending = READ(0),
		.shutdown = READ(s->shutdown), .features = READ(s->big ? 1 << 7 : 0) };
	vr_ring_derive(q);
	vr_notify_replay(q);
}

struct judged {
	struct vr_ctx c;
	struct vr_device d;
	struct vr_queue q;
};

static const struct vr_verdict *judge(struct judged *x)
{
	vr_ring_derive(&x->q);
	vr_notify_replay(&x->q);
	judge_queue(&x->c, &x->d, &x->q);
	return &x->q.verdict;
}

static void forget(struct judged *x)
{
	vr_arena_free(&x->c.arena);
}

static void each_shape_has_its_state(void **state)
{
	static const uint16_t shifts[] = { 0, 1, 21604, 21600, 32768, 43000, 65000,
					   65300, 65500, 65530, 65535 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(shapes); i++) {
		const struct shape *s = &shapes[i];

		for (unsigned k = 0; k < COUNT_OF(shifts); k++) {
			struct judged x = { .c = { .nerrors = 0 } };

			make(s, shifts[k], &x.q, &x.d);
			judge(&x);
			if (x.q.verdict.state != s->state ||
			    x.q.verdict.severity != s->severity)
				fail_msg("%s, moved by %u: %s", s->name, shifts[k],
					 reasons_text(&x.q.verdict));
			assert_int_equal(x.q.verdict.nreasons, 1);
			assert_reason(&x.q.verdict, vr_state_name(s->state), s->severity, "");
			forget(&x);
		}
	}
}

static struct judged shaped(const char *name)
{
	struct judged x = { .c = { .nerrors = 0 } };

	for (unsigned i = 0; i < COUNT_OF(shapes); i++)
		if (!strcmp(shapes[i].name, name)) {
			make(&shapes[i], 0, &x.q, &x.d);
			return x;
		}
	fail_msg("no shape '%s'", name);
	return x;
}

/* Each in turn hides those behind it: they are put on one queue from the last to the
 * first. */
static void a_worse_state_hides_the_others(void **state)
{
	struct judged x = shaped("masked vector, tx full and drained");

	(void)state;
	x.q.txq.state = READ(0);
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	x.q.split.avail_event = READ(2221);
	x.q.split.avail_idx = x.q.avail_idx_shadow = READ(2222);
	assert_verdict(judge(&x), VR_ST_NOT_CONSUMING, INFO);
	x.q.txq.state = READ(1);
	x.q.napi.scheduled = READ(1);
	x.q.last_used_idx = READ(2221);
	x.q.num_free = READ(200);
	assert_verdict(judge(&x), VR_ST_TX_STOPPED, WARN);
	x.q.num_free = READ(18);
	assert_verdict(judge(&x), VR_ST_RING_FULL, WARN);
	x.q.last_used_idx = READ(1983);
	x.q.napi.scheduled = READ(0);
	assert_verdict(judge(&x), VR_ST_LOST_INTERRUPT, WARN);
	x.d.carrier = READ(0);
	assert_verdict(judge(&x), VR_ST_STOPPED, INFO);
	x.q.broken = READ(1);
	assert_verdict(judge(&x), VR_ST_BROKEN, ERROR);
	x.q.num_free = READ(257);
	assert_verdict(judge(&x), VR_ST_CORRUPT, ERROR);
	assert_reason(&x.q.verdict, "num-free", ERROR, "num_free 257 in a ring of 256");
	x.q.failed = true;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	forget(&x);
}

static void a_word_that_decides_is_missing(void **state)
{
	struct judged x = shaped("stalled backend");

	(void)state;
	x.q.split.avail_idx = x.q.avail_idx_shadow = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	x = (forget(&x), shaped("stalled backend"));
	x.q.split.used_idx = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	x = (forget(&x), shaped("stalled backend"));
	x.q.last_used_idx = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	/* Whether a stopped queue is full hangs on it. */
	x = (forget(&x), shaped("stalled backend"));
	x.q.num_free = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	assert_reason(&x.q.verdict, "unreadable", WARN, "num_free");
	x.q.txq.state = READ(0);
	assert_int_not_equal(judge(&x)->state, VR_ST_UNREADABLE);
	forget(&x);
}

/* What this kernel does not have, or could not be read, is no evidence. */
static void unknown_words_raise_no_alarm(void **state)
{
	struct judged x = shaped("full, the last room that stops it");

	(void)state;
	x.q.txq.state = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	x = (forget(&x), shaped("no kick arrives"));
	x.q.split.avail_event = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	x = (forget(&x), shaped("no kick arrives"));
	x.q.txq.age_ms = UNREAD;
	assert_verdict(judge(&x), VR_ST_NOT_CONSUMING, INFO);
	x = (forget(&x), shaped("full of chains"));
	x.q.num_free = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	x = (forget(&x), shaped("full, the device polls"));
	x.q.parked = true;
	assert_verdict(judge(&x), VR_ST_IDLE, OK);
	x = (forget(&x), shaped("masked vector, a few packets"));
	x.q.split.used_event = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	forget(&x);
}

/* Callbacks are off: somebody polls. */
static void overload_without_napis_state_is_no_starvation(void **state)
{
	struct judged x = shaped("rx, overload");

	(void)state;
	x.q.napi = (struct vr_napi){ .addr = 0 };
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	assert_reason(&x.q.verdict, "driver-not-reaping", INFO, "callbacks are off");
	x.q.napi.scheduled = UNREAD;
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	forget(&x);
}

/* 'Not scheduled' has to be seen for an interrupt to be lost. */
static void without_napis_state_no_interrupt_is_lost(void **state)
{
	struct judged x = shaped("the known case, receiving");

	(void)state;
	x.q.napi.scheduled = x.q.napi.enabled = UNREAD;
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	x.q.napi = (struct vr_napi){ .addr = 0 };
	assert_verdict(judge(&x), VR_ST_LOST_INTERRUPT, WARN);
	x = (forget(&x), shaped("masked vector, tx full and drained"));
	x.q.napi.scheduled = x.q.napi.enabled = UNREAD;
	assert_verdict(judge(&x), VR_ST_TX_STOPPED, WARN);
	/* Transmitting with napi_tx off looks like scheduled. */
	x.q.napi.scheduled = READ(1);
	x.q.napi.enabled = READ(0);
	assert_verdict(judge(&x), VR_ST_LOST_INTERRUPT, WARN);
	forget(&x);
}

/* Before 3.18 nothing tells whether the device is enabled, and there is no shadow. */
static void old_kernels_are_judged_by_what_they_have(void **state)
{
	struct judged x = shaped("broken");

	(void)state;
	x.d.enabled = ABSENT;
	assert_verdict(judge(&x), VR_ST_BROKEN, ERROR);
	x = (forget(&x), shaped("tx, reaped lazily"));
	x.q.avail_idx_shadow = x.q.avail_flags_shadow = ABSENT;
	x.q.broken = x.d.enabled = ABSENT;
	assert_verdict(judge(&x), VR_ST_IDLE, OK);
	/* The ring's flag is what such a driver writes. */
	x.q.split.avail_flags = READ(0);
	x.q.split.used_event = READ(66);
	x.q.napi = (struct vr_napi){ .addr = 0 };
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	forget(&x);
}

/* A kernel whose packets may have more fragments stops its queue earlier. */
static void a_ring_is_full_by_the_kernels_own_number_of_fragments(void **state)
{
	struct judged x = shaped("stalled, delayed callbacks");

	(void)state;
	for (unsigned frags = 0; frags <= 45; frags += 45) {
		x.d.max_frags = frags ? READ(frags) : UNREAD;
		for (unsigned num_free = 17; num_free <= 48; num_free++) {
			x.q.num_free = READ(num_free);
			assert_verdict(judge(&x), num_free < (frags ? 47u : 19u) ?
				       VR_ST_RING_FULL : VR_ST_TX_STOPPED, WARN);
		}
	}
	x.q.num_free = UNREAD;
	assert_int_not_equal(judge(&x)->state, VR_ST_RING_FULL);
	forget(&x);
}

static void the_reasons_tell_what_was_seen(void **state)
{
	static const struct {
		const char *shape, *check, *part;
	} cases[] = {
		{ "the known case, receiving", "lost-interrupt",
		  "4 returned and not reaped, callbacks on, the interrupt was due, NAPI is not scheduled, its CPU is idle, and no buffer is left with the device" },
		{ "masked vector, tx full and drained", "lost-interrupt",
		  "238 returned and not reaped, callbacks on, the interrupt was due, NAPI is not scheduled, its CPU is idle, and the transmit queue is stopped" },
		{ "healthy, caught on the way", "driver-not-reaping", "7 returned and not reaped" },
		{ "stalled, delayed callbacks", "ring-full",
		  "stopped by the driver for 8000 ms, num_free 18 of 256, the device holds 204" },
		{ "full for a moment", "ring-full", "for 80 ms" },
		{ "full for an unknown time", "ring-full", "for an unknown time" },
		{ "byte queue limits, the device holds it", "tx-stopped",
		  "stopped by byte queue limits for 8000 ms, num_free 216 of 256, the device holds 40" },
		{ "no memory for buffers", "rx-starved",
		  "no buffer is left with the device, num_free 256 of 256" },
		{ "no kick arrives", "device-not-consuming", "5 published and not returned" },
		{ "ctrl, a sender spins for it", "device-not-consuming",
		  "1 published and not returned, the device waits for a kick that was due; a sender waits" },
		{ "full, the device polls", "device-not-consuming",
		  "256 published and not returned, the ring is full" },
		{ "healthy, in the middle of a packet", "device-not-consuming",
		  "not announced yet" },
		{ "NAPI's thread starved", "driver-not-reaping", "NAPI is scheduled" },
		{ "softirqs starved", "driver-not-reaping", "softirqs are starved" },
		{ "a pair that is not in use", "stopped", "curr_queue_pairs" },
		{ "no carrier", "stopped", "the link is down" },
		{ "down, rx empty", "stopped", "the interface is down" },
		{ "rx, being reaped", "active", "226 with the device, 30 to be reaped" },
		{ "rx, all buffers with the device", "idle", "256 buffers wait with the device" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct judged x = shaped(cases[i].shape);

		judge(&x);
		assert_reason(&x.q.verdict, cases[i].check, x.q.verdict.severity,
			      cases[i].part);
		forget(&x);
	}
}

static void pending_refill_work_is_told(void **state)
{
	struct judged x = shaped("no memory for buffers");

	(void)state;
	x.d.refill_pending = READ(1);
	assert_reason(judge(&x), "rx-starved", WARN, "refill work is pending");
	forget(&x);
	x = shaped("no memory for buffers");
	x.q.num_free = (struct vr_val){ .have = VR_UNREAD };
	assert_reason(judge(&x), "rx-starved", WARN, "num_free - of 256");
	forget(&x);
}

/* Live, avail was read before used: the counts are of two moments. */
static void counts_of_two_moments_are_active(void **state)
{
	struct judged x = shaped("rx, being reaped");

	(void)state;
	x.q.split.used_idx = READ(267);
	x.q.moving = true;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	forget(&x);
}

/* What moves is not stuck. */
static void what_moved_is_at_work(void **state)
{
	static const struct { const char *name, *check; } cases[] = {
		{ "full, the last room that stops it", "ring-full" },
		{ "stopped and empty", "tx-stopped" },
		{ "no memory for buffers", "rx-starved" },
		{ "the known case, receiving", "lost-interrupt" },
		{ "softirqs starved", "driver-not-reaping" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct judged x = shaped(cases[i].name);

		x.q.moving = true;
		assert_verdict(judge(&x), VR_ST_ACTIVE, INFO);
		assert_reason(&x.q.verdict, cases[i].check, INFO, "(it moved while it was read)");
		forget(&x);
	}
}

/* Neither is of two words. */
static void what_is_missing_or_broken_stays_so_while_it_moves(void **state)
{
	struct judged x = shaped("broken");

	(void)state;
	x.q.moving = true;
	assert_verdict(judge(&x), VR_ST_BROKEN, ERROR);
	x = (forget(&x), shaped("stalled backend"));
	x.q.moving = true;
	x.q.num_free = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	x = (forget(&x), shaped("full for a moment"));
	x.q.moving = true;
	assert_verdict(judge(&x), VR_ST_RING_FULL, INFO);
	forget(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_has_its_state),
		cmocka_unit_test(a_worse_state_hides_the_others),
		cmocka_unit_test(a_word_that_decides_is_missing),
		cmocka_unit_test(unknown_words_raise_no_alarm),
		cmocka_unit_test(overload_without_napis_state_is_no_starvation),
		cmocka_unit_test(without_napis_state_no_interrupt_is_lost),
		cmocka_unit_test(old_kernels_are_judged_by_what_they_have),
		cmocka_unit_test(a_ring_is_full_by_the_kernels_own_number_of_fragments),
		cmocka_unit_test(the_reasons_tell_what_was_seen),
		cmocka_unit_test(pending_refill_work_is_told),
		cmocka_unit_test(counts_of_two_moments_are_active),
		cmocka_unit_test(what_moved_is_at_work),
		cmocka_unit_test(what_is_missing_or_broken_stays_so_while_it_moves),
	};

	return cmocka_run_group_tests_name("check_guest", tests, NULL, NULL);
}
