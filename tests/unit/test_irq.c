// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_irq.c - which interrupt is a queue's, what state it is in, and what else
 * tells of time that passed: the counts of the driver and of the stack.
 */
#include "unit.h"
#include "guest_builder.h"
#include "irq.h"
#include "irq_builder.h"

#define NET_TX	(1u << 2)
#define NET_RX	(1u << 3)

/* A guest with one device of two queue pairs and a control queue. */
struct world {
	struct guest *g;
	struct fake_target *f;
	struct irqs irqs;
	struct nic *nic;
	struct walked w;
};

/* Queues have callbacks, but for the control queue. */
static void set_callback(struct world *w, const struct ring *r, uint64_t callback)
{
	fake_set(w->f, r->vq, "virtqueue", "callback", callback);
}

static void begin(struct world *w, enum irq_era era)
{
	memset(w, 0, sizeof(*w));
	w->g = guest_new(ERA_5_4);
	w->f = w->g->f;
	if (!fake_has(w->f, "virtqueue", "callback"))
		fake_member(w->f, "virtqueue", "callback", 16, 8, NULL);
	irq_types(&w->irqs, w->f, era);
	w->nic = guest_nic(w->g, &(struct nic_spec){ .name = "eth0", .pairs = 2,
						     .ctrl = true });
	for (unsigned i = 0; i < 2; i++) {
		set_callback(w, &w->nic->rx[i], 0xffffffff81000000ULL);
		set_callback(w, &w->nic->tx[i], 0xffffffff81000100ULL);
	}
}

/* Vectors as with MSI-X: one for the configuration, one a queue. */
static void own_vectors(struct world *w)
{
	static const char *const names[] = {
		"virtio0-input.0", "virtio0-output.0",
		"virtio0-input.1", "virtio0-output.1",
	};

	irq_handle(&w->irqs, irq_add(&w->irqs, 24), w->nic->vdev,
		   "virtio0-config");
	for (unsigned i = 0; i < 4; i++) {
		struct ring *r = i % 2 ? &w->nic->tx[i / 2] : &w->nic->rx[i / 2];

		irq_handle(&w->irqs, irq_add(&w->irqs, 25 + i), r->vq, names[i]);
	}
}

static void walk(struct world *w)
{
	w->w = guest_walk(w->g, NULL, NULL);
	assert_int_equal(w->w.status, VR_WALK_OK);
}

static const struct vr_irq *irq_of(const struct world *w, const char *label)
{
	return &walked_queue(&w->w, "eth0", label)->irq;
}

/* A mask of CPUs somewhere in memory; its address. */
static uint64_t mask(struct world *w, uint64_t low, uint64_t high)
{
	uint64_t at = fake_alloc(w->f, 1024);

	fake_u64(w->f, at, low);
	fake_u64(w->f, at + 8, high);
	return at;
}

/* ---- which one it is -------------------------------------------------------------- */

static void a_vector_of_its_own_is_found(void **state)
{
	(void)state;
	for (enum irq_era era = 0; era < IRQ_ERAS; era++) {
		struct world w;

		begin(&w, era);
		own_vectors(&w);
		irq_store(&w.irqs);
		walk(&w);
		for (unsigned i = 0; i < 4; i++) {
			char label[8], name[32];
			const struct vr_irq *irq;

			snprintf(label, sizeof(label), "%s%u", i % 2 ? "tx" : "rx",
				 i / 2);
			snprintf(name, sizeof(name), "virtio0-%sput.%u",
				 i % 2 ? "out" : "in", i / 2);
			irq = irq_of(&w, label);
			assert_int_equal(irq->have, VR_READ);
			assert_val(irq->number, 25 + i);
			assert_int_equal(irq->desc, w.irqs.desc[1 + i]);
			assert_string_equal(irq->name, name);
			assert_false(irq->shared);
		}
		assert_int_equal(irq_of(&w, "ctrl")->have, VR_ABSENT);
		assert_int_equal(w.g->c.nerrors, 0);
		guest_free(w.g);
	}
}

