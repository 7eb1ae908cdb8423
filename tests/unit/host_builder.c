// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_builder.c - builds hosts by the layout that the fake target has.
 */
#include "unit.h"
#include "host_builder.h"

#define DIRECT		0xffff888000000000ULL
#define IMAGE		0xffffffff81000000ULL
#define KERNEL_TABLES	0x1000000ULL
#define USER_TABLES	0x2000000ULL
#define USER_MEMORY	0x10000000ULL	/* physical */
#define USER		0x7f1240000000ULL	/* the guest's memory as the VMM has it */
#define USER_SIZE	0x40000000ULL
#define GUEST		0x100000000ULL		/* and as the guest has it */
#define OWNER_PID	4241u
#define WORKER_PID	4250u
#define MAX_FILES	64u
#define MAX_QUEUES	4u	/* of a tap */
#define MISC_MAJOR	10u
#define VHOST_NET_MINOR	238u
#define CHARACTER_DEVICE 0020666u
#define F_EVENT_IDX	(1ULL << 29)
#define F_VERSION_1	(1ULL << 32)
#define QUEUED		2u	/* bit 1 of vhost_work.flags */

static uint64_t off(struct host *h, const char *type, const char *path)
{
	return fake_offset(h->f, type, path);
}

static uint64_t alloc(struct host *h, const char *type)
{
	return fake_alloc(h->f, fake_sizeof(h->f, type));
}

/* ---- what the JSON is to say ------------------------------------------------ */

static struct host_word *want(struct host_words *w, const char *json, uint64_t v)
{
	struct host_word *e = &w->word[w->n++];

	assert_true(w->n <= HOST_MAX_WORDS);
	assert_true(strlen(json) < sizeof(e->json));
	strcpy(e->json, json);
	e->v = v;
	return e;
}

static void want_text(struct host_words *w, const char *json, const char *text)
{
	want(w, json, 0)->text = text;
}

/* Set a member where the era has it, and expect it either way. */
static void put(struct host *h, struct host_words *w, const char *json,
		uint64_t addr, const char *type, const char *path, uint64_t v)
{
	struct host_word *e = want(w, json, v);

	e->none = !fake_has(h->f, type, path);
	if (!e->none)
		fake_set(h->f, addr, type, path, v);
}

/* ---- tasks and their files ---------------------------------------------------- */

static void new_list(struct host *h, uint64_t addr, const char *type, const char *path)
{
	guest_list_init(h->f, addr + off(h, type, path));
}

static uint64_t new_task(struct host *h, unsigned pid, const char *comm, uint64_t mm,
			 unsigned state)
{
	struct fake_target *f = h->f;
	const char *name = fake_has(f, "task_struct", "__state") ? "__state" : "state";
	uint64_t task = alloc(h, "task_struct");

	fake_set(f, task, "task_struct", "pid", pid);
	fake_str(f, task + off(h, "task_struct", "comm"), comm);
	fake_set(f, task, "task_struct", "mm", mm);
	fake_set(f, task, "task_struct", name, state);
	fake_set(f, task, "task_struct", "on_cpu", !state);
	return task;
}

/* 'task' is a thread of 'leader', or a process of its own. */
static void add_task(struct host *h, uint64_t task, uint64_t leader)
{
	struct fake_target *f = h->f;
	uint64_t signal;

	if (task == leader) {
		guest_list_add(f, h->init_task + off(h, "task_struct", "tasks"),
			       task + off(h, "task_struct", "tasks"));
		signal = alloc(h, "signal_struct");
		fake_set(f, task, "task_struct", "signal", signal);
		if (fake_has(f, "signal_struct", "thread_head"))
			new_list(h, signal, "signal_struct", "thread_head");
	}
	signal = fake_get64(f, leader + off(h, "task_struct", "signal"));
	if (fake_has(f, "signal_struct", "thread_head"))
		guest_list_add(f, signal + off(h, "signal_struct", "thread_head"),
			       task + off(h, "task_struct", "thread_node"));
	else if (task == leader)
		new_list(h, leader, "task_struct", "thread_group");
	else
		guest_list_add(f, leader + off(h, "task_struct", "thread_group"),
			       task + off(h, "task_struct", "thread_group"));
}

