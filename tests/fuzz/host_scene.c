// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_scene.c - builds a sound host, by host.layout.
 */
#include <string.h>

#include "guest_builder.h"
#include "host_scene.h"
#include "pgtable_builder.h"

#define DIRECT		0xffff880000000000ULL
#define TABLES		0x1000000ULL		/* page tables, physical */
#define USER_TABLES	0x2000000ULL
#define USER		0x7f1200000000ULL	/* guest memory as its process has it */
#define PHYS		0x10000000ULL		/* and where that is */
#define GUEST		0x40000000ULL		/* and as the guest has it */
#define STACK		0x7ffc00001000ULL
#define RINGS		0xffff888200000000ULL	/* where rings are made, then moved */
#define RING_STEP	0x4000u
#define RING_SIZE	16
#define MAX_RINGS	12
#define CHARACTER	0020000u
#define MISC		(10u << 20)

enum kind { NOW, WORKER_INSIDE, UMEM, OLD };

static struct build {
	struct guest *g;
	struct fake_target *f;
	enum kind kind;
	struct pgtable kernel, user;
	uint64_t init_task, mm, fds, worker;
	unsigned nrings, nfds;
} b;

#define SET(addr, type, path, v)	fake_set(b.f, addr, type, path, v)
#define OFF(type, path)			fake_offset(b.f, type, path)
#define NEW(type)			fake_alloc(b.f, fake_sizeof(b.f, type))

/* ---- structs of other times --------------------------------------------------------- */

static void older_structs(void)
{
	struct fake_target *f = b.f;

	if (b.kind == NOW)
		return;
	fake_forget(f, "vhost_virtqueue", "worker");
	fake_member(f, "vhost_dev", "worker", 120, b.kind == WORKER_INSIDE ? 64 : 8,
		    b.kind == WORKER_INSIDE ? "vhost_worker" : NULL);
	if (b.kind == WORKER_INSIDE)
		return;
	fake_forget(f, "vhost_worker", NULL);
	fake_type(f, "vhost_umem", 64);
	fake_member(f, "vhost_umem", "umem_list", 16, 16, NULL);
	fake_type(f, "vhost_umem_node", 80);
	fake_member(f, "vhost_umem_node", "link", 24, 16, NULL);
	fake_member(f, "vhost_umem_node", "start", 40, 8, NULL);
	fake_member(f, "vhost_umem_node", "size", 48, 8, NULL);
	fake_member(f, "vhost_umem_node", "userspace_addr", 64, 8, NULL);
	fake_forget(f, "vhost_iotlb", NULL);
	fake_forget(f, "vhost_iotlb_map", NULL);
	if (b.kind == UMEM)
		return;
	fake_forget(f, "vhost_umem", NULL);
	fake_forget(f, "vhost_umem_node", NULL);
	fake_forget(f, "vhost_dev", "umem");
	fake_forget(f, "vhost_dev", "iotlb");
	fake_forget(f, "vhost_work", "flags");
	fake_forget(f, "vhost_virtqueue", "acked_features");
	fake_forget(f, "vhost_virtqueue", "is_le");
	fake_forget(f, "ptr_ring", NULL);
	fake_member(f, "vhost_dev", "acked_features", 130, 4, NULL);
	fake_member(f, "vhost_dev", "memory", 72, 8, NULL);
	fake_type(f, "vhost_memory", 40);
	fake_member(f, "vhost_memory", "nregions", 0, 4, NULL);
	fake_member(f, "vhost_memory", "regions", 8, 0, NULL);
	fake_type(f, "vhost_memory_region", 32);
	fake_member(f, "vhost_memory_region", "guest_phys_addr", 0, 8, NULL);
	fake_member(f, "vhost_memory_region", "memory_size", 8, 8, NULL);
	fake_member(f, "vhost_memory_region", "userspace_addr", 16, 8, NULL);
}

/* ---- tasks and files -------------------------------------------------------------------- */

static uint64_t new_thread(uint64_t signal, unsigned pid, const char *comm, uint64_t mm)
{
	uint64_t task = NEW("task_struct");

	SET(task, "task_struct", "pid", pid);
	SET(task, "task_struct", "mm", mm);
	SET(task, "task_struct", "__state", pid & 1);
	SET(task, "task_struct", "signal", signal);
	fake_str(b.f, task + OFF("task_struct", "comm"), comm);
	guest_list_add(b.f, signal + OFF("signal_struct", "thread_head"),
		       task + OFF("task_struct", "thread_node"));
	return task;
}

