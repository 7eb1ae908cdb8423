// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_irq.c - which interrupt is a queue's, and what state it is in.
 */
#include "unit.h"
#include "irq.h"
#include "irq_builder.h"

/* ---- which one it is ------------------------------------------------------------- */

static void a_vector_of_its_own_is_found(void **state)
{
	(void)state;
	for (enum irq_era era = 0; era < IRQ_ERAS; era++) {
		struct irq_world w;

		irq_begin(&w, era);
		irq_own_vectors(&w);
		irq_store(&w.irqs);
		irq_walk(&w);
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
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_XARRAY);
	irq_handle(&w.irqs, irq_add(&w.irqs, 24), w.nic->vdev, "virtio0-config");
	irq_handle(&w.irqs, irq_add(&w.irqs, 25), w.nic->vdev,
		   "virtio0-virtqueues");
	irq_store(&w.irqs);
	irq_walk(&w);
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
	struct irq_world w;
	uint64_t action;

	(void)state;
	for (unsigned lost = 0; lost < 2; lost++) {
		irq_begin(&w, IRQ_XARRAY);
		action = irq_handle(&w.irqs, irq_add(&w.irqs, 24), w.nic->vdev,
				    "virtio0-config");
		if (lost)
			fake_set(w.f, action, "irqaction", "name", 0x7f0012345000);
		irq_store(&w.irqs);
		irq_walk(&w);
		assert_int_equal(irq_of(&w, "rx0")->have, lost ? VR_UNREAD : VR_ABSENT);
		assert_unread(irq_of(&w, "rx0")->number);
		assert_false(irq_of(&w, "rx0")->shared);
		guest_free(w.g);
	}
}

/* A line has a chain of handlers, of other drivers too. */
static void a_line_is_found_along_its_handlers(void **state)
{
	struct irq_world w;
	struct nic *other;
	uint64_t line;

	(void)state;
	irq_begin(&w, IRQ_MAPLE);
	other = guest_nic(w.g, &(struct nic_spec){ .name = "eth1" });
	irq_set_callback(&w, &other->rx[0], 0xffffffff81000000ULL);
	line = irq_add(&w.irqs, 11);
	irq_handle(&w.irqs, line, 0xffff888012345678ULL, "ehci_hcd:usb1");
	irq_handle(&w.irqs, line, w.nic->vdev, "virtio0");
	irq_handle(&w.irqs, line, other->vdev, "virtio1");
	irq_store(&w.irqs);
	irq_walk(&w);
	assert_val(irq_of(&w, "rx0")->number, 11);
	assert_string_equal(irq_of(&w, "rx0")->name, "virtio0");
	assert_true(irq_of(&w, "rx0")->shared);
	assert_string_equal(walked_queue(&w.w, "eth1", "rx0")->irq.name, "virtio1");
	guest_free(w.g);
}

static void no_handler_is_told_from_unknown(void **state)
{
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_XARRAY);
	irq_handle(&w.irqs, irq_add(&w.irqs, 24), w.nic->vdev, "virtio0-config");
	irq_handle(&w.irqs, irq_add(&w.irqs, 25), w.nic->vdev + 8, "virtio0");
	irq_handle(&w.irqs, irq_add(&w.irqs, 26), w.nic->rx[0].vq + 8, "x");
	irq_store(&w.irqs);
	irq_walk(&w);
	assert_int_equal(irq_of(&w, "rx0")->have, VR_ABSENT);
	guest_free(w.g);

	/* The same, but part of the tree is missing: it may be there. */
	irq_begin(&w, IRQ_XARRAY);
	irq_own_vectors(&w);
	irq_add(&w.irqs, 100);
	irq_store(&w.irqs);
	fake_drop(w.f, VR_KERNEL, fake_get64(w.f, w.irqs.root + 40));
	irq_walk(&w);
	assert_int_equal(irq_of(&w, "rx0")->have, VR_UNREAD);
	assert_unread(irq_of(&w, "rx0")->number);
	assert_int_equal(irq_of(&w, "ctrl")->have, VR_ABSENT);
	guest_free(w.g);

	/* Nothing that keeps interrupts is known. */
	irq_begin(&w, IRQ_XARRAY);
	irq_walk(&w);
	assert_int_equal(irq_of(&w, "rx0")->have, VR_UNREAD);
	guest_free(w.g);
}

static void what_is_damaged_is_not_the_queues(void **state)
{
	const struct vr_error *e;
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_MAPLE);
	irq_own_vectors(&w);
	irq_store(&w.irqs);
	fake_drop(w.f, VR_KERNEL, w.irqs.desc[2]);
	irq_walk(&w);
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
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_XARRAY);
	line = irq_add(&w.irqs, 11);
	first = irq_handle(&w.irqs, line, 0x1234, "other");
	last = irq_handle(&w.irqs, line, w.nic->vdev, "virtio0");
	fake_set(w.f, last, "irqaction", "next", first);
	irq_store(&w.irqs);
	irq_walk(&w);
	get_error(&w.g->c, VR_E_LOOP, "handlers of an interrupt");
	assert_val(irq_of(&w, "rx0")->number, 11);
	guest_free(w.g);
}

static void a_name_that_cannot_be_read_is_empty(void **state)
{
	uint64_t action;
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_XARRAY);
	action = irq_handle(&w.irqs, irq_add(&w.irqs, 25), w.nic->rx[0].vq, "gone");
	fake_set(w.f, action, "irqaction", "name", 0xffffc0de00000000ULL);
	action = irq_handle(&w.irqs, irq_add(&w.irqs, 26), w.nic->rx[1].vq,
			    "a name that is longer than any name of a handler is");
	irq_store(&w.irqs);
	irq_walk(&w);
	assert_val(irq_of(&w, "rx0")->number, 25);
	assert_string_equal(irq_of(&w, "rx0")->name, "");
	assert_int_equal(strlen(irq_of(&w, "rx1")->name), 40);
	guest_free(w.g);
}

