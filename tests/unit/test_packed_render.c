// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_render.c - a device with a packed queue as text, as JSON and as hops:
 * from net_device to what is printed.
 */
#include "unit.h"
#include "guest_builder.h"

struct fixture {
	struct guest *g;
	struct nic *nic;
	struct packed p;
	struct walked w;
	char *out;
	size_t len;
};

/*
 * Seven slots; the driver has come from slot 3 over the end to slot 2.  Of its three
 * buffers the second was returned first, into the slots of the first.
 */
static struct fixture fixture(enum guest_era era, bool in_order)
{
	struct fixture x = { .g = guest_new(era) };
	uint16_t id;

	x.nic = guest_nic(x.g, &(struct nic_spec){ .name = "eth0", .num = 8 });
	packed_build(&x.p, x.g->f, &(struct packed_spec){ .num = 7,
		     .vvq_at = x.nic->tx[0].vvq, .in_order = in_order });
	packed_advance(&x.p, 3);
	packed_add(&x.p, 3);
	id = packed_add(&x.p, 1);
	packed_add_indirect(&x.p, 2);
	if (!in_order)
		packed_return(&x.p, id, 60);
	packed_set_area(&x.p, x.p.driver, 0x8003, 2);
	packed_set_area(&x.p, x.p.device, 0x0001, 1);
	packed_set(&x.p, PACKED_EVENT_SHADOW, 2);
	packed_set(&x.p, PACKED_NUM_ADDED, 1);
	return x;
}

static void walk(struct fixture *x, const char *queue, bool chains)
{
	x->w = (struct walked){ .sel = { .device = "eth0", .chains = chains } };
	guest_resolve(x->g);
	if (queue)
		assert_int_equal(vr_select_queue(&x->w.sel, queue), 0);
	assert_int_equal(vr_net_walk(&x->g->c, &x->w.sel, &x->w.snap, &x->w.err),
			 VR_WALK_OK);
}

static const char *text(struct fixture *x, const char *queue, bool chains)
{
	FILE *out;

	walk(x, queue, chains);
	free(x->out);
	x->out = NULL;
	out = open_memstream(&x->out, &x->len);
	assert_non_null(out);
	vr_text_snapshot(out, &x->g->c, &x->w.snap, &x->w.sel, 80);
	fclose(out);
	return x->out;
}

static const char *json(struct fixture *x, const char *queue, bool chains)
{
	FILE *out;

	walk(x, queue, chains);
	free(x->out);
	x->out = NULL;
	out = open_memstream(&x->out, &x->len);
	assert_non_null(out);
	vr_json_snapshot(out, &x->g->c, &x->w.snap);
	fclose(out);
	return x->out;
}

static void done(struct fixture *x)
{
	free(x->out);
	guest_free(x->g);
}

static void __attribute__((format(printf, 2, 3)))
assert_has(const char *where, const char *format, ...)
{
	char want[512];
	va_list args;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	if (!strstr(where, want))
		fail_msg("'%s' is not in:\n%s", want, where);
}

static void assert_lacks(const char *where, const char *unwanted)
{
	if (strstr(where, unwanted))
		fail_msg("'%s' is in:\n%s", unwanted, where);
}

/* ---- text ------------------------------------------------------------------------ */

