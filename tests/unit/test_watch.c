// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_watch.c - two looks at the same queues: rates, and what stands still.
 */
#include "judge.h"
#include "watch.h"

struct seen {
	struct vr_arena arena;
	struct vr_queue q[3];
	struct vr_device d;
	struct vr_snapshot s;
	struct vr_vhost v;
	struct vr_hostq hq[2];
	struct vr_host h;
	struct vr_look look[2];
	char *text;
	size_t len;
};

static int setup(void **state)
{
	struct seen *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	for (unsigned i = 0; i < 3; i++) {
		struct vr_queue *q = &x->q[i];

		*q = (struct vr_queue){ .dir = VR_TX, .num = 256, .event = READ(1),
			.vring_virtqueue = 0xffff888000001000 + i * 0x1000,
			.avail_flags_shadow = READ(0), .callback = READ(1),
			.num_added = READ(0), .last_used_idx = READ(100),
			.napi = { .addr = 1, .scheduled = READ(0) } };
		snprintf(q->label, sizeof(q->label), "tx%u", i);
		q->split.num = 256;
		q->split.avail_idx = q->split.used_idx = READ(100);
		q->split.used_event = q->split.avail_event = READ(100);
		q->verdict.state = VR_ST_IDLE;
	}
	x->d = (struct vr_device){ .ref = { .addr = 1, .name = "eth0" }, .queues = x->q,
				   .nqueues = 1 };
	x->s = (struct vr_snapshot){ .devices = &x->d, .ndevices = 1 };
	for (unsigned i = 0; i < 2; i++) {
		x->hq[i] = (struct vr_hostq){ .device = "tap0", .vq = i, .vhost = &x->v,
			.vhost_virtqueue = 0x1000 + i, .last_avail_idx = READ(5),
			.last_used_idx = READ(5), .kick_count = READ(3),
			.ring = { .avail_idx = READ(5) }, .rxq_head = READ(0),
			.rxq_tail = READ(0), .tx_ring_used = READ(0) };
		snprintf(x->hq[i].label, sizeof(x->hq[i].label), i ? "tx0" : "rx0");
		x->hq[i].verdict.state = VR_ST_IDLE;
	}
	x->h = (struct vr_host){ .queues = x->hq, .nqueues = 2, .vhosts = &x->v,
				 .nvhosts = 1 };
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct seen *x = *state;

	vr_arena_free(&x->arena);
	free(x->text);
	free(x);
	return 0;
}

/* Look for the first or second time; two seconds lie between. */
static void look(struct seen *x, unsigned n, bool host)
{
	for (unsigned i = 0; i < 3; i++)
		if (!x->q[i].packed) {
			vr_ring_derive(&x->q[i]);
			vr_notify_replay(&x->q[i]);
		}
	assert_int_equal(host ? vr_look_host(&x->arena, &x->h, &x->look[n]) :
			 vr_look_guest(&x->arena, &x->s, &x->look[n]), 0);
	x->look[n].nsec = 7000000000u + n * 2000000000ull;
}

static const char *shown(struct seen *x)
{
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	vr_text_watch(out, &x->look[0], &x->look[1]);
	fclose(out);
	return x->text;
}

/* The columns of a queue's row, with one blank between them. */
static void assert_row(struct seen *x, const char *name, const char *want)
{
	const char *at = strstr(shown(x), name);
	char got[400];
	size_t n = 0;

	if (!at)
		fail_msg("no row '%s':\n%s", name, x->text);
	for (at += strlen(name); *at && *at != '\n' && n + 1 < sizeof(got); at++)
		if (*at != ' ' || (n && got[n - 1] != ' '))
			got[n++] = *at;
	got[n] = '\0';
	if (strcmp(got, want))
		fail_msg("%s: '%s', not '%s'", name, got, want);
}

/* One name in two name spaces, and two guests' vsocks. */
static void equal_names_are_told_apart(void **state)
{
	struct seen *x = *state;
	struct vr_device two[2] = { x->d, x->d };

	two[0].ref.inum = READ(4026531840);
	two[1].ref.inum = READ(4026532000);
	two[1].ref.addr = 2;
	two[1].queues = &x->q[1];
	snprintf(x->q[1].label, sizeof(x->q[1].label), "tx0");
	x->s = (struct vr_snapshot){ .devices = two, .ndevices = 2 };
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "\neth0 tx0", "0 0 0 0 0 idle, not moving");
	assert_row(x, "\neth0 netns 4026532000 tx0", "0 0 0 0 0 idle, not moving");
	x->v = (struct vr_vhost){ .kind = VR_VHOST_VSOCK, .addr = 0xffff888000005000 };
	snprintf(x->hq[1].device, sizeof(x->hq[1].device), "vhost-vsock");
	look(x, 0, true);
	look(x, 1, true);
	assert_row(x, "\nvhost-vsock ffff888000005000 tx0", "0 0 0 0 - idle, not moving");
}

