// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * missed.c - members that this kernel should have, and has under no name known.
 *
 * Many rows of the member table are of some kernels only.  What a kernel lacks by
 * right is VR_ABSENT and no news; what a new kernel has renamed must not look the
 * same.  Versions tell nothing, since distributions backport; what else the kernel
 * has does: a struct that came with a member, or one that took its place.
 */
#include <string.h>

#include "members.h"

/* When a kernel is expected to have an optional member. */
enum when {
	NEVER,		/* nothing else tells */
	ALWAYS,		/* as long as what it is in is there (vr_field.foreign) */
	SINCE_SPLIT,	/* with the ring's members in a part of their own (5.0) */
	NO_TOKENS,	/* where the drivers' tokens are nowhere else */
	WITH_TRIGGERED,	/* 5.15 and el8-372 */
	WITH_EXTRA,	/* 5.15 and el8-425 */
	NO_NEXT,	/* packed rings lost their links with 5.15, as split ones did */
	NO_LAYOUT,	/* where nothing else tells packed rings */
	WITH_LAYOUT,	/* 7.1 */
	WITH_NUM_MAX,	/* 6.0 */
	NO_EXTRA,
	WITH_XDP,
	NO_SOFTIRQS,	/* where neither a member nor a variable has them */
	NO_SHIFT,
	NO_HEIGHT,	/* where levels are not counted from the root */
	WITH_REFILL, WITH_REFILL_LOCK,
	SINCE_IOTLB,	/* with vhost's tree of regions in a struct of its own (5.8) */
	NO_WORKER, NO_WORKER_TASK, WITH_VTSK,
	NO_MEMORY, WITH_UMEM, WITH_REGIONS,
	WITH_RING,
	NO_TAP_QUEUES, WITH_TAP_LIST,	/* 3.13, an array before */
};

struct note {
	enum vr_slot slot;
	enum when when;
	const char *loses;
};

static const char packed[] = "packed rings";
static const char tokens[] = "which buffers are in flight, and whose they are";
static const char free_list[] = "which descriptors are free";
static const char irqs[] = "interrupts";
static const char regions[] = "guest memory and the rings in it";
static const char worker[] = "the worker";
static const char taps[] = "the queues of macvtap and ipvtap";

