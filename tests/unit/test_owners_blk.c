// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_owners_blk.c - what virtio_blk's tokens are: requests of the device's own
 * disk, how old they are, and tokens that no driver would give.
 */
#include "unit.h"
#include "owner_builder.h"

#define ID_BLOCK	2
#define TICK		4000000ULL	/* 250 Hz, in ns */
#define NOW		900000000000ULL	/* of the last tick */

/* One block device with a ring of 16. */
struct blk {
	struct guest *g;
	struct vr_device d;
	struct ring r;
	uint64_t vblk, disk, queue, hctx;
	struct vr_queue q;
};

static void has_ops(struct guest *g)
{
	static const struct {
		const char *name;
		uint64_t value;
	} ops[] = { { "REQ_OP_READ", 0 }, { "REQ_OP_WRITE", 1 },
		    { "REQ_OP_FLUSH", 2 }, { "REQ_OP_DISCARD", 3 },
		    { "REQ_OP_ZONE_APPEND", 7 }, { "REQ_OP_WRITE_ZEROES", 9 } };

	for (unsigned i = 0; i < COUNT_OF(ops); i++)
		fake_enum(g->f, ops[i].name, ops[i].value);
}

static void has_clock(struct fake_target *f)
{
	uint64_t clock = fake_alloc(f, 64), words = fake_alloc(f, 16);

	fake_load_layout(f, "hand-clock.layout");
	fake_set(f, clock, "clocksource", "mult", TICK << 8);
	fake_set(f, clock, "clocksource", "shift", 8);
	fake_u64(f, words, 1000000);
	fake_u64(f, words + 8, NOW + TICK);
	fake_symbol(f, "clocksource_jiffies", clock);
	fake_symbol(f, "jiffies_64", words);
	fake_symbol(f, "tick_next_period", words + 8);
}

static struct blk *new_blk(void)
{
	struct guest *g = guest_new(ERA_6_12);
	struct fake_target *f = g->f;
	struct blk *b = fake_own(f, sizeof(*b));

	fake_load_layout(f, "hand-blk.layout");
	has_clock(f);
	b->g = g;
	b->vblk = fake_alloc(f, 300);
	b->disk = fake_alloc(f, 700);
	b->queue = fake_alloc(f, 64);
	b->hctx = fake_alloc(f, 512);
	b->d.type = (struct vr_val){ ID_BLOCK, VR_READ };
	b->d.virtio_device = fake_alloc(f, fake_sizeof(f, "virtio_device"));
	fake_set(f, b->d.virtio_device, "virtio_device", "priv", b->vblk);
	fake_set(f, b->vblk, "virtio_blk", "vdev", b->d.virtio_device);
	fake_set(f, b->vblk, "virtio_blk", "disk", b->disk);
	fake_set(f, b->disk, "gendisk", "queue", b->queue);
	fake_str(f, b->disk + fake_offset(f, "gendisk", "disk_name"), "vdb");
	fake_set(f, b->hctx, "blk_mq_hw_ctx", "queue", b->queue);
	ring_build(&b->r, f, &(struct ring_spec){ .num = 16 });
	return b;
}

static void set_request(struct blk *b, uint64_t rq, const char *member, uint64_t v)
{
	fake_set(b->g->f, rq, "request", member, v);
}

/* A request with the driver's part behind it, on pages of its own. */
static uint64_t new_request(struct blk *b, uint32_t op, uint64_t sector,
			    uint32_t len)
{
	struct fake_target *f = b->g->f;
	uint64_t size = fake_sizeof(f, "request");
	uint64_t rq = fake_alloc(f, size + fake_sizeof(f, "virtblk_req"));

	set_request(b, rq, "q", b->queue);
	set_request(b, rq, "mq_hctx", b->hctx);
	/* Flags above the operation: REQ_SYNC and others. */
	set_request(b, rq, "cmd_flags", 0x8800 << 8 | op);
	set_request(b, rq, "__sector", sector);
	set_request(b, rq, "__data_len", len);
	set_request(b, rq, "tag", 17);
	set_request(b, rq, "state", 1);
	fake_set(f, rq + size, "virtblk_req", "out_hdr.type", op == 2 ? 4 : op);
	return rq;
}

