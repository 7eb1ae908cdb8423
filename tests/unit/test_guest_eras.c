// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_guest_eras.c - the guest's whole way in each era: from a network device to the words
 * of its rings and to what the network stack knows, what the checks say of them, and
 * all of it as text and as JSON.
 */
#include "unit.h"
#include "guest_builder.h"
#include "hop_follow.h"
#include "json_in.h"
#include "json_words.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_COUNT; era++)
#define DIRECT		0xffff880000000000ULL	/* page_offset_base's default */
#define INIT_MM		0xffffffff81100000ULL
#define NUM		16u
#define NO_INTERRUPT	1u
#define JIFFIES		4295000000ULL
#define PERCPU		0x5040ULL

struct sample {
	struct guest *g;
	struct fake_target *f;
	struct nic *nic;
	struct json_words rx0, tx0, tx1, ctrl;	/* in the order of the JSON: 0, 1, 3, 4 */
};

/* What lies beside the rings, as the era has it; el7's own layout has it all. */
static const char *net_layout(enum guest_era era)
{
	if (era == ERA_EL7)
		return NULL;
	if (era < ERA_5_4)
		return "hand-net.layout";
	return era < ERA_7_1 ? "hand-net-5.19.layout" : "hand-net-6.19.layout";
}

/* ---- what is set ------------------------------------------------------------- */

static void put(struct sample *s, struct json_words *w, const char *json, uint64_t addr,
		const char *type, const char *path, uint64_t v)
{
	json_put(w, json, s->f, addr, type, path, v);
}

static void word(struct json_words *w, const char *json, struct ring *r,
		 enum ring_word which, uint64_t v)
{
	json_want(w, json, v)->none = !ring_has(r, which);
	if (ring_has(r, which))
		ring_set(r, which, v);
}

/* All words of a ring; what the driver's and the device's steps made of it stays. */
static void ring_words(struct sample *s, struct json_words *w, struct ring *r)
{
	json_want(w, "vring_virtqueue", r->vvq);
	json_want_text(w, "layout", "split");
	json_want(w, "in_order", 0);
	json_want(w, "num", r->num);
	word(w, "num_free", r, RING_NUM_FREE, r->num_free);
	word(w, "free_head", r, RING_FREE_HEAD, r->free_head);
	word(w, "num_added", r, RING_NUM_ADDED, 1);
	word(w, "last_used_idx", r, RING_LAST_USED_IDX, r->last_used_idx);
	word(w, "avail_idx_shadow", r, RING_AVAIL_IDX_SHADOW, r->avail_idx);
	word(w, "avail_flags_shadow", r, RING_AVAIL_FLAGS_SHADOW, 0);
	word(w, "event", r, RING_EVENT, 1);
	word(w, "event_triggered", r, RING_EVENT_TRIGGERED, 1);
	word(w, "indirect", r, RING_INDIRECT, 1);
	word(w, "broken", r, RING_BROKEN, 0);
	put(s, w, "weak_barriers", r->vvq, "vring_virtqueue", "weak_barriers", 1);
	word(w, "avail.flags", r, RING_AVAIL_FLAGS, 0);
	word(w, "avail.idx", r, RING_AVAIL_IDX, r->avail_idx);
	word(w, "avail.used_event", r, RING_USED_EVENT, 0xffff);
	word(w, "used.flags", r, RING_USED_FLAGS, 1);
	word(w, "used.idx", r, RING_USED_IDX, r->used_idx);
	word(w, "used.avail_event", r, RING_AVAIL_EVENT, 9);
	json_want(w, "desc.addr", r->desc);
	json_want(w, "avail.addr", r->avail);
	json_want(w, "used.addr", r->used);
	json_want(w, "dma.desc", r->desc - DIRECT);
	json_want(w, "dma.avail", r->avail - DIRECT);
	json_want(w, "dma.used", r->used - DIRECT);
	json_want(w, "in_flight", (uint16_t)(r->avail_idx - r->last_used_idx));
	json_want(w, "device_pending", (uint16_t)(r->avail_idx - r->used_idx));
	json_want(w, "driver_pending", (uint16_t)(r->used_idx - r->last_used_idx));
	json_want(w, "interrupt.suppressed", 0);
	put(s, w, "callback", r->vq, "virtqueue", "callback", 1);
}

