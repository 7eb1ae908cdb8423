// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_setup.c - the part of host_tool that makes memory, taps and vhost devices.
 *
 * Each do_ function is a command of the script: w[0] is its name, w[1] and on are
 * its words, with NULL behind the last.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/vhost.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host_tool.h"

/*
 * memory GPA SIZE [huge|giant|shared|high]: in pages of 2 MiB or 1 GiB; high is where
 * only five levels of page tables reach
 */
void do_memory(char **w)
{
	struct region *region = &world.region[world.regions++];
	const char *kind = w[3] ? w[3] : "";
	bool giant = !strcmp(kind, "giant"), huge = giant || !strcmp(kind, "huge");
	bool shared = !strcmp(kind, "shared");
	void *hint = !strcmp(kind, "high") ? (void *)(1UL << 50) : NULL;

	region->gpa = number(w[1]);
	region->size = number(w[2]);
	region->at = mmap(hint, region->size, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE) |
			  (huge ? MAP_HUGETLB : 0) | (giant ? 30 << MAP_HUGE_SHIFT : 0), -1, 0);
	if (region->at == MAP_FAILED)
		give_up("mmap");
	/* Only now: with MAP_POPULATE the kernel could take large pages before it hears of it. */
	if (!huge)
		madvise(region->at, region->size, MADV_NOHUGEPAGE);
	if (!giant)
		memset(region->at, 0, region->size);
}

void *take(unsigned index, uint64_t size, uint64_t *gpa)
{
	struct region *region = &world.region[index];
	unsigned char *at = region->at + region->taken;

	size = (size + PAGE - 1) / PAGE * PAGE;
	if (region->taken + size > region->size) {
		errno = ENOMEM;
		give_up("guest memory");
	}
	*gpa = region->gpa + region->taken;
	region->taken += size;
	return at;
}

static void interface_up(const char *name)
{
	struct ifreq request = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		failed("SIOCGIFFLAGS");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		failed("SIOCSIFFLAGS");
	close(fd);
}

/* tap NAME QUEUES HEADER: HEADER is the size of virtio-net's header */
void do_tap(char **w)
{
	struct tap *tap = &world.tap[world.taps++];
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header = (int)number(w[3]);

	strncpy(tap->name, w[1], IFNAMSIZ - 1);
	strncpy(request.ifr_name, w[1], IFNAMSIZ - 1);
	tap->count = (int)number(w[2]);
	if (tap->count > 1)
		request.ifr_flags |= IFF_MULTI_QUEUE;
	for (int i = 0; i < tap->count; i++) {
		tap->fd[i] = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
		if (tap->fd[i] < 0 || ioctl(tap->fd[i], TUNSETIFF, &request) ||
		    ioctl(tap->fd[i], TUNSETVNETHDRSZ, &header))
			failed("/dev/net/tun");
	}
	interface_up(tap->name);
}

/* macvtap NAME HEADER: the interface exists already, and its node in /dev */
void do_macvtap(char **w)
{
	struct tap *tap = &world.tap[world.taps++];
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header = (int)number(w[2]);
	char path[32];

	strncpy(tap->name, w[1], IFNAMSIZ - 1);
	snprintf(path, sizeof(path), "/dev/tap%u", if_nametoindex(w[1]));
	tap->count = 1;
	tap->fd[0] = open(path, O_RDWR | O_NONBLOCK);
	if (tap->fd[0] < 0 || ioctl(tap->fd[0], TUNSETIFF, &request) ||
	    ioctl(tap->fd[0], TUNSETVNETHDRSZ, &header))
		failed(path);
	interface_up(tap->name);
}

/* queue TAP NUMBER detach|attach */
void do_queue(char **w)
{
	struct tap *tap = tap_named(w[1]);
	uint64_t index = number(w[2]);
	bool detach = !strcmp(w[3], "detach");
	struct ifreq request = {
		.ifr_flags = detach ? IFF_DETACH_QUEUE : IFF_ATTACH_QUEUE };

	if (ioctl(tap->fd[index], TUNSETQUEUE, &request))
		failed("TUNSETQUEUE");
	tap->detached[index] = detach;
}

/* persist TAP: it stays, though nobody has it open any more */
void do_persist(char **w)
{
	struct tap *tap = tap_named(w[1]);

	if (ioctl(tap->fd[0], TUNSETPERSIST, 1))
		failed("TUNSETPERSIST");
	for (int i = 0; i < tap->count; i++)
		close(tap->fd[i]);
	tap->count = 0;
}