/* Every optional row of the table has one (tests/unit/test_missed.c). */
static const struct note notes[] = {
	{ VR_NET_INUM, ALWAYS, "netns" },
	{ VR_DEV_PRIV, NEVER, NULL },	/* back pointers are checked */
	{ VR_DEV_LINK_OPS, ALWAYS, "the kind of other net devices" },
	{ VR_LINK_OPS_KIND, ALWAYS, "the kind of other net devices" },
	{ VR_MM_PGD, ALWAYS, "vmalloc space and user memory" },
	{ VR_MM_ARG_START, ALWAYS, "the owners' command lines" },
	{ VR_UTS_NODENAME, ALWAYS, "nodename" },
	{ VR_UTS_RELEASE, ALWAYS, "release" },
	{ VR_DEV_STATE, ALWAYS, "up and carrier" },
	{ VR_DEV_TX, ALWAYS, "the stack's transmit queues" },
	{ VR_DEV_NUM_TX, ALWAYS, "the stack's transmit queues" },
	{ VR_SZ_NETDEV_QUEUE, ALWAYS, "the stack's transmit queues" },
	{ VR_TXQ_STATE, ALWAYS, "whether a transmit queue is stopped" },
	{ VR_TXQ_TRANS_START, ALWAYS, "the transmit age" },
	{ VR_TXQ_QDISC, ALWAYS, "qlen" },
	{ VR_QDISC_QLEN, ALWAYS, "qlen" },
	{ VR_QDISC_ATOMIC, NEVER, NULL },
	{ VR_QDISC_FLAGS, ALWAYS, "qlen" },
	{ VR_QDISC_CPU_QSTATS, SINCE_SPLIT, "qlen" },
	{ VR_QDISC_QSTATS_QLEN, ALWAYS, "qlen" },
	{ VR_GNET_QLEN, ALWAYS, "qlen" },
	{ VR_NAPI_STATE, ALWAYS, "napi" },
	{ VR_NAPI_WEIGHT, ALWAYS, "napi.weight" },
	{ VR_NAPI_DEFER, NEVER, NULL },
	{ VR_DEV_DEFER, NEVER, NULL },
	{ VR_WORK_DATA, WITH_REFILL, "refill_pending" },
	{ VR_DEVICE_DRIVER, ALWAYS, "driver" },
	{ VR_DRIVER_NAME, ALWAYS, "driver" },
	{ VR_CLOCK_MULT, ALWAYS, "ages" },
	{ VR_CLOCK_SHIFT, ALWAYS, "ages" },
	{ VR_DEV_WATCHDOG, ALWAYS, "watchdog_timeo_ms" },
	{ VR_SKB_FRAGS, ALWAYS, "whether a stopped transmit ring is full" },
	{ VR_TXQ_TIMEOUTS, ALWAYS, "trans_timeout" },
	{ VR_MODULE_LIST, ALWAYS, "which modules are loaded" },
	{ VR_MODULE_NAME, ALWAYS, "which modules are loaded" },

	{ VR_IRQ_NUMBER, ALWAYS, "the interrupts' numbers" },
	{ VR_IRQ_STATE, ALWAYS, "whether an interrupt is masked" },
	{ VR_IRQ_AFFINITY, ALWAYS, "the interrupts' CPUs" },
	{ VR_IRQ_EFFECTIVE, NEVER, NULL },	/* an option of some architectures */
	{ VR_IRQ_KSTAT, ALWAYS, "the interrupts' counts" },
	{ VR_IRQ_ACTION, ALWAYS, irqs },
	{ VR_IRQ_DEPTH, ALWAYS, "whether an interrupt is disabled" },
	{ VR_IRQ_TOTAL, NEVER, NULL },	/* the sum over all CPUs is the same */
	{ VR_IRQ_UNHANDLED, ALWAYS, "unhandled interrupts" },
	{ VR_SZ_IRQ_DESC, ALWAYS, irqs },
	{ VR_SZ_CPUMASK, ALWAYS, "the interrupts' CPUs" },
	{ VR_ACTION_DEV_ID, ALWAYS, irqs },
	{ VR_ACTION_NEXT, ALWAYS, "shared interrupts" },
	{ VR_ACTION_NAME, ALWAYS, "the interrupts' names" },
	{ VR_RADIX_HEAD, ALWAYS, irqs },
	{ VR_RADIX_SHIFT, NO_HEIGHT, irqs },
	{ VR_RADIX_SLOTS, ALWAYS, irqs },
	{ VR_RADIX_HEIGHT, NO_SHIFT, irqs },
	{ VR_MAPLE_ROOT, ALWAYS, irqs },
	{ VR_MAPLE_SLOT, ALWAYS, irqs },
	{ VR_MAPLE_PIVOT64, ALWAYS, irqs },
	{ VR_MAPLE_SLOT64, ALWAYS, irqs },
	{ VR_MAPLE_PIVOTA, ALWAYS, irqs },
	{ VR_MAPLE_SLOTA, ALWAYS, irqs },
	{ VR_SOFTIRQ_HOT, NO_SOFTIRQS, "pending softirqs" },
	{ VR_SOFTIRQ_STAT, NO_SOFTIRQS, "pending softirqs" },
	{ VR_RUNQ_CURR, ALWAYS, "whether a CPU is idle" },
	{ VR_RUNQ_IDLE, ALWAYS, "whether a CPU is idle" },

	{ VR_VDEV_FAILED, SINCE_SPLIT, "failed" },
	{ VR_VDEV_ENABLED, SINCE_SPLIT, "whether the device is ready" },
	{ VR_VQ_CALLBACK, ALWAYS, "callback" },
	{ VR_VQ_NUM_MAX, NEVER, NULL },
	{ VR_VQ_RESET, WITH_NUM_MAX, "whether a queue is being reset" },
	{ VR_VVQ_AVAIL_IDX_SHADOW, SINCE_SPLIT, "avail_idx_shadow" },
	{ VR_VVQ_AVAIL_FLAGS_SHADOW, SINCE_SPLIT, "avail_flags_shadow" },
	{ VR_VVQ_EVENT_TRIGGERED, WITH_EXTRA, "event_triggered" },
	{ VR_VVQ_PACKED_RING, NO_LAYOUT, packed },
	{ VR_VVQ_LAYOUT, NO_LAYOUT, packed },
	{ VR_VVQ_DESC_STATE_PTR, NO_TOKENS, tokens },
	{ VR_VVQ_DESC_STATE, NO_TOKENS, tokens },
	{ VR_VVQ_DATA, NO_TOKENS, tokens },
	{ VR_SZ_DESC_STATE, ALWAYS, tokens },
	{ VR_STATE_DATA, ALWAYS, tokens },
	{ VR_STATE_INDIR, ALWAYS, "indirect tables" },
	{ VR_VVQ_DESC_EXTRA_PTR, NO_NEXT, free_list },
	{ VR_SZ_DESC_EXTRA, ALWAYS, free_list },
	{ VR_EXTRA_NEXT, ALWAYS, free_list },
	{ VR_VVQ_LAST_USED, WITH_LAYOUT, "the oldest buffer of rings in order" },
	{ VR_VVQ_BATCH_ID, WITH_LAYOUT, "batches of rings in order" },
	{ VR_PVQ_NUM, SINCE_SPLIT, packed },
	{ VR_PVQ_DESC, SINCE_SPLIT, packed },
	{ VR_PVQ_DRIVER, SINCE_SPLIT, packed },
	{ VR_PVQ_DEVICE, SINCE_SPLIT, packed },
	{ VR_PVQ_NEXT_AVAIL, SINCE_SPLIT, packed },
	{ VR_PVQ_AVAIL_WRAP, SINCE_SPLIT, packed },
	{ VR_PVQ_USED_WRAP, NEVER, NULL },	/* a bit of last_used_idx since */
	{ VR_PVQ_EVENT_SHADOW, SINCE_SPLIT, packed },
	{ VR_PVQ_STATE, SINCE_SPLIT, packed },
	{ VR_PVQ_EXTRA, SINCE_SPLIT, packed },
	{ VR_SZ_PSTATE, ALWAYS, packed },
	{ VR_PSTATE_DATA, ALWAYS, packed },
	{ VR_PSTATE_INDIR, ALWAYS, packed },
	{ VR_PSTATE_NUM, ALWAYS, packed },
	{ VR_PSTATE_NEXT, NO_EXTRA, packed },
	{ VR_VI_STATUS, ALWAYS, "link_up" },
	{ VR_VI_REFILL, NEVER, NULL },	/* gone */
	{ VR_VI_REFILL_ENABLED, WITH_REFILL_LOCK, "refill_enabled" },
	{ VR_VI_REFILL_LOCK, NEVER, NULL },	/* only tells of the one above */
	{ VR_SQ_NAPI, SINCE_SPLIT, "napi of transmit queues" },
	{ VR_RQ_NAPI, ALWAYS, "napi of receive queues" },
	{ VR_SQ_KICKS, WITH_TRIGGERED, "kicks of transmit queues" },
	{ VR_RQ_KICKS, WITH_TRIGGERED, "kicks of receive queues" },
	{ VR_SQ_TIMEOUTS, NEVER, NULL },
	{ VR_SQ_RESET, WITH_NUM_MAX, "whether a transmit queue is being reset" },

	{ VR_SZ_XDP_FRAME, SINCE_SPLIT, "XDP frames" },
	{ VR_XDPF_DATA, WITH_XDP, "XDP frames" },
	{ VR_XDPF_LEN, WITH_XDP, "XDP frames" },
	{ VR_XDPF_HEADROOM, WITH_XDP, "XDP frames" },
	{ VR_VI_MERGEABLE, ALWAYS, "the kind of receive buffers" },
	{ VR_VI_HDR_LEN, SINCE_SPLIT, "the length of headers" },
	{ VR_VI_BIG_PACKETS, ALWAYS, "the kind of receive buffers" },
	{ VR_VI_XDP_PAIRS, SINCE_SPLIT, "which queues are XDP's" },
	{ VR_VI_ALLOC_FRAG, NEVER, NULL },
	{ VR_RQ_AVERAGE, SINCE_SPLIT, "the size of receive buffers" },
	{ VR_RQ_MIN_BUF, SINCE_SPLIT, "the size of receive buffers" },
	{ VR_RQ_XSK_POOL, NEVER, NULL },
	{ VR_SQ_FREE_NAPI, NEVER, NULL },

	{ VR_VBR_REQ, NEVER, NULL },
	{ VR_REQ_HCTX, SINCE_SPLIT, "whose a request is" },
	{ VR_HCTX_QUEUE, SINCE_SPLIT, "whose a request is" },
	{ VR_REQ_TAG, ALWAYS, "tag" },
	{ VR_REQ_STATE, SINCE_SPLIT, "the requests' state" },
	{ VR_REQ_START, NEVER, NULL },
	{ VR_REQ_START_NS, SINCE_SPLIT, "the requests' age" },
	{ VR_REQ_IO_START_NS, SINCE_SPLIT, "the requests' age" },
	{ VR_BUS_P, NEVER, NULL },
	{ VR_DEVICE_P, ALWAYS, "the bus, by a device on it" },
	{ VR_DEVICE_PARENT, ALWAYS, "the devices' transport" },
	{ VR_DEVICE_KOBJ_NAME, ALWAYS, "the devices' transport" },

	{ VR_TASK_STATE, ALWAYS, "the tasks' state" },
	{ VR_TASK_ON_CPU, ALWAYS, "whether a task runs" },
	{ VR_TASK_ON_RQ, ALWAYS, "whether the worker waits for a CPU" },
	{ VR_TASK_DELAYED, NEVER, NULL },	/* 6.12 */
	{ VR_FILE_DENTRY, ALWAYS, "what is open" },
	{ VR_DENTRY_NAME, ALWAYS, "what is open" },
	{ VR_EVENTFD_COUNT, ALWAYS, "eventfd_count" },
	{ VR_SOCK_QLEN, ALWAYS, "packets in sockets" },
	{ VR_RING_PRODUCER, SINCE_IOTLB, "tx_ring" },
	{ VR_RING_CONSUMER, SINCE_IOTLB, "tx_ring" },
	{ VR_RING_SIZE, SINCE_IOTLB, "tx_ring" },
	{ VR_RING_QUEUE, SINCE_IOTLB, "tx_ring" },
	{ VR_TFILE_RING, WITH_RING, "tx_ring" },
	{ VR_TAP_LIST, NO_TAP_QUEUES, taps },
	{ VR_TAP_ARRAY, NO_TAP_QUEUES, taps },
	{ VR_TAPQ_INDEX, WITH_TAP_LIST, "queue_index" },
	{ VR_TAPQ_NEXT, WITH_TAP_LIST, taps },
	{ VR_TAPQ_ENABLED, WITH_TAP_LIST, "detached" },
	{ VR_TAPQ_RING, WITH_RING, "tx_ring" },
	{ VR_VHD_WORKER, NO_WORKER, worker },
	{ VR_VHQ_WORKER, NO_WORKER, worker },
	{ VR_SZ_VHOST_WORKER, NEVER, NULL },
	{ VR_WORKER_VTSK, NO_WORKER_TASK, worker },
	{ VR_WORKER_KTHREAD, NO_WORKER_TASK, worker },
	{ VR_WORKER_TASK, NO_WORKER_TASK, worker },
	{ VR_VTSK_TASK, WITH_VTSK, worker },
	{ VR_VHD_UMEM, NO_MEMORY, regions },
	{ VR_VHD_IOTLB, WITH_UMEM, regions },
	{ VR_VHD_MEMORY, NO_MEMORY, regions },
	{ VR_IOTLB_LIST, WITH_UMEM, regions },
	{ VR_MAP_LINK, WITH_UMEM, regions },
	{ VR_MAP_START, WITH_UMEM, regions },
	{ VR_MAP_SIZE, WITH_UMEM, regions },
	{ VR_MAP_ADDR, WITH_UMEM, regions },
	{ VR_MEM_NREGIONS, WITH_REGIONS, regions },
	{ VR_MEM_REGIONS, WITH_REGIONS, regions },
	{ VR_SZ_REGION, WITH_REGIONS, regions },
	{ VR_REGION_START, WITH_REGIONS, regions },
	{ VR_REGION_SIZE, WITH_REGIONS, regions },
	{ VR_REGION_ADDR, WITH_REGIONS, regions },
	{ VR_VHQ_IOV, ALWAYS, "iov" },
	{ VR_VHQ_MUTEX, ALWAYS, "whether a sleeping worker is inside of its work" },
	{ VR_VHQ_BUSYLOOP, WITH_UMEM, "busyloop_timeout" },
	{ VR_VHQ_IS_LE, WITH_UMEM, "the rings' byte order" },
	{ VR_WORK_FLAGS, WITH_UMEM, "whether work is queued" },
	{ VR_VNQ_UPEND, ALWAYS, "upend_idx" },
	{ VR_VNQ_DONE, ALWAYS, "done_idx" },
	{ VR_VNQ_RXQ_HEAD, SINCE_IOTLB, "rxq" },
	{ VR_VNQ_RXQ_TAIL, SINCE_IOTLB, "rxq" },
	{ VR_VSOCK_CID, ALWAYS, "guest_cid" },
};

