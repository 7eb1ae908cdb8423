// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * members_host.c - the host's part of the table of struct members; members.c tells how
 * it is read and added to.
 */
#include "members.h"

#define T VR_G_TASKS
#define U VR_G_TUN
#define P VR_G_TAP
#define V VR_G_VHOST

static const char tun[] = "tun";
static const char tap[] = "tap";
static const char vhost[] = "vhost";
static const char vhnet[] = "vhost_net";
static const char iotlb[] = "vhost_iotlb";

static const struct vr_row rows[] = {
	/* ---- files, sockets and wait queues: vmlinux ---- */
	/* 5.14 renamed it, so that nobody reads it without READ_ONCE. */
	{ VR_TASK_STATE, T, NULL, true,
	  { { "task_struct", "__state", "5.14" }, { "task_struct", "state", "" } } },
	{ VR_TASK_ON_CPU, T, NULL, true, { { "task_struct", "on_cpu", "" } } },
	{ VR_TASK_ON_RQ, T, NULL, true, { { "task_struct", "on_rq", "" } } },
	/* 6.12 leaves a task that went to sleep on its queue for a while. */
	{ VR_TASK_DELAYED, T, NULL, true,
	  { { "task_struct", "se.sched_delayed", "6.12" } } },
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
	/* 3.10 has no list, and one array of the queues that are in use; the walk asks
	 * for the one or the other. */
	{ VR_TAP_LIST, P, tap, true,
	  { { "tap_dev", "queue_list", "4.12" },
	    { "macvlan_dev", "queue_list", "3.13" } } },
	{ VR_TAP_ARRAY, P, tap, true, { { "macvlan_dev", "taps", "" } } },
	{ VR_TAPQ_SK, P, tap, false,
	  { { "tap_queue", "sk", "4.12" }, { "macvtap_queue", "sk", "" } } },
	{ VR_TAPQ_SOCKET, P, tap, false,
	  { { "tap_queue", "sock", "4.12" }, { "macvtap_queue", "sock", "" } } },
	{ VR_TAPQ_INDEX, P, tap, true,
	  { { "tap_queue", "queue_index", "4.12" },
	    { "macvtap_queue", "queue_index", "3.13" } } },
	{ VR_TAPQ_NEXT, P, tap, true,
	  { { "tap_queue", "next", "4.12" }, { "macvtap_queue", "next", "3.13" } } },
	{ VR_TAPQ_ENABLED, P, tap, true,
	  { { "tap_queue", "enabled", "4.12" },
	    { "macvtap_queue", "enabled", "3.13" } } },
	{ VR_TAPQ_RING, P, tap, true,
	  { { "tap_queue", "ring", "4.19" }, { "tap_queue", "skb_array.ring", "4.12" },
	    { "macvtap_queue", "skb_array.ring", "4.9" } } },

	/* ---- the taps' ring ---- */
	/* Behind the taps, and with them: before 4.15 no part of vmlinux has the type. */
	{ VR_RING_PRODUCER, V | U | P, NULL, true, { { "ptr_ring", "producer", "4.9" } } },
	{ VR_RING_CONSUMER, V | U | P, NULL, true,
	  { { "ptr_ring", "consumer_head", "4.12" },
	    { "ptr_ring", "consumer", "4.9" } } },
	{ VR_RING_SIZE, V | U | P, NULL, true, { { "ptr_ring", "size", "4.9" } } },
	{ VR_RING_QUEUE, V | U | P, NULL, true, { { "ptr_ring", "queue", "4.9" } } },

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
	{ VR_VHQ_IOV, V, vhost, true, { { "vhost_virtqueue", "iov", "" } } },
	/* Held while the worker is inside of the queue's work.  The owner is a task with flags
	 * in the lowest bits since 4.10; a kernel for real time has a lock of its own kind. */
	{ VR_VHQ_MUTEX, V, vhost, true,
	  { { "vhost_virtqueue", "mutex.owner", "" },
	    { "vhost_virtqueue", "mutex.rtmutex.owner", "5.15" } } },
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
	  /* A union of the two since 6.17, for features beyond 63. */
	  { { "vhost_virtqueue", "acked_features_array", "6.17" },
	    { "vhost_virtqueue", "acked_features", "3.16" },
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

const struct vr_row *vr_host_row_at(size_t n)
{
	return n < sizeof(rows) / sizeof(rows[0]) ? &rows[n] : NULL;
}
