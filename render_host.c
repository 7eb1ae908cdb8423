// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_host.c - the host's side as text.
 */
#include <inttypes.h>
#include <string.h>

#include "render_host.h"

#define USED_F_NO_NOTIFY	1u

bool vr_ring_readable(const struct vr_hostq *q)
{
	return q->why == VR_TR_OK && !q->zeros;
}

/* Words of a page that is not in the dump are not known, whatever they read as; of
 * two pages, one may be there. */
struct vr_val vr_ring_word(const struct vr_hostq *q, struct vr_val v)
{
	if (q->zeros)
		v.have = VR_UNREAD;
	return v;
}

/* Why the ring words are not there, in a word or two. */
const char *vr_ring_why(const struct vr_hostq *q)
{
	if (q->zeros)
		return "not in the dump: reads as zeros";
	switch (q->why) {
	case VR_TR_OK:
		return "";
	case VR_TR_NOT_PRESENT:
		return "not mapped by the owner";
	case VR_TR_NO_PAGE:
		return "not in the dump";
	case VR_TR_SWAPPED:
		return "swapped out";
	case VR_TR_NO_TABLE:
		return "page tables missing from the dump";
	default:
		break;
	}
	if (q->avail.have == VR_READ && !q->avail.v)
		return "not set up";
	if (vr_hostq_bad_num(q))
		return "its size is out of range";
	return q->vhost->iotlb ? "not in the iotlb" : "address unknown";
}

