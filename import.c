// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * import.c - the other side's queues from its JSON document, into the same structs
 * that the walks fill.  What the document lacks or has as null is VR_UNREAD.
 */
#include <string.h>

#include "compare.h"
#include "render.h"

#define MAX_QUEUES	65536u
#define MAX_QUOTED	32u	/* of its errors */
#define QUOTED_SIZE	2048u

static struct vr_val val(const struct vr_doc *d, int object, const char *name)
{
	struct vr_val v = vr_doc_val(d, object, name);

	if (v.have == VR_ABSENT)
		v.have = VR_UNREAD;
	return v;
}

static uint64_t address(const struct vr_doc *d, int object, const char *name)
{
	return val(d, object, name).v;
}

static unsigned count_queues(const struct vr_doc *d, int queues)
{
	unsigned n = 0;

	for (int q = vr_doc_first(d, queues); q >= 0 && n < MAX_QUEUES;
	     q = vr_doc_next(d, queues, q))
		n++;
	return n;
}

static enum vr_state state_by_name(const char *name)
{
	for (unsigned i = VR_ST_UNREADABLE; i < VR_ST_NSTATES; i++)
		if (!strcmp(vr_state_name((enum vr_state)i), name))
			return (enum vr_state)i;
	return VR_ST_NONE;
}

static void read_verdict(const struct vr_doc *d, int q, struct vr_verdict *v)
{
	int node = vr_doc_member(d, q, "verdict");
	char name[32];

	if (vr_doc_string(d, node, "state", name, sizeof(name)))
		v->state = state_by_name(name);
	for (unsigned i = VR_SEV_OK; i <= VR_SEV_ERROR; i++)
		if (vr_doc_string(d, node, "severity", name, sizeof(name)) &&
		    !strcmp(vr_severity_name((enum vr_severity)i), name))
			v->severity = (enum vr_severity)i;
}

static void read_split_words(const struct vr_doc *d, int owner, struct vr_split *s)
{
	int avail = vr_doc_member(d, owner, "avail"), used = vr_doc_member(d, owner, "used");

	s->avail_flags = val(d, avail, "flags");
	s->avail_idx = val(d, avail, "idx");
	s->used_event = val(d, avail, "used_event");
	s->used_flags = val(d, used, "flags");
	s->used_idx = val(d, used, "idx");
	s->avail_event = val(d, used, "avail_event");
}

/* ---- a guest's document -------------------------------------------------------------- */

static void read_guest_driver(const struct vr_doc *d, int q, struct vr_queue *ret)
{
	struct vr_val num = val(d, q, "num"), in_use = val(d, q, "in_use");

	ret->num = num.v <= VR_MAX_RING ? (uint32_t)num.v : 0;
	ret->index = val(d, q, "index");
	ret->num_free = val(d, q, "num_free");
	ret->num_added = val(d, q, "num_added");
	ret->last_used_idx = val(d, q, "last_used_idx");
	/* Its absence decides, so null has to stay 'none', unless nothing was decided. */
	ret->avail_flags_shadow = val(d, q, "avail_flags_shadow");
	if (ret->avail_flags_shadow.have == VR_UNREAD &&
	    vr_doc_is_object(d, vr_doc_member(d, q, "interrupt")))
		ret->avail_flags_shadow.have = VR_ABSENT;
	ret->event = val(d, q, "event");
	ret->broken = val(d, q, "broken");
	ret->reset = val(d, q, "reset");
	ret->callback = val(d, q, "callback");
	/* null: how many pairs are in use was not read, and each of them may be. */
	ret->in_use = in_use.have != VR_READ || in_use.v;
	ret->in_order = val(d, q, "in_order").v;
}

static void read_guest_net(const struct vr_doc *d, int q, struct vr_queue *ret)
{
	int txq = vr_doc_member(d, q, "netdev_queue"), napi = vr_doc_member(d, q, "napi");

	ret->txq.addr = address(d, txq, "addr");
	ret->txq.state = val(d, txq, "state");
	ret->txq.age_ms = val(d, txq, "trans_start_age_ms");
	ret->napi.addr = address(d, napi, "addr");
	ret->napi.lost = vr_doc_is_object(d, napi) && !ret->napi.addr;
	ret->napi.state = val(d, napi, "state");
	ret->napi.scheduled = val(d, napi, "scheduled");
	ret->napi.enabled = val(d, napi, "enabled");
}

static enum vr_dir direction(const char *label)
{
	if (!strncmp(label, "tx", 2))
		return VR_TX;
	return strncmp(label, "rx", 2) ? VR_CTRL : VR_RX;
}

/* Is the device no network device, or one that virtio_net does not drive? */
static bool is_other(const struct vr_doc *d, int q)
{
	char type[24];

	return !address(d, q, "net_device") ||
	       (vr_doc_string(d, q, "type", type, sizeof(type)) && strcmp(type, "net"));
}

