// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_render_verdict.c - verdicts as people and scripts read them: the table's column,
 * the full block, the line that names the worst queue, and JSON.
 */
#include "json_in.h"
#include "judge.h"

struct shown {
	struct vr_target t;
	struct vr_ctx c;
	struct vr_queue q[3];
	struct vr_device d;
	struct vr_snapshot s;
	struct vr_hostq hq[2];
	struct vr_vhost v;
	struct vr_host h;
	struct vr_reason reason[3];
	struct vr_select sel;
	char *text;
	size_t len;
	struct vr_doc doc;
};

static struct vr_queue queue(const char *label)
{
	struct vr_queue q = { .dir = VR_TX, .in_use = true, .num = 256,
		.vring_virtqueue = 0xffff888000002000, .num_free = READ(256),
		.last_used_idx = READ(9), .callback = READ(1) };

	snprintf(q.label, sizeof(q.label), "%s", label);
	q.split.num = 256;
	q.split.avail_idx = q.split.used_idx = READ(9);
	vr_ring_derive(&q);
	return q;
}

static int setup(void **state)
{
	static const char *const labels[] = { "rx0", "tx0", "tx1" };
	struct shown *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->c.t = &x->t;
	for (unsigned i = 0; i < 3; i++)
		x->q[i] = queue(labels[i]);
	x->d = (struct vr_device){ .ref = { .addr = 0xffff888000003000, .name = "eth0" },
		.queues = x->q, .nqueues = 3 };
	x->s = (struct vr_snapshot){ .devices = &x->d, .ndevices = 1 };
	for (unsigned i = 0; i < 2; i++) {
		x->hq[i] = (struct vr_hostq){ .device = "tap0", .vhost = &x->v, .vq = i,
			.num = READ(256), .why = VR_TR_OK };
		snprintf(x->hq[i].label, sizeof(x->hq[i].label), "%s", i ? "tx0" : "rx0");
	}
	x->h = (struct vr_host){ .queues = x->hq, .nqueues = 2, .vhosts = &x->v,
				 .nvhosts = 1 };
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct shown *x = *state;

	vr_arena_free(&x->c.arena);
	free(x->text);
	free(x);
	return 0;
}

/* A verdict with one reason, of its own name. */
static void set_verdict(struct shown *x, struct vr_verdict *v, unsigned n,
			enum vr_state st, enum vr_severity severity, const char *text)
{
	struct vr_reason *r = &x->reason[n];

	*r = (struct vr_reason){ .check = vr_state_name(st), .severity = severity };
	snprintf(r->text, sizeof(r->text), "%s", text);
	*v = (struct vr_verdict){ .state = st, .severity = severity, .reasons = r,
				  .nreasons = 1 };
}

static void idle(struct shown *x)
{
	for (unsigned i = 0; i < 3; i++)
		set_verdict(x, &x->q[i].verdict, i, VR_ST_IDLE, VR_SEV_OK, "0 outstanding");
}

enum form { GUEST, HOST, GUEST_JSON, HOST_JSON };

static const char *render(struct shown *x, enum form form)
{
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	if (form == GUEST)
		vr_text_snapshot(out, &x->c, &x->s, &x->sel, 80);
	else if (form == HOST)
		vr_text_host(out, &x->c, &x->h, &x->sel);
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

static void assert_lacks(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted))
		fail_msg("'%s' is in:\n%s", unwanted, text);
}

/* The line that begins with 'first' and ends with 'last'. */
static void assert_line(const char *text, const char *first, const char *last)
{
	for (const char *at = text; *at; ) {
		const char *end = strchr(at, '\n');
		size_t n = end ? (size_t)(end - at) : strlen(at);

		if (n >= strlen(last) && !strncmp(at, first, strlen(first)) &&
		    !strncmp(at + n - strlen(last), last, strlen(last)))
			return;
		at += n + (end != NULL);
	}
	fail_msg("no line '%s ... %s':\n%s", first, last, text);
}

/* ---- text ------------------------------------------------------------------- */

static void each_row_ends_with_its_state(void **state)
{
	struct shown *x = *state;
	const char *text;

	idle(x);
	set_verdict(x, &x->q[1].verdict, 1, VR_ST_RING_FULL, VR_SEV_WARN, "full");
	text = render(x, GUEST);
	assert_line(text, "QUEUE ", "VERDICT");
	assert_line(text, "rx0 ", "  idle");
	assert_line(text, "tx0 ", "  ring-full");
	assert_line(text, "tx1 ", "  idle");
	for (enum vr_state st = VR_ST_UNREADABLE; st < VR_ST_NSTATES; st++) {
		char want[32];

		set_verdict(x, &x->q[1].verdict, 1, st, vr_state_severity(st), "why");
		snprintf(want, sizeof(want), "  %s", vr_state_name(st));
		assert_line(render(x, GUEST), "tx0 ", want);
	}
}

