/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_builder.h - a guest kernel in a fake target: network name spaces, net
 * devices of all kinds, and virtio-net devices with their queues.
 */
#ifndef GUEST_BUILDER_H
#define GUEST_BUILDER_H

#include "fake_target.h"
#include "packed_builder.h"
#include "ring_builder.h"

/* How the structs look; named by a release that has them so. */
enum guest_era {
	ERA_3_10,	/* tokens in data[], no shadows */
	ERA_EL7,	/* a real layout: desc_state[], no shadows */
	ERA_4_4,	/* data[] and shadows */
	ERA_4_9,	/* desc_state[] and shadows */
	ERA_5_4,	/* 'split', desc_state a pointer */
	ERA_EL8_372,	/* event_triggered before desc_extra */
	ERA_5_15,	/* free list in desc_extra */
	ERA_6_1,	/* 'split' has a named type */
	ERA_6_12,	/* net_device.priv */
	ERA_7_1,	/* an enum names the ring's layout */
	ERA_COUNT,
	/* hosts of other shapes, whose guests are like one above */
	ERA_4_14 = ERA_COUNT,	/* wait queues and tap.ko have new names */
	ERA_EL8,	/* vhost_iotlb, the rest like 4.19 */
	ERA_5_10,	/* call_ctx is a struct */
	ERA_6_4,	/* an embedded worker */
	ERA_EL9,	/* a pointer to a worker */
	ERA_ALL
};

/* What a guest or a host says of itself; the release is its era's name. */
#define GUEST_NODENAME	"node.one"
/* The first name space's number since 3.19. */
#define GUEST_INUM	4026531956u

struct guest {
	struct fake_target *f;
	struct vr_ctx c;
	uint64_t init_net, net_list, virtio_bus;
	unsigned ndevices;	/* virtio devices so far */
};

#define GUEST_MAX_PAIRS 8

struct nic_spec {
	const char *name;
	uint64_t net;		/* 0: init_net */
	unsigned pairs;		/* 0: 1 */
	unsigned curr_pairs;	/* 0: all of them */
	uint32_t num;		/* of each ring; 0: 256 */
	uint64_t features;	/* 0: VERSION_1 and EVENT_IDX */
	bool ctrl;		/* has a control queue */
	/* fixed addresses; 0: anywhere */
	uint64_t dev_at, sq_at, rq_at;
};

struct nic {
	uint64_t dev, vi, vdev, sq, rq;
	uint64_t txqs;		/* netdev_queues; 0: the layout has none */
	struct ring rx[GUEST_MAX_PAIRS], tx[GUEST_MAX_PAIRS], ctrl;
};

struct guest *guest_new(enum guest_era era);
void guest_free(struct guest *g);
const char *era_name(enum guest_era era);

/* One more name space. */
uint64_t guest_net(struct guest *g, uint32_t inum);
/* A virtio-net device at the end of its name space's list. */
struct nic *guest_nic(struct guest *g, const struct nic_spec *spec);
/* A net device that is something else; 'kind' is its rtnl_link_ops', or NULL. */
uint64_t guest_netdev(struct guest *g, uint64_t net, const char *name,
		      const char *kind);
/* The same at 'at' (0: anywhere), with 'priv' bytes of its driver's behind it. */
uint64_t guest_netdev_at(struct guest *g, uint64_t net, const char *name,
			 const char *kind, uint64_t at, size_t priv);
/* What the network stack has for each of a net_device's transmit queues: an array of
 * 'n'; 0 where the layout has none. */
uint64_t guest_txqs(struct guest *g, uint64_t dev, unsigned n);
/* Where the driver's private area of a net_device begins: the spec's rule. */
uint64_t guest_priv(struct guest *g, uint64_t net_device);
/* The word that holds a queue's virtqueue pointer. */
uint64_t guest_vq_slot(struct guest *g, const struct nic *n, enum vr_dir dir,
		       unsigned pair);

/* A virtio device without queues, which nothing points to yet. */
uint64_t guest_virtio_device(struct guest *g, unsigned type, uint64_t features);
/* An empty list, and a node at a list's end. */
void guest_list_init(struct fake_target *f, uint64_t head);
void guest_list_add(struct fake_target *f, uint64_t head, uint64_t node);
/* The kernel's list of the n modules that are loaded; without it none can be told. */
void guest_modules(struct guest *g, const char *const *names, unsigned n);

/* Find all members; the test fails when one is missing. */
void guest_resolve(struct guest *g);

struct walked {
	enum vr_walk_status status;
	struct vr_snapshot snap;
	struct vr_walk_error err;
	struct vr_select sel;
};

/* What 'vring DEVICE QUEUE' reads; both may be NULL. */
struct walked guest_walk(struct guest *g, const char *device, const char *queue);
/* A queue of what was read; the test fails without it. */
const struct vr_queue *walked_queue(const struct walked *w, const char *device,
				    const char *label);
/* One ring's queue, read in full, without the way there. */
struct vr_queue guest_read_ring(struct guest *g, const struct ring *r);
/* The same of a packed ring, and its chains; what an earlier read brought is gone. */
struct vr_queue guest_read_packed(struct guest *g, const struct packed *p);
/* What the checks say of a queue, of a device of which nothing else is known. */
const struct vr_verdict *guest_verdict(struct guest *g, struct vr_queue *q);
/* The test fails unless the queue is corrupt by this check; the reason's text. */
const char *guest_corrupt(struct guest *g, struct vr_queue *q, const char *check);
/* The test fails unless everything that is read of the ring is what the builder's
 * steps made of it, without a single error; returns it. */
struct vr_queue guest_check_packed(struct guest *g, const struct packed *p);

#endif
