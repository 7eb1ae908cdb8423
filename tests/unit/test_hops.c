// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_hops.c - vqwalk's hops: the manual procedure's own rules and addresses,
 * and the other way to the private area.
 */
#include "unit.h"
#include "guest_builder.h"

/* The transcript's addresses. */
#define NET_DEVICE	0xffff8800da2f8000ULL
#define VIRTNET_INFO	0xffff8800da2f8840ULL
#define SQ		0xffff8804079bc000ULL
#define RQ		0xffff8804079be000ULL
#define VVQ		0xffff880035420000ULL
#define AVAIL		0xffff88003541c000ULL
#define USED		0xffff88003541d000ULL
#define DESC		(AVAIL - 16 * 1024)

static struct vr_path trace(struct guest *g, struct walked *w)
{
	struct vr_walks walks = { .count = 0 };

	assert_int_equal(w->status, VR_WALK_OK);
	assert_int_equal(vr_trace(&g->c, &w->snap, &walks), 0);
	assert_int_equal(walks.count, 1);
	return walks.path[0];
}

static void assert_hop(const struct vr_hop *h, const char *type, uint64_t addr,
		       const char *member, uint64_t next, const char *rule)
{
	char words[160];

	assert_string_equal(h->type, type);
	assert_int_equal(h->addr, addr);
	if (member)
		assert_string_equal(h->member, member);
	else
		assert_null(h->member);
	assert_int_equal(h->next, next);
	vr_hop_rule(words, sizeof(words), h);
	assert_string_equal(words, rule);
}

static void the_procedures_hops(void **state)
{
	struct guest *g = guest_new(ERA_4_9);
	struct walked w;
	struct vr_path p;
	struct nic *nic;
	struct ring r;
	uint64_t stride;
	char rule[160];

	(void)state;
	fake_type(g->f, "net_device", 0x840);
	fake_member(g->f, "net_device", "dev", 1032, 720, "device");
	nic = guest_nic(g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
			.num = 1024, .dev_at = NET_DEVICE, .sq_at = SQ,
			.rq_at = RQ });
	ring_build(&r, g->f, &(struct ring_spec){ .num = 1024, .vvq_at = VVQ,
						  .desc_at = DESC });
	fake_u64(g->f, guest_vq_slot(g, nic, VR_TX, 1), VVQ);
	stride = fake_sizeof(g->f, "send_queue");
	w = guest_walk(g, "eth0", "tx1");
	p = trace(g, &w);
	assert_string_equal(p.device, "eth0");
	assert_string_equal(p.label, "tx1");
	assert_int_equal(p.nhops, 12);
	assert_hop(&p.hops[0], "net_device", NET_DEVICE, NULL, VIRTNET_INFO,
		   "sizeof(net_device) 0x840 aligned to 32");
	assert_hop(&p.hops[1], "virtnet_info", VIRTNET_INFO, "sq", SQ, "pointer");
	snprintf(rule, sizeof(rule), "element 1, sizeof(send_queue) 0x%x each",
		 (unsigned)stride);
	assert_hop(&p.hops[2], "send_queue", SQ, NULL, SQ + stride, rule);
	assert_hop(&p.hops[3], "send_queue", SQ + stride, "vq", VVQ, "pointer");
	assert_hop(&p.hops[4], "virtqueue", VVQ, NULL, VVQ,
		   "first member of vring_virtqueue: same address");
	assert_hop(&p.hops[5], "vring_virtqueue", VVQ, "vring.desc", DESC,
		   "pointer");
	assert_hop(&p.hops[6], "vring_virtqueue", VVQ, "vring.avail", AVAIL,
		   "pointer");
	assert_hop(&p.hops[7], "vring_virtqueue", VVQ, "vring.used", USED,
		   "pointer");
	/* ring begins at +4 in the transcript: idx is the word before. */
	assert_hop(&p.hops[8], "vring_avail", AVAIL, "idx", 0xffff88003541c002ULL,
		   "16-bit word");
	assert_hop(&p.hops[9], "vring_avail", AVAIL, "used_event",
		   0xffff88003541c004ULL + 2 * 1024,
		   "16-bit word behind ring[1023]");
	assert_hop(&p.hops[10], "vring_used", USED, "idx", 0xffff88003541d002ULL,
		   "16-bit word");
	assert_hop(&p.hops[11], "vring_used", USED, "avail_event",
		   0xffff88003541d004ULL + 8 * 1024,
		   "16-bit word behind ring[1023]");
	guest_free(g);
}

static void a_priv_member_is_the_private_area(void **state)
{
	struct guest *g = guest_new(ERA_6_12);
	struct nic *nic = guest_nic(g, &(struct nic_spec){ .name = "eth0",
							   .pairs = 1 });
	struct walked w;
	struct vr_path p;
	uint64_t dev;

	(void)state;
	(void)nic;
	w = guest_walk(g, "eth0", "rx0");
	p = trace(g, &w);
	dev = w.snap.devices[0].ref.addr;
	assert_hop(&p.hops[0], "net_device", dev, "priv",
		   dev + fake_offset(g->f, "net_device", "priv"),
		   "address of the member");
	assert_string_equal(p.hops[1].member, "rq");
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_procedures_hops),
		cmocka_unit_test(a_priv_member_is_the_private_area),
	};

	return cmocka_run_group_tests_name("hops", tests, NULL, NULL);
}
