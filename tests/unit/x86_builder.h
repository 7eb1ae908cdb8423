/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86_builder.h - a kernel of x86_64 with page tables of 4 or 5 levels in a
 * fake target.
 */
#ifndef X86_BUILDER_H
#define X86_BUILDER_H

#include "pgtable_builder.h"
#include "unit.h"

#define PGD_OFFSET	80u		/* in mm_struct */
#define IMAGE		0xffffffff81000000ULL
#define IMAGE_END	0xffffffff83000000ULL
#define DIRECT4		0xffff888000000000ULL
#define DIRECT5		0xff11000000000000ULL
#define VMALLOC4	0xffffc90000000000ULL
#define VMALLOC5	0xffa0000000000000ULL

struct x86_kernel {
	struct fake_target *f;
	struct vr_ctx c;
	struct pgtable pt;
};

/* A kernel with its symbols and no mapping, which has its direct map at 'direct'.  All
 * of 'x' is zero before. */
void x86_start(struct x86_kernel *x, unsigned levels, uint64_t direct);
/* Free what it holds, not 'x' itself. */
void x86_stop(struct x86_kernel *x);
/* Kernels since 4.8 keep the bases in variables. */
void x86_set_bases(struct x86_kernel *x, uint64_t direct, uint64_t vmalloc);
/* Kernels of 4 and 5 levels; for cmocka. */
int x86_setup4(void **state);
int x86_setup5(void **state);
int x86_teardown(void **state);

/* A test of such a kernel. */
#define TEST4(fn) cmocka_unit_test_setup_teardown(fn, x86_setup4, x86_teardown)
#define TEST5(fn) cmocka_unit_test_setup_teardown(fn, x86_setup5, x86_teardown)

static inline void assert_phys(struct x86_kernel *x, uint64_t addr, uint64_t want)
{
	uint64_t phys = ~0ULL;

	assert_int_equal(vr_virt_to_phys(&x->c, addr, &phys), VR_TR_OK);
	assert_int_equal(phys, want);
}

static inline void assert_not(struct x86_kernel *x, uint64_t addr,
			      enum vr_translation why)
{
	uint64_t phys;

	assert_int_equal(vr_virt_to_phys(&x->c, addr, &phys), why);
}

#endif
