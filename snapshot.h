/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot.h - what the walks fill and everything after them reads: plain data,
 * no pointers into the target, no formatted strings.  Included by vring.h.
 */
#ifndef VRING_SNAPSHOT_H
#define VRING_SNAPSHOT_H

/* ---- what check.c adds -------------------------------------------------------- */

enum vr_severity { VR_SEV_OK, VR_SEV_INFO, VR_SEV_WARN, VR_SEV_ERROR };

/* What a queue is in, one of them, by precedence: a worse one hides the others. */
enum vr_state {
	VR_ST_NONE,		/* not judged */
	VR_ST_UNREADABLE, VR_ST_CORRUPT, VR_ST_BROKEN, VR_ST_STOPPED,
	VR_ST_VHOST_ERROR, VR_ST_LOST_INTERRUPT, VR_ST_LOST_KICK,
	VR_ST_KICK_NOT_SERVED, VR_ST_RX_STARVED, VR_ST_RING_FULL, VR_ST_TX_STOPPED,
	VR_ST_NOT_CONSUMING, VR_ST_NOT_REAPING, VR_ST_ACTIVE, VR_ST_IDLE,
	VR_ST_NSTATES
};

/* Why: which check or state says so, and the numbers that it saw. */
struct vr_reason {
	const char *check;
	enum vr_severity severity;
	char text[240];
};

struct vr_verdict {
	enum vr_state state;
	enum vr_severity severity;
	struct vr_reason *reasons;
	unsigned nreasons, room;
};

/* ---- snapshot: one queue's ring (ring.c) -------------------------------------- */

/* What a descriptor is used for. */
enum vr_slot_state {
	VR_SLOT_UNKNOWN,
	VR_SLOT_FREE,		/* on the driver's free list */
	VR_SLOT_DEVICE,		/* published, not returned */
	VR_SLOT_RETURNED,	/* returned, not reaped */
	VR_SLOT_NSTATES
};

/* An element of a ring: which slot, what it holds. */
struct vr_entry {
	uint32_t slot;
	struct vr_val id;	/* head descriptor */
	struct vr_val len;	/* used ring only */
};

struct vr_split {
	uint32_t num;		/* 0: unknown or refused, nothing below is set */
	uint64_t desc, avail, used;	/* addresses */
	struct vr_val avail_flags, avail_idx, used_event;
	struct vr_val used_flags, used_idx, avail_event;
	struct vr_entry avail_last;	/* slot idx-1: head published last */
	struct vr_entry avail_next;	/* slot idx: the next to be written */
	struct vr_entry used_last;	/* slot idx-1: returned last */
	struct vr_entry used_reap;	/* slot last_used_idx: reaped next */
};

/* An event suppression area of a packed ring (2.8.10): one side's word about when
 * it wants to hear from the other. */
struct vr_event_area {
	uint64_t addr;
	struct vr_val off_wrap, flags;
};

/*
 * A packed ring (2.8): one array that both sides write.  A position is a slot and
 * a wrap counter, which flips each time round.
 */
struct vr_packed {
	uint64_t desc;
	struct vr_event_area driver;	/* about interrupts */
	struct vr_event_area device;	/* about kicks */
	struct vr_val next_avail_idx, avail_wrap_counter;
	/* without the wrap bit, whatever this kernel stores */
	struct vr_val last_used_idx, used_wrap_counter;
	struct vr_val event_flags_shadow;
	/* behind the last descriptor that the device returned; derived */
	struct vr_val device_idx, device_wrap_counter;
};

/* Values of an event suppression area's flags. */
#define VR_EVENT_ENABLE		0u
#define VR_EVENT_DISABLE	1u
#define VR_EVENT_DESC		2u	/* at the position that off_wrap tells */

/* Counts that follow from the indices, mod 2^16; of a packed ring, from a walk
 * over its descriptors. */
struct vr_counts {
	struct vr_val in_flight;	/* published, not reaped */
	struct vr_val device_pending;	/* published, not returned */
	struct vr_val driver_pending;	/* returned, not reaped */
};

/* ---- descriptor chains (chains.c) -------------------------------------------------- */

