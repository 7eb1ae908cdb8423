// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vhost_iov.c - the buffer that vhost translated last, as vhost_virtqueue.iov has it, in
 * each era; with -d only.
 */
#include "unit.h"
#include "host_builder.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_ALL; era++)
#define BASE	0x7f124c7b8000ULL

struct shown {
	struct host *h;
	struct host_vhost *v;
	struct host_walked w;
	const struct vr_hostq *q;
};

/* A queue with so many pieces, and what 'vhostq -d' or 'vhostq' reads of it. */
static struct shown show(enum guest_era era, unsigned pieces, bool chains)
{
	struct shown x = { .h = host_new(era) };
	struct host_tap *t = host_tap(x.h, &(struct tap_spec){ "tap0", "tun", 0 });
	struct vr_select sel = { .chains = chains, .full = chains };
	struct vr_missing missing;
	uint64_t at;

	x.v = host_serve(x.h, t, &(struct vhost_spec){ .asleep = true });
	at = x.v->vq[HOST_TX] + fake_offset(x.h->f, "vhost_virtqueue", "iov");
	for (unsigned i = 0; i < pieces; i++) {
		fake_u64(x.h->f, at + 16 * i, BASE + 0x1000 * i);
		fake_u64(x.h->f, at + 16 * i + 8, i ? 1514 : 12);
	}
	assert_int_equal(vr_layout_resolve(&x.h->g->c, VR_G_KERNEL | VR_G_TASKS | VR_G_VHOST,
					   &missing), 0);
	x.w.status = vr_host_walk(&x.h->g->c, &sel, 0, &x.w.host, &x.w.err);
	vr_check_host(&x.h->g->c, &x.w.host);
	x.q = host_walked_queue(&x.w, x.v->vq[HOST_TX]);
	return x;
}

static void the_pieces_come_out(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct shown x = show(era, 2, true);

		assert_true(x.q->iov_known);
		assert_int_equal(x.q->niov, 2);
		assert_int_equal(x.q->iov[0].base, BASE);
		assert_int_equal(x.q->iov[0].len, 12);
		assert_non_null(strstr(host_json(x.h, &x.w), "\"iov\":[{\"base\":\"0x7f124c7b8000\",\"len\":12},"
				       "{\"base\":\"0x7f124c7b9000\",\"len\":1514}]"));
		assert_non_null(strstr(host_text(x.h, &x.w), " leftovers)\n    7f124c7b8000+12 7f124c7b9000+1514\n"));
		host_free(x.h);
	}
}

static void the_first_ones_of_many(void **state)
{
	struct shown x = show(ERA_6_1, 20, true);

	(void)state;
	assert_int_equal(x.q->niov, VR_IOV_SHOWN);
	host_free(x.h);
}

static void a_queue_that_translated_nothing_has_none(void **state)
{
	struct shown x = show(ERA_6_1, 0, true);

	(void)state;
	assert_true(x.q->iov_known);
	assert_non_null(strstr(host_json(x.h, &x.w), "\"iov\":[]"));
	assert_non_null(strstr(host_text(x.h, &x.w), " leftovers)\n    none\n"));
	host_free(x.h);
}

/* A member that this kernel calls otherwise is not told for empty. */
static void what_is_not_known_is_null(void **state)
{
	struct host *h = host_new(ERA_6_1);
	struct vr_hostq q = { .vhost_virtqueue = 0xffff888000001000, .chains.wanted = true };

	(void)state;
	h->g->c.layout.f[VR_VHQ_IOV].known = false;
	vr_vhost_iov(&h->g->c, &q);
	assert_false(q.iov_known);
	h->g->c.layout.f[VR_VHQ_IOV] = (struct vr_field){ .known = true, .size = 160 };
	vr_vhost_iov(&h->g->c, &q);
	assert_false(q.iov_known);
	get_error(&h->g->c, VR_E_READ, "vhost_virtqueue.iov");
	host_free(h);
}

static void without_the_option_it_is_not_read(void **state)
{
	struct shown x = show(ERA_6_1, 2, false);

	(void)state;
	assert_false(x.q->iov_known);
	assert_null(strstr(host_json(x.h, &x.w), "\"iov\":"));
	assert_null(strstr(host_text(x.h, &x.w), "leftovers"));
	host_free(x.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pieces_come_out),
		cmocka_unit_test(the_first_ones_of_many),
		cmocka_unit_test(a_queue_that_translated_nothing_has_none),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(without_the_option_it_is_not_read),
	};

	return cmocka_run_group_tests_name("vhost iov", tests, NULL, NULL);
}
