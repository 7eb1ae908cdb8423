// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vqs.c - the queues of a virtio device of any type: those that hang on
 * virtio_device.vqs.
 */
#include <stdlib.h>
#include <string.h>

#include "vring.h"

#define MAX_QUEUES	65536	/* virtqueue.index of a PCI device has 16 bits */
#define MAX_LISTED	64	/* queues in a message */
#define ALL_INDEXED	262144	/* queues that are kept by their index, of a command */

/* A virtqueue on a device's list. */
struct found {
	uint64_t vq;
	struct vr_val index;
	unsigned place;		/* on the list */
	bool unique;		/* no other queue has its name */
	char name[VR_LABEL_SIZE];
};

struct queues {
	struct found *q;
	unsigned n, room;
	bool broken;		/* the list has some, which could not be reached */
};

/* ---- the list ----------------------------------------------------------------- */

/* Take the virtqueue at 'vq' if it says that it is this device's. */
static int add_queue(struct vr_ctx *c, const struct vr_device *d, uint64_t vq,
		     bool named, struct queues *ret)
{
	static const enum vr_slot members[] = {
		VR_VQ_NAME, VR_VQ_INDEX, VR_VQ_VDEV,
	};
	struct vr_obj o = vr_obj_cover(c, vq, members, 3);
	struct found *q;

	if (!vr_points_back(c, &o, VR_VQ_VDEV, "virtqueue.vdev", d->virtio_device))
		return 0;
	q = vr_grow(&c->arena, ret->q, ret->n, &ret->room, sizeof(*q));
	if (!q)
		return -1;
	ret->q = q;
	q += ret->n;
	*q = (struct found){ .vq = vq, .place = ret->n++,
			     .index = vr_get(c, &o, VR_VQ_INDEX, NULL) };
	if (named)
		vr_get_name(c, &o, VR_VQ_NAME, "virtqueue.name", q->name,
			    sizeof(q->name));
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name,
		      ((const struct found *)b)->name);
}

static uint64_t sort_key(struct vr_val v)
{
	return v.have == VR_READ ? v.v : UINT64_MAX;
}

