// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_kinds.c - vhost devices that no tap leads to, in each era that has them: a
 * vhost_vsock and a vhost_scsi, by the files that the VMM has open.
 */
#include <inttypes.h>

#include "unit.h"
#include "host_builder.h"
#include "hop_follow.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_ALL; era++)
#define VSOCK_MINOR	241u
#define SCSI_MINOR	57u	/* any that is free */
#define CID		42u
#define NQUEUES		4u
#define NUM		128u
#define USER		0x7f5600000000ULL
#define USER_MEMORY	0x30000000ULL	/* physical */
#define F_EVENT_IDX	(1ULL << 29)

/* A vhost_dev in a struct of this type, with its queues. */
struct other {
	uint64_t addr, dev, vq[NQUEUES];
};

static void set_vq(struct host *h, uint64_t vq, const char *path, uint64_t v)
{
	fake_set(h->f, vq, "vhost_virtqueue", path, v);
}

/* At rest: all that was published has been taken and returned. */
static void set_queue(struct host *h, const struct other *o, unsigned n)
{
	uint64_t at = USER + n * FAKE_PAGE, vq = o->vq[n], used = at + 16 * NUM + 320;
	uint64_t phys = USER_MEMORY + n * FAKE_PAGE, page[FAKE_PAGE / 8] = { 0 };
	uint16_t idx = (uint16_t)(100 * (n + 1)), *word = (uint16_t *)page;

	set_vq(h, vq, "num", NUM);
	set_vq(h, vq, "desc", at);
	set_vq(h, vq, "avail", at + 16 * NUM);
	set_vq(h, vq, "used", used);
	set_vq(h, vq, "last_avail_idx", idx);
	set_vq(h, vq, "avail_idx", idx);
	set_vq(h, vq, "last_used_idx", idx);
	set_vq(h, vq, "signalled_used", idx);
	set_vq(h, vq, "signalled_used_valid", 1);
	if (fake_has(h->f, "vhost_virtqueue", "is_le"))
		set_vq(h, vq, "is_le", 1);
	if (fake_has(h->f, "vhost_virtqueue", "acked_features"))
		set_vq(h, vq, "acked_features", F_EVENT_IDX);
	else
		fake_set(h->f, o->dev, "vhost_dev", "acked_features", F_EVENT_IDX);
	set_vq(h, vq, "private_data", o->addr);
	word[8 * NUM + 1] = idx;			/* avail->idx */
	word[8 * NUM + 2 + NUM] = idx;			/* used_event */
	word[(used - at) / 2 + 1] = idx;		/* used->idx */
	word[(used - at) / 2 + 2 + 4 * NUM] = idx;	/* avail_event */
	pt_map(&h->user, at, phys, 1, 0);
	fake_put(h->f, VR_PHYS, phys, page, sizeof(page));
}

static struct other make(struct host *h, const char *type, unsigned n)
{
	struct other o = { .addr = host_alloc(h, type) };
	uint64_t table = fake_alloc(h->f, 8 * n);

	o.dev = o.addr + fake_offset(h->f, type, "dev");
	fake_set(h->f, o.dev, "vhost_dev", "mm", h->mm);
	fake_set(h->f, o.dev, "vhost_dev", "vqs", table);
	fake_set(h->f, o.dev, "vhost_dev", "nvqs", n);
	for (unsigned i = 0; i < n; i++) {
		o.vq[i] = host_alloc(h, "vhost_virtqueue");
		fake_u64(h->f, table + 8 * i, o.vq[i]);
		set_vq(h, o.vq[i], "dev", o.dev);
	}
	return o;
}

/* What is told of its n-th queue. */
static void check_queue(struct host *h, const struct host_walked *w, const char *json,
			const struct other *o, unsigned n, const char *device,
			const char *label)
{
	const struct vr_hostq *q = host_walked_queue(w, o->vq[n]);
	struct json_words words = { .n = 0 };

	json_want_text(&words, "device", device);
	json_want_text(&words, "queue", label);
	json_want(&words, "vq", n);
	json_want(&words, "vhost_dev", o->dev);
	json_want(&words, "vhost_net", 0)->none = true;
	json_want(&words, "net_device", 0)->none = true;
	json_want(&words, "owner.pid", HOST_OWNER_PID);
	json_want(&words, "last_avail_idx", 100 * (n + 1));
	json_want(&words, "ring.readable", 1);
	json_want(&words, "ring.avail.idx", 100 * (n + 1));
	json_want(&words, "ring.used.idx", 100 * (n + 1));
	json_check(&h->g->c.arena, json, (unsigned)(q - w->host.queues), &words, h->name);
	assert_int_equal(q->verdict.state, VR_ST_IDLE);
	assert_int_equal(q->vhost->addr, o->addr);
}

/* ---- vsock --------------------------------------------------------------------- */

