/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bus_builder.h - a virtio bus beside the network devices of a guest: other buses,
 * devices of any type on it, their drivers, the devices behind them, their queues.
 */
#ifndef BUS_BUILDER_H
#define BUS_BUILDER_H

#include "guest_builder.h"

#define BUS_MAX_QUEUES 8

/* The member that says DRIVER_OK. */
#define BUS_ENABLED(f) (fake_has((f), "virtio_device", "config_core_enabled") ? \
			"config_core_enabled" : "config_enabled")

/* What leads to the bus. */
enum bus_way {
	BUS_KSET = 1,		/* symbol bus_kset */
	BUS_SYMBOL = 2,		/* symbol virtio_bus; of use where bus_type.p is */
	BUS_DEVICE = 4,		/* device.p of network devices */
};

struct bus {
	struct guest *g;
	uint64_t kset, subsys, klist;	/* of the virtio bus; kset has all buses */
	uint64_t pci_bus, platform_bus;	/* bus_types */
};

struct vdev_spec {
	unsigned type;
	uint64_t features;
	const char *driver;	/* NULL: none is bound, and it is not enabled */
	const char *parent;	/* NULL: the device hangs in the air */
	bool platform;		/* parent is on that bus, with driver virtio-mmio */
	const char *queues[BUS_MAX_QUEUES];	/* names, "" for none; by index */
};

struct vdev {
	uint64_t addr, dev, p;	/* virtio_device, its device and device_private */
	uint64_t vqs;		/* head of its list */
	unsigned nqueues;
	struct ring ring[BUS_MAX_QUEUES];
};

/* A guest with a bus that 'ways' (a mask of enum bus_way) lead to, and that has
 * devices of its own already: two other buses are in front of it and one behind. */
struct bus *bus_new(enum guest_era era, unsigned ways);
void bus_free(struct bus *b);
/* A device at the bus's end, with virtio indices that go on from network devices'. */
struct vdev *bus_device(struct bus *b, const struct vdev_spec *spec);
/* The same for a network device that guest_nic() made. */
struct vdev *bus_nic(struct bus *b, const struct nic *n);
/* A disk with VERSION_1, BLK_SIZE and two queues. */
extern const struct vdev_spec bus_disk;
/* A network device eth0 (virtio0), that disk, a virtio-rng and a device of type 20
 * without driver and queues. */
void bus_populate(struct bus *b, struct vdev *d[4]);
/* The list_head by which a device is on the bus, or a queue on its device. */
uint64_t bus_node(struct bus *b, const struct vdev *d);
uint64_t queue_node(struct bus *b, const struct vdev *d, unsigned index);

/* What 'vring [-a] DEVICE QUEUE' reads. */
struct walked bus_walk(struct bus *b, bool all, const char *device,
		       const char *queue);
/* A device of what was read, by the name that is shown, or NULL. */
const struct vr_device *walked_device(const struct walked *w, const char *name);
/* The labels of its queues in one string, "no" without the device. */
const char *walked_labels(const struct walked *w, const char *name);

/* A network device, a disk, a console with two ports, and a device of no known type
 * whose first queue is called "1". */
struct zoo {
	struct bus *b;
	struct nic *nic;
	struct vdev *net, *disk, *console, *odd;
};

struct zoo *zoo_new(void);
void zoo_free(struct zoo *z);
/* An address as a word; in a buffer that the next call uses again. */
const char *hex(uint64_t addr);

#endif
