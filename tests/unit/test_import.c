// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_import.c - the other side's document, into the structs that the walks fill: what
 * our own renderers wrote comes back, what others wrote is refused or unread.
 */
#include "compare.h"
#include "judge.h"
#include "render.h"

struct trip {
	struct vr_target t;
	struct vr_ctx c;
	struct vr_queue q[2];
	struct vr_device d[2];
	struct vr_snapshot s;
	struct vr_vhost v;
	struct vr_hostq hq[2];
	struct vr_host h;
	struct vr_import got;
	char why[300];
	char *text;
	size_t len;
};

static int setup(void **state)
{
	struct trip *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->c.t = &x->t;
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct trip *x = *state;

	vr_arena_free(&x->c.arena);
	free(x->text);
	free(x);
	return 0;
}

/* Each value one of its own, so that none is taken for another. */
static void make_guest(struct trip *x)
{
	struct vr_queue *q = &x->q[0];

	*q = (struct vr_queue){ .dir = VR_TX, .in_use = true, .num = 512, .label = "tx3",
		.vring_virtqueue = 0xffff888000001000, .index = READ(7), .num_free = READ(11),
		.num_added = READ(12), .last_used_idx = READ(65530), .callback = READ(1),
		.avail_flags_shadow = READ(0), .event = READ(1), .broken = READ(0),
		.in_order = true, .dma_desc = READ(0x1000), .dma_avail = READ(0x3000),
		.dma_used = READ(0x4000),
		.txq = { .addr = 0xffff888000002000, .state = READ(9), .age_ms = READ(77) },
		.napi = { .addr = 0xffff888000003000, .state = READ(1), .scheduled = READ(1),
			  .enabled = READ(1) } };
	q->split = (struct vr_split){ .num = 512, .avail_flags = READ(0), .avail_idx = READ(8),
		.used_event = READ(65531), .used_flags = READ(1), .used_idx = READ(3),
		.avail_event = READ(5) };
	vr_ring_derive(q);
	vr_notify_replay(q);
	q->verdict = (struct vr_verdict){ VR_ST_LOST_INTERRUPT, VR_SEV_WARN, NULL, 0, 0 };
	x->q[1] = (struct vr_queue){ .dir = VR_OTHER, .num = 100, .label = "req.0",
		.packed = true, .pk = { .next_avail_idx = READ(44) } };
	x->d[0] = (struct vr_device){ .ref = { .addr = 0xffff888000009000, .name = "eth0",
		.inum = READ(4026531840) }, .virtio_device = 0xffff88800000a000,
		.type = READ(VR_ID_NET), .features = READ(0x120000001), .up = READ(1),
		.carrier = READ(0), .queues = &x->q[0], .nqueues = 1 };
	x->d[1] = (struct vr_device){ .virtio_name = "virtio1", .type = READ(VR_ID_BLOCK),
		.virtio_device = 0xffff88800000b000, .queues = &x->q[1], .nqueues = 1 };
	x->s = (struct vr_snapshot){ .nodename = "guest.one", .release = "6.1.0",
				     .devices = x->d, .ndevices = 2 };
}