/* Bits of a napi_struct's state: 4.12 put one in front of DISABLE. */
static void napi_words(struct sample *s, struct json_words *w, uint64_t owner,
		       const char *type)
{
	bool late = fake_has(s->f, "send_queue", "napi");
	uint64_t napi, state = late ? 1 | 1 << 2 : 1 | 1 << 1;

	if (!fake_has(s->f, type, "napi")) {
		json_want(w, "napi", 0)->none = true;
		return;
	}
	napi = owner + fake_offset(s->f, type, "napi");
	json_want(w, "napi.addr", napi);
	put(s, w, "napi.state", napi, "napi_struct", "state", state);
	put(s, w, "napi.weight", napi, "napi_struct", "weight", 64);
	json_want(w, "napi.scheduled", 1);
	json_want(w, "napi.disabled", 1);
	json_want(w, "napi.enabled", 1);
}

static void device_words(struct sample *s, struct json_words *w)
{
	struct nic *n = s->nic;
	static const char vdev[] = "virtio_device", vi[] = "virtnet_info";
	const char *enabled = fake_has(s->f, vdev, "config_core_enabled") ?
			      "config_core_enabled" : "config_enabled";

	json_want_text(w, "device", "eth0");
	json_want(w, "netns", GUEST_INUM);
	json_want_text(w, "virtio_name", "virtio0");
	json_want(w, "net_device", n->dev);
	json_want(w, "virtnet_info", n->vi);
	json_want(w, "virtio_device", n->vdev);
	json_want(w, "features", 1ULL << 32 | 1 << 29);
	json_want(w, "features_high", 6)->none = !fake_has(s->f, vdev, "features_array");
	put(s, w, "failed", n->vdev, vdev, "failed", 0);
	put(s, w, "config_enabled", n->vdev, vdev, enabled, 1);
	fake_set(s->f, n->dev, "net_device", "state", 1);
	json_want(w, "up", 1);
	json_want(w, "carrier", 1);
	put(s, w, "link_up", n->vi, vi, "status", 1);
	put(s, w, "refill_enabled", n->vi, vi, "refill_enabled", 1);
	json_want(w, "refill_pending", 1)->none = !fake_has(s->f, vi, "refill");
	if (fake_has(s->f, vi, "refill"))
		fake_set(s->f, n->vi, vi, "refill.work.data", 1);
	if (fake_has(s->f, vdev, "features_array"))
		fake_u64(s->f, n->vdev + fake_offset(s->f, vdev, "features_array") + 8, 6);
	json_want(w, "in_use", 1);
}

/* 250 ticks a second. */
static void set_clock(struct fake_target *f)
{
	uint64_t clock = fake_alloc(f, fake_sizeof(f, "clocksource"));
	uint64_t jiffies = fake_alloc(f, 8);

	fake_symbol(f, "clocksource_jiffies", clock);
	fake_symbol(f, "jiffies_64", jiffies);
	fake_set(f, clock, "clocksource", "mult", 4000000 << 8);
	fake_set(f, clock, "clocksource", "shift", 8);
	fake_u64(f, jiffies, JIFFIES);
}

/* What every CPU has of its own: a table of where each one's begins. */
static void per_cpu_qlen(struct fake_target *f, uint32_t first, uint32_t second)
{
	uint64_t table = fake_alloc(f, 16), count = fake_alloc(f, 4);
	const uint32_t qlen[] = { first, second };

	fake_symbol(f, "nr_cpu_ids", count);
	fake_symbol(f, "__per_cpu_offset", table);
	fake_u32(f, count, 2);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		uint64_t own = fake_alloc(f, fake_sizeof(f, "gnet_stats_queue"));

		fake_u64(f, table + 8 * cpu, own - PERCPU);
		fake_set(f, own, "gnet_stats_queue", "qlen", qlen[cpu]);
	}
}

/* Its discipline counts packets per CPU, and one CPU those of another. */
static void tx0_words(struct sample *s)
{
	struct fake_target *f = s->f;
	uint64_t qdisc = fake_alloc(f, fake_sizeof(f, "Qdisc"));

	fake_set(f, s->nic->txqs, "netdev_queue", "qdisc", qdisc);
	fake_set(f, qdisc, "Qdisc", "flags", 0x20 | 4);
	fake_set(f, qdisc, "Qdisc", "cpu_qstats", PERCPU);
	fake_set(f, qdisc, "Qdisc", "qstats.qlen", 4);
	fake_set(f, qdisc, "Qdisc", "q.qlen", 77);
	per_cpu_qlen(f, 9, (uint32_t)-2);
	json_want_text(&s->tx0, "queue", "tx0");
	json_want(&s->tx0, "netdev_queue.addr", s->nic->txqs);
	json_want(&s->tx0, "netdev_queue.qlen", 11);
	/* It has not sent anything. */
	json_want(&s->tx0, "netdev_queue.trans_start_age_ms", 0)->none = true;
}

