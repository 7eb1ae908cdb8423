/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot.h - what the walks fill and everything after them reads: plain data,
 * no pointers into the target, no formatted strings.  Included by vring.h.
 */
#ifndef VRING_SNAPSHOT_H
#define VRING_SNAPSHOT_H

#include "ring_snapshot.h"

/* ---- snapshot: devices (net_walk.c, vhost_walk.c) -------------------------------- */

#define VR_MAX_RING 32768	/* the specification's largest split ring */
#define VR_MAX_PAIRS 0x8000	/* VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX */

/* A virtqueue on its device's list. */
struct vr_vq_ref {
	uint64_t index, vq;
};

struct vr_device {
	struct vr_netdev_ref ref;	/* addr 0: no network device */
	uint64_t virtnet_info, virtio_device;
	struct vr_val virtio_index, features, max_pairs, curr_pairs;
	unsigned pairs;				/* of queues that are shown */
	struct vr_val features_high;	/* bits 64 to 127 (6.17) */
	struct vr_val type;		/* VIRTIO_ID_* */
	char virtio_name[VR_NAME_SIZE];	/* "virtio3" */
	struct vr_val bound;		/* address of its driver; 0: none is bound */
	char driver[32];		/* that one's name */
	/* with VR_G_BUS only */
	char parent[64];		/* the device behind it: "0000:00:03.0" */
	char transport[16];		/* "pci", "mmio", or the parent's bus */
	bool unlisted;			/* its list of queues could not be read */
	struct vr_txqs txqs;
	struct vr_val up, carrier;		/* of net_device.state */
	struct vr_val link;			/* VIRTIO_NET_S_LINK_UP as last seen */
	struct vr_val failed;
	struct vr_val enabled;			/* by the virtio core: DRIVER_OK is set */
	struct vr_val shutdown;			/* the kernel's: halt, power off or restart */
	struct vr_val refill_pending, refill_enabled;
	struct vr_val max_frags;		/* fragments of a packet: MAX_SKB_FRAGS */
	struct vr_val watchdog_ms;		/* net_device.watchdog_timeo */
	struct vr_val deferred;			/* vr_napi.deferred's default */
	struct vr_queue *queues;
	unsigned nqueues;
	/* vr_vqs_index()'s, once 'indexed' */
	bool indexed;
	unsigned nby_index;
	struct vr_vq_ref *by_index;
};

enum vr_sel_queue {
	VR_SEL_ALL, VR_SEL_PAIR, VR_SEL_RX, VR_SEL_TX, VR_SEL_CTRL,
	VR_SEL_NAME,		/* no word for a network device's queue */
};

/* What the user asked for. */
struct vr_select {
	bool all;		/* -a: devices of any type */
	const char *device;	/* NULL: every virtio-net device, or with 'all' every
				 * virtio device */
	const char *word;	/* the queue's, as it was typed; NULL: none was */
	uint64_t virtqueue;	/* set by the walk: 'device' was its address */
	enum vr_sel_queue queue;
	unsigned n;		/* pair, for VR_SEL_PAIR/RX/TX with has_n */
	bool has_n;
	bool full;		/* one queue or pair: the full block */
	bool chains;		/* -d */
	bool owners;		/* -b */
};

/* select.c: parse a queue selector (N, txN, rxN, output.N, input.N, tx, rx, ctrl) into
 * 'sel'; 0, or -1 when the word is none: it may then still be what another kind
 * of device calls a queue (VR_SEL_NAME). */
int vr_select_queue(struct vr_select *sel, const char *word);
/* select.c: is this queue of a network device meant?  'pair' is of no matter for the
 * control queue. */
bool vr_select_wants(const struct vr_select *sel, enum vr_dir dir, unsigned pair);

struct vr_snapshot {
	char nodename[65], release[65];
	struct vr_device *devices;
	unsigned ndevices;
};

