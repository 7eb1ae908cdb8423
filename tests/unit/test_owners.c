// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_owners.c - what virtio_net's transmit tokens are, by the rules of each era,
 * and tokens that no driver would give.
 */
#include "unit.h"
#include "owner_builder.h"

#define IPV4		0x0800

static const uint8_t ports[8] = { 0x1f, 0x90, 0x00, 0x50 };	/* 8080, 80 */

static uint64_t udp_skb(struct owner_guest *x)
{
	struct bytes b = ipv4_packet(17, ports, 8);

	return new_skb(x, IPV4, &b, 0);
}

/* From 6.12 on an skb can be marked as orphaned. */
static void has_orphans(struct owner_guest *x)
{
	fake_load_layout(x->g->f, "hand-owners-6.12.layout");
}

/* From 6.14 on the low bits are a type. */
static void has_types(struct owner_guest *x, const uint64_t values[4])
{
	static const char *const names[] = { "SKB", "SKB_ORPHAN", "XDP", "XSK" };
	char name[48];

	has_orphans(x);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "VIRTNET_XMIT_TYPE_%s", names[i]);
		fake_enum(x->g->f, name, values[i]);
	}
}

static void assert_udp(const struct vr_owner *o, uint64_t skb)
{
	assert_int_equal(o->kind, VR_OWNER_SKB);
	assert_null(o->why);
	assert_int_equal(o->addr, skb);
	assert_non_null(o->packet);
	assert_val(o->packet->len, ETHER + 28);
	assert_val(o->packet->data_len, 0);
	assert_val(o->packet->protocol, IPV4);
	assert_string_equal(o->packet->dev, "eth0");
	assert_int_equal(o->packet->flow.version, 4);
	assert_val(o->packet->flow.sport, 8080);
	assert_val(o->packet->flow.dport, 80);
}

static void assert_unknown(const struct vr_owner *o)
{
	assert_int_equal(o->kind, VR_OWNER_UNKNOWN);
	assert_int_equal(o->addr, 0);
	assert_null(o->packet);
	assert_null(o->request);
}

/* ---- eras -------------------------------------------------------------------- */

static void an_skb_is_told_in_every_era(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct owner_guest x = owner_guest(era);
		uint64_t skb = udp_skb(&x);
		uint16_t head = give(&x.n->tx[0], skb, 40, false);
		struct vr_queue q = read_owners(&x, "tx0");

		assert_int_equal(q.owners.total, 1);
		assert_udp(owner_at(&q, head), skb);
		assert_false(owner_at(&q, head)->orphan);
		assert_int_equal(owner_at(&q, head)->token, skb);
		guest_free(x.g);
	}
}

/* 5.0: bit 0 is an xdp_frame's.  Before, no token has it. */
static void bit_0_is_an_xdp_frame_since_5_0(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct owner_guest x = owner_guest(era);
		uint64_t frame, xdp = era == ERA_EL7 ? 0xffff888000000001 : 0;
		const struct vr_owner *o;
		struct vr_queue q;

		if (!xdp) {
			frame = new_xdp_frame(&x, 112, 200, 12);
			xdp = frame + 1;
		}
		give(&x.n->tx[0], xdp, 112, false);
		q = read_owners(&x, "tx0");
		o = owner_at(&q, 0);
		if (era < ERA_5_4) {
			assert_unknown(o);
		} else {
			assert_int_equal(o->kind, VR_OWNER_XDP_FRAME);
			assert_null(o->why);
			assert_int_equal(o->addr, frame);
			assert_val(o->packet->len, 112);
			assert_string_equal(o->packet->dev, "");
		}
		guest_free(x.g);
	}
}

static void bit_1_is_an_orphan_where_the_types_say_so(void **state)
{
	(void)state;
	for (unsigned with = 0; with < 2; with++) {
		struct owner_guest x = owner_guest(ERA_6_12);
		uint64_t skb = udp_skb(&x);
		struct vr_queue q;

		if (with)
			has_orphans(&x);
		give(&x.n->tx[0], skb + 2, 40, false);
		give(&x.n->tx[0], skb + 3, 40, false);
		q = read_owners(&x, "tx0");
		if (with) {
			assert_udp(owner_at(&q, 0), skb);
			assert_true(owner_at(&q, 0)->orphan);
		} else {
			assert_unknown(owner_at(&q, 0));
		}
		/* XDP's bit decides, and the other one is the address's. */
		assert_int_equal(owner_at(&q, 1)->kind, VR_OWNER_XDP_FRAME);
		assert_int_equal(owner_at(&q, 1)->addr, skb + 2);
		assert_non_null(owner_at(&q, 1)->why);
		guest_free(x.g);
	}
}

