/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout.h - the members of the dumped kernel's structs that are looked at: a slot for
 * each, filled by offsets.c from the table in members.c and members_host.c.  Included
 * by vring.h.
 */
#ifndef VRING_LAYOUT_H
#define VRING_LAYOUT_H

/* ---- layout: members of the dumped kernel's structs (offsets.c) ----------- */

enum vr_slot {
	/* struct sizes */
	VR_SZ_NET_DEVICE, VR_SZ_SEND_QUEUE, VR_SZ_RECEIVE_QUEUE,
	VR_SZ_VRING_VIRTQUEUE, VR_SZ_DESC_STATE, VR_SZ_DESC_EXTRA,
	VR_SZ_NETDEV_QUEUE,
	/* kernel: name spaces and devices */
	VR_NET_LIST, VR_NET_DEV_BASE_HEAD, VR_NET_INUM,
	VR_DEV_LIST, VR_DEV_NAME,
	VR_DEV_PARENT, VR_DEV_PRIV, VR_DEV_LINK_OPS,
	VR_LINK_OPS_KIND, VR_DEVICE_BUS, VR_BUS_NAME,
	VR_MM_PGD, VR_MM_ARG_START, VR_UTS_NODENAME, VR_UTS_RELEASE,
	VR_MODULE_LIST, VR_MODULE_NAME,
	VR_DEV_STATE, VR_DEV_TX, VR_DEV_NUM_TX, VR_TXQ_STATE,
	VR_TXQ_TRANS_START, VR_TXQ_QDISC, VR_QDISC_QLEN, VR_QDISC_ATOMIC, VR_QDISC_FLAGS,
	VR_QDISC_CPU_QSTATS, VR_QDISC_QSTATS_QLEN, VR_GNET_QLEN, VR_NAPI_STATE,
	VR_NAPI_WEIGHT, VR_NAPI_DEFER, VR_DEV_DEFER, VR_WORK_DATA, VR_DEVICE_DRIVER, VR_DRIVER_NAME,
	VR_CLOCK_MULT, VR_CLOCK_SHIFT,
	VR_DEV_WATCHDOG, VR_SKB_FRAGS, VR_TXQ_TIMEOUTS,
	/* interrupts */
	VR_IRQ_NUMBER, VR_IRQ_STATE, VR_IRQ_EFFECTIVE, VR_IRQ_AFFINITY,
	VR_IRQ_KSTAT, VR_IRQ_ACTION, VR_IRQ_DEPTH, VR_IRQ_TOTAL,
	VR_IRQ_UNHANDLED, VR_SZ_IRQ_DESC, VR_SZ_CPUMASK,
	VR_ACTION_DEV_ID, VR_ACTION_NEXT, VR_ACTION_NAME,
	VR_RADIX_HEAD, VR_RADIX_HEIGHT, VR_RADIX_SHIFT, VR_RADIX_SLOTS,
	VR_MAPLE_ROOT, VR_MAPLE_SLOT, VR_MAPLE_PIVOT64, VR_MAPLE_SLOT64,
	VR_MAPLE_PIVOTA, VR_MAPLE_SLOTA, VR_SOFTIRQ_STAT, VR_SOFTIRQ_HOT,
	VR_RUNQ_CURR, VR_RUNQ_IDLE,
	/* tasks */
	VR_TASK_TASKS, VR_TASK_PID, VR_TASK_COMM, VR_TASK_MM, VR_TASK_SIGNAL,
	VR_TASK_THREAD_NODE, VR_SIGNAL_THREAD_HEAD,
	/* virtio */
	VR_VDEV_DEV, VR_VDEV_INDEX, VR_VDEV_ID, VR_VDEV_FEATURES,
	VR_VDEV_FAILED, VR_VDEV_ENABLED, VR_VQ_CALLBACK,
	VR_VQ_NUM_FREE, VR_VQ_INDEX, VR_VQ_NAME, VR_VQ_NUM_MAX,
	VR_VQ_RESET,
	VR_VVQ_VQ, VR_VVQ_EVENT, VR_VVQ_EVENT_TRIGGERED, VR_VVQ_INDIRECT, VR_VVQ_BROKEN,
	VR_VVQ_WEAK_BARRIERS, VR_VVQ_FREE_HEAD, VR_VVQ_NUM_ADDED,
	VR_VVQ_LAST_USED_IDX, VR_VVQ_AVAIL_IDX_SHADOW,
	VR_VVQ_AVAIL_FLAGS_SHADOW, VR_VVQ_PACKED_RING, VR_VVQ_LAYOUT,
	VR_VVQ_NUM, VR_VVQ_DESC, VR_VVQ_AVAIL, VR_VVQ_USED,
	VR_VVQ_DATA, VR_VVQ_DESC_STATE, VR_VVQ_DESC_STATE_PTR,
	VR_VVQ_DESC_EXTRA_PTR, VR_STATE_DATA, VR_STATE_INDIR, VR_EXTRA_NEXT,
	VR_VVQ_LAST_USED, VR_VVQ_BATCH_ID,
	VR_PVQ_NUM, VR_PVQ_DESC, VR_PVQ_DRIVER, VR_PVQ_DEVICE,
	VR_PVQ_NEXT_AVAIL, VR_PVQ_AVAIL_WRAP, VR_PVQ_USED_WRAP,
	VR_PVQ_EVENT_SHADOW, VR_PVQ_STATE, VR_PVQ_EXTRA, VR_SZ_PSTATE,
	VR_PSTATE_DATA, VR_PSTATE_INDIR, VR_PSTATE_NUM, VR_PSTATE_NEXT,
	/* virtio_net */
	VR_VI_VDEV, VR_VI_DEV, VR_VI_SQ, VR_VI_RQ, VR_VI_CVQ,
	VR_VI_MAX_PAIRS, VR_VI_CURR_PAIRS, VR_VI_STATUS, VR_VI_REFILL,
	VR_VI_REFILL_ENABLED, VR_VI_REFILL_LOCK, VR_SQ_VQ, VR_RQ_VQ, VR_SQ_NAPI, VR_RQ_NAPI,
	VR_SQ_KICKS, VR_RQ_KICKS, VR_SQ_TIMEOUTS, VR_SQ_RESET,
	/* what the driver's tokens lead to */
	VR_SKB_LEN, VR_SKB_DATA_LEN, VR_SKB_DEV, VR_SKB_PROTOCOL,
	VR_SKB_NETWORK, VR_SKB_TAIL, VR_SKB_END, VR_SKB_HEAD, VR_SKB_DATA,
	VR_SZ_XDP_FRAME, VR_XDPF_DATA, VR_XDPF_LEN, VR_XDPF_HEADROOM,
	VR_VI_HDR_LEN, VR_VI_MERGEABLE, VR_VI_BIG_PACKETS, VR_VI_XDP_PAIRS,
	VR_VI_ALLOC_FRAG, VR_RQ_AVERAGE, VR_RQ_MIN_BUF, VR_RQ_XSK_POOL,
	VR_SQ_FREE_NAPI,
	/* virtio_blk */
	VR_VDEV_PRIV, VR_VBLK_VDEV, VR_VBLK_DISK, VR_VBR_TYPE, VR_VBR_REQ,
	VR_DISK_NAME, VR_DISK_QUEUE, VR_SZ_REQUEST, VR_REQ_Q, VR_REQ_HCTX,
	VR_HCTX_QUEUE, VR_REQ_FLAGS, VR_REQ_SECTOR, VR_REQ_LEN, VR_REQ_TAG,
	VR_REQ_STATE, VR_REQ_START, VR_REQ_START_NS, VR_REQ_IO_START_NS,
	VR_VSOCK_DEV, VR_VSOCK_CID, VR_SCSI_DEV, VR_FILE_DENTRY, VR_DENTRY_NAME,
	/* files and sockets */
	VR_TASK_STATE, VR_TASK_ON_CPU, VR_TASK_ON_RQ, VR_TASK_DELAYED,
	VR_TASK_FILES, VR_FILES_FDT,
	VR_FDT_MAX_FDS, VR_FDT_FD, VR_FILE_INODE, VR_FILE_PRIVATE,
	VR_INODE_RDEV, VR_INODE_MODE, VR_EVENTFD_COUNT,
	VR_SOCK_WQ, VR_SOCK_QLEN, VR_SOCKET_WQ_WAIT, VR_WAIT_HEAD_LIST,
	VR_WAIT_ENTRY_LIST, VR_RING_PRODUCER, VR_RING_CONSUMER, VR_RING_SIZE,
	VR_RING_QUEUE,
	/* tun and tap */
	VR_TUN_DEV, VR_TUN_TFILES, VR_TUN_NUMQUEUES, VR_TUN_DISABLED,
	VR_TFILE_SK, VR_TFILE_SOCKET, VR_TFILE_INDEX, VR_TFILE_NEXT,
	VR_TFILE_RING, VR_DEV_RX_HANDLER_DATA,
	VR_TAP_DEV, VR_TAP_LIST, VR_TAP_ARRAY, VR_TAPQ_SK, VR_TAPQ_SOCKET, VR_TAPQ_INDEX,
	VR_TAPQ_NEXT, VR_TAPQ_ENABLED, VR_TAPQ_RING,
	/* vhost */
	VR_VHD_MM, VR_VHD_VQS, VR_VHD_NVQS, VR_VHD_WORKER,
	VR_VHD_UMEM, VR_VHD_IOTLB, VR_VHD_MEMORY,
	VR_WORKER_VTSK, VR_WORKER_KTHREAD, VR_WORKER_TASK,
	VR_VTSK_TASK, VR_SZ_VHOST_WORKER,
	VR_VHQ_DEV, VR_VHQ_IOV, VR_VHQ_MUTEX, VR_VHQ_NUM, VR_VHQ_DESC, VR_VHQ_AVAIL, VR_VHQ_USED,
	VR_VHQ_LAST_AVAIL, VR_VHQ_AVAIL_IDX, VR_VHQ_LAST_USED,
	VR_VHQ_USED_FLAGS, VR_VHQ_SIGNALLED, VR_VHQ_SIGNALLED_VALID,
	VR_VHQ_FEATURES, VR_VHQ_BUSYLOOP, VR_VHQ_BACKEND, VR_VHQ_KICK,
	VR_VHQ_CALL, VR_VHQ_ERROR, VR_VHQ_IS_LE, VR_VHQ_POLL, VR_VHQ_WORKER,
	VR_POLL_WQH, VR_POLL_WAIT, VR_POLL_WORK, VR_POLL_DEV, VR_SZ_VHOST_POLL,
	VR_WORK_FLAGS, VR_WORK_NODE,
	VR_VHN_DEV, VR_VHN_POLL, VR_VNQ_VQ,
	VR_VNQ_UPEND, VR_VNQ_DONE, VR_VNQ_RXQ_HEAD, VR_VNQ_RXQ_TAIL,
	VR_IOTLB_LIST, VR_MAP_LINK, VR_MAP_START, VR_MAP_SIZE, VR_MAP_ADDR,
	VR_MEM_NREGIONS, VR_MEM_REGIONS, VR_SZ_REGION, VR_REGION_START,
	VR_REGION_SIZE, VR_REGION_ADDR,
	/* the virtio bus */
	VR_KSET_LIST, VR_KLIST_LIST, VR_SUBSYS_ENTRY, VR_SUBSYS_BUS, VR_SUBSYS_DEVICES,
	VR_BUS_P, VR_DEVICE_P, VR_DEVP_KLIST, VR_DEVP_NODE, VR_DEVP_DEVICE,
	VR_DEVICE_PARENT, VR_DEVICE_KOBJ_NAME,
	VR_VDEV_VQS, VR_VQ_LIST, VR_VQ_VDEV,
	VR_NSLOTS
};

