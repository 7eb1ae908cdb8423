/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit.h - cmocka, and what our own kinds of values are compared with.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vring.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A value that was read, and which. */
#define assert_val(val, want) do {					\
	const struct vr_val val_ = (val);				\
	assert_int_equal(val_.have, VR_READ);				\
	assert_int_equal(val_.v, (want));				\
} while (0)

#define assert_unread(val)	assert_int_equal((val).have, VR_UNREAD)
#define assert_absent(val)	assert_int_equal((val).have, VR_ABSENT)

/* The first error of this code and part, or NULL. */
static inline const struct vr_error *find_error(const struct vr_ctx *c,
						enum vr_errcode code,
						const char *what)
{
	for (unsigned i = 0; i < c->nerrors && i < VR_MAX_ERRORS; i++)
		if (c->errors[i].code == code && !strcmp(c->errors[i].what, what))
			return &c->errors[i];
	return NULL;
}

/* Like find_error(), but the test fails without it. */
static inline const struct vr_error *get_error(const struct vr_ctx *c,
					       enum vr_errcode code,
					       const char *what)
{
	const struct vr_error *e = find_error(c, code, what);

	if (!e)
		fail_msg("no error %d noted about '%s' (%u errors)", (int)code,
			 what, c->nerrors);
	return e;
}

/* The first damage of this kind to a queue's slots; the test fails without it. */
static inline const struct vr_damage *find_damage(const struct vr_queue *q,
						  enum vr_damage_code code)
{
	for (unsigned i = 0; i < q->slots.ndamage && i < VR_MAX_DAMAGE; i++)
		if (q->slots.damage[i].code == code)
			return &q->slots.damage[i];
	fail_msg("no damage %d noted (%u are)", (int)code, q->slots.ndamage);
	return NULL;
}

#endif
