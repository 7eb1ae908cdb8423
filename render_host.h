/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_host.h - what the host's text and JSON share.
 */
#ifndef VRING_RENDER_HOST_H
#define VRING_RENDER_HOST_H

#include "json.h"

/* Are the ring's words in the dump? */
bool vr_ring_readable(const struct vr_hostq *q);
/* A word of the ring; VR_UNREAD when its page only reads as zeros. */
struct vr_val vr_ring_word(const struct vr_hostq *q, struct vr_val v);
/* avail and used with the words that an end's memory has, null where 'unread'. */
void vr_json_ring_words(struct json *j, const struct vr_split *s, bool unread);
/* Why the words are not there, in a word or two; "" when they are. */
const char *vr_ring_why(const struct vr_hostq *q);
/* A task's state as ps prints it. */
char vr_state_letter(struct vr_val state);

#endif
