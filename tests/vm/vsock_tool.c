// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vsock_tool.c - traffic between a guest and its host over virtio-vsock.  Compiled
 * statically by scenes_nested.py.
 *
 *	vsock_tool listen PORT			take connections, and all that comes
 *	vsock_tool send CID PORT BYTES		connect and send
 *
 * Either returns when it listens or is connected; a child goes on, and stays connected.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static char data[4096];

static int fail(const char *what)
{
	fputs("LAB: vsock_tool: ", stdout);
	fflush(stdout);
	perror(what);
	return 1;
}

static int do_listen(int fd, struct sockaddr_vm *to)
{
	signal(SIGCHLD, SIG_IGN);
	to->svm_cid = VMADDR_CID_ANY;
	if (bind(fd, (struct sockaddr *)to, sizeof(*to)) || listen(fd, 8))
		return fail("listen");
	if (fork())
		return 0;
	for (;;) {
		int one = accept(fd, NULL, NULL);

		if (one < 0 || fork()) {
			close(one);
			continue;
		}
		while (recv(one, data, sizeof(data), 0) > 0)
			;
		return 0;
	}
}

static int do_send(int fd, struct sockaddr_vm *to, size_t left)
{
	/* A guest under emulation inside emulation may take its time. */
	struct timeval patience = { .tv_sec = 600 };

	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)to, sizeof(*to)))
		return fail("connect");
	if (fork())
		return 0;
	while (left) {
		size_t part = left < sizeof(data) ? left : sizeof(data);
		ssize_t sent = send(fd, data, part, MSG_NOSIGNAL);

		if (sent < 0)
			return 1;	/* the other end was told to stop */
		left -= (size_t)sent;
	}
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	struct sockaddr_vm to = { .svm_family = AF_VSOCK };

	if (fd < 0)
		return fail("socket");
	if (argc == 3 && !strcmp(argv[1], "listen")) {
		to.svm_port = (unsigned)atoi(argv[2]);
		return do_listen(fd, &to);
	}
	if (argc == 5 && !strcmp(argv[1], "send")) {
		to.svm_cid = (unsigned)atoi(argv[2]);
		to.svm_port = (unsigned)atoi(argv[3]);
		return do_send(fd, &to, (size_t)atol(argv[4]));
	}
	puts("vsock_tool listen PORT, vsock_tool send CID PORT BYTES");
	return 2;
}