static void the_full_block(void **state)
{
	struct fixture x = fixture(ERA_6_12, false);
	const char *t = text(&x, "tx0", false);
	unsigned long long driver = x.p.driver, device = x.p.device;

	(void)state;
	assert_has(t, "num 7  packed\n");
	assert_has(t, "    num_free 2   free_head 5   num_added 1\n");
	assert_has(t, "    next_avail_idx 1 (wrap 0)   last_used_idx 3 (wrap 1)\n");
	assert_has(t, "    event_flags_shadow 2 (callbacks on)   event 1");
	assert_has(t, "    next to be returned at slot 4 (wrap 1)\n");
	assert_has(t, "  driver area %llx, written by the driver, about interrupts\n"
		   "    flags 2 (DESC)   off_wrap 32771: slot 3, wrap 1\n", driver);
	assert_has(t, "  device area %llx, written by the device, about kicks\n"
		   "    flags 1 (DISABLE)   off_wrap 1: slot 1, wrap 0 (not looked at)\n",
		   device);
	assert_has(t, "    in_flight          3  published, not reaped   (buffers)\n");
	assert_has(t, "    device_pending     2  published, not returned (buffers)\n");
	assert_has(t, "    driver_pending     1  returned, not reaped    (buffers, ");
	assert_has(t, "  kick       suppressed: the device polls (flags)\n");
	assert_has(t, "  interrupt  due: the device has passed the driver's event position\n");
	assert_has(t, "descriptors %llx: . free 2, D with the device 4, u returned and "
		   "not reaped 1\n      0 D..uDDD\n", (unsigned long long)x.p.desc);
	/* A split ring's words are not there. */
	assert_lacks(t, "used_event");
	assert_lacks(t, "avail_idx_shadow");
	assert_lacks(t, "chains with");
	done(&x);
}

static void the_block_says_in_order(void **state)
{
	struct fixture x = fixture(ERA_7_1, true);
	const char *t = text(&x, "tx0", false);

	(void)state;
	assert_has(t, "num 7  packed  in order\n");
	assert_has(t, "      0 D..DDDD\n");
	done(&x);
}

/* The columns up to the last but the verdict. */
static void assert_row(const char *t, const char *want)
{
	const char *at = strstr(t, "\ntx0 ");
	char got[13][32], all[256] = "";

	assert_non_null(at);
	assert_int_equal(sscanf(at, "%31s %31s %31s %31s %31s %31s %31s %31s %31s "
				"%31s %31s %31s", got[0], got[1], got[2], got[3],
				got[4], got[5], got[6], got[7], got[8], got[9],
				got[10], got[11]), 12);
	/* Behind the label and the address. */
	for (unsigned i = 2; i < 12; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			 i == 2 ? "" : " ", got[i]);
	assert_string_equal(all, want);
	at = strstr(at, "packed");
	assert_non_null(at);
}

/* NUM FREE L_USED AVAIL USED FLIGHT DEV DRV U_EVENT A_EVENT */
static void a_row_of_the_table(void **state)
{
	struct fixture x = fixture(ERA_6_12, false);

	(void)state;
	assert_row(text(&x, NULL, false), "7 2 3 1 4 3 2 1 3 off");
	packed_set_area(&x.p, x.p.driver, 0x8003, 0);
	packed_set_area(&x.p, x.p.device, 0x8006, 2);
	assert_row(text(&x, NULL, false), "7 2 3 1 4 3 2 1 on 6");
	packed_set_area(&x.p, x.p.driver, 0, 3);
	packed_set_area(&x.p, x.p.device, 0, 0xffff);
	assert_row(text(&x, NULL, false), "7 2 3 1 4 3 2 1 ? ?");
	fake_drop(x.g->f, VR_KERNEL, x.p.driver);
	fake_drop(x.g->f, VR_KERNEL, x.p.state);
	assert_row(text(&x, NULL, false), "7 2 3 1 - - - - - ?");
	done(&x);
}

static void what_is_unknown_is_a_dash(void **state)
{
	struct fixture x = fixture(ERA_5_4, false);
	const char *t;

	(void)state;
	packed_set(&x.p, PACKED_NEXT_AVAIL, 7);
	fake_drop(x.g->f, VR_KERNEL, x.p.device);
	packed_set_area(&x.p, x.p.driver, 0, 3);
	t = text(&x, "tx0", true);
	assert_has(t, "next to be returned at slot - (wrap -)\n");
	assert_has(t, "    device_pending     -  ");
	assert_has(t, "    driver_pending     -  ");
	assert_has(t, "    in_flight          3  ");
	assert_has(t, "about kicks\n    flags -   off_wrap -\n");
	assert_has(t, "about interrupts\n    flags 3 (unknown)   off_wrap 0: slot 0, "
		   "wrap 0 (not looked at)\n");
	assert_has(t, "  kick       cannot be told: ");
	assert_has(t, "  interrupt  cannot be told: ");
	assert_has(t, "  chains with the device: -\n");
	assert_lacks(t, "D with the device");
	done(&x);
}

