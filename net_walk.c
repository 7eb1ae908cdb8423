// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net_walk.c - the guest's way to the rings: net_device -> virtnet_info ->
 * send_queue / receive_queue -> vring_virtqueue.
 *
 * A virtio-net device is recognised by what points to what, not by symbols of
 * its module: its parent device sits on the bus called "virtio" with device
 * id 1, and the driver's private area points back at both.
 */
#include <string.h>

#include "vring.h"

#define NETDEV_ALIGN	32	/* of the private area, before it was a member */
#define F_CTRL_VQ	17
#define MAX_CANDIDATES	64

uint64_t vr_netdev_priv(const struct vr_ctx *c, uint64_t net_device)
{
	const struct vr_field *f = c->layout.f;

	if (vr_has(c, VR_DEV_PRIV))
		return net_device + f[VR_DEV_PRIV].offset;
	return net_device + ((f[VR_SZ_NET_DEVICE].size + NETDEV_ALIGN - 1) &
			     ~(uint64_t)(NETDEV_ALIGN - 1));
}

/* ---- one device ----------------------------------------------------------------- */

/* Does a virtio-net driver's private area say that the two are one device?  Both of its
 * pointers must: the virtio_device itself may be missing from the dump. */
static bool points_back(struct vr_ctx *c, uint64_t net_device, uint64_t vdev)
{
	struct vr_obj vi = { .addr = vr_netdev_priv(c, net_device) };
	struct vr_obj o = { .addr = vdev };
	struct vr_val id = vr_get(c, &o, VR_VDEV_ID, NULL);

	return (id.have != VR_READ || id.v == VR_ID_NET) &&
	       vr_get_ptr(c, &vi, VR_VI_DEV, NULL) == net_device &&
	       vr_get_ptr(c, &vi, VR_VI_VDEV, NULL) == vdev;
}

/* The bus's name is another, as whoever finds it notes: of no device, since all are
 * on that bus. */
static void misnamed(struct vr_ctx *c, const struct vr_obj *bus, bool unread)
{
	struct vr_val at = vr_get(c, bus, VR_BUS_NAME, NULL);
	struct vr_error e = { .code = VR_E_MISNAMED, .what = "bus_type.name",
			      .addr = at.v, .of = "virtio" };

	/* Why it was not read was noted, but for NULL. */
	if (at.have != VR_READ || (at.v && unread))
		return;
	if (!at.v) {
		e.code = VR_E_NULL;
		e.addr = bus->addr + c->layout.f[VR_BUS_NAME].offset;
	}
	vr_error_add_common(c, e);
}

/*
 * The virtio_device that is the parent of this net_device, or 0.  All depend on one
 * string, the bus's name: where that cannot be read or was written over, the pointers
 * are enough.
 */
static uint64_t parent_virtio(struct vr_ctx *c, uint64_t net_device)
{
	struct vr_obj dev = { .addr = net_device };
	struct vr_obj parent = { .addr = vr_get_optional(c, &dev, VR_DEV_PARENT,
							 "net_device.dev.parent") };
	struct vr_obj bus;
	char name[16] = "";
	bool unread = true;
	uint64_t vdev;

	if (!parent.addr)
		return 0;
	vdev = parent.addr - c->layout.f[VR_VDEV_DEV].offset;
	bus = (struct vr_obj){ .addr = vr_get_optional(c, &parent, VR_DEVICE_BUS,
				"device.bus of net_device.dev.parent") };
	if (bus.addr)
		unread = vr_get_name(c, &bus, VR_BUS_NAME, "bus_type.name", name,
				     sizeof(name));
	if (!strcmp(name, "virtio"))
		return vdev;
	if (!points_back(c, net_device, vdev))
		return 0;
	if (bus.addr)
		misnamed(c, &bus, unread);
	return vdev;
}