static void check_types(const uint64_t values[4])
{
	struct owner_guest x = owner_guest(ERA_7_1);
	uint64_t skb = udp_skb(&x), frame = new_xdp_frame(&x, 90, 240, 12);
	struct vr_queue q;

	has_types(&x, values);
	give(&x.n->tx[0], skb + values[0], 40, false);
	give(&x.n->tx[0], skb + values[1], 40, false);
	give(&x.n->tx[0], frame + values[2], 90, false);
	give(&x.n->tx[0], 1500ULL << 2 | values[3], 1512, false);
	q = read_owners(&x, "tx0");
	assert_udp(owner_at(&q, 0), skb);
	assert_false(owner_at(&q, 0)->orphan);
	assert_udp(owner_at(&q, 1), skb);
	assert_true(owner_at(&q, 1)->orphan);
	assert_int_equal(owner_at(&q, 2)->kind, VR_OWNER_XDP_FRAME);
	assert_int_equal(owner_at(&q, 2)->addr, frame);
	assert_val(owner_at(&q, 2)->packet->len, 90);
	assert_int_equal(owner_at(&q, 3)->kind, VR_OWNER_XSK);
	assert_int_equal(owner_at(&q, 3)->addr, 0);
	assert_null(owner_at(&q, 3)->packet);
	assert_val(owner_at(&q, 3)->xsk_len, 1500);
	guest_free(x.g);
}

static void the_low_bits_are_a_type_where_there_is_one(void **state)
{
	(void)state;
	check_types((const uint64_t[4]){ 0, 1, 2, 3 });
	/* The dump's own constants count, not what they happen to be today. */
	check_types((const uint64_t[4]){ 0, 2, 3, 1 });
}

/* Were the enum known in part only, the bits could mean anything. */
static void a_type_beyond_the_bits_is_unknown(void **state)
{
	struct owner_guest x = owner_guest(ERA_7_1);
	struct vr_queue q;

	(void)state;
	has_types(&x, (const uint64_t[4]){ 0, 1, 7, 3 });
	give(&x.n->tx[0], udp_skb(&x) + 2, 40, false);
	q = read_owners(&x, "tx0");
	assert_unknown(owner_at(&q, 0));
	guest_free(x.g);
}

/* 4.12 to 4.19: the last queues are XDP's alone, and what their tokens point to
 * cannot be told from an skb by the token. */
static void raw_xdp_queues_are_not_followed(void **state)
{
	static const struct {
		unsigned xdp;
		bool raw[2];
	} cases[] = { { 0, { false, false } }, { 1, { false, true } },
		      { 2, { true, true } }, { 9, { true, true } } };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct guest *g = guest_new(ERA_4_9);
		struct owner_guest x = { .g = g };

		fake_load_layout(g->f, "hand-owners.layout");
		fake_load_layout(g->f, "hand-owners-4.12.layout");
		x.n = guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
						       .num = 16 });
		fake_set(g->f, x.n->vi, "virtnet_info", "xdp_queue_pairs",
			 cases[i].xdp);
		for (unsigned pair = 0; pair < 2; pair++) {
			uint64_t skb = udp_skb(&x);
			struct vr_queue q;

			give(&x.n->tx[pair], skb, 40, false);
			q = read_owners(&x, pair ? "tx1" : "tx0");
			if (cases[i].raw[pair])
				assert_unknown(owner_at(&q, 0));
			else
				assert_udp(owner_at(&q, 0), skb);
		}
		guest_free(g);
	}
}

/* ---- hostile tokens ---------------------------------------------------------- */

static void assert_refused(uint64_t token, const char *why)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	struct vr_owner o = only_owner(&x, token);

	assert_int_equal(o.kind, VR_OWNER_SKB);
	assert_non_null(o.why);
	assert_string_equal(o.why, why);
	assert_null(o.packet);
	guest_free(x.g);
}

static void no_pointer_is_followed(void **state)
{
	(void)state;
	assert_refused(4, "no kernel address");
	assert_refused(0x7fffffffe000, "no kernel address");
	assert_refused(0x00ff888100000000, "no kernel address");
	assert_refused(0xffff888100000004, "not aligned");
	assert_refused(0xffffc90000000000, "unreadable");
	assert_refused(0xfffffffffffffff8, "unreadable");
	/* A page that is there, and holds something else. */
	assert_refused(0xffff888100000000, "its dev is not this device");
}

/* A sound skb, one member of which is something else. */
static void assert_misfit(const char *member, uint64_t v, const char *why)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	uint64_t skb = udp_skb(&x);
	struct vr_owner o;

	fake_set(x.g->f, skb, "sk_buff", member, v);
	o = only_owner(&x, skb);
	assert_int_equal(o.kind, VR_OWNER_SKB);
	if (!o.why || strcmp(o.why, why))
		fail_msg("%s %llx: %s", member, (unsigned long long)v,
			 o.why ? o.why : "believed");
	assert_null(o.packet);
	guest_free(x.g);
}