static uint64_t token_of(struct blk *b, uint64_t rq)
{
	return rq + fake_sizeof(b->g->f, "request");
}

static const struct vr_queue *read_blk(struct blk *b)
{
	b->q = guest_read_ring(b->g, &b->r);
	vr_owners_read(&b->g->c, &b->d, &b->q, false, true);
	return &b->q;
}

/* The owner of the only buffer, whose token this is. */
static const struct vr_owner *only_request(struct blk *b, uint64_t token)
{
	give(&b->r, token, 16, false);
	return owner_at(read_blk(b), 0);
}

static void free_blk(struct blk *b)
{
	guest_free(b->g);
}

/* ---- requests -------------------------------------------------------------------- */

static void a_request_is_told(void **state)
{
	struct blk *b = new_blk();
	const struct vr_request *r;
	const struct vr_owner *o;
	uint64_t rq = new_request(b, 1, 0x123456789abULL, 65536);

	(void)state;
	has_ops(b->g);
	o = only_request(b, token_of(b, rq));
	assert_int_equal(o->kind, VR_OWNER_REQUEST);
	assert_null(o->why);
	assert_int_equal(o->addr, token_of(b, rq));
	assert_val(o->readable, 16);
	r = o->request;
	assert_non_null(r);
	assert_int_equal(r->addr, rq);
	assert_string_equal(r->disk, "vdb");
	assert_val(r->sector, 0x123456789abULL);
	assert_val(r->data_len, 65536);
	assert_val(r->op, 1);
	assert_string_equal(r->op_name, "WRITE");
	assert_val(r->type, 1);
	assert_val(r->tag, 17);
	assert_val(r->state, 1);
	assert_null(r->age_from);
	assert_absent(r->age_ms);
	assert_int_equal(b->g->c.nerrors, 0);
	free_blk(b);
}

static void each_operation_has_its_name(void **state)
{
	static const struct {
		uint32_t op;
		const char *name;
	} ops[] = { { 0, "READ" }, { 1, "WRITE" }, { 2, "FLUSH" }, { 3, "DISCARD" },
		    { 7, "ZONE_APPEND" }, { 9, "WRITE_ZEROES" }, { 200, NULL } };
	struct blk *b = new_blk();

	(void)state;
	has_ops(b->g);
	for (unsigned i = 0; i < COUNT_OF(ops); i++)
		give(&b->r, token_of(b, new_request(b, ops[i].op, 8, 512)), 16, false);
	read_blk(b);
	for (unsigned i = 0; i < COUNT_OF(ops); i++) {
		const struct vr_request *r = owner_at(&b->q, i)->request;

		assert_val(r->op, ops[i].op);
		if (ops[i].name)
			assert_string_equal(r->op_name, ops[i].name);
		else
			assert_null(r->op_name);
	}
	free_blk(b);
}

/* 4.8 and 4.9 have such constants too, but FLUSH is 5 there and the operation is
 * in other bits: only what the device was told can be relied on. */
static void other_constants_are_not_taken_for_these(void **state)
{
	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		struct blk *b = new_blk();
		const struct vr_owner *o;

		if (known)
			fake_enum(b->g->f, "REQ_OP_FLUSH", 5);
		o = only_request(b, token_of(b, new_request(b, 1, 8, 512)));
		assert_absent(o->request->op);
		assert_null(o->request->op_name);
		assert_val(o->request->type, 1);
		free_blk(b);
	}
}

static void a_flush_has_no_sector(void **state)
{
	struct blk *b = new_blk();
	uint64_t rq = new_request(b, 2, UINT64_MAX, 0);
	const struct vr_owner *o;

	(void)state;
	has_ops(b->g);
	set_request(b, rq, "tag", 0xffffffff);
	o = only_request(b, token_of(b, rq));
	assert_string_equal(o->request->op_name, "FLUSH");
	assert_absent(o->request->sector);
	assert_absent(o->request->tag);
	assert_val(o->request->type, 4);
	free_blk(b);
}