static void set_memory(const struct vhost *v)
{
	size_t size = sizeof(struct vhost_memory) +
		world.regions * sizeof(struct vhost_memory_region);
	struct vhost_memory *table = calloc(1, size);

	table->nregions = (unsigned)world.regions;
	for (int i = 0; i < world.regions; i++) {
		table->regions[i].guest_phys_addr = world.region[i].gpa;
		table->regions[i].memory_size = world.region[i].size;
		table->regions[i].userspace_addr = (uintptr_t)world.region[i].at;
	}
	if (ioctl(v->fd, VHOST_SET_MEM_TABLE, table))
		failed("VHOST_SET_MEM_TABLE");
	free(table);
}

/* vhost NAME net|vsock|scsi FEATURES [IOVA] */
void do_vhost(char **w)
{
	struct vhost *v = &world.vhost[world.vhosts++];
	char path[32];

	strncpy(v->name, w[1], sizeof(v->name) - 1);
	strncpy(v->kind, w[2], sizeof(v->kind) - 1);
	v->features = number(w[3]);
	v->iova = w[4] ? number(w[4]) : 0;
	snprintf(path, sizeof(path), "/dev/vhost-%s", w[2]);
	v->fd = open(path, O_RDWR | O_NONBLOCK);
	if (v->fd < 0 || ioctl(v->fd, VHOST_SET_OWNER))
		failed(path);
	if (ioctl(v->fd, VHOST_SET_FEATURES, &v->features))
		failed("VHOST_SET_FEATURES");
	set_memory(v);
}

static void set_eventfd(const struct vhost *v, unsigned index, unsigned long request, int *fd)
{
	struct vhost_vring_file file = { .index = index };

	*fd = file.fd = eventfd(0, EFD_NONBLOCK);
	if (ioctl(v->fd, request, &file))
		failed("eventfd");
}

static void lay_out(struct ring *ring, const unsigned region[3])
{
	unsigned num = ring->num;

	/* Either event word comes behind its ring. */
	ring->desc = take(region[0], 16UL * num, &ring->gpa[DESC]);
	ring->avail = take(region[1], 6 + 2UL * num, &ring->gpa[AVAIL]);
	ring->used = take(region[2], 6 + 8UL * num, &ring->gpa[USED]);
	ring->buffers = take(region[0], POOL * BUFFER, &ring->gpa[BUFFERS]);
	ring->avail->idx = ring->base;
	ring->used->idx = ring->used_base;
}

/* ring VHOST INDEX NUM BASE USED REGION REGION REGION: those of desc, avail, used */
void do_ring(char **w)
{
	struct vhost *v = vhost_named(w[1]);
	unsigned index = (unsigned)number(w[2]);
	struct ring *ring = &v->ring[index];
	unsigned region[3] = { (unsigned)number(w[6]), (unsigned)number(w[7]),
			       (unsigned)number(w[8]) };
	struct vhost_vring_state state = { .index = index };
	struct vhost_vring_addr addr = { .index = index };

	state.num = ring->num = (unsigned)number(w[3]);
	ring->base = (uint16_t)number(w[4]);
	ring->used_base = (uint16_t)number(w[5]);
	lay_out(ring, region);
	if (ioctl(v->fd, VHOST_SET_VRING_NUM, &state))
		failed("VHOST_SET_VRING_NUM");
	state.num = ring->base;
	if (ioctl(v->fd, VHOST_SET_VRING_BASE, &state))
		failed("VHOST_SET_VRING_BASE");
	addr.desc_user_addr = v->iova ? v->iova + ring->gpa[DESC] : (uintptr_t)ring->desc;
	addr.avail_user_addr = v->iova ? v->iova + ring->gpa[AVAIL] : (uintptr_t)ring->avail;
	addr.used_user_addr = v->iova ? v->iova + ring->gpa[USED] : (uintptr_t)ring->used;
	if (ioctl(v->fd, VHOST_SET_VRING_ADDR, &addr))
		failed("VHOST_SET_VRING_ADDR");
	set_eventfd(v, index, VHOST_SET_VRING_KICK, &ring->kick);
	set_eventfd(v, index, VHOST_SET_VRING_CALL, &ring->call);
	set_eventfd(v, index, VHOST_SET_VRING_ERR, &ring->error);
}

