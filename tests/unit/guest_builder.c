// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest_builder.c - builds guests by the layout that the fake target has.
 */
#include "unit.h"
#include "guest_builder.h"

#define F_EVENT_IDX	(1ULL << 29)
#define F_VERSION_1	(1ULL << 32)

static const struct {
	const char *name, *files[4];
} eras[ERA_ALL] = {
	[ERA_3_10] = { "3.10", { "hand-common.layout", "hand-3.10.layout",
				 "hand-host-3.10.layout" } },
	[ERA_EL7] = { "el7", { "el7-1160.layout", "hand-el7-rest.layout" } },
	[ERA_4_4] = { "4.4", { "hand-common.layout", "hand-4.4.layout",
			       "hand-host-4.4.layout" } },
	[ERA_4_9] = { "4.9", { "hand-common.layout", "hand-4.9.layout",
			       "hand-host-4.9.layout" } },
	[ERA_4_14] = { "4.14", { "hand-common.layout", "hand-4.9.layout",
				 "hand-host-4.14.layout" } },
	[ERA_EL8] = { "el8", { "hand-common.layout", "hand-5.4.layout",
			       "hand-host-el8.layout" } },
	[ERA_5_4] = { "5.4", { "hand-common.layout", "hand-5.4.layout",
			       "hand-host-5.4.layout" } },
	[ERA_EL8_372] = { "el8-372", { "hand-common.layout", "hand-5.4.layout",
				       "hand-el8-372.layout", "hand-host-el8.layout" } },
	[ERA_5_10] = { "5.10", { "hand-common.layout", "hand-5.4.layout",
				 "hand-host-5.10.layout" } },
	[ERA_5_15] = { "5.15", { "hand-common.layout", "hand-5.15.layout",
				 "hand-host-5.15.layout" } },
	[ERA_6_1] = { "6.1", { "hand-common.layout", "hand-6.1.layout",
			       "hand-host-5.15.layout" } },
	[ERA_6_4] = { "6.4", { "hand-common.layout", "hand-6.1.layout",
			       "hand-host-6.4.layout" } },
	[ERA_EL9] = { "el9", { "hand-common.layout", "hand-6.1.layout",
			       "hand-host-el9.layout" } },
	[ERA_6_12] = { "6.12", { "hand-common.layout", "hand-6.12.layout",
				 "hand-host-6.6.layout" } },
	[ERA_7_1] = { "7.1", { "hand-common.layout", "hand-7.1.layout",
			       "hand-host-6.17.layout" } },
};

const char *era_name(enum guest_era era)
{
	return eras[era].name;
}

/* ---- lists --------------------------------------------------------------- */

void guest_list_init(struct fake_target *f, uint64_t head)
{
	fake_u64(f, head, head);
	fake_u64(f, head + 8, head);
}

void guest_list_add(struct fake_target *f, uint64_t head, uint64_t node)
{
	uint64_t last = fake_get64(f, head + 8);

	fake_u64(f, node, head);
	fake_u64(f, node + 8, last);
	fake_u64(f, last, node);
	fake_u64(f, head + 8, node);
}

/* ---- the kernel ---------------------------------------------------------- */

void guest_modules(struct guest *g, const char *const *names, unsigned n)
{
	uint64_t head = fake_alloc(g->f, 16), m;

	guest_list_init(g->f, head);
	fake_symbol(g->f, "modules", head);
	for (unsigned i = 0; i < n; i++) {
		m = fake_alloc(g->f, fake_sizeof(g->f, "module"));
		fake_str(g->f, m + fake_offset(g->f, "module", "name"), names[i]);
		guest_list_add(g->f, head, m + fake_offset(g->f, "module", "list"));
	}
}

/* Where the name space's number is: 3.8 to 3.18 and el7, or later. */
static const char *inum_path(struct guest *g)
{
	return fake_has(g->f, "net", "ns.inum") ? "ns.inum" : "proc_inum";
}

uint64_t guest_net(struct guest *g, uint32_t inum)
{
	struct fake_target *f = g->f;
	uint64_t net = fake_alloc(f, fake_sizeof(f, "net"));

	fake_set(f, net, "net", inum_path(g), inum);
	guest_list_init(f, net + fake_offset(f, "net", "dev_base_head"));
	guest_list_add(f, g->net_list, net + fake_offset(f, "net", "list"));
	return net;
}

static void new_uts(struct guest *g, const char *release)
{
	struct fake_target *f = g->f;
	uint64_t uts = fake_alloc(f, fake_sizeof(f, "uts_namespace"));

	fake_symbol(f, "init_uts_ns", uts);
	fake_str(f, uts + fake_offset(f, "uts_namespace", "name.nodename"),
		 GUEST_NODENAME);
	fake_str(f, uts + fake_offset(f, "uts_namespace", "name.release"), release);
}

struct guest *guest_new(enum guest_era era)
{
	struct guest *g = calloc(1, sizeof(*g));
	uint64_t name;

