// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bus_builder.c - builds the virtio bus by the layout that the fake target has.
 */
#include "unit.h"
#include "bus_builder.h"

#define OFF(type, path)	fake_offset(b->g->f, type, path)

/* ---- buses --------------------------------------------------------------- */

/* A string of its own, far from everything else. */
static uint64_t text(struct bus *b, const char *s)
{
	uint64_t at = fake_alloc(b->g->f, strlen(s) + 1);

	fake_str(b->g->f, at, s);
	return at;
}

/* The private part of a bus, at the end of the set of all buses. */
static uint64_t new_subsys(struct bus *b, uint64_t bus)
{
	struct fake_target *f = b->g->f;
	uint64_t subsys = fake_alloc(f, fake_sizeof(f, "subsys_private"));

	fake_set(f, subsys, "subsys_private", "bus", bus);
	guest_list_init(f, subsys + OFF("subsys_private", "klist_devices.k_list"));
	guest_list_add(f, b->kset + OFF("kset", "list"),
		       subsys + OFF("subsys_private", "subsys.kobj.entry"));
	return subsys;
}

static uint64_t new_bus(struct bus *b, const char *name)
{
	uint64_t bus = fake_alloc(b->g->f, fake_sizeof(b->g->f, "bus_type"));

	fake_set(b->g->f, bus, "bus_type", "name", text(b, name));
	new_subsys(b, bus);
	return bus;
}

struct bus *bus_new(enum guest_era era, unsigned ways)
{
	struct bus *b = calloc(1, sizeof(*b));
	struct fake_target *f;
	uint64_t pointer;

	assert_non_null(b);
	b->g = guest_new(era);
	f = b->g->f;
	if (!fake_has(f, "subsys_private", "bus"))
		fake_load_layout(f, "hand-bus.layout");
	if (era < ERA_6_12 && !fake_has(f, "bus_type", "p"))
		fake_load_layout(f, "hand-bus-6.1.layout");
	if (!(ways & BUS_DEVICE))
		fake_forget(f, "device", "p");
	b->kset = fake_alloc(f, fake_sizeof(f, "kset"));
	guest_list_init(f, b->kset + OFF("kset", "list"));
	b->platform_bus = new_bus(b, "platform");
	b->pci_bus = new_bus(b, "pci");
	b->subsys = new_subsys(b, b->g->virtio_bus);
	b->klist = b->subsys + OFF("subsys_private", "klist_devices");
	if (fake_has(f, "bus_type", "p"))
		fake_set(f, b->g->virtio_bus, "bus_type", "p", b->subsys);
	new_bus(b, "virtio-like");
	pointer = fake_alloc(f, 8);
	fake_u64(f, pointer, b->kset);
	if (ways & BUS_KSET)
		fake_symbol(f, "bus_kset", pointer);
	if (ways & BUS_SYMBOL)
		fake_symbol(f, "virtio_bus", b->g->virtio_bus);
	return b;
}

void bus_free(struct bus *b)
{
	guest_free(b->g);
	free(b);
}

/* ---- devices ------------------------------------------------------------- */

static void bind(struct bus *b, uint64_t device, const char *driver)
{
	struct fake_target *f = b->g->f;
	uint64_t drv = fake_alloc(f, fake_sizeof(f, "device_driver"));

	fake_set(f, drv, "device_driver", "name", text(b, driver));
	fake_set(f, device, "device", "driver", drv);
}

/* Put a virtio device on the bus. */
static void enlist(struct bus *b, struct vdev *d)
{
	struct fake_target *f = b->g->f;

	d->dev = d->addr + OFF("virtio_device", "dev");
	d->vqs = d->addr + OFF("virtio_device", "vqs");
	guest_list_init(f, d->vqs);
	d->p = fake_alloc(f, fake_sizeof(f, "device_private"));
	fake_set(f, d->p, "device_private", "device", d->dev);
	fake_set(f, d->p, "device_private", "knode_bus.n_klist", b->klist);
	if (fake_has(f, "device", "p"))
		fake_set(f, d->dev, "device", "p", d->p);
	guest_list_add(f, b->subsys + OFF("subsys_private", "klist_devices.k_list"),
		       bus_node(b, d));
}

static void new_parent(struct bus *b, struct vdev *d, const struct vdev_spec *s)
{
	struct fake_target *f = b->g->f;
	uint64_t parent;

	if (!s->parent)
		return;
	parent = fake_alloc(f, fake_sizeof(f, "device"));
	fake_set(f, parent, "device", "kobj.name", text(b, s->parent));
	fake_set(f, parent, "device", "bus", s->platform ? b->platform_bus :
							   b->pci_bus);
	bind(b, parent, s->platform ? "virtio-mmio" : "virtio-pci");
	fake_set(f, d->dev, "device", "parent", parent);
}

static void list_queue(struct bus *b, const struct vdev *d, const struct ring *r)
{
	struct fake_target *f = b->g->f;

	fake_set(f, r->vq, "virtqueue", "vdev", d->addr);
	guest_list_add(f, d->vqs, r->vq + OFF("virtqueue", "list"));
}

struct vdev *bus_device(struct bus *b, const struct vdev_spec *s)
{
	struct fake_target *f = b->g->f;
	struct vdev *d = fake_own(f, sizeof(*d));

