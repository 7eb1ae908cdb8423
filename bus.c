// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bus.c - the devices on the virtio bus: bus -> subsys_private -> klist of
 * device_private -> device -> virtio_device.
 *
 * The bus is known by its name, not by virtio's own symbol: that one is a
 * module's in many kernels, and crash knows no module symbols in minimal mode.
 */
#include <string.h>

#include "vring.h"

#define MAX_BUSES	4096
#define MAX_DEVICES	65536
#define KNODE_DEAD	1	/* bit of klist_node.n_klist */

/* ---- the bus ---------------------------------------------------------------- */

/* The bus_type behind a subsys_private when it is virtio's, or 0. */
static uint64_t virtio_bus_of(struct vr_ctx *c, uint64_t subsys)
{
	struct vr_obj o = { .addr = subsys };
	struct vr_obj bus = { .addr = vr_get_ptr(c, &o, VR_SUBSYS_BUS, NULL) };
	char name[16];

	if (!subsys || !bus.addr ||
	    vr_get_name(c, &bus, VR_BUS_NAME, "bus_type.name", name, sizeof(name)) ||
	    strcmp(name, "virtio"))
		return 0;
	return bus.addr;
}

/* Among all buses, each a kobject of the set that bus_kset points to. */
static uint64_t by_kset(struct vr_ctx *c)
{
	const struct vr_field *f = c->layout.f;
	uint64_t symbol, kset, node;
	struct vr_list l;

	if (c->t->symbol(c->t, "bus_kset", &symbol) ||
	    vr_read(c, symbol, &kset, sizeof(kset)) || !kset)
		return 0;
	l = vr_list_start(kset + f[VR_KSET_LIST].offset, MAX_BUSES,
			  "list of buses");
	while ((node = vr_list_next(c, &l)))
		if (virtio_bus_of(c, node - f[VR_SUBSYS_ENTRY].offset))
			return node - f[VR_SUBSYS_ENTRY].offset;
	return 0;
}

static uint64_t by_symbol(struct vr_ctx *c)
{
	struct vr_obj bus = { .addr = 0 };

	if (!vr_has(c, VR_BUS_P) ||
	    c->t->symbol(c->t, "virtio_bus", &bus.addr))
		return 0;
	return vr_get_ptr(c, &bus, VR_BUS_P, NULL);
}

/* A device on the bus knows the list that it is on. */
static uint64_t by_device(struct vr_ctx *c, uint64_t vdev)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj dev = { .addr = vdev + f[VR_VDEV_DEV].offset };
	struct vr_obj p = { .addr = vr_get_ptr(c, &dev, VR_DEVICE_P, NULL) };
	uint64_t klist;

	if (!vdev || !p.addr)
		return 0;
	klist = vr_get_aligned(c, &p, VR_DEVP_KLIST, 1, NULL) & ~(uint64_t)KNODE_DEAD;
	if (!klist)
		return 0;
	return klist + f[VR_KLIST_LIST].offset - f[VR_SUBSYS_DEVICES].offset;
}

/* The bus of a subsys_private that a virtio_device led to, whatever its name is now. */
static uint64_t bus_of_device(struct vr_ctx *c, uint64_t subsys, uint64_t vdev)
{
	struct vr_obj o = { .addr = subsys };
	struct vr_obj dev = { .addr = vdev + c->layout.f[VR_VDEV_DEV].offset };
	uint64_t bus;

	if (!subsys)
		return 0;
	bus = vr_get_ptr(c, &o, VR_SUBSYS_BUS, NULL);
	return bus == vr_get_ptr(c, &dev, VR_DEVICE_BUS, NULL) ? bus : 0;
}

/* ---- its devices ---------------------------------------------------------------- */

