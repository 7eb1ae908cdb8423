// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare_builder.c - both sides of a few queues, at rest.
 */
#include "compare_builder.h"
#include "render.h"

void both_queue(struct vr_queue *q, unsigned n)
{
	static const char *const labels[] = { "rx0", "tx0", "ctrl" };
	static const enum vr_dir dirs[] = { VR_RX, VR_TX, VR_CTRL };

	*q = (struct vr_queue){ .dir = dirs[n], .num = 256, .event = READ(1),
		.avail_flags_shadow = READ(0), .callback = READ(1), .num_added = READ(0),
		.last_used_idx = READ(1000), .dma_desc = READ(0x10000 * (n + 1)),
		.dma_avail = READ(0x10000 * (n + 1) + 0x1000),
		.dma_used = READ(0x10000 * (n + 1) + 0x2000),
		.vring_virtqueue = 0x500 + n, .napi = { .addr = 1, .scheduled = READ(0),
		.enabled = READ(1) } };
	strcpy(q->label, labels[n]);
	q->split.num = 256;
	q->split.avail_idx = q->split.used_idx = READ(1000);
	q->split.used_event = q->split.avail_event = READ(1000);
	q->verdict.state = VR_ST_IDLE;
}

void both_host_queue(struct vr_hostq *h, struct vr_vhost *v, unsigned n)
{
	*h = (struct vr_hostq){ .device = "tap0", .vq = n, .vhost = v, .num = READ(256),
		.ref = { .addr = v->addr }, .last_avail_idx = READ(1000),
		.avail_idx = READ(1000), .last_used_idx = READ(1000), .used_flags = READ(0),
		.signalled_used = READ(1000), .signalled_used_valid = READ(1),
		.acked_features = READ(1ULL << 32 | 1ULL << 29 | 1ULL << 26),
		.dma_desc = READ(0x10000 * (n + 1)),
		.dma_avail = READ(0x10000 * (n + 1) + 0x1000),
		.dma_used = READ(0x10000 * (n + 1) + 0x2000),
		.worker = { .addr = 7, .state = READ(1) },
		.kick_poll = { .addr = 1, .wqh = READ(1), .queued = READ(0) },
		.backend_poll = { .addr = 1, .wqh = READ(0), .queued = READ(0) } };
	strcpy(h->label, n ? "tx0" : "rx0");
	h->ring.avail_idx = h->ring.used_idx = h->ring.used_event = READ(1000);
	h->verdict.state = VR_ST_IDLE;
	if (!n) {	/* 200 buffers parked, notifications off */
		h->ring.avail_idx = h->avail_idx = READ(1200);
		h->used_flags = READ(1);
		h->backend_poll.wqh = READ(1);
	}
}

int both_setup(void **state)
{
	struct both *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->c.t = &x->t;
	for (unsigned i = 0; i < GUESTS; i++) {
		for (unsigned n = 0; n < QUEUES; n++)
			both_queue(&x->q[i][n], n);
		x->q[i][0].split.avail_idx = READ(1200);
		x->d[i] = (struct vr_device){ .ref = { .addr = 0x100 + i },
			.features = READ(1ULL << 32 | 1ULL << 29 | 1ULL << 5),
			.queues = x->q[i], .nqueues = QUEUES };
		snprintf(x->d[i].ref.name, sizeof(x->d[i].ref.name), "eth%u", i);
		x->v[i] = (struct vr_vhost){ .addr = 0x200 + i, .dev = 0x300 + i,
					     .mm = 0x400 + i };
		both_host_queue(&x->hq[2 * i], &x->v[i], 0);
		both_host_queue(&x->hq[2 * i + 1], &x->v[i], 1);
	}
	x->s = (struct vr_snapshot){ .devices = x->d, .ndevices = 1 };
	x->h = (struct vr_host){ .queues = x->hq, .nqueues = 2, .vhosts = x->v,
				 .nvhosts = GUESTS };
	*state = x;
	return 0;
}

int both_teardown(void **state)
{
	struct both *x = *state;

	vr_arena_free(&x->c.arena);
	free(x->text);
	free(x);
	return 0;
}

void both_compare(struct both *x)
{
	for (unsigned i = 0; i < x->s.ndevices; i++)
		for (unsigned n = 0; n < x->s.devices[i].nqueues; n++)
			if (!x->s.devices[i].queues[n].packed) {
				vr_ring_derive(&x->s.devices[i].queues[n]);
				vr_notify_replay(&x->s.devices[i].queues[n]);
			}
	for (unsigned i = 0; i < x->h.nqueues; i++)
		vr_host_notify_replay(&x->h.queues[i]);
	vr_arena_reset(&x->c.arena);
	assert_int_equal(vr_compare(&x->c, &x->s, &x->h, &x->k), 0);
}

const char *both_text(struct both *x, bool json)
{
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	if (json)
		vr_json_compared(out, &x->c, "vring", "guest", "n", "6", &x->k);
	else
		vr_text_comparison(out, &x->k);
	fclose(out);
	return x->text;
}

void assert_has(const char *in, const char *want)
{
	if (!strstr(in, want))
		fail_msg("'%s' is not in:\n%s", want, in);
}
