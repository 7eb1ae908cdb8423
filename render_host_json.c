// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_host_json.c - the host's side as one JSON document (docs/json.md).
 */
#include "render_host.h"

/* An eventfd's count, and what vhost would decide about its use. */
static void json_count(struct json *j, const char *name, struct vr_val v,
		       const struct vr_notify *n, const char *text)
{
	json_object(j, name);
	json_val(j, "eventfd_count", v);
	if (n && n->known) {
		json_string(j, "mode", n->event_idx ? "event_idx" : "flags");
		if (n->doubt)
			json_null(j, "due");
		else
			json_bool(j, "due", n->due);
		json_bool(j, "suppressed", n->suppressed);
		json_val(j, "event", n->event);
		json_string(j, "text", text);
	}
	json_close_object(j);
}

static void json_poll(struct json *j, const char *name, const struct vr_poll *p)
{
	if (!p->addr) {
		json_null(j, name);
		return;
	}
	json_object(j, name);
	json_addr(j, "addr", p->addr);
	json_addr(j, "wqh", p->wqh.have == VR_READ ? p->wqh.v : 0);
	json_val_bool(j, "queued", p->queued);
	json_close_object(j);
}

/* The owner of 'v', or with NULL a worker. */
static void json_task(struct json *j, const char *name, const struct vr_task *t,
		      const struct vr_vhost *v)
{
	char state[2] = { vr_state_letter(t->state), 0 };

	if (!t->addr) {
		json_null(j, name);
		return;
	}
	json_object(j, name);
	json_val(j, "pid", t->pid);
	json_known(j, "comm", t->comm);
	if (v)
		json_addr(j, "mm", t->mm);
	json_known(j, "state", t->state.have == VR_READ ? state : NULL);
	if (v) {
		json_val_bool(j, "runs", (struct vr_val){ v->owner_runs, v->owner_runs ||
			      !v->runs_lost ? VR_READ : VR_UNREAD });
	} else {
		json_val_bool(j, "on_cpu", t->on_cpu);
		json_val_bool(j, "on_rq", t->on_rq);
	}
	json_close_object(j);
}

/* Pointers are null where they are NULL, too: is there something? */
static void json_is_set(struct json *j, const char *name, struct vr_val v)
{
	v.v = v.v != 0;
	json_val_bool(j, name, v);
}

static void json_waits(struct json *j, const struct vr_hostq *q)
{
	json_is_set(j, "has_backend", q->backend);
	json_object(j, "waits");
	json_is_set(j, "kick_poll", q->kick_poll.wqh);
	json_is_set(j, "backend_poll", q->backend_poll.wqh);
	json_close_object(j);
}

static void json_identity(struct json *j, const struct vr_hostq *q)
{
	json_string(j, "device", q->device);
	json_val(j, "netns", q->ref.inum);
	json_string(j, "queue", q->label);
	json_number(j, "vq", q->vq);
	json_addr(j, "net_device", q->ref.addr);
	json_addr(j, "tun_struct", q->tun);
	json_addr(j, "tun_file", q->tun_file);
	if (q->tun_file) {
		json_val(j, "queue_index", q->queue_index);
		json_val_bool(j, "detached", (struct vr_val){ q->detached, q->unsure ?
			      VR_UNREAD : VR_READ });
	} else {
		json_null(j, "queue_index");
		json_null(j, "detached");
	}
	json_addr(j, "wait_entry", q->wait_entry);
	json_addr(j, "vhost_poll", q->backend_poll.addr);
	json_addr(j, "vhost_net", q->vhost->kind == VR_VHOST_NET ?
		  q->vhost->addr : 0);
	json_addr(j, "vhost_dev", q->vhost->dev);
	json_addr(j, "vhost_virtqueue", q->vhost_virtqueue);
	json_val(j, "guest_cid", q->vhost->cid);
	json_task(j, "owner", &q->vhost->owner, q->vhost);
	json_task(j, "worker", &q->worker, NULL);
}