	assert_non_null(g);
	g->f = fake_new();
	g->c.t = &g->f->t;
	for (unsigned i = 0; i < 4 && eras[era].files[i]; i++)
		fake_load_layout(g->f, eras[era].files[i]);
	g->net_list = fake_alloc(g->f, 16);
	guest_list_init(g->f, g->net_list);
	g->init_net = guest_net(g, GUEST_INUM);
	fake_symbol(g->f, "net_namespace_list", g->net_list);
	fake_symbol(g->f, "init_net", g->init_net);
	new_uts(g, era_name(era));
	g->virtio_bus = fake_alloc(g->f, fake_sizeof(g->f, "bus_type"));
	name = fake_alloc(g->f, 16);
	fake_str(g->f, name, "virtio");
	fake_set(g->f, g->virtio_bus, "bus_type", "name", name);
	return g;
}

void guest_free(struct guest *g)
{
	vr_arena_free(&g->c.arena);
	vr_arena_free(&g->c.scratch);
	fake_free(g->f);
	free(g);
}

uint64_t guest_priv(struct guest *g, uint64_t net_device)
{
	if (fake_has(g->f, "net_device", "priv"))
		return net_device + fake_offset(g->f, "net_device", "priv");
	return net_device + (fake_sizeof(g->f, "net_device") + 31) / 32 * 32;
}

/* A net_device at 'at' (0: anywhere) with 'priv' bytes behind it. */
static uint64_t new_netdev(struct guest *g, uint64_t net, const char *name,
			   uint64_t at, size_t priv)
{
	struct fake_target *f = g->f;
	size_t size = guest_priv(g, 0) + priv;

	if (at)
		fake_map(f, VR_KERNEL, at, size);
	else
		at = fake_alloc(f, size);
	fake_str(f, at + fake_offset(f, "net_device", "name"), name);
	guest_list_add(f, (net ? net : g->init_net) +
		      fake_offset(f, "net", "dev_base_head"),
		      at + fake_offset(f, "net_device", "dev_list"));
	return at;
}

uint64_t guest_netdev_at(struct guest *g, uint64_t net, const char *name,
			 const char *kind, uint64_t at, size_t priv)
{
	uint64_t dev = new_netdev(g, net, name, at, priv);
	uint64_t ops, text;

	if (!kind)
		return dev;
	text = fake_alloc(g->f, strlen(kind) + 1);
	fake_str(g->f, text, kind);
	if (!fake_has(g->f, "rtnl_link_ops", "kind")) {
		fake_type(g->f, "rtnl_link_ops", 64);
		fake_member(g->f, "rtnl_link_ops", "kind", 16, 8, NULL);
	}
	ops = fake_alloc(g->f, fake_sizeof(g->f, "rtnl_link_ops"));
	fake_set(g->f, ops, "rtnl_link_ops", "kind", text);
	fake_set(g->f, dev, "net_device", "rtnl_link_ops", ops);
	return dev;
}

uint64_t guest_netdev(struct guest *g, uint64_t net, const char *name,
		      const char *kind)
{
	return guest_netdev_at(g, net, name, kind, 0, 0);
}

/* ---- virtio-net devices -------------------------------------------------- */

uint64_t guest_virtio_device(struct guest *g, unsigned type, uint64_t features)
{
	struct fake_target *f = g->f;
	uint64_t vdev = fake_alloc(f, fake_sizeof(f, "virtio_device"));
	uint64_t dev = vdev + fake_offset(f, "virtio_device", "dev");

	fake_set(f, vdev, "virtio_device", "index", g->ndevices++);
	fake_set(f, vdev, "virtio_device", "id.device", type);
	fake_set(f, vdev, "virtio_device", "features", features);
	fake_set(f, dev, "device", "bus", g->virtio_bus);
	return vdev;
}

uint64_t guest_vq_slot(struct guest *g, const struct nic *n, enum vr_dir dir,
		       unsigned pair)
{
	const char *type = dir == VR_TX ? "send_queue" : "receive_queue";

	if (dir == VR_CTRL)
		return n->vi + fake_offset(g->f, "virtnet_info", "cvq");
	return (dir == VR_TX ? n->sq : n->rq) +
	       pair * fake_sizeof(g->f, type) + fake_offset(g->f, type, "vq");
}

/* virtqueue.index and its name are as virtio_net counts: input, output, ... */
static void new_queue(struct guest *g, struct nic *n, struct ring *r,
		      enum vr_dir dir, unsigned pair, unsigned index,
		      uint32_t num)
{
	uint64_t at = fake_alloc(g->f, 16);
	char name[16];

	ring_build(r, g->f, &(struct ring_spec){ .num = num });
	if (dir == VR_CTRL)
		snprintf(name, sizeof(name), "control");
	else if (dir == VR_RX)
		snprintf(name, sizeof(name), "input.%u", pair);
	else
		snprintf(name, sizeof(name), "output.%u", pair);
	fake_str(g->f, at, name);
	ring_set(r, RING_NAME, at);
	ring_set(r, RING_INDEX, index);
	fake_set(g->f, r->vq, "virtqueue", "vdev", n->vdev);
	fake_u64(g->f, guest_vq_slot(g, n, dir, pair), r->vq);
}

