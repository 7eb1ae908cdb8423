// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_select.c - which of a host's queues a word, an address or a process means, and
 * what is said when it means none.
 */
#include "unit.h"
#include "host_builder.h"

/* A host with one tap of one queue, and what was asked of it. */
struct asked {
	struct host *h;
	struct host_vhost *v;
	struct vr_select sel;
	struct host_walked w;
};

static struct asked ask(const char *device, const char *word, uint64_t pid)
{
	struct asked a = { .h = host_new(ERA_5_15) };
	struct host_tap *t = host_tap(a.h, &(struct tap_spec){ "tap0", "tun", 0 });
	struct vr_missing missing;

	a.v = host_serve(a.h, t, &(struct vhost_spec){ .base = 7 });
	a.sel.device = device;
	if (word)
		vr_select_queue(&a.sel, word);
	assert_int_equal(vr_layout_resolve(&a.h->g->c, VR_G_KERNEL | VR_G_TASKS | VR_G_VHOST,
					   &missing), 0);
	a.w.status = vr_host_walk(&a.h->g->c, &a.sel, pid, &a.w.host, &a.w.err);
	return a;
}

static void assert_reason(const struct asked *a, uint64_t pid, const char *want)
{
	char why[200];

	vr_host_reason(why, sizeof(why), &a->w.err, &a->sel, pid);
	assert_string_equal(why, want);
}

static void a_tap_of_another_process(void **state)
{
	struct asked a = ask("tap0", NULL, 1);

	(void)state;
	assert_int_equal(a.w.status, VR_WALK_NOT_OWNED);
	assert_reason(&a, 1, "tap0 is not of process 1");
	host_free(a.h);
}

static void a_tap_of_that_process(void **state)
{
	struct asked a = ask("tap0", "tx0", HOST_OWNER_PID);

	(void)state;
	assert_int_equal(a.w.status, VR_WALK_OK);
	assert_int_equal(a.w.host.nqueues, 1);
	host_free(a.h);
}

static void a_queue_that_the_tap_has_not(void **state)
{
	struct asked a = ask("tap0", "tx5", HOST_OWNER_PID);

	(void)state;
	assert_int_equal(a.w.status, VR_WALK_NO_QUEUE);
	assert_reason(&a, HOST_OWNER_PID, "tap0 has no such queue: its queues are rx0, tx0");
	host_free(a.h);
}

/* ---- one queue by its address --------------------------------------------------- */

static void an_address_of_a_queue_means_it_in_full(void **state)
{
	struct asked all = ask("tap0", NULL, 0), a;
	char word[20];

	(void)state;
	assert_int_equal(all.w.host.nqueues, 2);
	assert_false(all.sel.full);
	snprintf(word, sizeof(word), "%llx", (unsigned long long)all.v->vq[HOST_TX]);
	host_free(all.h);
	a = ask(word, NULL, 0);
	assert_int_equal(a.w.host.nqueues, 1);
	assert_int_equal(a.w.host.queues[0].vhost_virtqueue, a.v->vq[HOST_TX]);
	assert_true(a.sel.full);
	host_free(a.h);
}

static void an_address_of_a_device_means_its_queues(void **state)
{
	struct asked all = ask("tap0", NULL, 0), a;
	char word[20];

	(void)state;
	snprintf(word, sizeof(word), "%llx", (unsigned long long)all.v->net);
	host_free(all.h);
	a = ask(word, NULL, 0);
	assert_int_equal(a.w.host.nqueues, 2);
	assert_false(a.sel.full);
	host_free(a.h);
}

/* What is there, by another selector: no queue of that name, or of that process. */
static void a_queue_that_a_device_by_address_has_not(void **state)
{
	static const char *const want[] = {
		"tap0 has no such queue: its queues are rx0, tx0", "tap0 is not of process 1",
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct asked all = ask("tap0", NULL, 0), a;
		char word[20];

		snprintf(word, sizeof(word), "%llx", (unsigned long long)all.v->net);
		host_free(all.h);
		a = ask(word, i ? NULL : "tx5", i);
		assert_int_equal(a.w.status, i ? VR_WALK_NOT_OWNED : VR_WALK_NO_QUEUE);
		assert_reason(&a, i, want[i]);
		host_free(a.h);
	}
}

static void an_address_of_nothing_is_called_so(void **state)
{
	struct asked a = ask("ffff888000000123", "tx5", 0);

	(void)state;
	assert_int_equal(a.w.status, VR_WALK_NO_DEVICE);
	assert_reason(&a, 0, "'ffff888000000123' is no net device, vhost device or vhost queue;"
		      " vhostq alone lists what vhost serves");
	host_free(a.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tap_of_another_process),
		cmocka_unit_test(a_tap_of_that_process),
		cmocka_unit_test(an_address_of_a_queue_means_it_in_full),
		cmocka_unit_test(an_address_of_a_device_means_its_queues),
		cmocka_unit_test(a_queue_that_the_tap_has_not),
		cmocka_unit_test(a_queue_that_a_device_by_address_has_not),
		cmocka_unit_test(an_address_of_nothing_is_called_so),
	};

	return cmocka_run_group_tests_name("host select", tests, NULL, NULL);
}
