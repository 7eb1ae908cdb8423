// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_compare.c - which queues of a guest and of a host are one.
 */
#include <time.h>

#include "compare_builder.h"

static void one_guest_is_joined(void **state)
{
	struct both *x = *state;

	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_ptr_equal(x->k.pairs[i].q, &x->q[0][i]);
		assert_ptr_equal(x->k.pairs[i].h, &x->hq[i]);
		assert_int_equal(x->k.pairs[i].where, VR_AT_NOBODY);
		assert_verdict(&x->k.pairs[i].joint, VR_ST_IDLE, VR_SEV_OK);
		assert_true(x->k.pairs[i].moment_known && !x->k.pairs[i].apart_in_time);
	}
	assert_has(both_text(x, false), "guest: eth0 ctrl has no partner: vhost never has this queue");
	assert_has(both_text(x, false), "\n2 pairs; ");
	assert_has(both_text(x, true), "\"same_moment\":true");
}

static void equal_guests_are_listed_and_not_joined(void **state)
{
	struct both *x = *state;

	x->s.ndevices = 1;
	x->h.nqueues = 6;	/* three guests that booted alike */
	both_compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_int_equal(x->k.ncandidates, 3);
	assert_has(both_text(x, false), "so may others, not joined");
	assert_has(both_text(x, false), "nothing of the one side is the other end of the other's");
	x->s.ndevices = 3;
	both_compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_int_equal(x->k.ncandidates, 9);
	/* Nor where the others lead away from the first only by the host's end. */
	x->s.ndevices = 2;
	x->h.nqueues = 2;
	both_compare(x);
	assert_int_equal(x->k.npairs, 0);
}

/* Why the host's words are missing, and whose documents do not fit. */
static void missing_words_and_strangers_are_explained(void **state)
{
	struct both *x = *state;

	x->s.ndevices = 1;
	x->h.nqueues = 2;
	x->hq[0].why = VR_TR_NO_PAGE;
	x->hq[1].why = VR_TR_SWAPPED;
	both_compare(x);
	assert_has(both_text(x, false), "the host's words of the ring: not in the dump (makedumpfile -d 17");
	assert_has(both_text(x, false), "the host's words of the ring: swapped out\n");
	x->hq[0].dma_desc = x->hq[1].dma_desc = READ(0x1000);
	strcpy(x->s.nodename, "web\x1b");
	strcpy(x->h.nodename, "blade7");
	both_compare(x);
	assert_has(both_text(x, false), "0 pairs; nothing of the one side is the other end of the"
		   " other's: guest 'web\\x1b', host 'blade7'\n");
}

static void plausible_indices_break_a_tie(void **state)
{
	struct both *x = *state;

	x->h.nqueues = 6;
	for (unsigned i = 2; i < 6; i++)
		x->hq[i].last_avail_idx = x->hq[i].last_used_idx = READ(30000);
	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
	assert_ptr_equal(x->k.pairs[0].h, &x->hq[0]);
	assert_int_equal(x->k.ncandidates, 3);
	assert_has(both_text(x, false), "the addresses fit, the indices do not");
	/* One queue of a device is enough to tell it apart. */
	x->hq[2].last_avail_idx = x->hq[2].last_used_idx = READ(1000);
	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
	/* The differences go on across the wrap. */
	x->q[0][0].split.avail_idx = x->hq[0].ring.avail_idx = READ(100);
	x->q[0][0].split.used_idx = x->q[0][0].last_used_idx = READ(65500);
	x->hq[0].last_avail_idx = x->hq[0].last_used_idx = READ(65500);
	x->hq[0].ring.used_idx = READ(65500);
	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
}

static void assert_no_pair(struct both *x)
{
	both_compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_int_equal(x->k.ncandidates, 0);
}

