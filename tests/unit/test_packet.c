// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packet.c - addresses and ports from packets that are laid out byte by byte
 * after RFC 791, 768, 792, 8200 and 9293, whole and cut off.
 */
#include "unit.h"
#include "owner_builder.h"

#define IPV4	0x0800
#define IPV6	0x86dd
#define ARP	0x0806

static const uint8_t ports[8] = { 0x1f, 0x90, 0x00, 0x50 };	/* 8080, 80 */
static const uint8_t one4[4] = { 10, 0, 0, 1 }, two4[4] = { 10, 0, 0, 2 };
static const uint8_t one6[16] = { 0xfd, [15] = 1 }, two6[16] = { 0xfd, [15] = 2 };

/* Read as much of a packet as 'avail' says, from the end of a page that nothing
 * follows. */
static struct vr_flow flow_of(const struct bytes *b, uint64_t avail,
			      uint16_t ethertype)
{
	struct guest *g = guest_new(ERA_5_15);
	uint64_t at = fake_alloc(g->f, FAKE_PAGE) + FAKE_PAGE - b->len;
	struct vr_flow f;

	fake_put(g->f, VR_KERNEL, at, b->byte, b->len);
	vr_flow_read(&g->c, at, avail, ethertype, &f);
	guest_free(g);
	return f;
}

static void assert_none(struct vr_flow f)
{
	assert_int_equal(f.version, 0);
	assert_absent(f.protocol);
	assert_absent(f.sport);
	assert_absent(f.dport);
	assert_absent(f.icmp_type);
}

static void assert_ends(const struct vr_flow *f, unsigned version)
{
	assert_int_equal(f->version, version);
	assert_memory_equal(f->src, version == 4 ? one4 : one6, version == 4 ? 4 : 16);
	assert_memory_equal(f->dst, version == 4 ? two4 : two6, version == 4 ? 4 : 16);
}

static void tcp_and_udp_have_ports(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool six = i & 1;
		uint8_t protocol = i & 2 ? 17 : 6;
		struct bytes b = six ? ipv6_packet(protocol, ports, 8) :
				       ipv4_packet(protocol, ports, 8);
		struct vr_flow f = flow_of(&b, b.len, six ? IPV6 : IPV4);

		assert_ends(&f, six ? 6 : 4);
		assert_val(f.protocol, protocol);
		assert_val(f.sport, 8080);
		assert_val(f.dport, 80);
		assert_absent(f.icmp_type);
	}
}

static void icmp_has_a_type(void **state)
{
	static const uint8_t request[8] = { 8 }, neighbour[8] = { 135 };
	struct bytes b = ipv4_packet(1, request, 8);
	struct vr_flow f = flow_of(&b, b.len, IPV4);

	(void)state;
	assert_val(f.protocol, 1);
	assert_val(f.icmp_type, 8);
	assert_absent(f.sport);
	b = ipv6_packet(58, neighbour, 8);
	f = flow_of(&b, b.len, IPV6);
	assert_val(f.protocol, 58);
	assert_val(f.icmp_type, 135);
}

static void ipv4_options_are_passed_over(void **state)
{
	struct bytes b = ipv4_packet(17, (const uint8_t[12]){ 1, 1, 1, 1, 0, 53, 4, 0 }, 12);
	struct vr_flow f;

	(void)state;
	b.byte[0] = 0x46;
	f = flow_of(&b, b.len, IPV4);
	assert_val(f.sport, 53);
	assert_val(f.dport, 1024);
}

/* What looks like ports in a later fragment is data. */
static void later_fragments_have_no_ports(void **state)
{
	static const uint8_t fragment[16] = { 17, 0, 0x00, 0x08, [8] = 0x1f, 0x90, 0, 80 };
	struct bytes b = ipv4_packet(17, ports, 8);
	struct vr_flow f;

	(void)state;
	b.byte[7] = 1;
	f = flow_of(&b, b.len, IPV4);
	assert_ends(&f, 4);
	assert_val(f.protocol, 17);
	assert_absent(f.sport);
	b.byte[7] = 0;
	b.byte[6] = 0x20;	/* the first one: more follow, offset 0 */
	f = flow_of(&b, b.len, IPV4);
	assert_val(f.sport, 8080);
	b = ipv6_packet(44, fragment, 16);
	f = flow_of(&b, b.len, IPV6);
	assert_ends(&f, 6);
	assert_val(f.protocol, 17);
	assert_absent(f.sport);
	b.byte[43] = 1;		/* offset 0, more follow */
	f = flow_of(&b, b.len, IPV6);
	assert_val(f.sport, 8080);
}