static uint64_t place(struct fake_target *f, uint64_t at, size_t size)
{
	if (!at)
		return fake_alloc(f, size);
	fake_map(f, VR_KERNEL, at, size);
	return at;
}

static void fill_virtnet_info(struct guest *g, struct nic *n,
			      const struct nic_spec *s, unsigned pairs)
{
	struct fake_target *f = g->f;

	n->sq = place(f, s->sq_at, pairs * fake_sizeof(f, "send_queue"));
	n->rq = place(f, s->rq_at, pairs * fake_sizeof(f, "receive_queue"));
	fake_set(f, n->vi, "virtnet_info", "dev", n->dev);
	fake_set(f, n->vi, "virtnet_info", "vdev", n->vdev);
	fake_set(f, n->vi, "virtnet_info", "sq", n->sq);
	fake_set(f, n->vi, "virtnet_info", "rq", n->rq);
	fake_set(f, n->vi, "virtnet_info", "max_queue_pairs", pairs);
	fake_set(f, n->vi, "virtnet_info", "curr_queue_pairs",
		 s->curr_pairs ? s->curr_pairs : pairs);
}

uint64_t guest_txqs(struct guest *g, uint64_t dev, unsigned n)
{
	struct fake_target *f = g->f;
	uint64_t base;

	if (!fake_has(f, "net_device", "_tx"))
		return 0;
	base = fake_alloc(f, n * fake_sizeof(f, "netdev_queue"));
	fake_set(f, dev, "net_device", "_tx", base);
	fake_set(f, dev, "net_device", "num_tx_queues", n);
	return base;
}

struct nic *guest_nic(struct guest *g, const struct nic_spec *s)
{
	struct fake_target *f = g->f;
	struct nic *n = fake_own(f, sizeof(*n));
	unsigned pairs = s->pairs ? s->pairs : 1;

	assert_true(pairs <= GUEST_MAX_PAIRS);
	n->dev = new_netdev(g, s->net, s->name, s->dev_at,
			    fake_sizeof(f, "virtnet_info"));
	n->vi = guest_priv(g, n->dev);
	n->vdev = guest_virtio_device(g, VR_ID_NET, s->features ? s->features :
				      F_VERSION_1 | F_EVENT_IDX);
	fake_set(f, n->dev, "net_device", "dev.parent",
		 n->vdev + fake_offset(f, "virtio_device", "dev"));
	fill_virtnet_info(g, n, s, pairs);
	n->txqs = guest_txqs(g, n->dev, pairs);
	for (unsigned i = 0; i < pairs; i++) {
		new_queue(g, n, &n->rx[i], VR_RX, i, 2 * i, s->num);
		new_queue(g, n, &n->tx[i], VR_TX, i, 2 * i + 1, s->num);
	}
	if (s->ctrl)
		new_queue(g, n, &n->ctrl, VR_CTRL, 0, 2 * pairs, 64);
	return n;
}

/* ---- reading it back ----------------------------------------------------- */

void guest_resolve(struct guest *g)
{
	struct vr_missing missing;

	g->c.resolved = 0;	/* a new command */
	if (vr_layout_resolve(&g->c, VR_G_KERNEL | VR_G_GUEST | VR_G_IRQ,
			      &missing))
		fail_msg("%s.%s is missing", missing.type,
			 missing.path ? missing.path : "(size)");
}

struct walked guest_walk(struct guest *g, const char *device, const char *queue)
{
	struct walked w = { .sel = { .device = device } };

	guest_resolve(g);
	if (queue)
		assert_int_equal(vr_select_queue(&w.sel, queue), 0);
	w.status = vr_net_walk(&g->c, &w.sel, &w.snap, &w.err);
	if (w.status == VR_WALK_OK)
		vr_check_guest(&g->c, &w.snap);
	return w;
}

const struct vr_queue *walked_queue(const struct walked *w, const char *device,
				    const char *label)
{
	for (unsigned i = 0; i < w->snap.ndevices; i++) {
		const struct vr_device *d = &w->snap.devices[i];

		for (unsigned k = 0; k < d->nqueues; k++)
			if (!strcmp(d->ref.name, device) &&
			    !strcmp(d->queues[k].label, label))
				return &d->queues[k];
	}
	fail_msg("%s %s was not read", device, label);
	return NULL;
}

struct vr_queue guest_read_ring(struct guest *g, const struct ring *r)
{
	struct vr_queue q = { .dir = VR_TX };

	guest_resolve(g);
	vr_ring_read(&g->c, &q, r->vvq, r->big);
	return q;
}
