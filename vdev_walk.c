// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vdev_walk.c - virtio devices of any type: which ones are meant, and what all have.
 *
 * Network devices are net_walk.c's; here they are only put beside the others.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vring.h"

#define VIRTIO_F_VERSION_1	32
#define MAX_ALL_QUEUES	262144	/* of all devices together */

const char *vr_device_name(const struct vr_device *d)
{
	return d->ref.addr ? d->ref.name : d->virtio_name;
}

/* ---- the kernel ---------------------------------------------------------------- */

/* Is the kernel on its way down?  It says so before it shuts its devices down. */
static struct vr_val is_shutdown(struct vr_ctx *c)
{
	uint64_t addr, halt = c->layout.constant[VR_C_HALT];
	uint32_t state;

	if (halt == VR_NO_CONSTANT || c->t->symbol(c->t, "system_state", &addr))
		return (struct vr_val){ .have = VR_ABSENT };
	if (vr_read(c, addr, &state, sizeof(state)))
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ state >= halt && state <= halt + 2, VR_READ };
}

/* ---- what every virtio device has ----------------------------------------------- */

void vr_virtio_device(struct vr_ctx *c, uint64_t addr, struct vr_device *d)
{
	static const enum vr_slot members[] = {
		VR_VDEV_INDEX, VR_VDEV_ID, VR_VDEV_FEATURES, VR_VDEV_FAILED,
		VR_VDEV_ENABLED,
	};
	struct vr_obj o = vr_obj_cover(c, addr, members, 5);

	d->virtio_device = addr;
	d->type = vr_get(c, &o, VR_VDEV_ID, "virtio_device.id");
	d->virtio_index = vr_get(c, &o, VR_VDEV_INDEX, "virtio_device.index");
	d->features = vr_get(c, &o, VR_VDEV_FEATURES, "virtio_device.features");
	d->features_high = vr_get_second(c, &o, VR_VDEV_FEATURES);
	d->failed = vr_get(c, &o, VR_VDEV_FAILED, "virtio_device.failed");
	d->enabled = vr_get(c, &o, VR_VDEV_ENABLED,
			    "virtio_device.config_enabled");
	d->shutdown = is_shutdown(c);
	if (d->virtio_index.have == VR_READ)
		snprintf(d->virtio_name, sizeof(d->virtio_name),
			 "virtio%" PRIu32, (uint32_t)d->virtio_index.v);
	d->bound = vr_device_driver(c, addr + c->layout.f[VR_VDEV_DEV].offset,
				    d->driver, sizeof(d->driver));
}

bool vr_ring_is_big(const struct vr_ctx *c, const struct vr_device *d)
{
	/* Where features were not read: few devices are legacy ones. */
	return c->t->big_endian && d->features.have == VR_READ &&
	       !(d->features.v >> VIRTIO_F_VERSION_1 & 1);
}

/* ---- all devices --------------------------------------------------------------------- */

static uint64_t sort_key(struct vr_val v)
{
	return v.have == VR_READ ? v.v : UINT64_MAX;
}

static int by_address(const void *left, const void *right)
{
	const struct vr_device *a = left, *b = right;

	return a->virtio_device < b->virtio_device ? -1 :
	       a->virtio_device > b->virtio_device;
}

static int by_virtio_index(const void *left, const void *right)
{
	const struct vr_device *a = left, *b = right;
	uint64_t i = sort_key(a->virtio_index), k = sort_key(b->virtio_index);

	return i != k ? (i < k ? -1 : 1) : by_address(left, right);
}

/* The devices on the bus; where no symbol leads there, a network device does. */
static bool find_bus(struct vr_ctx *c, bool no_net, struct vr_bus *ret)
{
	struct vr_select every = { .all = true };
	struct vr_snapshot nets = { .ndevices = 0 };
	struct vr_walk_error err = { .status = VR_WALK_OK };

	if (vr_bus_devices(c, 0, ret))
		return true;
	if (!no_net && vr_net_walk(c, &every, &nets, &err) == VR_WALK_OK &&
	    vr_bus_devices(c, nets.devices[0].virtio_device, ret))
		return true;
	vr_error_add(c, (struct vr_error){ .code = VR_E_NO_BUS,
					   .what = "virtio bus" });
	return false;
}

/* Put the other devices on the bus beside the network devices of 's'. */
static enum vr_walk_status add_others(struct vr_ctx *c, struct vr_select *sel,
				      const struct vr_bus *bus,
				      struct vr_snapshot *s,
				      struct vr_walk_error *err)
{
	unsigned nets = s->ndevices, budget = MAX_ALL_QUEUES;
	struct vr_device *all = vr_alloc(&c->arena, (size_t)nets + bus->n + 1,
					 sizeof(*all));

	if (!all)
		return VR_WALK_NO_MEMORY;
	if (nets) {
		memcpy(all, s->devices, nets * sizeof(*all));
		qsort(all, nets, sizeof(*all), by_address);
	}
	s->devices = all;
	for (unsigned i = 0; i < bus->n; i++) {
		struct vr_device key = { .virtio_device = bus->vdev[i] };
		struct vr_device *d = &all[s->ndevices];

		if (nets && bsearch(&key, all, nets, sizeof(*all), by_address))
			continue;
		vr_virtio_device(c, bus->vdev[i], d);
		if (vr_vqs_read(c, d, sel, &budget, err) == VR_WALK_NO_MEMORY)
			return VR_WALK_NO_MEMORY;
		s->ndevices++;
	}
	for (unsigned i = 0; i < s->ndevices; i++)
		vr_bus_transport(c, &all[i]);
	if (s->ndevices)
		qsort(all, s->ndevices, sizeof(*all), by_virtio_index);
	return s->ndevices ? VR_WALK_OK : VR_WALK_NO_DEVICE;
}