/* Why a chain's walk ended. */
enum vr_stop {
	VR_STOP_END,		/* the last descriptor: a clean end */
	VR_STOP_LOOP,		/* more descriptors than the ring has */
	VR_STOP_INDEX,		/* a link out of range */
	VR_STOP_UNREADABLE,
	VR_STOP_NESTED,		/* an indirect table inside an indirect table */
	VR_STOP_LENGTH,		/* an indirect table of no or a broken length */
	VR_STOP_CAPPED,		/* enough was shown */
	VR_STOP_OVERWRITTEN,	/* packed: by the return of other buffers */
	VR_STOP_OTHER,		/* packed: it runs into another buffer */
};

struct vr_desc {
	uint32_t index;		/* in its table */
	bool indirect;		/* of an indirect table */
	uint16_t flags;
	uint16_t next;		/* packed: the buffer's id */
	uint32_t len;
	uint64_t addr;		/* guest-physical, or a bus address */
};

struct vr_chain {
	uint32_t head, id;	/* id: the buffer's, where the driver's token is */
	uint32_t first, count;	/* descriptors first .. first + count - 1 */
	enum vr_stop stop;
	uint64_t readable, writable;	/* bytes for the device to read, to write */
};

struct vr_chains {
	struct vr_chain *chain;
	struct vr_desc *desc;
	uint32_t nchains, ndescs, room;
	bool wanted;		/* -d */
	bool known;		/* an empty list means that there are none */
	bool bus;		/* descriptors hold bus addresses (ACCESS_PLATFORM) */
	bool capped;
	bool packed;		/* heads are slots, apart from the buffers' ids */
};

/* What is wrong with a ring's slots; check.c says what it means. */
enum vr_damage_code {
	VR_D_FREE_RANGE,	/* the free list's entry 'at' leads to 'value' */
	VR_D_FREE_REPEAT,	/* it comes to 'value' a second time */
	VR_D_FREE_TAKEN,	/* free descriptor 'at' bears a token */
	VR_D_LINK_RANGE,	/* 'at' has NEXT and leads to 'value' */
	VR_D_LINK_SHARED,	/* 'at' leads to 'value', of another chain or free */
	VR_D_LINK_DIFFERS,	/* 'at' leads to 'value', by the driver's own to 'other' */
	VR_D_TABLE_LENGTH,	/* the indirect table of 'at' has 'value' bytes */
	VR_D_TABLE_NESTED,	/* it holds a table, or 'at' has NEXT as well */
	VR_D_TABLE_LINK,	/* its entry 'other' leads to 'value' */
	VR_D_TABLE_ALIEN,	/* the driver uses no tables in this queue */
	VR_D_AVAIL_HEAD,	/* avail->ring[at] is 'value' */
	VR_D_USED_ID,		/* slot 'at' of what was returned has id 'value' */
	VR_D_USED_TOKEN,	/* .. which is not in flight */
	VR_D_USED_LENGTH,	/* packed: slot 'at' returns 'value' slots of 'other' */
	VR_D_NCODES
};

struct vr_damage {
	enum vr_damage_code code;
	uint32_t at;
	uint64_t value, other;
};

#define VR_MAX_DAMAGE 8

struct vr_slots {
	uint64_t *token;	/* a descriptor's: what the driver keeps for the chain
				 * that starts there, by its own rules; 0: none */
	uint8_t *state;		/* enum vr_slot_state a descriptor; NULL: not read */
	uint8_t *buffer;	/* enum vr_slot_state of the buffer a token is for: by
				 * head in a split ring, by id in a packed one */
	uint16_t *length;	/* packed: the buffer's descriptors, by id */
	uint32_t tokens;	/* how many there are */
	bool complete;		/* split: no part of the tables was missing */
	uint32_t stray;		/* split: chains that are neither free nor in flight */
	bool adding;		/* .. and what they miss looks like one being added */
	struct vr_damage damage[VR_MAX_DAMAGE];
	unsigned ndamage;	/* all of it; the array holds the first */
	uint32_t count[VR_SLOT_NSTATES];
};

