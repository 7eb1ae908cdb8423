// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_render.c - a snapshot as text.  The snapshots are filled by hand: what is
 * printed must follow from them alone.
 */
#include "unit.h"

#define READ(n)	{ (n), VR_READ }

static const struct vr_val unread = { .have = VR_UNREAD };

/* One device with one transmit queue, all of its values told apart. */
struct shown {
	struct vr_ctx c;
	struct vr_queue q;
	struct vr_device d;
	struct vr_snapshot s;
	struct vr_select sel;
	char *text;
	size_t len;
};

static void fill(struct shown *x)
{
	memset(x, 0, sizeof(*x));
	x->q = (struct vr_queue){ .dir = VR_TX, .pair = 1, .label = "tx1",
		.name = "output.1", .in_use = true, .owner = 0xffff888000001000,
		.vring_virtqueue = 0xffff888000002000, .index = READ(3),
		.num_free = READ(1021), .free_head = READ(701),
		.num_added = READ(702), .last_used_idx = READ(21777),
		.avail_idx_shadow = READ(21790), .avail_flags_shadow = READ(0),
		.event = READ(1), .indirect = READ(1), .broken = READ(0) };
	x->q.num = 1024;
	x->q.split = (struct vr_split){ .num = 1024,
		.desc = 0xffff888000010000, .avail = 0xffff888000014000,
		.used = 0xffff888000015000, .avail_flags = READ(0),
		.avail_idx = READ(21790), .used_event = READ(21801),
		.used_flags = READ(0), .used_idx = READ(21780),
		.avail_event = READ(21802),
		.avail_last = { 285, READ(711), unread },
		.avail_next = { 286, READ(712), unread },
		.used_last = { 275, READ(713), READ(714) },
		.used_reap = { 273, READ(715), READ(716) } };
	vr_ring_derive(&x->q);
	x->d = (struct vr_device){ .ref = { .addr = 0xffff888000003000,
			.name = "eth0", .inum = READ(4026531956u) },
		.virtnet_info = 0xffff888000003840, .virtio_index = READ(6),
		.features = READ(1ULL << 32), .max_pairs = READ(8),
		.curr_pairs = READ(4), .queues = &x->q, .nqueues = 1 };
	x->s.devices = &x->d;
	x->s.ndevices = 1;
}

/* All of the text, as one string. */
static const char *render(struct shown *x, unsigned width)
{
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	vr_text_snapshot(out, &x->c, &x->s, &x->sel, width);
	fclose(out);
	return x->text;
}

static int setup(void **state)
{
	struct shown *x = malloc(sizeof(*x));

	assert_non_null(x);
	fill(x);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct shown *x = *state;

	free(x->text);
	free(x);
	return 0;
}

static void assert_has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("'%s' is not in:\n%s", want, text);
}

static void assert_lacks(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted))
		fail_msg("'%s' is in:\n%s", unwanted, text);
}

/* The words of the line that begins with 'first'; their number. */
static unsigned words_of(const char *text, const char *first, char word[24][32])
{
	const char *at = text;
	size_t n = strlen(first);
	unsigned count = 0;

	while (at && (strncmp(at, first, n) || at[n] != ' ')) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		fail_msg("no line begins with '%s':\n%s", first, text);
	for (; count < 24; count++) {
		int used = 0;

		if (strchr("\n", at[strspn(at, " ")]) ||
		    sscanf(at, "%31s%n", word[count], &used) != 1)
			break;
		at += used;
	}
	return count;
}

/* The word under heading 'column' in the line of queue 'label'. */
static void assert_cell(const char *text, const char *label, const char *column,
			const char *want)
{
	char heading[24][32], cell[24][32];
	unsigned n = words_of(text, "QUEUE", heading);
	unsigned m = words_of(text, label, cell);

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(heading[i], column))
			continue;
		assert_true(i < m);
		assert_string_equal(cell[i], want);
		return;
	}
	fail_msg("no column '%s':\n%s", column, text);
}

/* ---- the table ----------------------------------------------------------- */

static void each_value_is_in_its_column(void **state)
{
	static const struct {
		const char *column, *want;
	} cells[] = {
		{ "VRING_VIRTQUEUE", "ffff888000002000" }, { "NUM", "1024" },
		{ "FREE", "1021" }, { "L_USED", "21777" }, { "AVAIL", "21790" },
		{ "USED", "21780" }, { "FLIGHT", "13" }, { "DEV", "10" },
		{ "DRV", "3" }, { "U_EVENT", "21801" }, { "A_EVENT", "21802" },
	};
	const char *text = render(*state, 80);

	for (unsigned i = 0; i < COUNT_OF(cells); i++)
		assert_cell(text, "tx1", cells[i].column, cells[i].want);
}