/* One vector for all queues; that of the configuration has the same dev_id. */
static void a_shared_vector_is_not_the_configurations(void **state)
{
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	irq_handle(&w.irqs, irq_add(&w.irqs, 24), w.nic->vdev, "virtio0-config");
	irq_handle(&w.irqs, irq_add(&w.irqs, 25), w.nic->vdev,
		   "virtio0-virtqueues");
	irq_store(&w.irqs);
	walk(&w);
	assert_val(irq_of(&w, "rx0")->number, 25);
	assert_val(irq_of(&w, "tx1")->number, 25);
	assert_true(irq_of(&w, "rx0")->shared);
	assert_string_equal(irq_of(&w, "rx0")->name, "virtio0-virtqueues");
	guest_free(w.g);
}

/* Where the queues' own vectors are lost, what has the device's dev_id may be the
 * configuration's: without its name nobody knows. */
static void a_handler_without_a_name_is_not_taken_for_a_shared_one(void **state)
{
	struct world w;
	uint64_t action;

	(void)state;
	for (unsigned lost = 0; lost < 2; lost++) {
		begin(&w, IRQ_XARRAY);
		action = irq_handle(&w.irqs, irq_add(&w.irqs, 24), w.nic->vdev,
				    "virtio0-config");
		if (lost)
			fake_set(w.f, action, "irqaction", "name", 0x7f0012345000);
		irq_store(&w.irqs);
		walk(&w);
		assert_int_equal(irq_of(&w, "rx0")->have, lost ? VR_UNREAD : VR_ABSENT);
		assert_unread(irq_of(&w, "rx0")->number);
		assert_false(irq_of(&w, "rx0")->shared);
		guest_free(w.g);
	}
}

/* A line has a chain of handlers, of other drivers too. */
static void a_line_is_found_along_its_handlers(void **state)
{
	struct world w;
	struct nic *other;
	uint64_t line;

	(void)state;
	begin(&w, IRQ_MAPLE);
	other = guest_nic(w.g, &(struct nic_spec){ .name = "eth1" });
	set_callback(&w, &other->rx[0], 0xffffffff81000000ULL);
	line = irq_add(&w.irqs, 11);
	irq_handle(&w.irqs, line, 0xffff888012345678ULL, "ehci_hcd:usb1");
	irq_handle(&w.irqs, line, w.nic->vdev, "virtio0");
	irq_handle(&w.irqs, line, other->vdev, "virtio1");
	irq_store(&w.irqs);
	walk(&w);
	assert_val(irq_of(&w, "rx0")->number, 11);
	assert_string_equal(irq_of(&w, "rx0")->name, "virtio0");
	assert_true(irq_of(&w, "rx0")->shared);
	assert_string_equal(walked_queue(&w.w, "eth1", "rx0")->irq.name, "virtio1");
	guest_free(w.g);
}

static void no_handler_is_told_from_unknown(void **state)
{
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	irq_handle(&w.irqs, irq_add(&w.irqs, 24), w.nic->vdev, "virtio0-config");
	irq_handle(&w.irqs, irq_add(&w.irqs, 25), w.nic->vdev + 8, "virtio0");
	irq_handle(&w.irqs, irq_add(&w.irqs, 26), w.nic->rx[0].vq + 8, "x");
	irq_store(&w.irqs);
	walk(&w);
	assert_int_equal(irq_of(&w, "rx0")->have, VR_ABSENT);
	guest_free(w.g);

	/* The same, but part of the tree is missing: it may be there. */
	begin(&w, IRQ_XARRAY);
	own_vectors(&w);
	irq_add(&w.irqs, 100);
	irq_store(&w.irqs);
	fake_drop(w.f, VR_KERNEL, fake_get64(w.f, w.irqs.root + 40));
	walk(&w);
	assert_int_equal(irq_of(&w, "rx0")->have, VR_UNREAD);
	assert_unread(irq_of(&w, "rx0")->number);
	assert_int_equal(irq_of(&w, "ctrl")->have, VR_ABSENT);
	guest_free(w.g);

	/* Nothing that keeps interrupts is known. */
	begin(&w, IRQ_XARRAY);
	walk(&w);
	assert_int_equal(irq_of(&w, "rx0")->have, VR_UNREAD);
	guest_free(w.g);
}

