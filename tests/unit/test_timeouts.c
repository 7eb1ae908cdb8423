// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_timeouts.c - what tells of time that passed: the counts of the driver and
 * of the stack.
 */
#include "unit.h"
#include "guest_builder.h"

/* A guest with one device. */
struct world {
	struct guest *g;
	struct fake_target *f;
	struct nic *nic;
	struct walked w;
};

static void timeout_types(struct world *w)
{
	struct fake_target *f = w->f;
	uint64_t clock, jiffies;

	fake_load_layout(f, "hand-net-5.19.layout");
	clock = fake_alloc(f, 64);
	jiffies = fake_alloc(f, 8);
	/* A tick of 4 ms. */
	fake_set(f, clock, "clocksource", "mult", 4000000u << 3);
	fake_set(f, clock, "clocksource", "shift", 3);
	fake_u64(f, jiffies, 1000);
	fake_symbol(f, "clocksource_jiffies", clock);
	fake_symbol(f, "jiffies_64", jiffies);
}

/* A device whose transmit queues the stack knows. */
static void begin_timeouts(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->g = guest_new(ERA_5_4);
	w->f = w->g->f;
	timeout_types(w);
	w->nic = guest_nic(w->g, &(struct nic_spec){ .name = "eth0", .pairs = 2 });
	fake_set(w->f, w->nic->dev, "net_device", "watchdog_timeo", 1250);
	fake_set(w->f, w->nic->txqs + 320, "netdev_queue", "trans_timeout", 3);
	fake_set(w->f, w->nic->sq + fake_sizeof(w->f, "send_queue"), "send_queue",
		 "stats.tx_timeouts", 4);
	fake_set(w->f, w->nic->sq, "send_queue", "stats.kicks", 55);
	fake_set(w->f, w->nic->rq, "receive_queue", "stats.kicks", 66);
}

static void walk(struct world *w)
{
	w->w = guest_walk(w->g, NULL, NULL);
	assert_int_equal(w->w.status, VR_WALK_OK);
}

static void timeouts_and_kicks_are_read(void **state)
{
	const struct vr_queue *tx;
	struct world w;

	(void)state;
	begin_timeouts(&w);
	walk(&w);
	tx = walked_queue(&w.w, "eth0", "tx1");
	assert_val(w.w.snap.devices[0].watchdog_ms, 5000);
	assert_val(tx->txq.trans_timeout, 3);
	assert_val(tx->txq.tx_timeouts, 4);
	assert_val(walked_queue(&w.w, "eth0", "tx0")->txq.tx_timeouts, 0);
	assert_val(walked_queue(&w.w, "eth0", "tx0")->kicks, 55);
	assert_val(walked_queue(&w.w, "eth0", "rx0")->kicks, 66);
	guest_free(w.g);
}

static void a_kernel_without_these_counts_has_none(void **state)
{
	struct world w;

	(void)state;
	begin_timeouts(&w);
	fake_forget(w.f, "send_queue", "stats.tx_timeouts");
	fake_forget(w.f, "receive_queue", "stats.kicks");
	/* A negative time, and one that no watchdog is set to. */
	fake_set(w.f, w.nic->dev, "net_device", "watchdog_timeo", 0xffffffff);
	walk(&w);
	assert_absent(walked_queue(&w.w, "eth0", "tx1")->txq.tx_timeouts);
	/* There are kernels with such rings and without these (el8 up to 240). */
	assert_absent(walked_queue(&w.w, "eth0", "rx0")->kicks);
	assert_val(walked_queue(&w.w, "eth0", "tx0")->kicks, 55);
	assert_unread(w.w.snap.devices[0].watchdog_ms);
	guest_free(w.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeouts_and_kicks_are_read),
		cmocka_unit_test(a_kernel_without_these_counts_has_none),
	};

	return cmocka_run_group_tests_name("timeouts", tests, NULL, NULL);
}
