/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_builder.h - a host in a fake target, by whatever layout that has: a VMM with its
 * memory and open files, taps, and the vhost devices that serve their queues.
 *
 * Every value that is set is kept under the name that the JSON has for it, so that a
 * test can ask for all of them back, whatever the era calls their members.
 */
#ifndef HOST_BUILDER_H
#define HOST_BUILDER_H

#include "guest_builder.h"
#include "pgtable_builder.h"

#define HOST_RX	0u
#define HOST_TX	1u
#define HOST_MAX_WORDS 80

/* A value by its dotted name in the JSON of a queue. */
struct host_word {
	char json[40];
	bool none;		/* this era has no such member: null */
	uint64_t v;
	const char *text;	/* a string, in place of 'v' */
};

struct host_words {
	struct host_word word[HOST_MAX_WORDS];
	unsigned n;
};

/* The vhost_net behind one queue of a tap. */
struct host_vhost {
	uint64_t net, dev, worker, vq[2], poll[2];
	struct host_words expected[2];
};

/* A tap with its queues. */
struct host_tap {
	const char *name;
	bool tap;		/* macvtap: a tap_queue, and not a tun_file */
	uint64_t net_device;
	uint64_t tun;		/* tun_struct, tap_dev or macvlan_dev */
	uint64_t txqs;		/* netdev_queues; 0: the layout has none */
	unsigned nqueues;
};

struct host {
	struct guest *g;
	struct fake_target *f;
	struct pgtable user;
	uint64_t init_task, owner, mm, fds;
	unsigned nfiles;
	unsigned nvhosts;
};

struct tap_spec {
	const char *name;
	const char *kind;	/* "tun", "macvtap" */
	uint64_t at;		/* of the net_device; 0: anywhere */
};

struct vhost_spec {
	bool detached;
	bool asleep;		/* at rest, and waiting for the socket */
	/* fixed addresses; 0: anywhere */
	uint64_t file_at, vhost_at, desc_at[2];
	uint32_t num;		/* 0: 256 */
};

/* A host with a VMM that has no files yet. */
struct host *host_new(enum guest_era era);
void host_free(struct host *h);
/* A tap without queues. */
struct host_tap *host_tap(struct host *h, const struct tap_spec *spec);
/* One more queue of it, with a vhost_net that serves it. */
struct host_vhost *host_serve(struct host *h, struct host_tap *tap,
			      const struct vhost_spec *spec);

struct host_walked {
	enum vr_walk_status status;
	struct vr_walk_error err;
	struct vr_host host;
};

/* What 'vhostq DEVICE' reads (NULL: everything), with verdicts; the test fails when a
 * member is missing. */
struct host_walked host_walk(struct host *h, const char *device);
/* The queue at that address; the test fails without it. */
const struct vr_hostq *host_walked_queue(const struct host_walked *w, uint64_t vq);
/* All that was read as JSON, and as text in full blocks; the target's own memory. */
char *host_json(struct host *h, struct host_walked *w);
char *host_text(struct host *h, struct host_walked *w);
/* The test fails unless the n-th queue of the JSON says all that is expected. */
void host_check_json(struct host *h, const char *json, unsigned n,
		     const struct host_words *expected);
/* A word that was set; the test fails without it. */
const struct host_word *host_word(const struct host_words *w, const char *json);

#endif
