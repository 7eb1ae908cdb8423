// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * irq.c - the interrupt of a queue, by the handlers that the interrupt core has:
 * each was registered with a pointer of its owner's (dev_id).  That of a vector
 * which is one queue's own is the virtqueue.  Handlers for several queues, as of
 * a shared vector or of an interrupt line, were given the struct of the transport
 * driver, virtio_pci_device or virtio_mmio_device, which begins with the
 * virtio_device in every kernel (3.10 to 7.3): the same address.
 *
 * The mask bits in a device's MSI-X table are the device's and not in memory;
 * what is shown here is what the interrupt core did.
 */
#include <string.h>

#include "irq.h"

#define MAX_HANDLERS	65536	/* of all interrupts */
#define MAX_SHARING	256	/* handlers of one interrupt */
#define BUCKETS		1024	/* a power of two */
#define MAX_SAME	16	/* handlers of one dev_id that are looked at */
#define MASK_BYTES	(VR_MAX_CPUS / 8)
/* Numbers of softirqs, the same since 2.6. */
#define NET_TX_SOFTIRQ	2
#define NET_RX_SOFTIRQ	3

struct line {
	uint64_t desc, kstat;
	struct vr_val number, depth, state, unhandled, total;
	struct vr_val effective, affinity;	/* the masks, or pointers to them */
};

struct handler {
	uint64_t dev_id, name;
	uint32_t line, next;	/* 'next' of its bucket, plus 1 */
};

struct vr_irqs {
	struct line *lines;
	struct handler *handlers;
	uint32_t bucket[BUCKETS];	/* plus 1; 0: empty */
	unsigned nlines, lines_room, nhandlers, handlers_room;
	bool whole;		/* all interrupts were seen */
	uint32_t ncpus;		/* 0: unknown */
	uint64_t softirqs_at;	/* in each CPU's area; 0: nowhere */
	uint64_t runqueues;	/* likewise */
	struct vr_val *softirqs, *idle;	/* of each CPU, once it was asked for */
	bool *asked;
	struct vr_val panicked;
};

/* ---- all interrupts ------------------------------------------------------------------ */

static uint32_t bucket(uint64_t dev_id)
{
	return (uint32_t)(dev_id * 0x9e3779b97f4a7c15ULL >> 54) & (BUCKETS - 1);
}

static struct line read_line(struct vr_ctx *c, const struct vr_obj *desc)
{
	struct line l = { .desc = desc->addr };

	l.number = vr_get(c, desc, VR_IRQ_NUMBER, NULL);
	l.depth = vr_get(c, desc, VR_IRQ_DEPTH, NULL);
	l.state = vr_get(c, desc, VR_IRQ_STATE, NULL);
	l.unhandled = vr_get(c, desc, VR_IRQ_UNHANDLED, NULL);
	l.total = vr_get(c, desc, VR_IRQ_TOTAL, NULL);
	l.effective = vr_get(c, desc, VR_IRQ_EFFECTIVE, NULL);
	l.affinity = vr_get(c, desc, VR_IRQ_AFFINITY, NULL);
	l.kstat = vr_get_aligned(c, desc, VR_IRQ_KSTAT, 4, NULL);
	return l;
}

/* Keep a handler; false when there is no room. */
static bool add_handler(struct vr_ctx *c, struct vr_irqs *s, struct handler h)
{
	uint32_t *last = &s->bucket[bucket(h.dev_id)];
	struct handler *handlers;

	if (s->nhandlers >= MAX_HANDLERS)
		return false;
	handlers = vr_grow(&c->arena, s->handlers, s->nhandlers,
			   &s->handlers_room, sizeof(*handlers));
	if (!handlers)
		return false;
	s->handlers = handlers;
	h.next = *last;
	handlers[s->nhandlers++] = h;
	*last = s->nhandlers;
	return true;
}

/* The handlers of one interrupt; those with a dev_id may be a queue's. */
static void read_handlers(struct vr_ctx *c, struct vr_irqs *s, uint64_t action)
{
	static const enum vr_slot members[] = {
		VR_ACTION_DEV_ID, VR_ACTION_NEXT, VR_ACTION_NAME,
	};

	for (unsigned n = 0; action; n++) {
		struct vr_obj o = vr_obj_cover(c, action, members, 3);
		struct vr_val id = vr_get(c, &o, VR_ACTION_DEV_ID, "irqaction");
		struct vr_val next = vr_get(c, &o, VR_ACTION_NEXT, "irqaction");
		struct handler h = { .dev_id = id.v, .line = s->nlines - 1 };

		h.name = vr_get_aligned(c, &o, VR_ACTION_NAME, 1, NULL);
		if (n == MAX_SHARING ||
		    (id.have == VR_READ && id.v && !add_handler(c, s, h))) {
			vr_error_add(c, (struct vr_error){ .code = VR_E_LOOP,
				.what = "handlers of an interrupt",
				.addr = action, .limit = n });
			s->whole = false;
			return;
		}
		if (id.have != VR_READ || next.have != VR_READ)
			s->whole = false;
		action = next.have == VR_READ ? next.v : 0;
	}
}

