// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_json_in.c - reading JSON that somebody else wrote: sound documents give their
 * values, all others an error with its place.  Expectations are RFC 8259's.
 */
#include "json_in.h"
#include "unit.h"

struct read {
	struct vr_arena arena;
	struct vr_doc doc;
	char why[200];
	char *text;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct read));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct read *x = *state;

	vr_arena_free(&x->arena);
	free(x->text);
	free(x);
	return 0;
}

/* The text in memory of its own, without an end: what reads past it is caught. */
static int parse_bytes(struct read *x, const char *text, size_t len)
{
	vr_arena_reset(&x->arena);
	free(x->text);
	x->text = malloc(len ? len : 1);
	assert_non_null(x->text);
	memcpy(x->text, text, len);
	memset(x->why, 0, sizeof(x->why));
	return vr_doc_parse(&x->arena, x->text, len, &x->doc, x->why, sizeof(x->why));
}

static int parse(struct read *x, const char *text)
{
	return parse_bytes(x, text, strlen(text));
}

static void assert_sound(struct read *x, const char *text)
{
	if (parse(x, text))
		fail_msg("%s: %s", text, x->why);
}

static void assert_bad(struct read *x, const char *text, const char *why)
{
	if (!parse(x, text))
		fail_msg("taken: %s", text);
	if (!strstr(x->why, why))
		fail_msg("%s: '%s', not '%s'", text, x->why, why);
}

static void a_sound_document_gives_its_values(void **state)
{
	struct read *x = *state;
	int list, node;
	char buf[16];

	assert_sound(x, " {\"n\" : 17,\"a\":\"0xffff888000001000\",\"t\":true,\"f\":false,"
		     "\"z\":null,\r\n\t\"s\":\"eth0\",\"l\":[1,{\"n\":2},[3],\"x\"],\"e\":[],"
		     "\"o\":{\"n\":4, \"l\":{}},\"last\":5} \n");
	assert_val(vr_doc_val(&x->doc, 0, "n"), 17);
	assert_val(vr_doc_val(&x->doc, 0, "a"), 0xffff888000001000);
	assert_val(vr_doc_val(&x->doc, 0, "t"), 1);
	assert_val(vr_doc_val(&x->doc, 0, "f"), 0);
	assert_unread(vr_doc_val(&x->doc, 0, "z"));
	assert_unread(vr_doc_val(&x->doc, 0, "s"));
	assert_unread(vr_doc_val(&x->doc, 0, "l"));
	assert_absent(vr_doc_val(&x->doc, 0, "nothing"));
	assert_true(vr_doc_string(&x->doc, 0, "s", buf, sizeof(buf)));
	assert_string_equal(buf, "eth0");
	/* Members of what is inside are not the object's own. */
	assert_absent(vr_doc_val(&x->doc, 0, "x"));
	assert_val(vr_doc_val(&x->doc, vr_doc_member(&x->doc, 0, "o"), "n"), 4);
	assert_val(vr_doc_val(&x->doc, 0, "last"), 5);
	list = vr_doc_member(&x->doc, 0, "l");
	assert_true(vr_doc_is_array(&x->doc, list));
	node = vr_doc_next(&x->doc, list, vr_doc_first(&x->doc, list));
	assert_true(vr_doc_is_object(&x->doc, node));
	assert_val(vr_doc_val(&x->doc, node, "n"), 2);
	node = vr_doc_next(&x->doc, list, node);
	assert_true(vr_doc_is_array(&x->doc, node));
	node = vr_doc_next(&x->doc, list, node);
	assert_true(node > 0);
	assert_int_equal(vr_doc_next(&x->doc, list, node), -1);
	assert_int_equal(vr_doc_first(&x->doc, vr_doc_member(&x->doc, 0, "e")), -1);
}

static void every_grammar_of_values_is_taken(void **state)
{
	static const char *const sound[] = {
		"{}", "{\"a\":[]}", "{\"a\":{}}", "{\"a\":0}", "{\"a\":-0}", "{\"a\":1.5e+3}",
		"{\"a\":1E9}", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"}",
		"{\"a\":[[[[]]]],\"b\":[{},{}]}", "{\"\":\"\"}", "{\"a\":\"}],:{[\"}",
	};

	for (unsigned i = 0; i < COUNT_OF(sound); i++)
		assert_sound(*state, sound[i]);
}

static void a_cut_document_is_refused_wherever_it_is_cut(void **state)
{
	static const char whole[] = "{\"a\":[1,{\"b\":\"x\\u0041\\n\"},true,null,-1.5e3],"
				    "\"c\":{\"d\":false}}";
	struct read *x = *state;

	assert_sound(x, whole);
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		if (!parse_bytes(x, whole, n) || !strstr(x->why, "line 1, column "))
			fail_msg("cut to %zu: '%s'", n, x->why);
}

