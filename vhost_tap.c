// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_tap.c - the host's way from a tap to vhost's queues: net_device ->
 * tun_struct -> tun_file -> socket -> vhost_net -> vhost_virtqueue, and the same
 * for macvtap and ipvtap.
 *
 * A vhost_net belongs to a tap queue when one of its backends is that queue's
 * socket, or when it waits on that socket; the two ways make up for each other
 * (vhost leaves the wait queue while it works; a queue's backend is NULL while
 * it is stopped).
 */
#include <string.h>

#include "vring.h"

#define MAX_WAITERS	4096	/* on one socket */
#define MAX_QUEUES	4096	/* of one tap: 256 is the kernel's limit */
/* Lists on lists multiply: what all sockets of a tap, and of all taps, may have. */
#define TAP_WAITERS	16384
#define ALL_WAITERS	262144
#define ALL_SOCKETS	65536
#define ALL_ROWS	16384	/* queues that are shown: a row each */

/* One queue of a tap. */
struct endpoint {
	const struct vr_netdev_ref *ref;
	uint64_t tun;		/* tun_struct or tap_dev */
	uint64_t file;		/* tun_file or tap_queue */
	uint64_t socket, sk;
	/* Of its ptr_ring; VR_ABSENT: this kernel has none. */
	struct vr_val ring_size, ring_used, qlen;
	struct vr_val index;
	bool detached, tap;
	bool unsure;		/* whether it is detached could not be read */
	struct vr_txqs txqs;
};

bool vr_host_kind(struct vr_ctx *c, uint64_t net_device, char *kind, size_t size)
{
	static const char link_ops[] = "net_device.rtnl_link_ops";
	static const char *const served[] = { "tun", "macvtap", "ipvtap" };
	struct vr_obj dev = { .addr = net_device };
	struct vr_obj ops = { .addr = 0 };
	struct vr_val v;

	kind[0] = '\0';
	v = vr_get(c, &dev, VR_DEV_LINK_OPS, link_ops);
	if (v.have != VR_READ || !v.v)
		return false;
	ops.addr = vr_get_ptr(c, &dev, VR_DEV_LINK_OPS, link_ops);
	if (!ops.addr || vr_get_name(c, &ops, VR_LINK_OPS_KIND, "rtnl_link_ops.kind",
				     kind, size))
		return false;
	for (unsigned i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		if (!strcmp(kind, served[i]))
			return true;
	return false;
}

/* ---- adding queues ------------------------------------------------------------ */

struct vr_hostq *vr_host_new_queue(struct vr_ctx *c, struct vr_host *h)
{
	struct vr_hostq *queues = NULL;

	if (h->nqueues < ALL_ROWS)
		queues = vr_grow(&c->arena, h->queues, h->nqueues, &h->room,
				 sizeof(*queues));
	else
		vr_over_budget(c, "vhost queues", ALL_ROWS, true);
	if (!queues)
		return NULL;
	h->queues = queues;
	return &h->queues[h->nqueues++];
}

/* A vhost is met twice: on the wait queue and among the open files. */
static bool have_queue(const struct vr_host *h, uint64_t vhost_virtqueue)
{
	for (unsigned i = 0; i < h->nqueues; i++)
		if (h->queues[i].vhost_virtqueue == vhost_virtqueue)
			return true;
	return false;
}

/* An index that is none of the ring's: but a ring of no size has none. */
static void outside_ring(struct vr_ctx *c, uint64_t ring, uint64_t size,
			 struct vr_val index, enum vr_slot s)
{
	if (size || index.v)
		vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
			.what = s == VR_RING_PRODUCER ? "ptr_ring.producer" :
						       "ptr_ring.consumer_head",
			.value = index.v, .limit = size ? size - 1 : 0,
			.addr = ring + c->layout.f[s].offset });
}

/* How full the tap's ring is; consumed slots are not cleared, so counting them
 * would lie. */