/* How many of the first 'n' pairs have a receive queue that says it is this device's. */
static unsigned real_pairs(struct vr_ctx *c, const struct vr_device *d,
			   const struct vr_obj *vi, uint64_t n)
{
	const struct vr_field *f = c->layout.f;
	uint64_t rq = vr_get_ptr(c, vi, VR_VI_RQ, NULL);
	unsigned i;

	for (i = 0; rq && i < n && i < VR_MAX_PAIRS; i++) {
		struct vr_obj o = { .addr = rq + (uint64_t)i *
					    f[VR_SZ_RECEIVE_QUEUE].size };
		struct vr_obj vq = { .addr = vr_get_ptr(c, &o, VR_RQ_VQ, NULL) };

		if (!vq.addr || vr_get_ptr(c, &vq, VR_VQ_VDEV, NULL) !=
				d->virtio_device)
			break;
	}
	return i;
}

/*
 * How many pairs there are where the driver's number was not read: as many as the stack
 * has transmit queues.  Else the device's own list tells, on which those have odd numbers.
 */
static unsigned other_pairs(struct vr_ctx *c, struct vr_device *d)
{
	const struct vr_vq_ref *all;
	unsigned n, pairs = 0;

	if (d->txqs.count.have == VR_READ && d->txqs.count.v <= VR_MAX_PAIRS)
		return (unsigned)d->txqs.count.v;
	all = vr_vqs_index(c, d, &n);
	for (unsigned i = 0; i < n && all[i].index < 2 * VR_MAX_PAIRS; i++)
		if (all[i].index % 2)
			pairs = ((unsigned)all[i].index + 1) / 2;
	return pairs;
}

/*
 * The driver has the stack make as many transmit queues as it has pairs.  Where the two
 * numbers differ one is wrong, and the queues themselves tell how many there are.
 */
static void count_pairs(struct vr_ctx *c, struct vr_device *d, const struct vr_obj *vi)
{
	static const char what[] = "virtnet_info.max_queue_pairs";
	struct vr_error e = { .code = VR_E_UNEQUAL, .what = what,
		.addr = vi->addr + c->layout.f[VR_VI_MAX_PAIRS].offset,
		.value = d->max_pairs.v, .limit = d->txqs.count.v,
		.of = "net_device.num_tx_queues" };
	uint64_t most = d->max_pairs.v;

	if (d->max_pairs.have != VR_READ) {
		d->pairs = other_pairs(c, d);
		return;
	}
	if (d->max_pairs.v <= VR_MAX_PAIRS)
		d->pairs = (unsigned)d->max_pairs.v;
	if (d->txqs.count.have == VR_READ) {
		if (d->max_pairs.v == d->txqs.count.v)
			return;
		vr_error_add(c, e);
		if (most < d->txqs.count.v)
			most = d->txqs.count.v;
		d->pairs = real_pairs(c, d, vi, most);
	} else if (!d->pairs) {
		e.code = VR_E_RANGE;
		e.limit = VR_MAX_PAIRS;
		vr_error_add(c, e);
	}
	if (d->pairs != d->max_pairs.v)
		d->max_pairs = (struct vr_val){ .have = VR_UNREAD };
}

static void doubt_current(struct vr_ctx *c, const struct vr_device *d, const struct vr_obj *vi)
{
	if (d->curr_pairs.have == VR_READ && d->pairs && d->curr_pairs.v > d->pairs)
		vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
			.what = "virtnet_info.curr_queue_pairs",
			.value = d->curr_pairs.v, .limit = d->pairs,
			.addr = vi->addr + c->layout.f[VR_VI_CURR_PAIRS].offset });
}

/* Fill the device's identity; 0, or -1 when it is no virtio-net device. */
static int read_device(struct vr_ctx *c, const struct vr_netdev_ref *ref,
		       struct vr_device *d, struct vr_obj *vi)
{
	uint64_t vdev = parent_virtio(c, ref->addr);