static void read_guest_queue(const struct vr_doc *d, int q, struct vr_queue *ret)
{
	int dma = vr_doc_member(d, q, "dma"), packed = vr_doc_member(d, q, "packed");
	char layout[16];

	vr_doc_string(d, q, "queue", ret->label, sizeof(ret->label));
	ret->dir = is_other(d, q) ? VR_OTHER : direction(ret->label);
	ret->vring_virtqueue = address(d, q, "vring_virtqueue");
	vr_doc_string(d, q, "layout", layout, sizeof(layout));
	ret->packed = !strcmp(layout, "packed");
	read_guest_driver(d, q, ret);
	read_guest_net(d, q, ret);
	ret->split.num = ret->packed ? 0 : ret->num;
	read_split_words(d, q, &ret->split);
	ret->pk.next_avail_idx = val(d, packed, "next_avail_idx");
	ret->dma_desc = val(d, dma, "desc");
	ret->dma_avail = val(d, dma, "avail");
	ret->dma_used = val(d, dma, "used");
	ret->counts.in_flight = val(d, q, "in_flight");
	ret->counts.device_pending = val(d, q, "device_pending");
	ret->counts.driver_pending = val(d, q, "driver_pending");
	if (!ret->packed)
		vr_notify_replay(ret);
	read_verdict(d, q, &ret->verdict);
}

static void read_device(const struct vr_doc *d, int q, struct vr_device *ret)
{
	ret->ref.addr = address(d, q, "net_device");
	if (ret->ref.addr)
		vr_doc_string(d, q, "device", ret->ref.name, sizeof(ret->ref.name));
	else
		vr_doc_string(d, q, "device", ret->virtio_name,
			      sizeof(ret->virtio_name));
	ret->ref.inum = val(d, q, "netns");
	ret->virtio_device = address(d, q, "virtio_device");
	ret->features = val(d, q, "features");
	ret->up = val(d, q, "up");
	ret->carrier = val(d, q, "carrier");
}

/* Queues of a device follow one another. */
static int read_guest(struct vr_ctx *c, const struct vr_doc *d, int queues,
		      struct vr_snapshot *ret)
{
	unsigned n = count_queues(d, queues), i = 0;
	struct vr_queue *all = vr_alloc(&c->arena, n ? n : 1, sizeof(*all));
	struct vr_device *device = NULL;

	ret->devices = vr_alloc(&c->arena, n ? n : 1, sizeof(*ret->devices));
	if (!all || !ret->devices)
		return -1;
	for (int q = vr_doc_first(d, queues); q >= 0 && i < n;
	     q = vr_doc_next(d, queues, q), i++) {
		uint64_t addr = address(d, q, "virtio_device");

		if (!device || device->virtio_device != addr || !addr) {
			device = &ret->devices[ret->ndevices++];
			read_device(d, q, device);
			device->queues = &all[i];
		}
		read_guest_queue(d, q, &all[i]);
		device->nqueues++;
	}
	return 0;
}

/* ---- a host's document ------------------------------------------------------------------ */

static uint64_t task_state(const char *letter)
{
	static const struct { char letter; uint64_t state; } states[] = {
		{ 'R', 0 }, { 'S', 1 }, { 'D', 2 }, { 'T', 4 }, { 't', 8 },
	};

	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].letter == *letter)
			return states[i].state;
	return 1;
}

static void read_task(const struct vr_doc *d, int owner, const char *name,
		      struct vr_task *ret)
{
	int t = vr_doc_member(d, owner, name);
	char letter[4];

	if (!vr_doc_is_object(d, t))
		return;
	ret->addr = 1;		/* there is one; where is not told */
	ret->pid = val(d, t, "pid");
	ret->mm = address(d, t, "mm");
	ret->on_cpu = val(d, t, "on_cpu");
	ret->on_rq = val(d, t, "on_rq");
	vr_doc_string(d, t, "comm", ret->comm, sizeof(ret->comm));
	if (vr_doc_string(d, t, "state", letter, sizeof(letter)))
		ret->state = (struct vr_val){ task_state(letter),
			*letter == '?' ? VR_UNREAD : VR_READ };
}

/* An address that is null where it is NULL, too; 'told' says whether it was read. */
static struct vr_val nullable(uint64_t addr, struct vr_val told)
{
	return (struct vr_val){ addr, told.have == VR_UNREAD ? VR_UNREAD : VR_READ };
}

static void read_poll(const struct vr_doc *d, int q, const char *name,
		      struct vr_poll *ret)
{
	int p = vr_doc_member(d, q, name);