static void read_ptr_ring(struct vr_ctx *c, struct endpoint *e, uint64_t ring)
{
	static const enum vr_slot members[] = { VR_RING_SIZE, VR_RING_PRODUCER,
						VR_RING_CONSUMER, VR_RING_QUEUE };
	struct vr_obj o = vr_obj_cover(c, ring, members, 4);
	struct vr_val producer, consumer, *used = &e->ring_used;
	uint64_t queue, slot, size;

	e->ring_size = vr_get(c, &o, VR_RING_SIZE, "ptr_ring.size");
	producer = vr_get(c, &o, VR_RING_PRODUCER, "ptr_ring.producer");
	consumer = vr_get(c, &o, VR_RING_CONSUMER, "ptr_ring.consumer_head");
	queue = vr_get_ptr(c, &o, VR_RING_QUEUE, "ptr_ring.queue");
	size = e->ring_size.v;
	used->have = VR_UNREAD;
	if (e->ring_size.have != VR_READ || producer.have != VR_READ ||
	    consumer.have != VR_READ)
		return;
	if (producer.v >= size || consumer.v >= size) {
		outside_ring(c, ring, size, producer.v >= size ? producer : consumer,
			     producer.v >= size ? VR_RING_PRODUCER : VR_RING_CONSUMER);
		return;
	}
	*used = (struct vr_val){ (producer.v + size - consumer.v) % size, VR_READ };
	if (used->v)
		return;
	/* As full as empty, by the indices alone. */
	used->have = queue ? VR_READ : VR_UNREAD;
	if (!queue)
		return;
	if (vr_read(c, queue + 8 * consumer.v, &slot, sizeof(slot))) {
		used->have = VR_UNREAD;
		vr_error_add(c, (struct vr_error){ .code = VR_E_READ, .len = 8,
			.what = "ptr_ring.queue", .addr = queue + 8 * consumer.v });
	} else if (slot)
		used->v = size;
}

static void add_queue(struct vr_ctx *c, struct vr_host *h,
		      const struct endpoint *e, struct vr_vhost *v, unsigned vq,
		      uint64_t wait_entry)
{
	uint64_t addr = v->vq[vq];
	struct vr_hostq *q;

	if (!addr || have_queue(h, addr))
		return;
	q = vr_host_new_queue(c, h);
	if (!q)
		return;
	*q = (struct vr_hostq){ .vhost = v, .vq = vq, .vhost_virtqueue = addr,
		.ref = *e->ref, .tun = e->tun, .tun_file = e->file,
		.queue_index = e->index, .detached = e->detached,
		.unsure = e->unsure,
		.tap = e->tap,
		.wait_entry = wait_entry };
	memcpy(q->device, e->ref->name, sizeof(q->device));
	/* vhost's RX is what the guest receives. */
	if (e->index.have == VR_READ)
		snprintf(q->label, sizeof(q->label), "%s%u", vq ? "tx" : "rx",
			 (unsigned)(e->index.v & 0xffff));
	else
		snprintf(q->label, sizeof(q->label), "%s?", vq ? "tx" : "rx");
	memcpy(c->queue, q->label, sizeof(c->queue));
	q->tx_ring_size = e->ring_size;
	q->tx_ring_used = e->ring_used;
	q->sock_qlen = e->qlen;
	/* What the host's stack transmits is what the guest receives; the index that a
	 * detached queue keeps is by now another one's. */
	if (!vq && e->index.have == VR_READ && !e->detached)
		vr_net_txq(c, &e->txqs, e->index.v, &q->txq);
	vr_vhost_queue(c, q);
	v->shown = true;
	v->socket = e->socket;
	c->queue[0] = '\0';
}

/* ---- which vhost a tap queue has ------------------------------------------------- */

/* An entry of the socket's wait queue: is it a vhost_poll's?  Foreign entries
 * (epoll, blocked readers) fail one of the back pointers. */
static void try_waiter(struct vr_ctx *c, struct vr_host *h,
		       const struct endpoint *e, uint64_t head, uint64_t entry)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj poll = { .addr = entry - f[VR_POLL_WAIT].offset };
	uint64_t dev, first;
	struct vr_vhost *v;

	if (vr_get_ptr(c, &poll, VR_POLL_WQH, NULL) != head)
		return;
	dev = vr_get_ptr(c, &poll, VR_POLL_DEV, NULL);
	if (!dev)
		return;
	v = vr_vhost_at(c, h, dev - f[VR_VHN_DEV].offset);
	if (!v)
		return;
	first = v->addr + f[VR_VHN_POLL].offset;
	for (unsigned vq = 0; vq < 2; vq++)
		if (poll.addr == first + (uint64_t)vq * f[VR_SZ_VHOST_POLL].size)
			add_queue(c, h, e, v, vq, entry);
}