static void what_does_not_change_has_to_fit(void **state)
{
	struct both *x = *state;
	struct vr_hostq sound = x->hq[1];
	struct vr_queue mine = x->q[0][1];

	x->hq[1].num = READ(128);
	assert_no_pair(x);
	x->hq[1] = sound;
	x->hq[1].acked_features.v |= 1ULL << 15;	/* what the guest has not */
	assert_no_pair(x);
	x->hq[1] = sound;
	x->hq[1].dma_used = READ(0x77000);
	assert_no_pair(x);
	x->hq[1] = sound;
	x->q[0][1].dir = VR_RX;
	assert_no_pair(x);
	x->q[0][1] = mine;
	x->q[0][1].packed = true;	/* vhost has no packed rings */
	assert_no_pair(x);
	x->q[0][1] = mine;
	x->hq[1].dma_desc = UNREAD;	/* not set up: no say */
	both_compare(x);
	assert_int_equal(x->k.npairs, 1);
	x->hq[1] = sound;
	/* A vsock's queues are no net device's. */
	x->v[0].kind = VR_VHOST_VSOCK;
	assert_no_pair(x);
	x->q[0][0].dir = x->q[0][1].dir = VR_OTHER;
	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
	/* Behind an IOMMU there are no addresses to go by. */
	x->v[0].iotlb = true;
	for (unsigned i = 0; i < 2; i++)
		x->hq[i].dma_desc = x->hq[i].dma_avail = x->hq[i].dma_used = UNREAD;
	assert_no_pair(x);
	assert_has(both_text(x, false), "host: tap0 rx0 has no partner: its addresses are behind an IOMMU");
}

static void a_guest_with_queues_to_spare_is_joined(void **state)
{
	struct both *x = *state;

	/* Two pairs of one tap, each with a vhost of its own; the second is detached. */
	x->hq[2].ref = x->hq[3].ref = x->hq[0].ref;
	x->v[1].mm = x->v[0].mm;
	x->hq[2].detached = x->hq[3].detached = true;
	x->hq[2].num = x->hq[3].num = READ(1);
	x->h.nqueues = 4;
	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
	assert_int_equal(x->k.ncandidates, 1);
	assert_int_equal(x->k.candidates[0].count, 4);
}

/* Two hosts' devices at the addresses of one guest's, and one of them lacks a pair. */
static void a_whole_device_comes_before_a_part(void **state)
{
	struct both *x = *state;

	x->h.nqueues = 4;
	x->q[0][0].in_use = x->q[0][1].in_use = true;
	x->hq[3].num = READ(1);		/* the other one sends nothing */
	both_compare(x);
	assert_int_equal(x->k.ncandidates, 2);
	assert_int_equal(x->k.npairs, 2);
	assert_ptr_equal(x->k.pairs[1].h, &x->hq[1]);
	assert_has(both_text(x, false), "some of its queues have no other end there");
	assert_has(both_text(x, true), "\"whole\":false");
	/* Where the guest has no use for it, it is not missed. */
	x->q[0][1].in_use = false;
	both_compare(x);
	assert_int_equal(x->k.npairs, 0);
	/* Alone a part is taken: the document may be of one queue. */
	x->q[0][1].in_use = true;
	x->h.nqueues = 1;
	both_compare(x);
	assert_int_equal(x->k.npairs, 1);
}

/* No backend leads to an interface any more: each pair of queues stands alone. */
static void pairs_without_backends_are_joined(void **state)
{
	struct both *x = *state;
	/* Of one guest with two pairs: rx0 tx0 rx1 tx1. */
	struct vr_queue q[4] = { x->q[0][0], x->q[0][1] };

	both_queue(&q[2], 0);
	both_queue(&q[3], 1);
	for (unsigned n = 0; n < 2; n++) {
		struct vr_hostq *h = &x->hq[2 + n];

		h->dma_desc.v += 0x100000;
		h->dma_avail.v += 0x100000;
		h->dma_used.v += 0x100000;
		q[2 + n].split.avail_idx = h->ring.avail_idx;
		q[2 + n].dma_desc = h->dma_desc;
		q[2 + n].dma_avail = h->dma_avail;
		q[2 + n].dma_used = h->dma_used;
	}
	x->d[0].queues = q;
	x->d[0].nqueues = 4;
	x->h.nqueues = 4;
	for (unsigned i = 0; i < 6; i++)
		x->hq[i].ref.addr = 0;
	both_compare(x);
	assert_int_equal(x->k.ncandidates, 2);
	assert_int_equal(x->k.npairs, 4);
	/* Another guest's first pair is where this one's is, its second elsewhere. */
	x->h.nqueues = 6;
	both_compare(x);
	assert_int_equal(x->k.ncandidates, 3);
	assert_int_equal(x->k.npairs, 2);
	assert_ptr_equal(x->k.pairs[0].h, &x->hq[2]);
}