static void see_irq(struct vr_ctx *c, uint64_t desc, void *arg)
{
	static const enum vr_slot members[] = {
		VR_IRQ_NUMBER, VR_IRQ_DEPTH, VR_IRQ_STATE, VR_IRQ_UNHANDLED,
		VR_IRQ_TOTAL, VR_IRQ_EFFECTIVE, VR_IRQ_AFFINITY, VR_IRQ_KSTAT,
		VR_IRQ_ACTION,
	};
	struct vr_obj o = vr_obj_cover(c, desc, members, 9);
	struct vr_val action = vr_get(c, &o, VR_IRQ_ACTION, "irq_desc.action");
	struct vr_irqs *s = arg;
	struct line *lines;

	if (action.have != VR_READ)
		s->whole = false;
	if (action.have != VR_READ || !action.v)
		return;
	lines = vr_grow(&c->arena, s->lines, s->nlines, &s->lines_room,
			sizeof(*lines));
	if (!lines) {
		s->whole = false;
		return;
	}
	s->lines = lines;
	lines[s->nlines++] = read_line(c, &o);
	read_handlers(c, s, action.v);
}

/*
 * The CPU that panicked; none is -1.  The device goes on when nobody listens any more.
 * Before 4.4 x86 keeps what the other CPUs ran when a crash kernel stopped them; a panic
 * without one leaves nothing there.
 */
static struct vr_val has_panicked(struct vr_ctx *c)
{
	uint64_t addr, callback;
	int32_t cpu;

	if (c->t->symbol(c->t, "panic_cpu", &addr)) {	/* 4.4 */
		if (c->t->symbol(c->t, "shootdown_callback", &addr))
			return (struct vr_val){ .have = VR_ABSENT };
		if (vr_read(c, addr, &callback, sizeof(callback)))
			return (struct vr_val){ .have = VR_UNREAD };
		return callback ? (struct vr_val){ 1, VR_READ } :
				  (struct vr_val){ .have = VR_ABSENT };
	}
	if (vr_read(c, addr, &cpu, sizeof(cpu)))
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ cpu != -1, VR_READ };
}

/* All interrupts, looked at once a command; NULL when memory is short. */
static struct vr_irqs *all_irqs(struct vr_ctx *c)
{
	char device[sizeof(c->device)], queue[sizeof(c->queue)];
	struct vr_irqs *s = c->irqs;

	if (s)
		return s;
	s = c->irqs = vr_alloc(&c->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	/* What is damaged there is no fault of the queue at hand. */
	memcpy(device, c->device, sizeof(device));
	memcpy(queue, c->queue, sizeof(queue));
	c->device[0] = c->queue[0] = '\0';
	s->whole = true;
	if (!vr_has(c, VR_IRQ_ACTION) || !vr_has(c, VR_ACTION_DEV_ID) ||
	    !vr_has(c, VR_ACTION_NEXT) || !vr_for_each_irq(c, see_irq, s))
		s->whole = false;
	if (vr_cpu_count(c, &s->ncpus))
		s->ncpus = 0;
	s->panicked = has_panicked(c);
	memcpy(c->device, device, sizeof(device));
	memcpy(c->queue, queue, sizeof(queue));
	return s;
}

/* ---- the one of a queue --------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && !strcmp(s + n - k, end);
}

/* The first handler with this dev_id, its name in 'name'; NULL when there is none.
 * A device's vector for changes of its configuration is nothing of a queue's,
 * though it has the same dev_id as one that queues share: without a name no shared
 * one is taken, and 'doubt' set. */
static const struct handler *find(struct vr_ctx *c, const struct vr_irqs *s,
				  uint64_t dev_id, char *name, size_t size, bool *doubt)
{
	const struct handler *found = NULL, *h;
	char one[sizeof(((struct vr_irq *)NULL)->name)];
	unsigned seen = 0;

	for (uint32_t i = s->bucket[bucket(dev_id)]; i; i = h->next) {
		h = &s->handlers[i - 1];
		if (h->dev_id != dev_id)
			continue;
		/* One, and with a device's configuration two; more are forged. */
		if (++seen > MAX_SAME)
			break;
		if (vr_read_string(c, h->name, one, sizeof(one)) && doubt) {
			*doubt = true;
			continue;
		}
		if (ends_with(one, "-config"))
			continue;
		/* Buckets begin with what came last. */
		found = h;
		snprintf(name, size, "%s", one);
	}
	return found;
}

/* A cpumask is inside its struct, or where many CPUs are possible, a pointer. */
static uint64_t mask_at(const struct vr_ctx *c, const struct line *l,
			enum vr_slot s, struct vr_val pointer)
{
	const struct vr_field *f = &c->layout.f[s];

