// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_compare.c - a guest's queues beside a host's, as text and as JSON.
 */
#include <inttypes.h>
#include <string.h>

#include "compare.h"
#include "json.h"

static const char *device_name(const struct vr_device *d, char *buf, size_t size)
{
	vr_text_escape(buf, size, vr_device_name(d));
	return buf;
}

static const char *label_of(const char *label, char buf[4 * VR_LABEL_SIZE])
{
	vr_text_escape(buf, 4 * VR_LABEL_SIZE, label);
	return buf;
}

static const char *host_name(const struct vr_hostq *h, char *buf, size_t size)
{
	char comm[80];
	size_t n;

	vr_text_escape(buf, size, h->device);
	n = strlen(buf);
	vr_text_escape(comm, sizeof(comm), h->vhost->owner.comm);
	if (h->vhost->owner.addr)
		snprintf(buf + n, size - n, " of %" PRIu64 " (%s)",
			 h->vhost->owner.pid.v, comm);
	return buf;
}

/* ---- one pair ------------------------------------------------------------------------ */

static void row(FILE *out, const char *guest, struct vr_val g, const char *host,
		struct vr_val h)
{
	char b[2][24];

	fprintf(out, "    %-18s %7s    %-18s %7s\n", guest, vr_val_text(g, b[0]), host,
		vr_val_text(h, b[1]));
}

static void print_pair(FILE *out, const struct vr_pair *p)
{
	const struct vr_queue *q = p->q;
	const struct vr_hostq *h = p->h;
	char name[200], label[4 * VR_LABEL_SIZE];

	fprintf(out, "%s %s  vring_virtqueue %" PRIx64,
		device_name(p->d, name, sizeof(name)), label_of(q->label, label),
		q->vring_virtqueue);
	fprintf(out, "  <->  %s %s  vhost_virtqueue %" PRIx64 "\n",
		host_name(h, name, sizeof(name)), label_of(h->label, label),
		h->vhost_virtqueue);
	fprintf(out, "    %-26s    %s\n", "GUEST", "HOST");
	row(out, "avail->idx", q->split.avail_idx, "avail_idx", h->avail_idx);
	row(out, "num_added", q->num_added, "last_avail_idx", h->last_avail_idx);
	row(out, "used->idx", q->split.used_idx, "last_used_idx", h->last_used_idx);
	row(out, "last_used_idx", q->last_used_idx, "signalled_used", h->signalled_used);
	row(out, "used_event", q->split.used_event, "calls", h->call_count);
	row(out, "avail_event", q->split.avail_event, "used_flags", h->used_flags);
	row(out, "num_free", q->num_free, "kicks", h->kick_count);
	fprintf(out, "    %-26s    %s\n", vr_state_name(q->verdict.state),
		vr_state_name(h->verdict.state));
	if (p->apart_in_time)
		fprintf(out, "    the ring's words differ: the two dumps are of different moments\n");
	else if (!p->moment_known)
		fprintf(out, "    whether the two dumps are of one moment cannot be told\n");
	fprintf(out, "    together: %s (%s), it is at: %s\n", vr_state_name(p->joint.state),
		vr_severity_name(p->joint.severity), vr_where_name(p->where));
	for (unsigned i = 0; i < p->joint.nreasons; i++)
		fprintf(out, "      %s\n", p->joint.reasons[i].text);
}

/* ---- what was not paired ------------------------------------------------------------------ */

static void print_ambiguous(FILE *out, const struct vr_comparison *k)
{
	for (unsigned i = 0; i < k->ncandidates; i++) {
		const struct vr_candidate *a = &k->candidates[i];
		char guest[80], host[200];

		if (a->joined)
			continue;
		fprintf(out, "%s may be %s: %s\n",
			device_name(a->d, guest, sizeof(guest)),
			host_name(&k->h->queues[a->first], host, sizeof(host)),
			a->plausible && !a->whole ? "some of its queues have no other end there, not joined" :
			a->plausible ? "so may others, not joined (give a device or -p PID)" :
			"the addresses fit, the indices do not: another guest, or another moment");
	}
}