/* ---- one device ------------------------------------------------------------------------- */

static struct vr_device *identify(struct vr_ctx *c, const struct vr_bus *bus)
{
	struct vr_device *d = vr_alloc(&c->arena, (size_t)bus->n + 1, sizeof(*d));

	for (unsigned i = 0; d && i < bus->n; i++) {
		vr_virtio_device(c, bus->vdev[i], &d[i]);
		vr_bus_transport(c, &d[i]);
	}
	return d;
}

/* Is the device meant: by its name on the bus, by the name of the device behind it,
 * or by address? */
static bool is_meant(const struct vr_device *d, const char *word, uint64_t addr)
{
	return *word && (!strcmp(d->virtio_name, word) ||
			 !strcmp(d->parent, word) ||
			 (addr && d->virtio_device == addr));
}

/* The device that 'word' names; as a network device where it is one. */
static enum vr_walk_status read_named(struct vr_ctx *c, struct vr_select *sel,
				      struct vr_device *d, bool no_net,
				      struct vr_snapshot *ret,
				      struct vr_walk_error *err)
{
	unsigned budget = MAX_ALL_QUEUES;

	if (!no_net && d->type.have == VR_READ && d->type.v == VR_ID_NET) {
		struct vr_select net = *sel;

		net.device = d->virtio_name;
		if (vr_net_walk(c, &net, ret, err) != VR_WALK_NO_DEVICE) {
			sel->full = net.full;
			return err->status;
		}
	}
	err->status = vr_vqs_read(c, d, sel, &budget, err);
	ret->devices = d;
	ret->ndevices = err->status == VR_WALK_OK;
	return err->status;
}

/* The device that has the queue at this address. */
static enum vr_walk_status read_holder(struct vr_ctx *c, struct vr_select *sel,
				       struct vr_device *d, unsigned n,
				       struct vr_snapshot *ret,
				       struct vr_walk_error *err)
{
	unsigned budget = MAX_ALL_QUEUES;

	for (unsigned i = 0; i < n; i++) {
		enum vr_walk_status status = vr_vqs_read(c, &d[i], sel, &budget,
							 err);

		if (status == VR_WALK_NO_QUEUE)
			continue;
		ret->devices = &d[i];
		ret->ndevices = status == VR_WALK_OK;
		return status;
	}
	return VR_WALK_NO_DEVICE;
}

static enum vr_walk_status read_one(struct vr_ctx *c, struct vr_select *sel,
				    const struct vr_bus *bus, bool no_net,
				    struct vr_snapshot *ret,
				    struct vr_walk_error *err)
{
	struct vr_device *d = identify(c, bus);
	uint64_t addr = 0;

	if (!d)
		return VR_WALK_NO_MEMORY;
	err->pairs = 0;		/* of a network device that was looked into */
	err->others = d;
	err->nothers = bus->n;
	vr_parse_address(sel->device, &addr);
	for (unsigned i = 0; i < bus->n; i++)
		if (is_meant(&d[i], sel->device, addr))
			return read_named(c, sel, &d[i], no_net, ret, err);
	sel->virtqueue = addr;
	sel->word = addr ? NULL : sel->word;
	return addr ? read_holder(c, sel, d, bus->n, ret, err) :
		      VR_WALK_NO_DEVICE;
}

/* ---- what 'sel' names --------------------------------------------------------------------- */

/* Types of virtio_net are unknown: say so if that leaves something out. */
static void doubt_nets(struct vr_ctx *c, const struct vr_snapshot *s)
{
	for (unsigned i = 0; i < s->ndevices; i++)
		if (s->devices[i].type.have == VR_READ &&
		    s->devices[i].type.v == VR_ID_NET) {
			vr_error_add(c, (struct vr_error){
				.code = VR_E_NOTYPE, .of = "virtnet_info",
				.module = "virtio_net" });
			return;
		}
}

enum vr_walk_status vr_guest_walk(struct vr_ctx *c, struct vr_select *sel,
				  bool no_net, struct vr_snapshot *ret,
				  struct vr_walk_error *err)
{
	const struct vr_select asked = *sel;
	struct vr_missing missing;
	struct vr_bus bus;
	bool shown;

	err->status = VR_WALK_NO_DEVICE;
	if (no_net)
		vr_read_uts(c, ret->nodename, ret->release);
	else
		vr_net_walk(c, sel, ret, err);
	/* Network devices are enough, or there is no use in looking elsewhere. */
	shown = err->status == VR_WALK_OK;
	if (!shown && err->status != VR_WALK_NO_DEVICE)
		return err->status;
	if (!sel->all && (shown || !sel->device))
		return err->status;
	if (vr_layout_resolve(c, VR_G_RING | VR_G_BUS, &missing)) {
		if (!sel->all && !no_net)
			return err->status;
		err->missing = missing;
		return err->status = VR_WALK_NO_TYPES;
	}
	if (sel->device && shown) {
		for (unsigned i = 0; i < ret->ndevices; i++)
			vr_bus_transport(c, &ret->devices[i]);
		return err->status;
	}
	if (!find_bus(c, no_net, &bus))
		bus.n = 0;
	*sel = asked;
	err->status = sel->device ? read_one(c, sel, &bus, no_net, ret, err) :
				    add_others(c, sel, &bus, ret, err);
	if (no_net)
		doubt_nets(c, ret);
	return err->status;
}