/* Task states as ps prints them. */
char vr_state_letter(struct vr_val state)
{
	static const struct {
		uint64_t bits;
		char letter;
	} letters[] = {
		{ 1, 'S' }, { 2, 'D' }, { 4, 'T' }, { 8, 't' }, { 0x10, 'X' },
		{ 0x20, 'Z' },
	};

	if (state.have != VR_READ)
		return '-';
	for (unsigned i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (state.v & letters[i].bits)
			return letters[i].letter;
	return 'R';
}

/* 'what' is "" under a heading that says it. */
static void print_task(FILE *out, const char *what, const struct vr_task *t)
{
	char comm[80], b[24];

	fprintf(out, "%s%s", what, *what ? " " : "");
	if (!t->addr) {
		fprintf(out, "not found");
		return;
	}
	vr_text_escape(comm, sizeof(comm), t->comm);
	fprintf(out, "%s (%s) %c", vr_val_text(t->pid, b), *comm ? comm : "-",
		vr_state_letter(t->state));
}

/* ---- one line a queue ------------------------------------------------------------ */

/* The struct that has the member in this kernel. */
static const char *struct_of(const struct vr_ctx *c, enum vr_slot s, const char *newest)
{
	return vr_has(c, s) ? c->layout.f[s].type : newest;
}

static void print_device(FILE *out, const struct vr_ctx *c, const struct vr_hostq *q)
{
	char name[80], b[24];

	vr_text_escape(name, sizeof(name), q->device);
	fputs(name, out);
	if (q->ref.addr)
		fprintf(out, "  net_device %" PRIx64 "  %s %" PRIx64 "  netns %s",
			q->ref.addr, q->tap ? struct_of(c, VR_TAP_DEV, "tap_dev") :
			"tun_struct", q->tun, vr_val_text(q->ref.inum, b));
	else if (q->vhost->kind != VR_VHOST_NET)
		fprintf(out, "  vhost %" PRIx64, q->vhost->addr);
	if (q->vhost->kind == VR_VHOST_VSOCK)
		fprintf(out, "  guest_cid %s", vr_val_text(q->vhost->cid, b));
	fputc('\n', out);
}

/* One interface has a vhost for each pair of queues; of vhost-vsock and vhost-scsi
 * each is a device of its own, and all have one name. */
static bool are_of_one_device(const struct vr_hostq *a, const struct vr_hostq *b)
{
	return a->ref.addr == b->ref.addr && !strcmp(a->device, b->device) &&
	       (a->vhost == b->vhost || a->vhost->kind == VR_VHOST_NET);
}

/* Its ring lies in pages that the dump lacks. */
static bool left_out(const struct vr_hostq *q)
{
	return q->zeros || q->why == VR_TR_NO_PAGE;
}

static void print_row(FILE *out, const struct vr_hostq *q)
{
	char b[12][24];

	fprintf(out, "%-6s %16" PRIx64 " %5s %6s %6s %6s %5s %6s %6s %7s %7s %6s %6s  %-15s  ",
		q->label, q->vhost_virtqueue, vr_val_text(q->num, b[0]),
		vr_val_text(q->last_avail_idx, b[1]), vr_val_text(q->avail_idx, b[2]),
		vr_val_text(q->last_used_idx, b[3]), vr_val_text(q->used_flags, b[4]),
		vr_val_text(vr_ring_word(q, q->ring.avail_idx), b[5]),
		vr_val_text(vr_ring_word(q, q->ring.used_idx), b[6]),
		vr_val_text(vr_ring_word(q, q->ring.used_event), b[7]),
		vr_val_text(vr_ring_word(q, q->ring.avail_event), b[8]),
		vr_val_text(q->kick_count, b[9]), vr_val_text(q->call_count, b[10]),
		vr_state_name(q->verdict.state));
	print_task(out, "", &q->vhost->owner);
	if (q->detached)
		fputs("  detached", out);
	if (q->backend.have == VR_READ && !q->backend.v)
		fputs("  no backend", out);
	/* What is so for many of them is said below, once. */
	if (!vr_ring_readable(q) && !left_out(q))
		fprintf(out, "  ring %s", vr_ring_why(q));
	fputc('\n', out);
}

/* ---- the full block --------------------------------------------------------------- */

static void print_vhost_side(FILE *out, const struct vr_hostq *q)
{
	char b[8][24];

	fprintf(out, "  vhost\n    num %s   last_avail_idx %s   avail_idx %s   last_used_idx %s\n",
		vr_val_text(q->num, b[0]), vr_val_text(q->last_avail_idx, b[1]),
		vr_val_text(q->avail_idx, b[2]), vr_val_text(q->last_used_idx, b[3]));
	fprintf(out, "    used_flags %s%s   signalled_used %s (%s)   busyloop_timeout %s\n",
		vr_val_text(q->used_flags, b[0]), q->used_flags.have != VR_READ ? "" :
		q->used_flags.v & USED_F_NO_NOTIFY ? " (NO_NOTIFY: kicks off)" : " (kicks on)",
		vr_val_text(q->signalled_used, b[1]),
		vr_flag_text(q->signalled_used_valid, "valid", "not valid"),
		vr_val_text(q->busyloop_timeout, b[2]));
	fprintf(out, "    backend %s   upend_idx %s   done_idx %s   rxq %s..%s\n",
		vr_hex_text(q->backend, b[4]), vr_val_text(q->upend_idx, b[0]),
		vr_val_text(q->done_idx, b[1]), vr_val_text(q->rxq_head, b[2]),
		vr_val_text(q->rxq_tail, b[3]));
}

static void print_ring(FILE *out, const struct vr_hostq *q)
{
	const struct vr_split *s = &q->ring;
	char b[8][24];

	fprintf(out, "  ring in the owner's memory: desc %s   avail %s   used %s%s%s%s\n",
		vr_hex_text(q->desc, b[0]), vr_hex_text(q->avail, b[1]),
		vr_hex_text(q->used, b[2]),
		q->vhost->iotlb ? " (IOVAs: an IOMMU is in use)" : "",
		vr_ring_readable(q) ? "" : ": ", vr_ring_why(q));
	if (q->zeros || !s->num)
		return;
	fprintf(out, "    avail flags %s   idx %s   used_event %s, the guest's: interrupt me once used->idx passes it\n",
		vr_val_text(s->avail_flags, b[0]), vr_val_text(s->avail_idx, b[1]),
		vr_val_text(s->used_event, b[2]));
	fprintf(out, "    used flags %s   idx %s   avail_event %s, vhost's: kick me once avail->idx passes it\n",
		vr_val_text(s->used_flags, b[0]), vr_val_text(s->used_idx, b[1]),
		vr_val_text(s->avail_event, b[2]));
}

static void print_poll(FILE *out, const char *name, const struct vr_poll *p)
{
	char b[24];

	fprintf(out, "%s poll %s ", name, vr_addr_text(p->addr, b));
	fprintf(out, "%s, %s", p->wqh.have == VR_UNREAD ? "waiting -" :
		vr_flag_text(p->wqh, "waiting", "not waiting"),
		p->queued.have == VR_READ ? vr_flag_text(p->queued, "work queued", "no work") :
		"work -");
}

static void print_around(FILE *out, const struct vr_hostq *q)
{
	char b[4][24];

	fprintf(out, "  around it\n    ");
	print_task(out, "owner", &q->vhost->owner);
	fprintf(out, "   ");
	print_task(out, "worker", &q->worker);
	fprintf(out, "\n    kick count %s (since the VMM last read it)   call count %s (since KVM or"
		" the VMM did)   error count %s (errors that vhost met)\n",
		vr_val_text(q->kick_count, b[0]), vr_val_text(q->call_count, b[1]),
		vr_val_text(q->error_count, b[2]));
	print_poll(out, "    kick", &q->kick_poll);
	if (q->backend_poll.addr)
		print_poll(out, "   backend", &q->backend_poll);
	fputc('\n', out);
	if (q->ref.addr)
		fprintf(out, "    tap ring %s of %s   socket queue %s\n",
			vr_val_text(q->tx_ring_used, b[0]), vr_val_text(q->tx_ring_size, b[1]),
			vr_val_text(q->sock_qlen, b[2]));
	if (q->txq.addr)
		fprintf(out, "    netdev_queue %" PRIx64 "   state %s   qlen %s   trans_start %s ms ago\n",
			q->txq.addr, vr_val_text(q->txq.state, b[0]), vr_val_text(q->txq.qlen, b[1]),
			vr_val_text(q->txq.age_ms, b[2]));
}

static void print_notify(FILE *out, const struct vr_hostq *q)
{
	char words[160];

	vr_host_kick_text(words, sizeof(words), q);
	fprintf(out, "  kick       %s\n", words);
	vr_signal_text(words, sizeof(words), q);
	fprintf(out, "  interrupt  %s\n", words);
}

static void print_iov(FILE *out, const struct vr_hostq *q)
{
	if (!q->chains.wanted)
		return;
	fprintf(out, "  iov, what vhost translated last, in the owner's memory (behind its end: leftovers)\n   ");
	if (!q->niov)
		fprintf(out, " %s", q->iov_known ? "none" : "-");
	for (unsigned i = 0; i < q->niov; i++)
		fprintf(out, " %" PRIx64 "+%" PRIu64, q->iov[i].base, q->iov[i].len);
	fputc('\n', out);
}

static void print_block(FILE *out, const struct vr_ctx *c, const struct vr_hostq *q)
{
	char name[80];

	vr_text_escape(name, sizeof(name), q->device);
	fprintf(out, "%s %s  vhost_virtqueue %" PRIx64 "  vq %u  vhost %" PRIx64
		"  vhost_dev %" PRIx64, name, q->label, q->vhost_virtqueue, q->vq,
		q->vhost->addr, q->vhost->dev);
	if (q->tun_file)
		fprintf(out, "  %s %" PRIx64 "%s", q->tap ?
			struct_of(c, VR_TAPQ_SK, "tap_queue") : "tun_file", q->tun_file,
			q->detached ? " (detached)" : "");
	fputc('\n', out);
	print_vhost_side(out, q);
	print_ring(out, q);
	print_around(out, q);
	print_notify(out, q);
	vr_text_verdict(out, &q->verdict);
	if (q->at != VR_AT_NOBODY)
		fprintf(out, "    it is at: %s\n", vr_where_name(q->at));
	vr_text_chains(out, &q->chains);
	print_iov(out, q);
}

void vr_text_host(FILE *out, const struct vr_ctx *c, const struct vr_host *h,
		  const struct vr_select *sel)
{
	struct vr_worst worst = { .total = 0 };
	unsigned missing = 0;

	for (unsigned i = 0; i < h->nqueues; i++) {
		const struct vr_hostq *q = &h->queues[i];
		bool first = !i || !are_of_one_device(q, q - 1);

		vr_worst_add(&worst, &q->verdict, q->device, q->label);
		missing += left_out(q);
		if (first && i)
			fputc('\n', out);
		if (first)
			print_device(out, c, q);
		if (sel->full || sel->chains) {
			print_block(out, c, q);
			continue;
		}
		if (first)
			fprintf(out, "%-6s %-16s %5s %6s %6s %6s %5s %6s %6s %7s %7s %6s %6s  %-15s  %s\n",
				"QUEUE", "VHOST_VIRTQUEUE", "NUM", "L_AVAI",
				"AVAI_I", "L_USED", "FLAGS", "AVAIL", "USED",
				"U_EVENT", "A_EVENT", "KICKS", "CALLS", "VERDICT", "OWNER");
		print_row(out, q);
	}
	if (missing)
		fprintf(out, "%u ring%s not in this dump, which was taken without user pages:"
			" makedumpfile -d 17 keeps them, -d 31 does not\n", missing,
			missing == 1 ? "" : "s");
	if (!sel->full && !sel->chains)
		vr_text_worst(out, &worst);
	vr_text_errors(out, c);
}

void vr_text_regions(FILE *out, const struct vr_ctx *c, const struct vr_host *h)
{
	const struct vr_vhost *last = NULL;

	for (unsigned i = 0; i < h->nqueues; i++) {
		const struct vr_vhost *v = h->queues[i].vhost;

		if (v == last)
			continue;
		last = v;
		fprintf(out, "vhost %" PRIx64 "  ", v->addr);
		print_task(out, "owner", &v->owner);
		fprintf(out, "\n%-16s %-16s %16s\n", v->iotlb ? "IOVA" :
			"GUEST_PHYSICAL", "USER_ADDRESS", "SIZE");
		for (unsigned k = 0; k < v->nregions; k++)
			fprintf(out, "%016" PRIx64 " %016" PRIx64 " %16" PRIx64 "\n",
				v->regions[k].guest, v->regions[k].user,
				v->regions[k].size);
	}
	vr_text_errors(out, c);
}
