// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe.c - an extension for tests only: it drives the seam over crash into
 * everything that makes crash leave by longjmp, so that test_loader.py can see
 * that we stay, and that the next command finds crash as it was.  It also shows
 * our own walks (test_walks.py) and takes times (tests/bench).
 *
 *	vrprobe read ADDR	8 bytes of kernel memory, our own page walk
 *	vrprobe raw ADDR	the same by crash's translation, which jumps when
 *				a page table is missing
 *	vrprobe phys ADDR
 *	vrprobe user MM ADDR	a string of a process's memory
 *	vrprobe symbol NAME
 *	vrprobe member TYPE PATH
 *	vrprobe usage		cmd_usage(), which jumps to the prompt
 *	vrprobe spin		read until Ctrl-C, at most a minute
 *	vrprobe tasks		address, pid, mm, leader and name of each thread
 *	vrprobe module NAME	is it loaded?
 *	vrprobe types btf|dwarf	time to find all members anew
 *	vrprobe walk		time, reads and bytes of a walk over all devices
 *	vrprobe hostwalk	the same of all vhost queues, and the longest read
 */
#include <defs.h>
#include <time.h>

#include "../../target_crash.h"

static struct vr_target target;
static struct vr_ctx ctx = { .t = &target };

static void spin(void)
{
	time_t end = time(NULL) + 60;
	uint64_t addr, v, n = 0;

	if (target.symbol(&target, "init_net", &addr))
		return;
	fprintf(fp, "spinning\n");
	fflush(fp);
	while (time(NULL) < end)
		for (int i = 0; i < 1000; i++, n++)
			vr_read(&ctx, addr, &v, sizeof(v));
	fprintf(fp, "not interrupted after %lu reads\n", (ulong)n);
}

/* ---- our own walks ------------------------------------------------------- */

static int print_task(struct vr_ctx *c, const struct vr_task *task, void *arg)
{
	(void)c;
	(void)arg;
	fprintf(fp, "%lx %lu %lx %lx %s\n", (ulong)task->addr, (ulong)task->pid.v,
		(ulong)task->mm, (ulong)task->leader, task->comm);
	return 0;
}

static void tasks(void)
{
	struct vr_missing missing;

	if (vr_layout_resolve(&ctx, VR_G_TASKS, &missing))
		fprintf(fp, "missing: %s\n", missing.type);
	else
		vr_for_each_task(&ctx, print_task, NULL);
	fprintf(fp, "errors: %u\n", ctx.nerrors);
}

static void module(const char *name)
{
	struct vr_val v = vr_module_loaded(&ctx, name);

	if (v.have != VR_READ)
		fprintf(fp, "module: failed\n");
	else
		fprintf(fp, "module: %s\n", v.v ? "yes" : "no");
}

/* ---- times ------------------------------------------------------------------ */

static double since(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double microseconds(void)
{
	return since(CLOCK_MONOTONIC);
}

/* What others do on the machine does not count. */
static double cpu_microseconds(void)
{
	return since(CLOCK_PROCESS_CPUTIME_ID);
}

static void types(const char *source)
{
	struct vr_missing missing;
	double start;
	int r;

	ctx.no_btf = !strcmp(source, "dwarf");
	ctx.types = NULL;
	memset(&ctx.layout, 0, sizeof(ctx.layout));
	start = microseconds();
	r = vr_layout_resolve(&ctx, VR_G_KERNEL | VR_G_GUEST | VR_G_IRQ, &missing);
	fprintf(fp, "types: %.0f us%s%s\n", microseconds() - start,
		r ? " missing " : "", r ? missing.type : "");
	ctx.no_btf = false;
}

static void walk(void)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_select sel = { .device = NULL };
	struct vr_snapshot snap = { .ndevices = 0 };
	struct vr_missing missing;
	unsigned queues = 0;
	double start;

	if (vr_layout_resolve(&ctx, VR_G_GUEST | VR_G_IRQ, &missing)) {
		fprintf(fp, "walk: missing %s\n", missing.type);
		return;
	}
	target.reads = target.bytes = 0;
	start = microseconds();
	vr_net_walk(&ctx, &sel, &snap, &err);
	start = microseconds() - start;
	for (unsigned i = 0; i < snap.ndevices; i++)
		queues += snap.devices[i].nqueues;
	fprintf(fp, "walk: %.0f us, %u queues, %lu reads, %lu bytes, %u errors\n",
		start, queues, (ulong)target.reads, (ulong)target.bytes,
		ctx.nerrors);
}

static int (*real_read)(struct vr_target *t, enum vr_space space, uint64_t addr,
			void *buf, size_t len);
static size_t longest;

