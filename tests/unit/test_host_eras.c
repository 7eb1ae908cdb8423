// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_eras.c - the host's whole way in each era: from a tap by its wait queue and by
 * the VMM's open files to the words of vhost's rings, what the checks say of them, and
 * all of it as text and as JSON.
 */
#include "unit.h"
#include "host_builder.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_ALL; era++)

static const struct json_shown in_text[] = {
	{ "    num ", "num" }, { " last_avail_idx ", "last_avail_idx" },
	{ " avail_idx ", "avail_idx" }, { " last_used_idx ", "last_used_idx" },
	{ " used_flags ", "used_flags" }, { " signalled_used ", "signalled_used" },
	{ " busyloop_timeout ", "busyloop_timeout" }, { " upend_idx ", "upend_idx" },
	{ " done_idx ", "done_idx" }, { " rxq ", "rxq.head" },
	{ " avail flags ", "ring.avail.flags" }, { " used_event ", "ring.avail.used_event" },
	{ " used flags ", "ring.used.flags" }, { " avail_event ", "ring.used.avail_event" },
	{ " owner ", "owner.pid" }, { " worker ", "worker.pid" },
	{ " kick count ", "kick.eventfd_count" }, { " call count ", "call.eventfd_count" },
	{ " tap ring ", "tx_ring.used" }, { " socket queue ", "sock_qlen" },
};

static void check_text(const char *text, const struct json_words *w, const char *era)
{
	const char *block;
	char want[80];

	snprintf(want, sizeof(want), "vhost_virtqueue %llx  ",
		 (unsigned long long)json_word(w, "vhost_virtqueue")->v);
	block = strstr(text, want);
	if (!block)
		fail_msg("%s: '%s' is not in:\n%s", era, want, text);
	json_check_text(block, in_text, COUNT_OF(in_text), w, era);
}

/* Everything that was set comes out, as text and as JSON; no era has an error. */
static void check_all(struct host *h, struct host_walked *w,
		      struct host_vhost *const *v, unsigned n)
{
	const char *json = host_json(h, w), *text = host_text(h, w);

	assert_int_equal(w->status, VR_WALK_OK);
	assert_int_equal(w->host.nqueues, 2 * n);
	if (h->g->c.nerrors)
		fail_msg("%s: errors: %s", h->name, text + strlen(text) - 200);
	json_check_kernel(&h->g->c.arena, json, GUEST_NODENAME, h->name);
	for (unsigned i = 0; i < 2 * n; i++) {
		json_check(&h->g->c.arena, json, i, &v[i / 2]->expected[i % 2], h->name);
		check_text(text, &v[i / 2]->expected[i % 2], h->name);
		assert_true(w->host.queues[i].verdict.severity < VR_SEV_WARN);
		/* Its worker may, where that is one of its threads. */
		assert_false(w->host.queues[i].vhost->owner_runs);
	}
}

static void every_value_of_a_tap_comes_out(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_vhost *v[3];
		struct host_walked w;

		v[0] = host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		v[1] = host_serve(h, t, &(struct vhost_spec){ .asleep = false });
		v[2] = host_serve(h, t, &(struct vhost_spec){ .detached = true });
		w = host_walk(h, "tap7");
		check_all(h, &w, v, 3);
		host_free(h);
	}
}

/* No file leads there, so vhost is found where it waits, and its owner by the memory. */
static void the_wait_queue_alone_leads_to_vhost(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_vhost *v = host_serve(h, t, &(struct vhost_spec){
						  .asleep = true, .closed = true });
		struct host_walked w = host_walk(h, NULL);

		check_all(h, &w, &v, 1);
		host_free(h);
	}
}

/* Nobody waits, and the device is not asked for by name. */
static void open_files_alone_lead_to_vhost(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_vhost *v = host_serve(h, t, &(struct vhost_spec){
						  .detached = true });
		struct host_walked w;
		uint64_t poll = v->poll[HOST_RX];

		fake_set(h->f, poll, "vhost_poll", "wqh", 0);
		w = host_walk(h, NULL);
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(w.host.nqueues, 2);
		assert_int_equal(host_walked_queue(&w, v->vq[HOST_RX])->wait_entry, 0);
		assert_int_equal(host_walked_queue(&w, v->vq[HOST_TX])->tun, t->tun);
		host_free(h);
	}
}