static void what_is_damaged_is_not_the_queues(void **state)
{
	const struct vr_error *e;
	struct world w;

	(void)state;
	begin(&w, IRQ_MAPLE);
	own_vectors(&w);
	irq_store(&w.irqs);
	fake_drop(w.f, VR_KERNEL, w.irqs.desc[2]);
	walk(&w);
	e = get_error(&w.g->c, VR_E_READ, "irq_desc.action");
	assert_string_equal(e->device, "");
	assert_string_equal(e->queue, "");
	/* The others are as they were. */
	assert_int_equal(irq_of(&w, "tx0")->have, VR_UNREAD);
	assert_val(irq_of(&w, "rx0")->number, 25);
	assert_val(irq_of(&w, "tx1")->number, 28);
	guest_free(w.g);
}

static void handlers_that_form_a_loop_end(void **state)
{
	uint64_t line, first, last;
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	line = irq_add(&w.irqs, 11);
	first = irq_handle(&w.irqs, line, 0x1234, "other");
	last = irq_handle(&w.irqs, line, w.nic->vdev, "virtio0");
	fake_set(w.f, last, "irqaction", "next", first);
	irq_store(&w.irqs);
	walk(&w);
	get_error(&w.g->c, VR_E_LOOP, "handlers of an interrupt");
	assert_val(irq_of(&w, "rx0")->number, 11);
	guest_free(w.g);
}

static void a_name_that_cannot_be_read_is_empty(void **state)
{
	uint64_t action;
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	action = irq_handle(&w.irqs, irq_add(&w.irqs, 25), w.nic->rx[0].vq, "gone");
	fake_set(w.f, action, "irqaction", "name", 0xffffc0de00000000ULL);
	action = irq_handle(&w.irqs, irq_add(&w.irqs, 26), w.nic->rx[1].vq,
			    "a name that is longer than any name of a handler is");
	irq_store(&w.irqs);
	walk(&w);
	assert_val(irq_of(&w, "rx0")->number, 25);
	assert_string_equal(irq_of(&w, "rx0")->name, "");
	assert_int_equal(strlen(irq_of(&w, "rx1")->name), 40);
	guest_free(w.g);
}

/* ---- its state ---------------------------------------------------------------------- */

static void state_bits_and_counts(void **state)
{
	static const char bits[] = "irq_common_data.state_use_accessors";

	(void)state;
	for (enum irq_era era = 0; era < IRQ_ERAS; era++) {
		struct world w;

		begin(&w, era);
		own_vectors(&w);
		irq_set(&w.irqs, w.irqs.desc[1], "depth", 1);
		irq_set(&w.irqs, w.irqs.desc[1], bits, 1 << 16 | 1 << 17);
		irq_set(&w.irqs, w.irqs.desc[2], bits, 1 << 17 | 1 << 9);
		irq_set(&w.irqs, w.irqs.desc[3], "depth", 7);
		irq_set(&w.irqs, w.irqs.desc[1], "tot_count", 4000000000u);
		irq_set(&w.irqs, w.irqs.desc[1], "irqs_unhandled", 99);
		irq_set(&w.irqs, w.irqs.desc[4], "irq_common_data.affinity",
			mask(&w, 1 << 4, 0));
		irq_store(&w.irqs);
		walk(&w);
		assert_val(irq_of(&w, "rx0")->disabled, 1);
		assert_val(irq_of(&w, "rx0")->masked, 1);
		assert_val(irq_of(&w, "rx0")->count, 4000000000u);
		assert_val(irq_of(&w, "rx0")->unhandled, 99);
		assert_val(irq_of(&w, "tx0")->disabled, 0);
		assert_val(irq_of(&w, "tx0")->masked, 1);
		assert_val(irq_of(&w, "rx1")->disabled, 1);
		assert_val(irq_of(&w, "rx1")->masked, 0);
		assert_val(irq_of(&w, "tx1")->disabled, 0);
		assert_val(irq_of(&w, "tx1")->cpu, 4);
		guest_free(w.g);
	}
}

