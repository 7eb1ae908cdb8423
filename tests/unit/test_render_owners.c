// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_render_owners.c - owners as text and as JSON.  They are filled by hand: what
 * is printed must follow from them alone.
 */
#include "unit.h"
#include "json.h"

#define READ(n)	{ (n), VR_READ }

static const struct vr_val unread = { .have = VR_UNREAD };

/* One owner as text and as JSON, in the same buffers until the next one. */
static char *text, *json;

static void print_all(const struct vr_owners *s)
{
	size_t size;
	struct json j;
	FILE *out;

	free(text);
	free(json);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	vr_text_owners(out, s);
	fclose(out);
	out = open_memstream(&json, &size);
	assert_non_null(out);
	json_begin(&j, out);
	vr_json_owners(&j, s);
	json_end(&j);
	fclose(out);
}

static void print_one(struct vr_owner o)
{
	o.head = 7;
	if (!o.token)
		o.token = 0xffff888003c1d401;
	print_all(&(struct vr_owners){ .owner = &o, .count = 1, .total = 1,
				       .wanted = true, .known = true });
}

static void assert_has(const char *in, const char *want)
{
	if (!strstr(in, want))
		fail_msg("'%s' is not in:\n%s", want, in);
}

static void assert_lacks(const char *in, const char *unwanted)
{
	if (strstr(in, unwanted))
		fail_msg("'%s' is in:\n%s", unwanted, in);
}

/* The line of the only owner. */
static void assert_line(const char *want)
{
	char line[512];

	snprintf(line, sizeof(line), "\n%s\n", want);
	assert_has(text, line);
}

static struct vr_owner skb(struct vr_packet *p)
{
	return (struct vr_owner){ .kind = VR_OWNER_SKB, .addr = 0xffff888003c1d400,
		.readable = READ(110), .writable = READ(0), .packet = p };
}

static void packets_are_told_as_people_know_them(void **state)
{
	struct vr_packet p = { .len = READ(98), .data_len = READ(0),
		.protocol = READ(0x0800), .dev = "eth0", .flow = { .version = 4,
		.src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 2 }, .protocol = READ(6),
		.sport = READ(80), .dport = READ(3456) } };

	(void)state;
	print_one(skb(&p));
	assert_line("        7  ffff888003c1d401      110  sk_buff  len 98  eth0  IPv4"
		    "  10.0.0.1:80 > 10.0.0.2:3456 tcp");
	assert_has(json, "{\"head\":7,\"token\":\"0xffff888003c1d401\",\"kind\":\"sk_buff\""
		   ",\"returned\":false,\"len\":110,\"readable\":110,\"writable\":0,"
		   "\"sk_buff\":{\"addr\":\"0xffff888003c1d400\",\"orphan\":false,\"len\":98,"
		   "\"data_len\":0,\"protocol\":2048,\"protocol_name\":\"IPv4\",\"dev\":\"eth0\","
		   "\"flow\":{\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\",\"protocol\":6,"
		   "\"protocol_name\":\"tcp\",\"sport\":80,\"dport\":3456,\"icmp_type\":null}}}");
	p.flow = (struct vr_flow){ .version = 6, .src = { 0xfe, 0x80, [15] = 1 },
		.dst = { 0xfe, 0x80, [15] = 2 }, .protocol = READ(17),
		.sport = READ(53), .dport = READ(5353) };
	p.protocol.v = 0x86dd;
	p.data_len.v = 60;
	print_one(skb(&p));
	assert_has(text, "  len 98 (60 in fragments)  eth0  IPv6  [fe80::1]:53 > [fe80::2]:5353 udp\n");
	assert_has(json, "\"src\":\"fe80::1\",\"dst\":\"fe80::2\",\"protocol\":17");
	p.flow.protocol.v = 58;
	p.flow.sport = p.flow.dport = (struct vr_val){ .have = VR_ABSENT };
	p.flow.icmp_type = (struct vr_val)READ(135);
	print_one(skb(&p));
	assert_has(text, "  fe80::1 > fe80::2 icmp6 type 135\n");
	p.flow.protocol.v = 89;
	p.flow.icmp_type.have = VR_ABSENT;
	print_one(skb(&p));
	assert_has(text, "  fe80::1 > fe80::2 protocol 89\n");
	assert_has(json, "\"protocol\":89,\"protocol_name\":null,\"sport\":null");
}