static void new_files(struct host *h)
{
	uint64_t files = alloc(h, "files_struct"), fdt = alloc(h, "fdtable");

	h->fds = fake_alloc(h->f, 8 * MAX_FILES);
	fake_set(h->f, fdt, "fdtable", "max_fds", MAX_FILES);
	fake_set(h->f, fdt, "fdtable", "fd", h->fds);
	fake_set(h->f, files, "files_struct", "fdt", fdt);
	fake_set(h->f, h->owner, "task_struct", "files", files);
}

/* /dev/vhost-net, opened once more. */
static void open_vhost(struct host *h, uint64_t vhost_net)
{
	uint64_t file = alloc(h, "file"), inode = alloc(h, "inode");

	assert_true(h->nfiles < MAX_FILES);
	fake_set(h->f, inode, "inode", "i_mode", CHARACTER_DEVICE);
	fake_set(h->f, inode, "inode", "i_rdev", MISC_MAJOR << 20 | VHOST_NET_MINOR);
	fake_set(h->f, file, "file", "f_inode", inode);
	fake_set(h->f, file, "file", "private_data", vhost_net);
	/* Descriptors have holes. */
	fake_u64(h->f, h->fds + 8 * (2 * h->nfiles + 1), file);
	h->nfiles++;
}

struct host *host_new(enum guest_era era)
{
	struct host *h = calloc(1, sizeof(*h));
	uint64_t init_mm = IMAGE + 0x100000;
	struct pgtable kernel;

	assert_non_null(h);
	h->g = guest_new(era);
	h->f = h->g->f;
	h->f->t.x86_64 = true;
	fake_symbol(h->f, "_text", IMAGE);
	fake_symbol(h->f, "_end", IMAGE + (32 << 20));
	fake_symbol(h->f, "init_mm", init_mm);
	fake_map(h->f, VR_KERNEL, init_mm, fake_sizeof(h->f, "mm_struct"));
	pt_init(&kernel, h->f, 4, DIRECT, KERNEL_TABLES);
	fake_set(h->f, init_mm, "mm_struct", "pgd", kernel.top_kernel);
	h->mm = alloc(h, "mm_struct");
	pt_init(&h->user, h->f, 4, DIRECT, USER_TABLES);
	fake_set(h->f, h->mm, "mm_struct", "pgd", h->user.top_kernel);
	h->init_task = alloc(h, "task_struct");
	fake_symbol(h->f, "init_task", h->init_task);
	new_list(h, h->init_task, "task_struct", "tasks");
	h->owner = new_task(h, OWNER_PID, "qemu-system-x86", h->mm, 1);
	add_task(h, h->owner, h->owner);
	new_files(h);
	return h;
}

void host_free(struct host *h)
{
	guest_free(h->g);
	free(h);
}

/* ---- taps ------------------------------------------------------------------------ */

/* 4.12 made the macvtap's own part of a macvlan_dev a tap_dev beside it. */
static uint64_t place_tap(struct host *h, struct host_tap *t)
{
	uint64_t priv = guest_priv(h->g, t->net_device), tap = priv;
	const char *type = "macvlan_dev";

	if (fake_has(h->f, "tap_dev", NULL)) {
		type = "tap_dev";
		tap = priv + off(h, "macvtap_dev", "tap");
		fake_set(h->f, priv, "macvtap_dev", "vlan.dev", t->net_device);
		fake_set(h->f, t->net_device, "net_device", "rx_handler_data", tap);
	}
	fake_set(h->f, tap, type, "dev", t->net_device);
	if (fake_has(h->f, type, "queue_list"))
		new_list(h, tap, type, "queue_list");
	return tap;
}

