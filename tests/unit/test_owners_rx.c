// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_owners_rx.c - what virtio_net's receive tokens are, by the rules of each
 * era; and what is the same for all queues: which owners are listed, how many, and
 * how long their buffers are.
 */
#include "unit.h"
#include "owner_builder.h"
#include "packed_builder.h"

#define BUFFER	0xffff888123456000ULL
#define RQ	"receive_queue"

/* What came to receive queues, in order. */
enum rx_era { PAGES_ONLY, FRAGS, SIZE_IN_TOKEN, CONTEXT, AF_XDP };

static const char *const layouts[] = {
	[FRAGS] = "hand-owners-3.13.layout", [SIZE_IN_TOKEN] = "hand-owners-3.16.layout",
	[CONTEXT] = "hand-owners-4.12.layout", [AF_XDP] = "hand-owners-6.12.layout",
};

static struct owner_guest rx_guest(enum guest_era era, enum rx_era rx,
				   bool mergeable, bool big)
{
	struct owner_guest x = owner_guest(era);
	struct fake_target *f = x.g->f;

	if (rx != PAGES_ONLY)
		fake_load_layout(f, layouts[rx]);
	fake_set(f, x.n->vi, "virtnet_info", "mergeable_rx_bufs", mergeable);
	fake_set(f, x.n->vi, "virtnet_info", "big_packets", big);
	return x;
}

static struct vr_owner received(struct owner_guest *x, uint64_t token)
{
	struct vr_queue q;

	give(&x->n->rx[0], token, 1536, true);
	q = read_owners(x, "rx0");
	assert_val(owner_at(&q, 0)->writable, 1536);
	assert_val(owner_at(&q, 0)->readable, 0);
	return *owner_at(&q, 0);
}

static void assert_place(const struct vr_owner *o, enum vr_owner_kind kind,
			 uint64_t addr)
{
	assert_int_equal(o->kind, kind);
	assert_null(o->why);
	assert_int_equal(o->addr, addr);
	assert_null(o->packet);
}

/* ---- kinds -------------------------------------------------------------------- */

static void mergeable_buffers_are_pages_at_first(void **state)
{
	(void)state;
	for (unsigned el7 = 0; el7 < 2; el7++) {
		struct owner_guest x = rx_guest(el7 ? ERA_EL7 : ERA_3_10, PAGES_ONLY,
						true, true);
		struct vr_owner o = received(&x, BUFFER);

		assert_place(&o, VR_OWNER_PAGE, BUFFER);
		assert_absent(o.truesize);
		guest_free(x.g);
	}
}

static void mergeable_buffers_are_cut_from_pages_in_3_13(void **state)
{
	struct owner_guest x = rx_guest(ERA_3_10, FRAGS, true, true);
	struct vr_owner o = received(&x, BUFFER + 0x123);

	(void)state;
	assert_place(&o, VR_OWNER_BUFFER, BUFFER + 0x123);
	assert_absent(o.truesize);
	guest_free(x.g);
}

/* Units of 256 bytes, one less, in the low eight bits. */
static void the_size_is_in_the_token_up_to_4_9(void **state)
{
	static const struct {
		unsigned low;
		uint64_t size;
	} cases[] = { { 0, 256 }, { 5, 1536 }, { 0x0f, 4096 }, { 0xff, 65536 } };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct owner_guest x = rx_guest(ERA_4_9, SIZE_IN_TOKEN, true, true);
		struct vr_owner o = received(&x, BUFFER | cases[i].low);

		assert_place(&o, VR_OWNER_BUFFER, BUFFER);
		assert_val(o.truesize, cases[i].size);
		guest_free(x.g);
	}
}

/* headroom << 22 | size, beside the token where an indirect table would be. */
static struct vr_owner with_context(enum guest_era era, uint64_t context,
				    bool indirect)
{
	struct owner_guest x = rx_guest(era, CONTEXT, true, true);
	const char *type = fake_has(x.g->f, "vring_desc_state_split", NULL) ?
			   "vring_desc_state_split" : "vring_desc_state";
	struct vr_owner o;

	ring_set(&x.n->rx[0], RING_INDIRECT, indirect);
	fake_set(x.g->f, x.n->rx[0].state, type, "indir_desc", context);
	o = received(&x, BUFFER + 0x100);
	assert_place(&o, VR_OWNER_BUFFER, BUFFER + 0x100);
	guest_free(x.g);
	return o;
}