/* A process that exits has none; a pointer that cannot be one is told. */
static void files_that_cannot_be_are_told(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_walked w;

		host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		fake_set(h->f, h->owner, "task_struct", "files", 0);
		w = host_walk(h, NULL);
		assert_int_equal(h->g->c.nerrors, 0);
		fake_set(h->f, h->owner, "task_struct", "files", 0xdeadbeefdeadbeef);
		w = host_walk(h, NULL);
		assert_int_equal(w.host.nqueues, 2);
		assert_int_equal(get_error(&h->g->c, VR_E_WILD, "task_struct.files")->value,
				 0xdeadbeefdeadbeef);
		host_free(h);
	}
}

/* A kernel thread, or where the owner asked for it a thread of its own as in 6.4. */
static void both_kinds_of_workers_of_6_17_come_out(void **state)
{
	struct host *h = host_new(ERA_7_1);
	struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
	struct host_vhost *v[2];
	struct host_walked w;

	(void)state;
	assert_true(fake_has(h->f, "vhost_worker", "vtsk"));
	assert_true(fake_has(h->f, "vhost_worker", "kthread_task"));
	v[0] = host_serve(h, t, &(struct vhost_spec){ .asleep = true, .thread = true });
	v[1] = host_serve(h, t, &(struct vhost_spec){ .asleep = true });
	w = host_walk(h, "tap7");
	check_all(h, &w, v, 2);
	assert_int_equal(w.host.queues[0].worker.addr, v[0]->worker);
	assert_int_equal(w.host.queues[0].worker.mm, h->mm);
	assert_int_equal(w.host.queues[2].worker.addr, v[1]->worker);
	assert_int_equal(w.host.queues[2].worker.mm, 0);
	host_free(h);
}

/* Since 4.1 vhost says for each queue which order it is in: a modern guest's is
 * little-endian whatever the host is. */
static void a_modern_ring_on_a_big_endian_host_comes_out(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_vhost *v = host_serve(h, t, &(struct vhost_spec){
						  .asleep = true });
		struct host_walked w;

		h->f->t.big_endian = true;
		if (fake_has(h->f, "vhost_virtqueue", "is_le")) {
			w = host_walk(h, "tap7");
			check_all(h, &w, &v, 1);
		} else {
			assert_int_equal(era, ERA_3_10);
		}
		host_free(h);
	}
}

/* Threads hang on their leader, or on their signal_struct; one that runs may be about to
 * kick. */
static void a_thread_of_the_owner_that_runs_is_seen(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_walked w;

		host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		w = host_walk(h, "tap7");
		assert_false(w.host.queues[0].vhost->owner_runs);
		fake_set(h->f, h->vcpu, "task_struct", fake_has(h->f, "task_struct",
			 "__state") ? "__state" : "state", 0);
		w = host_walk(h, "tap7");
		assert_true(w.host.queues[0].vhost->owner_runs);
		host_free(h);
	}
}

/* Once as an array, then as a list. */
static void guest_memory_comes_out(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_walked w;
		const char *json;

		host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		w = host_walk(h, "tap7");
		json = host_json(h, &w);
		if (!strstr(json, "\"memory\":[{\"guest\":\"0x0\",\"user\":\"0x7f123ff00000\","
				  "\"size\":\"0xa0000\"},{\"guest\":\"0x100000000\","
				  "\"user\":\"0x7f1240000000\",\"size\":\"0x40000000\"}]"))
			fail_msg("%s: other regions in %s", h->name, json);
		host_free(h);
	}
}

/* Behind an IOMMU the same regions are of IOVAs, and what lies where by the iotlb. */
static void rings_behind_an_iommu_come_out(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		struct host_vhost *v;
		struct host_walked w;

		if (fake_has(h->f, "vhost_dev", "iotlb")) {
			v = host_serve(h, t, &(struct vhost_spec){ .asleep = true,
								   .iommu = true });
			w = host_walk(h, "tap7");
			check_all(h, &w, &v, 1);
		} else {
			assert_true(era == ERA_3_10 || era == ERA_4_4);
		}
		host_free(h);
	}
}

/* Whether there is one is no longer known: nothing is said to be without. */
static void without_the_iotlb_nobody_knows_whose_addresses_they_are(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
		bool has = fake_has(h->f, "vhost_dev", "iotlb");
		struct host_walked w;
		struct vr_hostq *q;

		host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		if (has)
			fake_forget(h->f, "vhost_dev", "iotlb");
		w = host_walk(h, "tap7");
		q = &w.host.queues[0];
		vr_host_chains(&h->g->c, q);
		assert_int_equal(q->chains.bus.have, has ? VR_UNREAD : VR_READ);
		assert_false(q->chains.bus.v);
		if (!strstr(host_json(h, &w), has ? "\"bus_addresses\":null" :
						    "\"bus_addresses\":false"))
			fail_msg("%s: bus_addresses is something else", h->name);
		host_free(h);
	}
}

