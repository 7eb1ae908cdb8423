/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_builder.h - a host in a fake target, by whatever layout that has: a VMM with its
 * memory and open files, taps, and the vhost devices that serve their queues.
 */
#ifndef HOST_BUILDER_H
#define HOST_BUILDER_H

#include "guest_builder.h"
#include "json_words.h"
#include "pgtable_builder.h"

#define HOST_RX	0u
#define HOST_TX	1u

/* The vhost_net behind one queue of a tap. */
struct host_vhost {
	uint64_t net, dev, worker, vq[2], poll[2];
	struct json_words expected[2];
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
	const char *name;	/* the era's */
	struct guest *g;
	struct fake_target *f;
	struct pgtable user;
	uint64_t init_task, owner, vcpu, mm, fds;	/* vcpu: a thread of the owner's */
	unsigned nfiles;
	unsigned nvhosts;
	bool big;		/* the rings' words that are put are big-endian */
};

#define HOST_OWNER_PID	4241u
#define HOST_OWNER_COMM	"qemu-system-x86"

struct task_spec {
	unsigned pid;
	const char *comm;
	uint64_t mm;		/* 0: a kernel thread */
	unsigned state;		/* 0: it runs */
	uint64_t leader;	/* whose thread it is; 0: a process of its own */
};

struct tap_spec {
	const char *name;
	const char *kind;	/* "tun", "macvtap", "ipvtap" (since 4.12) */
	uint64_t at;		/* of the net_device; 0: anywhere */
};

struct vhost_spec {
	bool detached;
	bool asleep;		/* at rest, and waiting for the socket */
	bool closed;		/* the VMM has no file of it: only a waiter leads there */
	bool iommu;		/* vhost knows the ring by IOVAs, from 4.9 on */
	bool fresh;		/* asleep, and the ring never used: all its words are 0 */
	bool big;		/* a legacy guest's that is big-endian */
	bool thread;		/* 6.17: the worker is a thread of the owner's all the same */
	uint16_t base;		/* RX's first index; 0: anything */
	/* fixed addresses; 0: anywhere */
	uint64_t file_at, vhost_at, desc_at[2];
	uint32_t num;		/* 0: 256 */
};

/* A host with a VMM that has no files yet. */
struct host *host_new(enum guest_era era);
void host_free(struct host *h);
/* One more task; its address. */
uint64_t host_task(struct host *h, const struct task_spec *spec);
/* The VMM opens /dev/vhost-net once more. */
void host_open(struct host *h, uint64_t vhost_net);
/* It opens a device of misc's by that minor number and name. */
void host_open_misc(struct host *h, unsigned minor, const char *name, uint64_t private_data);
/* A zeroed struct. */
uint64_t host_alloc(struct host *h, const char *type);

/* An empty list in the struct at 'addr'. */
void host_list(struct host *h, uint64_t addr, const char *type, const char *path);

/* ---- tap_builder.c ---- */

/* A tap without queues. */
struct host_tap *host_tap(struct host *h, const struct tap_spec *spec);
/* One more queue of it, with a vhost_net that serves it. */
struct host_vhost *host_serve(struct host *h, struct host_tap *tap,
			      const struct vhost_spec *spec);

/* ---- reading it back ---- */

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

#endif