/* Before there was a sum, each CPU counted for itself. */
static void counts_are_summed_over_cpus(void **state)
{
	struct world w;

	(void)state;
	begin(&w, IRQ_RADIX_SHIFT);
	fake_forget(w.f, "irq_desc", "tot_count");
	own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], "kstat_irqs", 0x2000);
	irq_set(&w.irqs, w.irqs.desc[2], "kstat_irqs", 0x3000);
	for (unsigned cpu = 0; cpu < IRQ_TEST_CPUS; cpu++) {
		fake_u32(w.f, irq_percpu(&w.irqs, cpu, 0x2000), cpu);
		fake_u32(w.f, irq_percpu(&w.irqs, cpu, 0x3000), 1000);
	}
	fake_drop(w.f, VR_KERNEL, irq_percpu(&w.irqs, 69, 0x3000));
	irq_store(&w.irqs);
	walk(&w);
	assert_val(irq_of(&w, "rx0")->count, 69 * 70 / 2);
	assert_unread(irq_of(&w, "tx0")->count);
	assert_unread(irq_of(&w, "tx1")->count);	/* no pointer at all */
	guest_free(w.g);
}

static void the_cpu_is_the_first_of_the_effective_mask(void **state)
{
	static const char effective[] = "irq_common_data.effective_affinity";
	static const char affinity[] = "irq_common_data.affinity";
	struct world w;

	(void)state;
	begin(&w, IRQ_MAPLE);
	own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], effective, mask(&w, 1 << 3, 0));
	irq_set(&w.irqs, w.irqs.desc[1], affinity, mask(&w, 1 << 1, 0));
	/* Not set up yet: where it may go. */
	irq_set(&w.irqs, w.irqs.desc[2], effective, mask(&w, 0, 0));
	irq_set(&w.irqs, w.irqs.desc[2], affinity, mask(&w, 0x60, 0));
	irq_set(&w.irqs, w.irqs.desc[3], effective, mask(&w, 0, 1 << 2));
	/* Bits behind the last CPU are none. */
	irq_set(&w.irqs, w.irqs.desc[4], effective, mask(&w, 0, 1 << 6));
	irq_store(&w.irqs);
	walk(&w);
	assert_val(irq_of(&w, "rx0")->cpu, 3);
	assert_val(irq_of(&w, "rx0")->more_cpus, 0);
	assert_val(irq_of(&w, "tx0")->cpu, 5);
	assert_val(irq_of(&w, "tx0")->more_cpus, 1);
	assert_val(irq_of(&w, "rx1")->cpu, 66);
	assert_unread(irq_of(&w, "tx1")->cpu);
	assert_unread(irq_of(&w, "tx1")->softirqs);
	guest_free(w.g);
}

/* Where few CPUs are possible the mask itself is in the struct: by its size, or
 * where it has a pointer's size, by that of a mask. */
static void a_mask_may_be_in_its_struct(void **state)
{
	static const unsigned sizes[] = { 16, 8 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
		struct world w;

		begin(&w, IRQ_XARRAY);
		fake_type(w.f, "cpumask", sizes[i]);
		fake_member(w.f, "irq_desc", "irq_common_data.effective_affinity",
			    200, sizes[i], NULL);
		own_vectors(&w);
		fake_u64(w.f, w.irqs.desc[1] + 200, 0x30);
		irq_store(&w.irqs);
		walk(&w);
		assert_val(irq_of(&w, "rx0")->cpu, 4);
		assert_val(irq_of(&w, "rx0")->more_cpus, 1);
		guest_free(w.g);
	}
}

static void a_wild_mask_is_unknown(void **state)
{
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], "irq_common_data.effective_affinity",
		0xffffc0de00000000ULL);
	irq_store(&w.irqs);
	walk(&w);
	assert_unread(irq_of(&w, "rx0")->cpu);
	assert_unread(irq_of(&w, "rx0")->more_cpus);
	assert_val(irq_of(&w, "rx0")->number, 25);
	guest_free(w.g);
}

