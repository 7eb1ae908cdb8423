/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_tool.h - what the two halves of host_tool share: host_tool.c sets things
 * up and moves packets, host_state.c tells what there is.
 */
#ifndef HOST_TOOL_H
#define HOST_TOOL_H

#include <linux/virtio_ring.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define PAGE		4096
#define POOL		64	/* buffers a ring, used again and again */
#define BUFFER		2048
#define FRAME		60	/* bytes of every packet */

#define MAX_REGIONS	8
#define MAX_TAPS	300
#define MAX_TAP_QUEUES	8
#define MAX_VHOSTS	600
#define MAX_RINGS	3
#define MAX_TABLES	8	/* of a ring */

/* A piece of the guest's memory, and where this process has it. */
struct region {
	uint64_t gpa, size, taken;
	unsigned char *at;
};

enum part { DESC, AVAIL, USED, BUFFERS, PARTS };

/* An indirect table. */
struct table {
	uint64_t gpa;
	struct vring_desc *at;
	unsigned entries;
};

/* The words that a ring shares with its device. */
struct words {
	uint16_t avail_flags, avail_idx, used_event, used_flags, used_idx, avail_event;
};

struct ring {
	unsigned num;
	uint16_t base, used_base;	/* what both indices started at */
	unsigned published;
	unsigned cursor;		/* the descriptor to use next */
	uint64_t gpa[PARTS];
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	unsigned char *buffers;
	int kick, call, error;
	unsigned kicks;
	const char *backend;		/* an interface, NULL without one */
	int backend_queue;
	const char *unseen;		/* why nobody but us can have its words */
	bool kept;			/* not even we: they were 'words' */
	struct words words;
	unsigned told;			/* descriptors to tell of */
	struct table table[MAX_TABLES];
	int tables;
};

struct vhost {
	char name[IFNAMSIZ], kind[8];
	int fd;
	uint64_t features;
	uint64_t iova;			/* rings are given as guest address plus this */
	uint64_t cid;
	struct ring ring[MAX_RINGS];
};

struct tap {
	char name[IFNAMSIZ];
	int fd[MAX_TAP_QUEUES], count;
	bool detached[MAX_TAP_QUEUES];
};

struct world {
	struct region region[MAX_REGIONS];
	struct tap tap[MAX_TAPS];
	struct vhost vhost[MAX_VHOSTS];
	int regions, taps, vhosts;
	int failures;
	pid_t owner;
};

extern struct world world;

/* Tell on the console what went wrong with the command being done, and count it. */
void failed(const char *what);
_Noreturn void give_up(const char *what);

uint64_t number(const char *word);
struct vhost *vhost_named(const char *name);
struct tap *tap_named(const char *name);
struct ring *ring_named(char **w);

/* Whole pages of a region, so that each part of a ring has its pages to itself. */
void *take(unsigned index, uint64_t size, uint64_t *gpa);

/* A UDP packet of FRAME bytes to nobody, or to a hardware address. */
void fill_frame(unsigned char *frame, const unsigned char *to, unsigned port);

/* The words now, or as they were when they could last be seen. */
struct words words_of(const struct ring *ring);
/* Memory for a ring's next indirect table. */
struct table *new_table(struct ring *ring, unsigned region, unsigned entries);
/* The head goes into the avail ring; the index, which publishes it, comes later. */
void put_head(struct ring *ring, unsigned head);
void set_index(struct ring *ring);

/* Write everything as one line of JSON. */
void print_state(FILE *out);

/* The commands, see where each is defined. */
void do_attach(char **w), do_await(char **w), do_busyloop(char **w), do_descriptor(char **w);
void do_entry(char **w), do_forget(char **w), do_head(char **w), do_interrupts(char **w);
void do_jump(char **w), do_kick(char **w), do_macvtap(char **w), do_map(char **w);
void do_memory(char **w), do_pageout(char **w), do_persist(char **w), do_plug(char **w);
void do_protect(char **w), do_publish(char **w), do_queue(char **w), do_ring(char **w);
void do_start(char **w), do_table(char **w), do_tap(char **w), do_tell(char **w);
void do_unmap(char **w), do_vhost(char **w);

void do_rounds(char **w), do_scribble(char **w), do_spin(char **w);

/* The driver's event word, behind the avail ring; the device's, behind the used ring. */
static inline uint16_t *used_event(const struct ring *ring)
{
	return &ring->avail->ring[ring->num];
}

static inline uint16_t *avail_event(const struct ring *ring)
{
	return (uint16_t *)&ring->used->ring[ring->num];
}

#endif
