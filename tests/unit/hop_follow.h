/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hop_follow.h - are the hops of vqwalk right?
 */
#ifndef HOP_FOLLOW_H
#define HOP_FOLLOW_H

#include "fake_target.h"

/* Follow a hop with the target's memory and the names of its layout alone; the test fails,
 * and tells 'whose' it was, unless that leads to where the hop says. */
void hop_follow(struct fake_target *f, const struct vr_hop *p, const char *whose);

#endif
