// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_find.c - finding vhost devices through the files that processes have
 * open.
 *
 * The way through a tap's wait queue is often interrupted: vhost takes itself
 * off that queue while it works.  A vhost device always hangs on a file of its
 * owner, though, and that needs neither module symbols nor crash's task table:
 * the file is recognised by its device number, and what it leads to by pointers
 * that point back.
 */
#include <string.h>

#include "vring.h"

/* Device numbers of character devices: major << 20 | minor. */
#define MISC_MAJOR	10u
#define RDEV(minor)	(MISC_MAJOR << 20 | (minor))
#define NET_MINOR	238u
#define VSOCK_MINOR	241u
#define S_IFMT_		0170000u
#define S_IFCHR_	0020000u
#define NET_VQS		2	/* VHOST_NET_VQ_MAX */
#define MAX_SLOTS	(1u << 26)	/* of all processes' file tables */

struct finder {
	struct vr_host *h;
	const struct vr_task *task;
	uint64_t inode;		/* the file before this one had it, and was ... */
	int kind;
};

/* What kind of vhost device a file of this inode is; -1 for another file. */
static int kind_of_inode(struct vr_ctx *c, uint64_t addr, uint64_t file)
{
	struct vr_obj f = { .addr = file }, inode = { .addr = addr }, dentry;
	struct vr_val rdev, mode;
	char name[16];

	mode = vr_get(c, &inode, VR_INODE_MODE, "inode.i_mode");
	if (mode.have != VR_READ || (mode.v & S_IFMT_) != S_IFCHR_)
		return -1;
	rdev = vr_get(c, &inode, VR_INODE_RDEV, NULL);
	if (rdev.have != VR_READ || rdev.v >> 20 != MISC_MAJOR)
		return -1;
	if (rdev.v == RDEV(NET_MINOR))
		return VR_VHOST_NET;
	if (rdev.v == RDEV(VSOCK_MINOR))
		return VR_VHOST_VSOCK;
	/* vhost-scsi takes any free minor, as vhost-vsock did up to 4.12 and in el7: only the
	 * name tells. */
	dentry = (struct vr_obj){ .addr = vr_get_ptr(c, &f, VR_FILE_DENTRY, NULL) };
	if (!dentry.addr || vr_get_name(c, &dentry, VR_DENTRY_NAME, "dentry.d_name", name,
					sizeof(name)))
		return -1;
	if (!strcmp(name, "vhost-vsock"))
		return VR_VHOST_VSOCK;
	return strcmp(name, "vhost-scsi") ? -1 : VR_VHOST_SCSI;
}

/* The same of a file; all eventfds, of which a VMM has most, share an inode. */
static int kind_of_file(struct vr_ctx *c, uint64_t file, struct finder *before)
{
	struct vr_obj f = { .addr = file };
	uint64_t inode = vr_get_ptr(c, &f, VR_FILE_INODE, "file.f_inode");

	if (!inode)
		return -1;
	if (inode != before->inode) {
		before->inode = inode;
		before->kind = kind_of_inode(c, inode, file);
	}
	return before->kind;
}

/* Where the vhost_dev lies inside; the types are asked for when first needed. */
static int dev_offset(struct vr_ctx *c, enum vr_vhost_kind kind, uint32_t *ret)
{
	static const struct {
		unsigned group;
		enum vr_slot slot;
	} kinds[] = {
		[VR_VHOST_NET] = { VR_G_VHOST, VR_VHN_DEV },
		[VR_VHOST_VSOCK] = { VR_G_VSOCK, VR_VSOCK_DEV },
		[VR_VHOST_SCSI] = { VR_G_SCSI, VR_SCSI_DEV },
	};
	struct vr_missing missing;

	*ret = c->layout.f[kinds[kind].slot].offset;
	if (vr_has(c, kinds[kind].slot))
		return 0;
	if (vr_layout_resolve(c, kinds[kind].group, &missing)) {
		vr_error_add(c, (struct vr_error){ .code = VR_E_NOTYPE,
			.what = missing.path, .of = missing.type,
			.module = missing.module ? missing.module : "vmlinux",
			.value = missing.renamed });
		return -1;
	}
	*ret = c->layout.f[kinds[kind].slot].offset;
	return 0;
}