	if (!f->known || !vr_has(c, VR_SZ_CPUMASK))
		return 0;
	if (f->size == 8 && c->layout.f[VR_SZ_CPUMASK].size > 8)
		return pointer.have == VR_READ ? pointer.v : 0;
	return l->desc + f->offset;
}

/* The first CPU of a mask; false when it has none or cannot be read. */
static bool first_cpu(struct vr_ctx *c, const struct vr_irqs *s, uint64_t mask,
		      struct vr_irq *irq)
{
	uint64_t words[MASK_BYTES / 8];
	size_t n = (s->ncpus + 63) / 64;
	unsigned set = 0;

	if (!mask || !n || vr_read(c, mask, words, n * 8))
		return false;
	for (uint32_t cpu = 0; cpu < s->ncpus && set < 2; cpu++) {
		if (!(words[cpu / 64] >> cpu % 64 & 1))
			continue;
		if (!set++)
			irq->cpu = (struct vr_val){ cpu, VR_READ };
	}
	irq->more_cpus = (struct vr_val){ set > 1, VR_READ };
	return set;
}

/* Has each CPU one of its own?  Elsewhere than on x86 irq_stat was an array up to 4.17. */
static bool is_percpu(struct vr_ctx *c, uint64_t addr)
{
	uint64_t start, end;

	return c->t->symbol(c->t, "__per_cpu_start", &start) ||
	       c->t->symbol(c->t, "__per_cpu_end", &end) || (addr >= start && addr < end);
}

/* Where each CPU's pending softirqs are: a member of a variable, or one of its own,
 * which is asked for last, since crash takes long to say no to a name. */
static bool softirqs_at(struct vr_ctx *c, uint64_t *ret)
{
	static const struct {
		const char *variable;
		enum vr_slot member;
	} places[] = {
		{ "pcpu_hot", VR_SOFTIRQ_HOT }, { "irq_stat", VR_SOFTIRQ_STAT },
	};

	for (unsigned i = 0; i < 2; i++) {
		const struct vr_field *f = &c->layout.f[places[i].member];

		if (!f->known || c->t->symbol(c->t, places[i].variable, ret))
			continue;
		if (!is_percpu(c, *ret))
			return false;
		/* 16 bits, of which ten are used; 32 elsewhere than on x86. */
		*ret += f->offset + (c->t->big_endian && f->size == 4 ? 2 : 0);
		return true;
	}
	if (!c->t->symbol(c->t, "__softirq_pending", ret))
		return true;
	if (!c->layout.f[VR_SOFTIRQ_HOT].missed && !c->layout.f[VR_SOFTIRQ_STAT].missed)
		vr_symbol_missed(c, "__softirq_pending", "pending softirqs");
	return false;
}

static struct vr_val read_softirqs(struct vr_ctx *c, struct vr_irqs *s,
				   uint32_t cpu)
{
	uint16_t v;

	if (!s->softirqs_at)
		return (struct vr_val){ .have = VR_ABSENT };
	if (vr_read_percpu(c, cpu, s->softirqs_at, &v, sizeof(v)))
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ v, VR_READ };
}

/* Is the idle task on a CPU? */
static struct vr_val read_idle(struct vr_ctx *c, struct vr_irqs *s, uint32_t cpu)
{
	const struct vr_field *f = c->layout.f;
	uint64_t curr, idle;

	if (!s->runqueues)
		return (struct vr_val){ .have = VR_ABSENT };
	if (vr_read_percpu(c, cpu, s->runqueues + f[VR_RUNQ_CURR].offset, &curr,
			   sizeof(curr)) ||
	    vr_read_percpu(c, cpu, s->runqueues + f[VR_RUNQ_IDLE].offset, &idle,
			   sizeof(idle)))
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ curr == idle, VR_READ };
}