static uint64_t new_process(unsigned pid, const char *comm, uint64_t mm)
{
	uint64_t signal = NEW("signal_struct"), task;

	guest_list_init(b.f, signal + OFF("signal_struct", "thread_head"));
	task = new_thread(signal, pid, comm, mm);
	guest_list_add(b.f, b.init_task + OFF("task_struct", "tasks"),
		       task + OFF("task_struct", "tasks"));
	if (mm)
		new_thread(signal, pid + 1, comm, mm);
	return task;
}

/* An open file of the process; 'rdev' 0: no device. */
static uint64_t open_file(uint32_t rdev, const char *name, uint64_t private_data)
{
	uint64_t file = NEW("file"), inode = NEW("inode"), dentry = NEW("dentry");
	uint64_t text = fake_alloc(b.f, 16);

	fake_str(b.f, text, name);
	SET(dentry, "dentry", "d_name.name", text);
	SET(inode, "inode", "i_mode", rdev ? CHARACTER : 0100000u);
	SET(inode, "inode", "i_rdev", rdev);
	SET(file, "file", "f_inode", inode);
	SET(file, "file", "f_path.dentry", dentry);
	SET(file, "file", "private_data", private_data);
	fake_u64(b.f, b.fds + 8 * (2 + 2 * b.nfds++), file);
	return file;
}

static uint64_t eventfd(unsigned count)
{
	uint64_t ctx = NEW("eventfd_ctx");

	SET(ctx, "eventfd_ctx", "count", count);
	return ctx;
}

static void build_process(void)
{
	uint64_t files = NEW("files_struct"), fdt = NEW("fdtable"), qemu, task;

	b.mm = NEW("mm_struct");
	SET(b.mm, "mm_struct", "pgd", b.user.top_kernel);
	SET(b.mm, "mm_struct", "arg_start", STACK + 64);
	b.fds = fake_alloc(b.f, 512);
	SET(fdt, "fdtable", "max_fds", 64);
	SET(fdt, "fdtable", "fd", b.fds);
	SET(files, "files_struct", "fdt", fdt);
	new_process(1, "systemd", NEW("mm_struct"));
	qemu = new_process(HOST_PID, "qemu", b.mm);
	SET(qemu, "task_struct", "files", files);
	task = new_process(4300, "vhost-4242", 0);
	b.worker = task;
	if (b.kind <= WORKER_INSIDE) {
		uint64_t vtsk = NEW("vhost_task");

		b.worker = NEW("vhost_worker");
		SET(vtsk, "vhost_task", "task", task);
		SET(b.worker, "vhost_worker", "vtsk", vtsk);
	}
}

/* ---- rings in the process's memory --------------------------------------------------------- */

static void map_user(uint64_t user, uint64_t phys)
{
	pt_map(&b.user, user, phys, 1, PT_WRITE);
	fake_map(b.f, VR_PHYS, phys, FAKE_PAGE);
}

/* A ring with some traffic; its offset in guest memory.  It is made where builders
 * make rings, and moved. */
static uint64_t new_ring(struct ring *r)
{
	uint64_t at = RINGS + (uint64_t)b.nrings * RING_STEP;
	uint64_t offset = (uint64_t)b.nrings++ * RING_STEP;
	uint8_t page[FAKE_PAGE];
	uint16_t head, other;

	ring_build(r, b.f, &(struct ring_spec){ .num = RING_SIZE, .start = 65533,
						.desc_at = at });
	head = ring_add(r, 2);
	other = ring_add_indirect(r, 2);
	ring_add(r, 1);
	ring_add(r, 3);
	ring_return(r, head, 60);
	ring_reap(r);
	/* The table behind the used ring: one entry that leads on, and the last. */
	fake_u64(b.f, r->desc + 16ULL * other, GUEST + offset + 0x2000);
	for (unsigned i = 0; i < 2; i++) {
		fake_phys64(b.f, PHYS + offset + 0x2000 + 16 * i, GUEST + 0x100000);
		fake_phys64(b.f, PHYS + offset + 0x2008 + 16 * i,
			    i ? 100 : 100 | 1ULL << 32 | 1ULL << 48);
	}
	for (unsigned i = 0; i < 2; i++) {
		b.f->t.read(&b.f->t, VR_KERNEL, at + i * FAKE_PAGE, page, FAKE_PAGE);
		fake_put(b.f, VR_PHYS, PHYS + offset + i * FAKE_PAGE, page, FAKE_PAGE);
	}
	for (unsigned i = 0; i < 3; i++)
		map_user(USER + offset + i * FAKE_PAGE, PHYS + offset + i * FAKE_PAGE);
	return offset;
}

