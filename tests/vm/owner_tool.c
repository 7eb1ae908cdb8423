// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * owner_tool.c - sends packets that are known to the byte, and has a device bounce
 * what it receives.  Compiled statically by scenes_owners.py and put into the
 * initramfs.
 *
 *	owner_tool fill IFACE			send frames until none is taken any more
 *	owner_tool udp DEST SPORT DPORT LENGTH	send a datagram
 *	owner_tool tcp DEST SPORT DPORT		begin a connection
 *	owner_tool discard DISK START LENGTH	throw bytes of a disk away
 *	owner_tool flush DISK			flush its cache
 *	owner_tool bounce IFACE			XDP_TX on IFACE; never ends
 *	owner_tool pass IFACE OTHER		XDP_REDIRECT from IFACE to OTHER
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ETH_P_TEST	0x88b5	/* IEEE: for local experiments */
#define FRAME		1400
#define BATCH		8
#define ENOUGH		(2 * BATCH)	/* taken by the driver and not sent */
#define MAX_FRAMES	4000

static int fail(const char *what)
{
	printf("owner_tool: %s: %s\n", what, strerror(errno));
	return 1;
}

/* ---- frames ------------------------------------------------------------------ */

static long transmitted(const char *iface)
{
	char path[96];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/tx_packets", iface);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

/* The driver counts a packet once it has reaped it, so what it has taken and not
 * counted is in the ring. */
static int fill(const char *iface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_TEST),
		.sll_ifindex = (int)if_nametoindex(iface) };
	unsigned char frame[FRAME] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
				       ETH_P_TEST >> 8, ETH_P_TEST & 255 };
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);
	long before = transmitted(iface);

	/* Past the queueing discipline, which would count bytes in flight. */
	if (fd < 0 || before < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		return fail(iface);
	for (long sent = 0; sent < MAX_FRAMES; ) {
		for (int i = 0; i < BATCH; i++, sent++)
			if (send(fd, frame, sizeof(frame), 0) < 0)
				return fail("send");
		usleep(30000);
		if (sent - (transmitted(iface) - before) < ENOUGH)
			continue;
		/* Once more, in case the host was just busy. */
		usleep(300000);
		if (sent - (transmitted(iface) - before) >= ENOUGH)
			return 0;
	}
	printf("owner_tool: %s takes everything\n", iface);
	return 1;
}

/* ---- datagrams and connections -------------------------------------------------- */

/* An address ("10.0.0.1", "ff02::99%eth0", or "" for any of that length) and port. */
static socklen_t parse(const char *text, const char *port, int family,
		       struct sockaddr_storage *to)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	char host[64] = "";
	char *scope;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)family;
	/* The port is at the same place in both. */
	four->sin_port = htons((uint16_t)atoi(port));
	strncpy(host, text, sizeof(host) - 1);
	scope = strchr(host, '%');
	if (scope) {
		*scope = '\0';
		six->sin6_scope_id = if_nametoindex(scope + 1);
	}
	if (*host && inet_pton(family, host, family == AF_INET6 ?
			       (void *)&six->sin6_addr : &four->sin_addr) != 1)
		return 0;
	return family == AF_INET6 ? sizeof(*six) : sizeof(*four);
}

/* A socket from a port towards an address and port. */
static int towards(int type, const char *host, const char *from, const char *port)
{
	int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	int fd = socket(family, type, 0);
	struct sockaddr_storage own, to;
	socklen_t len = parse(host, port, family, &to);

	if (fd < 0 || !len || !parse("", from, family, &own) ||
	    bind(fd, (struct sockaddr *)&own, len) || fcntl(fd, F_SETFL, O_NONBLOCK))
		return -1;
	if (connect(fd, (struct sockaddr *)&to, len) && errno != EINPROGRESS)
		return -1;
	return fd;
}

static int datagram(char **argv)
{
	static char payload[65000];
	int fd = towards(SOCK_DGRAM, argv[0], argv[1], argv[2]);

	if (fd < 0 || send(fd, payload, (size_t)atoi(argv[3]), 0) < 0)
		return fail(argv[0]);
	return 0;
}

/* Left open: a socket that is closed takes its packet back. */
static int connection(char **argv)
{
	if (towards(SOCK_STREAM, argv[0], argv[1], argv[2]) < 0)
		return fail(argv[0]);
	printf("owner_tool: connecting\n");
	fflush(stdout);
	pause();
	return 0;
}

/* ---- disks ------------------------------------------------------------------------ */

static int discard(char **argv)
{
	uint64_t range[2] = { strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10) };
	int fd = open(argv[0], O_RDWR);

	if (fd < 0 || ioctl(fd, BLKDISCARD, range))
		return fail(argv[0]);
	return 0;
}

static int flush(const char *disk)
{
	int fd = open(disk, O_RDWR);

	if (fd < 0 || fsync(fd))
		return fail(disk);
	return 0;
}

/* ---- XDP ------------------------------------------------------------------------- */

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Attach a program for as long as we live. */
static int attach(const char *iface, const struct bpf_insn *code, unsigned count)
{
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)code, .insn_cnt = count,
		.license = (uintptr_t)"GPL", .expected_attach_type = BPF_XDP };
	union bpf_attr link = { .link_create = { .attach_type = BPF_XDP,
		.target_ifindex = if_nametoindex(iface) } };
	long program = bpf(BPF_PROG_LOAD, &load);

	link.link_create.prog_fd = (uint32_t)program;
	if (program < 0 || bpf(BPF_LINK_CREATE, &link) < 0)
		return fail(iface);
	printf("owner_tool: XDP on %s\n", iface);
	fflush(stdout);
	pause();
	return 0;
}

static int bounce(const char *iface)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_TX },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return attach(iface, code, 2);
}

static int pass(const char *iface, const char *other)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1,
		  .imm = (int)if_nametoindex(other) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return attach(iface, code, 4);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "fill"))
		return fill(argv[2]);
	if (argc == 6 && !strcmp(argv[1], "udp"))
		return datagram(argv + 2);
	if (argc == 5 && !strcmp(argv[1], "tcp"))
		return connection(argv + 2);
	if (argc == 5 && !strcmp(argv[1], "discard"))
		return discard(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "flush"))
		return flush(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "bounce"))
		return bounce(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "pass"))
		return pass(argv[2], argv[3]);
	printf("owner_tool: bad arguments\n");
	return 2;
}
