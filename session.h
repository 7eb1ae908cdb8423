/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.h - the state of a command, and what all commands do alike; for vring.c and
 * session.c, which both know crash's defs.h.
 */
#ifndef VRING_SESSION_H
#define VRING_SESSION_H

#include "compare.h"
#include "target_crash.h"

/* All of it is static, since Ctrl-C may leave any frame; the next command starts it
 * anew (vr_begin()). */
struct vr_session {
	struct vr_target target;
	struct vr_ctx ctx;
	struct vr_select sel;
	struct vr_snapshot snap;
	struct vr_host host;
	struct vr_import other;		/* -c: the other side's document */
	struct vr_comparison comparison;
	uint64_t *chosen;		/* -c with a queue selected: addresses of virtqueues */
	unsigned nchosen;
	struct vr_arena looks[2];	/* -w: this look and the one before */
	bool host_side;			/* what the answer is about */
	bool given[128];		/* option letters */
	bool lacks;			/* a required member is missing, and no file would bring it */
	char nodename[65];
	char reason[8192];		/* why there is nothing to show */
};

extern struct vr_session vrs;

/* Forget what was read of the kernel: all of it may lie in the arena, and a live one
 * moves on. */
void vr_forget(void);
/* Forget the command before this one. */
void vr_begin(void);
/* Last act of each command: say so when its redirected output is incomplete. */
void vr_end(void);
/* Columns of the terminal, within reason. */
unsigned vr_terminal_width(void);
/* Find the members of these groups (enum vr_group); false with vrs.reason when one is
 * missing. */
bool vr_resolve(unsigned groups);
/* What the members that a guest's command needs are in. */
unsigned vr_guest_groups(void);
/* getopt(), whose own message would go to stderr past crash's redirection; an option
 * without its argument is a usage error. */
int vr_next_option(const char *options);
/* A usage error when the option 'one' was given and any of 'others', which would do
 * nothing beside it. */
void vr_alone(char one, const char *others);
/* Say what is wrong, show the usage, and leave for crash's prompt. */
void __attribute__((noreturn)) vr_bad_usage(const char *what, int option);
/* -t: take types from there from now on. */
void vr_use_types(const char *source);
/* The device and queue that the arguments behind the options name, into vrs.sel. */
void vr_parse_selection(bool device_needed);
/* Say vrs.reason, as text or as a document without queues. */
void vr_fail(bool json);
/* Walk and judge what vrs.sel names, of the guest or of the host ('pid' 0: of any
 * process); false when there is nothing to show, which was then said. */
bool vr_collect(bool json);
bool vr_collect_host(bool json, uint64_t pid);
/* For -c: the same, but of a queue that was selected the whole device, since devices are
 * matched as a whole; what was selected is in vrs.chosen then. */
bool vr_collect_devices(bool json, uint64_t pid);

#endif