static void region_by_list(uint64_t umem, uint64_t guest, uint64_t size, uint64_t user)
{
	bool old = b.kind == UMEM;
	const char *type = old ? "vhost_umem_node" : "vhost_iotlb_map";
	uint64_t map = NEW(type);

	SET(map, type, "start", guest);
	SET(map, type, "size", size);
	SET(map, type, old ? "userspace_addr" : "addr", user);
	guest_list_add(b.f, umem + (old ? OFF("vhost_umem", "umem_list") :
				    OFF("vhost_iotlb", "list")),
		       map + OFF(type, "link"));
}

/* Guest memory as the device knows it, in two pieces. */
static void set_regions(uint64_t dev, bool iotlb)
{
	uint64_t umem;

	if (b.kind == OLD) {
		umem = fake_alloc(b.f, 8 + 2 * fake_sizeof(b.f, "vhost_memory_region"));
		SET(umem, "vhost_memory", "nregions", 2);
		for (unsigned i = 0; i < 2; i++) {
			uint64_t at = umem + 8 + i * fake_sizeof(b.f, "vhost_memory_region");

			SET(at, "vhost_memory_region", "guest_phys_addr", i ? GUEST : 0);
			SET(at, "vhost_memory_region", "memory_size", i ? 0x100000 : 4096);
			SET(at, "vhost_memory_region", "userspace_addr", i ? USER : STACK);
		}
		SET(dev, "vhost_dev", "memory", umem);
		return;
	}
	umem = NEW(b.kind == UMEM ? "vhost_umem" : "vhost_iotlb");
	guest_list_init(b.f, umem + (b.kind == UMEM ? OFF("vhost_umem", "umem_list") :
				     OFF("vhost_iotlb", "list")));
	region_by_list(umem, 0, 4096, STACK);
	region_by_list(umem, GUEST, 0x100000, USER);
	SET(dev, "vhost_dev", iotlb ? "iotlb" : "umem", umem);
}

/* ---- vhost ---------------------------------------------------------------------------------- */

static void set_indices(uint64_t vq, const struct ring *r, uint64_t base, bool iotlb)
{
	static const char type[] = "vhost_virtqueue";
	uint64_t ring = base + (iotlb ? GUEST : USER);

	SET(vq, type, "num", RING_SIZE);
	SET(vq, type, "desc", ring);
	SET(vq, type, "avail", ring + (r->avail - r->desc));
	SET(vq, type, "used", ring + (r->used - r->desc));
	SET(vq, type, "last_avail_idx", (uint16_t)(r->used_idx + 1));
	SET(vq, type, "avail_idx", r->avail_idx);
	SET(vq, type, "last_used_idx", r->used_idx);
	SET(vq, type, "signalled_used", r->used_idx);
	SET(vq, type, "signalled_used_valid", 1);
}

static void set_queue(uint64_t dev, uint64_t vq, uint64_t backend, bool iotlb)
{
	static const char type[] = "vhost_virtqueue";
	uint64_t poll = vq + OFF(type, "poll"), base;
	struct ring r;

	base = new_ring(&r);
	SET(vq, type, "dev", dev);
	set_indices(vq, &r, base, iotlb);
	if (b.kind == OLD)
		SET(dev, "vhost_dev", "acked_features", 1u << 29);
	else
		SET(vq, type, "acked_features", 1ULL << 32 | 1ULL << 29);
	SET(vq, type, "private_data", backend);
	SET(vq, type, "kick", open_file(0, "[eventfd]", eventfd(1)));
	SET(vq, type, "call_ctx.ctx", eventfd(2));
	SET(poll, "vhost_poll", "dev", dev);
	if (b.kind == NOW)
		SET(vq, type, "worker", b.worker);
}

