// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_seed.c - the procedure by hand that this module replaces, with the values
 * of its transcript: a guest whose kernel has 'vring' embedded and shadows (an
 * el7-style one), eth0's second transmit queue, a ring of 1024.
 *
 * The transcript's words were read one after the other from a busy live system,
 * so they do not fit together; all that matters here is that each is found.
 */
#include "unit.h"
#include "guest_builder.h"

#define NET_DEVICE	0xffff8800da2f8000ULL
#define VIRTNET_INFO	0xffff8800da2f8840ULL
#define SQ		0xffff8804079bc000ULL
#define RQ		0xffff8804079be000ULL
#define VVQ		0xffff880035420000ULL
#define AVAIL		0xffff88003541c000ULL
#define USED		0xffff88003541d000ULL
/* vring_init() puts 1024 descriptors of 16 bytes right before the avail ring. */
#define DESC		(AVAIL - 16 * 1024)

struct sample {
	struct guest *g;
	struct nic *nic;
	struct ring tx1;
};

static int setup(void **state)
{
	struct sample *s = calloc(1, sizeof(*s));
	struct ring *r;

	assert_non_null(s);
	r = &s->tx1;
	s->g = guest_new(ERA_4_9);
	fake_type(s->g->f, "net_device", 0x840);
	fake_member(s->g->f, "net_device", "dev", 1032, 720, "device");
	s->nic = guest_nic(s->g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
			   .num = 1024, .dev_at = NET_DEVICE, .sq_at = SQ,
			   .rq_at = RQ });
	ring_build(r, s->g->f, &(struct ring_spec){ .num = 1024, .vvq_at = VVQ,
						    .desc_at = DESC });
	fake_u64(s->g->f, guest_vq_slot(s->g, s->nic, VR_TX, 1), VVQ);
	ring_set(r, RING_NUM_FREE, 1023);
	ring_set(r, RING_FREE_HEAD, 1);
	ring_set(r, RING_LAST_USED_IDX, 21777);
	ring_set(r, RING_AVAIL_IDX_SHADOW, 21778);
	ring_set(r, RING_AVAIL_IDX, 21790);
	ring_set(r, RING_USED_IDX, 9274);
	ring_set(r, RING_AVAIL_EVENT, 10380);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct sample *s = *state;

	guest_free(s->g);
	free(s);
	return 0;
}

/* 0x840 is a multiple of 32 already. */
static void virtnet_info_follows_the_rounded_net_device(void **state)
{
	struct sample *s = *state;
	struct walked w = guest_walk(s->g, "eth0", "tx1");

	assert_int_equal(w.status, VR_WALK_OK);
	assert_int_equal(w.snap.devices[0].ref.addr, NET_DEVICE);
	assert_int_equal(w.snap.devices[0].virtnet_info, VIRTNET_INFO);
	assert_int_equal(s->g->c.nerrors, 0);
}

/* The host's net_device of the transcript has 0x8c0 bytes: 0xffff881f8fa708c0. */
static void the_private_area_is_aligned_to_32(void **state)
{
	static const struct {
		uint64_t size, priv;
	} cases[] = {
		{ 0x840, 0x840 }, { 0x841, 0x860 }, { 0x85f, 0x860 },
		{ 0x860, 0x860 }, { 0x8c0, 0x8c0 }, { 2176, 0x880 },
	};
	struct sample *s = *state;

	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct vr_ctx c = { .t = &s->g->f->t };

		c.layout.f[VR_SZ_NET_DEVICE] = (struct vr_field){
			.known = true, .size = (uint32_t)cases[i].size };
		assert_int_equal(vr_netdev_priv(&c, 0xffff881f8fa70000ULL),
				 0xffff881f8fa70000ULL + cases[i].priv);
	}
}

static void the_second_send_queue_leads_to_its_virtqueue(void **state)
{
	struct sample *s = *state;
	struct walked w = guest_walk(s->g, "eth0", "output.1");
	const struct vr_queue *q = walked_queue(&w, "eth0", "tx1");

	/* (send_queue *)sq)[1], by the size that the layout gives. */
	assert_int_equal(q->owner, SQ + 704);
	assert_int_equal(q->vring_virtqueue, VVQ);
	assert_int_equal(q->split.avail, AVAIL);
	assert_int_equal(q->split.used, USED);
	assert_int_equal(w.snap.devices[0].nqueues, 1);
}