/* Listed twice, by a forged document: one other end is enough. */
static void a_queue_has_one_other_end(void **state)
{
	struct both *x = *state;

	x->hq[2] = x->hq[0];
	x->hq[3] = x->hq[1];
	x->h.nqueues = 4;
	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
	assert_has(both_text(x, false), "host: tap0 rx0 has no partner");
}

static void assert_ends(struct both *x)
{
	clock_t start = clock();

	both_compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_true(x->k.gave_up);
	assert_true(clock() - start < 20 * CLOCKS_PER_SEC);
	assert_has(both_text(x, true), "\"gave_up\":true");
}

static void hostile_counts_end_in_the_budget(void **state)
{
	enum { MANY = 65536 };
	struct both *x = *state;
	struct vr_queue *q = calloc(MANY, sizeof(*q));
	struct vr_device *d = calloc(MANY, sizeof(*d));
	struct vr_hostq *h = calloc(MANY, sizeof(*h));

	assert_true(q && d && h);
	for (unsigned i = 0; i < MANY; i++) {
		q[i].dir = VR_TX;
		d[i].queues = &q[i];
		d[i].nqueues = 1;
		h[i] = x->hq[1];
		h[i].num = UNREAD;
		h[i].ref.addr = i + 1;
	}
	x->s = (struct vr_snapshot){ .devices = d, .ndevices = MANY };
	x->h.queues = h;
	x->h.nqueues = MANY;
	assert_ends(x);		/* not one of them set up */
	for (unsigned i = 0; i < MANY; i++)
		h[i].num = READ(256);
	assert_ends(x);		/* none that fits */
	for (unsigned i = 0; i < MANY; i++)
		q[i] = x->q[0][1];
	assert_ends(x);		/* all fit */
	assert_true(x->k.ncandidates <= 4096);
	x->d[0].queues = q;
	x->d[0].nqueues = MANY;
	for (unsigned i = 0; i < MANY; i++) {
		q[i].num = 2;
		h[i].ref.addr = 1;
	}
	x->s = (struct vr_snapshot){ .devices = x->d, .ndevices = 1 };
	both_compare(x);		/* one device, one tap: nothing fits, at the first queue */
	assert_int_equal(x->k.npairs, 0);
	free(q);
	free(d);
	free(h);
}

/* Each word of the ring as either end has it, and where they part. */
static void words_stand_side_by_side(void **state)
{
	struct both *x = *state;

	x->q[0][1].split.avail_idx = READ(1003);
	x->q[0][1].num_free = READ(250);
	x->hq[1].ring.avail_event = UNREAD;
	x->hq[1].kick_count = READ(12);
	x->hq[1].call_count = x->q[0][1].split.avail_flags = x->hq[1].ring.avail_flags = UNREAD;
	both_compare(x);
	assert_has(both_text(x, false), "    avail->idx            1003    avail->idx            1000  differs\n"
		   "    avail->flags             -    avail->flags             -\n"
		   "    used_event            1000    used_event            1000\n"
		   "    used->idx             1000    used->idx             1000\n");
	assert_has(x->text, "    avail_event           1000    avail_event              -\n");
	assert_has(x->text, "    driver  last_used_idx 1000   num_added 0   num_free 250\n");
	assert_has(x->text, "    vhost   avail_idx 1000   last_avail_idx 1000   last_used_idx 1000   signalled_used 1000   used_flags 0   kicks 12   calls -\n");
	assert_has(both_text(x, true), "\"avail\":{\"flags\":null,\"idx\":1003,\"used_event\":1000}");
	assert_has(x->text, "\"signalled_used\":1000,\"used_flags\":0,\"kicks\":12,\"calls\":null}");
	/* What a page of zeros says is nothing that the host knows. */
	x->hq[1].zeros = true;
	both_compare(x);
	assert_has(both_text(x, false), "    avail->idx            1003    avail->idx               -\n");
	assert_has(both_text(x, true), "\"avail\":{\"flags\":null,\"idx\":null,\"used_event\":null}");
}

