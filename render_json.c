// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_json.c - a snapshot as one JSON document.  The names are a contract
 * that people's scripts depend on (docs/json.md): adding is welcome, renaming
 * is not.
 */
#include <string.h>

#include "json.h"
#include "version.h"

#define SCHEMA	"vring/1"

void vr_json_begin(struct json *j, FILE *out, const struct vr_ctx *c,
		   const char *command, const char *side, const char *nodename,
		   const char *release)
{
	json_begin(j, out);
	json_string(j, "schema", SCHEMA);
	json_string(j, "version", VRING_VERSION);
	json_string(j, "command", command);
	json_string(j, "side", side);
	json_known(j, "nodename", nodename);
	json_known(j, "release", release);
	json_bool(j, "live", c->t->live);
}

static void one_error(struct json *j, const char *where, const char *what)
{
	json_object(j, NULL);
	json_string(j, "where", where);
	json_string(j, "what", what);
	json_close_object(j);
}

static void errors(struct json *j, const struct vr_ctx *c)
{
	unsigned n = c->nerrors < VR_MAX_ERRORS ? c->nerrors : VR_MAX_ERRORS;
	char where[288], what[VR_WHAT_SIZE];

	for (unsigned i = 0; i < n; i++) {
		vr_error_where(where, sizeof(where), &c->errors[i]);
		vr_error_what(what, sizeof(what), &c->errors[i]);
		one_error(j, where, what);
	}
	if (c->nerrors > n) {
		snprintf(what, sizeof(what), "%u more errors", c->nerrors - n);
		one_error(j, "", what);
	}
}

void vr_json_end(struct json *j, const struct vr_ctx *c)
{
	json_array(j, "errors");
	errors(j, c);
	json_close_array(j);
	json_end(j);
}

/* ---- queues --------------------------------------------------------------- */

void vr_json_feature_names(struct json *j, struct vr_val low, struct vr_val high,
			   uint64_t type,
			   const char *(*named)(uint64_t type, unsigned bit))
{
	char unnamed[16];

	if (low.have != VR_READ) {
		json_null(j, "feature_names");
		return;
	}
	json_array(j, "feature_names");
	for (unsigned bit = 0; bit < 128; bit++) {
		const struct vr_val *mask = bit < 64 ? &low : &high;
		const char *word = named(type, bit);

		if (mask->have != VR_READ || !(mask->v >> bit % 64 & 1))
			continue;
		snprintf(unnamed, sizeof(unnamed), "bit %u", bit);
		json_string(j, NULL, word ? word : unnamed);
	}
	json_close_array(j);
}

/* What a device of any type has. */
static void device_kind(struct json *j, const struct vr_device *d)
{
	struct vr_val legacy = { .have = VR_UNREAD };
	char b[24];

	json_known(j, "type", vr_type_name(d->type, b));
	json_known(j, "transport", d->transport);
	json_known(j, "parent", d->parent);
	/* No driver, no negotiation: nothing tells then. */
	if (d->features.have == VR_READ &&
	    (d->bound.v || d->features.v >> 32 & 1))
		legacy = (struct vr_val){ !(d->features.v >> 32 & 1), VR_READ };
	json_val_bool(j, "legacy", legacy);
	json_val_bool(j, "config_enabled", d->enabled);
	json_val_hex(j, "features", d->features);
	json_val_hex(j, "features_high", d->features_high);
	vr_json_feature_names(j, d->features, d->features_high, d->type.v,
			      vr_feature_name);
}

static void device_identity(struct json *j, const struct vr_device *d)
{
	char virtio[32];

	json_string(j, "device", vr_device_name(d));
	json_val(j, "netns", d->ref.inum);
	json_addr(j, "net_device", d->ref.addr);
	json_addr(j, "virtnet_info", d->virtnet_info);
	json_addr(j, "virtio_device", d->virtio_device);
	snprintf(virtio, sizeof(virtio), "virtio%llu",
		 (unsigned long long)d->virtio_index.v);
	if (d->virtio_index.have == VR_READ)
		json_string(j, "virtio_name", virtio);
	else
		json_null(j, "virtio_name");
	if (d->bound.have == VR_READ && !d->bound.v)
		json_string(j, "driver", "");
	else
		json_known(j, "driver", d->driver);
}