static void malformed_documents_are_refused_with_a_place(void **state)
{
	static const struct { const char *text, *why; } bad[] = {
		{ "", "line 1, column 1: the document ends too early" },
		{ " \n ", "line 2, column 2: the document ends too early" },
		{ "{\"a\":1} {}", "column 9: there is more behind" },
		{ "{\"a\":1}}", "column 8: there is more behind" },
		{ "{\"a\":1},", "column 8: there is more behind" },
		{ "[]", "column 1: one object is expected" },
		{ "1", "one object is expected" },
		{ "\"a\"", "one object is expected" },
		{ "{\"a\"}", "column 5: ':' is expected" },
		{ "{\"a\":}", "column 6: a value is expected" },
		{ "{\"a\":1,}", "column 8: a member's name is expected" },
		{ "{,\"a\":1}", "column 2: a member's name or '}'" },
		{ "{\"a\":1,,\"b\":2}", "column 8: a member's name" },
		{ "{\"a\":1 \"b\":2}", "column 8: ',' or an end" },
		{ "{\"a\"::1}", "column 6: a value is expected" },
		{ "{\"a\",1}", "column 5: ':' is expected" },
		{ "{1:2}", "column 2: a member's name" },
		{ "{[]:2}", "column 2: a member's name" },
		{ "{\"a\":[1,]}", "column 9: a value is expected" },
		{ "{\"a\":[,1]}", "column 7: a value or ']'" },
		{ "{\"a\":[1 2]}", "column 9: ',' or an end" },
		{ "{\"a\":[\"b\":1]}", "column 10: ',' or an end" },
		{ "{\"a\":[1}", "column 8: ',' or an end" },
		{ "{\"a\":{]}", "column 7: a member's name or '}'" },
		{ "{\"a\":[}", "column 7: a value or ']'" },
		{ "{\n\"a\":1,\n  x}", "line 3, column 3: a member's name" },
		/* Where jsmn loses whose value it is. */
		{ "{\"a\":[]:\"b\"}", "column 8: ',' or an end" },
		{ "{\"a\":{}:\"b\":1}", "column 8: ',' or an end" },
		{ "{:}", "column 2: a member's name" },
		{ "{\"a\":tru}", "column 6: a value is expected" },
		{ "{\"a\":truex}", "column 10: ',' or an end" },
		{ "{\"a\":nil}", "column 6: a value is expected" },
		{ "{\"a\":01}", "column 6" }, { "{\"a\":-}", "column 6" },
		{ "{\"a\":+1}", "column 6" }, { "{\"a\":1.}", "column 6" },
		{ "{\"a\":1e}", "column 6" }, { "{\"a\":0x10}", "column 7" },
		{ "{\"a\":1-2}", "column 7" }, { "{'a':1}", "column 2" },
		{ "{\"a\":\"\\x\"}", "this is no JSON" },
		{ "{\"a\":\"\\u00g0\"}", "this is no JSON" },
		{ "{\"a\":\"line\nbreak\"}", "line 1, column 11: a control character" },
		{ "\xef\xbb\xbf{}", "column 1: one object is expected" },
	};

	for (unsigned i = 0; i < COUNT_OF(bad); i++)
		assert_bad(*state, bad[i].text, bad[i].why);
}

static void a_NUL_byte_ends_nothing(void **state)
{
	static const char *const where[] = { "{}\0", "{\"a\":1\0}", "{\"a\":\"x\0y\"}", "\0{}" };
	static const size_t len[] = { 3, 8, 11, 3 };

	for (unsigned i = 0; i < COUNT_OF(where); i++)
		assert_int_equal(parse_bytes(*state, where[i], len[i]), -1);
}

static void nesting_is_bounded(void **state)
{
	enum { DEEP = 100000 };
	struct read *x = *state;
	char *text = malloc(DEEP + 5);

	assert_non_null(text);
	memcpy(text, "{\"a\":", 5);
	memset(text + 5, '[', DEEP);
	assert_int_equal(parse_bytes(x, text, DEEP + 5), -1);
	assert_non_null(strstr(x->why, "nested too deeply"));
	/* Arrays in objects down to the limit. */
	memset(text + 5, '[', 63);
	memset(text + 5 + 63, ']', 63);
	text[5 + 126] = '}';
	assert_int_equal(parse_bytes(x, text, 5 + 127), 0);
	free(text);
}

static void sizes_are_bounded(void **state)
{
	struct read *x = *state;
	size_t n = (size_t)5 << 20;
	char *text = malloc(n + 6);

	assert_non_null(text);
	memcpy(text, "{\"a\":[", 6);
	for (size_t i = 6; i < n; i += 2)
		memcpy(text + i, "1,", 2);
	memcpy(text + n, "1]}", 3);
	assert_int_equal(parse_bytes(x, text, n + 3), -1);
	assert_non_null(strstr(x->why, "too many values"));
	free(text);
	assert_int_equal(vr_doc_parse(&x->arena, "{}", VR_MAX_DOC + 1, &x->doc, x->why,
				      sizeof(x->why)), -1);
	assert_non_null(strstr(x->why, "more than 64 MiB"));
}