static void a_vsock_is_found_by_its_open_file(void **state)
{
	unsigned found = 0;

	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_walked w;
		const char *json;
		struct other o;

		if (!fake_has(h->f, "vhost_vsock", NULL)) {
			assert_true(era == ERA_3_10 || era == ERA_4_4);
			host_free(h);
			continue;
		}
		o = make(h, "vhost_vsock", 2);
		set_queue(h, &o, 0);
		set_queue(h, &o, 1);
		fake_set(h->f, o.addr, "vhost_vsock", "guest_cid", CID);
		host_open_misc(h, VSOCK_MINOR, "vhost-vsock", o.addr);
		w = host_walk(h, NULL);
		json = host_json(h, &w);
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(h->g->c.nerrors, 0);
		assert_int_equal(w.host.nqueues, 2);
		check_queue(h, &w, json, &o, 0, "vhost-vsock", "rx");
		check_queue(h, &w, json, &o, 1, "vhost-vsock", "tx");
		assert_val(w.host.queues[0].vhost->cid, CID);
		assert_non_null(strstr(json, "\"guest_cid\":42,"));
		host_free(h);
		found++;
	}
	assert_int_equal(found, ERA_ALL - 2);
}

/* Up to 4.12 and in el7 it took any free minor number. */
static void a_vsock_of_any_number_is_found_by_its_name(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_walked w;
		struct other o;

		if (fake_has(h->f, "vhost_vsock", NULL)) {
			o = make(h, "vhost_vsock", 2);
			set_queue(h, &o, 0);
			set_queue(h, &o, 1);
			host_open_misc(h, SCSI_MINOR, "vhost-vsock", o.addr);
			w = host_walk(h, NULL);
			assert_int_equal(w.status, VR_WALK_OK);
			assert_int_equal(w.host.nqueues, 2);
			assert_int_equal(w.host.queues[0].vhost->kind, VR_VHOST_VSOCK);
		}
		host_free(h);
	}
}

/* Of one name, and told apart by their guests. */
static void two_guests_vsocks_are_two_devices(void **state)
{
	struct host *h = host_new(ERA_6_12);
	struct host_walked w;
	char heading[96];
	const char *text;
	struct other o[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		o[i] = make(h, "vhost_vsock", 2);
		set_queue(h, &o[i], 0);
		set_queue(h, &o[i], 1);
		fake_set(h->f, o[i].addr, "vhost_vsock", "guest_cid", CID + i);
		host_open_misc(h, VSOCK_MINOR, "vhost-vsock", o[i].addr);
	}
	w = host_walk(h, NULL);
	text = host_text(h, &w);
	assert_int_equal(w.host.nqueues, 4);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(heading, sizeof(heading), "vhost-vsock  vhost %" PRIx64 "  guest_cid %u\n",
			 o[i].addr, CID + i);
		if (!strstr(text, heading))
			fail_msg("no '%s' in\n%s", heading, text);
	}
	host_free(h);
}

/* ---- scsi ---------------------------------------------------------------------- */

/* It has any minor number, so its name tells; of its queues those that are set up. */
static void a_scsi_is_found_by_its_open_file_s_name(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct host *h = host_new(era);
		struct host_walked w;
		const char *json;
		struct other o;

		o = make(h, "vhost_scsi", NQUEUES);
		set_queue(h, &o, 0);
		set_queue(h, &o, 2);
		host_open_misc(h, SCSI_MINOR, "vhost-scsi", o.addr);
		w = host_walk(h, NULL);
		json = host_json(h, &w);
		assert_int_equal(w.status, VR_WALK_OK);
		assert_int_equal(h->g->c.nerrors, 0);
		assert_int_equal(w.host.nqueues, 2);
		check_queue(h, &w, json, &o, 0, "vhost-scsi", "vq0");
		check_queue(h, &w, json, &o, 2, "vhost-scsi", "vq2");
		assert_absent(w.host.queues[0].vhost->cid);
		assert_non_null(strstr(json, "\"guest_cid\":null,"));
		host_free(h);
	}
}

/* A forged one with as many queues as are believed, all but the first never set up. */
static void forge_bare(struct host *h, uint64_t bare)
{
	struct other o = make(h, "vhost_scsi", 1);
	uint64_t table = fake_alloc(h->f, 8 * VR_MAX_VHOST_VQS);

	fake_set(h->f, o.dev, "vhost_dev", "vqs", table);
	fake_set(h->f, o.dev, "vhost_dev", "nvqs", VR_MAX_VHOST_VQS);
	fake_u64(h->f, table, o.vq[0]);
	for (unsigned i = 1; i < VR_MAX_VHOST_VQS; i++)
		fake_u64(h->f, table + 8 * i, bare);
	host_open_misc(h, SCSI_MINOR, "vhost-scsi", o.addr);
}

static void queues_without_end_that_are_not_set_up_end(void **state)
{
	struct host *h = host_new(ERA_6_1);
	uint64_t bare = host_alloc(h, "vhost_virtqueue");
	struct host_walked w;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		forge_bare(h, bare);
	h->f->t.reads = 0;
	w = host_walk(h, NULL);
	assert_int_equal(w.status, VR_WALK_NO_DEVICE);
	get_error(&h->g->c, VR_E_BUDGET, "vhost queues that are not set up");
	/* 16 of them: the pointer and one word for each queue. */
	assert_in_range(h->f->t.reads, 2 * 32768, 5 * 32768);
	host_free(h);
}