/* 4.12 put them into structs of their own. */
static void check_names(struct host *h, struct host_walked *w)
{
	bool old = !fake_has(h->f, "tap_dev", NULL);
	const struct vr_hostq *q = &w->host.queues[1];
	const char *text = host_text(h, w);
	char want[80];

	snprintf(want, sizeof(want), "  %s %llx  netns ", old ? "macvlan_dev" : "tap_dev",
		 (unsigned long long)q->tun);
	assert_non_null(strstr(text, want));
	snprintf(want, sizeof(want), "  %s %llx\n", old ? "macvtap_queue" : "tap_queue",
		 (unsigned long long)q->tun_file);
	assert_non_null(strstr(text, want));
}

/* Up to 3.10 all queues of a macvtap are in its array; the list has those that are
 * detached, too. */
static bool can_detach(struct host *h, const struct host_tap *t)
{
	bool old = !fake_has(h->f, "tap_dev", NULL);

	assert_true(t->tap);
	return fake_has(h->f, old ? "macvlan_dev" : "tap_dev", "queue_list");
}

static void every_value_of_a_macvtap_comes_out(void **state)
{
	static const char *const kinds[] = { "macvtap", "ipvtap" };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
			struct host *h = host_new(era);
			struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap3",
							kinds[i], 0 });
			struct host_vhost *v[3];
			struct host_walked w;
			bool list = can_detach(h, t);

			v[0] = host_serve(h, t, &(struct vhost_spec){ .asleep = true });
			v[1] = host_serve(h, t, &(struct vhost_spec){ .asleep = false });
			if (list)
				v[2] = host_serve(h, t, &(struct vhost_spec){
						  .detached = true });
			w = host_walk(h, "tap3");
			check_all(h, &w, v, list ? 3 : 2);
			check_names(h, &w);
			host_free(h);
		}
	}
}

/* ---- what is missing ---------------------------------------------------------------- */

/* A member of the way from a tap to its queues has a name that nobody knows. */
static void a_renamed_member_of_a_tap_is_told(void **state)
{
	static const struct {
		enum guest_era era;
		const char *kind, *type, *path, *told;
	} cases[] = {
		{ ERA_7_1, "tun", "tun_struct", "disabled", "tun_struct.disabled" },
		{ ERA_EL7, "tun", "tun_file", "queue_index", "tun_file.queue_index" },
		{ ERA_7_1, "macvtap", "tap_queue", "sock", "tap_queue.sock" },
		{ ERA_7_1, "macvtap", "tap_dev", "queue_list", "tap_dev.queue_list" },
		{ ERA_7_1, "macvtap", "tap_queue", "next", "tap_queue.next" },
		{ ERA_3_10, "macvtap", "macvlan_dev", "taps", "tap_dev.queue_list" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct host *h = host_new(cases[i].era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7",
							cases[i].kind, 0 });
		struct host_walked w;
		char told[80];

		host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		fake_forget(h->f, cases[i].type, cases[i].path);
		w = host_walk(h, "tap7");
		assert_int_equal(w.status, VR_WALK_NO_TYPES);
		snprintf(told, sizeof(told), "%s.%s", w.err.missing.type,
			 w.err.missing.path);
		assert_string_equal(told, cases[i].told);
		assert_int_equal(h->g->c.nerrors, 0);
		/* What open files lead to is shown all the same, beside the error. */
		w = host_walk(h, NULL);
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(w.host.nqueues, 2);
		assert_string_equal(w.host.queues[0].device, "vhost-net");
		assert_int_equal(h->g->c.nerrors, 1);
		vr_error_what(told, sizeof(told), &h->g->c.errors[0]);
		assert_int_equal(strncmp(told, cases[i].told, strlen(cases[i].told)), 0);
		assert_non_null(strstr(told, ": this kernel's types have it under"));
		host_free(h);
	}
}