static int by_index(const void *left, const void *right)
{
	const struct found *a = left, *b = right;
	uint64_t i = sort_key(a->index), k = sort_key(b->index);

	if (i != k)
		return i < k ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* Note which names are but one queue's. */
static void mark_unique(struct queues *all)
{
	qsort(all->q, all->n, sizeof(*all->q), by_name);
	for (unsigned i = 0; i < all->n; i++)
		all->q[i].unique =
			(!i || by_name(&all->q[i - 1], &all->q[i])) &&
			(i + 1 == all->n || by_name(&all->q[i], &all->q[i + 1]));
}

/* A device's queues by index, with their names if 'named'; what is wrong with their list
 * is noted. */
static int list_queues(struct vr_ctx *c, const struct vr_device *d, unsigned *budget,
		       bool named, struct queues *ret)
{
	const struct vr_field *f = c->layout.f;
	struct vr_list l = vr_list_start(d->virtio_device + f[VR_VDEV_VQS].offset,
					 *budget < MAX_QUEUES ? *budget :
					 MAX_QUEUES, "list of virtqueues");
	unsigned errors = c->nerrors;
	uint64_t node;

	*ret = (struct queues){ .n = 0 };
	while ((node = vr_list_next(c, &l))) {
		if (*budget)
			--*budget;
		if (add_queue(c, d, node - f[VR_VQ_LIST].offset, named, ret))
			return -1;
	}
	ret->broken = !ret->n && c->nerrors > errors;
	if (!ret->n)
		return 0;
	if (named)
		mark_unique(ret);
	qsort(ret->q, ret->n, sizeof(*ret->q), by_index);
	return 0;
}

/* Are the types known that the list needs?  Without, it is said once. */
static bool have_list(struct vr_ctx *c)
{
	struct vr_missing missing;

	if (c->spent.no_vqs)
		return false;
	if (!vr_layout_resolve(c, VR_G_VQS, &missing))
		return true;
	c->spent.no_vqs = true;
	vr_error_add_common(c, (struct vr_error){ .code = VR_E_NOTYPE,
		.what = missing.path, .of = missing.type, .module = missing.module });
	return false;
}

/* Fill the table of a device's virtqueues by their index. */
static void index_queues(struct vr_ctx *c, struct vr_device *d)
{
	unsigned left = ALL_INDEXED - (unsigned)c->spent.indexed, budget = left;
	struct queues all;

	d->indexed = true;
	if (!left || !have_list(c) || list_queues(c, d, &budget, false, &all))
		return;
	c->spent.indexed += left - budget;
	if (!budget)
		vr_over_budget(c, "lists of virtqueues", ALL_INDEXED, true);
	/* In ascending order, the unread ones last. */
	while (all.n && all.q[all.n - 1].index.have != VR_READ)
		all.n--;
	d->by_index = vr_alloc(&c->arena, all.n ? all.n : 1, sizeof(*d->by_index));
	/* Of several with one index the first is kept. */
	for (unsigned i = 0; d->by_index && i < all.n; i++)
		if (!i || all.q[i].index.v != all.q[i - 1].index.v)
			d->by_index[d->nby_index++] = (struct vr_vq_ref){
				.index = all.q[i].index.v, .vq = all.q[i].vq };
}

const struct vr_vq_ref *vr_vqs_index(struct vr_ctx *c, struct vr_device *d, unsigned *n)
{
	char queue[sizeof(c->queue)];

	if (!d->indexed) {
		/* What is wrong with the list is of the device. */
		memcpy(queue, c->queue, sizeof(queue));
		c->queue[0] = '\0';
		index_queues(c, d);
		memcpy(c->queue, queue, sizeof(queue));
	}
	*n = d->nby_index;
	return d->by_index;
}

static int by_number(const void *left, const void *right)
{
	const struct vr_vq_ref *a = left, *b = right;

	return a->index < b->index ? -1 : a->index > b->index;
}

uint64_t vr_vqs_find(struct vr_ctx *c, struct vr_device *d, uint64_t index)
{
	const struct vr_vq_ref key = { .index = index }, *found = NULL, *all;
	unsigned n;

	all = vr_vqs_index(c, d, &n);
	if (n)
		found = bsearch(&key, all, n, sizeof(*all), by_number);
	return found ? found->vq : 0;
}

/* ---- names --------------------------------------------------------------------- */

static bool is_number(const char *word, uint64_t *ret)
{
	if (!*word || strlen(word) > 10 || strspn(word, "0123456789") != strlen(word))
		return false;
	*ret = strtoull(word, NULL, 10);
	return true;
}

/* Can the name be typed, and printed as it is? */
static bool is_plain(const char *name)
{
	const char *p = name;

	while (*p > ' ' && *p <= '~')
		p++;
	return p > name && !*p;
}

/* What the queue is called: its own name, unless that is another's too or looks
 * like an index. */
static void label(const struct found *q, char ret[VR_LABEL_SIZE])
{
	uint64_t n;

	if (is_plain(q->name) && q->unique && !is_number(q->name, &n))
		memcpy(ret, q->name, VR_LABEL_SIZE);
	else
		vr_val_text(q->index, ret);
}

/* Keep only the queues that are meant. */
static void keep_selected(const struct vr_ctx *c, const struct vr_select *sel,
			  struct queues *all)
{
	uint32_t offset = c->layout.f[VR_VVQ_VQ].offset;
	bool named = false;
	uint64_t number;
	unsigned n = 0;

	if (!sel->word && !sel->virtqueue)
		return;
	/* An exact name wins over an index. */
	for (unsigned i = 0; sel->word && i < all->n; i++)
		named = named || !strcmp(all->q[i].name, sel->word);
	if (sel->word && !named && !is_number(sel->word, &number)) {
		all->n = 0;
		return;
	}
	for (unsigned i = 0; i < all->n; i++) {
		const struct found *q = &all->q[i];

		if (sel->virtqueue && q->vq != sel->virtqueue &&
		    q->vq - offset != sel->virtqueue)
			continue;
		if (sel->word && (named ? strcmp(q->name, sel->word) != 0 :
				  q->index.have != VR_READ || q->index.v != number))
			continue;
		all->q[n++] = *q;
	}
	all->n = n;
}

/* ---- what is behind it ------------------------------------------------------------ */

/* Do the queue's buffers lie with the device until something comes in?  By the number
 * that the specification gives the queue (5.3.2, 5.6.2, ...). */
static bool is_parked(const struct vr_device *d, const struct found *q)
{
	if (d->type.have != VR_READ || q->index.have != VR_READ)
		return false;
	switch (d->type.v) {
	case VR_ID_NET:
		/* Without its driver's types: by name. */
		return !strncmp(q->name, "input", 5);
	case VR_ID_CONSOLE:
		return q->index.v % 2 == 0;
	case VR_ID_BALLOON:
		/* The only one whose number depends on features. */
		return !strcmp(q->name, "stats");
	case VR_ID_SCSI:
	case VR_ID_CLOCK:
	case VR_ID_HWSIM:
	case VR_ID_IOMMU:
	case VR_ID_SOUND:
	case VR_ID_SCMI:
	case VR_ID_GPIO:
		return q->index.v == 1;
	case VR_ID_CAN:
	case VR_ID_BLUETOOTH:
		return q->index.v == 1;	/* receiving; 0 is transmitting */
	case VR_ID_RPMSG:
	case VR_ID_RPROC_SERIAL:
	case VR_ID_INPUT:
		return q->index.v == 0;
	case VR_ID_VSOCK:
		return q->index.v == 0 || q->index.v == 2;
	default:
		return false;
	}
}

static void read_queue(struct vr_ctx *c, const struct vr_device *d,
		       const struct vr_select *sel, const struct found *found,
		       struct vr_queue *q)
{
	bool big = vr_ring_is_big(c, d);

	q->dir = VR_OTHER;
	q->in_use = true;
	q->parked = is_parked(d, found);
	label(found, q->label);
	memcpy(c->queue, q->label, sizeof(c->queue));
	vr_ring_read(c, q, found->vq - c->layout.f[VR_VVQ_VQ].offset, big);
	vr_irq_read(c, d->virtio_device, q);
	if (sel->chains)
		vr_guest_chains(c, q, d->features, big);
	if (sel->owners)
		vr_owners_read(c, d, q, big, sel->word || sel->virtqueue);
	c->queue[0] = '\0';
}

/* What the device has, for the message that lists it: index and name, since either
 * may be asked for. */
static void list_labels(struct vr_ctx *c, const struct queues *all,
			struct vr_walk_error *err)
{
	unsigned n = all->n < MAX_LISTED ? all->n : MAX_LISTED;
	char b[24];

	err->queues = vr_alloc(&c->arena, n ? n : 1, sizeof(*err->queues));
	err->nqueues = all->n;
	err->nlisted = 0;
	for (unsigned i = 0; err->queues && i < n; i++)
		snprintf(err->queues[err->nlisted++], sizeof(*err->queues),
			 "%s%s%s", vr_val_text(all->q[i].index, b),
			 *all->q[i].name ? " " : "", all->q[i].name);
}

enum vr_walk_status vr_vqs_read(struct vr_ctx *c, struct vr_device *d,
				struct vr_select *sel, unsigned *budget,
				struct vr_walk_error *err)
{
	enum vr_walk_status status = VR_WALK_NO_MEMORY;
	struct queues all, some;

	memcpy(c->device, d->virtio_name, sizeof(c->device));
	if (list_queues(c, d, budget, true, &all))
		goto out;
	d->unlisted = all.broken;
	some = all;
	sel->full = sel->chains || sel->owners;
	if (sel->word || sel->virtqueue) {
		some.q = vr_alloc(&c->arena, all.n ? all.n : 1, sizeof(*some.q));
		if (!some.q)
			goto out;
		if (all.n)
			memcpy(some.q, all.q, all.n * sizeof(*some.q));
		keep_selected(c, sel, &some);
		sel->full = sel->full || some.n == 1;
	}
	status = VR_WALK_NO_QUEUE;
	if (!some.n && sel->word) {
		list_labels(c, &all, err);
		memcpy(err->virtio_name, d->virtio_name,
		       sizeof(err->virtio_name));
	}
	if (!some.n && (sel->word || sel->virtqueue))
		goto out;
	d->queues = vr_alloc(&c->arena, some.n ? some.n : 1, sizeof(*d->queues));
	status = d->queues ? VR_WALK_OK : VR_WALK_NO_MEMORY;
	for (unsigned i = 0; d->queues && i < some.n; i++)
		read_queue(c, d, sel, &some.q[i], &d->queues[d->nqueues++]);
out:
	c->device[0] = '\0';
	return status;
}
