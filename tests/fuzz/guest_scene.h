/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_scene.h - a sound guest: two network devices, one of them in a name space of
 * its own, a tap, and on the virtio bus a disk and others; packets, requests,
 * interrupts, a clock.
 */
#ifndef GUEST_SCENE_H
#define GUEST_SCENE_H

#include "stage.h"

#define GUEST_KINDS	11

struct guest_scene {
	struct stage *stage;
	struct bus *bus;	/* what it was built of */
	/* addresses that a command line may name, as words */
	char dev[20], vq[20], disk_vq[20];
	uint64_t pairs[2];	/* where both devices' max_queue_pairs are */
};

/* Each kind has another era's structs, other rings, another tree of interrupts. */
void guest_scene(struct guest_scene *ret, unsigned kind);

#endif
