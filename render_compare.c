// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_compare.c - a guest's queues beside a host's, as text and as JSON.
 */
#include <inttypes.h>
#include <string.h>

#include "compare.h"
#include "render_host.h"

/* Where it is, of an interface that is not the only one of this name, perhaps. */
static void add_space(char *buf, size_t size, const struct vr_netdev_ref *ref, bool several)
{
	size_t n = strlen(buf);
	char inum[24];

	if (several && ref->addr)
		snprintf(buf + n, size - n, " (netns %s)", vr_val_text(ref->inum, inum));
}

static const char *device_name(const struct vr_comparison *k, const struct vr_device *d,
			       char *buf, size_t size)
{
	vr_text_escape(buf, size, vr_device_name(d));
	add_space(buf, size, &d->ref, k->guest_spaces);
	return buf;
}

static const char *label_of(const char *label, char buf[4 * VR_LABEL_SIZE])
{
	vr_text_escape(buf, 4 * VR_LABEL_SIZE, label);
	return buf;
}

static const char *host_name(const struct vr_comparison *k, const struct vr_hostq *h,
			     char *buf, size_t size)
{
	char comm[80];
	size_t n;

	vr_text_escape(buf, size, h->device);
	add_space(buf, size, &h->ref, k->host_spaces);
	n = strlen(buf);
	vr_text_escape(comm, sizeof(comm), h->vhost->owner.comm);
	if (h->vhost->owner.addr)
		snprintf(buf + n, size - n, " of %" PRIu64 " (%s)",
			 h->vhost->owner.pid.v, comm);
	return buf;
}

/* ---- one pair -------------------------------------------------------------------- */

/* A word of the ring, as either end's memory has it. */
static void row(FILE *out, const char *word, struct vr_val g, struct vr_val h)
{
	bool differ = g.have == VR_READ && h.have == VR_READ && g.v != h.v;
	char b[2][24];

	fprintf(out, "    %-18s %7s    %-18s %7s%s\n", word, vr_val_text(g, b[0]), word,
		vr_val_text(h, b[1]), differ ? "  differs" : "");
}

static void print_words(FILE *out, const struct vr_pair *p)
{
	const struct vr_split *g = &p->q->split, *h = &p->h->ring;

	fprintf(out, "    %-26s    %s\n", "GUEST", "HOST");
	row(out, "avail->idx", g->avail_idx, vr_ring_word(p->h, h->avail_idx));
	row(out, "avail->flags", g->avail_flags, vr_ring_word(p->h, h->avail_flags));
	row(out, "used_event", g->used_event, vr_ring_word(p->h, h->used_event));
	row(out, "used->idx", g->used_idx, vr_ring_word(p->h, h->used_idx));
	row(out, "used->flags", g->used_flags, vr_ring_word(p->h, h->used_flags));
	row(out, "avail_event", g->avail_event, vr_ring_word(p->h, h->avail_event));
	fprintf(out, "    %-26s    %s\n", vr_state_name(p->q->verdict.state),
		vr_state_name(p->h->verdict.state));
	if (!vr_ring_readable(p->h))
		fprintf(out, "    the host's words of the ring: %s%s\n", vr_ring_why(p->h),
			p->h->zeros || p->h->why == VR_TR_NO_PAGE ?
			" (makedumpfile -d 17 keeps them, -d 31 does not)" : "");
}

/* What only the one end knows. */
static void print_own(FILE *out, const struct vr_queue *q, const struct vr_hostq *h)
{
	char b[7][24];

	fprintf(out, "    driver  last_used_idx %s   num_added %s   num_free %s\n",
		vr_val_text(q->last_used_idx, b[0]), vr_val_text(q->num_added, b[1]),
		vr_val_text(q->num_free, b[2]));
	fprintf(out, "    vhost   avail_idx %s   last_avail_idx %s   last_used_idx %s   signalled_used %s   used_flags %s   kicks %s   calls %s\n",
		vr_val_text(h->avail_idx, b[0]), vr_val_text(h->last_avail_idx, b[1]),
		vr_val_text(h->last_used_idx, b[2]), vr_val_text(h->signalled_used, b[3]),
		vr_val_text(h->used_flags, b[4]), vr_val_text(h->kick_count, b[5]),
		vr_val_text(h->call_count, b[6]));
}

static void print_pair(FILE *out, const struct vr_comparison *k, const struct vr_pair *p)
{
	const struct vr_queue *q = p->q;
	const struct vr_hostq *h = p->h;
	char name[240], label[4 * VR_LABEL_SIZE];

	fprintf(out, "%s %s  vring_virtqueue %" PRIx64,
		device_name(k, p->d, name, sizeof(name)), label_of(q->label, label),
		q->vring_virtqueue);
	fprintf(out, "  <->  %s %s  vhost_virtqueue %" PRIx64 "\n",
		host_name(k, h, name, sizeof(name)), label_of(h->label, label),
		h->vhost_virtqueue);
	print_words(out, p);
	print_own(out, q, h);
	if (p->apart_in_time)
		fprintf(out, "    the ring's words differ: the two dumps are of different moments\n");
	else if (!p->moment_known)
		fprintf(out, "    whether the two dumps are of one moment cannot be told\n");
	fprintf(out, "    together: %s (%s), it is at: %s\n", vr_state_name(p->joint.state),
		vr_severity_name(p->joint.severity), vr_where_name(p->where));
	for (unsigned i = 0; i < p->joint.nreasons; i++)
		fprintf(out, "      %s\n", p->joint.reasons[i].text);
}