enum vr_walk_status {
	VR_WALK_OK,
	VR_WALK_NO_DEVICE,	/* nothing of that name or address */
	VR_WALK_NOT_VIRTIO,	/* a net device, but not a virtio-net one */
	VR_WALK_NO_QUEUE,	/* the device has no such queue */
	VR_WALK_NO_WORD,	/* the word is none for a network device's queue */
	VR_WALK_NO_TYPES,	/* a member that is needed is unknown */
	VR_WALK_NOT_OWNED,	/* the device is of another process than asked for */
	VR_WALK_NO_VHOST,	/* nothing of the host's that vhost serves */
	VR_WALK_NO_MEMORY,
};

/* Why nothing could be shown, and what could be. */
struct vr_walk_error {
	enum vr_walk_status status;
	struct vr_netdev_ref dev;	/* NOT_VIRTIO, NO_QUEUE, NO_WORD */
	char virtio_name[VR_NAME_SIZE];	/* NO_QUEUE of a device that is no net's */
	char (*queues)[VR_LABEL_SIZE + 24];	/* NO_QUEUE: those that it has */
	unsigned nqueues, nlisted;	/* all; the first ones that are listed */
	struct vr_missing missing;	/* NO_TYPES */
	char kind[32];			/* NOT_VIRTIO: "tun", "veth", "" unknown */
	bool host;			/* NOT_VIRTIO: a tap-like host device */
	unsigned pairs;			/* NO_QUEUE: pairs that it has */
	struct vr_netdev_ref *candidates;	/* NO_DEVICE: virtio-net devices */
	uint64_t *candidate_vdevs;	/* a guest's: their virtio_devices */
	unsigned ncandidates;
	const struct vr_device *others;	/* NO_DEVICE: all on the bus */
	unsigned nothers;
	struct vr_val driver_loaded;	/* NO_DEVICE: module virtio_net is there */
};

/* vdev_walk.c: read the devices and queues that 'sel' names into 'ret', of network
 * devices and of others.  Needs VR_G_GUEST, or with 'no_net' (types of virtio_net
 * are unknown) VR_G_RING; VR_G_BUS is resolved when it takes that.  VR_WALK_OK or
 * another status with '*err' filled. */
enum vr_walk_status vr_guest_walk(struct vr_ctx *c, struct vr_select *sel,
				  bool no_net, struct vr_snapshot *ret,
				  struct vr_walk_error *err);
/* vdev_walk.c: what every virtio device has, from its virtio_device. */
void vr_virtio_device(struct vr_ctx *c, uint64_t addr, struct vr_device *d);
/* vqs.c: read the queues of 'd' that are meant.  With a queue asked for and only one
 * found, 'sel' says that it is shown in full.  'budget' is how many queues may still
 * be looked at. */
enum vr_walk_status vr_vqs_read(struct vr_ctx *c, struct vr_device *d,
				struct vr_select *sel, unsigned *budget,
				struct vr_walk_error *err);
/* vqs.c: the virtqueues on the device's own list, by their index.  It is walked once a
 * device, and its errors are noted; members of VR_G_VQS are resolved. */
const struct vr_vq_ref *vr_vqs_index(struct vr_ctx *c, struct vr_device *d, unsigned *n);
/* vqs.c: the one that has this index, or 0. */
uint64_t vr_vqs_find(struct vr_ctx *c, struct vr_device *d, uint64_t index);
/* vdev_walk.c: are the words of a split ring of this device's big-endian? */
bool vr_ring_is_big(const struct vr_ctx *c, const struct vr_device *d);
/* The interface's name, or of another device the one on the virtio bus. */
const char *vr_device_name(const struct vr_device *d);

/* bus.c: the virtio_devices on the virtio bus, in the order of /sys. */
struct vr_bus {
	uint64_t *vdev;
	unsigned n, room;
};
/* Fill 'ret'; 'any' is the address of some virtio_device, or 0: it leads to the
 * bus where no symbol does.  False when nothing does.  Needs VR_G_RING, VR_G_BUS. */
bool vr_bus_devices(struct vr_ctx *c, uint64_t any, struct vr_bus *ret);
/* bus.c: the device behind a virtio device; needs VR_G_BUS. */
void vr_bus_transport(struct vr_ctx *c, struct vr_device *d);
/* bus.c: the address of a device's driver (0: it has none), and its name. */
struct vr_val vr_device_driver(struct vr_ctx *c, uint64_t device, char *buf,
			       size_t size);