/* ---- softirqs ----------------------------------------------------------------------- */

enum place { PLACE_STAT, PLACE_HOT, PLACE_VARIABLE, PLACE_NONE, PLACES };

/* What is pending lies at 0x104 of each area in any case. */
static void put_softirqs(struct world *w, enum place place)
{
	if (place == PLACE_HOT) {
		fake_load_layout(w->f, "hand-irq-hot.layout");
		fake_symbol(w->f, "pcpu_hot", 0x104 - 40);
	} else if (place != PLACE_STAT) {
		fake_forget(w->f, "irq_cpustat_t", "__softirq_pending");
	}
	if (place == PLACE_VARIABLE)
		fake_symbol(w->f, "__softirq_pending", 0x104);
	fake_u16(w->f, irq_percpu(&w->irqs, 2, 0x104), NET_RX | 1 << 9);
	fake_u16(w->f, irq_percpu(&w->irqs, 3, 0x104), NET_TX);
}

static void softirqs_of_the_interrupts_cpu(void **state)
{
	static const char effective[] = "irq_common_data.effective_affinity";

	(void)state;
	for (enum place place = 0; place < PLACES; place++) {
		struct world w;

		begin(&w, IRQ_XARRAY);
		own_vectors(&w);
		for (unsigned i = 0; i < 4; i++)
			irq_set(&w.irqs, w.irqs.desc[1 + i], effective,
				mask(&w, 1 << (i + 1), 0));
		put_softirqs(&w, place);
		fake_drop(w.f, VR_KERNEL, irq_percpu(&w.irqs, 4, 0x104));
		irq_store(&w.irqs);
		walk(&w);
		if (place == PLACE_NONE) {
			assert_absent(irq_of(&w, "tx0")->softirqs);
			assert_absent(irq_of(&w, "tx0")->net_rx);
			guest_free(w.g);
			continue;
		}
		assert_val(irq_of(&w, "rx0")->softirqs, 0);
		assert_val(irq_of(&w, "tx0")->softirqs, NET_RX | 1 << 9);
		assert_val(irq_of(&w, "tx0")->net_rx, 1);
		assert_val(irq_of(&w, "tx0")->net_tx, 0);
		assert_val(irq_of(&w, "rx1")->net_rx, 0);
		assert_val(irq_of(&w, "rx1")->net_tx, 1);
		assert_unread(irq_of(&w, "tx1")->softirqs);
		guest_free(w.g);
	}
}

/* ---- who would take it ------------------------------------------------------------------ */

/* A run queue begins at 0x200 of each area. */
static void put_tasks(struct world *w, unsigned cpu, uint64_t curr, uint64_t idle)
{
	fake_u64(w->f, irq_percpu(&w->irqs, cpu, 0x200 + 24), curr);
	fake_u64(w->f, irq_percpu(&w->irqs, cpu, 0x200 + 32), idle);
}

static void the_interrupts_cpu_is_idle_or_not(void **state)
{
	static const char effective[] = "irq_common_data.effective_affinity";
	const uint64_t task = 0xffff888000001000;

	(void)state;
	for (bool known = true;; known = false) {
		struct world w;

		begin(&w, IRQ_XARRAY);
		own_vectors(&w);
		for (unsigned i = 0; i < 4; i++)
			irq_set(&w.irqs, w.irqs.desc[1 + i], effective,
				mask(&w, 1 << (i + 1), 0));
		fake_load_layout(w.f, "hand-rq.layout");
		if (known)
			fake_symbol(w.f, "runqueues", 0x200);
		put_tasks(&w, 1, task, task);
		put_tasks(&w, 2, task, task + 0x2000);
		fake_drop(w.f, VR_KERNEL, irq_percpu(&w.irqs, 4, 0x200 + 32));
		irq_store(&w.irqs);
		walk(&w);
		if (known) {
			assert_val(irq_of(&w, "rx0")->idle, 1);
			assert_val(irq_of(&w, "tx0")->idle, 0);
			assert_unread(irq_of(&w, "tx1")->idle);
		} else {
			assert_absent(irq_of(&w, "rx0")->idle);
		}
		guest_free(w.g);
		if (!known)
			break;
	}
}