static void identity(struct json *j, const struct vr_device *d,
		     const struct vr_queue *q)
{
	device_identity(j, d);
	device_kind(j, d);
	json_string(j, "queue", q->label);
	json_known(j, "name", q->name);
	json_val(j, "index", q->index);
	json_addr(j, "vring_virtqueue", q->vring_virtqueue);
	if (q->failed || q->strange || q->unread_layout)
		json_null(j, "layout");
	else
		json_string(j, "layout", q->packed ? "packed" : "split");
	if (q->unread_layout)
		json_null(j, "in_order");
	else
		json_bool(j, "in_order", q->in_order);
}

static void driver_side(struct json *j, const struct vr_queue *q)
{
	if (q->num)
		json_number(j, "num", q->num);
	else
		json_null(j, "num");
	json_val(j, "num_free", q->num_free);
	json_val(j, "free_head", q->free_head);
	json_val(j, "num_added", q->num_added);
	json_val(j, "last_used_idx", q->last_used_idx);
	json_val(j, "avail_idx_shadow", q->avail_idx_shadow);
	json_val(j, "avail_flags_shadow", q->avail_flags_shadow);
	json_val_bool(j, "event", q->event);
	json_val_bool(j, "event_triggered", q->event_triggered);
	json_val_bool(j, "indirect", q->indirect);
	json_val_bool(j, "broken", q->broken);
	json_val_bool(j, "reset", q->reset);
	json_val_bool(j, "weak_barriers", q->weak_barriers);
}

static void event_area(struct json *j, const char *name,
		       const struct vr_event_area *a)
{
	json_object(j, name);
	json_addr(j, "addr", a->addr);
	json_val(j, "off_wrap", a->off_wrap);
	json_val(j, "flags", a->flags);
	json_close_object(j);
}

static void packed_words(struct json *j, const struct vr_queue *q)
{
	const struct vr_packed *p = &q->pk;

	json_object(j, "packed");
	json_addr(j, "desc", p->desc);
	event_area(j, "driver", &p->driver);
	event_area(j, "device", &p->device);
	json_val(j, "next_avail_idx", p->next_avail_idx);
	json_val(j, "avail_wrap_counter", p->avail_wrap_counter);
	json_val(j, "last_used_idx", p->last_used_idx);
	json_val(j, "used_wrap_counter", p->used_wrap_counter);
	json_val(j, "event_flags_shadow", p->event_flags_shadow);
	json_val(j, "device_idx", p->device_idx);
	json_val(j, "device_wrap_counter", p->device_wrap_counter);
	json_close_object(j);
}

static void split_words(struct json *j, const struct vr_queue *q)
{
	const struct vr_split *s = &q->split;

	json_object(j, "desc");
	json_addr(j, "addr", s->desc);
	json_close_object(j);
	json_object(j, "avail");
	json_addr(j, "addr", s->avail);
	json_val(j, "flags", s->avail_flags);
	json_val(j, "idx", s->avail_idx);
	json_val(j, "used_event", s->used_event);
	json_close_object(j);
	json_object(j, "used");
	json_addr(j, "addr", s->used);
	json_val(j, "flags", s->used_flags);
	json_val(j, "idx", s->used_idx);
	json_val(j, "avail_event", s->avail_event);
	json_close_object(j);
}

/* The ring's own part, of the one kind or the other. */
static void shared_words(struct json *j, const struct vr_queue *q)
{
	static const char *const split[] = { "desc", "avail", "used" };

	if (q->packed) {
		for (unsigned i = 0; i < 3; i++)
			json_null(j, split[i]);
		packed_words(j, q);
	} else {
		split_words(j, q);
		json_null(j, "packed");
	}
	json_object(j, "dma");
	json_val_hex(j, "desc", q->dma_desc);
	json_val_hex(j, "avail", q->dma_avail);
	json_val_hex(j, "used", q->dma_used);
	json_close_object(j);
}