/* net_walk.c: read the network devices and queues that 'sel' names into 'ret'; a
 * device word that turns out to be a virtqueue's address is noted in 'sel'.
 * VR_WALK_OK or another status with '*err' filled. */
enum vr_walk_status vr_net_walk(struct vr_ctx *c, struct vr_select *sel,
				struct vr_snapshot *ret,
				struct vr_walk_error *err);
/* net_state.c: where a net_device's transmit queues are; count 0 when unknown. */
void vr_net_txqs(struct vr_ctx *c, uint64_t net_device, struct vr_txqs *ret);
/* net_state.c: transmit queue 'n' of them; addr 0 when there is none. */
void vr_net_txq(struct vr_ctx *c, const struct vr_txqs *all, uint64_t n,
		struct vr_txq *ret);
/* net_state.c: what the network stack knows of a device and of a queue's NAPI and
 * transmit queue, from its send_queue or receive_queue at 'owner'. */
void vr_net_device_state(struct vr_ctx *c, struct vr_device *d);
void vr_net_queue_state(struct vr_ctx *c, const struct vr_device *d,
			struct vr_queue *q, uint64_t owner);
/* irq.c: the interrupt of 'q', a queue of the virtio_device that was read before;
 * the first call of a command looks at all interrupts.  Needs VR_G_IRQ. */
void vr_irq_read(struct vr_ctx *c, uint64_t virtio_device, struct vr_queue *q);
/* owners.c: who owns each buffer in flight of a queue whose slots were read; not of all
 * of them, unless 'all' says so.  Needs VR_G_OWNERS; VR_G_BLK is resolved when the
 * device takes that. */
void vr_owners_read(struct vr_ctx *c, const struct vr_device *d,
		    struct vr_queue *q, bool words_big, bool all);
/* owners_net.c, owners_blk.c: fill in what the tokens of such a device are. */
void vr_owners_net(struct vr_ctx *c, const struct vr_device *d, struct vr_queue *q);
void vr_owners_blk(struct vr_ctx *c, const struct vr_device *d, struct vr_queue *q,
		   bool words_big);
/* owners.c: may 'addr' be followed as a pointer of the driver's to what is aligned to
 * 'align' (a power of two)?  NULL, or why not. */
const char *vr_owner_suspect(const struct vr_queue *q, uint64_t addr, unsigned align);
/* packet.c: who talks to whom, from the 'avail' bytes at the network header of a
 * packet of that ethertype. */
void vr_flow_read(struct vr_ctx *c, uint64_t addr, uint64_t avail,
		  uint16_t ethertype, struct vr_flow *ret);
/* net_walk.c: netdev_priv(): where the driver's private area of a net_device
 * lies, by net_device.priv or the rounded-up size. */
uint64_t vr_netdev_priv(const struct vr_ctx *c, uint64_t net_device);
/* vhost_tap.c: the rtnl_link_ops kind of a net_device ("" when it has none),
 * and whether it is one that vhost serves (tun, macvtap, ipvtap). */
bool vr_host_kind(struct vr_ctx *c, uint64_t net_device, char *kind, size_t size);

/* ---- snapshot: the host's side (vhost_*.c) -------------------------------------------- */

enum vr_vhost_kind { VR_VHOST_NET, VR_VHOST_VSOCK, VR_VHOST_SCSI };

/* A piece of guest memory as vhost knows it. */
struct vr_region {
	uint64_t guest;		/* guest-physical, or an IOVA with an iotlb */
	uint64_t size;		/* in bytes; 0: 2^64 */
	uint64_t user;		/* address in the owner's memory */
};

