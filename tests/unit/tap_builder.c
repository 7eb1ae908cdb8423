// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tap_builder.c - a host's taps, and the vhost devices that serve their queues, by the
 * layout that the fake target has.
 */
#include "unit.h"
#include "host_builder.h"

#define USER_MEMORY	0x10000000ULL	/* physical */
#define USER		0x7f1240000000ULL	/* the guest's memory as the VMM has it */
#define USER_SIZE	0x40000000ULL
#define GUEST		0x100000000ULL		/* and as the guest has it */
#define KICK_WAIT	0xffff888000001230ULL	/* an eventfd's wait queue */
#define MAX_QUEUES	4u	/* of a tap */
#define WORKER_PID	4250u
#define F_EVENT_IDX	(1ULL << 29)
#define F_VERSION_1	(1ULL << 32)
#define QUEUED		2u	/* bit 1 of vhost_work.flags */

static uint64_t off(struct host *h, const char *type, const char *path)
{
	return fake_offset(h->f, type, path);
}

static void put(struct host *h, struct json_words *w, const char *json, uint64_t addr,
		const char *type, const char *path, uint64_t v)
{
	json_put(w, json, h->f, addr, type, path, v);
}

/* ---- taps ------------------------------------------------------------------------ */

/* 4.12 made the macvtap's own part of a macvlan_dev a tap_dev beside it, which ipvtap
 * has too. */
static uint64_t place_tap(struct host *h, struct host_tap *t, const char *priv_type)
{
	uint64_t tap = guest_priv(h->g, t->net_device);
	const char *type = "macvlan_dev";

	if (strcmp(priv_type, type)) {
		type = "tap_dev";
		/* A macvlan_dev that points back, too, and whose queues are none. */
		if (fake_has(h->f, priv_type, "vlan.dev"))
			fake_set(h->f, tap, priv_type, "vlan.dev", t->net_device);
		tap += off(h, priv_type, "tap");
		fake_set(h->f, t->net_device, "net_device", "rx_handler_data", tap);
	}
	fake_set(h->f, tap, type, "dev", t->net_device);
	if (fake_has(h->f, type, "queue_list"))
		host_list(h, tap, type, "queue_list");
	return tap;
}

struct host_tap *host_tap(struct host *h, const struct tap_spec *s)
{
	struct host_tap *t = fake_own(h->f, sizeof(*t));
	const char *type = "tun_struct";

	t->name = s->name;
	t->tap = strcmp(s->kind, "tun") != 0;
	if (t->tap)
		type = !fake_has(h->f, "tap_dev", NULL) ? "macvlan_dev" :
		       strcmp(s->kind, "ipvtap") ? "macvtap_dev" : "ipvtap_dev";
	t->net_device = guest_netdev_at(h->g, 0, s->name, s->kind, s->at,
					fake_sizeof(h->f, type));
	t->txqs = guest_txqs(h->g, t->net_device, MAX_QUEUES);
	if (t->tap) {
		t->tun = place_tap(h, t, type);
		return t;
	}
	t->tun = guest_priv(h->g, t->net_device);
	fake_set(h->f, t->tun, "tun_struct", "dev", t->net_device);
	host_list(h, t->tun, "tun_struct", "disabled");
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
	/* tun leaves pointers behind those that count. */
	if (!detached || !t->tap)
		fake_u64(f, t->tun + off(h, k->owner, array) + 8 * t->nqueues, file);
	if (!detached)
		fake_set(f, t->tun, k->owner, count, t->nqueues + 1);
	t->nqueues++;
}

/* A ring of packets of which some wait. */
static void fill_ring(struct host *h, struct json_words *w, uint64_t file,
		      const struct file_type *k, bool empty)
{
	uint64_t ring = 0;

	for (unsigned i = 0; i < 2 && k->rings[i] && !ring; i++)
		if (fake_has(h->f, k->type, k->rings[i]))
			ring = file + off(h, k->type, k->rings[i]);
	if (!ring) {
		json_want(w, "tx_ring.size", 0)->none = true;
		json_want(w, "tx_ring.used", 0)->none = true;
		return;
	}
	put(h, w, "tx_ring.size", ring, "ptr_ring", "size", 1000);
	fake_set(h->f, ring, "ptr_ring", "producer", 3);
	fake_set(h->f, ring, "ptr_ring", fake_has(h->f, "ptr_ring", "consumer_head") ?
		 "consumer_head" : "consumer", empty ? 3 : 993);
	fake_set(h->f, ring, "ptr_ring", "queue", fake_alloc(h->f, 8000));
	json_want(w, "tx_ring.used", empty ? 0 : 10);
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
					  host_alloc(h, "socket_wq");
	fake_set(h->f, file + off(h, type, "sk"), "sock", "sk_wq", wq);
	head = wq + off(h, "socket_wq", "wait");
	host_list(h, head, head_type, list);
	guest_list_add(h->f, head + off(h, head_type, list), foreign + 64);
	return head;
}

