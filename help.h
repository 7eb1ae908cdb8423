/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.h - the commands' help texts, as crash wants them: name, purpose, synopsis,
 * and lines of description up to a NULL.
 */
#ifndef VRING_HELP_H
#define VRING_HELP_H

extern char *help_vring[];
extern char *help_vqwalk[];
extern char *help_vhostq[];

#endif