static void make_host(struct trip *x)
{
	struct vr_hostq *h = &x->hq[0];

	x->v = (struct vr_vhost){ .addr = 0xffff888000001000, .dev = 0xffff888000001800,
		.mm = 0xffff888000002000, .owner_runs = true,
		.owner = { .addr = 1, .pid = READ(314),
		.mm = 0xffff888000002000, .state = READ(4), .comm = "qemu" } };
	*h = (struct vr_hostq){ .device = "tap7", .label = "rx2", .vhost = &x->v,
		.ref = { .addr = 0xffff888000003000 }, .tun_file = 0xffff888000003800,
		.detached = true, .num = READ(256),
		.vhost_virtqueue = 0xffff888000004000, .last_avail_idx = READ(21),
		.avail_idx = READ(22), .last_used_idx = READ(23), .used_flags = READ(1),
		.signalled_used = READ(24), .signalled_used_valid = READ(1),
		.acked_features = READ(0x120000000), .backend = READ(0xffff888000005000),
		.upend_idx = READ(25), .done_idx = READ(26), .kick_count = READ(UINT64_MAX - 1),
		.call_count = READ(28), .error_count = READ(29), .rxq_head = READ(30),
		.rxq_tail = READ(33), .tx_ring_size = READ(1000), .tx_ring_used = READ(34),
		.sock_qlen = READ(35), .worker = { .addr = 1, .pid = READ(315),
		.on_cpu = READ(1), .on_rq = READ(0), .state = READ(1),
		.comm = "vhost-314" }, .dma_desc = READ(0x1000),
		.dma_avail = READ(0x2000), .dma_used = READ(0x3000),
		.kick_poll = { .addr = 0xffff888000006000, .wqh = READ(0xffff888000007000),
			       .queued = READ(1) },
		.backend_poll = { .addr = 0xffff888000008000, .wqh = READ(0), .queued = READ(0) } };
	h->ring = (struct vr_split){ .num = 256, .avail_flags = READ(0), .avail_idx = READ(41),
		.used_event = READ(42), .used_flags = READ(1), .used_idx = READ(43),
		.avail_event = READ(44) };
	h->verdict = (struct vr_verdict){ VR_ST_RX_STARVED, VR_SEV_WARN, NULL, 0, 0 };
	vr_host_notify_replay(h);
	x->hq[1] = *h;
	x->hq[1].vq = 1;
	strcpy(x->hq[1].label, "tx2");
	x->hq[1].zeros = true;		/* its ring is not in the dump */
	x->hq[1].worker = (struct vr_task){ .addr = 0 };
	x->h = (struct vr_host){ .nodename = "host.one", .release = "5.10.0", .vhosts = &x->v,
				 .nvhosts = 1, .queues = x->hq, .nqueues = 2 };
}

static int import_text(struct trip *x, const char *text, size_t len)
{
	struct vr_doc doc;

	vr_arena_reset(&x->c.arena);
	memset(&x->got, 0, sizeof(x->got));
	memset(x->why, 0, sizeof(x->why));
	if (vr_doc_parse(&x->c.arena, text, len, &doc, x->why, sizeof(x->why)))
		fail_msg("%s: %s", text, x->why);
	return vr_import_doc(&x->c, &doc, &x->got, x->why, sizeof(x->why));
}

static void there_and_back(struct trip *x, bool host)
{
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	if (host)
		vr_json_host(out, &x->c, &x->h);
	else
		vr_json_snapshot(out, &x->c, &x->s);
	fclose(out);
	if (import_text(x, x->text, x->len))
		fail_msg("%s:\n%s", x->why, x->text);
	assert_int_equal(x->got.host, host);
}

static void assert_same(struct vr_val got, struct vr_val want)
{
	assert_int_equal(got.have, want.have);
	assert_int_equal(got.v, want.v);
}

#define SAME(a, b, member)	assert_same((a)->member, (b)->member)

static void assert_same_words(const struct vr_split *a, const struct vr_split *b)
{
	SAME(a, b, avail_flags);
	SAME(a, b, avail_idx);
	SAME(a, b, used_event);
	SAME(a, b, used_flags);
	SAME(a, b, used_idx);
	SAME(a, b, avail_event);
}