/* ---- vhost ------------------------------------------------------------------------ */

static void add_regions(struct host *h, uint64_t dev, bool iommu)
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
		map = host_alloc(h, type);
		fake_set(f, dev, "vhost_dev", iommu ? "iotlb" : "umem", map);
		host_list(h, map, type, list);
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
		at = host_alloc(h, node);
		fake_set(f, at, node, "start", regions[i][0]);
		fake_set(f, at, node, "last", regions[i][0] + regions[i][1] - 1);
		fake_set(f, at, node, "size", regions[i][1]);
		fake_set(f, at, node, old ? "userspace_addr" : "addr", regions[i][2]);
		guest_list_add(f, map + off(h, type, list), at + off(h, node, "link"));
	}
}

/* Threads of vhost_task are the owner's; others are the kernel's. */
static void add_worker(struct host *h, struct host_vhost *v, bool thread)
{
	struct fake_target *f = h->f;
	bool per_queue = fake_has(f, "vhost_virtqueue", "worker");
	bool embedded = fake_has(f, "vhost_dev", "worker.vtsk");
	bool kthread = fake_has(f, "vhost_worker", "kthread_task") && !thread;
	bool kernel = !fake_has(f, "vhost_task", NULL) || kthread;
	uint64_t task, worker, vtsk;

	task = host_task(h, &(struct task_spec){ .pid = WORKER_PID + h->nvhosts,
			 .comm = "vhost-4241", .mm = kernel ? 0 : h->mm,
			 .leader = kernel ? 0 : h->owner });
	v->worker = task;
	/* On a run queue, where 6.12 leaves a sleeper too. */
	fake_set(f, task, "task_struct", "on_rq", 1);
	if (fake_has(f, "task_struct", "se.sched_delayed"))
		fake_set(f, task, "task_struct", "se.sched_delayed", 1);
	if (!per_queue && !fake_has(f, "vhost_worker", NULL)) {
		fake_set(f, v->dev, "vhost_dev", "worker", task);
		return;
	}
	worker = embedded ? v->dev + off(h, "vhost_dev", "worker") :
			    host_alloc(h, "vhost_worker");
	if (kthread) {
		fake_set(f, worker, "vhost_worker", "kthread_task", task);
	} else if (fake_has(f, "vhost_worker", "task")) {
		fake_set(f, worker, "vhost_worker", "task", task);
	} else {
		vtsk = host_alloc(h, "vhost_task");
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

static uint64_t eventfd(struct host *h, struct json_words *w, const char *json,
			uint64_t count)
{
	uint64_t ctx = host_alloc(h, "eventfd_ctx");

	put(h, w, json, ctx, "eventfd_ctx", "count", count);
	return ctx;
}

/* An address in the owner's memory, which is there behind its page tables. */
static void user16(struct host *h, uint64_t addr, uint16_t v)
{
	uint64_t phys = USER_MEMORY + (addr - USER);

	assert_true(addr >= USER && addr < USER + USER_SIZE);
	pt_map(&h->user, addr & ~(FAKE_PAGE - 1), phys & ~(FAKE_PAGE - 1), 1, 0);
	fake_map(h->f, VR_PHYS, phys, 2);
	if (h->big)
		v = (uint16_t)(v << 8 | v >> 8);
	fake_put(h->f, VR_PHYS, phys, &v, sizeof(v));
}

static void user_word(struct host *h, struct json_words *w, const char *json,
		      uint64_t addr, uint16_t v)
{
	user16(h, addr, v);
	json_want(w, json, v);
}

/* The ring's parts as vhost knows them, and as the guest does. */
static void set_parts(struct host *h, struct json_words *w, uint64_t vq,
		      const uint64_t at[3], bool iommu)
{
	static const char *const parts[] = { "desc", "avail", "used" };

	for (unsigned i = 0; i < 3; i++) {
		uint64_t guest = GUEST + (at[i] - USER);
		char name[16];

		put(h, w, parts[i], vq, "vhost_virtqueue", parts[i],
		    iommu ? guest : at[i]);
		snprintf(name, sizeof(name), "%s.%s", iommu ? "iova" : "dma", parts[i]);
		json_want(w, name, guest);
	}
	json_want(w, iommu ? "dma" : "iova", 0)->none = true;
}

/* The ring in the owner's memory. */
static void set_ring(struct host *h, struct json_words *w, uint64_t vq, uint64_t desc,
		     uint16_t base, const struct vhost_spec *s)
{
	uint32_t num = s->num ? s->num : 256;
	uint64_t avail = desc + 16ULL * num;
	uint64_t used = (avail + 6 + 2ULL * num + 63) & ~63ULL;
	bool asleep = s->asleep;

	put(h, w, "num", vq, "vhost_virtqueue", "num", num);
	set_parts(h, w, vq, (uint64_t []){ desc, avail, used }, s->iommu);
	user_word(h, w, "ring.avail.flags", avail, !s->fresh);
	user_word(h, w, "ring.avail.idx", avail + 2, base + (asleep ? 0 : 45));
	user_word(h, w, "ring.avail.used_event", avail + 4 + 2ULL * num, base);
	user_word(h, w, "ring.used.flags", used, !s->fresh);
	user_word(h, w, "ring.used.idx", used + 2, base - (asleep ? 0 : 3));
	user_word(h, w, "ring.used.avail_event", used + 4 + 8ULL * num,
		  base + (asleep ? 0 : 7));
	/* What is taken next. */
	user16(h, avail + 4 + 2 * ((base + (asleep ? 0U : 30U)) % num), 5);
	json_want(w, "ring.readable", 1);
}

/* vhost's own words of a queue; at work they are all different. */
static void set_words(struct host *h, struct host_vhost *v, unsigned vq, uint16_t base,
		      bool asleep)
{
	static const char vhq[] = "vhost_virtqueue", vnq[] = "vhost_net_virtqueue";
	struct json_words *w = &v->expected[vq];
	uint64_t q = v->vq[vq], n = q - off(h, vnq, "vq"), kick = host_alloc(h, "file");
	bool late = fake_has(h->f, vhq, "acked_features");

	put(h, w, "last_avail_idx", q, vhq, "last_avail_idx", base + (asleep ? 0 : 30));
	put(h, w, "avail_idx", q, vhq, "avail_idx", base + (asleep ? 0 : 40));
	put(h, w, "last_used_idx", q, vhq, "last_used_idx", base);
	put(h, w, "used_flags", q, vhq, "used_flags", !asleep);
	put(h, w, "signalled_used", q, vhq, "signalled_used", base - (asleep ? 0 : 5));
	put(h, w, "signalled_used_valid", q, vhq, "signalled_used_valid", 1);
	put(h, w, "busyloop_timeout", q, vhq, "busyloop_timeout", 50 + vq);
	/* A flag alone is nobody. */
	fake_set(h->f, q, vhq, fake_has(h->f, vhq, "mutex.owner") ? "mutex.owner" :
		 "mutex.rtmutex.owner", asleep ? 4 : 0xffff888000004001);
	json_want(w, "locked", !asleep);
	/* Up to 3.13 all queues of a device have the same, of 32 bits. */
	if (late)
		put(h, w, "acked_features", q, vhq, "acked_features",
		    (h->big ? 0 : F_VERSION_1) | F_EVENT_IDX | vq << 12);
	else
		put(h, w, "acked_features", v->dev, "vhost_dev", "acked_features",
		    F_EVENT_IDX);
	json_want(w, "acked_features_high", 1ULL << 1)->none = !fake_has(h->f, vhq, "acked_features_array");
	if (fake_has(h->f, vhq, "acked_features_array"))
		fake_u64(h->f, q + off(h, vhq, "acked_features_array") + 8, 1ULL << 1);
	if (fake_has(h->f, vhq, "is_le"))
		fake_set(h->f, q, vhq, "is_le", !h->big);
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
	struct json_words *w = &v->expected[vq];
	uint64_t q = v->vq[vq], kick = q + off(h, "vhost_virtqueue", "poll");
	bool old = fake_has(h->f, "__wait_queue", NULL);
	const char *entry_type = old ? "__wait_queue" : "wait_queue_entry";
	uint64_t entry = v->poll[vq] + off(h, "vhost_poll", "wait");
	uint64_t socket = file + off(h, k->type, k->socket);
	/* TX leaves the tap's wait queue while it works, RX has no reason to. */
	bool waits = vq == HOST_RX || s->asleep;

	json_want_text(w, "device", t->name);
	json_want(w, "netns", GUEST_INUM);
	/* What the host's stack sends is what the guest receives. */
	if (t->txqs && vq == HOST_RX && s->detached)
		json_want(w, "netdev_queue", 0)->none = true;
	else if (t->txqs && vq == HOST_RX)
		put(h, w, "netdev_queue.state", t->txqs + (t->nqueues - 1) *
		    fake_sizeof(h->f, "netdev_queue"), "netdev_queue", "state", 4);
	json_want(w, "vq", vq);
	json_want(w, "net_device", t->net_device);
	json_want(w, "tun_struct", t->tun);
	json_want(w, "tun_file", file);
	json_want(w, "queue_index", t->nqueues - 1);
	json_want(w, "detached", s->detached);
	json_want(w, "vhost_net", v->net);
	json_want(w, "vhost_dev", v->dev);
	json_want(w, "vhost_virtqueue", q);
	json_want(w, "vhost_poll", v->poll[vq]);
	if (waits)
		guest_list_add(h->f, head + off(h, old ? "__wait_queue_head" :
						"wait_queue_head", old ? "task_list" : "head"),
			       entry + off(h, entry_type, old ? "task_list" : "entry"));
	json_want(w, "wait_entry", entry)->none = !waits;
	set_poll(h, v->poll[vq], v->dev, waits ? head : 0, vq == HOST_RX && !s->asleep);
	set_poll(h, kick, v->dev, KICK_WAIT, false);
	json_want(w, "kick_poll.addr", kick);
	json_want(w, "kick_poll.wqh", KICK_WAIT);
	json_want(w, "kick_poll.queued", 0);
	json_want(w, "backend_poll.addr", v->poll[vq]);
	json_want(w, "backend_poll.wqh", head)->none = !waits;
	json_want(w, "backend_poll.queued", vq == HOST_RX && !s->asleep);
	put(h, w, "backend", q, "vhost_virtqueue", "private_data", socket);
	put(h, w, "sock_qlen", file + off(h, k->type, "sk"), "sock",
	    "sk_receive_queue.qlen", s->asleep ? 0 : 4);
	json_want(w, "owner.pid", HOST_OWNER_PID);
	json_want_text(w, "owner.comm", HOST_OWNER_COMM);
	json_want(w, "owner.mm", h->mm);
	json_want_text(w, "owner.state", "S");
	json_want(w, "worker.pid", WORKER_PID + h->nvhosts);
	json_want_text(w, "worker.comm", "vhost-4241");
	json_want_text(w, "worker.state", "R");
	json_want(w, "worker.on_cpu", 1);
	json_want(w, "worker.on_rq", !fake_has(h->f, "task_struct", "se.sched_delayed"));
}

static void place_vhost(struct host *h, struct host_vhost *v, uint64_t at)
{
	struct fake_target *f = h->f;
	uint64_t table = fake_alloc(f, 16);

	v->net = at ? at : host_alloc(h, "vhost_net");
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
	uint64_t file = s->file_at ? s->file_at : host_alloc(h, k.type), head;

	h->big = s->big;
	fake_map(h->f, VR_KERNEL, file, fake_sizeof(h->f, k.type));
	place_vhost(h, v, s->vhost_at);
	if (!s->closed)
		host_open(h, v->net);
	add_file(h, t, &k, file, s->detached);
	add_regions(h, v->dev, s->iommu);
	add_worker(h, v, s->thread);
	head = wait_queue(h, file, k.type);
	for (unsigned vq = 0; vq < 2; vq++) {
		unsigned n = 2 * h->nvhosts + vq;
		uint16_t base = (uint16_t)(s->base && !vq ? s->base : 1000 * (n + 1));

		base = s->fresh ? 0 : base;
		set_places(h, t, v, vq, s, file, &k, head);
		fill_ring(h, &v->expected[vq], file, &k, s->asleep);
		set_words(h, v, vq, base, s->asleep);
		set_ring(h, &v->expected[vq], v->vq[vq], s->desc_at[vq] ?
			 s->desc_at[vq] : USER + 0x10000 * n, base, s);
	}
	h->nvhosts++;
	return v;
}