static void other_ethertypes_are_named_or_numbers(void **state)
{
	struct vr_packet p = { .len = READ(60), .data_len = READ(0),
		.protocol = READ(0x0806), .dev = "e\033[1m" };

	(void)state;
	print_one(skb(&p));
	assert_has(text, "  len 60  e\\x1b[1m  ARP\n");
	assert_has(json, "\"dev\":\"e\\u001b[1m\",\"flow\":null");
	p.protocol.v = 0x88b5;
	print_one(skb(&p));
	assert_has(text, "  protocol 88b5\n");
	assert_has(json, "\"protocol\":34997,\"protocol_name\":null");
	p.protocol.have = VR_ABSENT;
	print_one(skb(&p));
	assert_lacks(text, "protocol");
	assert_has(json, "\"protocol\":null,\"protocol_name\":null");
}

static void an_orphan_and_a_returned_one_say_so(void **state)
{
	struct vr_packet p = { .len = READ(60), .data_len = READ(0) };
	struct vr_owner o = skb(&p);

	(void)state;
	o.orphan = o.returned = true;
	print_one(o);
	assert_has(text, "110  returned  orphaned sk_buff  len 60");
	assert_has(json, "\"returned\":true");
	assert_has(json, "\"orphan\":true");
}

static void xdp_frames_and_sockets(void **state)
{
	struct vr_packet p = { .len = READ(112), .protocol = READ(0x0800),
		.flow = { .version = 4, .src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 2 },
		.protocol = READ(17), .sport = READ(80), .dport = READ(81) } };
	struct vr_owner o = { .kind = VR_OWNER_XDP_FRAME, .addr = 0xffff888003c1d400,
		.readable = READ(112), .writable = READ(0), .packet = &p };

	(void)state;
	print_one(o);
	assert_has(text, "  xdp_frame  len 112  IPv4  10.0.0.1:80 > 10.0.0.2:81 udp\n");
	assert_has(json, "\"kind\":\"xdp_frame\",\"returned\":false,\"len\":112,\"readable\":112,"
		   "\"writable\":0,\"xdp_frame\":{\"addr\":\"0xffff888003c1d400\",\"len\":112,"
		   "\"protocol\":2048,\"protocol_name\":\"IPv4\",\"flow\":{\"src\":\"10.0.0.1\",");
	p = (struct vr_packet){ .len = READ(112), .protocol = unread };
	print_one(o);
	assert_has(text, "  xdp_frame  len 112\n");
	assert_has(json, "\"len\":112,\"protocol\":null,\"protocol_name\":null,\"flow\":null}}");
	print_one((struct vr_owner){ .kind = VR_OWNER_XSK, .token = 6003,
		.readable = READ(1512), .writable = READ(0), .xsk_len = READ(1500) });
	assert_line("        7              1773     1512  xsk  len 1500");
	assert_has(json, "\"token\":\"0x1773\",\"kind\":\"xsk\"");
	assert_has(json, "\"xsk_len\":1500}");
}

static void receive_buffers(void **state)
{
	struct vr_owner o = { .kind = VR_OWNER_BUFFER, .addr = 0xffff888003c1d400,
		.readable = READ(0), .writable = READ(1536), .truesize = READ(2048) };

	(void)state;
	print_one(o);
	assert_has(text, "     1536  buffer  truesize 2048\n");
	assert_has(json, "\"len\":1536,\"readable\":0,\"writable\":1536,\"truesize\":2048}");
	o.truesize = unread;
	print_one(o);
	assert_has(text, "     1536  buffer\n");
	assert_has(json, "\"truesize\":null}");
	o.kind = VR_OWNER_PAGES;
	print_one(o);
	assert_has(text, "     1536  pages\n");
	assert_lacks(json, "truesize");
}

static struct vr_request request(void)
{
	return (struct vr_request){ .addr = 0xffff888003c1d000, .disk = "vda",
		.sector = READ(2048), .data_len = READ(4096), .tag = READ(12),
		.state = READ(1), .op = READ(1), .op_name = "WRITE", .type = READ(1),
		.age_ms = READ(3210), .age_from = "io_start_time_ns" };
}

static void print_request(struct vr_request *r)
{
	print_one((struct vr_owner){ .kind = VR_OWNER_REQUEST,
		.addr = 0xffff888003c1d400, .readable = READ(4112),
		.writable = READ(1), .request = r });
}

static void requests(void **state)
{
	struct vr_request r = request();

	(void)state;
	print_request(&r);
	assert_line("        7  ffff888003c1d401     4113  request ffff888003c1d000  vda"
		    "  WRITE  sector 2048  len 4096  tag 12  in_flight"
		    "  3210 ms since io_start_time_ns");
	assert_has(json, "\"len\":4113,\"readable\":4112,\"writable\":1,\"request\":{"
		   "\"addr\":\"0xffff888003c1d000\",\"disk\":\"vda\",\"op_name\":\"WRITE\","
		   "\"op\":1,\"type\":1,\"sector\":2048,\"data_len\":4096,\"tag\":12,"
		   "\"state\":1,\"state_name\":\"in_flight\",\"age_ms\":3210,"
		   "\"age_from\":\"io_start_time_ns\"}}");
	r.age_ms = unread;
	print_request(&r);
	assert_has(text, "  - ms since io_start_time_ns\n");
	assert_has(json, "\"age_ms\":null,\"age_from\":\"io_start_time_ns\"");
	r.age_from = NULL;
	r.sector.have = VR_ABSENT;
	print_request(&r);
	assert_has(text, "  sector none  len 4096  tag 12  in_flight  age not recorded\n");
	assert_has(json, "\"age_ms\":null,\"age_from\":null");
	assert_has(json, "\"sector\":null");
}

