// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_unread.c - what was not read is shown as '-' and null, never as a value; and what
 * was read as 0 is shown as that.
 */
#include "json.h"
#include "judge.h"

struct shown {
	struct vr_target t;
	struct vr_ctx c;
	struct vr_queue q;
	struct vr_device d;
	struct vr_snapshot s;
	struct vr_hostq hq;
	struct vr_vhost v;
	struct vr_host h;
	char *text;
	size_t len;
};

static struct vr_poll poll_at(uint64_t addr, struct vr_val wqh, struct vr_val queued)
{
	return (struct vr_poll){ .addr = addr, .wqh = wqh, .queued = queued };
}

/* A queue of each side of which nothing but its size was read. */
static int setup(void **state)
{
	struct shown *x = calloc(1, sizeof(*x));
	struct vr_val n = UNREAD;

	assert_non_null(x);
	x->c.t = &x->t;
	x->q = (struct vr_queue){ .dir = VR_TX, .label = "tx0", .in_use = true, .num = 256,
		.num_free = n, .free_head = n, .last_used_idx = n, .index = n,
		.split = { .num = 256, .avail_flags = n, .avail_idx = n, .used_event = n,
			   .used_flags = n, .used_idx = n, .avail_event = n } };
	x->d = (struct vr_device){ .ref = { .addr = 0xffff888000003000, .name = "eth0" },
		.curr_pairs = n, .queues = &x->q, .nqueues = 1 };
	x->s = (struct vr_snapshot){ .devices = &x->d, .ndevices = 1 };
	x->v = (struct vr_vhost){ .owner = { .addr = 0xffff888000005000, .pid = n,
					     .state = n } };
	x->hq = (struct vr_hostq){ .device = "tap0", .label = "tx0", .vhost = &x->v, .vq = 1,
		.num = READ(256), .last_avail_idx = n, .avail_idx = n, .last_used_idx = n,
		.used_flags = n, .signalled_used = n, .signalled_used_valid = n,
		.backend = n, .desc = n, .avail = n, .used = n, .rxq_head = n,
		.rxq_tail = n, .why = VR_TR_UNKNOWN,
		.kick_poll = poll_at(0xffff888000006000, n, n),
		.backend_poll = poll_at(0xffff888000007000, n, n) };
	x->h = (struct vr_host){ .queues = &x->hq, .nqueues = 1, .vhosts = &x->v,
				 .nvhosts = 1 };
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct shown *x = *state;

	free(x->text);
	free(x);
	return 0;
}

enum form { GUEST, HOST, GUEST_JSON, HOST_JSON };

static const char *render(struct shown *x, enum form form)
{
	struct vr_select sel = { .full = true };
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	if (form == GUEST)
		vr_text_snapshot(out, &x->c, &x->s, &sel, 80);
	else if (form == HOST)
		vr_text_host(out, &x->c, &x->h, &sel);
	else if (form == GUEST_JSON)
		vr_json_snapshot(out, &x->c, &x->s);
	else
		vr_json_host(out, &x->c, &x->h);
	fclose(out);
	return x->text;
}

static void assert_has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("'%s' is not in:\n%s", want, text);
}

/* ---- a guest's queue ------------------------------------------------------------ */

static void a_guests_addresses(void **state)
{
	struct shown *x = *state;
	const char *text = render(x, GUEST);

	assert_has(text, "eth0 tx0  -  virtqueue -  vring_virtqueue -  num 256\n");
	assert_has(text, "virtnet_info -  ");
	assert_has(text, "\n  avail -, written by the driver\n");
	assert_has(text, "\n  used -, written by the device\n");
	x->q.split.avail = 0xffff888000014000;
	assert_has(render(x, GUEST), "\n  avail ffff888000014000, written by the driver\n");
	x->q.packed = true;
	text = render(x, GUEST);
	assert_has(text, "\n  driver area -, written by the driver");
	assert_has(text, "\n  device area -, written by the device");
}

static void whether_a_guests_pair_is_in_use(void **state)
{
	struct shown *x = *state;

	assert_has(render(x, GUEST_JSON), "\"in_use\":null");
	x->d.curr_pairs = READ(1);
	assert_has(render(x, GUEST_JSON), "\"in_use\":true");
	x->q.in_use = false;
	assert_has(render(x, GUEST_JSON), "\"in_use\":false");
	/* The control queue is in use however many pairs are. */
	x->d.curr_pairs = UNREAD;
	x->q.dir = VR_CTRL;
	x->q.in_use = true;
	assert_has(render(x, GUEST_JSON), "\"in_use\":true");
}

static void names_that_were_not_read(void **state)
{
	struct shown *x = *state;
	const char *text = render(x, GUEST_JSON);

	assert_has(text, "\"nodename\":null");
	assert_has(text, "\"release\":null");
	assert_has(text, "\"name\":null");
	strcpy(x->s.nodename, "guest");
	strcpy(x->q.name, "output.0");
	text = render(x, GUEST_JSON);
	assert_has(text, "\"nodename\":\"guest\"");
	assert_has(text, "\"name\":\"output.0\"");
}

/* ---- a host's --------------------------------------------------------------------- */