struct vr_vhost {
	enum vr_vhost_kind kind;
	uint64_t addr;		/* vhost_net, vhost_vsock or vhost_scsi */
	uint64_t dev;		/* its vhost_dev */
	uint64_t vqs;		/* its array of pointers to queues; 0: not read */
	uint64_t file;		/* the owner's open file of it; 0: not found */
	uint64_t mm;		/* of the owner */
	struct vr_task owner;	/* addr 0: not found */
	bool owner_runs;	/* one of its threads does */
	bool runs_lost;		/* .. which was not read of all of them */
	bool late;		/* no process's file led to it: its owner is sought again */
	/* pid of the worker that is at work on some queue of its, or waits in that; 0: none */
	uint64_t locked_worker;
	struct vr_task worker;	/* the one that was read last */
	struct vr_val nvqs, cid;	/* cid: vsock's */
	uint64_t vq[2], backend[2];	/* vhost_net's queues and their sockets */
	bool iotlb;		/* addresses are IOVAs */
	bool iotlb_lost;	/* whether they are is not known */
	bool memory_lost;	/* where the regions are could not be read */
	struct vr_region *regions;
	unsigned nregions, room;
	bool shown;		/* a queue of a net device uses it */
	uint64_t socket;	/* that queue's */
	bool judged, zeros;	/* its owner's memory reads as zeros: it was left out
				 * of the dump */
};

/* What waits for a file or socket on vhost's behalf. */
struct vr_poll {
	uint64_t addr;		/* vhost_poll */
	struct vr_val wqh;	/* 0: it does not wait */
	struct vr_val queued;	/* its work is queued */
};

/* A piece of a buffer, in the owner's memory. */
struct vr_iov {
	uint64_t base, len;
};

#define VR_IOV_SHOWN	8

struct vr_hostq {
	char device[16];	/* the net device, or "vhost-vsock" ... */
	struct vr_netdev_ref ref;	/* addr 0: no net device */
	char label[VR_LABEL_SIZE];
	unsigned vq;		/* index in vhost_dev.vqs */
	uint64_t tun, tun_file;	/* or tap_dev and tap_queue */
	struct vr_val queue_index;
	bool detached, tap;	/* tap: a tap_queue of macvtap or ipvtap */
	bool unsure;		/* whether it is detached could not be read */
	struct vr_vhost *vhost;
	uint64_t socket_wq;
	uint64_t wait_entry;	/* 0: vhost does not wait for the socket */
	uint64_t vhost_virtqueue;
	struct vr_val num, last_avail_idx, avail_idx, last_used_idx, used_flags;
	struct vr_val signalled_used, signalled_used_valid;
	struct vr_val acked_features, acked_features_high;	/* bits 64 on: 6.17 */
	struct vr_val busyloop_timeout, backend, is_le, upend_idx, done_idx;
	struct vr_val desc, avail, used;	/* user addresses */
	struct vr_val kick_count, call_count, error_count;
	struct vr_val rxq_head, rxq_tail;
	struct vr_poll kick_poll, backend_poll;
	struct vr_val tx_ring_size, tx_ring_used, sock_qlen;
	struct vr_task worker;	/* addr 0: none, or not found */
	uint64_t locked_by;	/* task_struct that holds its lock; 0: none, or not known */
	struct vr_val locked;	/* somebody, mostly the worker, is at work on the queue */
	/* the words in the owner's memory */
	struct vr_split ring;
	struct vr_val next_head;	/* what avail->ring says vhost takes next */
	struct vr_notify kick, signal;	/* as vhost decides */
	struct vr_verdict verdict;
	enum vr_where at;	/* who has to move next, as far as this end knows */
	struct vr_chains chains;
	/* The buffer that vhost translated last, and behind its end what is left of longer
	 * ones; read with chains. */
	struct vr_iov iov[VR_IOV_SHOWN];
	unsigned niov;
	bool iov_known;
	enum vr_translation why;	/* VR_TR_OK: readable */
	bool zeros;		/* reads as zeros, like all of its owner's memory */
	bool moving;		/* live: its indices changed while it was being read */
	struct vr_txq txq;	/* the tap's transmit queue: towards the guest */
	struct vr_val dma_desc, dma_avail, dma_used;
};

struct vr_host {
	char nodename[65], release[65];
	struct vr_vhost *vhosts;
	unsigned nvhosts;
	struct vr_hostq *queues;
	unsigned nqueues, room;
	unsigned waiters, tap_waiters, endpoints;	/* that the walk looked at */
	unsigned bare;		/* .. queues that are not set up */
	bool memory;		/* -m */
	uint64_t slots;		/* of file tables that may still be looked at */
};