static void the_device_comes_before_its_queues(void **state)
{
	const char *text = render(*state, 80);

	assert_int_equal(strncmp(text, "eth0 ", 5), 0);
	assert_has(text, "ffff888000003000");
	assert_has(text, "ffff888000003840");
	assert_has(text, "virtio6");
	assert_has(text, "4026531956");
	assert_true(strstr(text, "QUEUE") < strstr(text, "\ntx1 "));
}

static void unread_values_are_a_dash_and_never_0(void **state)
{
	static const char *const columns[] = { "FREE", "L_USED", "AVAIL", "USED",
		"FLIGHT", "DEV", "DRV", "U_EVENT", "A_EVENT" };
	struct shown *x = *state;
	const char *text;

	x->q.num_free = x->q.last_used_idx = unread;
	x->q.split.avail_idx = x->q.split.used_idx = unread;
	x->q.split.used_event = x->q.split.avail_event = unread;
	vr_ring_derive(&x->q);
	text = render(x, 80);
	for (unsigned i = 0; i < COUNT_OF(columns); i++)
		assert_cell(text, "tx1", columns[i], "-");
	assert_cell(text, "tx1", "NUM", "1024");
}

static void zeros_that_were_read_are_zeros(void **state)
{
	struct shown *x = *state;
	const struct vr_val zero = READ(0);
	const char *text;

	x->q.num_free = x->q.last_used_idx = x->q.split.avail_idx = zero;
	x->q.split.used_idx = x->q.split.used_event = zero;
	vr_ring_derive(&x->q);
	text = render(x, 80);
	assert_cell(text, "tx1", "FREE", "0");
	assert_cell(text, "tx1", "AVAIL", "0");
	assert_cell(text, "tx1", "FLIGHT", "0");
	assert_cell(text, "tx1", "U_EVENT", "0");
}

/* num 0 in the snapshot stands for "unknown or refused". */
static void a_refused_size_is_a_dash(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->q.num = 0;
	x->q.split = (struct vr_split){ .num = 0, .avail_idx = unread,
		.used_idx = unread, .used_event = unread, .avail_event = unread };
	vr_ring_derive(&x->q);
	x->q.verdict.state = VR_ST_UNREADABLE;
	text = render(x, 80);
	assert_cell(text, "tx1", "NUM", "-");
	assert_cell(text, "tx1", "FREE", "1021");
	assert_has(text, "unreadable");
}

/* The virtqueue's address was not read, or was NULL. */
static void a_failed_queue_has_no_address_of_0(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->q = (struct vr_queue){ .dir = VR_TX, .label = "tx1", .failed = true,
				  .in_use = true,
				  .verdict = { .state = VR_ST_UNREADABLE } };
	text = render(x, 80);
	assert_has(text, "unreadable");
	assert_cell(text, "tx1", "VRING_VIRTQUEUE", "-");
}

static void unread_device_values_are_a_dash(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->d.virtio_index = x->d.max_pairs = x->d.curr_pairs = unread;
	text = render(x, 80);
	assert_has(text, "queue pairs - of -");
	assert_has(text, "virtio-");
	assert_lacks(text, "virtio0");
}

static void queues_that_are_not_in_use_are_marked(void **state)
{
	struct shown *x = *state;

	assert_lacks(render(x, 80), "not in use");
	x->q.in_use = false;
	assert_has(render(x, 80), "not in use");
	x->sel.full = true;
	assert_has(render(x, 80), "not in use");
}

static void a_packed_ring_is_said_to_be_one(void **state)
{
	struct shown *x = *state;

	x->q.packed = true;
	assert_has(render(x, 80), "packed");
	x->sel.full = true;
	assert_has(render(x, 80), "packed");
}

/* ---- the full block ------------------------------------------------------ */

static void the_full_block_has_every_value(void **state)
{
	static const char *const parts[] = {
		"eth0 tx1", "output.1", "virtqueue 3", "ffff888000002000",
		"send_queue ffff888000001000", "num 1024", "num_free 1021",
		"free_head 701", "num_added 702", "last_used_idx 21777",
		"avail_idx_shadow 21790", "avail_flags_shadow 0",
		"avail ffff888000014000", "idx 21790", "ring[285] 711",
		"ring[286] 712", "used_event 21801", "used ffff888000015000",
		"idx 21780", "ring[275] id 713 len 714", "ring[273] id 715 len 716",
		"avail_event 21802",
	};
	struct shown *x = *state;
	const char *text;

	x->sel.full = true;
	text = render(x, 80);
	for (unsigned i = 0; i < COUNT_OF(parts); i++)
		assert_has(text, parts[i]);
}