static void a_guest_comes_back(void **state)
{
	struct trip *x = *state;
	const struct vr_device *d;
	const struct vr_queue *q, *w = &x->q[0];

	make_guest(x);
	there_and_back(x, false);
	assert_string_equal(x->got.nodename, "guest.one");
	assert_string_equal(x->got.release, "6.1.0");
	assert_int_equal(x->got.g.ndevices, 2);
	d = &x->got.g.devices[0];
	assert_string_equal(vr_device_name(d), "eth0");
	assert_int_equal(d->ref.addr, x->d[0].ref.addr);
	assert_int_equal(d->virtio_device, x->d[0].virtio_device);
	SAME(d, &x->d[0], ref.inum);
	SAME(d, &x->d[0], features);
	SAME(d, &x->d[0], up);
	SAME(d, &x->d[0], carrier);
	assert_int_equal(d->nqueues, 1);
	q = d->queues;
	assert_string_equal(q->label, "tx3");
	assert_int_equal(q->dir, VR_TX);
	assert_int_equal(q->num, 512);
	assert_int_equal(q->vring_virtqueue, w->vring_virtqueue);
	assert_true(q->in_use && q->in_order && !q->packed);
	SAME(q, w, index);
	SAME(q, w, num_free);
	SAME(q, w, num_added);
	SAME(q, w, last_used_idx);
	SAME(q, w, avail_flags_shadow);
	SAME(q, w, event);
	SAME(q, w, broken);
	SAME(q, w, callback);
	SAME(q, w, dma_desc);
	SAME(q, w, dma_avail);
	SAME(q, w, dma_used);
	SAME(q, w, txq.state);
	SAME(q, w, txq.age_ms);
	SAME(q, w, napi.state);
	SAME(q, w, napi.scheduled);
	SAME(q, w, napi.enabled);
	assert_int_equal(q->napi.addr, w->napi.addr);
	SAME(q, w, counts.in_flight);
	SAME(q, w, counts.device_pending);
	SAME(q, w, counts.driver_pending);
	assert_same_words(&q->split, &w->split);
	assert_true(q->interrupt.known && q->interrupt.due == w->interrupt.due &&
		    q->kick.due == w->kick.due && q->kick.suppressed == w->kick.suppressed);
	assert_int_equal(q->verdict.state, VR_ST_LOST_INTERRUPT);
	assert_int_equal(q->verdict.severity, VR_SEV_WARN);
	d = &x->got.g.devices[1];
	assert_string_equal(vr_device_name(d), "virtio1");
	assert_int_equal(d->queues[0].dir, VR_OTHER);
	assert_true(d->queues[0].packed);
	assert_val(d->queues[0].pk.next_avail_idx, 44);
}

/* Of how many pairs are in use nothing was read: each may be, as in the walk. */
static void a_pair_that_may_be_in_use_comes_back(void **state)
{
	struct trip *x = *state;

	make_guest(x);
	x->d[0].curr_pairs = (struct vr_val){ .have = VR_UNREAD };
	there_and_back(x, false);
	assert_true(x->got.g.devices[0].queues[0].in_use);
	x->d[0].curr_pairs = READ(1);
	x->q[0].in_use = false;
	there_and_back(x, false);
	assert_false(x->got.g.devices[0].queues[0].in_use);
}