static void the_size_is_in_the_context_since_4_12(void **state)
{
	static const enum guest_era eras[] = { ERA_4_9, ERA_5_4, ERA_6_12, ERA_7_1 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(eras); i++) {
		assert_val(with_context(eras[i], 1536, false).truesize, 1536);
		assert_val(with_context(eras[i], 256ULL << 22 | 4096, false).truesize,
			   4096);
		assert_unread(with_context(eras[i], 0, false).truesize);
		/* Here it would be a table, and no context. */
		assert_unread(with_context(eras[i], 1536, true).truesize);
	}
}

static void big_packets_are_chains_of_pages(void **state)
{
	(void)state;
	for (enum rx_era rx = PAGES_ONLY; rx <= AF_XDP; rx++) {
		struct owner_guest x = rx_guest(ERA_6_12, rx, false, true);
		struct vr_owner o = received(&x, BUFFER);

		assert_place(&o, VR_OWNER_PAGES, BUFFER);
		guest_free(x.g);
	}
}

static void small_buffers_are_skbs_at_first(void **state)
{
	static const struct bytes nothing;
	struct owner_guest x = rx_guest(ERA_4_9, SIZE_IN_TOKEN, false, false);
	uint64_t skb = new_skb(&x, 0x0800, &nothing, 0);
	struct vr_owner o = received(&x, skb);

	(void)state;
	assert_int_equal(o.kind, VR_OWNER_SKB);
	assert_null(o.why);
	assert_non_null(o.packet);
	assert_string_equal(o.packet->dev, "eth0");
	/* Nothing was received yet: no protocol, nobody who talks. */
	assert_absent(o.packet->protocol);
	assert_int_equal(o.packet->flow.version, 0);
	guest_free(x.g);
	x = rx_guest(ERA_4_9, SIZE_IN_TOKEN, false, false);
	o = received(&x, 0xffff888100000000);
	assert_int_equal(o.kind, VR_OWNER_SKB);
	assert_string_equal(o.why, "its dev is not this device");
	guest_free(x.g);
}

static void small_buffers_are_buffers_since_4_12(void **state)
{
	struct owner_guest x = rx_guest(ERA_5_15, CONTEXT, false, false);
	struct vr_owner o = received(&x, BUFFER);

	(void)state;
	assert_place(&o, VR_OWNER_BUFFER, BUFFER);
	assert_absent(o.truesize);
	guest_free(x.g);
}

static void an_af_xdp_socket_s_buffers_are_its_own(void **state)
{
	(void)state;
	for (unsigned bound = 0; bound < 2; bound++) {
		struct owner_guest x = rx_guest(ERA_6_12, AF_XDP, true, true);
		struct vr_owner o;

		fake_set(x.g->f, x.n->rq, RQ, "xsk_pool", bound ? BUFFER : 0);
		o = received(&x, BUFFER + 0x40);
		assert_place(&o, bound ? VR_OWNER_XDP_BUFF : VR_OWNER_BUFFER,
			     BUFFER + 0x40);
		guest_free(x.g);
	}
}

/* Whether a socket is bound stands in the receive_queue, of which the end is missing. */
static void a_missing_socket_is_not_none(void **state)
{
	struct owner_guest x = rx_guest(ERA_6_12, AF_XDP, true, true);
	struct fake_target *f = x.g->f;
	uint64_t end = 0xffff888070001000ULL, rq = end - fake_offset(f, RQ, "xsk_pool");
	struct vr_queue q;

	(void)state;
	fake_map(f, VR_KERNEL, rq, fake_sizeof(f, RQ));
	fake_set(f, x.n->vi, "virtnet_info", "rq", rq);
	fake_set(f, rq, RQ, "vq", x.n->rx[0].vq);
	give(&x.n->rx[0], BUFFER, 1536, true);
	q = read_owners(&x, "rx0");
	assert_int_equal(owner_at(&q, 0)->kind, VR_OWNER_BUFFER);
	fake_drop(f, VR_KERNEL, end);
	q = read_owners(&x, "rx0");
	assert_int_equal(owner_at(&q, 0)->kind, VR_OWNER_UNKNOWN);
	guest_free(x.g);
}