static void a_hosts_block(void **state)
{
	struct shown *x = *state;
	const char *text = render(x, HOST);

	assert_has(text, "\n    used_flags -   signalled_used - (-)   busyloop_timeout none\n");
	assert_has(text, "\n    backend -   upend_idx none   done_idx none   rxq -..-\n");
	assert_has(text, "memory: desc -   avail -   used -: address unknown\n");
	assert_has(text, "    owner - (-) -   worker not found\n");
	assert_has(text, "    kick poll ffff888000006000 waiting -, work -"
		   "   backend poll ffff888000007000 waiting -, work -\n");
	x->hq.kick_poll.addr = 0;
	assert_has(render(x, HOST), "\n    kick poll - ");
}

static void a_hosts_zeros_are_zeros(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->hq.used_flags = x->hq.signalled_used = x->hq.signalled_used_valid = READ(0);
	x->hq.backend = x->hq.desc = x->hq.avail = x->hq.used = READ(0);
	x->hq.kick_poll = poll_at(0xffff888000006000, READ(0), READ(0));
	x->hq.backend_poll = poll_at(0xffff888000007000, READ(8), READ(2));
	text = render(x, HOST);
	assert_has(text, "used_flags 0 (kicks on)   signalled_used 0 (not valid)");
	assert_has(text, "\n    backend 0   ");
	assert_has(text, "desc 0   avail 0   used 0: not set up\n");
	assert_has(text, "kick poll ffff888000006000 not waiting, no work"
		   "   backend poll ffff888000007000 waiting, work queued\n");
}

static void a_task_of_the_hosts(void **state)
{
	struct shown *x = *state;

	assert_has(render(x, HOST_JSON), "\"owner\":{\"pid\":null,\"comm\":null,\"mm\":null,"
		   "\"state\":null,");
	strcpy(x->v.owner.comm, "vmm");
	x->v.owner.state = READ(0);
	assert_has(render(x, HOST_JSON), "\"comm\":\"vmm\",\"mm\":null,\"state\":\"R\"");
}

static void packets_that_wait_in_vhost(void **state)
{
	struct shown *x = *state;

	assert_has(render(x, HOST_JSON), "\"rxq\":{\"head\":null,\"tail\":null,\"pending\":null}");
	x->hq.rxq_head = READ(3);
	x->hq.rxq_tail = READ(64);
	assert_has(render(x, HOST_JSON), "\"pending\":61}");
	x->hq.rxq_tail = READ(1);
	assert_has(render(x, HOST_JSON), "\"rxq\":{\"head\":3,\"tail\":1,\"pending\":null}");
}

static void guest_memory_that_was_not_read(void **state)
{
	struct shown *x = *state;
	FILE *out = open_memstream(&x->text, &x->len);

	assert_non_null(out);
	vr_error_add(&x->c, (struct vr_error){ .code = VR_E_READ, .what = "list of regions",
		.addr = 0xffff888000009000, .len = 64 });
	vr_text_regions(out, &x->c, &x->h);
	fclose(out);
	assert_has(x->text, "\nlist of regions: cannot read 64 bytes at ffff888000009000\n");
}

/* ---- a hop ------------------------------------------------------------------------ */

static void a_hop_that_leads_nowhere(void **state)
{
	struct shown *x = *state;
	struct vr_hop hop = { .type = "send_queue", .addr = 0xffff888000008000,
		.member = "vq", .rule = VR_RULE_POINTER };
	struct vr_path path = { .device = "eth0", .label = "tx0", .hops = &hop, .nhops = 1 };
	struct vr_walks walks = { &path, 1 };
	FILE *out = open_memstream(&x->text, &x->len);

	x->t.minimal = true;
	assert_non_null(out);
	vr_text_commands(out, &x->c, &walks);
	fclose(out);
	assert_has(x->text, "# send_queue.vq: pointer -> -\nrd ffff888000008000\n");
}

/* The name alone does not tell which device it is. */
static void hops_of_one_name_in_two_name_spaces(void **state)
{
	struct shown *x = *state;
	struct vr_path path[2] = { { .device = "eth0", .label = "tx0", .netns = READ(4026531840) },
				   { .device = "eth0", .label = "tx0", .netns = READ(4026532100) } };
	struct vr_walks walks = { path, 2 };
	FILE *out = open_memstream(&x->text, &x->len);

	assert_non_null(out);
	vr_text_walks(out, &walks);
	walks.count = 1;
	vr_text_walks(out, &walks);
	fclose(out);
	assert_has(x->text, "eth0 tx0  netns 4026531840\nSTRUCT ");
	assert_has(x->text, "eth0 tx0  netns 4026532100\nSTRUCT ");
	assert_has(x->text, "eth0 tx0\nSTRUCT ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_guests_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(whether_a_guests_pair_is_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(names_that_were_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hosts_block, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hosts_zeros_are_zeros, setup, teardown),
		cmocka_unit_test_setup_teardown(a_task_of_the_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(packets_that_wait_in_vhost, setup, teardown),
		cmocka_unit_test_setup_teardown(guest_memory_that_was_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hop_that_leads_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(hops_of_one_name_in_two_name_spaces, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("unread", tests, NULL, NULL);
}
