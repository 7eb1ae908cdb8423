// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_tool.c - a VMM without a guest: taps, vhost devices and the rings of
 * both in its own memory, brought into any state and held there.  Compiled
 * statically by scenes_host.py, together with host_setup.c (makes things),
 * host_ring.c (plays the driver), host_fault.c (a bad one), host_pages.c (makes
 * memory hard to read) and host_state.c (tells what there is).
 *
 *	host_tool SCRIPT	do what the lines say, tell the state, stay
 *
 * It returns when the state is reached; a child of it stays and owns everything.
 * Numbers may be hexadecimal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host_tool.h"

#define MAX_WORDS	10

struct world world;
static const char *current = "";	/* the command being done, for messages */

void failed(const char *what)
{
	printf("LAB: host_tool: %s: %s: %s\n", current, what, strerror(errno));
	fflush(stdout);
	world.failures++;
}

_Noreturn void give_up(const char *what)
{
	failed(what);
	exit(1);
}

uint64_t number(const char *word)
{
	return strtoull(word, NULL, 0);
}

struct vhost *vhost_named(const char *name)
{
	for (int i = 0; i < world.vhosts; i++)
		if (!strcmp(world.vhost[i].name, name))
			return &world.vhost[i];
	give_up(name);
}

struct tap *tap_named(const char *name)
{
	for (int i = 0; i < world.taps; i++)
		if (!strcmp(world.tap[i].name, name))
			return &world.tap[i];
	give_up(name);
}

struct ring *ring_named(char **w)
{
	return &vhost_named(w[1])->ring[number(w[2])];
}

/* name COMM: what this process is called in the kernel */
static void do_name(char **w)
{
	prctl(PR_SET_NAME, w[1]);
}

/* settle MS: let vhost come to rest */
static void do_settle(char **w)
{
	usleep((useconds_t)number(w[1]) * 1000);
}

static void hardware_address(const char *name, unsigned char *to)
{
	struct ifreq request = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		failed("SIOCGIFHWADDR");
	memcpy(to, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

static int packet_socket(const char *name)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(name) };
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		give_up(name);
	/* Straight into the device, or nowhere: a qdisc would keep what does not fit. */
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return fd;
}

/* inject INTERFACE COUNT [OWNER]: send packets, to the hardware address of another interface */
static void do_inject(char **w)
{
	int fd = packet_socket(w[1]);
	unsigned char frame[FRAME], to[6];

	memset(frame, 0, sizeof(frame));
	if (w[3])
		hardware_address(w[3], to);
	for (unsigned i = 0, count = (unsigned)number(w[2]); i < count; i++) {
		fill_frame(frame, w[3] ? to : NULL, i);
		/* A full tap drops them, some kernels with an error: the counters tell. */
		if (send(fd, frame, sizeof(frame), MSG_DONTWAIT) < 0 && errno != ENOBUFS)
			failed("send");
	}
	close(fd);
}

static void pin(pid_t task, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(task, sizeof(set), &set))
		failed("sched_setaffinity");
}

/* Pin the workers of this process; they are kernel threads, or threads of it. */
static void pin_workers(const char *pattern, int cpu)
{
	char comm[32], wanted[32];
	glob_t found;

	snprintf(wanted, sizeof(wanted), "vhost-%d\n", getpid());
	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *file = fopen(found.gl_pathv[i], "r");

		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) && !strcmp(comm, wanted))
			pin(atoi(strrchr(dirname(found.gl_pathv[i]), '/') + 1), cpu);
		fclose(file);
	}
	globfree(&found);
}

/* hog CPU: this process's workers go to that CPU, where they will never run again */
static void do_hog(char **w)
{
	struct sched_param first = { .sched_priority = 99 };
	int cpu = (int)number(w[1]);

	pin_workers("/proc/[0-9]*/comm", cpu);
	pin_workers("/proc/self/task/[0-9]*/comm", cpu);
	pin(0, !cpu);
	if (fork()) {
		usleep(300000);
		return;
	}
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	pin(0, cpu);
	if (sched_setscheduler(0, SCHED_FIFO, &first))
		failed("SCHED_FIFO");
	for (;;)
		;
}

static char state_of(pid_t task)
{
	char path[32], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", task);
	file = fopen(path, "r");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		failed(path);
	if (file)
		fclose(file);
	return state;
}

/*
 * halt: from here on a child goes on with the script, with the same files and
 * shared memory, while the process that owns everything stands still.
 */
static void do_halt(char **w)
{
	(void)w;
	if (fork())
		for (;;)
			pause();
	kill(getppid(), SIGSTOP);
	while (state_of(getppid()) != 'T')
		usleep(1000);
}

static const struct {
	const char *name;
	int words;	/* at least */
	void (*call)(char **w);
} commands[] = {
	{ "attach", 4, do_attach }, { "await", 4, do_await }, { "busyloop", 4, do_busyloop },
	{ "descriptor", 8, do_descriptor }, { "entry", 9, do_entry }, { "forget", 3, do_forget },
	{ "halt", 1, do_halt }, { "head", 4, do_head }, { "hog", 2, do_hog },
	{ "inject", 3, do_inject }, { "interrupts", 5, do_interrupts }, { "jump", 4, do_jump },
	{ "kick", 3, do_kick }, { "macvtap", 3, do_macvtap }, { "map", 4, do_map },
	{ "memory", 3, do_memory }, { "name", 2, do_name }, { "pageout", 3, do_pageout },
	{ "persist", 2, do_persist }, { "plug", 2, do_plug }, { "protect", 2, do_protect },
	{ "publish", 6, do_publish }, { "queue", 4, do_queue }, { "ring", 9, do_ring },
	{ "rounds", 4, do_rounds }, { "scribble", 4, do_scribble }, { "settle", 2, do_settle },
	{ "spin", 3, do_spin }, { "start", 3, do_start }, { "table", 5, do_table },
	{ "tap", 4, do_tap }, { "tell", 4, do_tell }, { "unmap", 4, do_unmap },
	{ "vhost", 4, do_vhost },
};

static void do_line(char *line)
{
	char *w[MAX_WORDS + 1] = { NULL }, *rest = line;
	char whole[128];
	int count = 0;

	snprintf(whole, sizeof(whole), "%.*s", (int)strcspn(line, "\n"), line);
	current = whole;
	while (count < MAX_WORDS && (w[count] = strtok_r(rest, " \n", &rest)))
		count++;
	for (size_t i = 0; count && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(w[0], commands[i].name) && count >= commands[i].words)
			return commands[i].call(w);
	if (count)
		give_up("no such command");
}

/* Never returns; tells the parent through the pipe that all is done. */
static _Noreturn void play(FILE *script, int done)
{
	struct rlimit files = { 1 << 16, 1 << 16 };
	char line[256];

	world.owner = getpid();
	setrlimit(RLIMIT_NOFILE, &files);
	while (fgets(line, sizeof(line), script))
		do_line(line);
	current = "";
	print_state(stdout);
	fflush(stdout);
	if (write(done, "", 1) != 1)
		exit(1);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	FILE *script = argc == 2 ? fopen(argv[1], "r") : NULL;
	static char buffer[1 << 16];
	int done[2];
	char byte;

	if (!script || pipe(done)) {
		perror("host_tool SCRIPT");
		return 2;
	}
	/* Lines of two processes on one console must not mix. */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (!fork()) {
		close(done[0]);
		play(script, done[1]);
	}
	close(done[1]);
	return read(done[0], &byte, 1) != 1;
}