static void what_cannot_be_told_is_unknown(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	struct vr_owner o;

	(void)state;
	fake_forget(x.g->f, "virtnet_info", "mergeable_rx_bufs");
	o = received(&x, BUFFER);
	assert_int_equal(o.kind, VR_OWNER_UNKNOWN);
	assert_int_equal(o.addr, 0);
	guest_free(x.g);
}

static void a_buffer_outside_of_the_kernel_is_refused(void **state)
{
	static const uint64_t tokens[] = { 1, 0x7fffffffe000, 0x1234567812345678 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(tokens); i++) {
		struct owner_guest x = rx_guest(ERA_5_15, CONTEXT, true, true);
		struct vr_owner o = received(&x, tokens[i]);

		assert_string_equal(o.why, "no kernel address");
		guest_free(x.g);
	}
}

static void a_control_queue_s_token_is_just_a_token(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	struct vr_queue q;

	(void)state;
	give(&x.n->ctrl, x.n->vi, 64, false);
	q = read_owners(&x, "ctrl");
	assert_int_equal(owner_at(&q, 0)->kind, VR_OWNER_TOKEN);
	assert_int_equal(owner_at(&q, 0)->token, x.n->vi);
	assert_val(owner_at(&q, 0)->readable, 64);
	guest_free(x.g);
}

/* ---- which, how many, how long ---------------------------------------------------- */

static void returned_buffers_are_listed_and_measured(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	struct ring *r = &x.n->rx[0];
	struct vr_queue q;

	(void)state;
	give(r, BUFFER, 100, true);
	give(r, BUFFER + 0x1000, 200, true);
	give(r, BUFFER + 0x2000, 300, true);
	ring_return(r, 1, 60);
	ring_return(r, 0, 60);
	assert_int_equal(ring_reap(r), 1);
	q = read_owners(&x, "rx0");
	assert_int_equal(q.owners.total, 2);
	assert_int_equal(q.owners.count, 2);
	assert_true(owner_at(&q, 0)->returned);
	assert_val(owner_at(&q, 0)->writable, 100);
	assert_false(owner_at(&q, 2)->returned);
	assert_val(owner_at(&q, 2)->writable, 300);
	guest_free(x.g);
}

static void a_chain_that_ends_badly_has_no_length(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	struct ring *r = &x.n->tx[0];
	struct vr_queue q;

	(void)state;
	ring_add(r, 2);
	ring_set_desc(r, 1, DESC_NEXT_FLAG, 99);
	give(r, BUFFER, 50, false);
	q = read_owners(&x, "tx0");
	assert_int_equal(q.owners.count, 2);
	assert_unread(owner_at(&q, 0)->readable);
	assert_unread(owner_at(&q, 0)->writable);
	assert_val(owner_at(&q, 2)->readable, 50);
	guest_free(x.g);
}

/* A pair's queues are shown in full, others up to a limit. */
static void long_lists_are_cut_unless_the_queue_is_named(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct owner_guest x = { .g = g };
	struct walked w;
	struct vr_queue q;

	(void)state;
	fake_load_layout(g->f, "hand-owners.layout");
	x.n = guest_nic(g, &(struct nic_spec){ .name = "eth0", .num = 512 });
	for (unsigned i = 0; i < 300; i++)
		give(&x.n->rx[0], BUFFER + 0x1000 * i, i + 1, true);
	q = read_owners(&x, "rx0");
	assert_int_equal(q.owners.count, 300);
	assert_val(owner_at(&q, 299)->writable, 300);
	q = read_owners(&x, "rx");
	assert_int_equal(q.owners.count, 256);
	assert_int_equal(q.owners.total, 300);
	assert_val(owner_at(&q, 255)->writable, 256);
	w = (struct walked){ .sel = { .full = true } };
	assert_int_equal(vr_net_walk(&g->c, &w.sel, &w.snap, &w.err), VR_WALK_OK);
	assert_false(w.snap.devices[0].queues[0].owners.wanted);
	guest_free(g);
}