/* How many waiters may still be looked at, on one more socket of this tap. */
static unsigned waiters_left(const struct vr_host *h)
{
	unsigned most = MAX_WAITERS;

	/* A list with a bad end is walked from both ends, so it may pass either sum. */
	if (h->tap_waiters >= TAP_WAITERS || h->waiters >= ALL_WAITERS)
		return 0;
	if (most > TAP_WAITERS - h->tap_waiters)
		most = TAP_WAITERS - h->tap_waiters;
	if (most > ALL_WAITERS - h->waiters)
		most = ALL_WAITERS - h->waiters;
	return most;
}

static void by_wait_queue(struct vr_ctx *c, struct vr_host *h,
			  const struct endpoint *e, uint64_t wq)
{
	static const char what[] = "wait queue of the tap's socket";
	const struct vr_field *f = c->layout.f;
	uint64_t head = wq + f[VR_SOCKET_WQ_WAIT].offset, node;
	unsigned most = waiters_left(h);
	struct vr_list l;

	if (!most) {
		vr_error_add(c, (struct vr_error){ .code = VR_E_LOOP,
			.what = "wait queues of the tap's sockets",
			.addr = e->tun, .limit = TAP_WAITERS });
		return;
	}
	l = vr_list_start(head + f[VR_WAIT_HEAD_LIST].offset, most, what);
	while ((node = vr_list_next(c, &l))) {
		h->tap_waiters++;
		h->waiters++;
		try_waiter(c, h, e, head, node - f[VR_WAIT_ENTRY_LIST].offset);
	}
}

static void by_backend(struct vr_ctx *c, struct vr_host *h,
		       const struct endpoint *e)
{
	for (unsigned i = 0; i < h->nvhosts; i++) {
		struct vr_vhost *v = &h->vhosts[i];
		/* One backend is enough: the other may be stopped.  A waiter
		 * that was found brings its other queue along too. */
		bool ours = v->socket == e->socket;

		for (unsigned vq = 0; vq < 2; vq++)
			ours = ours || v->backend[vq] == e->socket;
		for (unsigned vq = 0; ours && vq < 2; vq++)
			add_queue(c, h, e, v, vq, 0);
	}
}

static void add_endpoint(struct vr_ctx *c, struct vr_host *h, struct endpoint *e,
			 uint64_t ptr_ring)
{
	struct vr_obj sk = { .addr = e->sk };
	uint64_t wq = vr_get_ptr(c, &sk, VR_SOCK_WQ, "sock.sk_wq");
	unsigned before = h->nqueues;

	if (h->endpoints++ >= ALL_SOCKETS)
		return;		/* each list was said to be too long already */
	e->qlen = vr_get(c, &sk, VR_SOCK_QLEN, "sk_receive_queue.qlen");
	if (ptr_ring)
		read_ptr_ring(c, e, ptr_ring);
	if (wq)
		by_wait_queue(c, h, e, wq);
	by_backend(c, h, e);
	for (unsigned i = before; i < h->nqueues; i++)
		h->queues[i].socket_wq = wq;
	/* The waiters come in any order. */
	if (h->nqueues == before + 2 && h->queues[before].vq == 1) {
		struct vr_hostq first = h->queues[before];

		h->queues[before] = h->queues[before + 1];
		h->queues[before + 1] = first;
	}
}

/* ---- tun and tap ----------------------------------------------------------------------- */

static void add_tun_file(struct vr_ctx *c, struct vr_host *h,
			 const struct vr_netdev_ref *ref,
			 const struct vr_txqs *txqs, uint64_t tun, uint64_t file,
			 bool detached)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj o = { .addr = file };
	struct endpoint e = { .ref = ref, .tun = tun, .file = file,
		.socket = file + f[VR_TFILE_SOCKET].offset,
		.sk = file + f[VR_TFILE_SK].offset, .detached = detached,
		.txqs = *txqs };

	e.index = vr_get(c, &o, VR_TFILE_INDEX, "tun_file.queue_index");
	add_endpoint(c, h, &e, vr_has(c, VR_TFILE_RING) ?
		     file + f[VR_TFILE_RING].offset : 0);
}

