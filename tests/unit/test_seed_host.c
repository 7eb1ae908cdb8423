// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_seed_host.c - the host's part of the manual procedure, with the figures of its
 * transcript: from a tap by its wait queue, and by nothing else, to vhost's two queues.
 */
#include "unit.h"
#include "host_builder.h"

#define NET_DEVICE	0xffff881f8fa70000ULL
#define TUN_STRUCT	0xffff881f8fa708c0ULL
#define TUN_FILE	0xffff885cfbf7b000ULL
#define SOCKET_WQ	0xffff885cfbf7b340ULL
#define TX_ENTRY	0xffff882e653d8e60ULL	/* task_list.next */
#define RX_ENTRY	0xffff882e653d8dd0ULL	/* task_list.prev */
#define TX_POLL		0xffff882e653d8e30ULL
#define RX_POLL		0xffff882e653d8da0ULL
#define VHOST_NET	0xffff882e653d0000ULL
#define RX_VQ		0xffff882e653d00b0ULL
#define TX_VQ		0xffff882e653d4728ULL
#define DESC		0x7f124c7b8000ULL
#define AVAIL		0x7f124c7bc000ULL
#define USED		0x7f124c7bc840ULL
#define INDEX		6672

struct sample {
	struct host *h;
	struct host_walked w;
	struct vr_walks walks;
};

/* Where the builder placed what the transcript does not tell does not matter; what it
 * does tell is asserted in the tests, not here. */
