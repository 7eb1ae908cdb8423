/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_in.h - reading a JSON document that somebody else wrote, maybe not we.
 *
 * A node is a number; -1 is none, and every function takes it as such.
 */
#ifndef VRING_JSON_IN_H
#define VRING_JSON_IN_H

#include "vring.h"

#define VR_MAX_DOC	((size_t)64 << 20)	/* bytes */

struct vr_node;

struct vr_doc {
	const char *text;
	struct vr_node *node;
	int count;
};

/*
 * Parse 'len' bytes of 'text', which has to live as long as the document; nodes are
 * in the arena.  0 with node 0 the top, or -1 with 'why' saying what is wrong and at
 * which line and column.
 */
int vr_doc_parse(struct vr_arena *a, const char *text, size_t len, struct vr_doc *ret,
		 char *why, size_t size);
/* The value of an object's member; -1 when there is none, or 'object' is none. */
int vr_doc_member(const struct vr_doc *d, int object, const char *name);
/* The first element of an array, and the one behind 'element'; -1 at the end. */
int vr_doc_first(const struct vr_doc *d, int array);
int vr_doc_next(const struct vr_doc *d, int array, int element);
/* A member as a number: a decimal, a "0x..." string, true or false.  VR_ABSENT without
 * the member, VR_UNREAD when it is null or anything else. */
struct vr_val vr_doc_val(const struct vr_doc *d, int object, const char *name);
/* A member that is a string, cut to size - 1 bytes; false, and "", when it is none. */
bool vr_doc_string(const struct vr_doc *d, int object, const char *name, char *buf,
		   size_t size);
bool vr_doc_is_array(const struct vr_doc *d, int node);
bool vr_doc_is_object(const struct vr_doc *d, int node);

#endif
