/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version.h - the one place that says which version this is; packages read it too. */
#ifndef VRING_VERSION_H
#define VRING_VERSION_H

#define VRING_VERSION "1.0.0"

#endif