static void print_alone(FILE *out, const struct vr_comparison *k)
{
	unsigned n = 0;
	char name[200], label[4 * VR_LABEL_SIZE];

	for (unsigned i = 0; i < k->g->ndevices; i++) {
		const struct vr_device *d = &k->g->devices[i];

		for (unsigned q = 0; q < d->nqueues; q++, n++)
			if (!k->guest_paired[n])
				fprintf(out, "guest: %s %s has no partner%s\n",
					device_name(d, name, sizeof(name)),
					label_of(d->queues[q].label, label),
					d->queues[q].dir == VR_CTRL ?
					": vhost never has this queue" : "");
	}
	for (unsigned i = 0; i < k->h->nqueues; i++)
		if (!k->host_paired[i])
			fprintf(out, "host: %s %s has no partner%s\n",
				host_name(&k->h->queues[i], name, sizeof(name)),
				label_of(k->h->queues[i].label, label),
				k->h->queues[i].vhost->iotlb ?
				": its addresses are behind an IOMMU" : "");
}

void vr_text_comparison(FILE *out, const struct vr_comparison *k)
{
	struct vr_worst worst = { .total = 0 };

	for (unsigned i = 0; i < k->npairs; i++) {
		const struct vr_pair *p = &k->pairs[i];

		print_pair(out, p);
		vr_worst_add(&worst, &p->joint, vr_device_name(p->d), p->q->label);
	}
	print_ambiguous(out, k);
	print_alone(out, k);
	if (k->gave_up)
		fprintf(out, "too many queues to compare them all: is the document sound?\n");
	fprintf(out, "%u pair%s; ", k->npairs, k->npairs == 1 ? "" : "s");
	if (k->npairs)
		vr_text_worst(out, &worst);
	else
		fprintf(out, "nothing of the one side is the other end of the other's\n");
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static void json_end_of(struct json *j, const char *name, const char *device,
			const char *queue, const char *struct_name, uint64_t addr)
{
	json_object(j, name);
	json_string(j, "device", device);
	json_string(j, "queue", queue);
	json_addr(j, struct_name, addr);
	json_close_object(j);
}

static void json_guest_end(struct json *j, const char *name, const struct vr_device *d,
			   const struct vr_queue *q)
{
	json_end_of(j, name, vr_device_name(d), q->label, "vring_virtqueue",
		    q->vring_virtqueue);
}

static void json_host_end(struct json *j, const char *name, const struct vr_hostq *h)
{
	json_end_of(j, name, h->device, h->label, "vhost_virtqueue", h->vhost_virtqueue);
}

static void json_candidates(struct json *j, const struct vr_comparison *k)
{
	json_array(j, "ambiguous");
	for (unsigned i = 0; i < k->ncandidates; i++) {
		const struct vr_candidate *a = &k->candidates[i];

		if (a->joined)
			continue;
		json_object(j, NULL);
		json_string(j, "guest", vr_device_name(a->d));
		json_string(j, "host", k->h->queues[a->first].device);
		json_val(j, "pid", k->h->queues[a->first].vhost->owner.pid);
		json_bool(j, "plausible", a->plausible);
		json_bool(j, "whole", a->whole);
		json_close_object(j);
	}
	json_close_array(j);
}

static void json_alone(struct json *j, const struct vr_comparison *k)
{
	unsigned n = 0;

	json_array(j, "guest_alone");
	for (unsigned i = 0; i < k->g->ndevices; i++)
		for (unsigned q = 0; q < k->g->devices[i].nqueues; q++, n++)
			if (!k->guest_paired[n])
				json_guest_end(j, NULL, &k->g->devices[i],
					       &k->g->devices[i].queues[q]);
	json_close_array(j);
	json_array(j, "host_alone");
	for (unsigned i = 0; i < k->h->nqueues; i++)
		if (!k->host_paired[i])
			json_host_end(j, NULL, &k->h->queues[i]);
	json_close_array(j);
}

static void json_pair(struct json *j, const struct vr_pair *p)
{
	json_object(j, NULL);
	json_guest_end(j, "guest", p->d, p->q);
	json_host_end(j, "host", p->h);
	json_val_bool(j, "same_moment", (struct vr_val){ !p->apart_in_time,
		      p->moment_known ? VR_READ : VR_UNREAD });
	json_string(j, "at", vr_where_name(p->where));
	vr_json_verdict(j, &p->joint);
	json_close_object(j);
}

void vr_json_compared(FILE *out, const struct vr_ctx *c, const char *command,
		      const char *side, const char *nodename, const char *release,
		      const struct vr_comparison *k)
{
	struct json j;

	vr_json_begin(&j, out, c, command, side, nodename, release);
	json_object(&j, "compare");
	json_array(&j, "pairs");
	for (unsigned i = 0; i < k->npairs; i++)
		json_pair(&j, &k->pairs[i]);
	json_close_array(&j);
	json_candidates(&j, k);
	json_alone(&j, k);
	json_bool(&j, "gave_up", k->gave_up);
	json_close_object(&j);
	vr_json_end(&j, c);
}