/* ---- what was not paired --------------------------------------------------------- */

static void print_ambiguous(FILE *out, const struct vr_comparison *k)
{
	for (unsigned i = 0; i < k->ncandidates; i++) {
		const struct vr_candidate *a = &k->candidates[i];
		char guest[120], host[240];

		if (a->joined)
			continue;
		fprintf(out, "%s may be %s: %s\n",
			device_name(k, a->d, guest, sizeof(guest)),
			host_name(k, &k->h->queues[a->first], host, sizeof(host)),
			a->plausible && !a->whole ? "some of its queues have no other end there, not joined" :
			a->plausible ? "so may others, not joined (vhostq -p PID, or of one device, tells them apart)" :
			"the addresses fit, the indices do not: another guest, or another moment");
	}
}

static void print_alone(FILE *out, const struct vr_comparison *k)
{
	unsigned n = 0;
	char name[240], label[4 * VR_LABEL_SIZE];

	for (unsigned i = 0; i < k->g->ndevices; i++) {
		const struct vr_device *d = &k->g->devices[i];

		for (unsigned q = 0; q < d->nqueues; q++, n++)
			if (!k->guest_paired[n])
				fprintf(out, "guest: %s %s has no partner%s\n",
					device_name(k, d, name, sizeof(name)),
					label_of(d->queues[q].label, label),
					d->queues[q].dir == VR_CTRL ?
					": vhost never has this queue" : "");
	}
	for (unsigned i = 0; i < k->h->nqueues; i++)
		if (!k->host_paired[i])
			fprintf(out, "host: %s %s has no partner%s\n",
				host_name(k, &k->h->queues[i], name, sizeof(name)),
				label_of(k->h->queues[i].label, label),
				k->h->queues[i].vhost->iotlb ?
				": its addresses are behind an IOMMU" : "");
}

/* Nothing fits: is it the right host? */
static void print_strangers(FILE *out, const struct vr_comparison *k)
{
	char guest[4 * 65], host[4 * 65];

	vr_text_escape(guest, sizeof(guest), k->g->nodename);
	vr_text_escape(host, sizeof(host), k->h->nodename);
	fprintf(out, "nothing of the one side is the other end of the other's: guest '%s', host '%s'\n",
		guest, host);
}

void vr_text_comparison(FILE *out, const struct vr_comparison *k)
{
	struct vr_worst worst = { .total = 0 };

	for (unsigned i = 0; i < k->npairs; i++) {
		const struct vr_pair *p = &k->pairs[i];

		print_pair(out, k, p);
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
		print_strangers(out, k);
}

/* ---- JSON ------------------------------------------------------------------------ */

static void json_end_of(struct json *j, const char *name, const char *device,
			struct vr_val netns, const char *queue)
{
	json_object(j, name);
	json_string(j, "device", device);
	json_val(j, "netns", netns);
	json_string(j, "queue", queue);
}

static void json_guest_end(struct json *j, const char *name, const struct vr_device *d,
			   const struct vr_queue *q)
{
	json_end_of(j, name, vr_device_name(d), d->ref.inum, q->label);
	json_addr(j, "vring_virtqueue", q->vring_virtqueue);
	json_close_object(j);
}

static void json_host_end(struct json *j, const char *name, const struct vr_hostq *h)
{
	json_end_of(j, name, h->device, h->ref.inum, h->label);
	json_addr(j, "vhost_virtqueue", h->vhost_virtqueue);
	json_close_object(j);
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

static void json_words(struct json *j, const struct vr_queue *q, const struct vr_hostq *h)
{
	json_object(j, "words");
	json_object(j, "guest");
	vr_json_ring_words(j, &q->split, false);
	json_val(j, "last_used_idx", q->last_used_idx);
	json_val(j, "num_added", q->num_added);
	json_val(j, "num_free", q->num_free);
	json_close_object(j);
	json_object(j, "host");
	vr_json_ring_words(j, &h->ring, h->zeros);
	json_val(j, "avail_idx", h->avail_idx);
	json_val(j, "last_avail_idx", h->last_avail_idx);
	json_val(j, "last_used_idx", h->last_used_idx);
	json_val(j, "signalled_used", h->signalled_used);
	json_val(j, "used_flags", h->used_flags);
	json_val(j, "kicks", h->kick_count);
	json_val(j, "calls", h->call_count);
	json_close_object(j);
	json_close_object(j);
}

static void json_pair(struct json *j, const struct vr_pair *p)
{
	json_object(j, NULL);
	json_guest_end(j, "guest", p->d, p->q);
	json_host_end(j, "host", p->h);
	json_words(j, p->q, p->h);
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