	ret->addr = address(d, p, "addr");
	ret->wqh = nullable(address(d, p, "wqh"),
			    vr_doc_val(d, vr_doc_member(d, q, "waits"), name));
	if (!vr_doc_is_object(d, p))
		ret->wqh.have = VR_UNREAD;
	ret->queued = val(d, p, "queued");
}

/* Why the ring's words are not there: what vr_ring_why() said. */
static enum vr_translation unreadable(const struct vr_doc *d, int ring)
{
	static const struct {
		const char *text;
		enum vr_translation why;
	} reasons[] = {
		{ "not mapped by the owner", VR_TR_NOT_PRESENT }, { "swapped out", VR_TR_SWAPPED },
		{ "page tables missing from the dump", VR_TR_NO_TABLE },
		{ "not in the dump", VR_TR_NO_PAGE },
		{ "not in the dump: reads as zeros", VR_TR_NO_PAGE },
	};
	char why[48];

	vr_doc_string(d, ring, "why", why, sizeof(why));
	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(why, reasons[i].text))
			return reasons[i].why;
	return VR_TR_UNKNOWN;
}

static void read_host_words(const struct vr_doc *d, int q, struct vr_hostq *ret)
{
	int ring = vr_doc_member(d, q, "ring"), rxq = vr_doc_member(d, q, "rxq");
	int dma = vr_doc_member(d, q, "dma"), tap = vr_doc_member(d, q, "tx_ring");

	ret->num = val(d, q, "num");
	ret->last_avail_idx = val(d, q, "last_avail_idx");
	ret->avail_idx = val(d, q, "avail_idx");
	ret->last_used_idx = val(d, q, "last_used_idx");
	ret->used_flags = val(d, q, "used_flags");
	ret->signalled_used = val(d, q, "signalled_used");
	ret->signalled_used_valid = val(d, q, "signalled_used_valid");
	ret->acked_features = val(d, q, "acked_features");
	ret->backend = nullable(address(d, q, "backend"), vr_doc_val(d, q, "has_backend"));
	ret->upend_idx = val(d, q, "upend_idx");
	ret->done_idx = val(d, q, "done_idx");
	ret->kick_count = val(d, vr_doc_member(d, q, "kick"), "eventfd_count");
	ret->call_count = val(d, vr_doc_member(d, q, "call"), "eventfd_count");
	ret->error_count = val(d, vr_doc_member(d, q, "error"), "eventfd_count");
	ret->rxq_head = val(d, rxq, "head");
	ret->rxq_tail = val(d, rxq, "tail");
	ret->tx_ring_size = val(d, tap, "size");
	ret->tx_ring_used = val(d, tap, "used");
	ret->sock_qlen = val(d, q, "sock_qlen");
	ret->ring.num = ret->num.v <= VR_MAX_RING ? (uint32_t)ret->num.v : 0;
	read_split_words(d, ring, &ret->ring);
	ret->why = val(d, ring, "readable").v ? VR_TR_OK : unreadable(d, ring);
	ret->dma_desc = val(d, dma, "desc");
	ret->dma_avail = val(d, dma, "avail");
	ret->dma_used = val(d, dma, "used");
}

static struct vr_vhost *vhost_of(struct vr_host *h, const struct vr_doc *d, int q)
{
	uint64_t dev = address(d, q, "vhost_dev");
	char device[16];
	struct vr_val runs;
	struct vr_vhost *v = h->nvhosts ? &h->vhosts[h->nvhosts - 1] : NULL;

	if (v && v->dev == dev)
		return v;
	v = &h->vhosts[h->nvhosts++];
	v->dev = dev;
	v->addr = address(d, q, "vhost_net");
	vr_doc_string(d, q, "device", device, sizeof(device));
	v->kind = v->addr ? VR_VHOST_NET : strcmp(device, "vhost-scsi") ?
		  VR_VHOST_VSOCK : VR_VHOST_SCSI;
	v->iotlb = vr_doc_is_object(d, vr_doc_member(d, q, "iova"));
	read_task(d, q, "owner", &v->owner);
	runs = val(d, vr_doc_member(d, q, "owner"), "runs");
	v->owner_runs = runs.v;
	v->runs_lost = v->owner.addr && runs.have == VR_UNREAD;
	v->mm = v->owner.mm;
	return v;
}

static void read_host_queue(const struct vr_doc *d, int q, struct vr_hostq *ret)
{
	vr_doc_string(d, q, "device", ret->device, sizeof(ret->device));
	vr_doc_string(d, q, "queue", ret->label, sizeof(ret->label));
	ret->ref.addr = address(d, q, "net_device");
	memcpy(ret->ref.name, ret->device, sizeof(ret->ref.name));
	ret->ref.inum = val(d, q, "netns");
	ret->vq = (unsigned)val(d, q, "vq").v;
	ret->vhost_virtqueue = address(d, q, "vhost_virtqueue");
	ret->detached = val(d, q, "detached").v;
	read_host_words(d, q, ret);
	read_task(d, q, "worker", &ret->worker);
	ret->locked = val(d, q, "locked");
	read_poll(d, q, "kick_poll", &ret->kick_poll);
	read_poll(d, q, "backend_poll", &ret->backend_poll);
	vr_host_notify_replay(ret);
	read_verdict(d, q, &ret->verdict);
}