static void interrupt_line(struct json *j, const struct vr_irq *irq)
{
	if (irq->have != VR_READ) {
		json_null(j, "irq");
		return;
	}
	json_object(j, "irq");
	json_val(j, "number", irq->number);
	json_known(j, "name", irq->name);
	json_addr(j, "irq_desc", irq->desc);
	json_bool(j, "shared", irq->shared);
	json_val_bool(j, "disabled", irq->disabled);
	json_val_bool(j, "masked", irq->masked);
	json_val(j, "unhandled", irq->unhandled);
	json_val(j, "count", irq->count);
	json_val(j, "cpu", irq->cpu);
	json_val_bool(j, "more_cpus", irq->more_cpus);
	json_val_bool(j, "cpu_idle", irq->idle);
	if (irq->softirqs.have == VR_READ) {
		json_object(j, "softirq_pending");
		json_val_bool(j, "net_rx", irq->net_rx);
		json_val_bool(j, "net_tx", irq->net_tx);
		json_val_hex(j, "mask", irq->softirqs);
		json_close_object(j);
	} else {
		json_null(j, "softirq_pending");
	}
	json_close_object(j);
}

/* netdev_queue.state: bit 0 is the driver's stop. */
static void net_context(struct json *j, const struct vr_device *d,
			const struct vr_queue *q)
{
	struct vr_val stopped = q->txq.state;

	stopped.v &= 1;
	if (q->txq.addr) {
		json_object(j, "netdev_queue");
		json_addr(j, "addr", q->txq.addr);
		json_val(j, "state", q->txq.state);
		json_val_bool(j, "stopped", stopped);
		json_val(j, "trans_start_age_ms", q->txq.age_ms);
		json_val(j, "qlen", q->txq.qlen);
		json_val(j, "watchdog_timeo_ms", d->watchdog_ms);
		json_val(j, "tx_timeouts", q->txq.tx_timeouts);
		json_val(j, "trans_timeout", q->txq.trans_timeout);
		json_close_object(j);
	} else {
		json_null(j, "netdev_queue");
	}
	if (q->napi.addr || q->napi.lost) {
		json_object(j, "napi");
		json_addr(j, "addr", q->napi.addr);
		json_val(j, "state", q->napi.state);
		json_val(j, "weight", q->napi.weight);
		json_val_bool(j, "scheduled", q->napi.scheduled);
		json_val_bool(j, "disabled", q->napi.disabled);
		json_val_bool(j, "enabled", q->napi.enabled);
		json_close_object(j);
	} else {
		json_null(j, "napi");
	}
	json_val_bool(j, "carrier", d->carrier);
	json_val_bool(j, "up", d->up);
	json_val_bool(j, "link_up", d->link);
	json_val_bool(j, "failed", d->failed);
	json_val_bool(j, "refill_pending", d->refill_pending);
	json_val_bool(j, "refill_enabled", d->refill_enabled);
	if (d->ref.addr && (q->dir == VR_CTRL || d->curr_pairs.have != VR_UNREAD))
		json_bool(j, "in_use", q->in_use);
	else
		json_null(j, "in_use");
	json_val_bool(j, "callback", q->callback);
	json_val(j, "kicks", q->kicks);
	interrupt_line(j, &q->irq);
}

static void notify(struct json *j, const char *name, const struct vr_notify *n,
		   const struct vr_queue *q,
		   void (*words)(char *buf, size_t size, const struct vr_queue *q))
{
	char text[128];

	if (!n->known) {
		json_null(j, name);
		return;
	}
	words(text, sizeof(text), q);
	json_object(j, name);
	json_string(j, "mode", n->event_idx ? "event_idx" : "flags");
	json_bool(j, "due", n->due);
	json_bool(j, "suppressed", n->suppressed);
	json_val(j, "event", n->event);
	json_string(j, "text", text);
	json_close_object(j);
}