static void the_kernel_has_panicked_or_not(void **state)
{
	static const uint32_t cpus[] = { UINT32_MAX, 0, 3 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct world w;
		uint64_t at;

		begin(&w, IRQ_XARRAY);
		own_vectors(&w);
		at = fake_alloc(w.f, 4);
		if (i < 3)
			fake_u32(w.f, at, cpus[i]);
		if (i < 3)
			fake_symbol(w.f, "panic_cpu", at);
		irq_store(&w.irqs);
		walk(&w);
		if (i < 3)
			assert_val(irq_of(&w, "rx0")->panicked, i > 0);
		else
			assert_absent(irq_of(&w, "rx0")->panicked);
		guest_free(w.g);
	}
}

/* Before there was panic_cpu: by what a crash kernel's start leaves. */
static void an_older_kernel_has_panicked_or_nobody_knows(void **state)
{
	(void)state;
	for (unsigned crashed = 0; crashed < 2; crashed++) {
		struct world w;
		uint64_t at;

		begin(&w, IRQ_XARRAY);
		own_vectors(&w);
		at = fake_alloc(w.f, 8);
		fake_u64(w.f, at, crashed ? 0xffffffff81051230 : 0);
		fake_symbol(w.f, "shootdown_callback", at);
		irq_store(&w.irqs);
		walk(&w);
		if (crashed)
			assert_val(irq_of(&w, "rx0")->panicked, 1);
		else
			assert_absent(irq_of(&w, "rx0")->panicked);
		guest_free(w.g);
	}
}

/* Outside of what each CPU has, as an array of all CPUs' is: not one of the CPU's own. */
static void softirqs_in_an_array_are_not_known(void **state)
{
	struct world w;

	(void)state;
	begin(&w, IRQ_XARRAY);
	own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], "irq_common_data.effective_affinity", mask(&w, 1 << 1, 0));
	put_softirqs(&w, PLACE_STAT);
	fake_symbol(w.f, "__per_cpu_start", 0x10000);
	fake_symbol(w.f, "__per_cpu_end", 0x30000);
	irq_store(&w.irqs);
	walk(&w);
	assert_absent(irq_of(&w, "rx0")->softirqs);
	guest_free(w.g);
}

/* ---- what it costs --------------------------------------------------------------------- */

static void interrupts_are_looked_at_once_a_command(void **state)
{
	uint64_t reads[2];
	struct world w;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(&w, IRQ_XARRAY);
		own_vectors(&w);
		for (uint64_t n = 100; i && n < 300; n++)
			irq_handle(&w.irqs, irq_add(&w.irqs, n), 0x1000 + n, "x");
		irq_store(&w.irqs);
		reads[i] = w.f->t.reads;
		walk(&w);
		reads[i] = w.f->t.reads - reads[i];
		guest_free(w.g);
	}
	/* The descriptor and its handler, and the nodes. */
	assert_true(reads[1] - reads[0] >= 400);
	assert_true(reads[1] - reads[0] <= 410);
}

/* ---- timeouts and kicks ----------------------------------------------------------------- */

static void timeout_types(struct world *w)
{
	struct fake_target *f = w->f;
	uint64_t clock, jiffies;

	fake_load_layout(f, "hand-net-5.19.layout");
	clock = fake_alloc(f, 64);
	jiffies = fake_alloc(f, 8);
	/* A tick of 4 ms. */
	fake_set(f, clock, "clocksource", "mult", 4000000u << 3);
	fake_set(f, clock, "clocksource", "shift", 3);
	fake_u64(f, jiffies, 1000);
	fake_symbol(f, "clocksource_jiffies", clock);
	fake_symbol(f, "jiffies_64", jiffies);
}