static int read_host(struct vr_ctx *c, const struct vr_doc *d, int queues,
		     struct vr_host *ret)
{
	unsigned n = count_queues(d, queues);

	ret->queues = vr_alloc(&c->arena, n ? n : 1, sizeof(*ret->queues));
	ret->vhosts = vr_alloc(&c->arena, n ? n : 1, sizeof(*ret->vhosts));
	if (!ret->queues || !ret->vhosts)
		return -1;
	for (int q = vr_doc_first(d, queues); q >= 0 && ret->nqueues < n;
	     q = vr_doc_next(d, queues, q)) {
		struct vr_hostq *h = &ret->queues[ret->nqueues++];

		h->vhost = vhost_of(ret, d, q);
		read_host_queue(d, q, h);
	}
	vr_host_note_locked(ret);
	return 0;
}

/* ---- what it could not read --------------------------------------------------------- */

/* One of its errors, as text without control bytes; NULL when memory is short. */
static char *quoted(struct vr_ctx *c, const struct vr_doc *d, int error)
{
	char where[120], what[1500], *text = vr_alloc(&c->arena, QUOTED_SIZE, 1);
	size_t n;

	if (!text)
		return NULL;
	vr_doc_string(d, error, "where", where, sizeof(where));
	vr_doc_string(d, error, "what", what, sizeof(what));
	vr_text_escape(text, QUOTED_SIZE, where);
	n = strlen(text);
	if (n && n + 3 < QUOTED_SIZE) {
		memcpy(text + n, ": ", 3);
		n += 2;
	}
	vr_text_escape(text + n, QUOTED_SIZE - n, what);
	return text;
}

void vr_import_errors(struct vr_ctx *c, const struct vr_doc *d, bool host)
{
	static const char *const whose[] = { "the guest's document", "the host's document" };
	int errors = vr_doc_member(d, 0, "errors");
	unsigned n = 0;

	for (int e = vr_doc_first(d, errors); e >= 0; e = vr_doc_next(d, errors, e)) {
		char *text = n++ < MAX_QUOTED ? quoted(c, d, e) : NULL;

		if (text)
			vr_error_add_common(c, (struct vr_error){ .code = VR_E_QUOTED,
				.what = text, .of = whose[host] });
	}
	if (n > MAX_QUOTED)
		vr_error_add_common(c, (struct vr_error){ .code = VR_E_BUDGET,
			.what = whose[host], .limit = MAX_QUOTED, .of = "errors" });
}

/* ---- the document ------------------------------------------------------------------------- */

int vr_import_doc(struct vr_ctx *c, const struct vr_doc *d, struct vr_import *ret,
		  char *why, size_t size)
{
	int queues = vr_doc_member(d, 0, "queues");
	char schema[32], command[16], side[16];

	if (!vr_doc_string(d, 0, "schema", schema, sizeof(schema)) ||
	    strcmp(schema, "vring/1")) {
		char shown[100];

		vr_text_escape(shown, sizeof(shown), schema);
		snprintf(why, size, *schema ? "its schema is '%s', this is vring/1: take it again with this version" :
			 "it has no \"schema\": not written by vring -j or vhostq -j%s",
			 *schema ? shown : "");
		return -1;
	}
	vr_doc_string(d, 0, "command", command, sizeof(command));
	vr_doc_string(d, 0, "side", side, sizeof(side));
	if ((strcmp(command, "vring") && strcmp(command, "vhostq")) ||
	    !vr_doc_is_array(d, queues)) {
		snprintf(why, size, "it is not what vring -j or vhostq -j wrote");
		return -1;
	}
	ret->host = !strcmp(command, "vhostq");
	vr_doc_string(d, 0, "nodename", ret->nodename, sizeof(ret->nodename));
	vr_doc_string(d, 0, "release", ret->release, sizeof(ret->release));
	snprintf(ret->host ? ret->h.nodename : ret->g.nodename, sizeof(ret->nodename), "%s",
		 ret->nodename);
	snprintf(ret->host ? ret->h.release : ret->g.release, sizeof(ret->release), "%s",
		 ret->release);
	if (!(ret->host ? read_host(c, d, queues, &ret->h) :
			  read_guest(c, d, queues, &ret->g)))
		return 0;
	snprintf(why, size, "out of memory");
	return -1;
}