/* The first queue must point back at its vhost_dev; 'what' is NULL where it may well be
 * something else. */
static bool looks_like_vhost(struct vr_ctx *c, const struct vr_vhost *v, const char *what)
{
	struct vr_obj vq = { .addr = vr_vhost_vq(c, v, 0, what ? "vhost_dev.vqs" : NULL) };

	if (!vq.addr)
		return false;
	if (vr_get_ptr(c, &vq, VR_VHQ_DEV, what) == v->dev)
		return true;
	if (what)
		vr_error_add(c, (struct vr_error){ .code = VR_E_MISFIT,
			.what = what, .value = vq.addr, .addr = v->dev });
	return false;
}

/* What is wrong with a device as a whole. */
static void doubt(struct vr_ctx *c, const struct vr_vhost *v)
{
	const struct vr_field *f = c->layout.f;
	struct vr_obj mm = { .addr = v->mm }, pgd;

	if (v->kind == VR_VHOST_NET && v->nvqs.have == VR_READ && v->nvqs.v != NET_VQS)
		vr_error_add(c, (struct vr_error){ .code = VR_E_UNEQUAL,
			.what = "vhost_dev.nvqs", .value = v->nvqs.v,
			.addr = v->dev + f[VR_VHD_NVQS].offset,
			.of = "the number of queues of a vhost_net", .limit = NET_VQS });
	else if (v->nvqs.have == VR_READ && v->nvqs.v > VR_MAX_VHOST_VQS)
		vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
			.what = "vhost_dev.nvqs", .value = v->nvqs.v,
			.addr = v->dev + f[VR_VHD_NVQS].offset,
			.limit = VR_MAX_VHOST_VQS });
	if (!v->mm)
		return;
	pgd = (struct vr_obj){ .addr = vr_get_ptr(c, &mm, VR_MM_PGD,
						  "mm_struct.pgd of the owner") };
	if (pgd.addr)
		vr_obj_load(c, pgd.addr, sizeof(uint64_t), "page tables of the owner");
}

static struct vr_vhost *known(struct vr_host *h, uint64_t addr)
{
	for (unsigned i = 0; i < h->nvhosts; i++)
		if (h->vhosts[i].addr == addr)
			return &h->vhosts[i];
	return NULL;
}

static struct vr_vhost *add(struct vr_ctx *c, struct vr_host *h,
			    enum vr_vhost_kind kind, uint64_t addr, const char *what)
{
	struct vr_vhost *v = known(h, addr);
	struct vr_obj o = { .addr = addr }, dev;
	uint32_t offset;

	if (v)
		return v;
	if (!addr)
		return NULL;
	if (h->nvhosts == VR_MAX_VHOSTS) {
		vr_error_add_common(c, (struct vr_error){ .code = VR_E_BUDGET,
			.what = "vhost devices", .limit = VR_MAX_VHOSTS, .of = "of the host" });
		return NULL;
	}
	if (dev_offset(c, kind, &offset))
		return NULL;
	v = &h->vhosts[h->nvhosts];
	*v = (struct vr_vhost){ .kind = kind, .addr = addr, .dev = addr + offset };
	if (!looks_like_vhost(c, v, what)) {
		v->nvqs = vr_get(c, &(struct vr_obj){ .addr = v->dev }, VR_VHD_NVQS, NULL);
		if (what)
			doubt(c, v);
		return NULL;
	}
	h->nvhosts++;
	dev = (struct vr_obj){ .addr = v->dev };
	v->nvqs = vr_get(c, &dev, VR_VHD_NVQS, "vhost_dev.nvqs");
	v->vqs = vr_get_ptr(c, &dev, VR_VHD_VQS, NULL);
	/* NULL before the device has an owner, and after. */
	v->mm = vr_get_optional(c, &dev, VR_VHD_MM, "vhost_dev.mm");
	v->cid = (struct vr_val){ .have = VR_ABSENT };
	if (kind == VR_VHOST_VSOCK)
		v->cid = vr_get(c, &o, VR_VSOCK_CID, "vhost_vsock.guest_cid");
	for (unsigned vq = 0; kind == VR_VHOST_NET && vq < 2; vq++) {
		struct vr_obj q = { .addr = vr_vhost_vq(c, v, vq, "vhost_dev.vqs") };

		v->vq[vq] = q.addr;
		if (q.addr)
			v->backend[vq] = vr_get_ptr(c, &q, VR_VHQ_BACKEND, NULL);
	}
	vr_vhost_regions(c, v);
	doubt(c, v);
	return v;
}