#define VR_MAX_VHOSTS 4096
#define VR_MAX_VHOST_VQS 2048	/* vhost_scsi has 128 and more */

/* vhost_walk.c: read the queues that 'sel' and 'pid' (0: any process) name into 'ret';
 * that 'sel' names one queue by its address is noted in it.  VR_WALK_OK or another
 * status with '*err' filled.  Needs VR_G_TASKS and VR_G_VHOST. */
enum vr_walk_status vr_host_walk(struct vr_ctx *c, struct vr_select *sel, uint64_t pid,
				 struct vr_host *ret, struct vr_walk_error *err);

/* vhost_find.c: every vhost device that a process has open, with its owner. */
int vr_vhost_find(struct vr_ctx *c, struct vr_host *h);
/* vhost_find.c: owners that the open files did not tell, by their memory. */
void vr_vhost_owners(struct vr_ctx *c, struct vr_host *h);
/* vhost_find.c: the vhost_net at 'addr', added when it is not known and looks
 * like one (its queues point back at it); NULL when it does not. */
struct vr_vhost *vr_vhost_at(struct vr_ctx *c, struct vr_host *h, uint64_t addr);
/* vhost_tap.c: add the queues that a tap leads to; VR_WALK_NO_VHOST when all of them
 * were seen, else why not, in 'err' too. */
enum vr_walk_status vr_tap_walk(struct vr_ctx *c, struct vr_host *h,
				const struct vr_netdev_ref *ref,
				struct vr_walk_error *err);
/* vhost_tap.c: room for one more queue; NULL when memory is short. */
struct vr_hostq *vr_host_new_queue(struct vr_ctx *c, struct vr_host *h);
/* vhost_iov.c: the first pieces of the buffer that vhost translated last. */
void vr_vhost_iov(struct vr_ctx *c, struct vr_hostq *q);
/* vhost_memory.c: the guest memory that a vhost device knows. */
void vr_vhost_regions(struct vr_ctx *c, struct vr_vhost *v);
/* A queue that was set up, with a size that no ring has. */
static inline bool vr_hostq_bad_num(const struct vr_hostq *q)
{
	return q->num.have == VR_READ && q->desc.v &&
	       (!q->num.v || q->num.v > VR_MAX_RING);
}
/* vhost_queue.c: are the words of a ring that vhost serves big-endian? */
bool vr_host_ring_is_big(const struct vr_ctx *c, const struct vr_hostq *q);
/* vhost_queue.c: the address of queue 'vq' by vhost_dev.vqs, or 0; why is noted under
 * 'what', unless NULL. */
uint64_t vr_vhost_vq(struct vr_ctx *c, const struct vr_vhost *v, unsigned vq,
		     const char *what);
/* vhost_memory.c: an address of the guest's in the owner's memory, by the memory
 * map; false when no region has it. */
bool vr_guest_to_user(const struct vr_vhost *v, uint64_t guest, uint64_t *ret);
/* vhost_memory.c: the same for an address that vhost has of a ring: the owner's, or
 * with an iotlb the guest's. */
bool vr_ring_to_user(const struct vr_vhost *v, uint64_t addr, uint64_t *ret);
/* vhost_memory.c: the guest's address of one of the owner's; VR_UNREAD when no region
 * has it, and with an iotlb. */
struct vr_val vr_user_to_guest(const struct vr_vhost *v, struct vr_val user);
/* vhost_queue.c: mark rings that read as zeros because the dump lacks them. */
void vr_vhost_doubt_zeros(struct vr_ctx *c, struct vr_host *h);
/* vhost_walk.c: note of each device which worker has a locked queue: the one that holds
 * the lock, or, where that is not known (a document), the queue's own. */
void vr_host_note_locked(struct vr_host *h);
/* vhost_queue.c: fill everything of 'q' that its vhost_virtqueue leads to; the
 * caller set vhost, vq and vhost_virtqueue. */
void vr_vhost_queue(struct vr_ctx *c, struct vr_hostq *q);

#endif
