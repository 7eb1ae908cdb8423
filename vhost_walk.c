// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_walk.c - the host's side: what kind of device a net_device is.
 *
 * The kind comes from the rtnl_link_ops' own string, so it needs no module
 * symbols or types.
 */
#include <string.h>

#include "vring.h"

bool vr_host_kind(struct vr_ctx *c, uint64_t net_device, char *kind, size_t size)
{
	static const char *const served[] = { "tun", "macvtap", "ipvtap" };
	struct vr_obj dev = { .addr = net_device };
	struct vr_obj ops = { .addr = 0 };

	kind[0] = '\0';
	ops.addr = vr_get_ptr(c, &dev, VR_DEV_LINK_OPS, NULL);
	if (!ops.addr)
		return false;
	if (vr_read_string(c, vr_get_ptr(c, &ops, VR_LINK_OPS_KIND, NULL), kind,
			   size))
		return false;
	for (unsigned i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		if (!strcmp(kind, served[i]))
			return true;
	return false;
}