static void a_hosts_row_has_its_state_before_the_owner(void **state)
{
	struct shown *x = *state;
	const char *text;

	set_verdict(x, &x->hq[0].verdict, 0, VR_ST_RX_STARVED, VR_SEV_WARN, "7 packets wait");
	set_verdict(x, &x->hq[1].verdict, 1, VR_ST_IDLE, VR_SEV_OK, "waits for a kick");
	text = render(x, HOST);
	assert_line(text, "QUEUE ", "  CALLS  VERDICT          OWNER");
	assert_line(text, "rx0 ", "  rx-starved       not found");
	assert_line(text, "tx0 ", "  idle             not found");
	assert_has(text, "\n1 of 2 queues in trouble, the worst: tap0 rx0: rx-starved: 7 packets wait\n");
}

/* Pages that the dump lacks are told of below the table, another reason in the row. */
static void what_many_rings_lack_is_said_once(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->hq[0].zeros = true;
	x->hq[1].why = VR_TR_NO_PAGE;
	text = render(x, HOST);
	assert_lacks(text, "  ring not in the dump");
	assert_has(text, "\n2 rings not in this dump, ");
	x->hq[1].why = VR_TR_SWAPPED;
	text = render(x, HOST);
	assert_has(text, "  not found  ring swapped out\n");
	assert_has(text, "\n1 ring not in this dump, ");
}

/* What it is, how bad, and every reason, the queue's own and others. */
static void the_block_has_every_reason(void **state)
{
	struct shown *x = *state;
	struct vr_verdict v = { .state = VR_ST_CORRUPT, .severity = VR_SEV_ERROR,
				.reasons = x->reason, .nreasons = 3 };

	x->reason[0] = (struct vr_reason){ "tokens", VR_SEV_INFO, "3 heads (in transition)" };
	x->reason[1] = (struct vr_reason){ "num-free", VR_SEV_ERROR, "num_free 257" };
	x->reason[2] = (struct vr_reason){ "free-head", VR_SEV_ERROR, "free_head 256" };
	x->q[1].verdict = x->hq[1].verdict = v;
	x->sel.full = true;
	for (enum form form = GUEST; form <= HOST; form++) {
		const char *text = render(x, form);

		assert_has(text, "\n  verdict    corrupt (error)\n"
			   "    tokens: 3 heads (in transition)\n"
			   "    num-free: num_free 257\n"
			   "    free-head: free_head 256\n");
		/* Nothing to choose from: no line that names the worst. */
		assert_lacks(text, "the worst");
	}
}

static void an_unreadable_queue_still_has_its_verdict(void **state)
{
	struct shown *x = *state;

	idle(x);
	x->q[1].failed = true;
	set_verdict(x, &x->q[1].verdict, 1, VR_ST_UNREADABLE, VR_SEV_WARN, "see the errors");
	assert_line(render(x, GUEST), "tx0 ", "  unreadable");
	x->sel.full = true;
	assert_has(render(x, GUEST), "  verdict    unreadable (warn)\n    unreadable: see the errors\n");
}

static void a_queue_that_was_not_judged_has_no_verdict(void **state)
{
	struct shown *x = *state;

	assert_lacks(render(x, GUEST), "queues");
	x->sel.full = true;
	assert_lacks(render(x, GUEST), "verdict");
	assert_lacks(render(x, HOST), "verdict");
}

/* ---- the line below ------------------------------------------------------------ */

static void the_worst_queue_is_named(void **state)
{
	struct shown *x = *state;

	idle(x);
	assert_has(render(x, GUEST), "\n3 queues, nothing wrong seen\n");
	x->d.nqueues = 1;
	assert_has(render(x, GUEST), "\n1 queue, nothing wrong seen\n");
	x->d.nqueues = 3;
	/* The worst severity; of those the first by precedence. */
	set_verdict(x, &x->q[0].verdict, 0, VR_ST_RX_STARVED, VR_SEV_WARN, "no buffer");
	assert_has(render(x, GUEST), "\n1 of 3 queues in trouble, the worst: eth0 rx0: rx-starved: no buffer\n");
	set_verdict(x, &x->q[2].verdict, 2, VR_ST_LOST_INTERRUPT, VR_SEV_WARN, "4 returned");
	assert_has(render(x, GUEST), "\n2 of 3 queues in trouble, the worst: eth0 tx1: lost-interrupt: 4 returned\n");
	set_verdict(x, &x->q[1].verdict, 1, VR_ST_BROKEN, VR_SEV_ERROR, "broken is set");
	assert_has(render(x, GUEST), "\n3 of 3 queues in trouble, the worst: eth0 tx0: broken: broken is set\n");
	set_verdict(x, &x->q[0].verdict, 0, VR_ST_CORRUPT, VR_SEV_ERROR, "num_free 257");
	assert_has(render(x, GUEST), "the worst: eth0 rx0: corrupt: num_free 257\n");
}