static int setup(void **state)
{
	struct sample *s = calloc(1, sizeof(*s));
	struct host_tap *t;
	uint64_t head;

	assert_non_null(s);
	s->h = host_new(ERA_EL7);
	fake_load_layout(s->h->f, "seed-host.layout");
	t = host_tap(s->h, &(struct tap_spec){ "veth_1E94BE16", "tun", NET_DEVICE });
	host_serve(s->h, t, &(struct vhost_spec){ .asleep = true, .closed = true,
		   .base = INDEX, .num = 1024, .file_at = TUN_FILE,
		   .vhost_at = VHOST_NET, .desc_at = { DESC } });
	/* Nobody else waits, and TX comes first. */
	head = SOCKET_WQ + fake_offset(s->h->f, "__wait_queue_head", "task_list");
	guest_list_init(s->h->f, head);
	guest_list_add(s->h->f, head, TX_ENTRY);
	guest_list_add(s->h->f, head, RX_ENTRY);
	s->w = host_walk(s->h, "veth_1E94BE16");
	assert_int_equal(s->w.status, VR_WALK_OK);
	assert_int_equal(s->h->g->c.nerrors, 0);
	assert_int_equal(vr_trace_host(&s->h->g->c, &s->w.host, &s->walks), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct sample *s = *state;

	host_free(s->h);
	free(s);
	return 0;
}

static void the_figures_are_the_transcripts(void **state)
{
	struct sample *s = *state;
	const struct vr_field *f = s->h->g->c.layout.f;

	assert_int_equal(f[VR_SZ_NET_DEVICE].size, 0x8c0);
	assert_int_equal(f[VR_VHN_POLL].offset, 0x8da0);
	assert_int_equal(f[VR_POLL_WAIT].offset, 0x18);
	assert_int_equal(f[VR_WAIT_ENTRY_LIST].offset, 0x18);
	assert_string_equal(f[VR_WAIT_ENTRY_LIST].path, "task_list");
	assert_int_equal(f[VR_SZ_VHOST_POLL].size, 0x90);
	assert_int_equal(fake_offset(s->h->f, "vhost_net", "vqs"), 0xb0);
	assert_int_equal(fake_sizeof(s->h->f, "vhost_net_virtqueue"), 0x4678);
	assert_int_equal(fake_sizeof(s->h->f, "vhost_net"), 0x8ed0);
	assert_int_equal(fake_offset(s->h->f, "tun_file", "wq"), SOCKET_WQ - TUN_FILE);
}

static void the_wait_queue_leads_to_both_queues(void **state)
{
	static const struct {
		const char *label;
		uint64_t vq, poll, entry;
	} queues[2] = {
		{ "rx0", RX_VQ, RX_POLL, RX_ENTRY }, { "tx0", TX_VQ, TX_POLL, TX_ENTRY },
	};
	struct sample *s = *state;
	const struct vr_field *f = s->h->g->c.layout.f;

	assert_int_equal(s->w.host.nqueues, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct vr_hostq *q = &s->w.host.queues[i];

		assert_string_equal(q->label, queues[i].label);
		assert_int_equal(q->tun, TUN_STRUCT);
		assert_int_equal(q->tun_file, TUN_FILE);
		assert_int_equal(q->socket_wq, SOCKET_WQ);
		assert_int_equal(q->wait_entry + f[VR_WAIT_ENTRY_LIST].offset,
				 queues[i].entry);
		assert_int_equal(q->backend_poll.addr, queues[i].poll);
		assert_int_equal(q->vhost->addr, VHOST_NET);
		assert_int_equal(q->vhost_virtqueue, queues[i].vq);
	}
}

static void vhosts_words_are_the_transcripts(void **state)
{
	struct sample *s = *state;
	const struct vr_hostq *q = host_walked_queue(&s->w, RX_VQ);

	assert_val(q->num, 1024);
	assert_val(q->desc, DESC);
	assert_val(q->avail, AVAIL);
	assert_val(q->used, USED);
	assert_val(q->last_avail_idx, INDEX);
	assert_val(q->last_used_idx, INDEX);
	assert_val(q->signalled_used, INDEX);
	/* Which crash could not show easily: the words behind those addresses. */
	assert_val(q->ring.avail_idx, INDEX);
	assert_val(q->ring.used_idx, INDEX);
}

struct step {
	const char *type;
	uint64_t addr, next;
	const char *member, *rule;
};

static void assert_hops(const struct vr_path *p, const struct step *steps, unsigned n)
{
	char rule[160];

	for (unsigned i = 0; i < n; i++) {
		const struct vr_hop *h = &p->hops[i];

		assert_true(i < p->nhops);
		assert_string_equal(h->type, steps[i].type);
		assert_int_equal(h->addr, steps[i].addr);
		assert_int_equal(h->next, steps[i].next);
		if (steps[i].member)
			assert_string_equal(h->member, steps[i].member);
		vr_hop_rule(rule, sizeof(rule), h);
		assert_string_equal(rule, steps[i].rule);
	}
}

static void the_hops_are_the_procedures(void **state)
{
	static const struct step tx[] = {
		{ "net_device", NET_DEVICE, TUN_STRUCT, NULL,
		  "sizeof(net_device) 0x8c0 aligned to 32" },
		{ "tun_struct", TUN_STRUCT, TUN_FILE, "tfiles", "pointer 0 of the array" },
		{ "tun_file", TUN_FILE, SOCKET_WQ, "sk.sk_wq", "pointer" },
		{ "socket_wq", SOCKET_WQ, TX_ENTRY, "wait.task_list", "on this list" },
		{ "__wait_queue", TX_ENTRY, TX_POLL, "vhost_poll.wait",
		  "minus the member's offset" },
		{ "vhost_poll", TX_POLL, VHOST_NET, "vhost_net.poll[1]",
		  "minus the member's offset" },
		{ "vhost_net", VHOST_NET, TX_VQ, "vqs[1].vq", "address of the member" },
	};
	static const struct step rx[] = {
		{ "socket_wq", SOCKET_WQ, RX_ENTRY, "wait.task_list", "on this list" },
		{ "__wait_queue", RX_ENTRY, RX_POLL, "vhost_poll.wait",
		  "minus the member's offset" },
		{ "vhost_poll", RX_POLL, VHOST_NET, "vhost_net.poll[0]",
		  "minus the member's offset" },
		{ "vhost_net", VHOST_NET, RX_VQ, "vqs[0].vq", "address of the member" },
		{ "vhost_virtqueue", RX_VQ, DESC, "desc", "address in the owner's memory" },
		{ "vhost_virtqueue", RX_VQ, AVAIL, "avail",
		  "address in the owner's memory" },
		{ "vhost_virtqueue", RX_VQ, USED, "used", "address in the owner's memory" },
	};
	struct sample *s = *state;
	struct vr_path to_rx;

	assert_int_equal(s->walks.count, 2);
	assert_string_equal(s->walks.path[1].label, "tx0");
	assert_hops(&s->walks.path[1], tx, COUNT_OF(tx));
	/* The same up to the socket's wait queue. */
	assert_hops(&s->walks.path[0], tx, 3);
	to_rx = s->walks.path[0];
	to_rx.hops += 3;
	to_rx.nhops -= 3;
	assert_hops(&to_rx, rx, COUNT_OF(rx));
}

/* What a person types for it, in full crash and in minimal mode; the sums are those of the
 * procedure: 0x18 + 0x18, and 0x8da0 + 0x90. */
static void the_commands_repeat_it(void **state)
{
	static const char *const everywhere[] = {
		"\neval 0xffff881f8fa70000 + 0x8c0\n",
		"\nrd ffff881f8fa708c0\n",
		"\nrd ffff885cfbf7b348 2\n",
		"\neval 0xffff882e653d8e60 - 0x30\n",
		"\neval 0xffff882e653d8e30 - 0x8e30\n",
		"\neval 0xffff882e653d8dd0 - 0x30\n",
		"\neval 0xffff882e653d8da0 - 0x8da0\n",
	};
	static const char *const only[2][5] = {
		{ "\npx sizeof(struct net_device)\n",
		  "\npx ((struct tun_file *)0xffff885cfbf7b000)->sk.sk_wq\n",
		  "\npx &((struct vhost_net *)0xffff882e653d0000)->vqs[1].vq\n",
		  "\npx ((struct vhost_virtqueue *)0xffff882e653d00b0)->desc\n", NULL },
		{ "\nrd ffff885cfbf7b0e0\n", "\neval 0xffff882e653d0000 + 0x4728\n",
		  "\neval 0xffff882e653d0000 + 0xb0\n", "\nrd ffff882e653d00e8\n", NULL },
	};
	struct sample *s = *state;

	for (unsigned minimal = 0; minimal < 2; minimal++) {
		char *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		s->h->f->t.minimal = minimal;
		vr_text_commands(out, &s->h->g->c, &s->walks);
		fclose(out);
		for (unsigned i = 0; i < COUNT_OF(everywhere); i++)
			if (!strstr(text, everywhere[i]))
				fail_msg("'%s' is not in:\n%s", everywhere[i], text);
		for (unsigned i = 0; only[minimal][i]; i++)
			if (!strstr(text, only[minimal][i]))
				fail_msg("'%s' is not in:\n%s", only[minimal][i], text);
		free(text);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_figures_are_the_transcripts),
		TEST(the_wait_queue_leads_to_both_queues),
		TEST(vhosts_words_are_the_transcripts),
		TEST(the_hops_are_the_procedures),
		TEST(the_commands_repeat_it),
	};

	return cmocka_run_group_tests_name("seed_host", tests, NULL, NULL);
}