	if (!vdev)
		return -1;
	vr_virtio_device(c, vdev, d);
	if (d->type.have == VR_READ ? d->type.v != VR_ID_NET :
				      !points_back(c, ref->addr, vdev))
		return -1;
	*vi = (struct vr_obj){ .addr = vr_netdev_priv(c, ref->addr) };
	if (!vr_points_back(c, vi, VR_VI_DEV, "virtnet_info.dev", ref->addr) ||
	    !vr_points_back(c, vi, VR_VI_VDEV, "virtnet_info.vdev", vdev))
		return -1;
	d->ref = *ref;
	d->virtnet_info = vi->addr;
	vr_net_device_state(c, d);
	d->max_pairs = vr_get(c, vi, VR_VI_MAX_PAIRS,
			      "virtnet_info.max_queue_pairs");
	d->curr_pairs = vr_get(c, vi, VR_VI_CURR_PAIRS,
			       "virtnet_info.curr_queue_pairs");
	count_pairs(c, d, vi);
	doubt_current(c, d, vi);
	return 0;
}

static void label(struct vr_queue *q, enum vr_dir dir, unsigned pair)
{
	static const char *const names[] = { "rx", "tx", "ctrl" };

	q->dir = dir;
	q->pair = pair;
	if (dir == VR_CTRL)
		snprintf(q->label, sizeof(q->label), "ctrl");
	else
		snprintf(q->label, sizeof(q->label), "%s%u", names[dir], pair);
}

/* Was this queue, or its pair, asked for by itself? */
static bool alone(const struct vr_select *sel)
{
	return sel->virtqueue || sel->has_n || sel->queue == VR_SEL_CTRL;
}

/*
 * The virtqueue that 'owner' points to, 0 if none is known.  Where the page that has the
 * pointer is missing, the device's own list has the queue all the same, by the number
 * that the specification gives it (5.1.2).
 */
static uint64_t virtqueue_of(struct vr_ctx *c, struct vr_device *d, struct vr_queue *q,
			     const struct vr_obj *owner, enum vr_slot slot)
{
	struct vr_val ptr, known;
	uint64_t addr, number;

	if (owner->addr) {
		ptr = vr_get_ptr_val(c, owner, slot, "pointer to the virtqueue");
		if (ptr.have == VR_READ)
			return ptr.v;
	}
	if (q->dir == VR_CTRL) {
		/* It is behind all pairs, so that these must be known. */
		known = d->max_pairs.have == VR_READ ? d->max_pairs : d->txqs.count;
		if (known.have != VR_READ || known.v != d->pairs)
			return 0;
		number = 2 * (uint64_t)d->pairs;
	} else {
		number = 2 * (uint64_t)q->pair + (q->dir == VR_TX);
		/* Behind what is known to be pairs, only one with both queues is. */
		if (q->pair >= d->pairs && !vr_vqs_find(c, d, number | 1))
			return 0;
	}
	addr = vr_vqs_find(c, d, number);
	q->listed = addr != 0;
	return addr;
}

/* Read one queue; 'vq' is the slot that holds the virtqueue pointer. */
static void read_queue(struct vr_ctx *c, struct vr_device *d,
		       const struct vr_select *sel, struct vr_queue *q,
		       const struct vr_obj *owner, enum vr_slot vq)
{
	bool big = vr_ring_is_big(c, d);
	uint64_t addr;

	memcpy(c->queue, q->label, sizeof(c->queue));
	q->owner = owner->addr;
	q->in_use = q->dir == VR_CTRL || d->curr_pairs.have != VR_READ ||
		    q->pair < d->curr_pairs.v;
	addr = virtqueue_of(c, d, q, owner, vq);
	if (sel->virtqueue && addr != sel->virtqueue) {
		*q = (struct vr_queue){ .dir = q->dir };
		d->nqueues--;
	} else if (addr) {
		vr_ring_read(c, q, addr - c->layout.f[VR_VVQ_VQ].offset, big);
		vr_net_queue_state(c, d, q, owner->addr);
		vr_irq_read(c, d->virtio_device, q);
		if (sel->chains)
			vr_guest_chains(c, q, d->features, big);
		if (sel->owners)
			vr_owners_read(c, d, q, big, alone(sel));
	} else {
		q->failed = true;
	}
	c->queue[0] = '\0';
}