/* ---- whose the buffers in flight are (owners.c, owners_net.c, owners_blk.c) -------- */

/* What a driver's token is. */
enum vr_owner_kind {
	VR_OWNER_TOKEN,		/* of a driver whose tokens we do not know */
	VR_OWNER_UNKNOWN,	/* this kernel's types do not tell; never followed */
	VR_OWNER_SKB,
	VR_OWNER_XDP_FRAME,
	VR_OWNER_XSK,		/* a length in an AF_XDP socket's memory, no pointer */
	VR_OWNER_XDP_BUFF,	/* a receive buffer of an AF_XDP socket */
	VR_OWNER_BUFFER,	/* a receive buffer's first byte */
	VR_OWNER_PAGE,		/* struct page of a receive buffer */
	VR_OWNER_PAGES,		/* struct page of the first of a chain of them */
	VR_OWNER_REQUEST,	/* virtblk_req of a block request */
};

/* Who talks to whom, from a packet's headers. */
struct vr_flow {
	unsigned version;	/* 4 or 6; 0: no IP, or its header was not read */
	uint8_t src[16], dst[16];
	struct vr_val protocol;	/* IPPROTO_*; not of later fragments */
	struct vr_val sport, dport;	/* TCP and UDP */
	struct vr_val icmp_type;
};

/* An sk_buff or xdp_frame. */
struct vr_packet {
	struct vr_val len, data_len;
	struct vr_val protocol;	/* ethertype */
	char dev[16];		/* of an sk_buff */
	struct vr_flow flow;
};

/* A block request. */
struct vr_request {
	uint64_t addr;
	struct vr_val sector, data_len, tag, state;
	struct vr_val op;	/* enum req_op */
	const char *op_name;	/* NULL: the kernel's types do not name it */
	struct vr_val type;	/* what the device was told: VIRTIO_BLK_T_* */
	struct vr_val age_ms;
	const char *age_from;	/* the member that it is counted from; NULL: this
				 * kernel recorded none */
	char disk[32];
};

struct vr_owner {
	uint32_t head;		/* of a packed ring: the buffer's id */
	enum vr_owner_kind kind;	/* by the token itself */
	const char *why;	/* not followed to 'kind', since ...; NULL: it was,
				 * or there is nothing to follow */
	bool orphan;		/* an skb that left its socket's account */
	bool returned;		/* by the device, and not reaped */
	uint64_t token, addr;	/* addr: where the token points; 0: nowhere */
	struct vr_val readable, writable;	/* bytes of its descriptors */
	struct vr_val truesize;		/* BUFFER */
	struct vr_val xsk_len;		/* XSK */
	struct vr_packet *packet;	/* SKB and XDP_FRAME; NULL with 'why' */
	struct vr_request *request;	/* likewise */
};

struct vr_owners {
	struct vr_owner *owner;
	uint32_t count, total;	/* kept here, and in flight */
	bool wanted;		/* -b */
	bool known;		/* the tokens were read */
};

enum vr_dir { VR_RX, VR_TX, VR_CTRL, VR_OTHER };	/* OTHER: no network device's */

/* A notification decision, replayed. */
struct vr_notify {
	bool known;		/* every word that decides it was read */
	bool event_idx;		/* by event index, else by flags */
	bool due, suppressed;
	struct vr_val event;	/* the event index, with event_idx */
};

/* A transmit queue as the network stack sees it. */
struct vr_txq {
	uint64_t addr;		/* netdev_queue; 0: not a transmit queue */
	struct vr_val state;
	struct vr_val age_ms;	/* since trans_start; means something only when
				 * the queue is stopped */
	struct vr_val qlen;
	struct vr_val trans_timeout;	/* times that the watchdog bit */
	struct vr_val tx_timeouts;	/* the same, by the driver's count */
};

/* A net_device's transmit queues: an array. */
struct vr_txqs {
	uint64_t base, count;
};

struct vr_napi {
	uint64_t addr;		/* napi_struct; 0: the queue has none */
	struct vr_val state, weight;
	struct vr_val scheduled, disabled;
	struct vr_val enabled;	/* napi_enable() was called: NPSVC is clear */
};