struct host_tap *host_tap(struct host *h, const struct tap_spec *s)
{
	struct host_tap *t = fake_own(h->f, sizeof(*t));
	const char *type = "tun_struct";

	t->name = s->name;
	t->tap = strcmp(s->kind, "tun") != 0;
	if (t->tap)
		type = fake_has(h->f, "tap_dev", NULL) ? "macvtap_dev" : "macvlan_dev";
	t->net_device = guest_netdev_at(h->g, 0, s->name, s->kind, s->at,
					fake_sizeof(h->f, type));
	t->txqs = guest_txqs(h->g, t->net_device, MAX_QUEUES);
	if (t->tap) {
		t->tun = place_tap(h, t);
		return t;
	}
	t->tun = guest_priv(h->g, t->net_device);
	fake_set(h->f, t->tun, "tun_struct", "dev", t->net_device);
	new_list(h, t->tun, "tun_struct", "disabled");
	return t;
}

/* What a tun_file and a tap_queue are called, with their parts. */
struct file_type {
	const char *type, *owner, *socket, *list;
	const char *rings[2];	/* its ptr_ring */
};

static struct file_type file_type(struct host *h, const struct host_tap *t)
{
	if (!t->tap)
		return (struct file_type){ "tun_file", "tun_struct", "socket",
			"disabled", { "tx_ring", "tx_array.ring" } };
	if (fake_has(h->f, "tap_dev", NULL))
		return (struct file_type){ "tap_queue", "tap_dev", "sock",
			"queue_list", { "ring", "skb_array.ring" } };
	return (struct file_type){ "macvtap_queue", "macvlan_dev", "sock",
		"queue_list", { "skb_array.ring", NULL } };
}

/* Put a queue's file into its device. */
static void add_file(struct host *h, struct host_tap *t, const struct file_type *k,
		     uint64_t file, bool detached)
{
	struct fake_target *f = h->f;
	const char *array = t->tap ? "taps" : "tfiles";
	const char *count = t->tap ? "numvtaps" : "numqueues";

	if (fake_has(f, k->type, "queue_index"))
		fake_set(f, file, k->type, "queue_index", t->nqueues);
	if (fake_has(f, k->type, "enabled"))
		fake_set(f, file, k->type, "enabled", !detached);
	if (fake_has(f, k->owner, k->list) && (t->tap || detached))
		guest_list_add(f, t->tun + off(h, k->owner, k->list),
			       file + off(h, k->type, "next"));
	if (!detached) {
		fake_u64(f, t->tun + off(h, k->owner, array) + 8 * t->nqueues, file);
		fake_set(f, t->tun, k->owner, count, t->nqueues + 1);
	}
	t->nqueues++;
}

/* A ring of packets of which some wait. */
static void fill_ring(struct host *h, struct host_words *w, uint64_t file,
		      const struct file_type *k, bool empty)
{
	uint64_t ring = 0;

	for (unsigned i = 0; i < 2 && k->rings[i] && !ring; i++)
		if (fake_has(h->f, k->type, k->rings[i]))
			ring = file + off(h, k->type, k->rings[i]);
	if (!ring) {
		want(w, "tx_ring.size", 0)->none = true;
		want(w, "tx_ring.used", 0)->none = true;
		return;
	}
	put(h, w, "tx_ring.size", ring, "ptr_ring", "size", 1000);
	fake_set(h->f, ring, "ptr_ring", "producer", 3);
	fake_set(h->f, ring, "ptr_ring", fake_has(h->f, "ptr_ring", "consumer_head") ?
		 "consumer_head" : "consumer", empty ? 3 : 993);
	fake_set(h->f, ring, "ptr_ring", "queue", fake_alloc(h->f, 8000));
	want(w, "tx_ring.used", empty ? 0 : 10);
}

/* The wait queue of a file's socket, with somebody else's entry on it; its head.  Old
 * eras have the socket_wq in the file, and all find it by the sock. */
