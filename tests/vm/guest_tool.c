// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest_tool.c - what guests need and busybox has not: many packets fast,
 * ethtool -L, a real-time task.  Compiled statically by scenes_net.py and put into the initramfs.
 *
 *	guest_tool blast IFACE PACKETS	send so many frames
 *	guest_tool channels IFACE N	use N queue pairs
 *	guest_tool hog CPU	let nothing else run on a CPU
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH		64
#define SECONDS		60	/* a guest that cannot send must not hang a test */
#define ETH_P_TEST	0x88b5	/* IEEE: for local experiments; the host drops it */

static int fail(const char *what)
{
	printf("guest_tool: %s: %s\n", what, strerror(errno));
	return 1;
}

static int packet_socket(const char *iface)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_TEST),
		.sll_ifindex = (int)if_nametoindex(iface),
	};
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	/* Straight to the driver, without a qdisc in between. */
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return fd;
}

static int blast(const char *iface, long packets)
{
	unsigned char frame[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
				    ETH_P_TEST >> 8, ETH_P_TEST & 255 };
	struct iovec piece = { frame, sizeof(frame) };
	struct mmsghdr batch[BATCH];
	int fd = packet_socket(iface);

	if (fd < 0)
		return fail(iface);
	memset(batch, 0, sizeof(batch));
	for (int i = 0; i < BATCH; i++) {
		batch[i].msg_hdr.msg_iov = &piece;
		batch[i].msg_hdr.msg_iovlen = 1;
	}
	alarm(SECONDS);
	while (packets > 0) {
		unsigned want = packets < BATCH ? (unsigned)packets : BATCH;
		int sent = sendmmsg(fd, batch, want, 0);

		if (sent > 0)
			packets -= sent;
		else if (errno == ENOBUFS || errno == EAGAIN)
			sched_yield();	/* the ring is full */
		else
			return fail("sendmmsg");
	}
	return 0;
}

static int channels(const char *iface, unsigned count)
{
	struct ethtool_channels wish = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq request = { .ifr_data = (char *)&wish };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, iface, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		return fail("ETHTOOL_GCHANNELS");
	wish.cmd = ETHTOOL_SCHANNELS;
	wish.combined_count = count;
	if (ioctl(fd, SIOCETHTOOL, &request))
		return fail("ETHTOOL_SCHANNELS");
	return 0;
}

static int hog(int cpu)
{
	struct sched_param how = { .sched_priority = 50 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, SCHED_FIFO, &how))
		return fail("hog");
	for (;;)
		;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "blast"))
		return blast(argv[2], atol(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "channels"))
		return channels(argv[2], (unsigned)atoi(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "hog"))
		return hog(atoi(argv[2]));
	printf("guest_tool: bad arguments\n");
	return 2;
}
