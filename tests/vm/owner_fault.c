// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * owner_fault.c - makes the owner of a vhost device take the backend of one of its queues
 * away, as it does when its guest stops, but without its guest.  vhost listens to its owner
 * alone, so the call is made from inside.  Compiled statically by scenes_nested.py.
 *
 *	owner_fault PID NUMBER INDEX	of the process's /dev/vhost-net, by when they were
 *					opened, and of its queues: 0 receives, 1 sends
 */
#include <dirent.h>
#include <linux/vhost.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FILES	4096
#define SYSCALL		0x050f		/* the instruction, 0f 05 */
#define RED_ZONE	128		/* below the stack pointer, and in use */

static void need(int fine, const char *what)
{
	if (fine)
		return;
	fputs("LAB: owner_fault: ", stdout);
	fflush(stdout);
	perror(what);
	exit(1);
}

/* Files get the lowest number that is free; QEMU closes none of these in between. */
static int vhost_file(int pid, int number)
{
	char path[64], to[64];

	for (int fd = 0; fd < MAX_FILES; fd++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		length = readlink(path, to, sizeof(to) - 1);
		if (length < 0)
			continue;
		to[length] = 0;
		if (!strcmp(to, "/dev/vhost-net") && !number--)
			return fd;
	}
	return -1;
}

/* Have a process that waits in a system call make another one; then it waits again. */
static long call(int pid, int fd, struct vhost_vring_file file)
{
	struct user_regs_struct before, regs;
	long word, result;
	int status;

	need(!ptrace(PTRACE_ATTACH, pid, 0, 0) && waitpid(pid, &status, 0) == pid, "attach");
	need(!ptrace(PTRACE_GETREGS, pid, 0, &before), "registers");
	regs = before;
	regs.rip -= 2;
	need((ptrace(PTRACE_PEEKTEXT, pid, regs.rip, 0) & 0xffff) == SYSCALL, "not in a system call");
	regs.rax = SYS_ioctl;
	regs.orig_rax = ~0ULL;
	regs.rdi = (unsigned long)fd;
	regs.rsi = VHOST_NET_SET_BACKEND;
	regs.rdx = (before.rsp - RED_ZONE - sizeof(word)) & ~15ULL;
	memcpy(&word, &file, sizeof(word));
	need(!ptrace(PTRACE_POKEDATA, pid, regs.rdx, word), "memory");
	need(!ptrace(PTRACE_SETREGS, pid, 0, &regs), "registers");
	need(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0) && waitpid(pid, &status, 0) == pid &&
	     WIFSTOPPED(status), "step");
	need(!ptrace(PTRACE_GETREGS, pid, 0, &regs), "registers");
	result = (long)regs.rax;
	/* The kernel sees from these that the first call is to be made again. */
	need(!ptrace(PTRACE_SETREGS, pid, 0, &before), "registers");
	need(!ptrace(PTRACE_DETACH, pid, 0, 0), "detach");
	return result;
}

int main(int argc, char **argv)
{
	int pid = argc == 4 ? atoi(argv[1]) : 0;
	struct vhost_vring_file file = { .fd = -1 };
	int fd;

	need(pid > 0, "PID NUMBER INDEX");
	file.index = (unsigned)atoi(argv[3]);
	fd = vhost_file(pid, atoi(argv[2]));
	need(fd >= 0, "no such /dev/vhost-net");
	printf("owner_fault: backend of %d, file %d, queue %u: %ld\n", pid, fd, file.index, call(pid, fd, file));
	return 0;
}