static unsigned char *user_of(uint64_t gpa)
{
	for (int i = 0; i < world.regions; i++)
		if (gpa - world.region[i].gpa < world.region[i].size)
			return world.region[i].at + (gpa - world.region[i].gpa);
	errno = EFAULT;
	give_up("no such guest memory");
}

static void tell_iotlb(const struct vhost *v, uint8_t type, uint64_t gpa, uint64_t size)
{
	struct vhost_msg message = { .type = VHOST_IOTLB_MSG };

	message.iotlb.iova = v->iova + gpa;
	message.iotlb.size = size;
	message.iotlb.uaddr = (uintptr_t)user_of(gpa);
	message.iotlb.perm = VHOST_ACCESS_RW;
	message.iotlb.type = type;
	if (write(v->fd, &message, sizeof(message)) != sizeof(message))
		failed("VHOST_IOTLB_MSG");
}

/* map VHOST GPA SIZE: as an IOMMU would */
void do_map(char **w)
{
	tell_iotlb(vhost_named(w[1]), VHOST_IOTLB_UPDATE, number(w[2]), number(w[3]));
}

/* unmap VHOST GPA SIZE: vhost will have to ask for it, and nobody answers */
void do_unmap(char **w)
{
	struct vhost *v = vhost_named(w[1]);

	tell_iotlb(v, VHOST_IOTLB_INVALIDATE, number(w[2]), number(w[3]));
	for (int i = 0; i < MAX_RINGS; i++)
		if (v->ring[i].gpa[USED] - number(w[2]) < number(w[3]))
			v->ring[i].unseen = "unmapped";
}

/* plug INTERFACE: what is sent there waits in its queue for ever */
void do_plug(char **w)
{
	struct {
		struct nlmsghdr head;
		struct tcmsg tc;
		struct nlattr kind;
		char name[8];
	} message = {
		.head = { .nlmsg_len = sizeof(message), .nlmsg_type = RTM_NEWQDISC,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE },
		.tc = { .tcm_family = AF_UNSPEC, .tcm_parent = TC_H_ROOT,
			.tcm_ifindex = (int)if_nametoindex(w[1]) },
		.kind = { sizeof(struct nlattr) + 5, TCA_KIND }, .name = "plug" };
	struct { struct nlmsghdr head; struct nlmsgerr error; char rest[256]; } answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (send(fd, &message, sizeof(message), 0) != sizeof(message) ||
	    recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(struct nlmsgerr))
		give_up("netlink");
	errno = -answer.error.error;
	if (errno)
		failed("RTM_NEWQDISC");
	close(fd);
}

/* busyloop VHOST INDEX MICROSECONDS */
void do_busyloop(char **w)
{
	struct vhost_vring_state state = {
		.index = (unsigned)number(w[2]), .num = (unsigned)number(w[3]) };

	if (ioctl(vhost_named(w[1])->fd, VHOST_SET_VRING_BUSYLOOP_TIMEOUT, &state))
		failed("VHOST_SET_VRING_BUSYLOOP_TIMEOUT");
}

/* attach VHOST INDEX TAP QUEUE; TAP - takes the backend away */
void do_attach(char **w)
{
	struct vhost_vring_file file = { .index = (unsigned)number(w[2]), .fd = -1 };
	struct ring *ring = ring_named(w);

	ring->backend = NULL;
	if (strcmp(w[3], "-")) {
		struct tap *tap = tap_named(w[3]);

		ring->backend = tap->name;
		ring->backend_queue = (int)number(w[4]);
		file.fd = tap->fd[ring->backend_queue];
	}
	if (ioctl(vhost_named(w[1])->fd, VHOST_NET_SET_BACKEND, &file))
		failed("VHOST_NET_SET_BACKEND");
}

/* start VHOST CID: a vhost-vsock device has itself for a backend */
void do_start(char **w)
{
	struct vhost *v = vhost_named(w[1]);
	int yes = 1;

	v->cid = number(w[2]);
	if (ioctl(v->fd, VHOST_VSOCK_SET_GUEST_CID, &v->cid) ||
	    ioctl(v->fd, VHOST_VSOCK_SET_RUNNING, &yes))
		failed("vhost-vsock");
}