static void callbacks_that_are_off(void **state)
{
	struct fixture x = fixture(ERA_5_15, false);

	(void)state;
	packed_set(&x.p, PACKED_EVENT_SHADOW, 1);
	assert_has(text(&x, "tx0", false),
		   "event_flags_shadow 1 (DISABLE: callbacks off)   event 1");
	done(&x);
}

/* Sizes that are no power of two: each slot once, in rows. */
static void the_picture_of_any_size(void **state)
{
	static const uint32_t nums[] = { 1, 3, 17, 63, 65, 100, 255, 257, 1000 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(nums); i++) {
		struct fixture x = { .g = guest_new(ERA_5_15) };
		uint32_t marks[128] = { 0 };
		const char *at;

		x.nic = guest_nic(x.g, &(struct nic_spec){ .name = "eth0" });
		packed_build(&x.p, x.g->f, &(struct packed_spec){ .num = nums[i],
			     .vvq_at = x.nic->tx[0].vvq });
		packed_add(&x.p, (nums[i] + 1) / 2);
		at = strstr(text(&x, "tx0", false), "  descriptors ");
		assert_non_null(at);
		/* Each row begins with the number of its first slot. */
		for (at = strchr(at, '\n'); at && at[1] == ' '; at = strchr(at + 1, '\n'))
			for (const char *k = at + 9; *k && *k != '\n'; k++)
				marks[(unsigned char)*k & 127]++;
		assert_int_equal(marks['D'], (nums[i] + 1) / 2);
		assert_int_equal(marks['.'], nums[i] / 2);
		done(&x);
	}
}

/* ---- chains ------------------------------------------------------------------------ */

static void the_chains_with_ids(void **state)
{
	struct fixture x = fixture(ERA_6_12, false);
	const char *t = text(&x, "tx0", true);

	(void)state;
	assert_has(t, "  chains with the device: 2\n    slot 4, id 0: 2 descriptors, "
		   "0 bytes to read, 203 to write; stopped: descriptors overwritten by "
		   "the return of other buffers\n"
		   "          4  addr 40004000  len 101  flags 131 NEXT WRITE AVAIL  id 0\n"
		   "          5  addr 40005000  len 102  flags 130 WRITE AVAIL  id 0\n"
		   "    slot 0, id 4: 3 descriptors, 1000 bytes to read, 1001 to write\n");
	assert_has(t, "  len 32  flags 32772 INDIRECT USED  id 4\n"
		   "            0  addr 40000000  len 1000  flags 0  id 0\n"
		   "            1  addr 40001000  len 1001  flags 2 WRITE  id 0\n");
	done(&x);
}

/* ---- JSON ------------------------------------------------------------------------- */

static void the_same_as_json(void **state)
{
	struct fixture x = fixture(ERA_6_12, false);
	const char *j = json(&x, "tx0", true);

	(void)state;
	assert_has(j, "\"layout\":\"packed\",\"in_order\":false,\"num\":7,\"num_free\":2,"
		   "\"free_head\":5,\"num_added\":1,\"last_used_idx\":3,"
		   "\"avail_idx_shadow\":null,\"avail_flags_shadow\":null,");
	assert_has(j, "\"desc\":null,\"avail\":null,\"used\":null,\"packed\":{"
		   "\"desc\":\"0x%llx\",\"driver\":{\"addr\":\"0x%llx\",\"off_wrap\":32771,"
		   "\"flags\":2},\"device\":{\"addr\":\"0x%llx\",\"off_wrap\":1,\"flags\":1},"
		   "\"next_avail_idx\":1,\"avail_wrap_counter\":0,\"last_used_idx\":3,"
		   "\"used_wrap_counter\":1,\"event_flags_shadow\":2,\"device_idx\":4,"
		   "\"device_wrap_counter\":1}", (unsigned long long)x.p.desc,
		   (unsigned long long)x.p.driver, (unsigned long long)x.p.device);
	assert_has(j, "\"in_flight\":3,\"device_pending\":2,\"driver_pending\":1,");
	assert_has(j, "\"kick\":{\"mode\":\"flags\",\"due\":false,\"suppressed\":true,"
		   "\"event\":null,");
	assert_has(j, "\"interrupt\":{\"mode\":\"event_idx\",\"due\":true,"
		   "\"suppressed\":false,\"event\":3,");
	assert_has(j, "\"chains\":[{\"head\":4,\"id\":0,\"stop\":\"descriptors overwritten "
		   "by the return of other buffers\",\"readable\":0,\"writable\":203,"
		   "\"desc\":[{\"index\":4,\"indirect\":false,\"addr\":\"0x40004000\","
		   "\"len\":101,\"flags\":131,\"id\":0},");
	assert_has(j, "\"index\":1,\"indirect\":true,\"addr\":\"0x40001000\",\"len\":1001,"
		   "\"flags\":2,\"id\":0}]}]");
	done(&x);
}

