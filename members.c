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
#define U VR_G_TUN
#define P VR_G_TAP
#define V VR_G_VHOST

static const char virtio[] = "virtio";
static const char ring[] = "virtio_ring";
static const char net[] = "virtio_net";
static const char tun[] = "tun";
static const char tap[] = "tap";
static const char vhost[] = "vhost";
static const char vhnet[] = "vhost_net";
static const char iotlb[] = "vhost_iotlb";

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
	{ VR_DEV_TX, G | V, NULL, true, { { "net_device", "_tx", "" } } },
	{ VR_DEV_NUM_TX, G | V, NULL, true,
	  { { "net_device", "num_tx_queues", "" } } },
	{ VR_SZ_NETDEV_QUEUE, G | V, NULL, true, { { "netdev_queue", NULL, "" } } },
	{ VR_TXQ_STATE, G | V, NULL, true, { { "netdev_queue", "state", "" } } },
	{ VR_TXQ_TRANS_START, G | V, NULL, true,
	  { { "netdev_queue", "trans_start", "" } } },
	{ VR_TXQ_QDISC, G | V, NULL, true, { { "netdev_queue", "qdisc", "" } } },
	{ VR_QDISC_QLEN, G | V, NULL, true, { { "Qdisc", "q.qlen", "" } } },
	/* 4.16: queues without a lock count per CPU. */
	{ VR_QDISC_FLAGS, G | V, NULL, true, { { "Qdisc", "flags", "" } } },
	{ VR_QDISC_CPU_QSTATS, G | V, NULL, true,
	  { { "Qdisc", "cpu_qstats", "3.18" } } },
	{ VR_QDISC_QSTATS_QLEN, G | V, NULL, true,
	  { { "Qdisc", "qstats.qlen", "" } } },
	{ VR_GNET_QLEN, G | V, NULL, true,
	  { { "gnet_stats_queue", "qlen", "" } } },
	{ VR_NAPI_STATE, G, NULL, true, { { "napi_struct", "state", "" } } },
	{ VR_NAPI_WEIGHT, G, NULL, true, { { "napi_struct", "weight", "" } } },
	{ VR_WORK_DATA, G, NULL, true, { { "delayed_work", "work.data", "" } } },
	{ VR_DEVICE_DRIVER, G, NULL, true, { { "device", "driver", "" } } },
	{ VR_DRIVER_NAME, G, NULL, true, { { "device_driver", "name", "" } } },
	/* mult >> shift of clocksource_jiffies is the length of a jiffy. */
	{ VR_CLOCK_MULT, G | V, NULL, true, { { "clocksource", "mult", "" } } },
	{ VR_CLOCK_SHIFT, G | V, NULL, true, { { "clocksource", "shift", "" } } },
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
	{ VR_STATE_INDIR, G, ring, true,
	  { { "vring_desc_state_split", "indir_desc", "5.0" },
	    { "vring_desc_state", "indir_desc", "4.9" } } },
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

	/* ---- files, sockets and wait queues: vmlinux ---- */
	/* 5.14 renamed it, so that nobody reads it without READ_ONCE. */
	{ VR_TASK_STATE, T, NULL, true,
	  { { "task_struct", "__state", "5.14" }, { "task_struct", "state", "" } } },
	{ VR_TASK_FILES, T, NULL, false, { { "task_struct", "files", "" } } },
	{ VR_FILES_FDT, T, NULL, false, { { "files_struct", "fdt", "" } } },
	{ VR_FDT_MAX_FDS, T, NULL, false, { { "fdtable", "max_fds", "" } } },
	{ VR_FDT_FD, T, NULL, false, { { "fdtable", "fd", "" } } },
	{ VR_FILE_INODE, T, NULL, false, { { "file", "f_inode", "3.9" } } },
	{ VR_FILE_PRIVATE, T, NULL, false, { { "file", "private_data", "" } } },
	{ VR_FILE_DENTRY, T, NULL, true, { { "file", "f_path.dentry", "" } } },
	{ VR_DENTRY_NAME, T, NULL, true, { { "dentry", "d_name.name", "" } } },
	{ VR_INODE_RDEV, T, NULL, false, { { "inode", "i_rdev", "" } } },
	{ VR_INODE_MODE, T, NULL, false, { { "inode", "i_mode", "" } } },
	{ VR_EVENTFD_COUNT, V, NULL, true, { { "eventfd_ctx", "count", "" } } },
	{ VR_SOCK_WQ, V, NULL, false, { { "sock", "sk_wq", "" } } },
	{ VR_SOCK_QLEN, V, NULL, true, { { "sock", "sk_receive_queue.qlen", "" } } },
	{ VR_SOCKET_WQ_WAIT, V, NULL, false, { { "socket_wq", "wait", "" } } },
	/* 4.13 renamed the wait queue's structs and members. */
	{ VR_WAIT_HEAD_LIST, V, NULL, false,
	  { { "wait_queue_head", "head", "4.13" },
	    { "__wait_queue_head", "task_list", "" } } },
	{ VR_WAIT_ENTRY_LIST, V, NULL, false,
	  { { "wait_queue_entry", "entry", "4.13" },
	    { "__wait_queue", "task_list", "" } } },
	{ VR_RING_PRODUCER, V, NULL, true, { { "ptr_ring", "producer", "4.9" } } },
	{ VR_RING_CONSUMER, V, NULL, true,
	  { { "ptr_ring", "consumer_head", "4.12" },
	    { "ptr_ring", "consumer", "4.9" } } },
	{ VR_RING_SIZE, V, NULL, true, { { "ptr_ring", "size", "4.9" } } },
	{ VR_RING_QUEUE, V, NULL, true, { { "ptr_ring", "queue", "4.9" } } },

	/* ---- tun.ko ---- */
	{ VR_TUN_DEV, U, tun, false, { { "tun_struct", "dev", "" } } },
	{ VR_TUN_TFILES, U, tun, false, { { "tun_struct", "tfiles", "3.8" } } },
	{ VR_TUN_NUMQUEUES, U, tun, false,
	  { { "tun_struct", "numqueues", "3.8" } } },
	{ VR_TUN_DISABLED, U, tun, false, { { "tun_struct", "disabled", "3.8" } } },
	{ VR_TFILE_SK, U, tun, false, { { "tun_file", "sk", "" } } },
	{ VR_TFILE_SOCKET, U, tun, false, { { "tun_file", "socket", "" } } },
	{ VR_TFILE_INDEX, U, tun, false, { { "tun_file", "queue_index", "3.8" } } },
	{ VR_TFILE_NEXT, U, tun, false, { { "tun_file", "next", "3.8" } } },
	/* Packets wait in a ptr_ring since 4.9, inside an skb_array at first. */
	{ VR_TFILE_RING, U, tun, true,
	  { { "tun_file", "tx_ring", "4.19" }, { "tun_file", "tx_array.ring", "4.9" } } },

	/* ---- tap.ko (macvtap.ko before 4.12) ---- */
	{ VR_DEV_RX_HANDLER_DATA, P, NULL, false,
	  { { "net_device", "rx_handler_data", "" } } },
	{ VR_TAP_DEV, P, tap, false,
	  { { "tap_dev", "dev", "4.12" }, { "macvlan_dev", "dev", "" } } },
	{ VR_TAP_LIST, P, tap, false,
	  { { "tap_dev", "queue_list", "4.12" },
	    { "macvlan_dev", "queue_list", "3.13" } } },
	{ VR_TAPQ_SK, P, tap, false,
	  { { "tap_queue", "sk", "4.12" }, { "macvtap_queue", "sk", "" } } },
	{ VR_TAPQ_SOCKET, P, tap, false,
	  { { "tap_queue", "sock", "4.12" }, { "macvtap_queue", "sock", "" } } },
	{ VR_TAPQ_INDEX, P, tap, false,
	  { { "tap_queue", "queue_index", "4.12" },
	    { "macvtap_queue", "queue_index", "3.13" } } },
	{ VR_TAPQ_NEXT, P, tap, false,
	  { { "tap_queue", "next", "4.12" }, { "macvtap_queue", "next", "3.13" } } },
	{ VR_TAPQ_ENABLED, P, tap, true,
	  { { "tap_queue", "enabled", "4.12" },
	    { "macvtap_queue", "enabled", "3.13" } } },
	{ VR_TAPQ_RING, P, tap, true,
	  { { "tap_queue", "ring", "4.19" }, { "tap_queue", "skb_array.ring", "4.12" },
	    { "macvtap_queue", "skb_array.ring", "4.9" } } },

	/* ---- vhost.ko ---- */
	{ VR_VHD_MM, V, vhost, false, { { "vhost_dev", "mm", "" } } },
	{ VR_VHD_VQS, V, vhost, false, { { "vhost_dev", "vqs", "" } } },
	{ VR_VHD_NVQS, V, vhost, false, { { "vhost_dev", "nvqs", "" } } },
	/* A task, an embedded vhost_worker (6.4), a pointer to one (el9), or
	 * one a queue (6.6): told apart by size and by what else is there. */
	{ VR_VHD_WORKER, V, vhost, true, { { "vhost_dev", "worker", "" } } },
	{ VR_VHQ_WORKER, V, vhost, true, { { "vhost_virtqueue", "worker", "6.6" } } },
	{ VR_SZ_VHOST_WORKER, V, vhost, true, { { "vhost_worker", NULL, "6.4" } } },
	{ VR_WORKER_VTSK, V, vhost, true, { { "vhost_worker", "vtsk", "6.4" } } },
	{ VR_WORKER_KTHREAD, V, vhost, true,
	  { { "vhost_worker", "kthread_task", "6.17" } } },
	{ VR_WORKER_TASK, V, vhost, true, { { "vhost_worker", "task", "el9" } } },
	{ VR_VTSK_TASK, V, NULL, true, { { "vhost_task", "task", "6.4" } } },
	/* Guest memory: an array to 4.4, a tree and list since 4.9. */
	{ VR_VHD_UMEM, V, vhost, true, { { "vhost_dev", "umem", "4.9" } } },
	{ VR_VHD_IOTLB, V, vhost, true, { { "vhost_dev", "iotlb", "4.9" } } },
	{ VR_VHD_MEMORY, V, vhost, true, { { "vhost_dev", "memory", "" } } },
	{ VR_IOTLB_LIST, V, iotlb, true,
	  { { "vhost_iotlb", "list", "5.8" }, { "vhost_umem", "umem_list", "4.9" } } },
	{ VR_MAP_LINK, V, iotlb, true,
	  { { "vhost_iotlb_map", "link", "5.8" },
	    { "vhost_umem_node", "link", "4.9" } } },
	{ VR_MAP_START, V, iotlb, true,
	  { { "vhost_iotlb_map", "start", "5.8" },
	    { "vhost_umem_node", "start", "4.9" } } },
	{ VR_MAP_SIZE, V, iotlb, true,
	  { { "vhost_iotlb_map", "size", "5.8" },
	    { "vhost_umem_node", "size", "4.9" } } },
	{ VR_MAP_ADDR, V, iotlb, true,
	  { { "vhost_iotlb_map", "addr", "5.8" },
	    { "vhost_umem_node", "userspace_addr", "4.9" } } },
	{ VR_MEM_NREGIONS, V, vhost, true, { { "vhost_memory", "nregions", "" } } },
	{ VR_MEM_REGIONS, V, vhost, true, { { "vhost_memory", "regions", "" } } },
	{ VR_SZ_REGION, V, vhost, true, { { "vhost_memory_region", NULL, "" } } },
	{ VR_REGION_START, V, vhost, true,
	  { { "vhost_memory_region", "guest_phys_addr", "" } } },
	{ VR_REGION_SIZE, V, vhost, true,
	  { { "vhost_memory_region", "memory_size", "" } } },
	{ VR_REGION_ADDR, V, vhost, true,
	  { { "vhost_memory_region", "userspace_addr", "" } } },
	{ VR_VHQ_DEV, V, vhost, false, { { "vhost_virtqueue", "dev", "" } } },
	{ VR_VHQ_NUM, V, vhost, false, { { "vhost_virtqueue", "num", "" } } },
	{ VR_VHQ_DESC, V, vhost, false, { { "vhost_virtqueue", "desc", "" } } },
	{ VR_VHQ_AVAIL, V, vhost, false, { { "vhost_virtqueue", "avail", "" } } },
	{ VR_VHQ_USED, V, vhost, false, { { "vhost_virtqueue", "used", "" } } },
	{ VR_VHQ_LAST_AVAIL, V, vhost, false,
	  { { "vhost_virtqueue", "last_avail_idx", "" } } },
	{ VR_VHQ_AVAIL_IDX, V, vhost, false,
	  { { "vhost_virtqueue", "avail_idx", "" } } },
	{ VR_VHQ_LAST_USED, V, vhost, false,
	  { { "vhost_virtqueue", "last_used_idx", "" } } },
	{ VR_VHQ_USED_FLAGS, V, vhost, false,
	  { { "vhost_virtqueue", "used_flags", "" } } },
	{ VR_VHQ_SIGNALLED, V, vhost, false,
	  { { "vhost_virtqueue", "signalled_used", "" } } },
	{ VR_VHQ_SIGNALLED_VALID, V, vhost, false,
	  { { "vhost_virtqueue", "signalled_used_valid", "" } } },
	{ VR_VHQ_FEATURES, V, vhost, false,
	  { { "vhost_virtqueue", "acked_features", "3.16" },
	    { "vhost_dev", "acked_features", "" } } },
	{ VR_VHQ_BUSYLOOP, V, vhost, true,
	  { { "vhost_virtqueue", "busyloop_timeout", "4.9" } } },
	/* 6.x says void *, older ones the same under the same name. */
	{ VR_VHQ_BACKEND, V, vhost, false,
	  { { "vhost_virtqueue", "private_data", "" } } },
	{ VR_VHQ_KICK, V, vhost, false, { { "vhost_virtqueue", "kick", "" } } },
	{ VR_VHQ_CALL, V, vhost, false,
	  { { "vhost_virtqueue", "call_ctx.ctx", "5.10" },
	    { "vhost_virtqueue", "call_ctx", "" } } },
	{ VR_VHQ_ERROR, V, vhost, false, { { "vhost_virtqueue", "error_ctx", "" } } },
	{ VR_VHQ_IS_LE, V, vhost, true, { { "vhost_virtqueue", "is_le", "4.4" } } },
	{ VR_VHQ_POLL, V, vhost, false, { { "vhost_virtqueue", "poll", "" } } },
	{ VR_SZ_VHOST_POLL, V, vhost, false, { { "vhost_poll", NULL, "" } } },
	{ VR_POLL_WQH, V, vhost, false, { { "vhost_poll", "wqh", "" } } },
	{ VR_POLL_WAIT, V, vhost, false, { { "vhost_poll", "wait", "" } } },
	{ VR_POLL_WORK, V, vhost, false, { { "vhost_poll", "work", "" } } },
	{ VR_POLL_DEV, V, vhost, false, { { "vhost_poll", "dev", "" } } },
	/* Queued: bit 1 of flags; before 4.9, a node on a list. */
	{ VR_WORK_FLAGS, V, vhost, true, { { "vhost_work", "flags", "4.9" } } },
	{ VR_WORK_NODE, V, vhost, false, { { "vhost_work", "node", "" } } },

	/* ---- vhost_net.ko ---- */
	{ VR_VHN_DEV, V, vhnet, false, { { "vhost_net", "dev", "" } } },
	{ VR_VHN_POLL, V, vhnet, false, { { "vhost_net", "poll", "" } } },
	{ VR_VNQ_VQ, V, vhnet, false, { { "vhost_net_virtqueue", "vq", "" } } },
	{ VR_VNQ_UPEND, V, vhnet, true,
	  { { "vhost_net_virtqueue", "upend_idx", "" } } },
	{ VR_VNQ_DONE, V, vhnet, true,
	  { { "vhost_net_virtqueue", "done_idx", "" } } },
	{ VR_VNQ_RXQ_HEAD, V, vhnet, true,
	  { { "vhost_net_virtqueue", "rxq.head", "4.14" } } },
	{ VR_VNQ_RXQ_TAIL, V, vhnet, true,
	  { { "vhost_net_virtqueue", "rxq.tail", "4.14" } } },

	/* ---- other vhost devices ---- */
	{ VR_VSOCK_DEV, VR_G_VSOCK, "vhost_vsock", false,
	  { { "vhost_vsock", "dev", "4.8" } } },
	{ VR_VSOCK_CID, VR_G_VSOCK, "vhost_vsock", true,
	  { { "vhost_vsock", "guest_cid", "4.8" } } },
	{ VR_SCSI_DEV, VR_G_SCSI, "vhost_scsi", false,
	  { { "vhost_scsi", "dev", "" } } },
};

const size_t vr_nrows = sizeof(vr_rows) / sizeof(vr_rows[0]);
