// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fault_send.c - the part of fault_tool that sends and waits for packets, and
 * sets how transmit queues are reaped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault_tool.h"

#define BATCH		64
#define SECONDS		60	/* a guest that cannot send must not hang a test */
#define FULL_MS		300	/* a queue that takes nothing for so long is full */
#define MAX_FLOWS	256
#define ETH_P_TEST	0x88b5	/* IEEE: for local experiments; the host drops it */

/* Packets go straight to the driver, or through the stack's queueing discipline. */
static int packet_socket(const char *iface, int bypass)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_TEST),
		.sll_ifindex = (int)if_nametoindex(iface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass));
	return fd;
}

/* Send a batch of frames; returns how many went, -1 for none with the reason in errno. */
static int send_some(int fd)
{
	static unsigned char frame[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
					   ETH_P_TEST >> 8, ETH_P_TEST & 255 };
	struct iovec piece = { frame, sizeof(frame) };
	struct mmsghdr batch[BATCH];

	memset(batch, 0, sizeof(batch));
	for (unsigned i = 0; i < BATCH; i++) {
		batch[i].msg_hdr.msg_iov = &piece;
		batch[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(fd, batch, BATCH, MSG_DONTWAIT);
}

/* fill IFACE driver|stack: send until nothing more is taken, by the driver or by the stack */
int do_fill(char **w)
{
	int fd = packet_socket(w[0], !strcmp(w[1], "driver"));
	long total = 0;

	if (fd < 0)
		return fail(w[0]);
	alarm(SECONDS);
	for (int ms = 0; ms < FULL_MS; ms++) {
		int sent = send_some(fd);

		if (sent > 0) {
			total += sent;
			ms = 0;
		} else if (errno != ENOBUFS && errno != EAGAIN) {
			return fail("sendmmsg");
		} else {
			usleep(1000);
		}
	}
	printf("fault_tool: %s took %ld frames\n", w[0], total);
	return 0;
}

/* flows ADDRESS FLOWS PACKETS: UDP from so many ports, which spreads over transmit queues */
int do_flows(char **w)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int flows = atoi(w[1]), packets = atoi(w[2]), fd[MAX_FLOWS];

	inet_pton(AF_INET, w[0], &to.sin_addr);
	if (flows > MAX_FLOWS)
		flows = MAX_FLOWS;
	for (int i = 0; i < flows; i++) {
		fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd[i] < 0)
			return fail("socket");
	}
	for (int n = 0; n < packets; n++)
		for (int i = 0; i < flows; i++)
			/* Refusals of earlier ones come back as errors: not ours to judge. */
			(void)!sendto(fd[i], "flow", 4, 0, (struct sockaddr *)&to, sizeof(to));
	return 0;
}

/* await PORT: until a UDP packet comes to it */
int do_await(char **w)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(w[0])) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) ||
	    recv(fd, &byte, 1, 0) < 0)
		return fail("await");
	return 0;
}

/* listen ADDRESS PORT: take UDP packets, looking for them in the device instead of sleeping */
int do_listen(char **w)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(w[1])) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), microseconds = 500;
	char packet[2048];

	inet_pton(AF_INET, w[0], &here.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) ||
	    setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &microseconds, sizeof(microseconds)))
		return fail("listen");
	for (;;)
		(void)!recv(fd, packet, sizeof(packet), 0);
}

static int ethtool(const char *iface, void *wish)
{
	struct ifreq request = { .ifr_data = wish };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), result;

	strncpy(request.ifr_name, iface, IFNAMSIZ - 1);
	if (fd < 0)
		return -1;
	result = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	return result;
}

/* napi-tx IFACE 0|1: whether transmit queues get interrupts; the interface must be down */
int do_napi_tx(char **w)
{
	struct ethtool_coalesce wish = { .cmd = ETHTOOL_GCOALESCE };

	if (ethtool(w[0], &wish))
		return fail("ETHTOOL_GCOALESCE");
	wish.cmd = ETHTOOL_SCOALESCE;
	wish.tx_max_coalesced_frames = (unsigned)atoi(w[1]);
	if (ethtool(w[0], &wish))
		return fail("ETHTOOL_SCOALESCE");
	return 0;
}
