// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86_builder.c - a kernel of x86_64: what finds its page tables.
 */
#include "x86_builder.h"

#define TABLES	0x1000000ULL	/* physical, of the kernel's tables */

void x86_start(struct x86_kernel *x, unsigned levels, uint64_t direct)
{
	uint64_t init_mm = IMAGE + 0x100000;

	x->f = fake_new();
	x->f->t.x86_64 = true;
	x->c.t = &x->f->t;
	x->c.layout.f[VR_MM_PGD] = (struct vr_field){ .known = true,
		.offset = PGD_OFFSET, .size = 8 };
	fake_symbol(x->f, "_text", IMAGE);
	fake_symbol(x->f, "_end", IMAGE_END);
	fake_symbol(x->f, "init_mm", init_mm);
	pt_init(&x->pt, x->f, levels, direct, TABLES);
	fake_u64(x->f, init_mm + PGD_OFFSET, x->pt.top_kernel);
}

void x86_set_bases(struct x86_kernel *x, uint64_t direct, uint64_t vmalloc)
{
	fake_symbol(x->f, "page_offset_base", IMAGE + 0x200000);
	fake_u64(x->f, IMAGE + 0x200000, direct);
	fake_symbol(x->f, "vmalloc_base", IMAGE + 0x200008);
	fake_u64(x->f, IMAGE + 0x200008, vmalloc);
}

void x86_stop(struct x86_kernel *x)
{
	vr_arena_free(&x->c.arena);
	vr_arena_free(&x->c.scratch);
	fake_free(x->f);
}

int x86_setup4(void **state)
{
	struct x86_kernel *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x86_start(x, 4, DIRECT4);
	*state = x;
	return 0;
}

int x86_setup5(void **state)
{
	struct x86_kernel *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x86_start(x, 5, DIRECT5);
	x86_set_bases(x, DIRECT5, VMALLOC5);
	*state = x;
	return 0;
}

int x86_teardown(void **state)
{
	x86_stop(*state);
	free(*state);
	return 0;
}
