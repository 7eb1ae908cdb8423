// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_iov.c - vhost_virtqueue.iov, where vhost keeps the buffer that it translated last,
 * in addresses of the owner's memory.  It is all that a dump without user pages still has
 * of a buffer.
 */
#include <string.h>

#include "vring.h"

#define IOVEC_SIZE	16u	/* a pointer and a length, in every kernel */

void vr_vhost_iov(struct vr_ctx *c, struct vr_hostq *q)
{
	const struct vr_field *f = &c->layout.f[VR_VHQ_IOV];
	uint64_t entry[VR_IOV_SHOWN][2];
	unsigned n = f->size / IOVEC_SIZE < VR_IOV_SHOWN ? f->size / IOVEC_SIZE : VR_IOV_SHOWN;
	const uint64_t at = q->vhost_virtqueue + f->offset;

	if (!f->known || !n)
		return;
	if (vr_read(c, at, entry, n * sizeof(entry[0]))) {
		struct vr_error e = { .code = VR_E_READ, .addr = at,
			.what = "vhost_virtqueue.iov", .len = n * IOVEC_SIZE };

		snprintf(c->device, sizeof(c->device), "%s", q->device);
		memcpy(c->queue, q->label, sizeof(c->queue));
		vr_error_add(c, e);
		c->device[0] = c->queue[0] = '\0';
		return;
	}
	q->iov_known = true;
	for (unsigned i = 0; i < n && entry[i][0]; i++)
		q->iov[q->niov++] = (struct vr_iov){ entry[i][0], entry[i][1] };
}