static void read_pair(struct vr_ctx *c, struct vr_device *d,
		      const struct vr_select *sel, struct vr_val rq, struct vr_val sq,
		      unsigned pair)
{
	const struct vr_field *f = c->layout.f;
	const struct {
		enum vr_dir dir;
		struct vr_val base;
		enum vr_slot size, vq;
	} sides[] = {
		{ VR_RX, rq, VR_SZ_RECEIVE_QUEUE, VR_RQ_VQ },
		{ VR_TX, sq, VR_SZ_SEND_QUEUE, VR_SQ_VQ },
	};

	for (unsigned i = 0; i < 2; i++) {
		struct vr_obj owner = { .addr = sides[i].base.v };
		struct vr_queue *q;

		if (owner.addr)
			owner.addr += (uint64_t)pair * f[sides[i].size].size;
		else if (sides[i].base.have == VR_READ)
			continue;
		if (!vr_select_wants(sel, sides[i].dir, pair))
			continue;
		q = &d->queues[d->nqueues++];
		label(q, sides[i].dir, pair);
		read_queue(c, d, sel, q, &owner, sides[i].vq);
	}
}

static void read_ctrl(struct vr_ctx *c, struct vr_device *d,
		      const struct vr_select *sel, const struct vr_obj *vi)
{
	struct vr_val cvq = vr_get(c, vi, VR_VI_CVQ, NULL);
	struct vr_queue *q;
	bool none;

	/* Negotiated, one that is missing is told of. */
	if (d->features.have == VR_READ)
		none = !(d->features.v >> F_CTRL_VQ & 1);
	else
		none = cvq.have == VR_READ;
	if (!vr_select_wants(sel, VR_CTRL, 0) ||
	    (none && !(cvq.have == VR_READ && cvq.v)))
		return;
	q = &d->queues[d->nqueues++];
	label(q, VR_CTRL, 0);
	read_queue(c, d, sel, q, vi, VR_VI_CVQ);
	q->owner = 0;
}

static enum vr_walk_status read_queues(struct vr_ctx *c, struct vr_device *d,
				       const struct vr_select *sel,
				       const struct vr_obj *vi)
{
	struct vr_val rq = vr_get_ptr_val(c, vi, VR_VI_RQ, "virtnet_info.rq");
	struct vr_val sq = vr_get_ptr_val(c, vi, VR_VI_SQ, "virtnet_info.sq");
	unsigned pairs = d->pairs, first = 0, end = pairs;

	/* Asked for by number, a queue is tried though the count is unknown. */
	if (sel->has_n && d->max_pairs.have != VR_READ && !pairs)
		pairs = sel->n + 1;
	if (sel->has_n) {
		if (sel->n >= pairs)
			return VR_WALK_NO_QUEUE;
		first = sel->n;
		end = sel->n + 1;
	}
	d->queues = vr_alloc(&c->arena, 2 * (size_t)(end - first) + 1,
			     sizeof(*d->queues));
	if (!d->queues)
		return VR_WALK_NO_MEMORY;
	for (unsigned i = first; i < end; i++)
		read_pair(c, d, sel, rq, sq, i);
	read_ctrl(c, d, sel, vi);
	/* Without the number of pairs 'all' is nothing, and the error says why. */
	if (!d->nqueues && sel->queue != VR_SEL_ALL)
		return VR_WALK_NO_QUEUE;
	return VR_WALK_OK;
}

/* ---- finding devices ------------------------------------------------------------------ */

/* Keep only the devices that the virtio bus calls 'word'. */
static void keep_virtio_name(struct vr_ctx *c, struct vr_netdev_list *f, const char *word)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++) {
		struct vr_device d = { .nqueues = 0 };
		struct vr_obj vi;

		if (!read_device(c, &f->refs[i], &d, &vi) &&
		    !strcmp(d.virtio_name, word))
			f->refs[n++] = f->refs[i];
	}
	f->n = n;
}

/*
 * The devices that a word may mean.  An exact name wins over any other reading
 * of the same word; an address is a net_device's first, then a virtqueue's, to
 * be looked for in all devices.
 */