/* The tun_file in a slot of a tun_struct; 0, and the reason noted, when there is none. */
static uint64_t tun_file(struct vr_ctx *c, uint64_t slot)
{
	struct vr_error e = { .code = VR_E_READ, .what = "tun_struct.tfiles",
			      .addr = slot, .len = sizeof(e.value) };

	if (!vr_read(c, slot, &e.value, sizeof(e.value))) {
		if (e.value && !(e.value & 7))
			return e.value;
		e.code = e.value ? VR_E_WILD : VR_E_NULL;
	}
	vr_error_add(c, e);
	return 0;
}

/* Does a slot hold the file that says it belongs there? */
static bool is_own_slot(struct vr_ctx *c, uint64_t slot, uint64_t i)
{
	struct vr_obj file = { .addr = 0 };
	struct vr_val index;

	if (vr_read(c, slot, &file.addr, sizeof(file.addr)) || !file.addr ||
	    file.addr & 7)
		return false;
	index = vr_get(c, &file, VR_TFILE_INDEX, NULL);
	return index.have == VR_READ && index.v == i;
}

/* Slots behind numqueues may hold stale pointers; where it was not read, those that come
 * first and hold a file of their own are taken. */
static uint64_t slots_in_use(struct vr_ctx *c, uint64_t tun, uint64_t first)
{
	const struct vr_field *f = c->layout.f;
	const struct vr_obj o = { .addr = tun };
	struct vr_val n = vr_get(c, &o, VR_TUN_NUMQUEUES, "tun_struct.numqueues");
	uint64_t slots = f[VR_TUN_TFILES].size / 8, i = 0;

	if (slots > MAX_QUEUES)
		slots = MAX_QUEUES;

	if (n.have == VR_READ && n.v > slots)
		vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
			.what = "tun_struct.numqueues", .value = n.v, .limit = slots,
			.addr = tun + f[VR_TUN_NUMQUEUES].offset });
	if (n.have == VR_READ)
		return n.v < slots ? n.v : slots;
	while (i < slots && is_own_slot(c, first + 8 * i, i))
		i++;
	return i;
}

static int walk_tun(struct vr_ctx *c, struct vr_host *h,
		    const struct vr_netdev_ref *ref)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj tun = { .addr = vr_netdev_priv(c, ref->addr) };
	uint64_t node, file, n, first = tun.addr + f[VR_TUN_TFILES].offset;
	struct vr_txqs txqs;
	struct vr_list l;

	if (!vr_points_back(c, &tun, VR_TUN_DEV, "tun_struct.dev", ref->addr))
		return -1;
	vr_net_txqs(c, ref->addr, &txqs);
	n = slots_in_use(c, tun.addr, first);
	for (uint64_t i = 0; i < n; i++) {
		file = tun_file(c, first + 8 * i);
		if (file)
			add_tun_file(c, h, ref, &txqs, tun.addr, file, false);
	}
	l = vr_list_start(tun.addr + f[VR_TUN_DISABLED].offset, MAX_QUEUES,
			  "list of detached tap queues");
	while ((node = vr_list_next(c, &l)))
		add_tun_file(c, h, ref, &txqs, tun.addr,
			     node - f[VR_TFILE_NEXT].offset, true);
	return 0;
}

/* ---- macvtap and ipvtap ------------------------------------------------------------------ */

/* Before 4.12 a macvtap's tap_dev was part of its macvlan_dev, the private area. */
static uint64_t tap_of(struct vr_ctx *c, uint64_t net_device)
{
	struct vr_obj dev = { .addr = net_device };

	if (vr_has_in(c, VR_TAP_DEV, "macvlan_dev"))
		return vr_netdev_priv(c, net_device);
	return vr_get_ptr(c, &dev, VR_DEV_RX_HANDLER_DATA, NULL);
}

