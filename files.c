// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * files.c - our own bounded walk over a process's open files.
 */
#include <string.h>

#include "vring.h"

#define MAX_FDS		1048576	/* sysctl fs.nr_open's usual limit */
#define BATCH		512

int vr_for_each_file(struct vr_ctx *c, uint64_t task, uint64_t *budget,
		     int (*fn)(struct vr_ctx *c, uint64_t file, void *arg),
		     void *arg)
{
	struct vr_obj o = { .addr = task };
	uint64_t fds[BATCH], table;
	struct vr_val max;
	int r;

	/* NULL: a kernel thread, or a process that exits. */
	o.addr = vr_get_optional(c, &o, VR_TASK_FILES, "task_struct.files");
	if (!o.addr)
		return 0;
	o.addr = vr_get_ptr(c, &o, VR_FILES_FDT, "files_struct.fdt");
	if (!o.addr)
		return 0;
	max = vr_get(c, &o, VR_FDT_MAX_FDS, "fdtable.max_fds");
	table = vr_get_ptr(c, &o, VR_FDT_FD, "fdtable.fd");
	if (!table || max.have != VR_READ)
		return 0;
	if (!max.v || max.v > MAX_FDS || max.v > *budget) {
		vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
			.what = "fdtable.max_fds", .value = max.v,
			.addr = o.addr + c->layout.f[VR_FDT_MAX_FDS].offset,
			.limit = *budget < MAX_FDS ? *budget : MAX_FDS });
		return 0;
	}
	*budget -= max.v;
	for (uint64_t at = 0; at < max.v; at += BATCH) {
		uint64_t n = max.v - at < BATCH ? max.v - at : BATCH;

		if (vr_read(c, table + at * 8, fds, n * 8)) {
			vr_error_add(c, (struct vr_error){ .code = VR_E_READ,
				.what = "fdtable.fd", .addr = table + at * 8,
				.len = (uint32_t)(n * 8) });
			continue;
		}
		for (uint64_t i = 0; i < n; i++) {
			r = fds[i] ? fn(c, fds[i], arg) : 0;
			if (r)
				return r;
		}
	}
	return 0;
}
