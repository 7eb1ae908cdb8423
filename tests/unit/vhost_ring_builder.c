// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_ring_builder.c - a queue of vhost's, by a layout of our own.
 */
#include "vhost_ring_builder.h"

#define IMAGE		0xffffffff81000000ULL
#define TABLES		0x1000000ULL
#define USER_TABLES	0x2000000ULL

static void known(struct vhost_ring *x, enum vr_slot s, uint32_t offset, uint32_t size)
{
	x->c.layout.f[s] = (struct vr_field){ .known = true, .offset = offset,
		.size = size, .type = "", .path = "" };
}

static void layout(struct vhost_ring *x)
{
	static const struct { enum vr_slot slot; uint32_t offset, size; } at[] = {
		{ VR_MM_PGD, 80, 8 }, { VR_MM_ARG_START, 200, 8 },
		{ VR_VHD_MM, 0, 8 }, { VR_VHD_VQS, 8, 8 }, { VR_VHD_NVQS, 16, 4 },
		{ VR_VHQ_DEV, 0, 8 }, { VR_VHQ_NUM, 8, 4 }, { VR_VHQ_DESC, 16, 8 },
		{ VR_VHQ_AVAIL, 24, 8 }, { VR_VHQ_USED, 32, 8 },
		{ VR_VHQ_LAST_AVAIL, 40, 2 }, { VR_VHQ_AVAIL_IDX, 42, 2 },
		{ VR_VHQ_LAST_USED, 44, 2 }, { VR_VHQ_BACKEND, BACK, 8 },
		{ VR_VHQ_FEATURES, BACK + 8, 8 }, { VR_VHQ_IS_LE, BACK + 16, 1 },
	};

	for (size_t i = 0; i < COUNT_OF(at); i++)
		known(x, at[i].slot, at[i].offset, at[i].size);
}

int vhost_setup(void **state)
{
	struct vhost_ring *x = calloc(1, sizeof(*x));
	uint64_t init_mm = IMAGE + 0x100000;

	assert_non_null(x);
	x->f = fake_new();
	x->f->t.x86_64 = true;
	x->c.t = &x->f->t;
	layout(x);
	fake_symbol(x->f, "_text", IMAGE);
	fake_symbol(x->f, "_end", IMAGE + (32 << 20));
	fake_symbol(x->f, "init_mm", init_mm);
	pt_init(&x->kernel, x->f, 4, DIRECT, TABLES);
	fake_u64(x->f, init_mm + 80, x->kernel.top_kernel);
	pt_init(&x->user, x->f, 4, DIRECT, USER_TABLES);
	fake_u64(x->f, MM + 80, x->user.top_kernel);
	for (unsigned i = 0; i < PAGES; i++)
		pt_map(&x->user, USER + i * FAKE_PAGE, PHYS + i * FAKE_PAGE, 1, 0);
	fake_map(x->f, VR_PHYS, PHYS, PAGES * FAKE_PAGE);
	fake_map(x->f, VR_KERNEL, DEV, FAKE_PAGE);
	x->regions[0] = (struct vr_region){ GUEST, PAGES * FAKE_PAGE, USER };
	x->v[0] = (struct vr_vhost){ .kind = VR_VHOST_VSOCK, .dev = DEV, .mm = MM,
		.regions = x->regions, .nregions = 1, .shown = true };
	x->h = (struct vr_host){ .vhosts = x->v, .nvhosts = 1, .queues = &x->q,
		.nqueues = 1 };
	*state = x;
	return 0;
}

int vhost_teardown(void **state)
{
	struct vhost_ring *x = *state;

	vr_arena_free(&x->c.arena);
	vr_arena_free(&x->c.scratch);
	fake_free(x->f);
	free(x);
	return 0;
}

void vhost_bookkeeping(struct vhost_ring *x, uint64_t vq, uint64_t base,
		       uint16_t taken, uint16_t returned)
{
	fake_map(x->f, VR_KERNEL, vq, FAKE_PAGE);
	fake_map(x->f, VR_KERNEL, vq + BACK, 1);
	fake_u64(x->f, vq, DEV);
	fake_u32(x->f, vq + 8, NUM);
	fake_u64(x->f, vq + 16, base + DESC);
	fake_u64(x->f, vq + 24, base + AVAIL);
	fake_u64(x->f, vq + 32, base + USED);
	fake_u16(x->f, vq + 40, taken);
	fake_u16(x->f, vq + 42, taken);
	fake_u16(x->f, vq + 44, returned);
	fake_u64(x->f, vq + BACK, 0xffff888004000000ULL);
	fake_u64(x->f, vq + BACK + 8, 1ULL << 32);
	fake_u8(x->f, vq + BACK + 16, 1);
}

void vhost_put(struct vhost_ring *x, uint32_t at, uint64_t v, unsigned size)
{
	fake_put(x->f, VR_PHYS, PHYS + at, &v, size);
}

void vhost_put_words(struct vhost_ring *x, uint16_t avail, uint16_t used)
{
	vhost_put(x, AVAIL + 2, avail, 2);
	vhost_put(x, AVAIL + 4 + 2 * NUM, 77, 2);
	vhost_put(x, USED + 2, used, 2);
	vhost_put(x, USED + 4 + 8 * NUM, 88, 2);
}

void vhost_read_queue(struct vhost_ring *x)
{
	x->q = (struct vr_hostq){ .vhost = &x->v[0], .vhost_virtqueue = VQ };
	vr_vhost_queue(&x->c, &x->q);
}