/* People mix the two up: each is printed with who writes it and what for. */
static void event_words_are_printed_with_their_roles(void **state)
{
	struct shown *x = *state;
	const char *text, *line;

	x->sel.full = true;
	text = render(x, 80);
	line = strstr(text, "used_event 21801");
	assert_non_null(line);
	assert_true(strstr(line, "interrupt me") < strchr(line, '\n'));
	assert_true(strstr(line, "driver") < strchr(line, '\n'));
	line = strstr(text, "avail_event 21802");
	assert_non_null(line);
	assert_true(strstr(line, "kick me") < strchr(line, '\n'));
	assert_true(strstr(line, "device") < strchr(line, '\n'));
}

static void an_unread_block_shows_dashes_and_no_entries(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->sel.full = true;
	x->q.num_free = x->q.free_head = x->q.last_used_idx = unread;
	x->q.avail_idx_shadow = x->q.avail_flags_shadow = unread;
	x->q.split.avail_idx = x->q.split.avail_flags = unread;
	x->q.split.used_idx = x->q.split.used_flags = unread;
	x->q.split.used_event = x->q.split.avail_event = unread;
	vr_ring_derive(&x->q);
	text = render(x, 80);
	assert_has(text, "num_free -");
	assert_has(text, "last_used_idx -");
	assert_has(text, "avail_idx_shadow -");
	assert_has(text, "flags -");
	assert_has(text, "used_event -");
	assert_has(text, "avail_event -");
	assert_lacks(text, "ring[");
	assert_lacks(text, "callbacks on");
}

static void what_the_kernel_lacks_is_not_called_unread(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->sel.full = true;
	x->q.avail_idx_shadow = x->q.event_triggered =
		(struct vr_val){ .have = VR_ABSENT };
	text = render(x, 80);
	assert_lacks(text, "avail_idx_shadow -");
	assert_lacks(text, "avail_idx_shadow 0");
	assert_lacks(text, "event_triggered -");
	assert_lacks(text, "event_triggered 0");
}

static void an_entry_that_could_not_be_read_is_a_dash(void **state)
{
	struct shown *x = *state;
	const char *text;

	x->sel.full = true;
	x->q.split.avail_last.id = x->q.split.used_last.len = unread;
	text = render(x, 80);
	assert_has(text, "ring[285] -");
	assert_has(text, "ring[275] id 713 len -");
}

/* ---- names and errors ---------------------------------------------------- */

static void bytes_of_the_dump_do_not_reach_the_terminal(void **state)
{
	struct shown *x = *state;

	memcpy(x->d.ref.name, "\033[2J\001\n\r\t\200\377\177abcd", 16);
	memset(x->q.name, '\033', sizeof(x->q.name) - 1);
	memcpy(x->c.errors[0].device, x->d.ref.name, 16);
	x->c.errors[0].what = "avail ring";
	x->c.nerrors = 1;
	for (int full = 0; full < 2; full++) {
		const char *text;

		x->sel.full = full;
		text = render(x, 80);
		assert_has(text, "\\x1b[2J\\x01\\x0a\\x0d\\x09\\x80\\xff\\x7fabcd");
		for (; *text; text++)
			if (*text != '\n' && (*text < 0x20 || *text > 0x7e))
				fail_msg("byte %#x in the text",
					 (unsigned char)*text);
	}
	x->sel.full = true;
	assert_has(render(x, 80), "\\x1b\\x1b\\x1b\\x1b");
}

static void errors_follow_as_lines_of_their_own(void **state)
{
	static const struct {
		struct vr_error e;
		const char *line;
	} cases[] = {
		{ { VR_E_READ, "eth0", "tx1", "avail ring",
		    .addr = 0xff179a83812a8002, .len = 2 },
		  "\neth0 tx1: avail ring: cannot read 2 bytes at ff179a83812a8002\n" },
		{ { VR_E_NULL, "eth0", "", "virtnet_info.sq",
		    .addr = 0xffff888000003858 },
		  "\neth0: virtnet_info.sq: NULL at ffff888000003858\n" },
		{ { VR_E_READ, "", "", "list of net devices",
		    .addr = 0xdead000000000100, .len = 8 },
		  "\nlist of net devices: cannot read 8 bytes at dead000000000100\n" },
		{ { VR_E_SHAPE, "eth0", "rx0", "vring.num", .value = 257 },
		  "\neth0 rx0: vring.num: 257 is no power of two\n" },
	};
	struct shown *x = *state;

	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		x->c.errors[0] = cases[i].e;
		x->c.nerrors = 1;
		assert_has(render(x, 80), cases[i].line);
	}
}