static uint64_t wait_queue(struct host *h, uint64_t file, const char *type)
{
	bool old = fake_has(h->f, "__wait_queue", NULL);
	const char *head_type = old ? "__wait_queue_head" : "wait_queue_head";
	const char *list = old ? "task_list" : "head";
	uint64_t wq, head, foreign = fake_alloc(h->f, 128);

	wq = fake_has(h->f, type, "wq") ? file + off(h, type, "wq") :
					  alloc(h, "socket_wq");
	fake_set(h->f, file + off(h, type, "sk"), "sock", "sk_wq", wq);
	head = wq + off(h, "socket_wq", "wait");
	new_list(h, head, head_type, list);
	guest_list_add(h->f, head + off(h, head_type, list), foreign + 64);
	return head;
}

/* ---- vhost ------------------------------------------------------------------------ */

static void add_regions(struct host *h, uint64_t dev)
{
	const uint64_t regions[2][3] = { { 0, 0xa0000, USER - 0x100000 },
					 { GUEST, USER_SIZE, USER } };
	struct fake_target *f = h->f;
	bool old = fake_has(f, "vhost_umem", NULL);
	const char *node = old ? "vhost_umem_node" : "vhost_iotlb_map";
	const char *type = old ? "vhost_umem" : "vhost_iotlb";
	const char *list = old ? "umem_list" : "list";
	uint64_t map, at;

	if (fake_has(f, "vhost_dev", "memory")) {
		map = fake_alloc(f, FAKE_PAGE);
		fake_set(f, dev, "vhost_dev", "memory", map);
		fake_set(f, map, "vhost_memory", "nregions", 2);
	} else {
		map = alloc(h, type);
		fake_set(f, dev, "vhost_dev", "umem", map);
		new_list(h, map, type, list);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (fake_has(f, "vhost_dev", "memory")) {
			at = map + off(h, "vhost_memory", "regions") +
			     i * fake_sizeof(f, "vhost_memory_region");
			fake_set(f, at, "vhost_memory_region", "guest_phys_addr",
				 regions[i][0]);
			fake_set(f, at, "vhost_memory_region", "memory_size",
				 regions[i][1]);
			fake_set(f, at, "vhost_memory_region", "userspace_addr",
				 regions[i][2]);
			continue;
		}
		at = alloc(h, node);
		fake_set(f, at, node, "start", regions[i][0]);
		fake_set(f, at, node, "last", regions[i][0] + regions[i][1] - 1);
		fake_set(f, at, node, "size", regions[i][1]);
		fake_set(f, at, node, old ? "userspace_addr" : "addr", regions[i][2]);
		guest_list_add(f, map + off(h, type, list), at + off(h, node, "link"));
	}
}

/* Threads of vhost_task are the owner's; others are the kernel's. */
static void add_worker(struct host *h, struct host_vhost *v)
{
	struct fake_target *f = h->f;
	bool per_queue = fake_has(f, "vhost_virtqueue", "worker");
	bool embedded = fake_has(f, "vhost_dev", "worker.vtsk");
	bool kernel = !fake_has(f, "vhost_task", NULL) ||
		      fake_has(f, "vhost_worker", "kthread_task");
	uint64_t task, worker, vtsk;

	task = new_task(h, WORKER_PID + h->nvhosts, "vhost-4241", kernel ? 0 : h->mm, 0);
	v->worker = task;
	add_task(h, task, kernel ? task : h->owner);
	if (!per_queue && !fake_has(f, "vhost_worker", NULL)) {
		fake_set(f, v->dev, "vhost_dev", "worker", task);
		return;
	}
	worker = embedded ? v->dev + off(h, "vhost_dev", "worker") :
			    alloc(h, "vhost_worker");
	if (fake_has(f, "vhost_worker", "kthread_task")) {
		fake_set(f, worker, "vhost_worker", "kthread_task", task);
	} else if (fake_has(f, "vhost_worker", "task")) {
		fake_set(f, worker, "vhost_worker", "task", task);
	} else {
		vtsk = alloc(h, "vhost_task");
		fake_set(f, vtsk, "vhost_task", "task", task);
		fake_set(f, worker, "vhost_worker", "vtsk", vtsk);
	}
	for (unsigned i = 0; per_queue && i < 2; i++)
		fake_set(f, v->vq[i], "vhost_virtqueue", "worker", worker);
	if (!per_queue && !embedded)
		fake_set(f, v->dev, "vhost_dev", "worker", worker);
}

