# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: real kernels in real QEMU guests, their vmcores, and crash in several versions.

    store      the cache folder and its progress lines
    debian     packages and small root trees of any Debian suite, without touching this machine's apt
    kernels    a kernel with its debuginfo, by short name ('6.1')
    initramfs  what a guest boots into: busybox, modules, one shell script
    guest      QEMU, QMP and dumps
    qemu       QEMU of another suite, for what this machine's cannot do yet
    net        a network namespace with multi-queue taps, and traffic in it
    core       ELF vmcores: read, scribble, punch holes, make one from a RAM file
    crash      crash(8), native or in a chroot, scripted or on a terminal
    makedumpfile  the filter, in each suite's version
    drgn       drgn, scripts over a core as a second reader
    scenes     ready-made guests that several tests use

Everything ends what it started: guests by their own pid, mounts with their private namespace.
"""