/* More than are measured at once, each with a length of its own. */
static void a_large_ring_is_measured_whole(void **state)
{
	struct guest *g = guest_new(ERA_6_12);
	struct owner_guest x = { .g = g };
	struct vr_queue q;

	(void)state;
	fake_load_layout(g->f, "hand-owners.layout");
	x.n = guest_nic(g, &(struct nic_spec){ .name = "eth0", .num = 32768 });
	for (unsigned i = 0; i < 32768; i++)
		give(&x.n->rx[0], BUFFER + 8 * i, i + 1, true);
	q = read_owners(&x, "rx0");
	assert_int_equal(q.owners.count, 32768);
	for (unsigned i = 0; i < 32768; i++) {
		assert_int_equal(q.owners.owner[i].head, i);
		assert_val(q.owners.owner[i].writable, i + 1);
	}
	guest_free(g);
}

/* Tokens are found by the buffer's id; the device overwrites what it returns. */
static void a_packed_ring_s_buffers_go_by_their_ids(void **state)
{
	struct guest *g = guest_new(ERA_6_12);
	struct vr_device d = { .type = { 19, VR_READ } };
	struct packed p;
	struct vr_queue q;
	uint16_t long_, short_, last;

	(void)state;
	packed_build(&p, g->f, &(struct packed_spec){ .num = 8 });
	packed_advance(&p, 6);
	long_ = packed_add(&p, 3);
	short_ = packed_add(&p, 1);
	last = packed_add(&p, 2);
	packed_return(&p, long_, 60);
	q = guest_read_packed(g, &p);
	vr_owners_read(&g->c, &d, &q, false, true);
	assert_true(q.owners.known);
	assert_int_equal(q.owners.count, 3);
	assert_true(owner_at(&q, long_)->returned);
	assert_unread(owner_at(&q, long_)->readable);
	assert_false(owner_at(&q, short_)->returned);
	/* The builder's descriptors: 100 bytes to read, then 101 to write, ... */
	assert_val(owner_at(&q, short_)->readable, 100);
	assert_val(owner_at(&q, short_)->writable, 0);
	assert_val(owner_at(&q, last)->readable, 100);
	assert_val(owner_at(&q, last)->writable, 101);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(q.owners.owner[i].kind, VR_OWNER_TOKEN);
	guest_free(g);
}

static void unread_tokens_are_not_none(void **state)
{
	struct owner_guest x = owner_guest(ERA_5_15);
	struct vr_queue q;

	(void)state;
	q = read_owners(&x, "rx0");
	assert_true(q.owners.known);
	assert_int_equal(q.owners.total, 0);
	give(&x.n->rx[0], BUFFER, 1536, true);
	fake_drop(x.g->f, VR_KERNEL, x.n->rx[0].state);
	q = read_owners(&x, "rx0");
	assert_false(q.owners.known);
	assert_int_equal(q.owners.count, 0);
	ring_set(&x.n->tx[0], RING_NUM, 5);
	q = read_owners(&x, "tx0");
	assert_false(q.owners.known);
	assert_int_equal(q.owners.count, 0);
	guest_free(x.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mergeable_buffers_are_pages_at_first),
		cmocka_unit_test(mergeable_buffers_are_cut_from_pages_in_3_13),
		cmocka_unit_test(the_size_is_in_the_token_up_to_4_9),
		cmocka_unit_test(the_size_is_in_the_context_since_4_12),
		cmocka_unit_test(big_packets_are_chains_of_pages),
		cmocka_unit_test(small_buffers_are_skbs_at_first),
		cmocka_unit_test(small_buffers_are_buffers_since_4_12),
		cmocka_unit_test(an_af_xdp_socket_s_buffers_are_its_own),
		cmocka_unit_test(a_missing_socket_is_not_none),
		cmocka_unit_test(what_cannot_be_told_is_unknown),
		cmocka_unit_test(a_buffer_outside_of_the_kernel_is_refused),
		cmocka_unit_test(a_control_queue_s_token_is_just_a_token),
		cmocka_unit_test(returned_buffers_are_listed_and_measured),
		cmocka_unit_test(a_chain_that_ends_badly_has_no_length),
		cmocka_unit_test(long_lists_are_cut_unless_the_queue_is_named),
		cmocka_unit_test(a_large_ring_is_measured_whole),
		cmocka_unit_test(a_packed_ring_s_buffers_go_by_their_ids),
		cmocka_unit_test(unread_tokens_are_not_none),
	};

	return cmocka_run_group_tests_name("owners_rx", tests, NULL, NULL);
}