static void an_interval_and_a_count_are_parsed(void **state)
{
	static const struct { const char *word; double seconds; unsigned count; } good[] = {
		{ "1", 1, 0 }, { "0.5", 0.5, 0 }, { ".25,3", 0.25, 3 }, { "0.01", 0.01, 0 },
		{ "86400,1", 86400, 1 }, { "2,4294967295", 2, UINT32_MAX },
	};
	static const char *const bad[] = {
		"", ",", "x", "1x", "0", "-1", "+1", " 1", "0.001", "86401", "inf", "nan",
		"0x10", "1e1", "1,", "1,0", "1,-1", "1,+1", "1, 2", "1,2x", "1,2,3", "1,x",
		"1,4294967296", "1,99999999999999999999999", ",5", "1;2",
	};
	double seconds;
	unsigned count;

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(vr_watch_parse(good[i].word, &seconds, &count), 0);
		assert_true(seconds == good[i].seconds);
		assert_int_equal(count, good[i].count);
	}
	for (unsigned i = 0; i < COUNT_OF(bad); i++)
		if (!vr_watch_parse(bad[i], &seconds, &count))
			fail_msg("taken: '%s'", bad[i]);
}

static void rates_go_on_across_the_wrap(void **state)
{
	struct seen *x = *state;
	struct vr_queue *q = &x->q[0];

	q->split.avail_idx = READ(65530);
	q->split.used_idx = READ(65530);
	q->last_used_idx = READ(65530);
	look(x, 0, false);
	q->split.avail_idx = READ(14);
	q->split.used_idx = READ(12);
	q->last_used_idx = READ(10);
	q->verdict.state = VR_ST_ACTIVE;
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "10 9 8 2 2 active");
}

/* Slot and wrap counter are a place of 0 to 2 * 100 - 1. */
static void rates_of_a_packed_ring_go_round(void **state)
{
	struct seen *x = *state;
	struct vr_queue *q = &x->q[0];
	struct vr_packed *p = &q->pk;

	q->packed = true;
	q->num = 100;
	q->counts = (struct vr_counts){ READ(0), READ(0), READ(0) };
	p->next_avail_idx = p->device_idx = p->last_used_idx = READ(90);
	p->avail_wrap_counter = p->device_wrap_counter = p->used_wrap_counter = READ(1);
	look(x, 0, false);
	p->next_avail_idx = READ(20);
	p->device_idx = READ(10);
	p->avail_wrap_counter = p->device_wrap_counter = READ(0);
	p->last_used_idx = READ(94);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "15 10 2 0 0 idle");
	/* From the round with counter 0 into the next with 1. */
	look(x, 0, false);
	p->next_avail_idx = READ(6);
	p->avail_wrap_counter = READ(1);
	p->device_idx = READ(10);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "43 0 0 0 0 idle");
	p->avail_wrap_counter = UNREAD;
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "- 0 0 0 0 idle");
}

static void what_was_not_read_has_no_rate(void **state)
{
	struct seen *x = *state;

	look(x, 0, false);
	x->q[0].split.used_idx = UNREAD;
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 - 0 - - idle");
}

static void queues_come_and_go(void **state)
{
	struct seen *x = *state;

	x->d.nqueues = 2;
	look(x, 0, false);
	x->d.queues = &x->q[1];
	x->q[1].split.avail_idx = x->q[1].split.used_idx = x->q[1].last_used_idx = READ(104);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "- - - - - gone");
	assert_row(x, "eth0 tx1", "2 2 2 0 0 idle");
	assert_row(x, "eth0 tx2", "- - - 0 0 idle, not there before");
	/* An address that has become another queue's. */
	x->q[1].vring_virtqueue = x->q[0].vring_virtqueue;
	look(x, 1, false);
	assert_row(x, "eth0 tx1", "- - - 0 0 idle, not there before");
	/* All gone. */
	x->d.nqueues = 0;
	look(x, 1, false);
	assert_row(x, "eth0 tx1", "- - - - - gone");
}

static void standing_still_with_work_is_told(void **state)
{
	struct seen *x = *state;
	struct vr_queue *q = &x->q[0];

	q->split.avail_idx = READ(107);
	q->verdict.state = VR_ST_NOT_CONSUMING;
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 0 0 7 0 not moving while 7 outstanding: device-not-consuming");
	/* The last of them came between the looks. */
	q->split.avail_idx = READ(108);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 0 0 8 0 device-not-consuming");
	/* Its words changed while they were read. */
	q->split.avail_idx = READ(107);
	q->moving = true;
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 0 0 7 0 device-not-consuming");
}

static void idle_parked_and_stopped_queues_raise_no_alarm(void **state)
{
	struct seen *x = *state;
	struct vr_queue *q = &x->q[0];

	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 0 0 0 0 idle, not moving");
	q->split.avail_idx = READ(300);
	q->dir = VR_RX;
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 0 0 200 0 idle, not moving");
	q->dir = VR_OTHER;
	q->parked = true;
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 0 0 200 0 idle, not moving");
	q->parked = false;
	q->verdict.state = VR_ST_STOPPED;
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "0 0 0 200 0 stopped");
}

