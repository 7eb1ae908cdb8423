// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_irq_cpu.c - the CPU that a queue's interrupt goes to: the softirqs that are
 * pending there, and who would take it.
 */
#include "unit.h"
#include "irq_builder.h"

#define NET_TX	(1u << 2)
#define NET_RX	(1u << 3)

/* ---- softirqs -------------------------------------------------------------------- */

enum place { PLACE_STAT, PLACE_HOT, PLACE_VARIABLE, PLACE_NONE, PLACES };

/* What is pending lies at 0x104 of each area in any case. */
static void put_softirqs(struct irq_world *w, enum place place)
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
		struct irq_world w;

		irq_begin(&w, IRQ_XARRAY);
		irq_own_vectors(&w);
		for (unsigned i = 0; i < 4; i++)
			irq_set(&w.irqs, w.irqs.desc[1 + i], effective,
				irq_mask(&w, 1 << (i + 1), 0));
		put_softirqs(&w, place);
		fake_drop(w.f, VR_KERNEL, irq_percpu(&w.irqs, 4, 0x104));
		irq_store(&w.irqs);
		irq_walk(&w);
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

/* Outside of what each CPU has, as an array of all CPUs' is: not one of the CPU's own. */
static void softirqs_in_an_array_are_not_known(void **state)
{
	struct irq_world w;

	(void)state;
	irq_begin(&w, IRQ_XARRAY);
	irq_own_vectors(&w);
	irq_set(&w.irqs, w.irqs.desc[1], "irq_common_data.effective_affinity",
		irq_mask(&w, 1 << 1, 0));
	put_softirqs(&w, PLACE_STAT);
	fake_symbol(w.f, "__per_cpu_start", 0x10000);
	fake_symbol(w.f, "__per_cpu_end", 0x30000);
	irq_store(&w.irqs);
	irq_walk(&w);
	assert_absent(irq_of(&w, "rx0")->softirqs);
	guest_free(w.g);
}

/* ---- who would take it ----------------------------------------------------------- */

/* A run queue begins at 0x200 of each area. */
static void put_tasks(struct irq_world *w, unsigned cpu, uint64_t curr, uint64_t idle)
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
		struct irq_world w;

		irq_begin(&w, IRQ_XARRAY);
		irq_own_vectors(&w);
		for (unsigned i = 0; i < 4; i++)
			irq_set(&w.irqs, w.irqs.desc[1 + i], effective,
				irq_mask(&w, 1 << (i + 1), 0));
		fake_load_layout(w.f, "hand-rq.layout");
		if (known)
			fake_symbol(w.f, "runqueues", 0x200);
		put_tasks(&w, 1, task, task);
		put_tasks(&w, 2, task, task + 0x2000);
		fake_drop(w.f, VR_KERNEL, irq_percpu(&w.irqs, 4, 0x200 + 32));
		irq_store(&w.irqs);
		irq_walk(&w);
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
		struct irq_world w;
		uint64_t at;

		irq_begin(&w, IRQ_XARRAY);
		irq_own_vectors(&w);
		at = fake_alloc(w.f, 4);
		if (i < 3)
			fake_u32(w.f, at, cpus[i]);
		if (i < 3)
			fake_symbol(w.f, "panic_cpu", at);
		irq_store(&w.irqs);
		irq_walk(&w);
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
		struct irq_world w;
		uint64_t at;

		irq_begin(&w, IRQ_XARRAY);
		irq_own_vectors(&w);
		at = fake_alloc(w.f, 8);
		fake_u64(w.f, at, crashed ? 0xffffffff81051230 : 0);
		fake_symbol(w.f, "shootdown_callback", at);
		irq_store(&w.irqs);
		irq_walk(&w);
		if (crashed)
			assert_val(irq_of(&w, "rx0")->panicked, 1);
		else
			assert_absent(irq_of(&w, "rx0")->panicked);
		guest_free(w.g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(softirqs_of_the_interrupts_cpu),
		cmocka_unit_test(softirqs_in_an_array_are_not_known),
		cmocka_unit_test(the_interrupts_cpu_is_idle_or_not),
		cmocka_unit_test(the_kernel_has_panicked_or_not),
		cmocka_unit_test(an_older_kernel_has_panicked_or_nobody_knows),
	};

	return cmocka_run_group_tests_name("irq_cpu", tests, NULL, NULL);
}
