// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_memory.c - the guest's memory as vhost knows it: which of its owner's addresses
 * is which of the guest's.
 */
#include "vring.h"

#define MAX_REGIONS	4096

static void add_region(struct vr_ctx *c, struct vr_vhost *v,
		       const struct vr_obj *o, const enum vr_slot slots[3])
{
	struct vr_val guest = vr_get(c, o, slots[0], "memory region");
	struct vr_val size = vr_get(c, o, slots[1], "memory region");
	struct vr_val user = vr_get(c, o, slots[2], "memory region");
	struct vr_region *more;

	if (guest.have != VR_READ || size.have != VR_READ || user.have != VR_READ)
		return;
	more = vr_grow(&c->arena, v->regions, v->nregions, &v->room,
		       sizeof(*more));
	if (!more)
		return;
	v->regions = more;
	v->regions[v->nregions++] = (struct vr_region){ guest.v, size.v, user.v };
}

/* Since 4.9: a tree whose nodes also hang on a list. */
static void regions_by_list(struct vr_ctx *c, struct vr_vhost *v, uint64_t umem)
{
	static const enum vr_slot slots[3] = { VR_MAP_START, VR_MAP_SIZE,
					       VR_MAP_ADDR };
	const struct vr_field *f = c->layout.f;
	struct vr_list l = vr_list_start(umem + f[VR_IOTLB_LIST].offset,
					 MAX_REGIONS, "list of memory regions");
	uint64_t node;

	while ((node = vr_list_next(c, &l)) && v->nregions < MAX_REGIONS) {
		struct vr_obj o = vr_obj_cover(c, node - f[VR_MAP_LINK].offset,
					       slots, 3);

		add_region(c, v, &o, slots);
	}
}

/* To 4.4: an array. */
static void regions_by_array(struct vr_ctx *c, struct vr_vhost *v, uint64_t memory)
{
	static const enum vr_slot slots[3] = { VR_REGION_START, VR_REGION_SIZE,
					       VR_REGION_ADDR };
	const struct vr_field *f = c->layout.f;
	struct vr_obj o = { .addr = memory };
	struct vr_val n = vr_get(c, &o, VR_MEM_NREGIONS, "vhost_memory.nregions");

	if (n.have == VR_READ && n.v > MAX_REGIONS)
		vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
			.what = "vhost_memory.nregions", .value = n.v, .addr = memory +
			f[VR_MEM_NREGIONS].offset, .limit = MAX_REGIONS });
	if (n.have != VR_READ || n.v > MAX_REGIONS)
		return;
	for (uint64_t i = 0; i < n.v; i++) {
		o.addr = memory + f[VR_MEM_REGIONS].offset +
			 i * f[VR_SZ_REGION].size;
		add_region(c, v, &o, slots);
	}
}

/* Is something missing that tells where the regions are, and which ones count? */
static bool regions_lost(const struct vr_ctx *c)
{
	static const enum vr_slot needed[] = {
		VR_VHD_IOTLB, VR_IOTLB_LIST, VR_MAP_LINK, VR_MAP_START, VR_MAP_SIZE,
		VR_MAP_ADDR, VR_MEM_NREGIONS, VR_MEM_REGIONS, VR_SZ_REGION,
		VR_REGION_START, VR_REGION_SIZE, VR_REGION_ADDR,
	};

	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (c->layout.f[needed[i]].missed)
			return true;
	return false;
}

void vr_vhost_regions(struct vr_ctx *c, struct vr_vhost *v)
{
	static const enum vr_slot members[] = { VR_VHD_UMEM, VR_VHD_IOTLB,
						VR_VHD_MEMORY };
	struct vr_obj dev = vr_obj_cover(c, v->dev, members, 3);
	struct vr_val map = vr_get(c, &dev, VR_VHD_UMEM, "vhost_dev.umem");
	struct vr_val array = vr_get(c, &dev, VR_VHD_MEMORY, "vhost_dev.memory");
	uint64_t umem = map.v ? vr_get_ptr(c, &dev, VR_VHD_UMEM, "vhost_dev.umem") : 0;
	struct vr_val other = vr_get(c, &dev, VR_VHD_IOTLB, NULL);
	uint64_t iotlb = vr_get_ptr(c, &dev, VR_VHD_IOTLB, NULL);
	uint64_t memory = array.v ? vr_get_ptr(c, &dev, VR_VHD_MEMORY, "vhost_dev.memory") : 0;
	unsigned errors = c->nerrors;

	v->iotlb = iotlb != 0;
	v->iotlb_lost = other.have == VR_UNREAD;
	v->memory_lost = map.have == VR_UNREAD || array.have == VR_UNREAD || regions_lost(c);
	if (regions_lost(c))
		return;
	if (iotlb || umem)
		regions_by_list(c, v, iotlb ? iotlb : umem);
	else if (memory)
		regions_by_array(c, v, memory);
	v->memory_lost = v->memory_lost || c->nerrors > errors || (map.v && !umem) ||
			 (array.v && !memory);
}

struct vr_val vr_user_to_guest(const struct vr_vhost *v, struct vr_val user)
{
	struct vr_val none = { .have = VR_UNREAD };

	if (user.have != VR_READ || !user.v || v->iotlb)
		return none;
	for (unsigned i = 0; i < v->nregions; i++) {
		const struct vr_region *r = &v->regions[i];

		if (!r->size || user.v - r->user < r->size)
			return (struct vr_val){ r->guest + (user.v - r->user),
						VR_READ };
	}
	return none;
}

bool vr_guest_to_user(const struct vr_vhost *v, uint64_t guest, uint64_t *ret)
{
	for (unsigned i = 0; i < v->nregions; i++) {
		const struct vr_region *r = &v->regions[i];

		if (!r->size || guest - r->guest < r->size) {
			*ret = r->user + (guest - r->guest);
			return true;
		}
	}
	return false;
}

bool vr_ring_to_user(const struct vr_vhost *v, uint64_t addr, uint64_t *ret)
{
	*ret = addr;
	return !v->iotlb || vr_guest_to_user(v, addr, ret);
}