/* The virtio_device of a node of the bus's klist 'list', or 0: dead, or none. */
static uint64_t device_of(struct vr_ctx *c, uint64_t node, uint64_t bus, uint64_t list)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj p = { .addr = node - f[VR_DEVP_NODE].offset };
	struct vr_val klist = vr_get(c, &p, VR_DEVP_KLIST, "klist_node.n_klist");
	struct vr_obj dev;
	struct vr_val on;

	if (klist.have != VR_READ)
		return 0;
	if ((klist.v & ~(uint64_t)KNODE_DEAD) != list)
		vr_error_add(c, (struct vr_error){ .code = VR_E_MISFIT,
			.what = "klist_node.n_klist", .value = node, .addr = list });
	else if (klist.v & KNODE_DEAD)
		return 0;
	dev = (struct vr_obj){ .addr = vr_get_ptr(c, &p, VR_DEVP_DEVICE,
						  "device_private.device") };
	if (!dev.addr)
		return 0;
	/* Where it cannot be read, the device is still worth a line. */
	on = vr_get(c, &dev, VR_DEVICE_BUS, "device.bus");
	if (on.have == VR_READ && on.v != bus) {
		vr_error_add(c, (struct vr_error){ .code = VR_E_MISFIT,
			.what = "device on the virtio bus", .value = dev.addr,
			.addr = bus });
		return 0;
	}
	return dev.addr - f[VR_VDEV_DEV].offset;
}

bool vr_bus_devices(struct vr_ctx *c, uint64_t any, struct vr_bus *ret)
{
	const struct vr_field *f = c->layout.f;
	uint64_t subsys, bus, list, node, vdev, *grown;
	struct vr_list l;

	*ret = (struct vr_bus){ .n = 0 };
	if (!(bus = virtio_bus_of(c, subsys = by_kset(c))) &&
	    !(bus = virtio_bus_of(c, subsys = by_symbol(c))) &&
	    !(bus = virtio_bus_of(c, subsys = by_device(c, any))) &&
	    !(bus = bus_of_device(c, subsys, any)))
		return false;
	list = subsys + f[VR_SUBSYS_DEVICES].offset;
	l = vr_list_start(list, MAX_DEVICES, "list of virtio devices");
	list -= f[VR_KLIST_LIST].offset;
	while ((node = vr_list_next(c, &l))) {
		vdev = device_of(c, node, bus, list);
		if (!vdev)
			continue;
		grown = vr_grow(&c->arena, ret->vdev, ret->n, &ret->room,
				sizeof(*grown));
		if (!grown)
			return true;
		ret->vdev = grown;
		ret->vdev[ret->n++] = vdev;
	}
	return true;
}

/* ---- what is behind them ---------------------------------------------------------- */

struct vr_val vr_device_driver(struct vr_ctx *c, uint64_t device, char *buf,
			       size_t size)
{
	struct vr_obj dev = { .addr = device };
	struct vr_val driver = vr_get(c, &dev, VR_DEVICE_DRIVER, "device.driver");
	struct vr_obj drv = { .addr = driver.v };

	buf[0] = '\0';
	if (driver.have == VR_READ && drv.addr)
		vr_get_name(c, &drv, VR_DRIVER_NAME, "device_driver.name", buf, size);
	return driver;
}

void vr_bus_transport(struct vr_ctx *c, struct vr_device *d)
{
	struct vr_obj dev = { .addr = d->virtio_device +
				      c->layout.f[VR_VDEV_DEV].offset };
	struct vr_obj parent = { .addr = vr_get_ptr(c, &dev, VR_DEVICE_PARENT,
						    NULL) };
	struct vr_obj bus;
	char driver[32];

	if (!parent.addr)
		return;
	vr_get_name(c, &parent, VR_DEVICE_KOBJ_NAME, "kobject.name of the device behind it",
		    d->parent, sizeof(d->parent));
	bus = (struct vr_obj){ .addr = vr_get_ptr(c, &parent, VR_DEVICE_BUS,
						  NULL) };
	if (bus.addr)
		vr_get_name(c, &bus, VR_BUS_NAME, "bus_type.name", d->transport,
			    sizeof(d->transport));
	if (strcmp(d->transport, "platform"))
		return;
	/* Many things are on that bus: the driver tells which this is. */
	vr_device_driver(c, parent.addr, driver, sizeof(driver));
	if (!strcmp(driver, "virtio-mmio"))
		strcpy(d->transport, "mmio");
}