static void null_where_it_is_unknown(void **state)
{
	struct fixture x = fixture(ERA_7_1, true);
	const char *j;

	(void)state;
	packed_set(&x.p, PACKED_LAST_USED_IDX, 0x8007);
	fake_drop(x.g->f, VR_KERNEL, x.p.driver);
	j = json(&x, "tx0", true);
	assert_has(j, "\"layout\":\"packed\",\"in_order\":true,");
	assert_has(j, "\"off_wrap\":null,\"flags\":null},\"device\":{");
	assert_has(j, "\"last_used_idx\":7,\"used_wrap_counter\":1,");
	assert_has(j, "\"device_idx\":null,\"device_wrap_counter\":null}");
	assert_has(j, "\"in_flight\":3,\"device_pending\":null,\"driver_pending\":null,");
	assert_has(j, "\"interrupt\":null,");
	assert_has(j, "\"chains\":null,");
	/* What cannot be told is not the same as nothing. */
	packed_set(&x.p, PACKED_LAST_USED_IDX, packed_off_wrap(&x.p, x.p.reap));
	packed_return_batch(&x.p, 3, 0);
	assert_has(json(&x, "tx0", true), "\"chains\":[],");
	done(&x);
}

/* ---- hops --------------------------------------------------------------------------- */

static void the_hops_end_at_the_ring_and_both_areas(void **state)
{
	static const char area[] = "vring_packed_desc_event";
	struct fixture x = fixture(ERA_6_12, false);
	const uint64_t at[] = { x.p.desc, x.p.driver, x.p.device };
	static const char *const path[] = { "packed.vring.desc",
		"packed.vring.driver", "packed.vring.device" };
	struct vr_walks walks = { .count = 0 };
	const struct vr_hop *h;

	(void)state;
	walk(&x, "tx0", false);
	assert_int_equal(vr_trace(&x.g->c, &x.w.snap, &walks), 0);
	assert_int_equal(walks.count, 1);
	assert_true(walks.path[0].nhops > 5);
	h = &walks.path[0].hops[walks.path[0].nhops - 5];
	for (unsigned i = 0; i < 3; i++, h++) {
		assert_int_equal(h->addr, x.p.vvq);
		assert_string_equal(h->member, path[i]);
		assert_int_equal(h->offset, fake_offset(x.g->f, "vring_virtqueue", path[i]));
		assert_int_equal(h->next, at[i]);
	}
	for (unsigned i = 1; i < 3; i++, h++) {
		assert_string_equal(h->type, area);
		assert_int_equal(h->addr, at[i]);
		assert_int_equal(h->next, at[i]);
		assert_int_equal(h->rule, VR_RULE_WORD);
	}
	done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_full_block),
		cmocka_unit_test(the_block_says_in_order),
		cmocka_unit_test(a_row_of_the_table),
		cmocka_unit_test(what_is_unknown_is_a_dash),
		cmocka_unit_test(callbacks_that_are_off),
		cmocka_unit_test(the_picture_of_any_size),
		cmocka_unit_test(the_chains_with_ids),
		cmocka_unit_test(the_same_as_json),
		cmocka_unit_test(null_where_it_is_unknown),
		cmocka_unit_test(the_hops_end_at_the_ring_and_both_areas),
	};

	return cmocka_run_group_tests_name("packed render", tests, NULL, NULL);
}