void vr_json_verdict(struct json *j, const struct vr_verdict *v)
{
	if (v->state == VR_ST_NONE) {
		json_null(j, "verdict");
		return;
	}
	json_object(j, "verdict");
	json_string(j, "state", vr_state_name(v->state));
	json_string(j, "severity", vr_severity_name(v->severity));
	json_array(j, "reasons");
	for (unsigned i = 0; i < v->nreasons; i++) {
		json_object(j, NULL);
		json_string(j, "check", v->reasons[i].check);
		json_string(j, "severity", vr_severity_name(v->reasons[i].severity));
		json_string(j, "text", v->reasons[i].text);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

static void queue(struct json *j, const struct vr_device *d,
		  const struct vr_queue *q)
{
	json_object(j, NULL);
	identity(j, d, q);
	driver_side(j, q);
	shared_words(j, q);
	net_context(j, d, q);
	json_val(j, "in_flight", q->counts.in_flight);
	json_val(j, "device_pending", q->counts.device_pending);
	json_val(j, "driver_pending", q->counts.driver_pending);
	vr_json_chains(j, &q->chains);
	vr_json_owners(j, &q->owners);
	notify(j, "kick", &q->kick, q, vr_kick_text);
	notify(j, "interrupt", &q->interrupt, q, vr_interrupt_text);
	vr_json_verdict(j, &q->verdict);
	json_close_object(j);
}

void vr_json_snapshot(FILE *out, const struct vr_ctx *c,
		      const struct vr_snapshot *s)
{
	struct json j;

	vr_json_begin(&j, out, c, "vring", "guest", s->nodename, s->release);
	json_array(&j, "devices");
	for (unsigned i = 0; i < s->ndevices; i++) {
		json_object(&j, NULL);
		device_identity(&j, &s->devices[i]);
		device_kind(&j, &s->devices[i]);
		json_val_bool(&j, "failed", s->devices[i].failed);
		if (s->devices[i].unlisted)
			json_null(&j, "queues");
		else
			json_number(&j, "queues", s->devices[i].nqueues);
		json_close_object(&j);
	}
	json_close_array(&j);
	json_array(&j, "queues");
	for (unsigned i = 0; i < s->ndevices; i++)
		for (unsigned k = 0; k < s->devices[i].nqueues; k++)
			queue(&j, &s->devices[i], &s->devices[i].queues[k]);
	json_close_array(&j);
	vr_json_end(&j, c);
}

void vr_json_failure(FILE *out, const struct vr_ctx *c, const char *command,
		     const char *side, const char *nodename, const char *release,
		     const char *reason)
{
	struct json j;

	vr_json_begin(&j, out, c, command, side, nodename, release);
	if (!strcmp(command, "vring")) {
		json_array(&j, "devices");
		json_close_array(&j);
	}
	json_array(&j, "queues");
	json_close_array(&j);
	json_array(&j, "errors");
	one_error(&j, "", reason);
	errors(&j, c);
	json_close_array(&j);
	json_end(&j);
}

/* ---- vqwalk ---------------------------------------------------------------------- */

static void hop(struct json *j, const struct vr_hop *h)
{
	char rule[160];

	json_object(j, NULL);
	json_string(j, "struct", h->type);
	json_addr(j, "address", h->addr);
	if (h->member)
		json_string(j, "member", h->member);
	else
		json_null(j, "member");
	if (h->member)
		json_number(j, "offset", h->offset);
	else
		json_null(j, "offset");
	vr_hop_rule(rule, sizeof(rule), h);
	json_string(j, "rule", rule);
	json_addr(j, "next", h->next);
	json_close_object(j);
}

void vr_json_walks(FILE *out, const struct vr_ctx *c, const char *side,
		   const char *nodename, const char *release,
		   const struct vr_walks *w)
{
	struct json j;

	vr_json_begin(&j, out, c, "vqwalk", side, nodename, release);
	json_array(&j, "queues");
	for (unsigned i = 0; i < w->count; i++) {
		const struct vr_path *p = &w->path[i];

		json_object(&j, NULL);
		json_string(&j, "device", p->device);
		json_val(&j, "netns", p->netns);
		json_string(&j, "queue", p->label);
		json_addr(&j, strcmp(side, "host") ? "vring_virtqueue" :
			  "vhost_virtqueue", p->virtqueue);
		json_array(&j, "hops");
		for (unsigned k = 0; k < p->nhops; k++)
			hop(&j, &p->hops[k]);
		json_close_array(&j);
		json_close_object(&j);
	}
	json_close_array(&j);
	vr_json_end(&j, c);
}