static void numbers_fit_or_are_unread(void **state)
{
	struct read *x = *state;

	assert_sound(x, "{\"max\":18446744073709551615,\"over\":18446744073709551616,"
		     "\"huge\":999999999999999999999999999999,\"neg\":-1,\"real\":1.5,"
		     "\"exp\":1e3,\"hmax\":\"0xffffffffffffffff\",\"hover\":\"0x10000000000000000\","
		     "\"hzero\":\"0x0\",\"hempty\":\"0x\",\"twice\":\"0x0x12\",\"hneg\":\"0x-1\","
		     "\"blank\":\"0x 1\",\"bad\":\"0x1g\",\"dec\":\"12\",\"upper\":\"0xAb\"}");
	assert_val(vr_doc_val(&x->doc, 0, "max"), UINT64_MAX);
	assert_val(vr_doc_val(&x->doc, 0, "hmax"), UINT64_MAX);
	assert_val(vr_doc_val(&x->doc, 0, "hzero"), 0);
	assert_val(vr_doc_val(&x->doc, 0, "upper"), 0xab);
	static const char *const unread[] = { "over", "huge", "neg", "real", "exp", "hover",
		"hempty", "twice", "hneg", "blank", "bad", "dec" };
	for (unsigned i = 0; i < COUNT_OF(unread); i++) {
		struct vr_val v = vr_doc_val(&x->doc, 0, unread[i]);

		assert_unread(v);
		assert_int_equal(v.v, 0);
	}
}

static void strings_lose_their_escapes_and_no_more(void **state)
{
	struct read *x = *state;
	char buf[32], small[4];

	assert_sound(x, "{\"e\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"u\":\"\\u0041\\u001b\\u00e9\","
		     "\"nul\":\"a\\u0000b\",\"wide\":\"\\u20ac\",\"long\":\"abcdefgh\","
		     "\"esc\":\"abc\\u0041\",\"n\":1}");
	assert_true(vr_doc_string(&x->doc, 0, "e", buf, sizeof(buf)));
	assert_string_equal(buf, "\"\\/\b\f\n\r\t");
	assert_true(vr_doc_string(&x->doc, 0, "u", buf, sizeof(buf)));
	assert_string_equal(buf, "A\x1b\xe9");
	assert_true(vr_doc_string(&x->doc, 0, "nul", buf, sizeof(buf)));
	assert_string_equal(buf, "a?b");
	assert_true(vr_doc_string(&x->doc, 0, "wide", buf, sizeof(buf)));
	assert_string_equal(buf, "?");
	assert_true(vr_doc_string(&x->doc, 0, "long", small, sizeof(small)));
	assert_string_equal(small, "abc");
	assert_true(vr_doc_string(&x->doc, 0, "esc", small, sizeof(small)));
	assert_string_equal(small, "abc");
	strcpy(buf, "before");
	assert_false(vr_doc_string(&x->doc, 0, "n", buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_false(vr_doc_string(&x->doc, 0, "none", buf, sizeof(buf)));
}

/* Of members with one name the first counts; a value is never taken for a name. */
static void names_are_looked_for_among_names(void **state)
{
	struct read *x = *state;

	assert_sound(x, "{\"a\":\"b\",\"b\":\"c\",\"n\":1,\"n\":2,\"ab\":3}");
	assert_absent(vr_doc_val(&x->doc, 0, "c"));
	assert_absent(vr_doc_val(&x->doc, 0, ""));
	assert_val(vr_doc_val(&x->doc, 0, "n"), 1);
	assert_val(vr_doc_val(&x->doc, 0, "ab"), 3);
}

static void none_is_taken_as_such(void **state)
{
	struct read *x = *state;
	char buf[4];

	assert_sound(x, "{\"a\":1}");
	for (int node = -1; node < 10; node += node < 0 ? 3 : 1) {
		assert_int_equal(vr_doc_member(&x->doc, node, "a"), -1);
		assert_absent(vr_doc_val(&x->doc, node, "a"));
		assert_false(vr_doc_string(&x->doc, node, "a", buf, sizeof(buf)));
		assert_false(vr_doc_is_array(&x->doc, node));
		assert_int_equal(vr_doc_first(&x->doc, node), -1);
		assert_int_equal(vr_doc_next(&x->doc, node, 1), -1);
		assert_int_equal(vr_doc_next(&x->doc, 0, node), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_sound_document_gives_its_values),
		TEST(every_grammar_of_values_is_taken),
		TEST(a_cut_document_is_refused_wherever_it_is_cut),
		TEST(malformed_documents_are_refused_with_a_place),
		TEST(a_NUL_byte_ends_nothing),
		TEST(nesting_is_bounded),
		TEST(sizes_are_bounded),
		TEST(numbers_fit_or_are_unread),
		TEST(strings_lose_their_escapes_and_no_more),
		TEST(names_are_looked_for_among_names),
		TEST(none_is_taken_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
