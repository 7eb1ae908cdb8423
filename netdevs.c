// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netdevs.c - the net devices of all name spaces that a name or address means.
 */
#include <stdlib.h>
#include <string.h>

#include "vring.h"

struct finder {
	const char *name;	/* NULL: any */
	uint64_t addr;		/* of the net_device; 0: any */
	struct vr_netdev_list *list;
};

static int collect(struct vr_ctx *c, const struct vr_netdev_ref *ref, void *arg)
{
	const struct finder *f = arg;
	struct vr_netdev_list *l = f->list;
	struct vr_netdev_ref *refs;

	if (f->name ? strcmp(f->name, ref->name) != 0 :
	    f->addr && f->addr != ref->addr)
		return 0;
	refs = vr_grow(&c->arena, l->refs, l->n, &l->room, sizeof(*refs));
	if (!refs)
		return -1;
	l->refs = refs;
	l->refs[l->n++] = *ref;
	return 0;
}

bool vr_parse_address(const char *word, uint64_t *ret)
{
	char *end;

	*ret = strtoull(word, &end, 16);
	return *word && !*end && *ret;
}

int vr_find_netdevs(struct vr_ctx *c, const char *name, uint64_t addr,
		    struct vr_netdev_list *ret)
{
	struct finder f = { name, addr, ret };

	*ret = (struct vr_netdev_list){ .n = 0 };
	return vr_for_each_netdev(c, collect, &f);
}