static bool has_any(const struct vr_ctx *c, const enum vr_slot *slots, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (vr_has(c, slots[i]))
			return true;
	return false;
}

#define ANY(...) has_any(c, (const enum vr_slot[]){ __VA_ARGS__ }, \
	sizeof((const enum vr_slot[]){ __VA_ARGS__ }) / sizeof(enum vr_slot))

static bool expected(const struct vr_ctx *c, enum when when)
{
	bool split = ANY(VR_PVQ_NUM, VR_PVQ_DESC, VR_VVQ_DESC_STATE_PTR,
			 VR_VVQ_DESC_EXTRA_PTR, VR_VVQ_LAYOUT);
	bool iotlb = vr_has(c, VR_MAP_START) &&
		     !strcmp(c->layout.f[VR_MAP_START].type, "vhost_iotlb_map");
	bool workers = ANY(VR_VHQ_WORKER, VR_SZ_VHOST_WORKER);
	uint64_t addr;

	switch (when) {
	case NEVER:
		return false;
	case ALWAYS:
		return true;
	case SINCE_SPLIT:	/* a host's command does not ask for rings */
		return split || iotlb;
	case NO_TOKENS:
		return !ANY(VR_VVQ_DESC_STATE_PTR, VR_VVQ_DESC_STATE, VR_VVQ_DATA);
	case WITH_TRIGGERED:
		return vr_has(c, VR_VVQ_EVENT_TRIGGERED);
	case NO_NEXT:
		return vr_has(c, VR_PSTATE_DATA) && !vr_has(c, VR_PSTATE_NEXT);
	case WITH_EXTRA:
		return vr_has(c, VR_VVQ_DESC_EXTRA_PTR);
	case NO_LAYOUT:
		return split && !ANY(VR_VVQ_PACKED_RING, VR_VVQ_LAYOUT);
	case WITH_NUM_MAX:
		return vr_has(c, VR_VQ_NUM_MAX);
	case WITH_LAYOUT:
		return vr_has(c, VR_VVQ_LAYOUT);
	case NO_EXTRA:
		return !ANY(VR_VVQ_DESC_EXTRA_PTR, VR_VVQ_EVENT_TRIGGERED);
	case WITH_XDP:
		return vr_has(c, VR_SZ_XDP_FRAME);
	case NO_SOFTIRQS:
		return !ANY(VR_SOFTIRQ_HOT, VR_SOFTIRQ_STAT) &&
		       c->t->symbol(c->t, "__softirq_pending", &addr);
	case NO_SHIFT:
		return !vr_has(c, VR_RADIX_SHIFT);
	case NO_HEIGHT:
		return !vr_has(c, VR_RADIX_HEIGHT);
	case WITH_REFILL:
		return vr_has(c, VR_VI_REFILL) &&
		       vr_has(c, VR_VVQ_EVENT_TRIGGERED);
	case WITH_REFILL_LOCK:
		return vr_has(c, VR_VI_REFILL_LOCK);
	case SINCE_IOTLB:
		return iotlb;
	case NO_WORKER:
		return !ANY(VR_VHQ_WORKER, VR_VHD_WORKER);
	case NO_WORKER_TASK:
		return workers && !ANY(VR_WORKER_VTSK, VR_WORKER_KTHREAD,
				       VR_WORKER_TASK);
	case WITH_VTSK:
		return vr_has(c, VR_WORKER_VTSK);
	case NO_MEMORY:
		return !ANY(VR_VHD_UMEM, VR_VHD_MEMORY);
	case WITH_UMEM:
		return vr_has(c, VR_VHD_UMEM);
	case WITH_REGIONS:
		return vr_has(c, VR_VHD_MEMORY) && !vr_has(c, VR_VHD_UMEM);
	case WITH_RING:
		return vr_has(c, VR_RING_SIZE);
	case NO_TAP_QUEUES:
		return !ANY(VR_TAP_LIST, VR_TAP_ARRAY);
	case WITH_TAP_LIST:
		return vr_has(c, VR_TAP_LIST);
	}
	return false;
}

