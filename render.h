/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render.h - from a snapshot to words: names of bits, the hops of vqwalk, verdicts,
 * and what prints them.  Included by vring.h.
 */
#ifndef VRING_RENDER_H
#define VRING_RENDER_H

/* ---- features.c ---------------------------------------------------------------- */

/* Values of virtio_device.id.device that the code looks at. */
#define VR_ID_NET	1
#define VR_ID_BLOCK	2
#define VR_ID_CONSOLE	3
#define VR_ID_BALLOON	5
#define VR_ID_RPMSG	7
#define VR_ID_SCSI	8
#define VR_ID_RPROC_SERIAL	11
#define VR_ID_CLOCK	17
#define VR_ID_INPUT	18
#define VR_ID_VSOCK	19
#define VR_ID_IOMMU	23
#define VR_ID_SOUND	25
#define VR_ID_HWSIM	29
#define VR_ID_SCMI	32
#define VR_ID_CAN	36
#define VR_ID_BLUETOOTH	40
#define VR_ID_GPIO	41

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
/* The same in hex; an address, where 0 means that none was read; one word or another for
 * a truth value. */
const char *vr_hex_text(struct vr_val v, char buf[24]);
const char *vr_addr_text(uint64_t addr, char buf[24]);
const char *vr_flag_text(struct vr_val v, const char *yes, const char *no);
/* A string from the dump with control and non-ASCII bytes as \xNN. */
void vr_text_escape(char *out, size_t size, const char *in);
/* A mask of softirqs by their names. */
void vr_softirqs_text(char *buf, size_t size, struct vr_val pending);
/* Whose error it is ("eth0 tx1", "" for none), and what it is: some list what there is. */
#define VR_WHAT_SIZE	8192
void vr_error_where(char *buf, size_t size, const struct vr_error *e);
void vr_error_what(char *buf, size_t size, const struct vr_error *e);
/* Why the walk found nothing to show, and what would work. */
void vr_walk_reason(char *buf, size_t size, const struct vr_walk_error *e,
		    const struct vr_select *sel);
/* The queue's word is none for a network device, of a guest or of a host. */
void vr_word_reason(char *buf, size_t size, const struct vr_select *sel, bool host);
/* The same for the host's walk. */
void vr_host_reason(char *buf, size_t size, const struct vr_walk_error *e,
		    const struct vr_select *sel, uint64_t pid);

/* A member that the command needs is unknown: why, and where 'command' would find it.
 * 'namelist' is the kernel's file. */
void vr_missing_reason(char *buf, size_t size, struct vr_ctx *c, const struct vr_missing *m,
		       const char *command, const char *namelist);

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
const char *vr_where_name(enum vr_where where);
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
/* render_layout.c: the resolved layout (vring -l).  Files of BTF are looked for again, to
 * name them. */
void vr_text_layout(FILE *out, struct vr_ctx *c);
/* render_errors.c: the errors, a line each; those on one page of one device or queue
 * together. */
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
void vr_text_regions(FILE *out, const struct vr_ctx *c, const struct vr_host *h);
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