static void the_drivers_words_are_the_transcripts(void **state)
{
	struct sample *s = *state;
	struct walked w = guest_walk(s->g, "eth0", "tx1");
	const struct vr_queue *q = walked_queue(&w, "eth0", "tx1");

	assert_val(q->num_free, 1023);
	assert_val(q->free_head, 1);
	assert_val(q->last_used_idx, 21777);
	assert_val(q->avail_idx_shadow, 21778);
}

static void the_shared_words_are_the_transcripts(void **state)
{
	struct sample *s = *state;
	struct walked w = guest_walk(s->g, "eth0", "tx1");
	const struct vr_queue *q = walked_queue(&w, "eth0", "tx1");

	assert_int_equal(q->split.num, 1024);
	assert_val(q->split.avail_idx, 21790);
	assert_val(q->split.used_idx, 9274);
	/* p ((struct vring_used_elem *)0xffff88003541d004)[1024].id */
	assert_val(q->split.avail_event, 10380);
}

/* The same two words where the procedure reads them by hand. */
static void the_event_words_lie_behind_entry_1024(void **state)
{
	struct sample *s = *state;
	struct walked w;
	const struct vr_queue *q;

	fake_u16(s->g->f, 0xffff88003541d004ULL + 8 * 1024, 4444);
	fake_u16(s->g->f, 0xffff88003541c004ULL + 2 * 1024, 5555);
	w = guest_walk(s->g, "eth0", "tx1");
	q = walked_queue(&w, "eth0", "tx1");
	assert_val(q->split.avail_event, 4444);
	assert_val(q->split.used_event, 5555);
}

/* px ((__virtio16 *)0xffff88003541c004)[21790 % 1024] */
static void the_next_avail_slot_is_286(void **state)
{
	struct sample *s = *state;
	struct walked w;
	const struct vr_queue *q;

	fake_u16(s->g->f, 0xffff88003541c004ULL + 2 * 286, 1);
	fake_u16(s->g->f, 0xffff88003541c004ULL + 2 * 285, 1000);
	w = guest_walk(s->g, "eth0", "tx1");
	q = walked_queue(&w, "eth0", "tx1");
	assert_int_equal(q->split.avail_next.slot, 286);
	assert_val(q->split.avail_next.id, 1);
	assert_int_equal(q->split.avail_last.slot, 285);
	assert_val(q->split.avail_last.id, 1000);
	/* 9274 = 9 * 1024 + 58, 21777 = 21 * 1024 + 273 */
	assert_int_equal(q->split.used_last.slot, 57);
	assert_int_equal(q->split.used_reap.slot, 273);
}

static void the_counts_are_differences_mod_2_16(void **state)
{
	struct sample *s = *state;
	struct walked w = guest_walk(s->g, "eth0", "tx1");
	const struct vr_queue *q = walked_queue(&w, "eth0", "tx1");

	assert_val(q->counts.in_flight, 21790 - 21777);
	assert_val(q->counts.device_pending, 21790 - 9274);
	assert_val(q->counts.driver_pending, 9274 - 21777 + 65536);
}

/* One buffer in flight by num_free: descriptor 0, the list goes on with 1. */
static void descriptor_0_is_not_on_the_free_list(void **state)
{
	struct sample *s = *state;
	struct walked w;
	const struct vr_queue *q;

	ring_set_token(&s->tx1, 0, 0xffff880407000000ULL);
	w = guest_walk(s->g, "eth0", "tx1");
	q = walked_queue(&w, "eth0", "tx1");
	assert_int_equal(q->slots.state[0], VR_SLOT_DEVICE);
	assert_int_equal(q->slots.state[1], VR_SLOT_FREE);
	assert_int_equal(q->slots.count[VR_SLOT_FREE], 1023);
	assert_int_equal(s->g->c.nerrors, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(virtnet_info_follows_the_rounded_net_device),
		TEST(the_private_area_is_aligned_to_32),
		TEST(the_second_send_queue_leads_to_its_virtqueue),
		TEST(the_drivers_words_are_the_transcripts),
		TEST(the_shared_words_are_the_transcripts),
		TEST(the_event_words_lie_behind_entry_1024),
		TEST(the_next_avail_slot_is_286),
		TEST(the_counts_are_differences_mod_2_16),
		TEST(descriptor_0_is_not_on_the_free_list),
	};

	return cmocka_run_group_tests_name("seed", tests, NULL, NULL);
}