static const struct note *note_of(enum vr_slot s)
{
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (notes[i].slot == s)
			return &notes[i];
	return NULL;
}

void vr_layout_mark_missed(struct vr_ctx *c, unsigned groups)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		struct vr_field *f = &c->layout.f[r->slot];
		const struct note *n;

		if (!(r->groups & groups))
			continue;
		f->missed = false;
		/* Most are known: this is done for each command. */
		if (f->known || f->foreign)
			continue;
		n = note_of(r->slot);
		f->missed = !r->optional || (n && expected(c, n->when));
	}
}

bool vr_layout_loses(enum vr_slot s, const char **loses)
{
	const struct note *n = note_of(s);

	*loses = n ? n->loses : NULL;
	return n;
}

unsigned vr_layout_missed(const struct vr_ctx *c)
{
	const struct vr_row *r;
	unsigned n = 0;

	for (size_t i = 0; (r = vr_row_at(i)); i++)
		n += (r->groups & c->layout.asked) && c->layout.f[r->slot].missed;
	return n;
}

void vr_layout_tell_missed(struct vr_ctx *c)
{
	const struct vr_row *r;

	for (size_t i = 0; (r = vr_row_at(i)); i++) {
		struct vr_error e = { .code = VR_E_NO_MEMBER,
			.of = r->as[0].type, .what = r->as[0].path,
			.module = r->module ? r->module : "vmlinux" };

		if (!(r->groups & c->layout.asked) || !c->layout.f[r->slot].missed ||
		    !r->optional)
			continue;
		vr_layout_loses(r->slot, &e.loses);
		vr_error_add(c, e);
	}
	for (unsigned i = 0; i < VR_NO_SYMBOLS && c->no_symbol[i].name; i++)
		vr_error_add(c, (struct vr_error){ .code = VR_E_NO_SYMBOL,
			.what = c->no_symbol[i].name,
			.loses = c->no_symbol[i].loses });
	for (unsigned i = 0; i < VR_NCONSTANTS; i++) {
		struct vr_error e = { .code = VR_E_NO_CONSTANT };
		unsigned group = vr_constant_row(i, &e.what, &e.loses);

		if ((group & c->layout.asked) &&
		    c->layout.constant[i] == VR_NO_CONSTANT)
			vr_error_add(c, e);
	}
}

void vr_symbol_missed(struct vr_ctx *c, const char *name, const char *loses)
{
	for (unsigned i = 0; i < VR_NO_SYMBOLS; i++) {
		if (!c->no_symbol[i].name)
			c->no_symbol[i].loses = loses;
		else if (strcmp(c->no_symbol[i].name, name))
			continue;
		c->no_symbol[i].name = name;
		return;
	}
}