static struct vr_error unread_at(const char *queue, const char *what, uint64_t addr)
{
	struct vr_error e = { .code = VR_E_READ, .device = "eth0", .what = what,
			      .addr = addr, .len = 8 };

	strcpy(e.queue, queue);
	return e;
}

/* Two of a page are two lines; of three and more one tells where each was. */
static void what_a_missing_page_takes_is_told_together(void **state)
{
	const struct vr_error all[] = {
		unread_at("", "virtio_device.id", 0xffff888000003af8),
		unread_at("rx0", "kicks", 0xffff888000003010),
		unread_at("", "virtio_device.index", 0xffff888000003800),
		unread_at("rx0", "napi_struct.state", 0xffff888000003020),
		unread_at("", "virtio_device.features", 0xffff888000003b20),
		unread_at("", "device.driver", 0xffff888000004000),
		unread_at("", "device.bus", 0xffff888000002ffc),
	};
	struct shown *x = *state;
	const char *text;

	memcpy(x->c.errors, all, sizeof(all));
	x->c.nerrors = COUNT_OF(all);
	text = render(x, 80);
	assert_has(text, "\neth0: cannot read 3 values on the page at ffff888000003000:\n"
		   "    +af8 virtio_device.id, +800 virtio_device.index,"
		   " +b20 virtio_device.features\n"
		   "eth0 rx0: kicks: cannot read 8 bytes at ffff888000003010\n"
		   "eth0 rx0: napi_struct.state: cannot read 8 bytes at ffff888000003020\n"
		   "eth0: device.driver: cannot read 8 bytes at ffff888000004000\n"
		   "eth0: device.bus: cannot read 8 bytes at ffff888000002ffc\n");
	for (unsigned i = 0; i < 8; i++)
		x->c.errors[i] = unread_at("", "virtio_device.features",
					   0xffff888000003100 + 8 * i);
	x->c.nerrors = 8;
	/* A hole that goes on behind the page stays a line, whatever follows it. */
	x->c.errors[8] = x->c.errors[0];
	x->c.errors[0] = unread_at("", "avail ring", 0xffff888000003f00);
	x->c.errors[0].len = 0x1100;
	x->c.nerrors = 9;
	assert_has(render(x, 80), "\neth0: avail ring: cannot read 4352 bytes at "
		   "ffff888000003f00\neth0: cannot read 8 values on the page");
	x->c.errors[0] = x->c.errors[8];
	x->c.nerrors = 8;
	assert_has(render(x, 80), "cannot read 8 values on the page at ffff888000003000:\n"
		   "    +100 virtio_device.features, +108 virtio_device.features,"
		   " +110 virtio_device.features,\n    +118 ");
}

static void errors_that_were_only_counted_are_counted(void **state)
{
	struct shown *x = *state;

	for (unsigned i = 0; i < VR_MAX_ERRORS; i++)
		x->c.errors[i] = (struct vr_error){ .code = VR_E_MEMORY,
						    .what = "part" };
	x->c.nerrors = VR_MAX_ERRORS + 65;
	assert_has(render(x, 80), "65 more\n");
}

static void all_devices_are_printed(void **state)
{
	struct shown *x = *state;
	struct vr_device two[2] = { x->d, x->d };
	const char *text;

	strcpy(two[1].ref.name, "eth1");
	x->s.devices = two;
	x->s.ndevices = 2;
	text = render(x, 80);
	assert_has(text, "eth0 ");
	assert_has(text, "\neth1 ");
	x->s.devices = &x->d;
	x->s.ndevices = 0;
	assert_string_equal(render(x, 80), "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_value_is_in_its_column),
		TEST(the_device_comes_before_its_queues),
		TEST(unread_values_are_a_dash_and_never_0),
		TEST(zeros_that_were_read_are_zeros),
		TEST(a_refused_size_is_a_dash),
		TEST(a_failed_queue_has_no_address_of_0),
		TEST(unread_device_values_are_a_dash),
		TEST(queues_that_are_not_in_use_are_marked),
		TEST(a_packed_ring_is_said_to_be_one),
		TEST(the_full_block_has_every_value),
		TEST(event_words_are_printed_with_their_roles),
		TEST(an_unread_block_shows_dashes_and_no_entries),
		TEST(what_the_kernel_lacks_is_not_called_unread),
		TEST(an_entry_that_could_not_be_read_is_a_dash),
		TEST(bytes_of_the_dump_do_not_reach_the_terminal),
		TEST(errors_follow_as_lines_of_their_own),
		TEST(what_a_missing_page_takes_is_told_together),
		TEST(errors_that_were_only_counted_are_counted),
		TEST(all_devices_are_printed),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
