/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault_tool.h - what the two parts of fault_tool give each other.
 */
#ifndef FAULT_TOOL_H
#define FAULT_TOOL_H

/* Say what failed, with errno's reason; returns the exit code for it. */
int fail(const char *what);

/* Commands; w[0] is the first word behind the command's name. See where each is defined. */
int do_await(char **w), do_fill(char **w), do_flows(char **w), do_listen(char **w);
int do_napi_tx(char **w);

#endif