/* Groups of members that a command needs together. */
enum vr_group {
	VR_G_KERNEL = 1,	/* name spaces and net devices */
	VR_G_RING = 2,		/* virtio devices and their rings */
	VR_G_NET = 0x400,	/* virtio_net */
	VR_G_GUEST = VR_G_RING | VR_G_NET,
	VR_G_TASKS = 4,		/* tasks, their threads and files */
	VR_G_TUN = 8,		/* tun and tap devices */
	VR_G_TAP = 16,		/* macvtap and ipvtap */
	VR_G_VHOST = 32,	/* vhost and vhost_net */
	VR_G_VSOCK = 64,	/* vhost_vsock */
	VR_G_SCSI = 128,	/* vhost_scsi */
	VR_G_BUS = 0x800,	/* all devices on the virtio bus */
	VR_G_VQS = 0x8000,	/* a virtio device's own list of its queues */
	VR_G_IRQ = 0x4000,	/* interrupts: nothing of it is required */
	VR_G_OWNERS = 0x1000,	/* what virtio_net's tokens lead to */
	VR_G_BLK = 0x2000,	/* virtio_blk and its requests */
};

/* Where a member's layout came from. */
enum vr_source {
	VR_FROM_NOWHERE,
	VR_FROM_BTF,		/* in the dump */
	VR_FROM_BTF_FILE,
	VR_FROM_DWARF,		/* through crash: vmlinux or a module's file */
};