static void ipv6_extensions_are_passed_over(void **state)
{
	/* hop-by-hop of 8 bytes, destination options of 16, TCP */
	static const uint8_t rest[32] = { 60, 0, [8] = 6, 1, [24] = 0, 22, 0x10, 0 };
	struct bytes b = ipv6_packet(0, rest, 32);
	struct vr_flow f = flow_of(&b, b.len, IPV6);

	(void)state;
	assert_val(f.protocol, 6);
	assert_val(f.sport, 22);
	assert_val(f.dport, 4096);
}

/* Each of eight bytes, and each names the next: more than is followed. */
static void endless_extensions_end(void **state)
{
	static const uint8_t rest[80];
	struct bytes b = ipv6_packet(0, rest, 80);
	struct vr_flow f = flow_of(&b, b.len, IPV6);

	(void)state;
	assert_ends(&f, 6);
	assert_unread(f.protocol);
	assert_absent(f.sport);
}

static void an_extension_that_leads_away_is_not_followed(void **state)
{
	static const uint8_t rest[8] = { 6, 255 };
	struct bytes b = ipv6_packet(60, rest, 8);
	struct vr_flow f = flow_of(&b, b.len, IPV6);

	(void)state;
	assert_ends(&f, 6);
	assert_unread(f.sport);
	assert_unread(f.dport);
}

/* At every length a packet can be cut off at, only what is there is told. */
static void nothing_is_read_behind_the_end(void **state)
{
	struct bytes b = ipv4_packet(6, ports, 8);

	(void)state;
	for (size_t n = 0; n <= b.len; n++) {
		struct vr_flow f = flow_of(&b, n, IPV4);

		if (n < 20) {
			assert_none(f);
			continue;
		}
		assert_ends(&f, 4);
		assert_int_equal(f.sport.have, n < 22 ? VR_UNREAD : VR_READ);
		assert_int_equal(f.dport.have, n < 24 ? VR_UNREAD : VR_READ);
	}
	b = ipv6_packet(17, ports, 8);
	for (size_t n = 0; n <= b.len; n++) {
		struct vr_flow f = flow_of(&b, n, IPV6);

		assert_int_equal(f.version, n < 40 ? 0 : 6);
		assert_int_equal(f.dport.have, n < 40 ? VR_ABSENT :
				 n < 44 ? VR_UNREAD : VR_READ);
	}
}

static void garbage_is_no_packet(void **state)
{
	struct bytes b = ipv4_packet(6, ports, 8);

	(void)state;
	assert_none(flow_of(&b, b.len, ARP));
	assert_none(flow_of(&b, b.len, 0));
	b.byte[0] = 0x65;	/* version 6 where 4 is said */
	assert_none(flow_of(&b, b.len, IPV4));
	b.byte[0] = 0x44;	/* a header of 16 bytes */
	assert_none(flow_of(&b, b.len, IPV4));
	b.byte[0] = 0x4f;	/* one that goes on behind the end */
	assert_unread(flow_of(&b, b.len, IPV4).sport);
	b = ipv6_packet(6, ports, 8);
	b.byte[0] = 0x45;
	assert_none(flow_of(&b, b.len, IPV6));
}

static void a_missing_page_cuts_the_packet_off(void **state)
{
	struct bytes b = ipv4_packet(6, ports, 2);
	struct guest *g = guest_new(ERA_5_15);
	struct vr_flow f = flow_of(&b, 60, IPV4);

	(void)state;
	assert_ends(&f, 4);
	assert_val(f.sport, 8080);
	assert_unread(f.dport);
	vr_flow_read(&g->c, 0xffff888100000000, 60, IPV4, &f);
	assert_none(f);
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_and_udp_have_ports),
		cmocka_unit_test(icmp_has_a_type),
		cmocka_unit_test(ipv4_options_are_passed_over),
		cmocka_unit_test(later_fragments_have_no_ports),
		cmocka_unit_test(ipv6_extensions_are_passed_over),
		cmocka_unit_test(endless_extensions_end),
		cmocka_unit_test(an_extension_that_leads_away_is_not_followed),
		cmocka_unit_test(nothing_is_read_behind_the_end),
		cmocka_unit_test(garbage_is_no_packet),
		cmocka_unit_test(a_missing_page_cuts_the_packet_off),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
