// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * members.c - the table of struct members: what each is called in which kernel; a
 * guest's, and what both sides need (members_host.c has the host's).
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
#define N VR_G_NET
#define T VR_G_TASKS
#define V VR_G_VHOST
#define O VR_G_OWNERS
#define D VR_G_BLK
#define B VR_G_BUS
#define I VR_G_IRQ
#define Q VR_G_VQS

static const char virtio[] = "virtio";
static const char ring[] = "virtio_ring";
static const char net[] = "virtio_net";
static const char blk[] = "virtio_blk";

static const struct vr_row rows[] = {
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
	{ VR_MM_ARG_START, V, NULL, true, { { "mm_struct", "arg_start", "" } } },
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
	/* Late 4.19 to 5.2: one count for all CPUs, in the place of the other. */
	{ VR_QDISC_ATOMIC, G | V, NULL, true, { { "Qdisc", "q.atomic_qlen", "4.19" } } },
	/* 4.16: queues without a lock count per CPU. */
	{ VR_QDISC_FLAGS, G | V, NULL, true, { { "Qdisc", "flags", "" } } },
	{ VR_QDISC_CPU_QSTATS, G | V, NULL, true,
	  { { "Qdisc", "cpu_qstats", "3.18" } } },
	{ VR_QDISC_QSTATS_QLEN, G | V, NULL, true,
	  { { "Qdisc", "qstats.qlen", "" } } },
	{ VR_GNET_QLEN, G | V, NULL, true,
	  { { "gnet_stats_queue", "qlen", "" } } },
	{ VR_NAPI_STATE, G, NULL, true, { { "napi_struct", "state", "" } } },
	/* Polls that a timer may start in an interrupt's place; the device's are the default. */
	{ VR_NAPI_DEFER, G, NULL, true, { { "napi_struct", "defer_hard_irqs", "6.13" } } },
	{ VR_DEV_DEFER, G, NULL, true, { { "net_device", "napi_defer_hard_irqs", "5.8" } } },
	{ VR_NAPI_WEIGHT, G, NULL, true, { { "napi_struct", "weight", "" } } },
	{ VR_WORK_DATA, G, NULL, true, { { "delayed_work", "work.data", "" } } },
	{ VR_DEVICE_DRIVER, G, NULL, true, { { "device", "driver", "" } } },
	{ VR_DRIVER_NAME, G, NULL, true, { { "device_driver", "name", "" } } },
	/* mult >> shift of clocksource_jiffies is the length of a jiffy. */
	{ VR_CLOCK_MULT, G | V, NULL, true, { { "clocksource", "mult", "" } } },
	{ VR_CLOCK_SHIFT, G | V, NULL, true, { { "clocksource", "shift", "" } } },
	{ VR_DEV_WATCHDOG, G, NULL, true,
	  { { "net_device", "watchdog_timeo", "" } } },
	/* Its size is what counts: CONFIG_MAX_SKB_FRAGS is 17 to 45 since 6.3, 17 before. */
	{ VR_SKB_FRAGS, G, NULL, true, { { "skb_shared_info", "frags", "" } } },
	{ VR_TXQ_TIMEOUTS, G, NULL, true,
	  { { "netdev_queue", "trans_timeout", "" } } },
	{ VR_MODULE_LIST, K, NULL, true, { { "module", "list", "" } } },
	{ VR_MODULE_NAME, K, NULL, true, { { "module", "name", "" } } },
	{ VR_TASK_TASKS, T, NULL, false, { { "task_struct", "tasks", "" } } },
	{ VR_TASK_PID, T, NULL, false, { { "task_struct", "pid", "" } } },
	{ VR_TASK_COMM, T, NULL, false, { { "task_struct", "comm", "" } } },
	{ VR_TASK_MM, T, NULL, false, { { "task_struct", "mm", "" } } },
	{ VR_TASK_SIGNAL, T, NULL, false, { { "task_struct", "signal", "" } } },
	/* All threads hang on their signal_struct since 3.14 (el7 too); before, all
	 * but the leader on the leader. */
	{ VR_SIGNAL_THREAD_HEAD, T, NULL, false,
	  { { "signal_struct", "thread_head", "3.14" },
	    { "task_struct", "thread_group", "" } } },
	{ VR_TASK_THREAD_NODE, T, NULL, false,
	  { { "task_struct", "thread_node", "3.14" },
	    { "task_struct", "thread_group", "" } } },

	/* ---- interrupts: vmlinux ---- */
	{ VR_IRQ_NUMBER, I, NULL, true, { { "irq_desc", "irq_data.irq", "" } } },
	/* 4.3 and 4.4 moved what all chips of an interrupt share. */
	{ VR_IRQ_STATE, I, NULL, true,
	  { { "irq_desc", "irq_common_data.state_use_accessors", "4.3" },
	    { "irq_desc", "irq_data.state_use_accessors", "" } } },
	{ VR_IRQ_AFFINITY, I, NULL, true,
	  { { "irq_desc", "irq_common_data.affinity", "4.3" },
	    { "irq_desc", "irq_data.affinity", "" } } },
	{ VR_IRQ_EFFECTIVE, I, NULL, true,
	  { { "irq_desc", "irq_common_data.effective_affinity", "4.13" } } },
	{ VR_IRQ_KSTAT, I, NULL, true, { { "irq_desc", "kstat_irqs", "" } } },
	{ VR_IRQ_ACTION, I, NULL, true, { { "irq_desc", "action", "" } } },
	{ VR_IRQ_DEPTH, I, NULL, true, { { "irq_desc", "depth", "" } } },
	/* The sum over all CPUs of kstat_irqs. */
	{ VR_IRQ_TOTAL, I, NULL, true, { { "irq_desc", "tot_count", "5.1" } } },
	{ VR_IRQ_UNHANDLED, I, NULL, true,
	  { { "irq_desc", "irqs_unhandled", "" } } },
	{ VR_SZ_IRQ_DESC, I, NULL, true, { { "irq_desc", NULL, "" } } },
	{ VR_SZ_CPUMASK, I, NULL, true, { { "cpumask", NULL, "" } } },
	{ VR_ACTION_DEV_ID, I, NULL, true, { { "irqaction", "dev_id", "" } } },
	{ VR_ACTION_NEXT, I, NULL, true, { { "irqaction", "next", "" } } },
	{ VR_ACTION_NAME, I, NULL, true, { { "irqaction", "name", "" } } },
	/* The descriptors are in a radix tree, which became an xarray in all but
	 * name, or in a maple tree. A level was counted from the root first. */
	{ VR_RADIX_HEAD, I, NULL, true,
	  { { "xarray", "xa_head", "4.20" }, { "radix_tree_root", "rnode", "" } } },
	{ VR_RADIX_SHIFT, I, NULL, true,
	  { { "xa_node", "shift", "4.20" }, { "radix_tree_node", "shift", "4.7" } } },
	{ VR_RADIX_SLOTS, I, NULL, true,
	  { { "xa_node", "slots", "4.20" }, { "radix_tree_node", "slots", "" } } },
	{ VR_RADIX_HEIGHT, I, NULL, true,
	  { { "radix_tree_root", "height", "" } } },
	{ VR_MAPLE_ROOT, I, NULL, true, { { "maple_tree", "ma_root", "6.1" } } },
	{ VR_MAPLE_SLOT, I, NULL, true, { { "maple_node", "slot", "6.1" } } },
	{ VR_MAPLE_PIVOT64, I, NULL, true, { { "maple_range_64", "pivot", "6.1" } } },
	{ VR_MAPLE_SLOT64, I, NULL, true, { { "maple_range_64", "slot", "6.1" } } },
	{ VR_MAPLE_PIVOTA, I, NULL, true, { { "maple_arange_64", "pivot", "6.1" } } },
	{ VR_MAPLE_SLOTA, I, NULL, true, { { "maple_arange_64", "slot", "6.1" } } },
	/* What is pending on a CPU: a member here, or a variable (6.15). */
	{ VR_SOFTIRQ_HOT, I, NULL, true,
	  { { "pcpu_hot", "softirq_pending", "6.2" } } },
	{ VR_SOFTIRQ_STAT, I, NULL, true,
	  { { "irq_cpustat_t", "__softirq_pending", "" } } },
	{ VR_RUNQ_CURR, I, NULL, true, { { "rq", "curr", "" } } },
	{ VR_RUNQ_IDLE, I, NULL, true, { { "rq", "idle", "" } } },

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
	/* True between DRIVER_OK and reset; 6.12 split it in two (not in 6.8). */
	{ VR_VDEV_ENABLED, G, virtio, true,
	  { { "virtio_device", "config_core_enabled", "6.12" },
	    { "virtio_device", "config_enabled", "3.18" } } },
	{ VR_VQ_CALLBACK, G, virtio, true, { { "virtqueue", "callback", "" } } },
	{ VR_VQ_NUM_FREE, G, virtio, false, { { "virtqueue", "num_free", "" } } },
	{ VR_VQ_INDEX, G, virtio, false, { { "virtqueue", "index", "" } } },
	{ VR_VQ_NAME, G, virtio, false, { { "virtqueue", "name", "" } } },
	/* Came with the next one, and with send_queue.reset: nothing else asks for it. */
	{ VR_VQ_NUM_MAX, G, virtio, true, { { "virtqueue", "num_max", "6.0" } } },
	/* One queue alone is reset: to be resized, or for AF_XDP. */
	{ VR_VQ_RESET, G, virtio, true, { { "virtqueue", "reset", "6.0" } } },

	/* ---- virtio_ring.ko ---- */
	{ VR_SZ_VRING_VIRTQUEUE, G, ring, false,
	  { { "vring_virtqueue", NULL, "" } } },
	/* The public part; always the first member so far. */
	{ VR_VVQ_VQ, G, ring, false, { { "vring_virtqueue", "vq", "" } } },
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
	/* 7.1 reaps in order: the buffer that is next, and the last one of a
	 * batch that the device returned by one entry. */
	{ VR_VVQ_LAST_USED, G, ring, true,
	  { { "vring_virtqueue", "last_used", "7.1" } } },
	{ VR_VVQ_BATCH_ID, G, ring, true,
	  { { "vring_virtqueue", "batch_last.id", "7.1" } } },
	/* Packed rings came with 5.0. */
	{ VR_PVQ_NUM, G, ring, true,
	  { { "vring_virtqueue", "packed.vring.num", "5.0" } } },
	{ VR_PVQ_DESC, G, ring, true,
	  { { "vring_virtqueue", "packed.vring.desc", "5.0" } } },
	{ VR_PVQ_DRIVER, G, ring, true,
	  { { "vring_virtqueue", "packed.vring.driver", "5.0" } } },
	{ VR_PVQ_DEVICE, G, ring, true,
	  { { "vring_virtqueue", "packed.vring.device", "5.0" } } },
	{ VR_PVQ_NEXT_AVAIL, G, ring, true,
	  { { "vring_virtqueue", "packed.next_avail_idx", "5.0" } } },
	{ VR_PVQ_AVAIL_WRAP, G, ring, true,
	  { { "vring_virtqueue", "packed.avail_wrap_counter", "5.0" } } },
	/* Gone with 5.19 (not in 5.17): bit 15 of last_used_idx since. */
	{ VR_PVQ_USED_WRAP, G, ring, true,
	  { { "vring_virtqueue", "packed.used_wrap_counter", "5.0" } } },
	{ VR_PVQ_EVENT_SHADOW, G, ring, true,
	  { { "vring_virtqueue", "packed.event_flags_shadow", "5.0" } } },
	{ VR_PVQ_STATE, G, ring, true,
	  { { "vring_virtqueue", "packed.desc_state", "5.0" } } },
	{ VR_PVQ_EXTRA, G, ring, true,
	  { { "vring_virtqueue", "packed.desc_extra", "5.0" } } },
	{ VR_SZ_PSTATE, G, ring, true,
	  { { "vring_desc_state_packed", NULL, "5.0" } } },
	{ VR_PSTATE_DATA, G, ring, true,
	  { { "vring_desc_state_packed", "data", "5.0" } } },
	{ VR_PSTATE_INDIR, G, ring, true,
	  { { "vring_desc_state_packed", "indir_desc", "5.0" } } },
	{ VR_PSTATE_NUM, G, ring, true,
	  { { "vring_desc_state_packed", "num", "5.0" } } },
	/* The free ids' list; in desc_extra since 5.15. */
	{ VR_PSTATE_NEXT, G, ring, true,
	  { { "vring_desc_state_packed", "next", "5.0" } } },

	/* ---- virtio_net.ko ---- */
	{ VR_VI_DEV, N, net, false, { { "virtnet_info", "dev", "" } } },
	{ VR_VI_VDEV, N, net, false, { { "virtnet_info", "vdev", "" } } },
	{ VR_VI_SQ, N, net, false, { { "virtnet_info", "sq", "" } } },
	{ VR_VI_RQ, N, net, false, { { "virtnet_info", "rq", "" } } },
	{ VR_VI_CVQ, N, net, false, { { "virtnet_info", "cvq", "" } } },
	{ VR_VI_MAX_PAIRS, N, net, false,
	  { { "virtnet_info", "max_queue_pairs", "" } } },
	{ VR_VI_CURR_PAIRS, N, net, false,
	  { { "virtnet_info", "curr_queue_pairs", "" } } },
	{ VR_VI_STATUS, N, net, true, { { "virtnet_info", "status", "" } } },
	/* Gone with 6.19: RX is refilled from NAPI alone. */
	{ VR_VI_REFILL, N, net, true, { { "virtnet_info", "refill", "" } } },
	{ VR_VI_REFILL_ENABLED, N, net, true,
	  { { "virtnet_info", "refill_enabled", "5.10" } } },
	/* In the same releases, and backports, as refill_enabled: where it is alone, that
	 * one has another name (missed.c). */
	{ VR_VI_REFILL_LOCK, N, net, true,
	  { { "virtnet_info", "refill_lock", "5.10" } } },
	{ VR_SQ_NAPI, N, net, true, { { "send_queue", "napi", "4.12" } } },
	{ VR_RQ_NAPI, N, net, true, { { "receive_queue", "napi", "" } } },
	/* 4.19 counts by queue; el8 has the struct before these members. */
	{ VR_SQ_KICKS, N, net, true, { { "send_queue", "stats.kicks", "4.19" } } },
	{ VR_RQ_KICKS, N, net, true, { { "receive_queue", "stats.kicks", "4.19" } } },
	{ VR_SQ_TIMEOUTS, N, net, true,
	  { { "send_queue", "stats.tx_timeouts", "5.17" } } },
	{ VR_SQ_RESET, N, net, true, { { "send_queue", "reset", "6.0" } } },
	{ VR_SZ_SEND_QUEUE, N, net, false, { { "send_queue", NULL, "" } } },
	{ VR_SQ_VQ, N, net, false, { { "send_queue", "vq", "" } } },
	{ VR_SZ_RECEIVE_QUEUE, N, net, false,
	  { { "receive_queue", NULL, "" } } },
	{ VR_RQ_VQ, N, net, false, { { "receive_queue", "vq", "" } } },

	/* ---- what the driver's tokens lead to ---- */
	{ VR_SKB_LEN, O, NULL, false, { { "sk_buff", "len", "" } } },
	{ VR_SKB_DATA_LEN, O, NULL, false, { { "sk_buff", "data_len", "" } } },
	{ VR_SKB_DEV, O, NULL, false, { { "sk_buff", "dev", "" } } },
	{ VR_SKB_PROTOCOL, O, NULL, false, { { "sk_buff", "protocol", "" } } },
	{ VR_SKB_NETWORK, O, NULL, false, { { "sk_buff", "network_header", "" } } },
	{ VR_SKB_TAIL, O, NULL, false, { { "sk_buff", "tail", "" } } },
	{ VR_SKB_END, O, NULL, false, { { "sk_buff", "end", "" } } },
	{ VR_SKB_HEAD, O, NULL, false, { { "sk_buff", "head", "" } } },
	{ VR_SKB_DATA, O, NULL, false, { { "sk_buff", "data", "" } } },
	{ VR_SZ_XDP_FRAME, O, NULL, true, { { "xdp_frame", NULL, "4.18" } } },
	{ VR_XDPF_DATA, O, NULL, true, { { "xdp_frame", "data", "4.18" } } },
	{ VR_XDPF_LEN, O, NULL, true, { { "xdp_frame", "len", "4.18" } } },
	{ VR_XDPF_HEADROOM, O, NULL, true, { { "xdp_frame", "headroom", "4.18" } } },
	{ VR_VI_MERGEABLE, O, net, true,
	  { { "virtnet_info", "mergeable_rx_bufs", "" } } },
	{ VR_VI_HDR_LEN, O, net, true, { { "virtnet_info", "hdr_len", "3.19" } } },
	{ VR_VI_BIG_PACKETS, O, net, true, { { "virtnet_info", "big_packets", "" } } },
	{ VR_VI_XDP_PAIRS, O, net, true,
	  { { "virtnet_info", "xdp_queue_pairs", "4.12" } } },
	/* Only in 3.13: buffers are cut from pages since. */
	{ VR_VI_ALLOC_FRAG, O, net, true, { { "virtnet_info", "alloc_frag", "3.13" } } },
	/* Buffers are sized by what came before; the size is in the token's low bits. */
	{ VR_RQ_AVERAGE, O, net, true,
	  { { "receive_queue", "mrg_avg_pkt_len", "3.16" } } },
	/* Came with buffers whose size is in the context, and small ones without an skb. */
	{ VR_RQ_MIN_BUF, O, net, true, { { "receive_queue", "min_buf_len", "4.12" } } },
	{ VR_RQ_XSK_POOL, O, net, true, { { "receive_queue", "xsk_pool", "6.12" } } },
	/* Came with the tokens' bit for skbs that are orphaned (seen in its change). */
	{ VR_SQ_FREE_NAPI, O, net, true,
	  { { "virtnet_sq_free_stats", "napi_packets", "6.12" } } },

	/* ---- virtio_blk.ko and the block layer ---- */
	{ VR_VDEV_PRIV, D, virtio, false, { { "virtio_device", "priv", "" } } },
	{ VR_VBLK_VDEV, D, blk, false, { { "virtio_blk", "vdev", "" } } },
	{ VR_VBLK_DISK, D, blk, false, { { "virtio_blk", "disk", "" } } },
	{ VR_VBR_TYPE, D, blk, false, { { "virtblk_req", "out_hdr.type", "" } } },
	/* Since 3.13 requests of several queues, each with the driver's part behind
	 * it, and soon no pointer back. */
	{ VR_VBR_REQ, D, blk, true, { { "virtblk_req", "req", "" } } },
	{ VR_DISK_NAME, D, NULL, false, { { "gendisk", "disk_name", "" } } },
	{ VR_DISK_QUEUE, D, NULL, false, { { "gendisk", "queue", "" } } },
	{ VR_SZ_REQUEST, D, NULL, false, { { "request", NULL, "" } } },
	{ VR_REQ_Q, D, NULL, false, { { "request", "q", "" } } },
	{ VR_REQ_HCTX, D, NULL, true, { { "request", "mq_hctx", "5.0" } } },
	{ VR_HCTX_QUEUE, D, NULL, true, { { "blk_mq_hw_ctx", "queue", "" } } },
	{ VR_REQ_FLAGS, D, NULL, false, { { "request", "cmd_flags", "" } } },
	{ VR_REQ_SECTOR, D, NULL, false, { { "request", "__sector", "" } } },
	{ VR_REQ_LEN, D, NULL, false, { { "request", "__data_len", "" } } },
	{ VR_REQ_TAG, D, NULL, true, { { "request", "tag", "" } } },
	{ VR_REQ_STATE, D, NULL, true, { { "request", "state", "4.18" } } },
	/* In jiffies up to 4.17, then of the monotonic clock. */
	{ VR_REQ_START, D, NULL, true, { { "request", "start_time", "" } } },
	{ VR_REQ_START_NS, D, NULL, true, { { "request", "start_time_ns", "" } } },
	{ VR_REQ_IO_START_NS, D, NULL, true,
	  { { "request", "io_start_time_ns", "" } } },

	/* ---- the virtio bus ---- */
	{ VR_KSET_LIST, B, NULL, false, { { "kset", "list", "" } } },
	{ VR_KLIST_LIST, B, NULL, false, { { "klist", "k_list", "" } } },
	{ VR_SUBSYS_ENTRY, B, NULL, false,
	  { { "subsys_private", "subsys.kobj.entry", "" } } },
	{ VR_SUBSYS_BUS, B, NULL, false, { { "subsys_private", "bus", "" } } },
	{ VR_SUBSYS_DEVICES, B, NULL, false,
	  { { "subsys_private", "klist_devices.k_list", "" } } },
	/* Gone with 6.3: only a search leads from a bus to its private part. */
	{ VR_BUS_P, B, NULL, true, { { "bus_type", "p", "" } } },
	{ VR_DEVICE_P, B, NULL, true, { { "device", "p", "" } } },
	{ VR_DEVICE_PARENT, B, NULL, true, { { "device", "parent", "" } } },
	{ VR_DEVICE_KOBJ_NAME, B, NULL, true, { { "device", "kobj.name", "" } } },
	{ VR_DEVP_KLIST, B, NULL, false,
	  { { "device_private", "knode_bus.n_klist", "" } } },
	{ VR_DEVP_NODE, B, NULL, false,
	  { { "device_private", "knode_bus.n_node", "" } } },
	{ VR_DEVP_DEVICE, B, NULL, false,
	  { { "device_private", "device", "" } } },
	{ VR_VDEV_VQS, B | Q, virtio, false, { { "virtio_device", "vqs", "" } } },
	{ VR_VQ_LIST, B | Q, virtio, false, { { "virtqueue", "list", "" } } },
	{ VR_VQ_VDEV, G | B | Q, virtio, false, { { "virtqueue", "vdev", "" } } },
};

const struct vr_row *vr_row_at(size_t n)
{
	size_t here = sizeof(rows) / sizeof(rows[0]);

	return n < here ? &rows[n] : vr_host_row_at(n - here);
}