static bool begin_cpus(struct vr_ctx *c, struct vr_irqs *s)
{
	if (s->asked)
		return s->softirqs && s->idle;
	s->asked = vr_alloc(&c->arena, s->ncpus, sizeof(*s->asked));
	s->softirqs = vr_alloc(&c->arena, s->ncpus, sizeof(*s->softirqs));
	s->idle = vr_alloc(&c->arena, s->ncpus, sizeof(*s->idle));
	if (!softirqs_at(c, &s->softirqs_at))
		s->softirqs_at = 0;
	if (c->t->symbol(c->t, "runqueues", &s->runqueues)) {
		vr_symbol_missed(c, "runqueues", "whether a CPU is idle");
		s->runqueues = 0;
	}
	if (!vr_has(c, VR_RUNQ_CURR) || !vr_has(c, VR_RUNQ_IDLE))
		s->runqueues = 0;
	return s->asked && s->softirqs && s->idle;
}

/* What is known of the CPU that an interrupt goes to. */
static void read_cpu(struct vr_ctx *c, struct vr_irqs *s, struct vr_irq *irq)
{
	uint32_t cpu = (uint32_t)irq->cpu.v;

	if (irq->cpu.have != VR_READ || !begin_cpus(c, s))
		return;
	if (!s->asked[cpu]) {
		s->softirqs[cpu] = read_softirqs(c, s, cpu);
		s->idle[cpu] = read_idle(c, s, cpu);
	}
	s->asked[cpu] = true;
	irq->idle = s->idle[cpu];
	irq->softirqs = irq->net_tx = irq->net_rx = s->softirqs[cpu];
	irq->net_tx.v = irq->net_tx.v >> NET_TX_SOFTIRQ & 1;
	irq->net_rx.v = irq->net_rx.v >> NET_RX_SOFTIRQ & 1;
}

static struct vr_val has_bit(struct vr_val v, uint64_t mask)
{
	v.v = (v.v & mask) != 0;
	return v;
}

static struct vr_val state_bit(const struct vr_ctx *c, const struct line *l,
			       enum vr_constant mask)
{
	if (c->layout.constant[mask] == VR_NO_CONSTANT)
		return (struct vr_val){ .have = VR_UNREAD };
	return has_bit(l->state, c->layout.constant[mask]);
}

static void fill(struct vr_ctx *c, struct vr_irqs *s, const struct line *l,
		 struct vr_irq *irq)
{
	irq->have = VR_READ;
	irq->desc = l->desc;
	irq->number = l->number;
	/* A count of disable_irq(); the bit follows it. */
	irq->disabled = l->depth.have == VR_READ ? has_bit(l->depth, UINT64_MAX) :
			state_bit(c, l, VR_C_IRQ_DISABLED);
	irq->masked = state_bit(c, l, VR_C_IRQ_MASKED);
	irq->unhandled = l->unhandled;
	irq->count = l->total;
	if (l->total.have == VR_ABSENT)
		irq->count = vr_sum_over_cpus(c, 0, l->kstat);
	if (!first_cpu(c, s, mask_at(c, l, VR_IRQ_EFFECTIVE, l->effective), irq) &&
	    !c->layout.f[VR_IRQ_EFFECTIVE].missed)
		first_cpu(c, s, mask_at(c, l, VR_IRQ_AFFINITY, l->affinity), irq);
	read_cpu(c, s, irq);
}

void vr_irq_read(struct vr_ctx *c, uint64_t virtio_device, struct vr_queue *q)
{
	const struct vr_val unknown = { .have = VR_UNREAD };
	struct vr_irq *irq = &q->irq;
	const struct handler *h;
	bool doubt = false;
	struct vr_irqs *s;

	*irq = (struct vr_irq){ VR_UNREAD, .number = unknown,
		.disabled = unknown, .masked = unknown, .unhandled = unknown,
		.count = unknown, .cpu = unknown, .more_cpus = unknown,
		.softirqs = unknown, .net_tx = unknown, .net_rx = unknown,
		.idle = unknown, .panicked = unknown };
	/* Drivers ask for no interrupts where they gave no callback. */
	if (q->callback.have == VR_READ && !q->callback.v) {
		irq->have = VR_ABSENT;
		return;
	}
	s = all_irqs(c);
	if (!s)
		return;
	irq->panicked = s->panicked;
	h = find(c, s, q->vring_virtqueue + c->layout.f[VR_VVQ_VQ].offset,
		 irq->name, sizeof(irq->name), NULL);
	if (!h) {
		h = find(c, s, virtio_device, irq->name, sizeof(irq->name), &doubt);
		irq->shared = h;
	}
	if (h)
		fill(c, s, &s->lines[h->line], irq);
	else if (s->whole && !doubt)
		irq->have = VR_ABSENT;
}
