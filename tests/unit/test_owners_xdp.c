// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_owners_xdp.c - xdp_frames that virtio_net's transmit tokens lead to, and what
 * only looks like one.
 */
#include "unit.h"
#include "owner_builder.h"

#define IPV4	0x0800

static const uint8_t ports[8] = { 0x1f, 0x90, 0x00, 0x50 };	/* 8080, 80 */

static struct vr_owner xdp_owner(const char *member, uint64_t v)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	uint64_t frame = new_xdp_frame(&x, 112, 200, 12);
	struct vr_owner o;

	fake_set(x.g->f, frame, "xdp_frame", member, v);
	o = only_owner(&x, frame + 1);
	assert_int_equal(o.kind, VR_OWNER_XDP_FRAME);
	assert_int_equal(o.packet != NULL, o.why == NULL);
	guest_free(x.g);
	return o;
}

static void an_xdp_frame_that_makes_no_sense_is_not_believed(void **state)
{
	static const char why[] = "its data does not follow it";

	(void)state;
	assert_null(xdp_owner("len", 112).why);
	assert_string_equal(xdp_owner("len", 0).why, why);
	assert_string_equal(xdp_owner("data", 0).why, why);
	assert_string_equal(xdp_owner("data", 0xffff888000000000).why, why);
	assert_string_equal(xdp_owner("data", 0xffffffffffffffff).why, why);
}

/* Its data begins behind the struct and its headroom, or with metadata in between; not
 * inside the struct, whose size decides. */
static void an_xdp_frame_s_size_says_where_its_data_can_be(void **state)
{
	static const struct {
		int off;	/* from the end of the headroom */
		bool fits;
	} cases[] = {
		{ 0, true }, { 256, true }, { 257, false }, { -200, true }, { -201, false },
	};

	(void)state;
	for (enum guest_era era = ERA_5_4; era < ERA_COUNT; era++) {
		for (unsigned i = 0; i < COUNT_OF(cases); i++) {
			struct owner_guest x = owner_guest(era);
			uint64_t frame = new_xdp_frame(&x, 112, 200, 12);
			uint64_t end = frame + fake_sizeof(x.g->f, "xdp_frame") + 200;
			struct vr_owner o;

			fake_set(x.g->f, frame, "xdp_frame", "data",
				 end + (uint64_t)(int64_t)cases[i].off);
			o = only_owner(&x, frame + 1);
			assert_int_equal(o.kind, VR_OWNER_XDP_FRAME);
			if (!o.why != cases[i].fits)
				fail_msg("%s: case %u: %s", era_name(era), i,
					 o.why ? o.why : "believed");
			guest_free(x.g);
		}
	}
}

static void no_xdp_pointer_is_followed(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	struct vr_queue q;

	(void)state;
	give(&x.n->tx[0], 0x1001, 40, false);
	give(&x.n->tx[0], 0xffffc90000000001, 40, false);
	q = read_owners(&x, "tx0");
	assert_string_equal(owner_at(&q, 0)->why, "no kernel address");
	assert_string_equal(owner_at(&q, 1)->why, "unreadable");
	guest_free(x.g);
}

/* It stands behind a virtio header: of 12 bytes, or of 10, and then bit 1 of the token
 * is the address's. */
static void an_xdp_frame_may_stand_at_odd_places(void **state)
{
	static const unsigned headers[] = { 10, 12, 20 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(headers); i++) {
		struct owner_guest x = owner_guest(ERA_5_15);
		uint64_t frame = new_xdp_frame(&x, 112, 200, headers[i]);
		struct vr_owner o = only_owner(&x, frame + 1);

		assert_null(o.why);
		assert_int_equal(o.addr, frame);
		assert_val(o.packet->len, 112);
		guest_free(x.g);
	}
}

static struct vr_packet with_packet(const struct bytes *ether, uint16_t len,
				     uint8_t header)
{
	struct owner_guest x = owner_guest(ERA_6_12);
	uint64_t frame = new_xdp_frame(&x, len, 200, 12);
	struct vr_packet packet;
	struct vr_owner o;

	fake_set(x.g->f, x.n->vi, "virtnet_info", "hdr_len", header);
	fake_put(x.g->f, VR_KERNEL, frame + fake_sizeof(x.g->f, "xdp_frame") + 200 +
		 header, ether->byte, ether->len);
	o = only_owner(&x, frame + 1);
	assert_null(o.why);
	packet = *o.packet;
	guest_free(x.g);
	return packet;
}

/* 'tags' VLAN tags and an IPv4 packet behind the addresses. */
static struct bytes ethernet(unsigned tags)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0, 42 }, ip[2] = { 8, 0 };
	struct bytes b = ipv4_packet(17, ports, 8), e = { .len = 12 };

	for (unsigned i = 0; i < tags; i++, e.len += 4)
		memcpy(e.byte + e.len, tag, 4);
	memcpy(e.byte + e.len, ip, 2);
	memcpy(e.byte + e.len + 2, b.byte, b.len);
	e.len += 2 + b.len;
	return e;
}

static void an_xdp_frame_s_packet_is_behind_the_virtio_header(void **state)
{
	static const uint8_t headers[] = { 0, 10, 12, 20 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(headers); i++) {
		struct bytes e = ethernet(i % 3);
		struct vr_packet p = with_packet(&e, (uint16_t)(headers[i] + e.len),
						headers[i]);

		assert_val(p.protocol, i % 3 ? 0x8100 : IPV4);
		assert_int_equal(p.flow.version, 4);
		assert_val(p.flow.sport, 8080);
		assert_val(p.flow.dport, 80);
	}
}

static void a_short_or_odd_frame_has_no_flow(void **state)
{
	struct bytes e = ethernet(3);
	struct vr_packet p = with_packet(&e, (uint16_t)(12 + e.len), 12);

	(void)state;
	assert_val(p.protocol, 0x8100);
	assert_int_equal(p.flow.version, 0);
	e = ethernet(0);
	p = with_packet(&e, 12 + 13, 12);
	assert_unread(p.protocol);
	p = with_packet(&e, 12, 12);
	assert_unread(p.protocol);
	p = with_packet(&e, 12 + 14 + 19, 12);
	assert_val(p.protocol, IPV4);
	assert_int_equal(p.flow.version, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_xdp_frame_that_makes_no_sense_is_not_believed),
		cmocka_unit_test(an_xdp_frame_s_size_says_where_its_data_can_be),
		cmocka_unit_test(no_xdp_pointer_is_followed),
		cmocka_unit_test(an_xdp_frame_may_stand_at_odd_places),
		cmocka_unit_test(an_xdp_frame_s_packet_is_behind_the_virtio_header),
		cmocka_unit_test(a_short_or_odd_frame_has_no_flow),
	};

	return cmocka_run_group_tests_name("owners_xdp", tests, NULL, NULL);
}
