/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crash's 'make extensions' looks for a .c file; vring.mk builds what is in vring/. */