/* It is a tap, and the types may be another kernel's. */
static void a_tap_that_does_not_point_back_is_told(void **state)
{
	struct host *h = host_new(ERA_5_15);
	struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
	struct vr_select sel = { .device = "tap7" };
	struct host_walked w;
	char why[200];

	(void)state;
	fake_set(h->f, t->tun, "tun_struct", "dev", t->net_device + 64);
	w = host_walk(h, "tap7");
	assert_int_equal(w.status, VR_WALK_NOT_VIRTIO);
	vr_host_reason(why, sizeof(why), &w.err, &sel, 0);
	assert_non_null(strstr(why, "tap7"));
	assert_non_null(strstr(why, "cannot be followed"));
	get_error(&h->g->c, VR_E_MISFIT, "tun_struct.dev");
	host_free(h);
}

/* Whether it does is on a page that the dump lacks: that speaks against nothing. */
static void a_tap_that_may_point_back_is_followed(void **state)
{
	struct host *h = host_new(ERA_5_15);
	struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
	struct host_walked w;

	(void)state;
	host_serve(h, t, &(struct vhost_spec){ .asleep = true });
	fake_type(h->f, "tun_struct", 1u << 21);
	fake_member(h->f, "tun_struct", "dev", 1u << 20, 8, NULL);
	fake_member(h->f, "tun_struct", "numqueues", (1u << 20) + 8, 4, NULL);
	w = host_walk(h, "tap7");
	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.host.nqueues, 2);
	assert_string_equal(w.host.queues[0].label, "rx0");
	assert_int_equal(h->g->c.nerrors, 2);
	get_error(&h->g->c, VR_E_READ, "tun_struct.dev");
	get_error(&h->g->c, VR_E_READ, "tun_struct.numqueues");
	host_free(h);
}

/* Which queue of the tap it is, is on a page that the dump lacks. */
static void a_queue_of_unknown_number_is_none_by_number(void **state)
{
	struct host *h = host_new(ERA_6_1);
	struct host_tap *t = host_tap(h, &(struct tap_spec){ "tap7", "tun", 0 });
	uint64_t page = 0xffff888033001000;
	struct vr_select sel = { .device = "tap7", .has_n = true, .queue = VR_SEL_PAIR };
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_host again = { .memory = false };
	struct host_walked w;

	(void)state;
	fake_map(h->f, VR_KERNEL, page - FAKE_PAGE, 4 * FAKE_PAGE);
	host_serve(h, t, &(struct vhost_spec){ .asleep = true,
		   .file_at = page - fake_offset(h->f, "tun_file", "queue_index") });
	w = host_walk(h, "tap7");
	assert_int_equal(vr_host_walk(&h->g->c, &sel, 0, &again, &err), VR_WALK_OK);
	assert_string_equal(again.queues[0].label, "rx0");
	fake_drop(h->f, VR_KERNEL, page);
	w = host_walk(h, "tap7");
	assert_int_equal(w.host.nqueues, 2);
	assert_string_equal(w.host.queues[0].label, "rx?");
	assert_string_equal(w.host.queues[1].label, "tx?");
	get_error(&h->g->c, VR_E_READ, "tun_file.queue_index");
	again = (struct vr_host){ .memory = false };
	assert_int_equal(vr_host_walk(&h->g->c, &sel, 0, &again, &err), VR_WALK_NO_QUEUE);
	host_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_of_a_tap_comes_out),
		cmocka_unit_test(the_wait_queue_alone_leads_to_vhost),
		cmocka_unit_test(open_files_alone_lead_to_vhost),
		cmocka_unit_test(files_that_cannot_be_are_told),
		cmocka_unit_test(both_kinds_of_workers_of_6_17_come_out),
		cmocka_unit_test(a_modern_ring_on_a_big_endian_host_comes_out),
		cmocka_unit_test(a_thread_of_the_owner_that_runs_is_seen),
		cmocka_unit_test(guest_memory_comes_out),
		cmocka_unit_test(rings_behind_an_iommu_come_out),
		cmocka_unit_test(without_the_iotlb_nobody_knows_whose_addresses_they_are),
		cmocka_unit_test(every_value_of_a_macvtap_comes_out),
		cmocka_unit_test(a_renamed_member_of_a_tap_is_told),
		cmocka_unit_test(a_tap_that_does_not_point_back_is_told),
		cmocka_unit_test(a_tap_that_may_point_back_is_followed),
		cmocka_unit_test(a_queue_of_unknown_number_is_none_by_number),
	};

	return cmocka_run_group_tests_name("host_eras", tests, NULL, NULL);
}
