// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * members.c - the table of struct members: what each is called in which kernel.
 *
 * Spellings stand newest first; the first that the dump's own types know is
 * taken.  'since' names the earliest release whose sources were seen to have
 * the spelling (sources of 3.10 to 7.3 were read); it is for readers, the code
 * never looks at it.
 *
 * To add a layout: put the new spelling in front of the row's others, with the
 * release that brought it; docs/adding-a-layout.md walks through an example.
 */
#include "members.h"

#define K VR_G_KERNEL
#define G VR_G_GUEST
#define T VR_G_TASKS

static const char virtio[] = "virtio";
static const char ring[] = "virtio_ring";
static const char net[] = "virtio_net";

const struct vr_row vr_rows[] = {
	/* ---- vmlinux ---- */
	{ VR_SZ_NET_DEVICE, K, NULL, false, { { "net_device", NULL, "" } } },
	{ VR_NET_LIST, K, NULL, false, { { "net", "list", "" } } },
	{ VR_NET_DEV_BASE_HEAD, K, NULL, false,
	  { { "net", "dev_base_head", "" } } },
	/* 3.19 gave all name spaces a common part. */
	{ VR_NET_INUM, K, NULL, true,
	  { { "net", "ns.inum", "3.19" }, { "net", "proc_inum", "3.8" } } },
	{ VR_DEV_LIST, K, NULL, false, { { "net_device", "dev_list", "" } } },
	{ VR_DEV_NAME, K, NULL, false, { { "net_device", "name", "" } } },
	{ VR_DEV_PARENT, K, NULL, false,
	  { { "net_device", "dev.parent", "" } } },
	/* A flexible array closes the struct since 6.12 (not yet in 6.8); before, the private
	 * area follows the rounded-up size. */
	{ VR_DEV_PRIV, K, NULL, true, { { "net_device", "priv", "6.12" } } },
	{ VR_DEV_LINK_OPS, K, NULL, true,
	  { { "net_device", "rtnl_link_ops", "" } } },
	{ VR_LINK_OPS_KIND, K, NULL, true,
	  { { "rtnl_link_ops", "kind", "" } } },
	{ VR_DEVICE_BUS, K, NULL, false, { { "device", "bus", "" } } },
	{ VR_BUS_NAME, K, NULL, false, { { "bus_type", "name", "" } } },
	{ VR_MM_PGD, K, NULL, true, { { "mm_struct", "pgd", "" } } },
	{ VR_UTS_NODENAME, K, NULL, true,
	  { { "uts_namespace", "name.nodename", "" } } },
	{ VR_UTS_RELEASE, K, NULL, true,
	  { { "uts_namespace", "name.release", "" } } },
	{ VR_DEV_STATE, G, NULL, true, { { "net_device", "state", "" } } },
	{ VR_DEV_TX, G, NULL, true, { { "net_device", "_tx", "" } } },
	{ VR_DEV_NUM_TX, G, NULL, true,
	  { { "net_device", "num_tx_queues", "" } } },
	{ VR_SZ_NETDEV_QUEUE, G, NULL, true, { { "netdev_queue", NULL, "" } } },
	{ VR_TXQ_STATE, G, NULL, true, { { "netdev_queue", "state", "" } } },
	{ VR_TXQ_TRANS_START, G, NULL, true,
	  { { "netdev_queue", "trans_start", "" } } },
	{ VR_TXQ_QDISC, G, NULL, true, { { "netdev_queue", "qdisc", "" } } },
	{ VR_QDISC_QLEN, G, NULL, true, { { "Qdisc", "q.qlen", "" } } },
	{ VR_NAPI_STATE, G, NULL, true, { { "napi_struct", "state", "" } } },
	{ VR_NAPI_WEIGHT, G, NULL, true, { { "napi_struct", "weight", "" } } },
	{ VR_WORK_DATA, G, NULL, true, { { "delayed_work", "work.data", "" } } },
	{ VR_DEVICE_DRIVER, G, NULL, true, { { "device", "driver", "" } } },
	{ VR_DRIVER_NAME, G, NULL, true, { { "device_driver", "name", "" } } },
	/* mult >> shift of clocksource_jiffies is the length of a jiffy. */
	{ VR_CLOCK_MULT, G, NULL, true, { { "clocksource", "mult", "" } } },
	{ VR_CLOCK_SHIFT, G, NULL, true, { { "clocksource", "shift", "" } } },
	{ VR_MODULE_LIST, K, NULL, true, { { "module", "list", "" } } },
	{ VR_MODULE_NAME, K, NULL, true, { { "module", "name", "" } } },
	{ VR_TASK_TASKS, T, NULL, false, { { "task_struct", "tasks", "" } } },
	{ VR_TASK_PID, T, NULL, false, { { "task_struct", "pid", "" } } },
	{ VR_TASK_COMM, T, NULL, false, { { "task_struct", "comm", "" } } },
	{ VR_TASK_MM, T, NULL, false, { { "task_struct", "mm", "" } } },
	{ VR_TASK_SIGNAL, T, NULL, false, { { "task_struct", "signal", "" } } },
	/* All threads hang on their signal_struct since 3.14 (el7 too). */
	{ VR_SIGNAL_THREAD_HEAD, T, NULL, false,
	  { { "signal_struct", "thread_head", "3.14" } } },
	{ VR_TASK_THREAD_NODE, T, NULL, false,
	  { { "task_struct", "thread_node", "3.14" } } },

	/* ---- virtio.ko ---- */
	{ VR_VDEV_DEV, G, virtio, false, { { "virtio_device", "dev", "" } } },
	{ VR_VDEV_INDEX, G, virtio, false,
	  { { "virtio_device", "index", "" } } },
	{ VR_VDEV_ID, G, virtio, false,
	  { { "virtio_device", "id.device", "" } } },
	/* 6.17 keeps more than 64 bits; 'features' stays as the first word. */
	{ VR_VDEV_FEATURES, G, virtio, false,
	  { { "virtio_device", "features_array", "6.17" },
	    { "virtio_device", "features", "" } } },
	{ VR_VDEV_FAILED, G, virtio, true,
	  { { "virtio_device", "failed", "3.18" } } },
	{ VR_VQ_CALLBACK, G, virtio, true, { { "virtqueue", "callback", "" } } },
	{ VR_VQ_NUM_FREE, G, virtio, false, { { "virtqueue", "num_free", "" } } },
	{ VR_VQ_INDEX, G, virtio, false, { { "virtqueue", "index", "" } } },
	{ VR_VQ_NAME, G, virtio, false, { { "virtqueue", "name", "" } } },
	{ VR_VQ_VDEV, G, virtio, false, { { "virtqueue", "vdev", "" } } },

	/* ---- virtio_ring.ko ---- */
	{ VR_SZ_VRING_VIRTQUEUE, G, ring, false,
	  { { "vring_virtqueue", NULL, "" } } },
	/* The public part; always the first member so far. */
	{ VR_VVQ_VQ, G, ring, true, { { "vring_virtqueue", "vq", "" } } },
	/* 5.0 made room for packed rings: the split ring's members moved into
	 * an unnamed struct 'split' (a named one since 6.1). */
	{ VR_VVQ_NUM, G, ring, false,
	  { { "vring_virtqueue", "split.vring.num", "5.0" },
	    { "vring_virtqueue", "vring.num", "" } } },
	{ VR_VVQ_DESC, G, ring, false,
	  { { "vring_virtqueue", "split.vring.desc", "5.0" },
	    { "vring_virtqueue", "vring.desc", "" } } },
	{ VR_VVQ_AVAIL, G, ring, false,
	  { { "vring_virtqueue", "split.vring.avail", "5.0" },
	    { "vring_virtqueue", "vring.avail", "" } } },
	{ VR_VVQ_USED, G, ring, false,
	  { { "vring_virtqueue", "split.vring.used", "5.0" },
	    { "vring_virtqueue", "vring.used", "" } } },
	{ VR_VVQ_FREE_HEAD, G, ring, false,
	  { { "vring_virtqueue", "free_head", "" } } },
	{ VR_VVQ_NUM_ADDED, G, ring, false,
	  { { "vring_virtqueue", "num_added", "" } } },
	{ VR_VVQ_LAST_USED_IDX, G, ring, false,
	  { { "vring_virtqueue", "last_used_idx", "" } } },
	{ VR_VVQ_EVENT, G, ring, false, { { "vring_virtqueue", "event", "" } } },
	{ VR_VVQ_INDIRECT, G, ring, false,
	  { { "vring_virtqueue", "indirect", "" } } },
	{ VR_VVQ_BROKEN, G, ring, false,
	  { { "vring_virtqueue", "broken", "" } } },
	{ VR_VVQ_WEAK_BARRIERS, G, ring, false,
	  { { "vring_virtqueue", "weak_barriers", "" } } },
	/* The shadows came with 4.4; el7 never had them. */
	{ VR_VVQ_AVAIL_IDX_SHADOW, G, ring, true,
	  { { "vring_virtqueue", "split.avail_idx_shadow", "5.0" },
	    { "vring_virtqueue", "avail_idx_shadow", "4.4" } } },
	{ VR_VVQ_AVAIL_FLAGS_SHADOW, G, ring, true,
	  { { "vring_virtqueue", "split.avail_flags_shadow", "5.0" },
	    { "vring_virtqueue", "avail_flags_shadow", "4.4" } } },
	{ VR_VVQ_EVENT_TRIGGERED, G, ring, true,
	  { { "vring_virtqueue", "event_triggered", "5.15" } } },
	/* 5.0 to 6.19; then one enum names the four layouts. */
	{ VR_VVQ_PACKED_RING, G, ring, true,
	  { { "vring_virtqueue", "packed_ring", "5.0" } } },
	{ VR_VVQ_LAYOUT, G, ring, true,
	  { { "vring_virtqueue", "layout", "7.1" } } },
	/* The drivers' tokens: data[] at the struct's end, desc_state[] there
	 * since 4.9, an array of its own since 5.0. */
	{ VR_VVQ_DESC_STATE_PTR, G, ring, true,
	  { { "vring_virtqueue", "split.desc_state", "5.0" } } },
	{ VR_VVQ_DESC_STATE, G, ring, true,
	  { { "vring_virtqueue", "desc_state", "4.9" } } },
	{ VR_VVQ_DATA, G, ring, true, { { "vring_virtqueue", "data", "" } } },
	{ VR_SZ_DESC_STATE, G, ring, true,
	  { { "vring_desc_state_split", NULL, "5.0" },
	    { "vring_desc_state", NULL, "4.9" } } },
	{ VR_STATE_DATA, G, ring, true,
	  { { "vring_desc_state_split", "data", "5.0" },
	    { "vring_desc_state", "data", "4.9" } } },
	/* Since 5.15 the free list is linked here, out of the device's reach;
	 * before, through the shared descriptors. */
	{ VR_VVQ_DESC_EXTRA_PTR, G, ring, true,
	  { { "vring_virtqueue", "split.desc_extra", "5.15" } } },
	{ VR_SZ_DESC_EXTRA, G, ring, true,
	  { { "vring_desc_extra", NULL, "5.15" } } },
	{ VR_EXTRA_NEXT, G, ring, true,
	  { { "vring_desc_extra", "next", "5.15" } } },

	/* ---- virtio_net.ko ---- */
	{ VR_VI_DEV, G, net, false, { { "virtnet_info", "dev", "" } } },
	{ VR_VI_VDEV, G, net, false, { { "virtnet_info", "vdev", "" } } },
	{ VR_VI_SQ, G, net, false, { { "virtnet_info", "sq", "" } } },
	{ VR_VI_RQ, G, net, false, { { "virtnet_info", "rq", "" } } },
	{ VR_VI_CVQ, G, net, false, { { "virtnet_info", "cvq", "" } } },
	{ VR_VI_MAX_PAIRS, G, net, false,
	  { { "virtnet_info", "max_queue_pairs", "" } } },
	{ VR_VI_CURR_PAIRS, G, net, false,
	  { { "virtnet_info", "curr_queue_pairs", "" } } },
	{ VR_VI_STATUS, G, net, true, { { "virtnet_info", "status", "" } } },
	/* Gone with 6.19: RX is refilled from NAPI alone. */
	{ VR_VI_REFILL, G, net, true, { { "virtnet_info", "refill", "" } } },
	{ VR_VI_REFILL_ENABLED, G, net, true,
	  { { "virtnet_info", "refill_enabled", "5.10" } } },
	{ VR_SQ_NAPI, G, net, true, { { "send_queue", "napi", "4.12" } } },
	{ VR_RQ_NAPI, G, net, true, { { "receive_queue", "napi", "" } } },
	{ VR_SZ_SEND_QUEUE, G, net, false, { { "send_queue", NULL, "" } } },
	{ VR_SQ_VQ, G, net, false, { { "send_queue", "vq", "" } } },
	{ VR_SZ_RECEIVE_QUEUE, G, net, false,
	  { { "receive_queue", NULL, "" } } },
	{ VR_RQ_VQ, G, net, false, { { "receive_queue", "vq", "" } } },
};

const size_t vr_nrows = sizeof(vr_rows) / sizeof(vr_rows[0]);
