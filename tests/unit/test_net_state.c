// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_net_state.c - what the guest's driver and network stack say of a transmit queue
 * that is not in use as usual: without NAPI, or being reset; and of a kernel that goes down.
 */
#include "unit.h"
#include "guest_builder.h"

#define NPSVC	3u	/* bits of napi_struct.state */
#define SCHED	0u

static struct nic *nic(struct guest *g)
{
	fake_load_layout(g->f, "hand-net-5.19.layout");
	fake_enum(g->f, "NAPI_STATE_DISABLE", 2);
	fake_enum(g->f, "NAPI_STATE_NPSVC", NPSVC);
	return guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 1, .num = 256 });
}

/* virtio_net gives NAPI for transmitting a weight of 0 where it does not use it; since 5.9,
 * and in stable kernels before, it is marked as not enabled, too. */
static void napi_without_a_weight_is_not_enabled(void **state)
{
	static const struct { unsigned weight, state; bool enabled; } cases[] = {
		{ 64, 0, true }, { 64, 1 << SCHED, true }, { 64, 1 << SCHED | 1 << NPSVC, false },
		{ 0, 1 << SCHED, false }, { 0, 1 << SCHED | 1 << NPSVC, false },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = guest_new(ERA_6_1);
		struct nic *n = nic(g);
		uint64_t at = n->sq + fake_offset(g->f, "send_queue", "napi");
		const struct vr_queue *q;
		struct walked w;

		fake_set(g->f, at, "napi_struct", "weight", cases[i].weight);
		fake_set(g->f, at, "napi_struct", "state", cases[i].state);
		w = guest_walk(g, "eth0", "tx0");
		q = walked_queue(&w, "eth0", "tx0");
		assert_val(q->napi.scheduled, cases[i].state & 1);
		assert_val(q->napi.enabled, cases[i].enabled);
		guest_free(g);
	}
}

/* A NAPI under a name that is not known is not none. */
static void napi_of_another_name_is_not_none(void **state)
{
	struct guest *g = guest_new(ERA_6_1);
	const struct vr_queue *q;
	struct walked w;

	(void)state;
	nic(g);
	fake_forget(g->f, "receive_queue", "napi");
	w = guest_walk(g, "eth0", "rx0");
	q = walked_queue(&w, "eth0", "rx0");
	assert_int_equal(q->napi.addr, 0);
	assert_true(q->napi.lost);
	assert_unread(q->napi.scheduled);
	guest_free(g);
}

/* Polls that a timer starts: the device's number, and since 6.13 each NAPI's own. */
static void polls_by_a_timer_are_known(void **state)
{
	static const struct {
		enum guest_era era;
		const char *layout;
		unsigned want;
	} cases[] = { { ERA_6_1, "hand-net-5.19.layout", 2 }, { ERA_7_1, "hand-net-6.19.layout", 3 } };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = guest_new(cases[i].era);
		struct nic *n = nic(g);
		struct walked w;
		uint64_t at;

		fake_load_layout(g->f, cases[i].layout);
		fake_set(g->f, n->dev, "net_device", "napi_defer_hard_irqs", 2);
		at = n->rq + fake_offset(g->f, "receive_queue", "napi");
		if (i)
			fake_set(g->f, at, "napi_struct", "defer_hard_irqs", 3);
		w = guest_walk(g, "eth0", "rx0");
		assert_val(walked_queue(&w, "eth0", "rx0")->napi.deferred, cases[i].want);
		guest_free(g);
	}
}

/* The driver's own word comes before the virtio core's. */
static void either_word_says_that_a_queue_is_reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct guest *g = guest_new(ERA_6_1);
		struct nic *n = nic(g);
		uint64_t vq = fake_get64(g->f, n->sq + fake_offset(g->f, "send_queue", "vq"));
		const struct vr_queue *q;
		struct walked w;

		fake_set(g->f, n->vdev, "virtio_device", "config_enabled", 1);
		fake_set(g->f, n->sq, "send_queue", "reset", i & 1);
		fake_set(g->f, vq, "virtqueue", "reset", i >> 1);
		w = guest_walk(g, "eth0", "tx0");
		q = walked_queue(&w, "eth0", "tx0");
		assert_val(q->reset, i != 0);
		assert_int_equal(strstr(q->verdict.reasons[0].text, "is being reset") != NULL, i != 0);
		guest_free(g);
	}
}

/* Before 6.0 there is no such thing. */
static void older_kernels_reset_no_queue_alone(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct walked w;

	(void)state;
	guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 1, .num = 256 });
	w = guest_walk(g, "eth0", "tx0");
	assert_absent(walked_queue(&w, "eth0", "tx0")->reset);
	guest_free(g);
}

/* Without a lock each CPU counts, and the sum says it; late 4.19 to 5.2 had one count. */
static void a_discipline_without_a_lock_may_have_one_count(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 2; flags++) {
		struct guest *g = guest_new(ERA_5_4);
		struct nic *n = nic(g);
		uint64_t qdisc;
		struct walked w;

		fake_load_layout(g->f, "hand-qdisc-5.1.layout");
		qdisc = fake_alloc(g->f, fake_sizeof(g->f, "Qdisc"));
		fake_set(g->f, n->txqs, "netdev_queue", "qdisc", qdisc);
		fake_set(g->f, qdisc, "Qdisc", "flags", flags ? 0x120 : 4);
		fake_set(g->f, qdisc, "Qdisc", "q.qlen", 33);
		w = guest_walk(g, "eth0", "tx0");
		assert_val(walked_queue(&w, "eth0", "tx0")->txq.qlen, 33);
		guest_free(g);
	}
}

/* HALT, POWER_OFF and RESTART follow each other in every kernel; where the types do not
 * say where they begin, it is the latest place. */
static void a_kernel_that_goes_down_says_so(void **state)
{
	static const struct { unsigned halt, state, down; } cases[] = {
		{ 2, 1, 0 }, { 2, 2, 1 }, { 2, 4, 1 }, { 2, 5, 0 }, { 4, 3, 0 }, { 4, 6, 1 },
		{ 4, 7, 0 }, { 0, 3, 0 }, { 0, 4, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = guest_new(ERA_6_1);
		uint64_t at = fake_alloc(g->f, 4);
		struct walked w;

		nic(g);
		if (cases[i].halt)
			fake_enum(g->f, "SYSTEM_HALT", cases[i].halt);
		fake_symbol(g->f, "system_state", at);
		fake_u32(g->f, at, cases[i].state);
		w = guest_walk(g, "eth0", NULL);
		assert_val(w.snap.devices[0].shutdown, cases[i].down);
		guest_free(g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(napi_of_another_name_is_not_none),
		cmocka_unit_test(napi_without_a_weight_is_not_enabled),
		cmocka_unit_test(polls_by_a_timer_are_known),
		cmocka_unit_test(either_word_says_that_a_queue_is_reset),
		cmocka_unit_test(older_kernels_reset_no_queue_alone),
		cmocka_unit_test(a_discipline_without_a_lock_may_have_one_count),
		cmocka_unit_test(a_kernel_that_goes_down_says_so),
	};

	return cmocka_run_group_tests_name("net state", tests, NULL, NULL);
}
