// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest_tool.c - what guests need and busybox has not: many packets fast,
 * ethtool -L, a real-time task.  Compiled statically by scenes_net.py and put into the initramfs.
 *
 *	guest_tool blast IFACE PACKETS	send so many frames
 *	guest_tool pieces IFACE FRAMES	send frames that take several descriptors
 *	guest_tool channels IFACE N	use N queue pairs
 *	guest_tool hog CPU	let nothing else run on a CPU
 *	guest_tool lazy IFACE	take sent packets back only when more are sent (while it is down)
 *	guest_tool drain DISK	read until a throttle lets nothing more pass
 *	guest_tool hold DISK N	leave N requests, of 1 to N pages, behind in the background
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH		64
#define SECONDS		60	/* a guest that cannot send must not hang a test */
#define LONG		4000	/* bytes of a frame */
#define ROOM		(64 << 20)
#define PAGE		4096
#define PIECES		64	/* pages of a request at most */
#define ETH_P_TEST	0x88b5	/* IEEE: for local experiments; the host drops it */

static int fail(const char *what)
{
	printf("guest_tool: %s: %s\n", what, strerror(errno));
	return 1;
}

static int packet_socket(const char *iface, int protocol)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)protocol),
		.sll_ifindex = (int)if_nametoindex(iface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	return fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof(to)) ? -1 : fd;
}

static int blast(const char *iface, long packets)
{
	unsigned char frame[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
				    ETH_P_TEST >> 8, ETH_P_TEST & 255 };
	struct iovec piece = { frame, sizeof(frame) };
	struct mmsghdr batch[BATCH];
	int one = 1, fd = packet_socket(iface, ETH_P_TEST);

	/* Straight to the driver, without a qdisc in between. */
	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
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

/* Receives frames that are longer than LONG, also those that we send. */
static int sniffer(const char *iface)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LONG, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };
	int room = ROOM, fd = packet_socket(iface, ETH_P_ALL);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		return -1;
	return fd;
}

/*
 * Frames of several sizes.  With a virtio header, what is longer than a page is
 * scattered, and the driver needs a descriptor for each piece; but where the
 * device knows no checksums it gets all in one.  One more is needed for the
 * driver's header when somebody else has the frame, too: the sniffer.
 */
static int pieces(const char *iface, long frames)
{
	static const size_t sizes[] = { 64, 3000, 6000, 9000, 20000 };
	static unsigned char frame[sizeof(struct virtio_net_hdr) + 20000] = {
		[sizeof(struct virtio_net_hdr)] = 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
		ETH_P_TEST >> 8, ETH_P_TEST & 255 };
	int fd = packet_socket(iface, ETH_P_TEST), one = 1, room = ROOM;

	/* What is in the ring or waits for it counts as unsent, too. */
	if (fd < 0 || sniffer(iface) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		return fail(iface);
	for (long n = 0; n < frames; n++) {
		size_t size = sizes[n % (long)(sizeof(sizes) / sizeof(*sizes))];

		if (send(fd, frame, sizeof(struct virtio_net_hdr) + size, 0) < 0)
			return fail("send");
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

/* This is how ethtool tells the driver not to use NAPI for transmission. */
static int lazy(const char *iface)
{
	struct ethtool_coalesce wish = { .cmd = ETHTOOL_GCOALESCE };
	struct ifreq request = { .ifr_data = (char *)&wish };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, iface, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		return fail("ETHTOOL_GCOALESCE");
	wish.cmd = ETHTOOL_SCOALESCE;
	wish.tx_max_coalesced_frames = 0;
	if (ioctl(fd, SIOCETHTOOL, &request))
		return fail("ETHTOOL_SCOALESCE");
	return 0;
}

/* Directly, without a page cache in between; 'pages' need not lie side by side. */
static int request(const char *disk, off_t at, int pages, int writes)
{
	struct iovec piece[PIECES];
	int fd = open(disk, O_RDWR | O_DIRECT);
	char *memory = mmap(NULL, 2 * PIECES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (fd < 0 || memory == MAP_FAILED || pages > PIECES)
		return fail(disk);
	for (int i = 0; i < pages; i++)
		piece[i] = (struct iovec){ memory + 2 * i * PAGE, PAGE };
	if ((writes ? pwritev(fd, piece, pages, at) : preadv(fd, piece, pages, at)) < 0)
		return fail(disk);
	return 0;
}

static int drain(const char *disk)
{
	while (!request(disk, 0, PIECES, 0))
		;
	return 1;
}

static int hold(const char *disk, int count)
{
	for (int i = 0; i < count; i++)
		if (!fork())
			return request(disk, (off_t)i << 20, i + 1, i & 1);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "blast"))
		return blast(argv[2], atol(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "pieces"))
		return pieces(argv[2], atol(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "channels"))
		return channels(argv[2], (unsigned)atoi(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "hog"))
		return hog(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "lazy"))
		return lazy(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "drain"))
		return drain(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "hold"))
		return hold(argv[2], atoi(argv[3]));
	printf("guest_tool: bad arguments\n");
	return 2;
}