/* Returned 45 to 52, wanted at 45, NAPI not scheduled: once it may be under way. */
static void unheard_twice_is_lost(void **state)
{
	static const char lost[] = "0 0 0 0 7 not moving while 7 wait to be reaped: lost-interrupt";
	static const char under_way[] = "0 0 0 0 7 driver-not-reaping, not moving";
	struct seen *x = *state;
	struct vr_queue *q = &x->q[0];

	q->split.avail_idx = q->split.used_idx = READ(52);
	q->last_used_idx = q->split.used_event = READ(45);
	q->verdict.state = VR_ST_NOT_REAPING;
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", lost);
	/* NAPI knows at one of the looks. */
	q->napi.scheduled = READ(1);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", under_way);
	/* It is not enabled: nobody polls. */
	q->napi.enabled = READ(0);
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", lost);
	q->napi.enabled = READ(1);
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", under_way);
	/* Nobody knows what NAPI does; there is none; callbacks are off; it has none. */
	q->napi.scheduled = UNREAD;
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", under_way);
	q->napi.addr = 0;
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", lost);
	q->callback = READ(0);
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", under_way);
	q->callback = READ(1);
	q->avail_flags_shadow = READ(1);
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", under_way);
	/* One more was returned: it moves. */
	q->avail_flags_shadow = READ(0);
	look(x, 0, false);
	q->split.avail_idx = q->split.used_idx = READ(54);
	look(x, 1, false);
	assert_row(x, "eth0 tx0", "1 1 0 0 9 driver-not-reaping");
}

static void a_hosts_queues_have_rates_and_kicks(void **state)
{
	struct seen *x = *state;

	look(x, 0, true);
	x->hq[1].last_avail_idx = x->hq[1].last_used_idx = READ(15);
	x->hq[1].ring.avail_idx = READ(16);
	x->hq[1].kick_count = READ(9);
	x->hq[1].tx_ring_used = READ(4);	/* it is the other direction's */
	look(x, 1, true);
	assert_row(x, "tap0 rx0", "0 0 0 0 0 idle, not moving");
	assert_row(x, "tap0 tx0", "5 5 3 1 - idle");
	/* The VMM read the count meanwhile: how many there were is not known. */
	x->hq[1].kick_count = READ(1);
	look(x, 1, true);
	assert_row(x, "tap0 tx0", "5 5 - 1 - idle");
}

static void a_host_that_stands_still_is_told(void **state)
{
	struct seen *x = *state;

	x->hq[0].ring.avail_idx = READ(260);	/* parked */
	x->hq[0].verdict.state = VR_ST_ACTIVE;
	x->hq[1].ring.avail_idx = READ(8);
	x->hq[1].verdict.state = VR_ST_LOST_KICK;
	look(x, 0, true);
	look(x, 1, true);
	assert_row(x, "tap0 rx0", "0 0 0 255 0 active, not moving");
	assert_row(x, "tap0 tx0", "0 0 0 3 - not moving while 3 outstanding: lost-kick");
	/* In vhost's own queue, in the tap's ring, and in the socket of older kernels. */
	x->hq[0].rxq_tail = READ(2);
	x->hq[0].tx_ring_used = UNREAD;
	look(x, 1, true);
	assert_row(x, "tap0 rx0", "0 0 0 255 2 not moving while 2 packets wait: active");
	x->hq[0].tx_ring_used = READ(3);
	x->hq[0].sock_qlen = READ(4);
	look(x, 1, true);
	assert_row(x, "tap0 rx0", "0 0 0 255 9 not moving while 9 packets wait: active");
	/* A head past the tail is damage, not 2^64 packets. */
	x->hq[0].rxq_head = READ(7);
	look(x, 1, true);
	assert_row(x, "tap0 rx0", "0 0 0 255 7 not moving while 7 packets wait: active");
	/* The ring's pages are not to be had. */
	x->hq[1].zeros = true;
	look(x, 1, true);
	assert_row(x, "tap0 tx0", "0 0 0 - - lost-kick, not moving");
}

static void names_are_escaped(void **state)
{
	struct seen *x = *state;

	strcpy(x->d.ref.name, "e\x1b[31m");
	strcpy(x->q[0].label, "t\n\xff");
	look(x, 0, false);
	look(x, 1, false);
	assert_row(x, "e\\x1b[31m t\\x0a\\xff", "0 0 0 0 0 idle, not moving");
}

static void no_time_between_looks_is_no_division_by_zero(void **state)
{
	struct seen *x = *state;

	look(x, 0, false);
	look(x, 1, false);
	x->look[1].nsec = x->look[0].nsec;
	assert_row(x, "eth0 tx0", "0 0 0 0 0 idle, not moving");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(an_interval_and_a_count_are_parsed),
		TEST(rates_go_on_across_the_wrap),
		TEST(rates_of_a_packed_ring_go_round),
		TEST(what_was_not_read_has_no_rate),
		TEST(queues_come_and_go),
		TEST(standing_still_with_work_is_told),
		TEST(idle_parked_and_stopped_queues_raise_no_alarm),
		TEST(unheard_twice_is_lost),
		TEST(a_hosts_queues_have_rates_and_kicks),
		TEST(a_host_that_stands_still_is_told),
		TEST(equal_names_are_told_apart),
		TEST(names_are_escaped),
		TEST(no_time_between_looks_is_no_division_by_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