/* A device whose transmit queues the stack knows. */
static void begin_timeouts(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->g = guest_new(ERA_5_4);
	w->f = w->g->f;
	timeout_types(w);
	w->nic = guest_nic(w->g, &(struct nic_spec){ .name = "eth0", .pairs = 2 });
	fake_set(w->f, w->nic->dev, "net_device", "watchdog_timeo", 1250);
	fake_set(w->f, w->nic->txqs + 320, "netdev_queue", "trans_timeout", 3);
	fake_set(w->f, w->nic->sq + fake_sizeof(w->f, "send_queue"), "send_queue",
		 "stats.tx_timeouts", 4);
	fake_set(w->f, w->nic->sq, "send_queue", "stats.kicks", 55);
	fake_set(w->f, w->nic->rq, "receive_queue", "stats.kicks", 66);
}

static void timeouts_and_kicks_are_read(void **state)
{
	const struct vr_queue *tx;
	struct world w;

	(void)state;
	begin_timeouts(&w);
	walk(&w);
	tx = walked_queue(&w.w, "eth0", "tx1");
	assert_val(w.w.snap.devices[0].watchdog_ms, 5000);
	assert_val(tx->txq.trans_timeout, 3);
	assert_val(tx->txq.tx_timeouts, 4);
	assert_val(walked_queue(&w.w, "eth0", "tx0")->txq.tx_timeouts, 0);
	assert_val(walked_queue(&w.w, "eth0", "tx0")->kicks, 55);
	assert_val(walked_queue(&w.w, "eth0", "rx0")->kicks, 66);
	guest_free(w.g);
}

static void a_kernel_without_these_counts_has_none(void **state)
{
	struct world w;

	(void)state;
	begin_timeouts(&w);
	fake_forget(w.f, "send_queue", "stats.tx_timeouts");
	fake_forget(w.f, "receive_queue", "stats.kicks");
	/* A negative time, and one that no watchdog is set to. */
	fake_set(w.f, w.nic->dev, "net_device", "watchdog_timeo", 0xffffffff);
	walk(&w);
	assert_absent(walked_queue(&w.w, "eth0", "tx1")->txq.tx_timeouts);
	/* There are kernels with such rings and without these (el8 up to 240). */
	assert_absent(walked_queue(&w.w, "eth0", "rx0")->kicks);
	assert_val(walked_queue(&w.w, "eth0", "tx0")->kicks, 55);
	assert_unread(w.w.snap.devices[0].watchdog_ms);
	guest_free(w.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vector_of_its_own_is_found),
		cmocka_unit_test(a_shared_vector_is_not_the_configurations),
		cmocka_unit_test(a_handler_without_a_name_is_not_taken_for_a_shared_one),
		cmocka_unit_test(a_line_is_found_along_its_handlers),
		cmocka_unit_test(no_handler_is_told_from_unknown),
		cmocka_unit_test(what_is_damaged_is_not_the_queues),
		cmocka_unit_test(handlers_that_form_a_loop_end),
		cmocka_unit_test(a_name_that_cannot_be_read_is_empty),
		cmocka_unit_test(state_bits_and_counts),
		cmocka_unit_test(counts_are_summed_over_cpus),
		cmocka_unit_test(the_cpu_is_the_first_of_the_effective_mask),
		cmocka_unit_test(a_mask_may_be_in_its_struct),
		cmocka_unit_test(a_wild_mask_is_unknown),
		cmocka_unit_test(softirqs_of_the_interrupts_cpu),
		cmocka_unit_test(softirqs_in_an_array_are_not_known),
		cmocka_unit_test(the_interrupts_cpu_is_idle_or_not),
		cmocka_unit_test(the_kernel_has_panicked_or_not),
		cmocka_unit_test(an_older_kernel_has_panicked_or_nobody_knows),
		cmocka_unit_test(interrupts_are_looked_at_once_a_command),
		cmocka_unit_test(timeouts_and_kicks_are_read),
		cmocka_unit_test(a_kernel_without_these_counts_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