/* A queue's interrupt, by the handlers that are registered for it. */
struct vr_irq {
	/* VR_ABSENT: the queue has none; VR_UNREAD: unknown, and so is all below */
	enum vr_have have;
	uint64_t desc;		/* irq_desc */
	bool shared;		/* with other queues or devices */
	char name[41];		/* the handler's: "virtio0-input.0" */
	struct vr_val number;
	struct vr_val disabled;	/* by disable_irq() */
	struct vr_val masked;	/* at its controller */
	struct vr_val unhandled;	/* of the last 100000 */
	struct vr_val count;	/* since boot, on all CPUs */
	struct vr_val cpu;	/* that it goes to, the first of them */
	struct vr_val more_cpus;
	struct vr_val softirqs;	/* pending on that CPU: a mask */
	struct vr_val net_tx, net_rx;	/* of them, those of the network */
	struct vr_val idle;	/* that CPU has nothing to do: it would take an
				 * interrupt at once */
	struct vr_val panicked;	/* the kernel; known even where 'have' is not */
};

struct vr_queue {
	enum vr_dir dir;
	unsigned pair;
	char label[VR_LABEL_SIZE];	/* "tx1"; of other devices the kernel's name
				 * if no other queue has it, else the index */
	char name[VR_LABEL_SIZE];	/* the kernel's: "output.1" */
	bool in_use;		/* below curr_queue_pairs */
	bool parked;		/* its buffers lie with the device until something
				 * comes in */
	uint64_t owner;		/* send_queue / receive_queue */
	uint64_t vring_virtqueue;
	bool packed, in_order;
	uint32_t num;		/* ring size; 0: unknown, or refused */
	bool failed;		/* could not be read at all; see the errors */
	struct vr_val callback;	/* 0: the queue has no callback */
	struct vr_val kicks;	/* by the driver's count */
	struct vr_txq txq;
	struct vr_napi napi;
	struct vr_irq irq;
	struct vr_val dma_desc, dma_avail, dma_used;	/* guest-physical */
	struct vr_val index, num_free, free_head, num_added, last_used_idx;
	struct vr_val avail_idx_shadow, avail_flags_shadow;
	struct vr_val event, event_triggered, indirect, broken, weak_barriers;
	struct vr_split split;
	struct vr_packed pk;	/* in its place for a packed ring */
	struct vr_counts counts;
	struct vr_notify kick, interrupt;
	struct vr_slots slots;
	bool moving;		/* live: its words changed while it was being read */
	uint64_t size_read;	/* the ring's size as it stood there, refused or not */
	bool size_known;	/* .. and whether it could be read */
	struct vr_verdict verdict;
	uint64_t desc_state;	/* where the driver's tokens are; 0: unknown */
	struct vr_chains chains;
	struct vr_owners owners;
};

/* Fill a queue from its vring_virtqueue; 'words_big' is the byte order of a split
 * ring's words (legacy rings have the guest's).  Never fails: what could not be read
 * is VR_UNREAD. */
void vr_ring_read(struct vr_ctx *c, struct vr_queue *q, uint64_t vring_virtqueue,
		  bool words_big);
/* The derived counts of a split ring, from the values at hand (pure). */
void vr_ring_derive(struct vr_queue *q);
/* packed.c: the packed ring of 'q', whose vring_virtqueue is 'vvq' and whose
 * driver's words were read; never fails, like vr_ring_read(). */
void vr_packed_read(struct vr_ctx *c, struct vr_queue *q,
		    const struct vr_obj *vvq);
/* packed.c: steps from position 'from' to 'to', each a slot and its wrap counter,
 * in a ring of 'num': 0 to 2 * num - 1 (pure). */
uint32_t vr_packed_steps(uint32_t num, uint32_t from, bool from_wrap, uint32_t to,
			 bool to_wrap);
/* ring.c: the guest-physical address of a ring's part; VR_UNREAD without one. */
struct vr_val vr_ring_physical(struct vr_ctx *c, uint64_t addr);
/* ring.c: a ring's size, 0 when nothing can be computed with it (noted). */
uint32_t vr_ring_num(struct vr_ctx *c, struct vr_queue *q, struct vr_val num,
		     bool power_of_two);