/* Alike in all: the first. */
static void the_first_of_equals_is_named(void **state)
{
	struct shown *x = *state;

	for (unsigned i = 0; i < 3; i++)
		set_verdict(x, &x->q[i].verdict, i, VR_ST_RING_FULL, VR_SEV_WARN, "full");
	assert_has(render(x, GUEST), "3 of 3 queues in trouble, the worst: eth0 rx0: ring-full: full\n");
}

/* The first one: the checks put the reason that decides there. */
static void the_line_tells_the_reason_that_decides(void **state)
{
	struct shown *x = *state;

	idle(x);
	x->reason[0] = (struct vr_reason){ "num-free", VR_SEV_ERROR, "num_free 257" };
	x->reason[1] = (struct vr_reason){ "tokens", VR_SEV_INFO, "in transition" };
	x->q[0].verdict = (struct vr_verdict){ .state = VR_ST_CORRUPT,
		.severity = VR_SEV_ERROR, .reasons = x->reason, .nreasons = 2 };
	assert_has(render(x, GUEST), "1 of 3 queues in trouble, the worst: eth0 rx0: corrupt: num_free 257\n");
	/* And without any, the state still stands there. */
	x->q[0].verdict.nreasons = 0;
	assert_has(render(x, GUEST), "the worst: eth0 rx0: corrupt: \n");
}

/* Healthy for a moment: pointed at, behind nothing that is just not in use. */
static void what_may_be_a_moment_is_pointed_at(void **state)
{
	struct shown *x = *state;
	const char *text;

	idle(x);
	set_verdict(x, &x->q[0].verdict, 0, VR_ST_STOPPED, VR_SEV_INFO, "the pair is not in use");
	text = render(x, GUEST);
	assert_has(text, "\n3 queues, nothing wrong seen\n");
	assert_lacks(text, "look at");
	set_verdict(x, &x->q[2].verdict, 2, VR_ST_NOT_REAPING, VR_SEV_INFO, "7 returned");
	assert_has(render(x, GUEST), "\n3 queues, nothing wrong seen; look at eth0 tx1: driver-not-reaping: 7 returned\n");
	set_verdict(x, &x->q[1].verdict, 1, VR_ST_STOPPED, VR_SEV_INFO, "the link is down");
	assert_has(render(x, GUEST), "look at eth0 tx1: driver-not-reaping: 7 returned\n");
	set_verdict(x, &x->q[1].verdict, 1, VR_ST_RING_FULL, VR_SEV_INFO, "for 80 ms");
	assert_has(render(x, GUEST), "look at eth0 tx0: ring-full: for 80 ms\n");
}

static void names_are_escaped(void **state)
{
	struct shown *x = *state;
	const char *text;

	memcpy(x->d.ref.name, "\033[2J\001\n\r\t\200\377\177abcd", 16);
	memcpy(x->hq[0].device, x->d.ref.name, 16);
	idle(x);
	set_verdict(x, &x->q[0].verdict, 0, VR_ST_BROKEN, VR_SEV_ERROR, "broken is set");
	x->hq[0].verdict = x->q[0].verdict;
	for (enum form form = GUEST; form <= HOST; form++) {
		text = render(x, form);
		assert_has(text, "the worst: \\x1b[2J\\x01\\x0a\\x0d\\x09\\x80\\xff\\x7fabcd rx0: broken: broken is set\n");
		for (; *text; text++)
			assert_true(*text == '\n' || (*text >= 0x20 && *text <= 0x7e));
	}
}

/* ---- JSON ------------------------------------------------------------------------- */

