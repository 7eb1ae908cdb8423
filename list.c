// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list.c - a walk over any of the kernel's lists (list_head) that ends, whatever is in
 * its links.
 */
#include "vring.h"

struct vr_list vr_list_start(uint64_t head, unsigned limit, const char *what)
{
	return (struct vr_list){ .head = head, .at = head, .limit = limit,
				 .what = what };
}

/* May one more link be followed?  Lists hang on lists, and each of a forged one's may be
 * as long as it is allowed to be, whether it hands anything out or not. */
static bool may_follow(struct vr_ctx *c)
{
	if (c->spent.links == VR_MAX_LINKS)
		return false;
	if (++c->spent.links == VR_MAX_LINKS)
		vr_error_add_common(c, (struct vr_error){ .code = VR_E_BUDGET,
			.what = "lists", .limit = VR_MAX_LINKS,
			.of = "entries of lists together" });
	return true;
}

/* The node behind 'at'; 0 at the head, and at a bad link ('e' says which). */
static uint64_t follow(struct vr_ctx *c, const struct vr_list *l, uint64_t at,
		       struct vr_error *e)
{
	uint64_t next;

	*e = (struct vr_error){ .what = l->what, .addr = at, .len = sizeof(next) };
	if (!may_follow(c)) {
		e->what = NULL;
		return 0;
	}
	if (vr_read(c, at + l->link, &next, sizeof(next))) {
		e->code = VR_E_READ;
		return 0;
	}
	if (next == l->head || (next && (next == l->stop[0] ||
					 next == l->stop[1]))) {
		e->what = NULL;		/* the good end */
		return 0;
	}
	e->code = VR_E_NULL;
	if (!(next & (sizeof(next) - 1)))
		return next;
	e->code = VR_E_WILD;
	e->value = next;
	return 0;
}

/*
 * How many nodes there are before the first one that comes again, once a loop
 * of 'period' nodes was found 'found' nodes from the head.  On a live system it may be
 * gone by now.
 */
static unsigned before_repeat(struct vr_ctx *c, const struct vr_list *l,
			      unsigned period, unsigned found)
{
	uint64_t slow = l->head, fast = l->head;
	struct vr_error e;
	unsigned n = 0;

	for (unsigned i = 0; i < period; i++)
		fast = follow(c, l, fast, &e);
	for (; slow != fast && n < found; n++) {
		slow = follow(c, l, slow, &e);
		fast = follow(c, l, fast, &e);
	}
	return n + period - 1;	/* the head is none of them */
}

/*
 * Of a list that ends badly: how many of its 'n' nodes are on it, since what they point
 * to points back.  A link that was overwritten may lead anywhere, and on from there.
 */
static unsigned pointed_back_at(struct vr_ctx *c, struct vr_list *l, unsigned n)
{
	uint64_t at = l->head, next, prev;
	struct vr_error e;

	for (unsigned i = 0; i < n && (next = follow(c, l, at, &e)); i++) {
		l->broken = next;
		l->sound = at;
		/* A node whose page is missing is one all the same. */
		if (vr_read(c, next + sizeof(next), &prev, sizeof(prev)))
			return i + 1;
		if (prev != at)
			return i;
		at = next;
	}
	l->broken = at;
	return n;
}

/* Count the distinct nodes, by Brent's loop check, and note a bad end. */
static unsigned list_length(struct vr_ctx *c, struct vr_list *l)
{
	uint64_t turtle = l->head, at = l->head;
	unsigned n = 0, since = 0, power = 1;
	struct vr_error e;

	while ((at = follow(c, l, at, &e)) && n < l->limit) {
		n++;
		since++;
		if (at == turtle) {
			n = before_repeat(c, l, since, n);
			break;
		}
		if (since == power) {
			turtle = at;
			power *= 2;
			since = 0;
		}
	}
	if (at)
		e = (struct vr_error){ .code = VR_E_LOOP, .what = l->what,
				       .addr = l->head, .limit = n };
	if (!e.what)
		return n;
	vr_error_add(c, e);
	return l->link ? n : pointed_back_at(c, l, n);
}

static uint64_t step(struct vr_ctx *c, struct vr_list *l)
{
	struct vr_error e;

	/* Counted first, so that no node of a loop is handed out twice. */
	if (!l->counted) {
		l->counted = true;
		l->left = list_length(c, l);
	}
	if (!l->left || !l->at)
		return 0;
	l->left--;
	l->at = follow(c, l, l->at, &e);
	return l->at;
}

uint64_t vr_list_next(struct vr_ctx *c, struct vr_list *l)
{
	uint64_t node = step(c, l);
	struct vr_list back;

	if (node || !l->broken || l->link)
		return node;
	back = vr_list_start(l->head, l->limit, l->what);
	back.link = sizeof(uint64_t);
	back.stop[0] = l->broken;
	back.stop[1] = l->sound;
	*l = back;
	return step(c, l);
}
