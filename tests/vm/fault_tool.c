// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fault_tool.c - breaks a guest on purpose: interrupts and kicks that get lost,
 * memory that runs out, a CPU that is never given away.  Compiled statically by
 * scenes_faults.py, together with fault_send.c, and put into the initramfs.
 *
 *	fault_tool COMMAND WORDS...	the table at the end has the commands
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault_tool.h"

/* PCI, as its specification numbers things. */
#define COMMAND		0x04
#define CAPABILITIES	0x34
#define MSIX		0x11
#define ENTRY_SIZE	16
#define ENTRY_CONTROL	12
#define ENTRY_MASKED	1u

#define PAGE		4096
#define STARVED		"fault_tool: no memory\n"
#define MAX_CAPS	48

int fail(const char *what)
{
	printf("fault_tool: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Open a file of the PCI device behind an interface. */
static int pci_open(const char *iface, const char *file, int flags)
{
	char path[128];

	/* device is the virtio device, whose parent is the PCI device. */
	snprintf(path, sizeof(path), "/sys/class/net/%s/device/../%s", iface, file);
	return open(path, flags);
}

static uint32_t config(int fd, unsigned at, unsigned size)
{
	uint32_t value = 0;

	if (pread(fd, &value, size, at) != (ssize_t)size)
		exit(fail("PCI configuration"));
	return value;
}

/* Where the table of interrupt vectors is: returns its BAR, 0..5, and the offset in that. */
static int msix_table(const char *iface, uint32_t *offset)
{
	int fd = pci_open(iface, "config", O_RDONLY);
	unsigned at;

	if (fd < 0)
		exit(fail(iface));
	at = config(fd, CAPABILITIES, 1);
	for (int i = 0; at && i < MAX_CAPS; i++) {
		if (config(fd, at, 1) == MSIX) {
			uint32_t table = config(fd, at + 4, 4);

			close(fd);
			*offset = table & ~7u;
			return (int)(table & 7);
		}
		at = config(fd, at + 1, 1);
	}
	errno = ENOENT;
	exit(fail("MSI-X"));
}

/*
 * mask IFACE VECTOR: the device keeps that interrupt to itself from now on, and the
 * kernel does not know.  Vector 0 is the configuration's, 1 + N that of queue N.
 */
static int do_mask(char **w)
{
	uint32_t offset;
	volatile uint32_t *control;
	unsigned char *table;
	char file[16];
	int fd;

	snprintf(file, sizeof(file), "resource%d", msix_table(w[0], &offset));
	offset += (uint32_t)atoi(w[1]) * ENTRY_SIZE + ENTRY_CONTROL;
	fd = pci_open(w[0], file, O_RDWR);
	if (fd < 0)
		return fail(file);
	table = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset & ~(PAGE - 1u));
	if (table == MAP_FAILED)
		return fail("mmap");
	control = (volatile uint32_t *)(table + offset % PAGE);
	*control |= ENTRY_MASKED;
	printf("fault_tool: %s vector %s: control %u\n", w[0], w[1], *control);
	return 0;
}

/*
 * command IFACE BITS: clear these bits of the PCI command register, or set them (+BITS).
 * Without 2 (memory space) the device hears no kicks, without 4 (bus master) it must not
 * touch memory.
 */
static int do_command(char **w)
{
	int fd = pci_open(w[0], "config", O_RDWR);
	uint16_t value, bits = (uint16_t)strtoul(w[1], NULL, 0);

	if (fd < 0)
		return fail(w[0]);
	value = (uint16_t)config(fd, COMMAND, 2);
	value = (uint16_t)(w[1][0] == '+' ? value | bits : value & ~bits);
	if (pwrite(fd, &value, 2, COMMAND) != 2)
		return fail("PCI command");
	printf("fault_tool: %s command %#x\n", w[0], config(fd, COMMAND, 2));
	return 0;
}

static void realtime(pid_t task, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(task, SCHED_FIFO, &param))
		exit(fail("SCHED_FIFO"));
}

/* The thread of that name, 0 if there is none. */
static pid_t task_named(const char *name)
{
	glob_t found;
	pid_t task = 0;

	glob("/proc/[0-9]*/comm", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && !task; i++) {
		FILE *file = fopen(found.gl_pathv[i], "r");
		char comm[32] = "";

		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) &&
		    !strcmp(strtok(comm, "\n"), name))
			task = atoi(found.gl_pathv[i] + strlen("/proc/"));
		fclose(file);
	}
	globfree(&found);
	return task;
}

/* hog CPU: nothing else runs there any more, save for interrupts and what they leave to do */
static int do_hog(char **w)
{
	char softirqs[32];
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(atoi(w[0]), &set);
	snprintf(softirqs, sizeof(softirqs), "ksoftirqd/%s", w[0]);
	realtime(task_named(softirqs), 60);
	realtime(0, 50);
	if (sched_setaffinity(0, sizeof(set), &set))
		return fail("hog");
	for (;;)
		;
}

