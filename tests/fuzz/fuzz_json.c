// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_json.c - the other side's document, from somebody who means harm: parsed, taken
 * for a guest's or a host's queues, compared with fixed ones, and printed.  What we
 * print has to be JSON whatever it was made of, and what is no JSON is refused.
 *
 * Input: the document.
 */
#include <string.h>

#include "fuzz.h"

#define READ(n)	((struct vr_val){ (n), VR_READ })

static struct {
	struct vr_queue q[3];
	struct vr_device d;
	struct vr_snapshot s;
	struct vr_vhost v;
	struct vr_hostq hq[2];
	struct vr_host h;
} here;

static void make_guest(void)
{
	static const char *const labels[] = { "rx0", "tx0", "ctrl" };

	for (unsigned i = 0; i < 3; i++) {
		struct vr_queue *q = &here.q[i];

		*q = (struct vr_queue){ .dir = i == 2 ? VR_CTRL : i ? VR_TX : VR_RX,
			.num = 256, .event = READ(1), .avail_flags_shadow = READ(0),
			.num_added = READ(0), .last_used_idx = READ(10),
			.callback = READ(i < 2), .in_use = true, .dma_desc = READ(0x1000 + i * 0x4000),
			.dma_avail = READ(0x2000 + i * 0x4000), .dma_used = READ(0x3000 + i * 0x4000) };
		strcpy(q->label, labels[i]);
		q->split.num = 256;
		q->split.avail_idx = READ(12);
		q->split.used_idx = q->split.used_event = q->split.avail_event = READ(11);
		q->verdict.state = VR_ST_ACTIVE;
		vr_ring_derive(q);
		vr_notify_replay(q);
	}
	here.d = (struct vr_device){ .ref = { .addr = 1, .name = "eth0" },
		.features = READ(1ULL << 32 | 1ULL << 29), .queues = here.q, .nqueues = 3 };
	here.s = (struct vr_snapshot){ .devices = &here.d, .ndevices = 1 };
}

static void make_host(void)
{
	here.v = (struct vr_vhost){ .addr = 1, .dev = 2, .mm = 3 };
	for (unsigned i = 0; i < 2; i++) {
		struct vr_hostq *h = &here.hq[i];

		*h = (struct vr_hostq){ .device = "tap0", .ref = { .addr = 4 }, .vq = i,
			.vhost = &here.v, .num = READ(256), .last_avail_idx = READ(11),
			.avail_idx = READ(12), .last_used_idx = READ(11),
			.used_flags = READ(0), .signalled_used = READ(11),
			.signalled_used_valid = READ(1), .acked_features = READ(1ULL << 32),
			.worker = { .addr = 5, .state = READ(1) },
			.dma_desc = READ(0x1000 + i * 0x4000),
			.dma_avail = READ(0x2000 + i * 0x4000),
			.dma_used = READ(0x3000 + i * 0x4000) };
		strcpy(h->label, i ? "tx0" : "rx0");
		h->ring.avail_idx = READ(12);
		h->ring.used_idx = READ(11);
		h->verdict.state = VR_ST_ACTIVE;
		vr_host_notify_replay(h);
	}
	here.h = (struct vr_host){ .vhosts = &here.v, .nvhosts = 1, .queues = here.hq,
				   .nqueues = 2 };
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	make_guest();
	make_host();
	return 0;
}

/* Does a reader that shares nothing with ours say the same? */
static void check_grammar(const char *text, size_t size, bool taken, const char *said)
{
	static struct json_check k;
	const char *why = NULL;

	json_check_begin(&k, false);
	for (size_t i = 0; i < size && !why; i++)
		why = json_check_byte(&k, text[i]);
	if (!why)
		why = json_check_end(&k);
	if (taken && why)
		finding(why);
	if (!taken && !why && !strstr(said, "one object is expected"))
		finding("a sound document is refused");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vr_target t = { .live = false };
	struct vr_ctx *c = calloc(1, sizeof(*c));
	struct vr_import *other = calloc(1, sizeof(*other));
	char *text = malloc(size ? size : 1), why[200];
	struct vr_comparison k;
	struct vr_doc doc;
	bool taken;

	if (!c || !other || !text)
		abort();
	sink_begin();
	if (size)
		memcpy(text, data, size);
	c->t = &t;
	taken = !vr_doc_parse(&c->arena, text, size, &doc, why, sizeof(why));
	check_grammar(text, size, taken, why);
	if (!taken) {
		if (strncmp(why, "line ", 5))
			finding("no line in the message about bad JSON");
	} else if (!vr_import_doc(c, &doc, other, why, sizeof(why)) &&
		   !vr_compare(c, other->host ? &here.s : &other->g,
			       other->host ? &other->h : &here.h, &k)) {
		vr_import_errors(c, &doc, other->host);
		if (k.npairs > (other->host ? other->h.nqueues : here.h.nqueues))
			finding("more pairs than queues");
		print_comparison(c, &k);
	}
	vr_arena_free(&c->arena);
	free(text);
	free(other);
	free(c);
	return 0;
}