/* A vhost_poll: work of it is queued, or not. */
static void set_poll(struct host *h, uint64_t poll, uint64_t dev, uint64_t wqh, bool queued)
{
	uint64_t work = poll + off(h, "vhost_poll", "work");
	uint64_t node = work + off(h, "vhost_work", "node");

	fake_set(h->f, poll, "vhost_poll", "dev", dev);
	fake_set(h->f, poll, "vhost_poll", "wqh", wqh);
	if (fake_has(h->f, "vhost_work", "flags"))
		fake_set(h->f, work, "vhost_work", "flags", queued ? QUEUED : 0);
	else
		fake_u64(h->f, node, queued ? dev : node);
}

static uint64_t eventfd(struct host *h, struct host_words *w, const char *json,
			uint64_t count)
{
	uint64_t ctx = alloc(h, "eventfd_ctx");

	put(h, w, json, ctx, "eventfd_ctx", "count", count);
	return ctx;
}

/* An address in the owner's memory, which is there behind its page tables. */
static void user16(struct host *h, uint64_t addr, uint16_t v)
{
	uint64_t phys = USER_MEMORY + (addr - USER);

	assert_true(addr >= USER && addr < USER + USER_SIZE && phys < USER + USER_MEMORY);
	pt_map(&h->user, addr & ~(FAKE_PAGE - 1), phys & ~(FAKE_PAGE - 1), 1, 0);
	fake_map(h->f, VR_PHYS, phys, 2);
	fake_put(h->f, VR_PHYS, phys, &v, sizeof(v));
}

static void user_word(struct host *h, struct host_words *w, const char *json,
		      uint64_t addr, uint16_t v)
{
	user16(h, addr, v);
	want(w, json, v);
}

/* The ring in the owner's memory. */
static void set_ring(struct host *h, struct host_words *w, uint64_t vq, uint64_t desc,
		     uint32_t num, uint16_t base, bool asleep)
{
	static const char vhq[] = "vhost_virtqueue";
	uint64_t avail = desc + 16ULL * num;
	uint64_t used = (avail + 6 + 2ULL * num + 63) & ~63ULL;

	put(h, w, "num", vq, vhq, "num", num);
	put(h, w, "desc", vq, vhq, "desc", desc);
	put(h, w, "avail", vq, vhq, "avail", avail);
	put(h, w, "used", vq, vhq, "used", used);
	want(w, "dma.desc", GUEST + (desc - USER));
	want(w, "dma.avail", GUEST + (avail - USER));
	want(w, "dma.used", GUEST + (used - USER));
	user_word(h, w, "ring.avail.flags", avail, 1);
	user_word(h, w, "ring.avail.idx", avail + 2, base + (asleep ? 0 : 45));
	user_word(h, w, "ring.avail.used_event", avail + 4 + 2ULL * num, base);
	user_word(h, w, "ring.used.flags", used, 1);
	user_word(h, w, "ring.used.idx", used + 2, base - (asleep ? 0 : 3));
	user_word(h, w, "ring.used.avail_event", used + 4 + 8ULL * num,
		  base + (asleep ? 0 : 7));
	/* What is taken next. */
	user16(h, avail + 4 + 2 * ((base + (asleep ? 0U : 30U)) % num), 5);
	want(w, "ring.readable", 1);
}