/* The common part: queues at 'vq', 'step' bytes apart. */
static void set_device(uint64_t dev, uint64_t vq, unsigned n, uint64_t step,
		       const uint64_t *backend, bool iotlb)
{
	uint64_t table = fake_alloc(b.f, 8 * n);

	SET(dev, "vhost_dev", "mm", b.mm);
	SET(dev, "vhost_dev", "vqs", table);
	SET(dev, "vhost_dev", "nvqs", n);
	set_regions(dev, iotlb);
	if (b.kind == WORKER_INSIDE)
		SET(dev, "vhost_dev", "worker.vtsk", fake_get64(b.f, b.worker +
			OFF("vhost_worker", "vtsk")));
	else if (b.kind > WORKER_INSIDE)
		SET(dev, "vhost_dev", "worker", b.worker);
	for (unsigned i = 0; i < n; i++) {
		fake_u64(b.f, table + 8 * i, vq + i * step);
		set_queue(dev, vq + i * step, backend[i], iotlb);
	}
}

/* A vhost_net that serves a socket and waits for it; its address. */
static uint64_t new_vhost_net(uint64_t socket, uint64_t wq, bool iotlb)
{
	uint64_t net = NEW("vhost_net"), step = fake_sizeof(b.f, "vhost_net_virtqueue");
	uint64_t vqs = fake_alloc(b.f, 2 * step), dev = net + OFF("vhost_net", "dev");
	uint64_t poll = net + OFF("vhost_net", "poll"), head = wq + OFF("socket_wq", "wait");

	set_device(dev, vqs + OFF("vhost_net_virtqueue", "vq"), 2, step,
		   (const uint64_t[]){ socket, socket }, iotlb);
	SET(poll, "vhost_poll", "dev", dev);
	SET(poll, "vhost_poll", "wqh", head);
	guest_list_add(b.f, head + OFF("wait_queue_head", "head"), poll +
		       OFF("vhost_poll", "wait") + OFF("wait_queue_entry", "entry"));
	open_file(MISC | 238, "vhost-net", net);
	return net;
}

/* A socket's wait queue, with a foreign waiter on it. */
static uint64_t new_wait_queue(uint64_t sk)
{
	uint64_t wq = NEW("socket_wq"), head = wq + OFF("socket_wq", "wait") +
						OFF("wait_queue_head", "head");

	guest_list_init(b.f, head);
	guest_list_add(b.f, head, NEW("wait_queue_entry") + OFF("wait_queue_entry", "entry"));
	SET(sk, "sock", "sk_wq", wq);
	SET(sk, "sock", "sk_receive_queue.qlen", 2);
	return wq;
}

static void set_ptr_ring(uint64_t ring)
{
	if (b.kind == OLD)
		return;
	SET(ring, "ptr_ring", "size", 100);
	SET(ring, "ptr_ring", "producer", 7);
	SET(ring, "ptr_ring", "consumer_head", 5);
	SET(ring, "ptr_ring", "queue", fake_alloc(b.f, 800));
}

/* ---- devices ---------------------------------------------------------------------------------- */

/* A tap with two queues; one of them is detached if 'detached'. */
static uint64_t new_tap(struct host_scene *ret, const char *name, bool iotlb)
{
	uint64_t dev = guest_netdev(b.g, 0, name, "tun"), tun = guest_priv(b.g, dev);
	uint64_t vhost = 0;

	b.f->next += FAKE_PAGE * 2;
	fake_map(b.f, VR_KERNEL, tun, fake_sizeof(b.f, "tun_struct"));
	SET(tun, "tun_struct", "dev", dev);
	SET(tun, "tun_struct", "numqueues", 1);
	guest_list_init(b.f, tun + OFF("tun_struct", "disabled"));
	for (unsigned i = 0; i < 2; i++) {
		uint64_t file = NEW("tun_file"), wq;

		wq = new_wait_queue(file + OFF("tun_file", "sk"));
		SET(file, "tun_file", "queue_index", i);
		if (b.kind != OLD)
			set_ptr_ring(file + OFF("tun_file", "tx_ring"));
		if (i)
			guest_list_add(b.f, tun + OFF("tun_struct", "disabled"),
				       file + OFF("tun_file", "next"));
		else
			fake_u64(b.f, tun + OFF("tun_struct", "tfiles"), file);
		vhost = new_vhost_net(file + OFF("tun_file", "socket"), wq, iotlb && i);
	}
	snprintf(ret->dev, sizeof(ret->dev), "%llx", (unsigned long long)dev);
	return vhost;
}