static void a_host_comes_back(void **state)
{
	struct trip *x = *state;
	const struct vr_hostq *h, *w = &x->hq[0];

	make_host(x);
	there_and_back(x, true);
	assert_int_equal(x->got.h.nqueues, 2);
	assert_int_equal(x->got.h.nvhosts, 1);
	h = x->got.h.queues;
	assert_string_equal(h->device, "tap7");
	assert_string_equal(h->label, "rx2");
	assert_int_equal(h->vhost->kind, VR_VHOST_NET);
	assert_int_equal(h->vhost->mm, x->v.mm);
	assert_int_equal(h->vhost->dev, x->v.dev);
	assert_val(h->vhost->owner.pid, 314);
	assert_val(h->vhost->owner.state, 4);
	assert_true(h->vhost->owner_runs);
	assert_string_equal(h->vhost->owner.comm, "qemu");
	assert_int_equal(h->ref.addr, w->ref.addr);
	assert_int_equal(h->vhost_virtqueue, w->vhost_virtqueue);
	assert_true(h->detached && !h->vhost->iotlb);
	SAME(h, w, num);
	SAME(h, w, last_avail_idx);
	SAME(h, w, avail_idx);
	SAME(h, w, last_used_idx);
	SAME(h, w, used_flags);
	SAME(h, w, signalled_used);
	SAME(h, w, signalled_used_valid);
	SAME(h, w, acked_features);
	SAME(h, w, backend);
	SAME(h, w, upend_idx);
	SAME(h, w, done_idx);
	SAME(h, w, kick_count);
	SAME(h, w, call_count);
	SAME(h, w, error_count);
	SAME(h, w, rxq_head);
	SAME(h, w, rxq_tail);
	SAME(h, w, tx_ring_size);
	SAME(h, w, tx_ring_used);
	SAME(h, w, sock_qlen);
	SAME(h, w, worker.state);
	SAME(h, w, worker.pid);
	SAME(h, w, worker.on_cpu);
	SAME(h, w, worker.on_rq);
	SAME(h, w, kick_poll.wqh);
	SAME(h, w, kick_poll.queued);
	SAME(h, w, backend_poll.wqh);
	SAME(h, w, backend_poll.queued);
	SAME(h, w, dma_desc);
	SAME(h, w, dma_avail);
	SAME(h, w, dma_used);
	assert_same_words(&h->ring, &w->ring);
	assert_int_equal(h->why, VR_TR_OK);
	assert_true(h->signal.known && h->signal.due == w->signal.due);
	assert_int_equal(h->verdict.state, VR_ST_RX_STARVED);
	h++;
	assert_int_equal(h->vq, 1);
	assert_ptr_equal(h->vhost, x->got.h.queues[0].vhost);
	assert_int_not_equal(h->why, VR_TR_OK);
	assert_unread(h->ring.avail_idx);
	assert_int_equal(h->worker.addr, 0);
}

static void addresses_behind_an_iommu_stay_unread(void **state)
{
	struct trip *x = *state;

	make_host(x);
	x->v.iotlb = true;
	there_and_back(x, true);
	assert_true(x->got.h.queues[0].vhost->iotlb);
	assert_unread(x->got.h.queues[0].dma_desc);
}

static void names_with_escapes_come_back(void **state)
{
	struct trip *x = *state;

	make_guest(x);
	strcpy(x->d[0].ref.name, "e\"\\\x1b\n\xff");
	strcpy(x->q[0].label, "tx\t/\x7f");
	there_and_back(x, false);
	assert_string_equal(x->got.g.devices[0].ref.name, x->d[0].ref.name);
	assert_string_equal(x->got.g.devices[0].queues[0].label, x->q[0].label);
}

static void what_was_not_read_stays_so(void **state)
{
	struct trip *x = *state;
	const struct vr_queue *q;

	make_guest(x);
	x->q[0].split.used_idx = x->q[0].last_used_idx = UNREAD;
	x->q[0].napi.scheduled = ABSENT;
	x->d[0].features = UNREAD;
	there_and_back(x, false);
	q = x->got.g.devices[0].queues;
	assert_unread(q->split.used_idx);
	assert_unread(q->last_used_idx);
	assert_unread(q->napi.scheduled);
	assert_unread(x->got.g.devices[0].features);
	assert_false(q->interrupt.known);
}

/* A NAPI that was not read is not none; nor is an owner of whom not all was read at rest. */
static void what_was_lost_comes_back_as_that(void **state)
{
	struct trip *x = *state;

	make_guest(x);
	x->q[0].napi = (struct vr_napi){ .lost = true, .scheduled = UNREAD,
					 .enabled = UNREAD, .state = UNREAD };
	there_and_back(x, false);
	assert_non_null(strstr(x->text, "\"napi\":{\"addr\":null,"));
	assert_true(x->got.g.devices[0].queues[0].napi.lost);
	assert_unread(x->got.g.devices[0].queues[0].napi.scheduled);
	x->q[0].napi = (struct vr_napi){ .addr = 0 };
	there_and_back(x, false);
	assert_non_null(strstr(x->text, "\"napi\":null"));
	assert_false(x->got.g.devices[0].queues[0].napi.lost);
	make_host(x);
	for (unsigned i = 0; i < 2; i++) {
		x->v.owner_runs = false;
		x->v.runs_lost = i;
		there_and_back(x, true);
		assert_false(x->got.h.vhosts[0].owner_runs);
		assert_int_equal(x->got.h.vhosts[0].runs_lost, i);
	}
}