static void tx_words(struct sample *s, struct json_words *w)
{
	uint64_t txq = s->nic->txqs + fake_sizeof(s->f, "netdev_queue");
	uint64_t sq = s->nic->sq + fake_sizeof(s->f, "send_queue");
	uint64_t qdisc = fake_alloc(s->f, fake_sizeof(s->f, "Qdisc"));

	fake_set(s->f, txq, "netdev_queue", "qdisc", qdisc);
	json_want(w, "netdev_queue.addr", txq);
	fake_set(s->f, txq, "netdev_queue", "trans_start", JIFFIES - 25);
	json_want(w, "netdev_queue.trans_start_age_ms", 100);
	fake_set(s->f, s->nic->dev, "net_device", "watchdog_timeo", 1250);
	json_want(w, "netdev_queue.watchdog_timeo_ms", 5000);
	put(s, w, "netdev_queue.state", txq, "netdev_queue", "state", 4);
	put(s, w, "netdev_queue.trans_timeout", txq, "netdev_queue", "trans_timeout", 3);
	fake_set(s->f, qdisc, "Qdisc", "flags", 4);
	fake_set(s->f, qdisc, "Qdisc", "cpu_qstats", PERCPU);
	put(s, w, "netdev_queue.qlen", qdisc, "Qdisc", "q.qlen", 7);
	put(s, w, "netdev_queue.tx_timeouts", sq, "send_queue", "stats.tx_timeouts", 2);
	put(s, w, "kicks", sq, "send_queue", "stats.kicks", 55);
	napi_words(s, w, sq, "send_queue");
}

/* A kernel's own constants, which its types tell. */
static void enums(struct fake_target *f)
{
	bool late = fake_has(f, "send_queue", "napi");

	fake_enum(f, "NAPI_STATE_DISABLE", late ? 2 : 1);
	fake_enum(f, "NAPI_STATE_NPSVC", late ? 3 : 2);
}

static void begin(struct sample *s, enum guest_era era)
{
	uint16_t a, b;

	memset(s, 0, sizeof(*s));
	s->g = guest_new(era);
	s->f = s->g->f;
	if (net_layout(era))
		fake_load_layout(s->f, net_layout(era));
	enums(s->f);
	s->f->t.x86_64 = true;
	fake_symbol(s->f, "init_mm", INIT_MM);
	fake_map(s->f, VR_KERNEL, INIT_MM, fake_sizeof(s->f, "mm_struct"));
	s->nic = guest_nic(s->g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
						     .num = NUM, .ctrl = true });
	for (unsigned i = 0; i < 18; i++)
		ring_add(&s->nic->rx[i % 2], 1);
	a = ring_add(&s->nic->tx[1], 1);
	b = ring_add(&s->nic->tx[1], 3);
	ring_add(&s->nic->tx[1], 2);
	ring_return(&s->nic->tx[1], b, 0);
	ring_return(&s->nic->tx[1], a, 0);
	ring_reap(&s->nic->tx[1]);
	device_words(s, &s->rx0);
	device_words(s, &s->tx1);
	device_words(s, &s->ctrl);
	ring_words(s, &s->rx0, &s->nic->rx[0]);
	ring_words(s, &s->tx1, &s->nic->tx[1]);
	ring_words(s, &s->ctrl, &s->nic->ctrl);
	json_want_text(&s->tx1, "name", "output.1");
	json_want(&s->tx1, "index", 3);
	set_clock(s->f);
	tx0_words(s);
	tx_words(s, &s->tx1);
	napi_words(s, &s->rx0, s->nic->rq, "receive_queue");
	put(s, &s->rx0, "kicks", s->nic->rq, "receive_queue", "stats.kicks", 66);
	json_want_text(&s->rx0, "queue", "rx0");
	json_want_text(&s->tx1, "queue", "tx1");
	json_want_text(&s->ctrl, "queue", "ctrl");
}

/* ---- what comes out ------------------------------------------------------------ */

static struct walked walk(struct sample *s, const char *queue)
{
	struct walked w = { .sel = { .device = "eth0" } };

