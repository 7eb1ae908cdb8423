// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_eras.c - the host's whole way in each era: from a tap by its wait queue and by
 * the VMM's open files to the words of vhost's rings, what the checks say of them, and
 * all of it as text and as JSON.
 */
#include "unit.h"
#include "host_builder.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_ALL; era++)

/* Words of the text with a value behind them, and what that is in the JSON. */
static const struct {
	const char *text, *json;
} in_text[] = {
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

static void check_text(const char *text, const struct host_words *w)
{
	const char *block;
	char want[80];

	snprintf(want, sizeof(want), "vhost_virtqueue %llx  ",
		 (unsigned long long)host_word(w, "vhost_virtqueue")->v);
	block = strstr(text, want);
	if (!block)
		fail_msg("'%s' is not in:\n%s", want, text);
	for (unsigned i = 0; i < COUNT_OF(in_text); i++) {
		const struct host_word *e = host_word(w, in_text[i].json);
		const char *found = strstr(block, in_text[i].text);
		char value[24];

		snprintf(value, sizeof(value), "%llu", (unsigned long long)e->v);
		snprintf(want, sizeof(want), "%s%s", in_text[i].text,
			 e->none ? "none" : value);
		if (!found || strncmp(found, want, strlen(want)))
			fail_msg("'%s' is not in:\n%s", want, block);
	}
}

/* Everything that was set comes out, as text and as JSON; no era has an error. */
static void check_all(struct host *h, struct host_walked *w,
		      struct host_vhost *const *v, unsigned n)
{
	const char *json = host_json(h, w), *text = host_text(h, w);

	assert_int_equal(w->status, VR_WALK_OK);
	assert_int_equal(w->host.nqueues, 2 * n);
	if (h->g->c.nerrors)
		fail_msg("error:%s", strstr(text, "\nerror") ? strstr(text, "\nerror") : text + strlen(text) - 200);
	for (unsigned i = 0; i < 2 * n; i++) {
		host_check_json(h, json, i, &v[i / 2]->expected[i % 2]);
		check_text(text, &v[i / 2]->expected[i % 2]);
		assert_true(w->host.queues[i].verdict.severity < VR_SEV_WARN);
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

		print_message("%s\n", era_name(era));
		v[0] = host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		v[1] = host_serve(h, t, &(struct vhost_spec){ .asleep = false });
		v[2] = host_serve(h, t, &(struct vhost_spec){ .detached = true });
		w = host_walk(h, "tap7");
		check_all(h, &w, v, 3);
		host_free(h);
	}
}

static void every_value_of_a_macvtap_comes_out(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_tap *t = host_tap(h, &(struct tap_spec){ "macvtap3",
							"macvtap", 0 });
		struct host_vhost *v[2];
		struct host_walked w;

		print_message("%s\n", era_name(era));
		v[0] = host_serve(h, t, &(struct vhost_spec){ .asleep = true });
		v[1] = host_serve(h, t, &(struct vhost_spec){ .asleep = false });
		w = host_walk(h, "macvtap3");
		check_all(h, &w, v, 2);
		host_free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_of_a_tap_comes_out),
		cmocka_unit_test(every_value_of_a_macvtap_comes_out),
	};

	return cmocka_run_group_tests_name("host_eras", tests, NULL, NULL);
}