/* ---- its state ------------------------------------------------------------------- */

static void state_bits_and_counts(void **state)
{
	static const char bits[] = "irq_common_data.state_use_accessors";

	(void)state;
	for (enum irq_era era = 0; era < IRQ_ERAS; era++) {
		struct irq_world w;

		irq_begin(&w, era);
		irq_own_vectors(&w);
		irq_set(&w.irqs, w.irqs.desc[1], "depth", 1);
		irq_set(&w.irqs, w.irqs.desc[1], bits, 1 << 16 | 1 << 17);
		irq_set(&w.irqs, w.irqs.desc[2], bits, 1 << 17 | 1 << 9);
		irq_set(&w.irqs, w.irqs.desc[3], "depth", 7);
		irq_set(&w.irqs, w.irqs.desc[1], "tot_count", 4000000000u);
		irq_set(&w.irqs, w.irqs.desc[1], "irqs_unhandled", 99);
		irq_set(&w.irqs, w.irqs.desc[4], "irq_common_data.affinity",
			irq_mask(&w, 1 << 4, 0));
		irq_store(&w.irqs);
		irq_walk(&w);
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
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_RADIX_SHIFT);
	fake_forget(w.f, "irq_desc", "tot_count");
	irq_own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], "kstat_irqs", 0x2000);
	irq_set(&w.irqs, w.irqs.desc[2], "kstat_irqs", 0x3000);
	for (unsigned cpu = 0; cpu < IRQ_TEST_CPUS; cpu++) {
		fake_u32(w.f, irq_percpu(&w.irqs, cpu, 0x2000), cpu);
		fake_u32(w.f, irq_percpu(&w.irqs, cpu, 0x3000), 1000);
	}
	fake_drop(w.f, VR_KERNEL, irq_percpu(&w.irqs, 69, 0x3000));
	irq_store(&w.irqs);
	irq_walk(&w);
	assert_val(irq_of(&w, "rx0")->count, 69 * 70 / 2);
	assert_unread(irq_of(&w, "tx0")->count);
	assert_unread(irq_of(&w, "tx1")->count);	/* no pointer at all */
	guest_free(w.g);
}

static void the_cpu_is_the_first_of_the_effective_mask(void **state)
{
	static const char effective[] = "irq_common_data.effective_affinity";
	static const char affinity[] = "irq_common_data.affinity";
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_MAPLE);
	irq_own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], effective, irq_mask(&w, 1 << 3, 0));
	irq_set(&w.irqs, w.irqs.desc[1], affinity, irq_mask(&w, 1 << 1, 0));
	/* Not set up yet: where it may go. */
	irq_set(&w.irqs, w.irqs.desc[2], effective, irq_mask(&w, 0, 0));
	irq_set(&w.irqs, w.irqs.desc[2], affinity, irq_mask(&w, 0x60, 0));
	irq_set(&w.irqs, w.irqs.desc[3], effective, irq_mask(&w, 0, 1 << 2));
	/* Bits behind the last CPU are none. */
	irq_set(&w.irqs, w.irqs.desc[4], effective, irq_mask(&w, 0, 1 << 6));
	irq_store(&w.irqs);
	irq_walk(&w);
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
		struct irq_world w;

		irq_begin(&w, IRQ_XARRAY);
		fake_type(w.f, "cpumask", sizes[i]);
		fake_member(w.f, "irq_desc", "irq_common_data.effective_affinity",
			    200, sizes[i], NULL);
		irq_own_vectors(&w);
		fake_u64(w.f, w.irqs.desc[1] + 200, 0x30);
		irq_store(&w.irqs);
		irq_walk(&w);
		assert_val(irq_of(&w, "rx0")->cpu, 4);
		assert_val(irq_of(&w, "rx0")->more_cpus, 1);
		guest_free(w.g);
	}
}

static void a_wild_mask_is_unknown(void **state)
{
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_XARRAY);
	irq_own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], "irq_common_data.effective_affinity",
		0xffffc0de00000000ULL);
	irq_store(&w.irqs);
	irq_walk(&w);
	assert_unread(irq_of(&w, "rx0")->cpu);
	assert_unread(irq_of(&w, "rx0")->more_cpus);
	assert_val(irq_of(&w, "rx0")->number, 25);
	guest_free(w.g);
}

/* ---- what it costs --------------------------------------------------------------- */

static void interrupts_are_looked_at_once_a_command(void **state)
{
	uint64_t reads[2];
	struct irq_world w;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		irq_begin(&w, IRQ_XARRAY);
		irq_own_vectors(&w);
		for (uint64_t n = 100; i && n < 300; n++)
			irq_handle(&w.irqs, irq_add(&w.irqs, n), 0x1000 + n, "x");
		irq_store(&w.irqs);
		reads[i] = w.f->t.reads;
		irq_walk(&w);
		reads[i] = w.f->t.reads - reads[i];
		guest_free(w.g);
	}
	/* The descriptor and its handler, and the nodes. */
	assert_true(reads[1] - reads[0] >= 400);
	assert_true(reads[1] - reads[0] <= 410);
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
		cmocka_unit_test(interrupts_are_looked_at_once_a_command),
	};

	return cmocka_run_group_tests_name("irq", tests, NULL, NULL);
}