	guest_resolve(s->g);
	if (queue)
		assert_int_equal(vr_select_queue(&w.sel, queue), 0);
	w.status = vr_guest_walk(&s->g->c, &w.sel, false, &w.snap, &w.err);
	assert_int_equal(w.status, VR_WALK_OK);
	vr_check_guest(&s->g->c, &w.snap);
	return w;
}

/* As JSON, or in a full block as text; in the target's own memory. */
static char *render(struct sample *s, struct walked *w, bool json)
{
	char *text, *kept;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	if (json)
		vr_json_snapshot(out, &s->g->c, &w->snap);
	else
		vr_text_snapshot(out, &s->g->c, &w->snap, &w->sel, 80);
	fclose(out);
	kept = fake_own(s->f, len + 1);
	memcpy(kept, text, len + 1);
	free(text);
	return kept;
}

static void every_value_of_a_device_comes_out(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct vr_arena *a;
		struct sample s;
		struct walked w;
		const char *json;

		begin(&s, era);
		w = walk(&s, NULL);
		json = render(&s, &w, true);
		a = &s.g->c.arena;
		assert_int_equal(w.snap.devices[0].nqueues, 5);
		if (s.g->c.nerrors)
			fail_msg("%s: errors: %s", era_name(era), json + strlen(json) - 300);
		json_check_kernel(a, json, GUEST_NODENAME, era_name(era));
		json_check(a, json, 0, &s.rx0, era_name(era));
		json_check(a, json, 1, &s.tx0, era_name(era));
		json_check(a, json, 3, &s.tx1, era_name(era));
		json_check(a, json, 4, &s.ctrl, era_name(era));
		for (unsigned i = 0; i < 5; i++) {
			const struct vr_verdict *v = &w.snap.devices[0].queues[i].verdict;

			if (v->severity >= VR_SEV_WARN)
				fail_msg("%s: queue %u is %s: %s", era_name(era), i,
					 vr_state_name(v->state), v->reasons[0].text);
		}
		guest_free(s.g);
	}
}

static void the_text_says_the_same(void **state)
{
	static const struct json_shown in_text[] = {
		{ "  num ", "num" }, { " num_free ", "num_free" },
		{ " free_head ", "free_head" }, { " num_added ", "num_added" },
		{ " last_used_idx ", "last_used_idx" },
		{ " avail_idx_shadow ", "avail_idx_shadow" },
		{ " avail_flags_shadow ", "avail_flags_shadow" },
		{ " used_event ", "avail.used_event" },
		{ " avail_event ", "used.avail_event" },
		{ " qlen ", "netdev_queue.qlen" }, { " fired ", "netdev_queue.trans_timeout" },
		{ " by the driver's count ", "netdev_queue.tx_timeouts" },
	};

	(void)state;
	for EACH_ERA(era) {
		struct sample s;
		struct walked w;

		begin(&s, era);
		w = walk(&s, "tx1");
		json_check_text(render(&s, &w, false), in_text, COUNT_OF(in_text), &s.tx1,
				era_name(era));
		guest_free(s.g);
	}
}

/* ---- hops -------------------------------------------------------------------- */

static void hops_can_be_followed_by_hand(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct vr_walks walks = { .count = 0 };
		struct sample s;
		struct walked w;

		begin(&s, era);
		w = walk(&s, NULL);
		assert_int_equal(vr_trace(&s.g->c, &w.snap, &walks), 0);
		assert_int_equal(walks.count, 5);
		for (unsigned i = 0; i < walks.count; i++) {
			const struct vr_path *p = &walks.path[i];

			/* The control queue is no element of an array. */
			assert_int_equal(p->nhops, i == 4 ? 10 : 12);
			assert_int_equal(p->hops[0].addr, s.nic->dev);
			assert_int_equal(p->hops[0].next, s.nic->vi);
			for (unsigned k = 0; k < p->nhops; k++)
				hop_follow(s.f, &p->hops[k], era_name(era));
		}
		guest_free(s.g);
	}
}

/* ---- what an era means by its words -------------------------------------------- */

static bool suppressed(struct sample *s, uint16_t shared, uint16_t shadow)
{
	struct ring *r = &s->nic->tx[1];
	struct walked w;

	ring_set(r, RING_AVAIL_FLAGS, shared);
	if (ring_has(r, RING_AVAIL_FLAGS_SHADOW))
		ring_set(r, RING_AVAIL_FLAGS_SHADOW, shadow);
	w = walk(s, "tx1");
	return walked_queue(&w, "eth0", "tx1")->interrupt.suppressed;
}