/*
 * nomem: from now on the kernel believes that it has no memory to give away.  No process
 * may start after this, as the kernel would begin to kill them.
 */
static int do_nomem(char **w)
{
	int fd = open("/proc/sys/vm/min_free_kbytes", O_WRONLY);

	(void)w;
	if (fd < 0 || mlockall(MCL_CURRENT))
		return fail("nomem");
	if (write(fd, "100000000\n", 10) != 10)
		return fail("min_free_kbytes");
	for (;;)
		pause();
}

/* A process that takes a CPU once the pipe is closed, and needs no memory for that. */
static void taker(int cpu, const int pipe[2])
{
	cpu_set_t set;
	char byte;

	if (fork())
		return;
	close(pipe[1]);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	realtime(0, 50);
	if (sched_setaffinity(0, sizeof(set), &set) || mlockall(MCL_CURRENT))
		exit(fail("taker"));
	while (read(pipe[0], &byte, 1) < 0)
		;
	for (;;)
		;
}

/*
 * starve CPUS: as nomem, and so many CPUs run nothing but interrupts from then on, so that
 * nobody is left to wait for memory, and to kill for it in the end.  Says when it is so.
 */
static int do_starve(char **w)
{
	int fd = open("/proc/sys/vm/min_free_kbytes", O_WRONLY), hold[2];
	char softirqs[32];

	if (fd < 0 || pipe(hold))
		return fail("starve");
	for (int cpu = 0; cpu < atoi(w[0]); cpu++) {
		snprintf(softirqs, sizeof(softirqs), "ksoftirqd/%d", cpu);
		realtime(task_named(softirqs), 60);
		taker(cpu, hold);
	}
	realtime(0, 55);
	/* They have their memory by then; what was theirs too until now is copied. */
	sleep(2);
	if (mlockall(MCL_CURRENT) || write(fd, "100000000\n", 10) != 10)
		return fail("min_free_kbytes");
	if (write(STDOUT_FILENO, STARVED, strlen(STARVED)) < 0)
		return 1;
	close(hold[1]);
	for (;;)
		pause();
}

/*
 * readdress IFACE SECONDS: change its hardware address after a while.  The driver sends that to
 * the device on the control queue, and waits for the answer, for ever if need be.
 */
static int do_readdress(char **w)
{
	struct ifreq request = { .ifr_hwaddr = { .sa_family = ARPHRD_ETHER,
						 .sa_data = { 0x52, 0x54, 0, 0, 2, 0 } } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, w[0], IFNAMSIZ - 1);
	/* There may be no memory by then. */
	if (fd < 0 || mlockall(MCL_CURRENT))
		return fail("readdress");
	sleep((unsigned)atoi(w[1]));
	return ioctl(fd, SIOCSIFHWADDR, &request) ? fail("SIOCSIFHWADDR") : 0;
}

/*
 * xsk IFACE QUEUE: a receive queue gets its buffers from this process, which has none.  What
 * AF_XDP programs do when they fall behind; newer kernels only.
 */
static int do_xsk(char **w)
{
	struct sockaddr_xdp to = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_ZEROCOPY,
		.sxdp_ifindex = if_nametoindex(w[0]), .sxdp_queue_id = (unsigned)atoi(w[1]) };
	struct xdp_umem_reg memory = { .len = 16 * PAGE, .chunk_size = PAGE };
	int fd = socket(AF_XDP, SOCK_RAW, 0), slots = 16;
	void *area = mmap(NULL, memory.len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memory.addr = (uintptr_t)area;
	if (fd < 0 || area == MAP_FAILED ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &slots, sizeof(slots)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &slots, sizeof(slots)) ||
	    setsockopt(fd, SOL_XDP, XDP_RX_RING, &slots, sizeof(slots)))
		return fail("AF_XDP");
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)))
		return fail("AF_XDP zero copy");
	printf("fault_tool: %s queue %s is ours\n", w[0], w[1]);
	fflush(stdout);
	for (;;)
		pause();
}

static const struct {
	const char *name, *words;
	int count;
	int (*call)(char **w);
} commands[] = {
	{ "await", "PORT", 1, do_await },
	{ "command", "IFACE [+]BITS", 2, do_command },
	{ "fill", "IFACE driver|stack", 2, do_fill },
	{ "flows", "ADDRESS FLOWS PACKETS", 3, do_flows },
	{ "hog", "CPU", 1, do_hog },
	{ "listen", "ADDRESS PORT", 2, do_listen },
	{ "mask", "IFACE VECTOR", 2, do_mask },
	{ "napi-tx", "IFACE 0|1", 2, do_napi_tx },
	{ "nomem", "", 0, do_nomem },
	{ "readdress", "IFACE SECONDS", 2, do_readdress },
	{ "starve", "CPUS", 1, do_starve },
	{ "xsk", "IFACE QUEUE", 2, do_xsk },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 == commands[i].count)
			return commands[i].call(argv + 2);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("fault_tool %s %s\n", commands[i].name, commands[i].words);
	return 2;
}