/* Whether it was set up is not known: its page is missing. */
static void a_queue_that_cannot_be_read_is_shown(void **state)
{
	struct host *h = host_new(ERA_6_1);
	struct other o = make(h, "vhost_scsi", 1);
	uint64_t table = fake_alloc(h->f, 16);
	struct host_walked w;

	(void)state;
	set_queue(h, &o, 0);
	fake_set(h->f, o.dev, "vhost_dev", "vqs", table);
	fake_set(h->f, o.dev, "vhost_dev", "nvqs", 2);
	fake_u64(h->f, table, o.vq[0]);
	fake_u64(h->f, table + 8, 0xffff888812340000);
	host_open_misc(h, SCSI_MINOR, "vhost-scsi", o.addr);
	w = host_walk(h, NULL);
	assert_int_equal(w.host.nqueues, 2);
	assert_string_equal(w.host.queues[1].label, "vq1");
	assert_int_equal(w.host.queues[1].verdict.state, VR_ST_UNREADABLE);
	host_free(h);
}

/* vhost_scsi and vhost_vsock hold their vhost_dev, which points to an array of pointers. */
static void hops_to_their_queues_can_be_followed(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned scsi = 0; scsi < 2; scsi++) {
			struct host *h = host_new(era);
			const char *type = scsi ? "vhost_scsi" : "vhost_vsock";
			struct vr_walks walks = { .count = 0 };
			struct host_walked w;
			struct other o;

			if (!fake_has(h->f, type, NULL)) {
				host_free(h);
				continue;
			}
			o = make(h, type, scsi ? NQUEUES : 2);
			set_queue(h, &o, 1);
			host_open_misc(h, scsi ? SCSI_MINOR : VSOCK_MINOR,
				       scsi ? "vhost-scsi" : "vhost-vsock", o.addr);
			w = host_walk(h, NULL);
			assert_int_equal(vr_trace_host(&h->g->c, &w.host, &walks), 0);
			for (unsigned i = 0; i < walks.count; i++) {
				const struct vr_path *p = &walks.path[i];

				assert_int_equal(p->nhops, 8);
				for (unsigned k = 0; k < p->nhops; k++) {
					hop_follow(h->f, &p->hops[k], h->name);
					assert_true(k < 2 || k > 5 ||
						    p->hops[k].addr == p->hops[k - 1].next);
				}
				assert_int_equal(p->hops[4].next, w.host.queues[i].vhost_virtqueue);
			}
			assert_int_equal(walks.count, scsi ? 1 : 2);
			host_free(h);
		}
	}
}

/* ---- others -------------------------------------------------------------------- */

static void files_of_other_names_are_none_of_vhost_s(void **state)
{
	static const char *const names[] = { "kvm", "vhost-vdpa-0", "vhost-scs", "vhost-scsi2",
					     "" };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		struct host *h = host_new(ERA_6_1);
		struct other o = make(h, "vhost_scsi", NQUEUES);
		struct host_walked w;

		set_queue(h, &o, 0);
		host_open_misc(h, SCSI_MINOR, names[i], o.addr);
		w = host_walk(h, NULL);
		assert_int_equal(w.status, VR_WALK_NO_DEVICE);
		assert_int_equal(w.host.nvhosts, 0);
		assert_int_equal(h->g->c.nerrors, 0);
		host_free(h);
	}
}

/* The number alone makes no vhost_vsock of what does not point back. */
static void a_file_whose_queue_does_not_point_back_is_told(void **state)
{
	struct host *h = host_new(ERA_6_1);
	struct other o = make(h, "vhost_vsock", 2);
	struct host_walked w;

	(void)state;
	set_queue(h, &o, 0);
	set_vq(h, o.vq[0], "dev", o.dev + 8);
	host_open_misc(h, VSOCK_MINOR, "vhost-vsock", o.addr);
	w = host_walk(h, NULL);
	assert_int_equal(w.host.nqueues, 0);
	assert_int_equal(get_error(&h->g->c, VR_E_MISFIT, "vhost_virtqueue.dev")->addr,
			 o.dev);
	host_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vsock_is_found_by_its_open_file),
		cmocka_unit_test(two_guests_vsocks_are_two_devices),
		cmocka_unit_test(a_vsock_of_any_number_is_found_by_its_name),
		cmocka_unit_test(a_scsi_is_found_by_its_open_file_s_name),
		cmocka_unit_test(queues_without_end_that_are_not_set_up_end),
		cmocka_unit_test(a_queue_that_cannot_be_read_is_shown),
		cmocka_unit_test(hops_to_their_queues_can_be_followed),
		cmocka_unit_test(files_of_other_names_are_none_of_vhost_s),
		cmocka_unit_test(a_file_whose_queue_does_not_point_back_is_told),
	};

	return cmocka_run_group_tests_name("host_kinds", tests, NULL, NULL);
}
