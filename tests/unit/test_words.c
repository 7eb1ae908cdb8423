// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_words.c - what went wrong, in words: names made harmless, errors, and why
 * there was nothing to show.
 */
#include "unit.h"

/* ---- escaping ------------------------------------------------------------ */

static void printable_bytes_stay_and_others_become_hex(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "", "" }, { "eth0", "eth0" }, { "a b~!", "a b~!" },
		{ "\033[31m", "\\x1b[31m" }, { "\n\t\r\b", "\\x0a\\x09\\x0d\\x08" },
		{ "\177", "\\x7f" }, { "\200\377", "\\x80\\xff" },
		{ "caf\303\251", "caf\\xc3\\xa9" }, { "%s%n", "%s%n" },
	};
	char buf[64];

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		vr_text_escape(buf, sizeof(buf), cases[i].in);
		assert_string_equal(buf, cases[i].want);
	}
}

static void escaping_stays_within_the_buffer(void **state)
{
	char in[201], buf[100];

	(void)state;
	memset(in, '\001', 200);
	in[200] = '\0';
	for (size_t size = 1; size <= sizeof(buf); size++) {
		memset(buf, 'x', sizeof(buf));
		vr_text_escape(buf, size, in);
		assert_true(strlen(buf) < size);
		/* Whole escapes only. */
		assert_int_equal(strlen(buf) % 4, 0);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 'x');
	}
}

/* The longest name of all, 15 bytes, in the 64 bytes that are meant for it. */
static void the_longest_name_fits(void **state)
{
	char name[16], buf[64];

	(void)state;
	memset(name, '\377', 15);
	name[15] = '\0';
	vr_text_escape(buf, sizeof(buf), name);
	assert_int_equal(strlen(buf), 60);
}

/* ---- errors -------------------------------------------------------------- */

static const char *where(const struct vr_error *e)
{
	static char buf[128];

	vr_error_where(buf, sizeof(buf), e);
	return buf;
}

static const char *what(const struct vr_error *e)
{
	static char buf[512];

	vr_error_what(buf, sizeof(buf), e);
	return buf;
}

static void an_error_says_whose_it_is(void **state)
{
	struct vr_error e = { .code = VR_E_MEMORY, .what = "x", .device = "eth0",
			      .queue = "tx1" };

	(void)state;
	assert_string_equal(where(&e), "eth0 tx1");
	e.queue[0] = '\0';
	assert_string_equal(where(&e), "eth0");
	e.device[0] = '\0';
	assert_string_equal(where(&e), "");
	strcpy(e.device, "\033");
	assert_string_equal(where(&e), "\\x1b");
}