/* vhost's own words of a queue; at work they are all different. */
static void set_words(struct host *h, struct host_vhost *v, unsigned vq, uint16_t base,
		      bool asleep)
{
	static const char vhq[] = "vhost_virtqueue", vnq[] = "vhost_net_virtqueue";
	struct host_words *w = &v->expected[vq];
	uint64_t q = v->vq[vq], n = q - off(h, vnq, "vq"), kick = alloc(h, "file");
	bool late = fake_has(h->f, vhq, "acked_features");

	put(h, w, "last_avail_idx", q, vhq, "last_avail_idx", base + (asleep ? 0 : 30));
	put(h, w, "avail_idx", q, vhq, "avail_idx", base + (asleep ? 0 : 40));
	put(h, w, "last_used_idx", q, vhq, "last_used_idx", base);
	put(h, w, "used_flags", q, vhq, "used_flags", !asleep);
	put(h, w, "signalled_used", q, vhq, "signalled_used", base - (asleep ? 0 : 5));
	put(h, w, "signalled_used_valid", q, vhq, "signalled_used_valid", 1);
	put(h, w, "busyloop_timeout", q, vhq, "busyloop_timeout", 50 + vq);
	/* Up to 3.13 all queues of a device have the same, of 32 bits. */
	if (late)
		put(h, w, "acked_features", q, vhq, "acked_features",
		    F_VERSION_1 | F_EVENT_IDX | vq << 12);
	else
		put(h, w, "acked_features", v->dev, "vhost_dev", "acked_features",
		    F_EVENT_IDX);
	if (fake_has(h->f, vhq, "is_le"))
		fake_set(h->f, q, vhq, "is_le", 1);
	put(h, w, "upend_idx", n, vnq, "upend_idx", 700 + vq);
	put(h, w, "done_idx", n, vnq, "done_idx", 700 + vq - (asleep ? 0 : 9));
	put(h, w, "rxq.head", n, vnq, "rxq.head", 3);
	put(h, w, "rxq.tail", n, vnq, "rxq.tail", asleep ? 3 : 23 + vq);
	fake_set(h->f, q, vhq, "kick", kick);
	fake_set(h->f, kick, "file", "private_data",
		 eventfd(h, w, "kick.eventfd_count", 21 + vq));
	fake_set(h->f, q, vhq, fake_has(h->f, vhq, "call_ctx.ctx") ? "call_ctx.ctx" :
		 "call_ctx", eventfd(h, w, "call.eventfd_count", 31 + vq));
	fake_set(h->f, q, vhq, "error_ctx", eventfd(h, w, "error.eventfd_count", 0));
}

/* Where everything of a queue is, and who waits. */
static void set_places(struct host *h, const struct host_tap *t, struct host_vhost *v,
		       unsigned vq, const struct vhost_spec *s, uint64_t file,
		       const struct file_type *k, uint64_t head)
{
	struct host_words *w = &v->expected[vq];
	uint64_t q = v->vq[vq], kick = q + off(h, "vhost_virtqueue", "poll");
	bool old = fake_has(h->f, "__wait_queue", NULL);
	const char *entry_type = old ? "__wait_queue" : "wait_queue_entry";
	uint64_t entry = v->poll[vq] + off(h, "vhost_poll", "wait");
	uint64_t socket = file + off(h, k->type, k->socket);
	/* TX leaves the tap's wait queue while it works, RX has no reason to. */
	bool waits = vq == HOST_RX || s->asleep;

	want_text(w, "device", t->name);
	/* What the host's stack sends is what the guest receives. */
	if (t->txqs && vq == HOST_RX)
		put(h, w, "netdev_queue.state", t->txqs + (t->nqueues - 1) *
		    fake_sizeof(h->f, "netdev_queue"), "netdev_queue", "state", 4);
	want(w, "vq", vq);
	want(w, "net_device", t->net_device);
	want(w, "tun_struct", t->tun);
	want(w, "tun_file", file);
	want(w, "queue_index", t->nqueues - 1);
	want(w, "detached", s->detached);
	want(w, "vhost_net", v->net);
	want(w, "vhost_dev", v->dev);
	want(w, "vhost_virtqueue", q);
	want(w, "vhost_poll", v->poll[vq]);
	if (waits)
		guest_list_add(h->f, head + off(h, old ? "__wait_queue_head" :
						"wait_queue_head", old ? "task_list" : "head"),
			       entry + off(h, entry_type, old ? "task_list" : "entry"));
	want(w, "wait_entry", entry)->none = !waits;
	set_poll(h, v->poll[vq], v->dev, waits ? head : 0, vq == HOST_RX && !s->asleep);
	set_poll(h, kick, v->dev, DIRECT + 0x1230, false);
	want(w, "kick_poll.addr", kick);
	want(w, "kick_poll.wqh", DIRECT + 0x1230);
	want(w, "kick_poll.queued", 0);
	want(w, "backend_poll.addr", v->poll[vq]);
	want(w, "backend_poll.wqh", head)->none = !waits;
	want(w, "backend_poll.queued", vq == HOST_RX && !s->asleep);
	put(h, w, "backend", q, "vhost_virtqueue", "private_data", socket);
	put(h, w, "sock_qlen", file + off(h, k->type, "sk"), "sock",
	    "sk_receive_queue.qlen", s->asleep ? 0 : 4);
	want(w, "owner.pid", OWNER_PID);
	want_text(w, "owner.comm", "qemu-system-x86");
	want(w, "owner.mm", h->mm);
	want_text(w, "owner.state", "S");
	want(w, "worker.pid", WORKER_PID + h->nvhosts);
	want_text(w, "worker.comm", "vhost-4241");
	want_text(w, "worker.state", "R");
}