/* A driver with a shadow does not copy it to the ring where event indices are used; one
 * without sets the ring's flag in both modes. */
static void who_wants_interrupts_is_said_by_the_driver(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned event = 0; event < 2; event++) {
			struct sample s;
			bool shadow;

			begin(&s, era);
			ring_set(&s.nic->tx[1], RING_EVENT, event);
			shadow = ring_has(&s.nic->tx[1], RING_AVAIL_FLAGS_SHADOW);
			assert_int_equal(shadow, era != ERA_3_10 && era != ERA_EL7);
			assert_int_equal(suppressed(&s, NO_INTERRUPT, 0), !shadow);
			assert_int_equal(suppressed(&s, 0, NO_INTERRUPT), shadow);
			assert_true(suppressed(&s, NO_INTERRUPT, NO_INTERRUPT));
			assert_false(suppressed(&s, 0, 0));
			guest_free(s.g);
		}
	}
}

/* Switching callbacks off writes 0 there since 5.15, and nothing from 4.4 to 5.10: with
 * the driver's flag set it is not a word about when to interrupt. */
static void used_event_says_nothing_while_callbacks_are_off(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned event = 0; event < 4; event++) {
			struct sample s;
			const struct vr_queue *q;
			struct walked w;

			begin(&s, era);
			ring_set(&s.nic->tx[1], RING_USED_EVENT, event);
			suppressed(&s, NO_INTERRUPT, NO_INTERRUPT);
			w = walk(&s, "tx1");
			q = walked_queue(&w, "eth0", "tx1");
			assert_true(q->interrupt.known);
			assert_false(q->interrupt.due);
			assert_true(q->verdict.severity < VR_SEV_WARN);
			guest_free(s.g);
		}
	}
}

/* The first error of the JSON, and what it says it is about. */
static bool has_error(struct sample *s, const char *json, char *where, size_t size)
{
	struct vr_doc d;
	char why[200];

	if (vr_doc_parse(&s->g->c.arena, json, strlen(json), &d, why, sizeof(why)))
		fail_msg("%s", why);
	return vr_doc_string(&d, vr_doc_first(&d, vr_doc_member(&d, 0, "errors")),
			     "where", where, size);
}

/* null is both for 'this kernel has none' and for 'unreadable'; the second is an error. */
static void only_an_unreadable_shadow_is_an_error(void **state)
{
	static const char *const shadows[] = { "split.avail_flags_shadow",
					       "avail_flags_shadow" };

	(void)state;
	for EACH_ERA(era) {
		uint64_t page = 0xffff888200001000ULL;
		struct json_words w = { .n = 0 };
		struct sample s;
		struct walked walked;
		struct ring r;
		bool has, split;
		char where[40];
		const char *json;

		begin(&s, era);
		split = fake_has(s.f, "vring_virtqueue", shadows[0]);
		has = ring_has(&s.nic->tx[1], RING_AVAIL_FLAGS_SHADOW);
		ring_build(&r, s.f, &(struct ring_spec){ .num = NUM, .vvq_at = has ?
			   page - (fake_offset(s.f, "vring_virtqueue",
					       shadows[!split]) & ~7ULL) : page });
		fake_u64(s.f, guest_vq_slot(s.g, s.nic, VR_TX, 1), r.vq);
		/* The first word that the driver shadows is among the first of the page. */
		if (has)
			fake_drop(s.f, VR_KERNEL, page);
		walked = walk(&s, "tx1");
		json = render(&s, &walked, true);
		json_want(&w, "avail_flags_shadow", 0)->none = true;
		json_want(&w, "num", NUM);
		json_check(&s.g->c.arena, json, 0, &w, era_name(era));
		assert_int_equal(has_error(&s, json, where, sizeof(where)), has);
		if (has) {
			assert_string_equal(where, "eth0 tx1");
			assert_int_equal(s.g->c.errors[0].code, VR_E_READ);
			assert_int_equal(s.g->c.errors[0].addr & ~(FAKE_PAGE - 1), page);
		}
		guest_free(s.g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_of_a_device_comes_out),
		cmocka_unit_test(the_text_says_the_same),
		cmocka_unit_test(hops_can_be_followed_by_hand),
		cmocka_unit_test(who_wants_interrupts_is_said_by_the_driver),
		cmocka_unit_test(used_event_says_nothing_while_callbacks_are_off),
		cmocka_unit_test(only_an_unreadable_shadow_is_an_error),
	};

	return cmocka_run_group_tests_name("guest_eras", tests, NULL, NULL);
}
