// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_fault.c - the part of host_tool that plays a guest who never stops, and
 * one who writes where only the device may.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_tool.h"

#define SIZE	"72"	/* of a packet with the longer header */
#define TRIES	(1 << 24)

/* Send so many packets with one kick, and wait until all have come back. */
static void one_round(char **w, const char *count)
{
	struct ring *ring = ring_named(w);
	char *send[] = { "publish", w[1], w[2], (char *)count, SIZE, "1", NULL };
	uint16_t goal;

	do_publish(send);
	do_kick(w);
	goal = (uint16_t)(ring->used_base + ring->published);
	for (int tries = 0; tries < TRIES; tries++) {
		if (__atomic_load_n(&ring->used->idx, __ATOMIC_SEQ_CST) == goal)
			return;
		sched_yield();
	}
	failed("nothing comes back");
}

/* rounds VHOST INDEX COUNT: send so many packets, each with a kick of its own */
void do_rounds(char **w)
{
	for (uint64_t left = number(w[3]); left; left--)
		one_round(w, "1");
}

static void *send_for_ever(void *words)
{
	for (unsigned n = 0;; n++)
		one_round(words, n % 7 ? "1" : "40");
	return NULL;
}

/*
 * spin VHOST INDEX: sends for ever, sometimes one packet, sometimes many, from a thread
 * of its own, as a virtual CPU is a thread of the process that owns vhost.
 */
void do_spin(char **w)
{
	char **words = calloc(3, sizeof(*words));
	pthread_t thread;

	for (unsigned i = 0; words && i < 3; i++)
		words[i] = strdup(w[i]);
	if (!words || pthread_create(&thread, NULL, send_for_ever, words))
		failed("no thread");
}

/* scribble VHOST INDEX COUNT: somebody moves the used index on, or back */
void do_scribble(char **w)
{
	struct ring *ring = ring_named(w);

	ring->used->idx = (uint16_t)(ring->used->idx + strtol(w[3], NULL, 0));
}