static void new_macvtap(const char *name)
{
	uint64_t dev = guest_netdev(b.g, 0, name, "macvtap"), tap = NEW("tap_dev");
	uint64_t q = NEW("tap_queue"), wq = new_wait_queue(q + OFF("tap_queue", "sk"));

	SET(dev, "net_device", "rx_handler_data", tap);
	SET(tap, "tap_dev", "dev", dev);
	guest_list_init(b.f, tap + OFF("tap_dev", "queue_list"));
	guest_list_add(b.f, tap + OFF("tap_dev", "queue_list"), q + OFF("tap_queue", "next"));
	SET(q, "tap_queue", "enabled", 1);
	if (b.kind != OLD)
		set_ptr_ring(q + OFF("tap_queue", "ring"));
	new_vhost_net(q + OFF("tap_queue", "sock"), wq, false);
}

/* Devices that no net device leads to. */
static void new_others(void)
{
	uint64_t vsock = NEW("vhost_vsock"), scsi = NEW("vhost_scsi");
	uint64_t vqs = fake_alloc(b.f, 5 * fake_sizeof(b.f, "vhost_virtqueue"));
	uint64_t step = fake_sizeof(b.f, "vhost_virtqueue");
	const uint64_t backend[3] = { vsock, vsock, 0 };

	SET(vsock, "vhost_vsock", "guest_cid", 3);
	set_device(vsock + OFF("vhost_vsock", "dev"), vqs, 2, step, backend, false);
	set_device(scsi + OFF("vhost_scsi", "dev"), vqs + 2 * step, 3, step, backend, false);
	open_file(MISC | 241, "vhost-vsock", vsock);
	open_file(MISC | 200, "vhost-scsi", scsi);
}

static void build_memory(void)
{
	uint64_t init_mm = NEW("mm_struct");

	pt_init(&b.kernel, b.f, 4, DIRECT, TABLES);
	pt_init(&b.user, b.f, 4, DIRECT, USER_TABLES);
	SET(init_mm, "mm_struct", "pgd", b.kernel.top_kernel);
	fake_symbol(b.f, "init_mm", init_mm);
	map_user(STACK, PHYS - FAKE_PAGE);
	fake_phys64(b.f, PHYS - FAKE_PAGE + 64, 0x756d6571);
}

void host_scene(struct host_scene *ret, unsigned kind)
{
	unsigned all = VR_G_KERNEL | VR_G_TASKS | VR_G_TUN | VR_G_TAP | VR_G_VHOST |
		       VR_G_VSOCK | VR_G_SCSI;
	struct vr_missing missing;
	uint64_t vhost;

	memset(&b, 0, sizeof(b));
	b.kind = (enum kind)kind;
	b.g = ret->g = guest_new(ERA_5_15);
	b.f = b.g->f;
	b.f->t.x86_64 = true;
	fake_load_layout(b.f, "../../fuzz/host.layout");
	older_structs();
	build_memory();
	b.init_task = NEW("task_struct");
	guest_list_init(b.f, b.init_task + OFF("task_struct", "tasks"));
	fake_symbol(b.f, "init_task", b.init_task);
	build_process();
	vhost = new_tap(ret, "tap0", b.kind == NOW);
	new_macvtap("macvtap0");
	guest_netdev(b.g, 0, "eth0", NULL);
	new_others();
	if (vr_layout_resolve(&b.g->c, all, &missing)) {
		fprintf(stderr, "host %u has no %s.%s\n", kind, missing.type,
			missing.path ? missing.path : "size");
		abort();
	}
	ret->stage = stage_new(b.f);
	stage_keep(ret->stage, VR_KERNEL, b.g->net_list, b.f->next, true);
	stage_keep(ret->stage, VR_KERNEL, b.user.top_kernel, b.user.top_kernel + 1, false);
	stage_keep(ret->stage, VR_PHYS, USER_TABLES, b.user.next, false);
	ret->user[0] = PHYS - FAKE_PAGE;
	ret->user[1] = PHYS + b.nrings * RING_STEP;
	stage_keep(ret->stage, VR_PHYS, ret->user[0], ret->user[1], false);
	stage_ready(ret->stage, &b.g->c.layout);
	snprintf(ret->vhost, sizeof(ret->vhost), "%llx", (unsigned long long)vhost);
	snprintf(ret->vq, sizeof(ret->vq), "%llx", (unsigned long long)
		 fake_get64(b.f, fake_get64(b.f, vhost + OFF("vhost_net", "dev") +
					    OFF("vhost_dev", "vqs"))));
}