/* Why the ring's words are not there comes back in the same words. */
static void the_reason_for_a_missing_ring_comes_back(void **state)
{
	static const enum vr_translation why[] = { VR_TR_NOT_PRESENT, VR_TR_SWAPPED,
		VR_TR_NO_TABLE, VR_TR_NO_PAGE, VR_TR_UNKNOWN };
	struct trip *x = *state;

	for (unsigned i = 0; i < COUNT_OF(why); i++) {
		make_host(x);
		x->hq[0].why = why[i];
		there_and_back(x, true);
		assert_int_equal(x->got.h.queues[0].why, why[i]);
	}
}

/* Older kernels have no shadow, and the ring's own flag decides; where it could not be
 * read, nothing does. */
static void a_flag_that_was_not_read_is_not_the_rings(void **state)
{
	struct trip *x = *state;
	const struct vr_queue *q;

	make_guest(x);
	x->q[0].avail_flags_shadow = ABSENT;
	vr_notify_replay(&x->q[0]);
	there_and_back(x, false);
	q = x->got.g.devices[0].queues;
	assert_absent(q->avail_flags_shadow);
	assert_true(q->interrupt.known);
	x->q[0].avail_flags_shadow = UNREAD;
	vr_notify_replay(&x->q[0]);
	there_and_back(x, false);
	q = x->got.g.devices[0].queues;
	assert_unread(q->avail_flags_shadow);
	assert_false(q->interrupt.known);
}

/* Both are null. */
static void no_backend_is_not_an_unread_one(void **state)
{
	struct trip *x = *state;
	const struct vr_hostq *h;

	make_host(x);
	x->hq[0].backend = READ(0);
	there_and_back(x, true);
	h = x->got.h.queues;
	SAME(h, &x->hq[0], backend);
	SAME(h, &x->hq[0], kick_poll.wqh);
	SAME(h, &x->hq[0], backend_poll.wqh);
	x->hq[0].backend = x->hq[0].kick_poll.wqh = x->hq[0].backend_poll.wqh = UNREAD;
	there_and_back(x, true);
	assert_non_null(strstr(x->text, "\"has_backend\":null"));
	h = x->got.h.queues;
	assert_unread(h->backend);
	assert_unread(h->kick_poll.wqh);
	assert_unread(h->backend_poll.wqh);
}

static void other_documents_are_refused(void **state)
{
	static const struct { const char *text, *why; } bad[] = {
		{ "{}", "no \"schema\"" },
		{ "{\"schema\":1}", "no \"schema\"" },
		{ "{\"schema\":\"vring/2\",\"command\":\"vring\",\"queues\":[]}", "schema is 'vring/2'" },
		{ "{\"schema\":\"a\\u001bb\"}", "schema is 'a\\x1bb'" },
		{ "{\"schema\":\"vring/1\"}", "not what vring -j" },
		{ "{\"schema\":\"vring/1\",\"command\":\"vqwalk\",\"queues\":[]}", "not what vring -j" },
		{ "{\"schema\":\"vring/1\",\"command\":\"vring\"}", "not what vring -j" },
		{ "{\"schema\":\"vring/1\",\"command\":\"vring\",\"queues\":{}}", "not what vring -j" },
		{ "{\"schema\":\"vring/1\",\"command\":[\"vring\"],\"queues\":[]}", "not what vring -j" },
	};
	struct trip *x = *state;

	for (unsigned i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(import_text(x, bad[i].text, strlen(bad[i].text)), -1);
		if (!strstr(x->why, bad[i].why))
			fail_msg("%s: %s", bad[i].text, x->why);
	}
}