static int watched_read(struct vr_target *t, enum vr_space space, uint64_t addr,
			void *buf, size_t len)
{
	if (len > longest)
		longest = len;
	return real_read(t, space, addr, buf, len);
}

static void hostwalk(void)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_select sel = { .device = NULL };
	struct vr_host host = { .nqueues = 0 };
	struct vr_missing missing;
	double start;

	if (vr_layout_resolve(&ctx, VR_G_TASKS | VR_G_VHOST | VR_G_TUN, &missing)) {
		fprintf(fp, "walk: missing %s\n", missing.type);
		return;
	}
	real_read = target.read;
	target.read = watched_read;
	target.reads = target.bytes = longest = 0;
	start = cpu_microseconds();
	vr_host_walk(&ctx, &sel, 0, &host, &err);
	start = cpu_microseconds() - start;
	target.read = real_read;
	fprintf(fp, "walk: %.0f us, %u queues, %lu reads, %lu bytes, %u errors, longest %zu\n",
		start, host.nqueues, (ulong)target.reads, (ulong)target.bytes,
		ctx.nerrors, longest);
}

/* ---- the command ------------------------------------------------------------- */

static void user(uint64_t mm, uint64_t addr)
{
	size_t n = 4096 - addr % 4096;	/* nothing may be mapped behind it */
	char text[64] = "";

	if (vr_read_user(&ctx, mm, addr, text,
			 n < sizeof(text) ? n : sizeof(text) - 1) == VR_TR_OK)
		fprintf(fp, "user: '%s'\n", text);
	else
		fprintf(fp, "user: failed\n");
}

static void probe_two(const char *what, const char *a, const char *b)
{
	struct vr_member m;

	if (!strcmp(what, "member")) {
		if (target.member(&target, a, b, &m))
			fprintf(fp, "member: failed\n");
		else
			fprintf(fp, "member: offset %u size %u\n", m.offset, m.size);
	} else if (!strcmp(what, "user")) {
		user(strtoull(a, NULL, 16), strtoull(b, NULL, 16));
	}
}

static void probe_one(const char *what, const char *arg)
{
	uint64_t v = 0, addr = strtoull(arg, NULL, 16);
	int failed = -1;

	if (!strcmp(what, "module") || !strcmp(what, "types")) {
		(*what == 'm' ? module : types)(arg);
		return;
	}
	if (!strcmp(what, "read"))
		failed = vr_read(&ctx, addr, &v, 8);
	else if (!strcmp(what, "raw"))
		failed = target.read(&target, VR_KERNEL, addr, &v, 8);
	else if (!strcmp(what, "phys"))
		failed = target.read(&target, VR_PHYS, addr, &v, 8);
	else if (!strcmp(what, "symbol"))
		failed = target.symbol(&target, arg, &v);
	if (failed)
		fprintf(fp, "%s: failed\n", what);
	else
		fprintf(fp, "%s: %lx\n", what, (ulong)v);
}

static void cmd_vrprobe(void)
{
	struct vr_missing missing;

	vr_target_recover();
	vr_target_init(&target);
	vr_arena_reset(&ctx.arena);
	memset(&ctx.pg, 0, sizeof(ctx.pg));
	ctx.types = NULL;
	ctx.irqs = NULL;
	ctx.nerrors = 0;
	if (argcnt < 2 || !strcmp(args[1], "usage"))
		cmd_usage(pc->curcmd, SYNOPSIS);
	if (vr_layout_resolve(&ctx, VR_G_KERNEL, &missing))
		fprintf(fp, "missing: %s\n", missing.type);
	if (argcnt == 2 && !strcmp(args[1], "spin"))
		spin();
	else if (argcnt == 2 && !strcmp(args[1], "tasks"))
		tasks();
	else if (argcnt == 2 && !strcmp(args[1], "walk"))
		walk();
	else if (argcnt == 2 && !strcmp(args[1], "hostwalk"))
		hostwalk();
	else if (argcnt == 3)
		probe_one(args[1], args[2]);
	else if (argcnt == 4)
		probe_two(args[1], args[2], args[3]);
}

static char *help_vrprobe[] = {
"vrprobe", "test the seam", "what [argument ...]", "  For tests.", NULL
};

static void cleanup(void)
{
	vr_target_recover();
}

static struct command_table_entry command_table[] = {
	{ "vrprobe", cmd_vrprobe, help_vrprobe, MINIMAL },
	{ "vrprobe_cleanup", cleanup, NULL, CLEANUP | HIDDEN_COMMAND | MINIMAL },
	{ NULL, NULL, NULL, 0 },
};

static void __attribute__((constructor)) probe_init(void)
{
	register_extension(command_table);
}