static void an_error_says_what_it_is(void **state)
{
	static const struct {
		struct vr_error e;
		const char *want;
	} cases[] = {
		{ { VR_E_READ, "", "", "avail ring", .addr = 0xff179a83812a8002,
		    .len = 2 },
		  "avail ring: cannot read 2 bytes at ff179a83812a8002" },
		{ { VR_E_NULL, "", "", "vring.desc", .addr = 0xabc },
		  "vring.desc: NULL at abc" },
		{ { VR_E_SHAPE, "", "", "vring.num", .value = 257 },
		  "vring.num: 257 is no power of two" },
		{ { VR_E_SIZE, "", "", "avail_idx", .addr = 0xabc, .len = 3 },
		  "avail_idx: 3 bytes at abc, which is no number's size: types of another kernel? (see -l)" },
		{ { VR_E_MEMORY, "", "", "desc_state", .len = 0 },
		  "desc_state: out of memory" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(what(&cases[i].e), cases[i].want);
}

static void an_error_names_its_value_and_limit(void **state)
{
	struct vr_error e = { .code = VR_E_RANGE, .what = "vring.num",
			      .value = 65536, .limit = 32768 };

	(void)state;
	assert_non_null(strstr(what(&e), "65536"));
	assert_non_null(strstr(what(&e), "32768"));
}

static void words_stay_within_the_buffer(void **state)
{
	struct vr_error e = { .code = VR_E_READ, .device = "\1\1\1\1\1\1\1\1\1",
			      .queue = "tx32767", .what = "descriptor table",
			      .addr = UINT64_MAX, .len = UINT32_MAX };
	char buf[128];

	(void)state;
	for (size_t size = 1; size < sizeof(buf); size++) {
		memset(buf, 'x', sizeof(buf));
		vr_error_where(buf, size, &e);
		assert_true(strnlen(buf, size) < size);
		assert_int_equal(buf[size], 'x');
		vr_error_what(buf, size, &e);
		assert_true(strnlen(buf, size) < size);
		assert_int_equal(buf[size], 'x');
	}
}

/* ---- why there is nothing to show ---------------------------------------- */

static struct vr_netdev_ref ref(const char *name, uint64_t addr)
{
	struct vr_netdev_ref r = { .addr = addr, .inum = { 4026531956u, VR_READ } };

	snprintf(r.name, sizeof(r.name), "%s", name);
	return r;
}

static const char *reason(const struct vr_walk_error *e, const char *device)
{
	static char buf[2048];
	struct vr_select sel = { .device = device };

	vr_walk_reason(buf, sizeof(buf), e, &sel);
	return buf;
}

static void an_unknown_device_is_quoted_beside_the_candidates(void **state)
{
	struct vr_netdev_ref c[] = { ref("eth0", 0xffff888000001000),
				     ref("eth\033", 0xffff888000002000) };
	struct vr_walk_error e = { .status = VR_WALK_NO_DEVICE,
				   .candidates = c, .ncandidates = 2 };
	const char *text = reason(&e, "eth7\033[2J");

	(void)state;
	assert_non_null(strstr(text, "'eth7\\x1b[2J'"));
	assert_non_null(strstr(text, "eth0 (net_device ffff888000001000"));
	assert_non_null(strstr(text, "netns 4026531956"));
	assert_non_null(strstr(text, "eth\\x1b (net_device ffff888000002000"));
	assert_null(strchr(text, '\033'));
}

static void no_candidate_is_said_so(void **state)
{
	struct vr_walk_error e = { .status = VR_WALK_NO_DEVICE };

	(void)state;
	assert_non_null(strstr(reason(&e, "eth7"), "no virtio-net device"));
	assert_non_null(strstr(reason(&e, NULL), "no virtio-net device"));
}

/* The kind is a string of the dump like any other. */
static void another_kind_of_device_is_named_and_escaped(void **state)
{
	struct vr_walk_error e = { .status = VR_WALK_NOT_VIRTIO,
				   .dev = ref("tap0", 0xffff888000003000),
				   .kind = "tun" };

	(void)state;
	assert_non_null(strstr(reason(&e, "tap0"), "tap0 (net_device ffff888000003000"));
	assert_non_null(strstr(reason(&e, "tap0"), "'tun'"));
	strcpy(e.kind, "t\033n");
	assert_non_null(strstr(reason(&e, "tap0"), "'t\\x1bn'"));
	assert_null(strchr(reason(&e, "tap0"), '\033'));
}

static void a_missing_queue_names_the_pairs_there_are(void **state)
{
	struct vr_walk_error e = { .status = VR_WALK_NO_QUEUE, .pairs = 4,
				   .dev = ref("eth0", 0xffff888000001000) };

	(void)state;
	assert_non_null(strstr(reason(&e, "eth0"), "eth0 has no such queue"));
	assert_non_null(strstr(reason(&e, "eth0"), "0..3"));
	/* Pairs that could not be counted are not called 0 .. -1. */
	e.pairs = 0;
	assert_null(strstr(reason(&e, "eth0"), ".."));
}

static void many_candidates_stay_within_the_buffer(void **state)
{
	struct vr_netdev_ref c[64];
	struct vr_walk_error e = { .status = VR_WALK_NO_DEVICE,
				   .candidates = c, .ncandidates = 64 };
	struct vr_select sel = { .device = "x" };
	char buf[300];

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		c[i] = ref("\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", UINT64_MAX);
	for (size_t size = 1; size < sizeof(buf); size++) {
		memset(buf, 'x', sizeof(buf));
		vr_walk_reason(buf, size, &e, &sel);
		assert_true(strnlen(buf, size) < size);
		assert_int_equal(buf[size], 'x');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_bytes_stay_and_others_become_hex),
		cmocka_unit_test(escaping_stays_within_the_buffer),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(an_error_says_whose_it_is),
		cmocka_unit_test(an_error_says_what_it_is),
		cmocka_unit_test(an_error_names_its_value_and_limit),
		cmocka_unit_test(words_stay_within_the_buffer),
		cmocka_unit_test(an_unknown_device_is_quoted_beside_the_candidates),
		cmocka_unit_test(no_candidate_is_said_so),
		cmocka_unit_test(another_kind_of_device_is_named_and_escaped),
		cmocka_unit_test(a_missing_queue_names_the_pairs_there_are),
		cmocka_unit_test(many_candidates_stay_within_the_buffer),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