/* Containers' interfaces have each other's names. */
static void a_name_is_told_with_its_namespace(void **state)
{
	struct both *x = *state;

	x->s.ndevices = 2;
	x->h.nqueues = 4;
	for (unsigned i = 0; i < 2; i++) {
		x->d[i].ref.inum = READ(4026531840);
		x->hq[2 * i].ref.inum = x->hq[2 * i + 1].ref.inum = READ(4026532000 + i);
	}
	both_compare(x);
	assert_has(both_text(x, false), "eth0 may be tap0 (netns 4026532001): so may others");
	assert_has(x->text, "host: tap0 (netns 4026532000) rx0 has no partner");
	x->d[1].ref.inum = READ(4026531841);
	both_compare(x);
	assert_has(both_text(x, false), "eth1 (netns 4026531841) may be tap0 (netns 4026532000)");
	assert_has(both_text(x, true), "\"device\":\"tap0\",\"netns\":4026532001");
}

/* As if one queue had been selected: what is not about it is left out. */
static void a_part_of_it_is_told(void **state)
{
	struct both *x = *state;
	uint64_t tx = 0x501, host_tx = 0x601;

	x->hq[0].vhost_virtqueue = 0x600;
	x->hq[1].vhost_virtqueue = host_tx;
	both_compare(x);
	vr_compare_narrow(&x->k, false, &tx, 1);
	assert_int_equal(x->k.npairs, 1);
	assert_ptr_equal(x->k.pairs[0].q, &x->q[0][1]);
	assert_null(strstr(both_text(x, false), "has no partner"));
	both_compare(x);
	vr_compare_narrow(&x->k, true, &host_tx, 1);
	assert_int_equal(x->k.npairs, 1);
	assert_ptr_equal(x->k.pairs[0].h, &x->hq[1]);
	/* The control queue never has one. */
	tx = 0x502;
	both_compare(x);
	vr_compare_narrow(&x->k, false, &tx, 1);
	assert_int_equal(x->k.npairs, 0);
	assert_has(both_text(x, false), "ctrl has no partner");
	assert_null(strstr(x->text, "host:"));
}

static void what_may_be_the_partner_of_a_part_is_told(void **state)
{
	struct both *x = *state;
	uint64_t tx = 0x711;

	x->s.ndevices = 2;
	x->h.nqueues = 2;
	x->q[1][1].vring_virtqueue = tx;
	both_compare(x);
	assert_int_equal(x->k.ncandidates, 2);
	vr_compare_narrow(&x->k, false, &tx, 1);
	assert_int_equal(x->k.ncandidates, 1);
	assert_has(both_text(x, false), "eth1 may be tap0");
	assert_has(x->text, "guest: eth1 tx0 has no partner");
	assert_null(strstr(x->text, "eth0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, both_setup, both_teardown)
		TEST(one_guest_is_joined),
		TEST(equal_guests_are_listed_and_not_joined),
		TEST(missing_words_and_strangers_are_explained),
		TEST(plausible_indices_break_a_tie),
		TEST(what_does_not_change_has_to_fit),
		TEST(a_guest_with_queues_to_spare_is_joined),
		TEST(a_whole_device_comes_before_a_part),
		TEST(pairs_without_backends_are_joined),
		TEST(a_queue_has_one_other_end),
		TEST(hostile_counts_end_in_the_budget),
		TEST(words_stand_side_by_side),
		TEST(a_name_is_told_with_its_namespace),
		TEST(a_part_of_it_is_told),
		TEST(what_may_be_the_partner_of_a_part_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