static void add_tap_queue(struct vr_ctx *c, struct vr_host *h, const struct endpoint *of,
			  uint64_t queue, struct vr_val index)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj o = { .addr = queue };
	struct vr_val enabled = vr_get(c, &o, VR_TAPQ_ENABLED, "tap_queue.enabled");
	struct endpoint e = *of;

	e.file = queue;
	e.socket = queue + f[VR_TAPQ_SOCKET].offset;
	e.sk = queue + f[VR_TAPQ_SK].offset;
	e.index = index;
	e.detached = enabled.have == VR_READ && !enabled.v;
	e.unsure = enabled.have == VR_UNREAD;
	add_endpoint(c, h, &e, vr_has(c, VR_TAPQ_RING) ?
		     queue + f[VR_TAPQ_RING].offset : 0);
}

static void by_tap_list(struct vr_ctx *c, struct vr_host *h, const struct endpoint *of)
{
	const struct vr_field *f = c->layout.f;
	struct vr_list l = vr_list_start(of->tun + f[VR_TAP_LIST].offset, MAX_QUEUES,
					 "list of tap queues");
	uint64_t node;

	while ((node = vr_list_next(c, &l))) {
		struct vr_obj o = { .addr = node - f[VR_TAPQ_NEXT].offset };

		add_tap_queue(c, h, of, o.addr, vr_get(c, &o, VR_TAPQ_INDEX,
						       "tap_queue.queue_index"));
	}
}

/* Up to 3.10 there is no list, and a queue's place is its index. */
static void by_tap_array(struct vr_ctx *c, struct vr_host *h, const struct endpoint *of)
{
	const struct vr_field *f = &c->layout.f[VR_TAP_ARRAY];
	uint64_t queue;

	for (uint64_t i = 0; i < f->size / 8 && i < MAX_QUEUES; i++)
		if (!vr_read(c, of->tun + f->offset + 8 * i, &queue, sizeof(queue)) &&
		    queue)
			add_tap_queue(c, h, of, queue, (struct vr_val){ i, VR_READ });
}

static int walk_tap(struct vr_ctx *c, struct vr_host *h,
		    const struct vr_netdev_ref *ref)
{
	struct endpoint e = { .ref = ref, .tun = tap_of(c, ref->addr), .tap = true };
	struct vr_obj tap = { .addr = e.tun };

	if (!tap.addr)
		return 0;	/* down, and never opened */
	if (!vr_points_back(c, &tap, VR_TAP_DEV, "tap_dev.dev", ref->addr))
		return -1;
	vr_net_txqs(c, ref->addr, &e.txqs);
	if (vr_has(c, VR_TAP_LIST))
		by_tap_list(c, h, &e);
	else
		by_tap_array(c, h, &e);
	return 0;
}

/* ---- one device ----------------------------------------------------------------------- */

/* Are the types known that lead on from a tap (of tun.ko), or from a macvtap? */
static bool types_known(struct vr_ctx *c, bool tun, struct vr_missing *ret)
{
	if (vr_layout_resolve(c, tun ? VR_G_TUN : VR_G_TAP, ret))
		return false;
	/* A macvtap's queues are on a list, or were in an array. */
	if (tun || (vr_has(c, VR_TAP_LIST) && vr_has(c, VR_TAPQ_NEXT) &&
		    vr_has(c, VR_TAPQ_INDEX)) || vr_has(c, VR_TAP_ARRAY))
		return true;
	if (!vr_has(c, VR_TAP_LIST))
		*ret = (struct vr_missing){ "tap_dev", "queue_list", "tap", true };
	else
		*ret = (struct vr_missing){ "tap_queue", vr_has(c, VR_TAPQ_NEXT) ?
					    "queue_index" : "next", "tap", true };
	return false;
}

enum vr_walk_status vr_tap_walk(struct vr_ctx *c, struct vr_host *h,
				const struct vr_netdev_ref *ref,
				struct vr_walk_error *err)
{
	bool tun;
	int r;

	snprintf(c->device, sizeof(c->device), "%s", ref->name);
	h->tap_waiters = 0;
	err->host = vr_host_kind(c, ref->addr, err->kind, sizeof(err->kind));
	if (!err->host)
		return VR_WALK_NOT_VIRTIO;
	tun = !strcmp(err->kind, "tun");
	if (!types_known(c, tun, &err->missing))
		return VR_WALK_NO_TYPES;
	r = tun ? walk_tun(c, h, ref) : walk_tap(c, h, ref);
	return r ? VR_WALK_NOT_VIRTIO : VR_WALK_NO_VHOST;
}