	d->addr = guest_virtio_device(b->g, s->type, s->features);
	enlist(b, d);
	if (s->driver) {
		bind(b, d->dev, s->driver);
		fake_set(f, d->addr, "virtio_device", BUS_ENABLED(f), 1);
	}
	new_parent(b, d, s);
	while (d->nqueues < BUS_MAX_QUEUES && s->queues[d->nqueues])
		d->nqueues++;
	/* On the list in another order than by index. */
	for (unsigned i = d->nqueues; i--; ) {
		struct ring *r = &d->ring[i];

		ring_build(r, f, &(struct ring_spec){ .num = 64 });
		if (*s->queues[i])
			ring_set(r, RING_NAME, text(b, s->queues[i]));
		ring_set(r, RING_INDEX, i);
		list_queue(b, d, r);
	}
	return d;
}

struct vdev *bus_nic(struct bus *b, const struct nic *n)
{
	struct vdev *d = fake_own(b->g->f, sizeof(*d));

	d->addr = n->vdev;
	enlist(b, d);
	bind(b, d->dev, "virtio_net");
	fake_set(b->g->f, d->addr, "virtio_device", BUS_ENABLED(b->g->f), 1);
	d->ring[0] = n->rx[0];
	d->ring[1] = n->tx[0];
	d->nqueues = 2;
	for (unsigned i = 0; i < GUEST_MAX_PAIRS && n->rx[i].vq; i++) {
		list_queue(b, d, &n->rx[i]);
		list_queue(b, d, &n->tx[i]);
	}
	if (n->ctrl.vq)
		list_queue(b, d, &n->ctrl);
	return d;
}

uint64_t bus_node(struct bus *b, const struct vdev *d)
{
	return d->p + OFF("device_private", "knode_bus.n_node");
}

uint64_t queue_node(struct bus *b, const struct vdev *d, unsigned index)
{
	return d->ring[index].vq + OFF("virtqueue", "list");
}

/* ---- reading it back ----------------------------------------------------- */

struct walked bus_walk(struct bus *b, bool all, const char *device,
		       const char *queue)
{
	struct walked w = { .sel = { .all = all, .device = device } };

	guest_resolve(b->g);
	if (queue)
		vr_select_queue(&w.sel, queue);
	w.status = vr_guest_walk(&b->g->c, &w.sel, false, &w.snap, &w.err);
	return w;
}

const struct vr_device *walked_device(const struct walked *w, const char *name)
{
	for (unsigned i = 0; i < w->snap.ndevices; i++)
		if (!strcmp(vr_device_name(&w->snap.devices[i]), name))
			return &w->snap.devices[i];
	return NULL;
}

const char *walked_labels(const struct walked *w, const char *name)
{
	const struct vr_device *d = walked_device(w, name);
	static char labels[512];

	if (!d)
		return "no";
	labels[0] = '\0';
	for (unsigned i = 0; i < d->nqueues; i++) {
		strcat(labels, i ? " " : "");
		strcat(labels, d->queues[i].label);
	}
	return labels;
}

/* ---- what many tests want ---------------------------------------------------- */

const struct vdev_spec bus_disk = { .type = 2, .features = 1ULL << 32 | 1 << 6,
	.driver = "virtio_blk", .parent = "0000:00:02.0",
	.queues = { "req.0", "req.1" } };

void bus_populate(struct bus *b, struct vdev *d[4])
{
	static const struct vdev_spec rng = { .type = 4, .features = 1ULL << 32,
		.driver = "virtio_rng", .parent = "0000:00:03.0",
		.queues = { "input" } };
	static const struct vdev_spec bare = { .type = 20,
					       .parent = "0000:00:04.0" };

	d[0] = bus_nic(b, guest_nic(b->g, &(struct nic_spec){ .name = "eth0" }));
	d[1] = bus_device(b, &bus_disk);
	d[2] = bus_device(b, &rng);
	d[3] = bus_device(b, &bare);
}

struct zoo *zoo_new(void)
{
	struct zoo *z = calloc(1, sizeof(*z));

	assert_non_null(z);
	z->b = bus_new(ERA_5_15, BUS_KSET);
	z->nic = guest_nic(z->b->g, &(struct nic_spec){ .name = "eth0" });
	z->net = bus_nic(z->b, z->nic);
	z->disk = bus_device(z->b, &(struct vdev_spec){ .type = 2,
		.features = 1ULL << 32 | 1 << 6 | 1 << 12, .driver = "virtio_blk",
		.parent = "0000:00:02.0", .queues = { "req.0", "req.1" } });
	z->console = bus_device(z->b, &(struct vdev_spec){ .type = 3,
		.features = 1, .driver = "virtio_console", .parent = "0000:00:03.0",
		.queues = { "input", "output", "control-i", "control-o", "input",
			    "output" } });
	z->odd = bus_device(z->b, &(struct vdev_spec){ .type = 99,
		.queues = { "1", "" } });
	return z;
}

void zoo_free(struct zoo *z)
{
	bus_free(z->b);
	free(z);
}

const char *hex(uint64_t addr)
{
	static char word[24];

	snprintf(word, sizeof(word), "%llx", (unsigned long long)addr);
	return word;
}