static void an_skb_that_makes_no_sense_is_not_believed(void **state)
{
	static const char lies[] = "its data lies nowhere";
	static const char outside[] = "its data is outside of its buffer";
	static const char sums[] = "its lengths do not add up";

	(void)state;
	assert_misfit("dev", 0, "its dev is not this device");
	assert_misfit("dev", 0xffff888100000008, "its dev is not this device");
	assert_misfit("head", 0, lies);
	assert_misfit("head", 0x400000, lies);
	assert_misfit("head", 0xffffffffffffff00, lies);
	assert_misfit("head", 0xffff800000000000, outside);
	assert_misfit("data", 0, lies);
	assert_misfit("data", 0x7fff00000000, lies);
	assert_misfit("data", 0xffffffffffffffff, outside);
	assert_misfit("end", 0, outside);
	assert_misfit("end", 0xffffffff, outside);
	assert_misfit("tail", 0, outside);
	assert_misfit("tail", 0xffffffff, outside);
	assert_misfit("tail", 100, sums);
	assert_misfit("len", 0, sums);
	assert_misfit("len", 0xffffffff, sums);
	assert_misfit("data_len", 1, sums);
	assert_misfit("data_len", 0xffffffff, sums);
}

static void a_missing_page_is_told(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	uint64_t skb = udp_skb(&x);
	struct vr_owner o;

	(void)state;
	fake_drop(x.g->f, VR_KERNEL, skb);
	o = only_owner(&x, skb);
	assert_string_equal(o.why, "unreadable");
	assert_null(o.packet);
	guest_free(x.g);
}

/* Its own members hold together, so it is believed; what it points to is missing. */
static void a_packet_without_its_data_is_told(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	uint64_t skb = udp_skb(&x);
	struct vr_owner o;

	(void)state;
	fake_drop(x.g->f, VR_KERNEL,
		  fake_get64(x.g->f, skb + fake_offset(x.g->f, "sk_buff", "head")));
	o = only_owner(&x, skb);
	assert_null(o.why);
	assert_val(o.packet->len, ETHER + 28);
	assert_int_equal(o.packet->flow.version, 0);
	guest_free(x.g);
}

static void a_network_header_outside_is_not_read(void **state)
{
	static const uint16_t places[] = { 0xffff, SKB_ROOM + ETHER + 28, 2000 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(places); i++) {
		struct owner_guest x = owner_guest(ERA_5_15);
		uint64_t skb = udp_skb(&x);
		struct vr_owner o;

		fake_set(x.g->f, skb, "sk_buff", "network_header", places[i]);
		o = only_owner(&x, skb);
		assert_null(o.why);
		assert_int_equal(o.packet->flow.version, 0);
		guest_free(x.g);
	}
}

static void garbage_in_protocol_is_a_number(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	uint64_t skb = udp_skb(&x);
	struct vr_owner o;

	(void)state;
	fake_set(x.g->f, skb, "sk_buff", "protocol", 0xefbe);
	o = only_owner(&x, skb);
	assert_val(o.packet->protocol, 0xbeef);
	assert_int_equal(o.packet->flow.version, 0);
	guest_free(x.g);
}

/* The tag stands between the Ethernet header and the type of what follows. */
static void a_vlan_tag_is_looked_behind(void **state)
{
	static const uint8_t tag[4] = { 0, 42, IPV4 >> 8, IPV4 & 255 };
	struct bytes b = ipv4_packet(17, ports, 8), tagged = { .len = b.len + 4 };
	struct owner_guest x = owner_guest(ERA_5_15);
	struct vr_owner o;
	uint64_t skb;

	(void)state;
	memcpy(tagged.byte, tag, 4);
	memcpy(tagged.byte + 4, b.byte, b.len);
	skb = new_skb(&x, 0x8100, &tagged, 0);
	fake_set(x.g->f, skb, "sk_buff", "network_header", SKB_ROOM + ETHER + 4);
	o = only_owner(&x, skb);
	assert_val(o.packet->protocol, 0x8100);
	assert_int_equal(o.packet->flow.version, 4);
	assert_val(o.packet->flow.sport, 8080);
	guest_free(x.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_skb_is_told_in_every_era),
		cmocka_unit_test(bit_0_is_an_xdp_frame_since_5_0),
		cmocka_unit_test(bit_1_is_an_orphan_where_the_types_say_so),
		cmocka_unit_test(the_low_bits_are_a_type_where_there_is_one),
		cmocka_unit_test(a_type_beyond_the_bits_is_unknown),
		cmocka_unit_test(raw_xdp_queues_are_not_followed),
		cmocka_unit_test(no_pointer_is_followed),
		cmocka_unit_test(an_skb_that_makes_no_sense_is_not_believed),
		cmocka_unit_test(a_missing_page_is_told),
		cmocka_unit_test(a_packet_without_its_data_is_told),
		cmocka_unit_test(a_network_header_outside_is_not_read),
		cmocka_unit_test(garbage_in_protocol_is_a_number),
		cmocka_unit_test(a_vlan_tag_is_looked_behind),
	};

	return cmocka_run_group_tests_name("owners", tests, NULL, NULL);
}