/* Up to some 4.x the driver's part pointed to the request, wherever that was. */
static void a_back_pointer_is_followed_where_there_is_one(void **state)
{
	struct blk *b = new_blk();
	struct fake_target *f = b->g->f;
	uint64_t rq = new_request(b, 0, 99, 512), vbr = fake_alloc(f, 64);
	const struct vr_owner *o;

	(void)state;
	fake_load_layout(f, "hand-blk-3.10.layout");
	fake_set(f, vbr, "virtblk_req", "req", rq);
	fake_set(f, vbr, "virtblk_req", "out_hdr.type", 0);
	o = only_request(b, vbr);
	assert_null(o->why);
	assert_int_equal(o->addr, vbr);
	assert_int_equal(o->request->addr, rq);
	assert_val(o->request->sector, 99);
	free_blk(b);
}

/* ---- age ---------------------------------------------------------------------------- */

static struct vr_request aged(uint64_t start, uint64_t io_start)
{
	struct blk *b = new_blk();
	uint64_t rq = new_request(b, 0, 8, 512);
	struct vr_request r;

	set_request(b, rq, "start_time_ns", start);
	set_request(b, rq, "io_start_time_ns", io_start);
	r = *only_request(b, token_of(b, rq))->request;
	free_blk(b);
	return r;
}

static void age_is_counted_from_what_is_recorded(void **state)
{
	struct vr_request r = aged(NOW - 5000000000, NOW - 2000000000);

	(void)state;
	assert_val(r.age_ms, 2000);
	assert_string_equal(r.age_from, "io_start_time_ns");
	r = aged(NOW - 5000000000, 0);
	assert_val(r.age_ms, 5000);
	assert_string_equal(r.age_from, "start_time_ns");
	r = aged(0, 0);
	assert_absent(r.age_ms);
	assert_null(r.age_from);
	/* Behind the last tick, and in no time that can be. */
	assert_val(aged(0, NOW + TICK / 2).age_ms, 0);
	assert_unread(aged(0, NOW + 60000000000).age_ms);
	assert_unread(aged(UINT64_MAX, 0).age_ms);
}

/* Up to 4.17 it was in jiffies, and start_time_ns of another clock. */
static void age_in_jiffies_comes_first(void **state)
{
	struct blk *b = new_blk();
	uint64_t rq;
	const struct vr_request *r;

	(void)state;
	fake_load_layout(b->g->f, "hand-blk-4.17.layout");
	rq = new_request(b, 0, 8, 512);
	set_request(b, rq, "start_time", 1000000 - 750);
	set_request(b, rq, "start_time_ns", 123);
	r = only_request(b, token_of(b, rq))->request;
	assert_val(r->age_ms, 3000);
	assert_string_equal(r->age_from, "start_time");
	free_blk(b);
}

static void without_a_clock_there_is_no_age(void **state)
{
	struct blk *b = new_blk();
	uint64_t rq = new_request(b, 0, 8, 512);
	const struct vr_request *r;

	(void)state;
	fake_no_symbols(b->g->f);
	set_request(b, rq, "io_start_time_ns", NOW);
	r = only_request(b, token_of(b, rq))->request;
	assert_unread(r->age_ms);
	assert_string_equal(r->age_from, "io_start_time_ns");
	free_blk(b);
}

/* ---- hostile tokens ------------------------------------------------------------------- */

static void assert_refused(uint64_t token, const char *why)
{
	struct blk *b = new_blk();
	const struct vr_owner *o = only_request(b, token);

	assert_int_equal(o->kind, VR_OWNER_REQUEST);
	assert_non_null(o->why);
	assert_string_equal(o->why, why);
	assert_null(o->request);
	free_blk(b);
}

static void no_pointer_is_followed(void **state)
{
	(void)state;
	assert_refused(1, "no kernel address");
	assert_refused(0x7fffffffe000, "no kernel address");
	assert_refused(0xffff888100000004, "not aligned");
	assert_refused(0xffffc90000000000, "unreadable");
	/* The request would begin before the kernel does. */
	assert_refused(0xff00000000000000, "no kernel address");
	assert_refused(0xffff888100000800, "not of this disk's queue");
}

