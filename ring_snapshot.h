/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring_snapshot.h - what is known of one queue: its ring, its descriptors' chains,
 * whose its buffers are, and its verdict.  Plain data, and the functions that fill
 * it.  Included by snapshot.h.
 */
#ifndef VRING_RING_SNAPSHOT_H
#define VRING_RING_SNAPSHOT_H

/* ---- what check.c adds -------------------------------------------------------- */

enum vr_severity { VR_SEV_OK, VR_SEV_INFO, VR_SEV_WARN, VR_SEV_ERROR };

/* What a queue is in, one of them, by precedence: a worse one hides the others.  But a
 * breach that is seen is told though another word is missing: corrupt, not unreadable. */
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

/* Who has to move next. */
enum vr_where {
	VR_AT_NOBODY,		/* nothing is outstanding */
	VR_AT_DRIVER,		/* the guest's driver */
	VR_AT_RING,		/* nobody can: what the ring says makes no sense */
	VR_AT_KICK,		/* a kick on its way */
	VR_AT_WORKER,		/* vhost's worker */
	VR_AT_BACKEND,		/* the backend: the tap, or what reads from it */
	VR_AT_INTERRUPT,	/* an interrupt on its way */
	VR_AT_NAPI,		/* the guest's NAPI */
	VR_AT_NWHERE
};

struct vr_verdict {
	enum vr_state state;
	enum vr_severity severity;
	struct vr_reason *reasons;	/* the verdict's own comes first */
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
	bool wrap_apart;	/* used_wrap_counter is a member of its own */
	struct vr_val event_flags_shadow;
	/* behind the last descriptor that the device returned; derived */
	struct vr_val device_idx, device_wrap_counter;
	uint32_t lone;	/* slots between the driver's positions that are of no token */
	bool lone_new;	/* .. they may be those of an add that has not ended */
	bool writing;	/* descriptors in front of next_avail_idx are an add's */
	uint32_t with_token;	/* slots of buffers with a token, where .. */
	bool tokens_known;
	bool used_turns;	/* where a wrap counter is turning, it is used's */
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
	struct vr_val bus;	/* descriptors hold bus addresses (ACCESS_PLATFORM) */
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
	bool doubt;		/* whether it is due, a word would tell that was not read */
	struct vr_val event;	/* the event index, with event_idx */
};

/* A transmit queue as the network stack sees it. */
struct vr_txq {
	uint64_t addr;		/* netdev_queue; 0: not a transmit queue */
	struct vr_val state;
	struct vr_val age_ms;	/* since trans_start; means something only when
				 * the queue is stopped */
	struct vr_val qlen;
	struct vr_val trans_timeout;	/* times that the watchdog fired */
	struct vr_val tx_timeouts;	/* the same, by the driver's count */
};

/* A net_device's transmit queues: an array. */
struct vr_txqs {
	uint64_t base;
	struct vr_val count;
};

struct vr_napi {
	uint64_t addr;		/* napi_struct; 0: the queue has none */
	bool lost;		/* .. or it has one, and where was not read */
	struct vr_val state, weight;
	struct vr_val scheduled, disabled;
	struct vr_val enabled;	/* napi_enable() was called: NPSVC is clear */
	struct vr_val deferred;		/* polls that a timer may start first; 0: none */
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
	bool listed;		/* found on its device's list, since that was missing */
	uint64_t vring_virtqueue;
	bool packed, in_order, strange;	/* strange: of a layout that is not known */
	bool unread_layout;	/* taken for a split one */
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
	struct vr_val reset;	/* this queue alone is being reset */
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
/*
 * What lies between the driver's two positions, in slots; false when a word is missing
 * or outside the ring.  At the ring's end a wrap counter moves by itself: avail's before
 * next_avail_idx (virtqueue_add_packed), used's, where it is a member of its own, behind
 * last_used_idx (virtqueue_get_buf_ctx_packed).  Of a driver that was caught between the two,
 * 'turning', this is as if it had not begun the first, or had ended the second.
 */
struct vr_packed_held {
	uint32_t slots;		/* more than the ring has: the positions make no sense */
	bool used_wrap;		/* of last_used_idx */
	bool turning;
};

bool vr_packed_held(const struct vr_queue *q, struct vr_packed_held *ret);
/* ring.c: the guest-physical address of a ring's part; VR_UNREAD without one. */
struct vr_val vr_ring_physical(struct vr_ctx *c, uint64_t addr);
/* ring.c: a ring's size, 0 when nothing can be computed with it (noted). */
uint32_t vr_ring_num(struct vr_ctx *c, struct vr_queue *q, struct vr_val num,
		     uint64_t addr, bool power_of_two);
/* chains.c: the chains that the device holds now, of a queue whose slots were
 * read; of a host's queue, those that vhost has not returned. */
struct vr_hostq;
void vr_guest_chains(struct vr_ctx *c, struct vr_queue *q, struct vr_val features,
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

#endif