static void json_vhost_side(struct json *j, const struct vr_hostq *q)
{
	static const unsigned types[] = {
		[VR_VHOST_NET] = VR_ID_NET, [VR_VHOST_VSOCK] = VR_ID_VSOCK,
		[VR_VHOST_SCSI] = VR_ID_SCSI,
	};
	struct vr_val pending = { .have = VR_UNREAD };
	char words[160];

	json_val(j, "num", q->num);
	json_addr(j, "desc", q->desc.v);
	json_addr(j, "avail", q->avail.v);
	json_addr(j, "used", q->used.v);
	json_val(j, "last_avail_idx", q->last_avail_idx);
	json_val(j, "avail_idx", q->avail_idx);
	json_val(j, "last_used_idx", q->last_used_idx);
	json_val(j, "used_flags", q->used_flags);
	json_val(j, "signalled_used", q->signalled_used);
	json_val_bool(j, "signalled_used_valid", q->signalled_used_valid);
	json_val_hex(j, "acked_features", q->acked_features);
	json_val_hex(j, "acked_features_high", q->acked_features_high);
	vr_json_feature_names(j, q->acked_features, q->acked_features_high,
			      types[q->vhost->kind], vr_vhost_feature_name);
	json_val(j, "busyloop_timeout", q->busyloop_timeout);
	json_val_bool(j, "locked", q->locked);
	json_val(j, "upend_idx", q->upend_idx);
	json_val(j, "done_idx", q->done_idx);
	json_addr(j, "backend", q->backend.have == VR_READ ? q->backend.v : 0);
	vr_host_kick_text(words, sizeof(words), q);
	json_count(j, "kick", q->kick_count, &q->kick, words);
	vr_signal_text(words, sizeof(words), q);
	json_count(j, "call", q->call_count, &q->signal, words);
	json_count(j, "error", q->error_count, NULL, NULL);
	/* The other way round they make no sense: one of them is from another moment. */
	if (q->rxq_head.have == VR_READ && q->rxq_tail.have == VR_READ &&
	    q->rxq_head.v <= q->rxq_tail.v)
		pending = (struct vr_val){ q->rxq_tail.v - q->rxq_head.v, VR_READ };
	json_object(j, "rxq");
	json_val(j, "head", q->rxq_head);
	json_val(j, "tail", q->rxq_tail);
	json_val(j, "pending", pending);
	json_close_object(j);
	json_poll(j, "kick_poll", &q->kick_poll);
	json_poll(j, "backend_poll", &q->backend_poll);
	json_waits(j, q);
	json_object(j, "tx_ring");
	json_val(j, "size", q->tx_ring_size);
	json_val(j, "used", q->tx_ring_used);
	json_close_object(j);
	json_val(j, "sock_qlen", q->sock_qlen);
	if (!q->txq.addr) {
		json_null(j, "netdev_queue");
		return;
	}
	json_object(j, "netdev_queue");
	json_addr(j, "addr", q->txq.addr);
	json_val(j, "state", q->txq.state);
	json_val(j, "trans_start_age_ms", q->txq.age_ms);
	json_val(j, "qlen", q->txq.qlen);
	json_close_object(j);
}

void vr_json_ring_words(struct json *j, const struct vr_split *s, bool unread)
{
	const struct vr_val none = { .have = VR_UNREAD };

	json_object(j, "avail");
	json_val(j, "flags", unread ? none : s->avail_flags);
	json_val(j, "idx", unread ? none : s->avail_idx);
	json_val(j, "used_event", unread ? none : s->used_event);
	json_close_object(j);
	json_object(j, "used");
	json_val(j, "flags", unread ? none : s->used_flags);
	json_val(j, "idx", unread ? none : s->used_idx);
	json_val(j, "avail_event", unread ? none : s->avail_event);
	json_close_object(j);
}

static void json_ring(struct json *j, const struct vr_hostq *q)
{
	json_object(j, "ring");
	json_bool(j, "readable", vr_ring_readable(q));
	if (vr_ring_readable(q))
		json_null(j, "why");
	else
		json_string(j, "why", vr_ring_why(q));
	vr_json_ring_words(j, &q->ring, q->zeros);
	json_close_object(j);
}

static void json_dma(struct json *j, const struct vr_hostq *q)
{
	if (q->vhost->iotlb) {
		json_null(j, "dma");
		json_object(j, "iova");
		json_val_hex(j, "desc", q->desc);
		json_val_hex(j, "avail", q->avail);
		json_val_hex(j, "used", q->used);
		json_close_object(j);
		return;
	}
	json_object(j, "dma");
	json_val_hex(j, "desc", q->dma_desc);
	json_val_hex(j, "avail", q->dma_avail);
	json_val_hex(j, "used", q->dma_used);
	json_close_object(j);
	json_null(j, "iova");
}

static void json_regions(struct json *j, const struct vr_vhost *v)
{
	if (v->memory_lost && !v->nregions) {
		json_null(j, "memory");
		return;
	}
	json_array(j, "memory");
	for (unsigned i = 0; i < v->nregions; i++) {
		json_object(j, NULL);
		json_val_hex(j, "guest", (struct vr_val){ v->regions[i].guest,
							  VR_READ });
		json_addr(j, "user", v->regions[i].user);
		json_val_hex(j, "size", (struct vr_val){ v->regions[i].size,
							 VR_READ });
		json_close_object(j);
	}
	json_close_array(j);
}

static void json_iov(struct json *j, const struct vr_hostq *q)
{
	if (!q->chains.wanted)
		return;
	if (!q->iov_known) {
		json_null(j, "iov");
		return;
	}
	json_array(j, "iov");
	for (unsigned i = 0; i < q->niov; i++) {
		json_object(j, NULL);
		json_addr(j, "base", q->iov[i].base);
		json_number(j, "len", q->iov[i].len);
		json_close_object(j);
	}
	json_close_array(j);
}

void vr_json_host(FILE *out, const struct vr_ctx *c, const struct vr_host *h)
{
	struct json j;

	vr_json_begin(&j, out, c, "vhostq", "host", h->nodename, h->release);
	json_array(&j, "queues");
	for (unsigned i = 0; i < h->nqueues; i++) {
		const struct vr_hostq *q = &h->queues[i];

		json_object(&j, NULL);
		json_identity(&j, q);
		json_vhost_side(&j, q);
		json_ring(&j, q);
		json_dma(&j, q);
		if (h->memory)
			json_regions(&j, q->vhost);
		vr_json_chains(&j, &q->chains);
		json_iov(&j, q);
		vr_json_verdict(&j, &q->verdict);
		json_string(&j, "at", vr_where_name(q->at));
		json_close_object(&j);
	}
	json_close_array(&j);
	vr_json_end(&j, c);
}