/* The n-th queue of the document. */
static int doc_queue(struct shown *x, enum form form, unsigned n)
{
	char why[128];
	int list, at;

	render(x, form);
	if (vr_doc_parse(&x->c.arena, x->text, x->len, &x->doc, why, sizeof(why)))
		fail_msg("%s:\n%s", why, x->text);
	list = vr_doc_member(&x->doc, 0, "queues");
	at = vr_doc_first(&x->doc, list);
	while (n--)
		at = vr_doc_next(&x->doc, list, at);
	assert_true(vr_doc_is_object(&x->doc, at));
	return at;
}

static void assert_member(struct shown *x, int object, const char *name, const char *want)
{
	char got[256];

	assert_true(vr_doc_string(&x->doc, object, name, got, sizeof(got)));
	assert_string_equal(got, want);
}

static void json_has_state_severity_and_reasons(void **state)
{
	struct shown *x = *state;
	struct vr_verdict v = { .state = VR_ST_CORRUPT, .severity = VR_SEV_ERROR,
				.reasons = x->reason, .nreasons = 2 };

	x->reason[0] = (struct vr_reason){ "tokens", VR_SEV_INFO, "3 heads" };
	x->reason[1] = (struct vr_reason){ "num-free", VR_SEV_ERROR,
					   "a \"quote\", a \\ and \001" };
	x->q[1].verdict = x->hq[1].verdict = v;
	for (enum form form = GUEST_JSON; form <= HOST_JSON; form++) {
		int verdict = vr_doc_member(&x->doc, doc_queue(x, form, 1), "verdict");
		int reasons, at;

		assert_member(x, verdict, "state", "corrupt");
		assert_member(x, verdict, "severity", "error");
		reasons = vr_doc_member(&x->doc, verdict, "reasons");
		assert_true(vr_doc_is_array(&x->doc, reasons));
		at = vr_doc_first(&x->doc, reasons);
		assert_member(x, at, "check", "tokens");
		assert_member(x, at, "severity", "info");
		assert_member(x, at, "text", "3 heads");
		at = vr_doc_next(&x->doc, reasons, at);
		assert_member(x, at, "check", "num-free");
		assert_member(x, at, "text", "a \"quote\", a \\ and \001");
		assert_int_equal(vr_doc_next(&x->doc, reasons, at), -1);
	}
}

static void every_state_and_severity_has_its_name_in_json(void **state)
{
	static const char *const severities[] = { "ok", "info", "warn", "error" };
	struct shown *x = *state;

	for (enum vr_state st = VR_ST_UNREADABLE; st < VR_ST_NSTATES; st++) {
		enum vr_severity severity = (enum vr_severity)(st % 4);
		int verdict;

		set_verdict(x, &x->q[0].verdict, 0, st, severity, "why");
		verdict = vr_doc_member(&x->doc, doc_queue(x, GUEST_JSON, 0), "verdict");
		assert_member(x, verdict, "state", vr_state_name(st));
		assert_member(x, verdict, "severity", severities[severity]);
	}
}

/* An empty list is one; a queue that was not judged has null. */
static void json_without_reasons_and_without_verdict(void **state)
{
	struct shown *x = *state;
	int reasons;

	x->q[0].verdict = (struct vr_verdict){ .state = VR_ST_IDLE };
	reasons = vr_doc_member(&x->doc, vr_doc_member(&x->doc,
			doc_queue(x, GUEST_JSON, 0), "verdict"), "reasons");
	assert_true(vr_doc_is_array(&x->doc, reasons));
	assert_int_equal(vr_doc_first(&x->doc, reasons), -1);
	for (enum form form = GUEST_JSON; form <= HOST_JSON; form++) {
		int at = doc_queue(x, form, 1);

		assert_unread(vr_doc_val(&x->doc, at, "verdict"));
		assert_false(vr_doc_is_object(&x->doc, vr_doc_member(&x->doc, at, "verdict")));
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_row_ends_with_its_state),
		TEST(what_many_rings_lack_is_said_once),
		TEST(a_hosts_row_has_its_state_before_the_owner),
		TEST(the_block_has_every_reason),
		TEST(an_unreadable_queue_still_has_its_verdict),
		TEST(a_queue_that_was_not_judged_has_no_verdict),
		TEST(the_worst_queue_is_named),
		TEST(the_first_of_equals_is_named),
		TEST(the_line_tells_the_reason_that_decides),
		TEST(what_may_be_a_moment_is_pointed_at),
		TEST(names_are_escaped),
		TEST(json_has_state_severity_and_reasons),
		TEST(every_state_and_severity_has_its_name_in_json),
		TEST(json_without_reasons_and_without_verdict),
	};

	return cmocka_run_group_tests_name("render_verdict", tests, NULL, NULL);
}