static void place_vhost(struct host *h, struct host_vhost *v, uint64_t at)
{
	struct fake_target *f = h->f;
	uint64_t table = fake_alloc(f, 16);

	v->net = at ? at : alloc(h, "vhost_net");
	fake_map(f, VR_KERNEL, v->net, fake_sizeof(f, "vhost_net"));
	v->dev = v->net + off(h, "vhost_net", "dev");
	for (unsigned i = 0; i < 2; i++) {
		v->vq[i] = v->net + off(h, "vhost_net", "vqs") +
			   i * fake_sizeof(f, "vhost_net_virtqueue") +
			   off(h, "vhost_net_virtqueue", "vq");
		v->poll[i] = v->net + off(h, "vhost_net", "poll") +
			     i * fake_sizeof(f, "vhost_poll");
		fake_u64(f, table + 8 * i, v->vq[i]);
		fake_set(f, v->vq[i], "vhost_virtqueue", "dev", v->dev);
	}
	fake_set(f, v->dev, "vhost_dev", "vqs", table);
	fake_set(f, v->dev, "vhost_dev", "nvqs", 2);
	fake_set(f, v->dev, "vhost_dev", "mm", h->mm);
}

struct host_vhost *host_serve(struct host *h, struct host_tap *t,
			      const struct vhost_spec *s)
{
	struct host_vhost *v = fake_own(h->f, sizeof(*v));
	struct file_type k = file_type(h, t);
	uint64_t file = s->file_at ? s->file_at : alloc(h, k.type), head;

	fake_map(h->f, VR_KERNEL, file, fake_sizeof(h->f, k.type));
	place_vhost(h, v, s->vhost_at);
	open_vhost(h, v->net);
	add_file(h, t, &k, file, s->detached);
	add_regions(h, v->dev);
	add_worker(h, v);
	head = wait_queue(h, file, k.type);
	for (unsigned vq = 0; vq < 2; vq++) {
		unsigned n = 2 * h->nvhosts + vq;
		uint16_t base = (uint16_t)(1000 * (n + 1));

		set_places(h, t, v, vq, s, file, &k, head);
		fill_ring(h, &v->expected[vq], file, &k, s->asleep);
		set_words(h, v, vq, base, s->asleep);
		set_ring(h, &v->expected[vq], v->vq[vq], s->desc_at[vq] ?
			 s->desc_at[vq] : USER + 0x10000 * n, s->num ? s->num : 256,
			 base, s->asleep);
	}
	h->nvhosts++;
	return v;
}
