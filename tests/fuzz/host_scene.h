/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_scene.h - a sound host: a process that runs a guest, with a tap of two queues
 * and a macvtap that vhost serves, a vsock and a scsi device, and the rings in its
 * memory, behind page tables.
 */
#ifndef HOST_SCENE_H
#define HOST_SCENE_H

#include "stage.h"

#define HOST_KINDS	4
#define HOST_PID	4242

struct host_scene {
	struct stage *stage;
	struct guest *g;	/* what it was built of */
	/* addresses that a command line may name, as words */
	char dev[20], vq[20], vhost[20];
	uint64_t user[2];	/* the process's memory, physical: from, to */
};

/* Each kind has the structs of another time: 6.6, 6.4, 4.9, 3.10. */
void host_scene(struct host_scene *ret, unsigned kind);

#endif
