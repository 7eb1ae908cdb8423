// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * owners_blk.c - what virtio_blk's tokens are: its own part of a request, right
 * behind the block layer's (since 3.13), or with a pointer to that.
 *
 * A request is believed when it belongs to the request queue of this device's disk,
 * which was reached another way: virtio_device -> virtio_blk -> gendisk.
 */
#include <string.h>

#include "vring.h"

#define NO_SECTOR	UINT64_MAX	/* (sector_t)-1: flushes have none */
#define OP_MASK		0xffu		/* of cmd_flags, since 4.10 */

/* The device's part, read once a queue. */
struct blk {
	struct vr_ctx *c;
	const struct vr_queue *q;
	uint64_t queue;		/* the disk's request_queue */
	uint64_t hctx;		/* the last one that pointed to it */
	bool swap;		/* the header's byte order is not ours */
	char disk[32];
};

/* Names of operations, in the order of vr_layout.ops. */
static const char *const op_names[] = {
	"READ", "WRITE", "FLUSH", "DISCARD", "SECURE_ERASE", "WRITE_ZEROES",
	"WRITE_SAME", "ZONE_APPEND", "ZONE_OPEN", "ZONE_CLOSE", "ZONE_FINISH",
	"ZONE_RESET", "ZONE_RESET_ALL", "DRV_IN", "DRV_OUT",
};
#define NAMED (sizeof(op_names) / sizeof(op_names[0]))
_Static_assert(NAMED <= VR_NOPS, "vr_layout.ops is too small");

/*
 * The kernel's numbers of them.  4.8 and 4.9 had some of these constants too, with
 * the operation elsewhere in cmd_flags; only there FLUSH was not 2.
 */
static void find_ops(struct vr_ctx *c)
{
	uint64_t v;

	if (c->layout.ops.tried)
		return;
	c->layout.ops.tried = true;
	memset(c->layout.ops.value, 0xff, sizeof(c->layout.ops.value));
	c->layout.ops.known = vr_type_constant(c, NULL, "REQ_OP_FLUSH", &v) && v == 2;
	for (unsigned i = 0; i < NAMED && c->layout.ops.known; i++) {
		char name[32];

		snprintf(name, sizeof(name), "REQ_OP_%s", op_names[i]);
		if (vr_type_constant(c, NULL, name, &v) && v < 0xff)
			c->layout.ops.value[i] = (uint8_t)v;
	}
}

static const char *op_name(const struct vr_ctx *c, uint64_t op)
{
	for (unsigned i = 0; i < NAMED; i++)
		if (op != 0xff && c->layout.ops.value[i] == op)
			return op_names[i];
	return NULL;
}

/* ---- the device ------------------------------------------------------------------ */

/* Find the disk and its request queue; false when the way there breaks off. */
static bool find_disk(struct blk *b, const struct vr_device *d)
{
	struct vr_ctx *c = b->c;
	struct vr_obj vdev = { .addr = d->virtio_device };
	struct vr_obj vblk = { .addr = vr_get_ptr(c, &vdev, VR_VDEV_PRIV,
						  "virtio_device.priv") };
	struct vr_obj disk;

	if (!vblk.addr)
		return false;
	if (!vr_points_back(c, &vblk, VR_VBLK_VDEV, "virtio_blk.vdev", d->virtio_device))
		return false;
	disk = (struct vr_obj){ .addr = vr_get_ptr(c, &vblk, VR_VBLK_DISK,
						   "virtio_blk.disk") };
	if (!disk.addr)
		return false;
	b->queue = vr_get_ptr(c, &disk, VR_DISK_QUEUE, "gendisk.queue");
	if (vr_read(c, disk.addr + c->layout.f[VR_DISK_NAME].offset, b->disk,
		    sizeof(b->disk)))
		b->disk[0] = '\0';
	b->disk[sizeof(b->disk) - 1] = '\0';
	return b->queue != 0;
}

/* ---- a request --------------------------------------------------------------------- */

/* Does the request's hardware queue belong to the disk too?  They share few. */
static bool fits_hctx(struct blk *b, const struct vr_obj *req)
{
	struct vr_obj hctx;

	if (!vr_has(b->c, VR_REQ_HCTX) || !vr_has(b->c, VR_HCTX_QUEUE))
		return true;
	hctx = (struct vr_obj){ .addr = vr_get_ptr(b->c, req, VR_REQ_HCTX, NULL) };
	if (hctx.addr && hctx.addr == b->hctx)
		return true;
	if (vr_owner_suspect(b->q, hctx.addr, 8) ||
	    vr_get_ptr(b->c, &hctx, VR_HCTX_QUEUE, NULL) != b->queue)
		return false;
	b->hctx = hctx.addr;
	return true;
}