static int find_devices(struct vr_ctx *c, const char *word, struct vr_netdev_list *f,
			uint64_t *virtqueue)
{
	uint64_t addr;

	if (vr_find_netdevs(c, word, 0, f))
		return -1;
	if (f->n || !word)
		return 0;
	if (!strncmp(word, "virtio", 6)) {
		if (vr_find_netdevs(c, NULL, 0, f))
			return -1;
		keep_virtio_name(c, f, word);
		return 0;
	}
	if (!vr_parse_address(word, &addr))
		return 0;
	if (vr_find_netdevs(c, NULL, addr, f))
		return -1;
	if (f->n)
		return 0;
	*virtqueue = addr;
	return vr_find_netdevs(c, NULL, 0, f);
}

/* The virtio-net devices among all, for the message that names them. */
static void list_candidates(struct vr_ctx *c, struct vr_walk_error *err)
{
	struct vr_netdev_list all;

	if (vr_find_netdevs(c, NULL, 0, &all))
		return;
	err->candidates = vr_alloc(&c->arena, MAX_CANDIDATES,
				   sizeof(*err->candidates));
	err->candidate_vdevs = vr_alloc(&c->arena, MAX_CANDIDATES,
					sizeof(*err->candidate_vdevs));
	if (!err->candidates || !err->candidate_vdevs)
		return;
	for (unsigned i = 0; i < all.n &&
	     err->ncandidates < MAX_CANDIDATES; i++) {
		struct vr_device d = { .nqueues = 0 };
		struct vr_obj vi;

		if (read_device(c, &all.refs[i], &d, &vi))
			continue;
		err->candidate_vdevs[err->ncandidates] = d.virtio_device;
		err->candidates[err->ncandidates++] = all.refs[i];
	}
}

/* Read one device into the snapshot, or say in 'err' why it has nothing. */
static void walk_one(struct vr_ctx *c, const struct vr_select *sel,
		     const struct vr_netdev_ref *ref, struct vr_snapshot *ret,
		     struct vr_walk_error *err)
{
	struct vr_device *d = &ret->devices[ret->ndevices];
	bool named = sel->device && !sel->virtqueue;
	struct vr_obj vi;

	snprintf(c->device, sizeof(c->device), "%s", ref->name);
	*d = (struct vr_device){ .nqueues = 0 };
	if (read_device(c, ref, d, &vi)) {
		if (!named)
			return;
		err->status = VR_WALK_NOT_VIRTIO;
		err->dev = *ref;
		err->host = vr_host_kind(c, ref->addr, err->kind,
					 sizeof(err->kind));
		return;
	}
	err->status = sel->queue == VR_SEL_NAME ? VR_WALK_NO_WORD :
		      read_queues(c, d, sel, &vi);
	if (err->status == VR_WALK_OK && (!sel->virtqueue || d->nqueues)) {
		ret->ndevices++;
		return;
	}
	if (err->status == VR_WALK_NO_MEMORY)
		vr_error_add(c, (struct vr_error){ .code = VR_E_MEMORY, .what = "queues" });
	err->dev = *ref;
	err->pairs = d->pairs;
	if (sel->virtqueue)
		err->status = VR_WALK_NO_DEVICE;
}

enum vr_walk_status vr_net_walk(struct vr_ctx *c, struct vr_select *sel,
				struct vr_snapshot *ret,
				struct vr_walk_error *err)
{
	struct vr_netdev_list found;

	vr_read_uts(c, ret->nodename, ret->release);
	err->status = VR_WALK_NO_MEMORY;
	if (find_devices(c, sel->device, &found, &sel->virtqueue))
		return err->status;
	if (sel->virtqueue)
		sel->full = true;
	ret->devices = vr_alloc(&c->arena, found.n ? found.n : 1,
				sizeof(*ret->devices));
	if (!ret->devices)
		return err->status;
	err->status = VR_WALK_NO_DEVICE;
	for (unsigned i = 0; i < found.n; i++)
		walk_one(c, sel, &found.refs[i], ret, err);
	c->device[0] = '\0';
	if (ret->ndevices)
		return err->status = VR_WALK_OK;
	if (err->status == VR_WALK_NO_DEVICE ||
	    err->status == VR_WALK_NOT_VIRTIO) {
		list_candidates(c, err);
		err->driver_loaded = vr_module_loaded(c, "virtio_net");
	}
	return err->status;
}