/* By the kernel's name, else by what the device was told, else by number. */
static void an_operation_s_name(void **state)
{
	static const struct {
		uint64_t type;
		const char *name;
	} types[] = { { 0, "READ" }, { 1, "WRITE" }, { 4, "FLUSH" }, { 8, "GET_ID" },
		      { 11, "DISCARD" }, { 13, "WRITE_ZEROES" },
		      { 14, "SECURE_ERASE" } };
	struct vr_request r = request();
	char want[64];

	(void)state;
	r.op_name = NULL;
	for (unsigned i = 0; i < COUNT_OF(types); i++) {
		r.type.v = types[i].type;
		print_request(&r);
		snprintf(want, sizeof(want), "  vda  %s  sector", types[i].name);
		assert_has(text, want);
	}
	r.type.v = 99;
	r.op.v = 36;
	print_request(&r);
	assert_has(text, "  vda  op 36  sector");
	assert_has(json, "\"op_name\":null,\"op\":36,\"type\":99");
	r.type.v = UINT64_MAX;
	r.state.v = UINT64_MAX;
	print_request(&r);
	assert_lacks(text, "in_flight");
	assert_has(json, "\"state\":18446744073709551615,\"state_name\":null");
	r.op = r.type = unread;
	print_request(&r);
	assert_has(text, "  vda  op -  sector");
}

static void what_is_not_believed_says_why(void **state)
{
	(void)state;
	print_one((struct vr_owner){ .kind = VR_OWNER_SKB, .why = "not aligned",
		.readable = unread, .writable = unread });
	assert_line("        7  ffff888003c1d401        -  unrecognised (sk_buff expected): not aligned");
	assert_has(json, "\"kind\":\"unrecognised\",\"as\":\"sk_buff\",\"why\":\"not aligned\","
		   "\"returned\":false,\"len\":null,\"readable\":null,\"writable\":null}");
	print_one((struct vr_owner){ .kind = VR_OWNER_UNKNOWN, .readable = READ(5),
				     .writable = READ(0) });
	assert_line("        7  ffff888003c1d401        5  unknown");
	assert_lacks(json, "why");
	print_one((struct vr_owner){ .kind = VR_OWNER_TOKEN, .readable = READ(5),
				     .writable = READ(6) });
	assert_line("        7  ffff888003c1d401       11  token");
	assert_has(json, "\"kind\":\"token\"");
}

static void what_is_left_out_is_told(void **state)
{
	struct vr_owner o = { .kind = VR_OWNER_TOKEN, .token = 1, .readable = READ(5),
			      .writable = READ(0) };

	(void)state;
	print_all(&(struct vr_owners){ .owner = &o, .count = 1, .total = 300,
				       .wanted = true, .known = true });
	assert_has(text, "  owners of buffers in flight: 300\n");
	assert_has(text, "    ... and 299 more: name the queue to see them all\n");
	assert_has(json, "\"owners_left_out\":299");
	print_all(&(struct vr_owners){ .wanted = true, .known = true });
	assert_string_equal(text, "  owners of buffers in flight: 0\n");
	assert_has(json, "\"owners\":[],\n\"owners_left_out\":0");
	print_all(&(struct vr_owners){ .wanted = true });
	assert_string_equal(text, "  owners -\n");
	assert_has(json, "\"owners\":null");
	print_all(&(struct vr_owners){ .wanted = false });
	assert_string_equal(text, "");
	assert_has(json, "\"owners\":null");
}

static int teardown(void **state)
{
	(void)state;
	free(text);
	free(json);
	text = json = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_told_as_people_know_them),
		cmocka_unit_test(other_ethertypes_are_named_or_numbers),
		cmocka_unit_test(an_orphan_and_a_returned_one_say_so),
		cmocka_unit_test(xdp_frames_and_sockets),
		cmocka_unit_test(receive_buffers),
		cmocka_unit_test(requests),
		cmocka_unit_test(an_operation_s_name),
		cmocka_unit_test(what_is_not_believed_says_why),
		cmocka_unit_test(what_is_left_out_is_told),
	};

	return cmocka_run_group_tests_name("render_owners", tests, NULL, teardown);
}