struct vr_vhost *vr_vhost_at(struct vr_ctx *c, struct vr_host *h, uint64_t addr)
{
	return add(c, h, VR_VHOST_NET, addr, NULL);
}

static int one_file(struct vr_ctx *c, uint64_t file, void *arg)
{
	struct finder *f = arg;
	struct vr_obj o = { .addr = file };
	int kind = kind_of_file(c, file, f);
	struct vr_vhost *v;

	if (kind < 0)
		return 0;
	v = add(c, f->h, (enum vr_vhost_kind)kind,
		vr_get_ptr(c, &o, VR_FILE_PRIVATE, "file.private_data of a vhost file"),
		"vhost_virtqueue.dev");
	/* A child may have inherited the file; the owner is who has the memory. */
	if (v && (!v->owner.addr || f->task->mm == v->mm)) {
		v->owner = *f->task;
		v->file = file;
	}
	return 0;
}

/* Up to 5.x a worker takes over its owner's memory, and since 6.4 it is one of its threads. */
static bool is_worker(const struct vr_task *task)
{
	return !strncmp(task->comm, "vhost-", 6);
}

static bool has_memory_of(const struct vr_vhost *v, const struct vr_task *task)
{
	return task->mm && task->mm == v->mm && !is_worker(task);
}

/* Is the task a thread of the owner's, as far as it could be read? */
static bool is_of_owner(const struct vr_vhost *v, const struct vr_task *task)
{
	if (task->mm_lost)
		return !v->owner.addr || task->leader == v->owner.addr;
	return has_memory_of(v, task);
}

/* A thread of an owner's runs, or is about to: it may be just about to kick.  Of devices
 * of either kind, see vr_vhost.late. */
static void note_running(struct vr_host *h, const struct vr_task *task, bool late)
{
	if ((task->state.have == VR_READ && task->state.v) ||
	    !(task->mm || task->mm_lost))
		return;
	for (unsigned i = 0; i < h->nvhosts; i++) {
		struct vr_vhost *v = &h->vhosts[i];

		if (v->late != late || !is_of_owner(v, task))
			continue;
		if (task->state.have == VR_READ && task->mm)
			v->owner_runs = true;
		else
			v->runs_lost = true;
	}
}

static int one_task(struct vr_ctx *c, const struct vr_task *task, void *arg)
{
	struct finder f = { .h = arg, .task = task };
	int r = 0;

	/* Threads share their leader's files, and follow it in the list. */
	if (task->addr == task->leader && task->mm)
		r = vr_for_each_file(c, task->addr, &f.h->slots, one_file, &f);
	note_running(f.h, task, false);
	return r;
}

static int try_owner(struct vr_ctx *c, const struct vr_task *task, void *arg)
{
	struct vr_host *h = arg;

	(void)c;
	for (unsigned i = 0; i < h->nvhosts; i++)
		if (!h->vhosts[i].owner.addr && task->addr == task->leader &&
		    has_memory_of(&h->vhosts[i], task))
			h->vhosts[i].owner = *task;
	note_running(h, task, true);
	return 0;
}

void vr_vhost_owners(struct vr_ctx *c, struct vr_host *h)
{
	bool missing = false;

	for (unsigned i = 0; i < h->nvhosts; i++) {
		h->vhosts[i].late = !h->vhosts[i].owner.addr;
		missing = missing || h->vhosts[i].late;
	}
	if (missing)
		vr_for_each_task(c, try_owner, h);
}

int vr_vhost_find(struct vr_ctx *c, struct vr_host *h)
{
	h->vhosts = vr_alloc(&c->arena, VR_MAX_VHOSTS, sizeof(*h->vhosts));
	if (!h->vhosts)
		return -1;
	h->slots = MAX_SLOTS;
	return vr_for_each_task(c, one_task, h);
}