/* What the other side could not read is told as this side's, without control bytes. */
static void the_documents_errors_are_quoted(void **state)
{
	static const char text[] = "{\"schema\":\"vring/1\",\"command\":\"vhostq\",\"queues\":[],"
		"\"nodename\":\"blade7\",\"errors\":[{\"where\":\"\",\"what\":\"no types of vhost\"},"
		"{\"where\":\"tap0\\u001b rx0\",\"what\":\"desc: NULL\"},3,{}]}";
	static const char *const want[] = { "the host's document: no types of vhost",
		"the host's document: tap0\\x1b rx0: desc: NULL", "the host's document: ",
		"the host's document: " };
	struct trip *x = *state;
	struct vr_doc doc;
	char what[600];

	x->c.nerrors = 0;
	assert_int_equal(import_text(x, text, strlen(text)), 0);
	assert_int_equal(x->c.nerrors, 0);
	assert_int_equal(vr_doc_parse(&x->c.arena, text, strlen(text), &doc, what, sizeof(what)), 0);
	vr_import_errors(&x->c, &doc, true);
	assert_int_equal(x->c.nerrors, COUNT_OF(want));
	for (unsigned i = 0; i < COUNT_OF(want); i++) {
		vr_error_what(what, sizeof(what), &x->c.errors[i]);
		assert_string_equal(what, want[i]);
	}
}

/* Queues of wrong types, or with wrong types in them, are queues of which nothing is
 * known. */
static void wrong_types_are_unread(void **state)
{
	static const char *const queues[] = { "1", "null", "\"tx0\"", "[]", "{}",
		"{\"device\":1,\"queue\":[],\"num\":\"x\",\"avail\":3,\"used\":[1],\"dma\":\"0x1\","
		"\"verdict\":[],\"owner\":1,\"worker\":\"x\",\"ring\":null,\"kick_poll\":2,"
		"\"napi\":true,\"packed\":0,\"layout\":7,\"num_free\":-1}",
		"{\"num\":32769,\"verdict\":{\"state\":\"fine\",\"severity\":9}}" };
	char text[1000];
	struct trip *x = *state;

	for (unsigned i = 0; i < 2 * COUNT_OF(queues); i++) {
		int n = snprintf(text, sizeof(text), "{\"schema\":\"vring/1\",\"command\":\"%s\","
				 "\"queues\":[%s]}", i % 2 ? "vhostq" : "vring", queues[i / 2]);

		assert_int_equal(import_text(x, text, (size_t)n), 0);
		if (i % 2) {
			const struct vr_hostq *h = x->got.h.queues;

			assert_int_equal(x->got.h.nqueues, 1);
			assert_unread(h->last_avail_idx);
			assert_unread(h->dma_desc);
			assert_int_equal(h->worker.addr, 0);
			assert_int_equal(h->ring.num, 0);
			assert_int_equal(h->verdict.state, VR_ST_NONE);
			assert_false(h->signal.known);
		} else {
			const struct vr_queue *q = x->got.g.devices[0].queues;

			assert_int_equal(x->got.g.ndevices, 1);
			assert_int_equal(q->num, 0);
			assert_unread(q->split.avail_idx);
			assert_unread(q->num_free);
			assert_int_equal(q->verdict.state, VR_ST_NONE);
			assert_false(q->interrupt.known);
			assert_string_equal(q->label, "");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_guest_comes_back),
		TEST(a_pair_that_may_be_in_use_comes_back),
		TEST(a_host_comes_back),
		TEST(addresses_behind_an_iommu_stay_unread),
		TEST(names_with_escapes_come_back),
		TEST(what_was_not_read_stays_so),
		TEST(what_was_lost_comes_back_as_that),
		TEST(the_reason_for_a_missing_ring_comes_back),
		TEST(a_flag_that_was_not_read_is_not_the_rings),
		TEST(no_backend_is_not_an_unread_one),
		TEST(other_documents_are_refused),
		TEST(wrong_types_are_unread),
		TEST(the_documents_errors_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