static void another_queue_s_request_is_not_believed(void **state)
{
	struct blk *b = new_blk();
	struct fake_target *f = b->g->f;
	uint64_t other = fake_alloc(f, 64), hctx = fake_alloc(f, 512);
	uint64_t rq[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		rq[i] = new_request(b, 0, i, 512);
		give(&b->r, token_of(b, rq[i]), 16, false);
	}
	set_request(b, rq[0], "q", other);
	set_request(b, rq[1], "mq_hctx", 0x1000);
	set_request(b, rq[2], "mq_hctx", hctx);	/* queue 0 */
	read_blk(b);
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(owner_at(&b->q, i)->why, "not of this disk's queue");
		assert_null(owner_at(&b->q, i)->request);
	}
	assert_null(owner_at(&b->q, 3)->why);
	assert_val(owner_at(&b->q, 3)->request->sector, 3);
	free_blk(b);
}

static void a_missing_page_is_told(void **state)
{
	struct blk *b = new_blk();
	uint64_t rq = new_request(b, 0, 8, 512);

	(void)state;
	fake_drop(b->g->f, VR_KERNEL, rq);
	assert_string_equal(only_request(b, token_of(b, rq))->why, "unreadable");
	free_blk(b);
}

/* Without the disk, or the types, a token is just a token. */
static void without_the_way_to_the_disk_it_is_a_token(void **state)
{
	struct blk *b = new_blk();
	const struct vr_owner *o;

	(void)state;
	fake_set(b->g->f, b->vblk, "virtio_blk", "vdev", b->disk);
	o = only_request(b, token_of(b, new_request(b, 0, 8, 512)));
	assert_int_equal(o->kind, VR_OWNER_TOKEN);
	assert_null(o->request);
	get_error(&b->g->c, VR_E_MISFIT, "virtio_blk.vdev");
	free_blk(b);
	b = new_blk();
	fake_set(b->g->f, b->vblk, "virtio_blk", "disk", 0);
	o = only_request(b, token_of(b, new_request(b, 0, 8, 512)));
	assert_int_equal(o->kind, VR_OWNER_TOKEN);
	get_error(&b->g->c, VR_E_NULL, "virtio_blk.disk");
	free_blk(b);
	b = new_blk();
	fake_forget(b->g->f, "virtblk_req", NULL);
	o = only_request(b, 0xffff888100000000);
	assert_int_equal(o->kind, VR_OWNER_TOKEN);
	assert_val(o->readable, 16);
	assert_string_equal(get_error(&b->g->c, VR_E_NOTYPE, "out_hdr.type")->of,
			    "virtblk_req");
	free_blk(b);
}

static void other_devices_tokens_are_just_tokens(void **state)
{
	struct blk *b = new_blk();
	const struct vr_owner *o;

	(void)state;
	b->d.type.v = 19;
	o = only_request(b, 0x1234);
	assert_int_equal(o->kind, VR_OWNER_TOKEN);
	assert_int_equal(o->token, 0x1234);
	assert_null(o->why);
	assert_val(o->readable, 16);
	assert_int_equal(b->g->c.nerrors, 0);
	free_blk(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_told),
		cmocka_unit_test(each_operation_has_its_name),
		cmocka_unit_test(other_constants_are_not_taken_for_these),
		cmocka_unit_test(a_flush_has_no_sector),
		cmocka_unit_test(a_back_pointer_is_followed_where_there_is_one),
		cmocka_unit_test(age_is_counted_from_what_is_recorded),
		cmocka_unit_test(age_in_jiffies_comes_first),
		cmocka_unit_test(without_a_clock_there_is_no_age),
		cmocka_unit_test(no_pointer_is_followed),
		cmocka_unit_test(another_queue_s_request_is_not_believed),
		cmocka_unit_test(a_missing_page_is_told),
		cmocka_unit_test(without_the_way_to_the_disk_it_is_a_token),
		cmocka_unit_test(other_devices_tokens_are_just_tokens),
	};

	return cmocka_run_group_tests_name("owners_blk", tests, NULL, NULL);
}