struct vr_field {
	bool known;
	bool absent;		/* complete types say that it is not there */
	bool foreign;		/* of something that this kernel has otherwise, or not at all */
	bool missed;		/* not found, though this kernel should have it */
	enum vr_source source;
	uint32_t offset, size;	/* size slots: size only */
	const char *type, *path;	/* the spelling that this kernel has */
	const char *since;	/* when that spelling came, for the listing */
};

/* Constants of the kernel's enums. */
enum vr_constant {
	VR_C_NAPI_DISABLE, VR_C_NAPI_NPSVC,	/* bit numbers */
	VR_C_IRQ_DISABLED, VR_C_IRQ_MASKED,	/* bits of irq_desc's state */
	VR_C_MAPLE_DENSE, VR_C_MAPLE_LEAF, VR_C_MAPLE_RANGE, VR_C_MAPLE_ARANGE,
	VR_C_HALT,
	VR_C_SPLIT, VR_C_PACKED, VR_C_SPLIT_IN_ORDER, VR_C_PACKED_IN_ORDER,
	VR_NCONSTANTS
};
/* The kernel has what it belongs to, and no constant of that name. */
#define VR_NO_CONSTANT UINT64_MAX

#define VR_NOPS 16

struct vr_layout {
	struct vr_field f[VR_NSLOTS];
	unsigned asked;			/* groups that the command at hand has asked for */
	unsigned guessed;	/* groups that a survey could not find all of */
	unsigned constants;		/* groups whose constants were looked for */
	uint64_t constant[VR_NCONSTANTS];
	/* the types of virtio_net's tokens (6.14), looked for by owners_net.c */
	struct {
		bool tried, typed;
		uint64_t skb, orphan, xdp, xsk;
	} xmit;
	/* a request's operations (4.10), looked for by owners_blk.c; an entry of
	 * 0xff is none of this kernel's */
	struct {
		bool tried, known;
		uint8_t value[VR_NOPS];
	} ops;
};

/* The first required member that could not be found. */
struct vr_missing {
	const char *type, *path, *module;
	bool renamed;		/* its struct is known, and lacks it */
};

#endif