/* A signed int that is negative where there is none. */
static struct vr_val not_negative(struct vr_val v)
{
	if (v.have == VR_READ && v.v > INT32_MAX)
		v = (struct vr_val){ .have = VR_ABSENT };
	return v;
}

/* Since when: issued to the driver, where the kernel records that, or allocated. */
static void read_age(struct vr_ctx *c, const struct vr_obj *o,
		     struct vr_request *r)
{
	struct vr_val start = vr_get(c, o, VR_REQ_START, NULL);

	r->age_ms = (struct vr_val){ .have = VR_ABSENT };
	if (start.have == VR_READ) {
		r->age_from = "start_time";
		r->age_ms = vr_age_jiffies(c, start);
		return;
	}
	r->age_from = "io_start_time_ns";
	start = vr_get(c, o, VR_REQ_IO_START_NS, NULL);
	if (start.have != VR_READ || !start.v) {
		r->age_from = "start_time_ns";
		start = vr_get(c, o, VR_REQ_START_NS, NULL);
	}
	if (start.have == VR_READ && start.v)
		r->age_ms = vr_age_ns(c, start);
	else
		r->age_from = NULL;
}

static void fill(struct blk *b, const struct vr_obj *o, const struct vr_obj *vbr,
		 struct vr_request *r)
{
	struct vr_ctx *c = b->c;
	struct vr_val flags = vr_get(c, o, VR_REQ_FLAGS, NULL);

	r->addr = o->addr;
	memcpy(r->disk, b->disk, sizeof(r->disk));
	r->sector = vr_get(c, o, VR_REQ_SECTOR, NULL);
	if (r->sector.have == VR_READ && r->sector.v == NO_SECTOR)
		r->sector = (struct vr_val){ .have = VR_ABSENT };
	r->data_len = vr_get(c, o, VR_REQ_LEN, NULL);
	r->tag = not_negative(vr_get(c, o, VR_REQ_TAG, NULL));
	r->state = vr_get(c, o, VR_REQ_STATE, NULL);
	r->op = (struct vr_val){ .have = VR_ABSENT };
	if (c->layout.ops.known && flags.have == VR_READ) {
		r->op = (struct vr_val){ flags.v & OP_MASK, VR_READ };
		r->op_name = op_name(c, r->op.v);
	}
	r->type = vr_get(c, vbr, VR_VBR_TYPE, NULL);
	if (b->swap)
		r->type.v = __builtin_bswap32((uint32_t)r->type.v);
	read_age(c, o, r);
}

static void tell(struct blk *b, struct vr_owner *o)
{
	static const enum vr_slot members[] = {
		VR_REQ_Q, VR_REQ_HCTX, VR_REQ_FLAGS, VR_REQ_SECTOR, VR_REQ_LEN,
		VR_REQ_TAG, VR_REQ_STATE, VR_REQ_START, VR_REQ_START_NS,
		VR_REQ_IO_START_NS,
	};
	struct vr_ctx *c = b->c;
	struct vr_obj vbr = { .addr = o->token }, req;
	uint64_t addr = o->token - c->layout.f[VR_SZ_REQUEST].size;
	struct vr_request *r;

	o->kind = VR_OWNER_REQUEST;
	o->why = vr_owner_suspect(b->q, o->token, 8);
	if (o->why)
		return;
	o->addr = o->token;
	if (vr_has(c, VR_VBR_REQ))
		addr = vr_get_ptr(c, &vbr, VR_VBR_REQ, NULL);
	o->why = vr_owner_suspect(b->q, addr, 8);
	if (o->why)
		return;
	req = vr_obj_cover(c, addr, members, sizeof(members) / sizeof(members[0]));
	r = vr_alloc(&c->arena, 1, sizeof(*r));
	if (!req.data || !r) {
		o->why = "unreadable";
	} else if (vr_get_ptr(c, &req, VR_REQ_Q, NULL) != b->queue ||
		   !fits_hctx(b, &req)) {
		o->why = "not of this disk's queue";
	} else {
		o->request = r;
		fill(b, &req, &vbr, r);
	}
}

void vr_owners_blk(struct vr_ctx *c, const struct vr_device *d, struct vr_queue *q,
		   bool words_big)
{
	struct blk b = { .c = c, .q = q, .swap = c->t->big_endian && !words_big };
	struct vr_missing missing;

	if (!q->owners.count)
		return;
	if (vr_layout_resolve(c, VR_G_BLK, &missing)) {
		vr_error_add(c, (struct vr_error){ .code = VR_E_NOTYPE,
			.what = missing.path, .of = missing.type,
			.module = missing.module ? missing.module : "vmlinux",
			.value = missing.renamed });
		return;
	}
	if (!find_disk(&b, d))
		return;
	find_ops(c);
	for (uint32_t i = 0; i < q->owners.count; i++)
		tell(&b, &q->owners.owner[i]);
}