/* chains.c: the chains that the device holds now, of a queue whose slots were
 * read; of a host's queue, those that vhost has not returned. */
struct vr_hostq;
void vr_guest_chains(struct vr_ctx *c, struct vr_queue *q, uint64_t features,
		     bool words_big);
void vr_host_chains(struct vr_ctx *c, struct vr_hostq *q);
/* chains.c: why a walk ended, in words; flags as names. */
const char *vr_stop_name(enum vr_stop stop);
void vr_desc_flags(char *buf, size_t size, uint16_t flags);
/* notify.c: replay both notification decisions (pure), and say them in words. */
void vr_notify_replay(struct vr_queue *q);
/* The same of a host's queue: does vhost wait for a kick, and would it signal? */
void vr_host_notify_replay(struct vr_hostq *q);
void vr_host_kick_text(char *buf, size_t size, const struct vr_hostq *q);
void vr_signal_text(char *buf, size_t size, const struct vr_hostq *q);
void vr_kick_text(char *buf, size_t size, const struct vr_queue *q);
void vr_interrupt_text(char *buf, size_t size, const struct vr_queue *q);
/* Would moving an index from 'old' to 'new_idx' pass 'event'?  The rule for
 * EVENT_IDX of the virtio specification (2.7.7.1), mod 2^16 (pure). */
bool vr_event_passed(uint16_t event, uint16_t new_idx, uint16_t old);

/* ---- snapshot: devices (net_walk.c, vhost_walk.c) -------------------------------- */

#define VR_MAX_RING 32768	/* the specification's largest split ring */
#define VR_MAX_PAIRS 0x8000	/* VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX */

struct vr_device {
	struct vr_netdev_ref ref;	/* addr 0: no network device */
	uint64_t virtnet_info, virtio_device;
	struct vr_val virtio_index, features, max_pairs, curr_pairs;
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
	struct vr_val refill_pending, refill_enabled;
	struct vr_val watchdog_ms;		/* net_device.watchdog_timeo */
	struct vr_queue *queues;
	unsigned nqueues;
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

/* Parse a queue selector (N, txN, rxN, output.N, input.N, tx, rx, ctrl) into
 * 'sel'; 0, or -1 when the word is none: it may then still be what another kind
 * of device calls a queue (VR_SEL_NAME). */
int vr_select_queue(struct vr_select *sel, const char *word);

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
	unsigned ncandidates;
	const struct vr_device *others;	/* NO_DEVICE: those of other types */
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
/* vhost_walk.c: the rtnl_link_ops kind of a net_device ("" when it has none),
 * and whether it is one that vhost serves (tun, macvtap, ipvtap). */
bool vr_host_kind(struct vr_ctx *c, uint64_t net_device, char *kind, size_t size);

/* ---- snapshot: the host's side (vhost_find.c, vhost_queue.c, vhost_walk.c) ---------- */

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
	uint64_t mm;		/* of the owner */
	struct vr_task owner;	/* addr 0: not found */
	struct vr_task worker;	/* the one that was read last */
	struct vr_val nvqs, cid;	/* cid: vsock's */
	uint64_t vq[2], backend[2];	/* vhost_net's queues and their sockets */
	bool iotlb;		/* addresses are IOVAs */
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

struct vr_hostq {
	char device[16];	/* the net device, or "vhost-vsock" ... */
	struct vr_netdev_ref ref;	/* addr 0: no net device */
	char label[VR_LABEL_SIZE];
	unsigned vq;		/* index in vhost_dev.vqs */
	uint64_t tun, tun_file;	/* or tap_dev and tap_queue */
	struct vr_val queue_index;
	bool detached, tap;	/* tap: a tap_queue of macvtap or ipvtap */
	struct vr_vhost *vhost;
	uint64_t socket_wq;
	uint64_t wait_entry;	/* 0: vhost does not wait for the socket */
	uint64_t vhost_virtqueue;
	struct vr_val num, last_avail_idx, avail_idx, last_used_idx, used_flags;
	struct vr_val signalled_used, signalled_used_valid, acked_features;
	struct vr_val busyloop_timeout, backend, is_le, upend_idx, done_idx;
	struct vr_val desc, avail, used;	/* user addresses */
	struct vr_val kick_count, call_count, error_count;
	struct vr_val rxq_head, rxq_tail;
	struct vr_poll kick_poll, backend_poll;
	struct vr_val tx_ring_size, tx_ring_used, sock_qlen;
	struct vr_task worker;	/* addr 0: none, or not found */
	/* the words in the owner's memory */
	struct vr_split ring;
	struct vr_val next_head;	/* what avail->ring says vhost takes next */
	struct vr_notify kick, signal;	/* as vhost decides */
	struct vr_verdict verdict;
	struct vr_chains chains;
	enum vr_translation why;	/* VR_TR_OK: readable */
	bool zeros;		/* reads as zeros, like all of its owner's memory */
	struct vr_txq txq;	/* the tap's transmit queue: towards the guest */
	struct vr_val dma_desc, dma_avail, dma_used;
};

struct vr_host {
	char nodename[65], release[65];
	struct vr_vhost *vhosts;
	unsigned nvhosts;
	struct vr_hostq *queues;
	unsigned nqueues, room;
	bool memory;		/* -m */
};

#define VR_MAX_VHOSTS 4096

/* vhost_walk.c: read the queues that 'sel' and 'pid' (0: any process) name into
 * 'ret'; VR_WALK_OK or another status with '*err' filled.  Needs VR_G_TASKS and
 * VR_G_VHOST. */
enum vr_walk_status vr_host_walk(struct vr_ctx *c, const struct vr_select *sel,
				 uint64_t pid, struct vr_host *ret,
				 struct vr_walk_error *err);

/* vhost_find.c: every vhost device that a process has open, with its owner. */
int vr_vhost_find(struct vr_ctx *c, struct vr_host *h);
/* vhost_find.c: owners that the open files did not tell, by their memory. */
void vr_vhost_owners(struct vr_ctx *c, struct vr_host *h);
/* vhost_find.c: the vhost_net at 'addr', added when it is not known and looks
 * like one (its queues point back at it); NULL when it does not. */
struct vr_vhost *vr_vhost_at(struct vr_ctx *c, struct vr_host *h, uint64_t addr);
/* vhost_queue.c: the guest memory that a vhost device knows. */
void vr_vhost_regions(struct vr_ctx *c, struct vr_vhost *v);
/* vhost_queue.c: the address of queue 'vq' by vhost_dev.vqs, or 0. */
uint64_t vr_vhost_vq(struct vr_ctx *c, const struct vr_vhost *v, unsigned vq);
/* vhost_queue.c: an address of the guest's in the owner's memory, by the memory
 * map; false when no region has it. */
bool vr_guest_to_user(const struct vr_vhost *v, uint64_t guest, uint64_t *ret);
/* vhost_queue.c: the same for an address that vhost has of a ring: the owner's, or
 * with an iotlb the guest's. */
bool vr_ring_to_user(const struct vr_vhost *v, uint64_t addr, uint64_t *ret);
/* vhost_queue.c: mark rings that read as zeros because the dump lacks them. */
void vr_vhost_doubt_zeros(struct vr_ctx *c, struct vr_host *h);
/* vhost_queue.c: fill everything of 'q' that its vhost_virtqueue leads to; the
 * caller set vhost, vq and vhost_virtqueue. */
void vr_vhost_queue(struct vr_ctx *c, struct vr_hostq *q);

/* ---- features.c ---------------------------------------------------------------- */

/* Values of virtio_device.id.device that the code looks at. */
#define VR_ID_NET	1
#define VR_ID_BLOCK	2
#define VR_ID_CONSOLE	3
#define VR_ID_BALLOON	5
#define VR_ID_SCSI	8
#define VR_ID_INPUT	18
#define VR_ID_VSOCK	19
#define VR_ID_IOMMU	23
#define VR_ID_SOUND	25

/* Name of feature bit 'bit' of a device of type 'type', or NULL: none is known. */
const char *vr_feature_name(uint64_t type, unsigned bit);
/* The same for what a vhost queue has acknowledged. */
const char *vr_vhost_feature_name(uint64_t type, unsigned bit);
/* "block", the number of a type without a known name, or NULL when it was not
 * read; may use 'buf'. */
const char *vr_type_name(struct vr_val type, char buf[24]);

/* ---- the way there, for vqwalk (hops.c) ------------------------------------------- */

enum vr_rule {
	VR_RULE_BEHIND,		/* behind the struct: its size, aligned to 'count' */
	VR_RULE_INSIDE,		/* the member itself */
	VR_RULE_POINTER,	/* what the member points to */
	VR_RULE_ELEMENT,	/* element 'count' of an array */
	VR_RULE_FIRST,		/* the same address, by another type */
	VR_RULE_WORD,		/* a word of a ring of 'count' entries */
	VR_RULE_SLOT,		/* pointer 'count' of an array of them */
	VR_RULE_LIST,		/* on the list that the member heads */
	VR_RULE_AROUND,		/* the struct whose 'member' this address is */
	VR_RULE_FILE,		/* private_data of a file that 'count' has open */
	VR_RULE_USER,		/* an address in the owner's memory */
};

struct vr_hop {
	const char *type;	/* the struct at 'addr' */
	uint64_t addr;
	const char *member;	/* NULL: none is followed */
	uint32_t offset;	/* the member's */
	uint32_t size;		/* of the struct, for BEHIND and ELEMENT */
	uint64_t count;
	enum vr_rule rule;
	uint64_t next;		/* 0: could not be read */
};

struct vr_path {
	const char *device, *label;
	struct vr_val netns;
	uint64_t virtqueue;	/* vring_virtqueue or vhost_virtqueue */
	struct vr_hop *hops;
	unsigned nhops;
};

struct vr_walks {
	struct vr_path *path;
	unsigned count;
};

/* The hops of every queue of the snapshot; 0, or -1 when memory is short. */
int vr_trace(struct vr_ctx *c, const struct vr_snapshot *s, struct vr_walks *ret);
/* The same for the host's queues. */
int vr_trace_host(struct vr_ctx *c, const struct vr_host *h, struct vr_walks *ret);
/* How the next address follows, in words. */
void vr_hop_rule(char *buf, size_t size, const struct vr_hop *h);

/* ---- checks and verdicts (check.c) ------------------------------------------------------ */

/* Judge every queue: run all checks over it and say what state it is in.  Pure but
 * for the reasons, which are kept in the context's arena. */
void vr_check_guest(struct vr_ctx *c, struct vr_snapshot *s);
void vr_check_host(struct vr_ctx *c, struct vr_host *h);
/* A state's and a severity's name in text and JSON. */
const char *vr_state_name(enum vr_state state);
const char *vr_severity_name(enum vr_severity severity);
/* The n-th of all checks and states, for help texts and their test: its name,
 * severity and meaning; false behind the last one. */
bool vr_check_row(unsigned n, const char **name, enum vr_severity *severity,
		  const char **meaning);

/* ---- words (words.c) ----------------------------------------------------------------- */

/* A value as decimal in 'buf': '-' when it could not be read, 'none' when this
 * kernel has no such member. */
const char *vr_val_text(struct vr_val v, char buf[24]);
/* A string from the dump with control and non-ASCII bytes as \xNN. */
void vr_text_escape(char *out, size_t size, const char *in);
/* A mask of softirqs by their names. */
void vr_softirqs_text(char *buf, size_t size, struct vr_val pending);
/* Whose error it is ("eth0 tx1", "" for none), and what it is. */
void vr_error_where(char *buf, size_t size, const struct vr_error *e);
void vr_error_what(char *buf, size_t size, const struct vr_error *e);
/* Why the walk found nothing to show, and what would work. */
void vr_walk_reason(char *buf, size_t size, const struct vr_walk_error *e,
		    const struct vr_select *sel);
/* The queue's word is none for a network device. */
void vr_word_reason(char *buf, size_t size, const struct vr_select *sel);
/* The same for the host's walk. */
void vr_host_reason(char *buf, size_t size, const struct vr_walk_error *e,
		    const struct vr_select *sel, uint64_t pid);

/* ---- rendering ------------------------------------------------------------------------- */

/* render_text.c: the snapshot as text; 'width' is the terminal's. */
void vr_text_snapshot(FILE *out, const struct vr_ctx *c,
		      const struct vr_snapshot *s, const struct vr_select *sel,
		      unsigned width);
/* render_verdict.c: a queue's verdict with its reasons; the one line below a table
 * that names the worst of all queues that were added. */
struct vr_worst {
	unsigned total, bad;
	const struct vr_verdict *verdict;
	const char *device, *label;
};
void vr_text_verdict(FILE *out, const struct vr_verdict *v);
void vr_worst_add(struct vr_worst *w, const struct vr_verdict *v, const char *device,
		  const char *label);
void vr_text_worst(FILE *out, const struct vr_worst *w);
/* render_packed.c: what a packed ring's block has in place of avail and used ring;
 * an event area in a word ("on", "off", a slot). */
void vr_text_packed(FILE *out, const struct vr_queue *q);
const char *vr_area_text(const struct vr_event_area *a, char buf[24]);
/* render_device.c: a device's own line or lines, with the mask of its features or
 * without; its features by name. */
void vr_text_device(FILE *out, const struct vr_device *d, bool mask);
void vr_text_features(FILE *out, const struct vr_device *d, unsigned width);
/* render_device.c: a line instead of queues, for a device that has none. */
void vr_text_no_queues(FILE *out, const struct vr_device *d);
/* render_device.c: room for the longest label, so that columns stay below their
 * headings. */
int vr_label_width(const struct vr_device *d);
/* render_text.c: the resolved layout (vring -l). */
void vr_text_layout(FILE *out, const struct vr_ctx *c);
/* render_text.c: the errors, a line each. */
void vr_text_errors(FILE *out, const struct vr_ctx *c);
/* render_walk.c: hops as a table; as crash commands that repeat them (asks the
 * target which types its gdb knows). */
void vr_text_walks(FILE *out, const struct vr_walks *w);
void vr_text_commands(FILE *out, struct vr_ctx *c, const struct vr_walks *w);
/* render_json.c: the snapshot, or the hops, as one JSON document with the errors. */
void vr_json_snapshot(FILE *out, const struct vr_ctx *c,
		      const struct vr_snapshot *s);
void vr_json_walks(FILE *out, const struct vr_ctx *c, const char *side,
		   const char *nodename, const char *release,
		   const struct vr_walks *w);
/* render_host.c: the host's side as text; its memory regions (-m); as JSON. */
void vr_text_host(FILE *out, const struct vr_ctx *c, const struct vr_host *h,
		  const struct vr_select *sel);
void vr_text_regions(FILE *out, const struct vr_host *h);
void vr_json_host(FILE *out, const struct vr_ctx *c, const struct vr_host *h);
/* render_chains.c: descriptor chains, for both sides; nothing without -d. */
struct json;
void vr_text_chains(FILE *out, const struct vr_chains *s);
void vr_json_chains(struct json *j, const struct vr_chains *s);
/* render_owners.c: who owns the buffers in flight; in text nothing without -b, in
 * JSON null. */
void vr_text_owners(FILE *out, const struct vr_owners *s);
void vr_json_owners(struct json *j, const struct vr_owners *s);
/* render_json.c: a document without queues, with the reason as an error. */
void vr_json_failure(FILE *out, const struct vr_ctx *c, const char *command,
		     const char *side, const char *nodename, const char *release,
		     const char *reason);
/* The head of every document, and its errors; for render_host.c. */
void vr_json_begin(struct json *j, FILE *out, const struct vr_ctx *c,
		   const char *command, const char *side, const char *nodename,
		   const char *release);
void vr_json_end(struct json *j, const struct vr_ctx *c);
void vr_json_verdict(struct json *j, const struct vr_verdict *v);
void vr_json_feature_names(struct json *j, struct vr_val low, struct vr_val high,
			   uint64_t type,
			   const char *(*named)(uint64_t type, unsigned bit));

#endif
