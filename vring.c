// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vring.c - the commands that vring.so adds to crash: their options, and the
 * pipeline that each of them is.
 */
#include <defs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "compare.h"
#include "help.h"
#include "target_crash.h"
#include "watch.h"

#define NARROWEST	40
#define WIDEST		200
#define USUAL_WIDTH	80

/* All state of a command; the next command starts it anew (begin()). */
static struct vr_target target;
static struct vr_ctx ctx = { .t = &target };
static struct vr_select sel;
static struct vr_snapshot snap;
static struct vr_host host;
static struct vr_import other;	/* -c: the other side's document */
static struct vr_comparison comparison;
static struct vr_arena looks[2];	/* -w: this look and the one before */
static bool host_side;		/* what the answer is about */
static char nodename[65];
static char reason[8192];	/* why there is nothing to show */

/* ---- what each command does first --------------------------------------------- */

static void begin(void)
{
	vr_target_recover();
	vr_target_init(&target);
	vr_arena_reset(&ctx.arena);
	vr_arena_reset(&ctx.scratch);
	ctx.nerrors = 0;
	ctx.device[0] = ctx.queue[0] = '\0';
	target.reads = target.bytes = 0;
	target.why[0] = '\0';
	memset(&ctx.pg, 0, sizeof(ctx.pg));
	memset(&ctx.clock, 0, sizeof(ctx.clock));
	memset(&sel, 0, sizeof(sel));
	memset(&snap, 0, sizeof(snap));
	memset(&host, 0, sizeof(host));
	memset(&other, 0, sizeof(other));
	host_side = false;
	nodename[0] = '\0';
	ctx.types = NULL;
	ctx.irqs = NULL;
	ctx.btf_why[0] = '\0';
}

static unsigned terminal_width(void)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) || !ws.ws_col)
		return USUAL_WIDTH;
	if (ws.ws_col < NARROWEST)
		return NARROWEST;
	return ws.ws_col > WIDEST ? WIDEST : ws.ws_col;
}

/* The package that holds a kernel's debuginfo, from its release's look. */
static void package_name(char *buf, size_t size)
{
	const char *r = target.release;

	if (strstr(r, ".el") || strstr(r, ".fc"))
		snprintf(buf, size, "kernel-debuginfo-%s", r);
	else
		snprintf(buf, size, "linux-image-%s-dbg%s", r,
			 strstr(r, "-generic") ? "sym" : "");
}

static void say_missing(const struct vr_missing *m)
{
	char package[128], *p = reason;
	size_t n = sizeof(reason);

	if (!m->module) {
		snprintf(p, n, "%s%s%s: unknown: not in the types of %s", m->type,
			 m->path ? "." : "", m->path ? m->path : "",
			 pc->namelist);
		return;
	}
	/* The type is there and lacks the member: no file would bring it. */
	if (!*target.why) {
		snprintf(p, n, "%s%s%s: unknown: this kernel's types have it under no name"
			 " that vring knows%s%s", m->type, m->path ? "." : "",
			 m->path ? m->path : "", *ctx.btf_why ? "; " : "",
			 ctx.btf_why);
		return;
	}
	package_name(package, sizeof(package));
	snprintf(p, n, "%s%s%s: unknown: no debuginfo of module %s: %s; install %s,"
		 " start crash with --mod DIRECTORY, give %s -t DIRECTORY, or: mod -s %s FILE",
		 m->type, m->path ? "." : "", m->path ? m->path : "", m->module,
		 target.why, package, pc->curcmd, m->module);
}

/*
 * A wrong KASLR offset or vmlinux shows as zeros or noise.  crash 8.0.2 gets
 * the offset of 7.3 wrong in minimal mode and says nothing.
 */
static bool plausible_release(const char *r)
{
	if (*r < '1' || *r > '9')
		return false;
	for (; *r; r++)
		if (*r <= ' ' || *r > '~')
			return false;
	return true;
}

/* Members that this command needs; false with 'reason' when one is missing. */
static bool resolve(unsigned groups)
{
	struct vr_missing missing;

	if (!vr_layout_resolve(&ctx, VR_G_KERNEL, &missing)) {
		vr_read_uts(&ctx, nodename, target.release);
		if (!plausible_release(target.release)) {
			snprintf(reason, sizeof(reason),
				 "the kernel's release cannot be read where %s has it: does it"
				 " belong to this dump, and does this crash (%s) know the"
				 " kernel's KASLR offset? Try a newer crash",
				 pc->namelist, pc->program_version);
			return false;
		}
		if (!vr_layout_resolve(&ctx, groups, &missing))
			return true;
	}
	say_missing(&missing);
	return false;
}

/* getopt(), whose own message would go to stderr past crash's redirection. */
static int next_option(const char *options)
{
	int saved = opterr, c;

	opterr = 0;
	c = getopt(argcnt, args, options);
	opterr = saved;
	return c;
}

/* Say what is wrong, show the usage, and leave for crash's prompt. */
static void __attribute__((noreturn)) bad_usage(const char *what, int option)
{
	fprintf(fp, "%s: %s", pc->curcmd, what);
	if (option)
		fprintf(fp, " -%c", option);
	fputc('\n', fp);
	/* Jumps to crash's main loop, so nothing of ours may be open here. */
	cmd_usage(pc->curcmd, SYNOPSIS);
	abort();
}

/* -t: a new source makes every member to be looked up anew. */
static void use_types(const char *source)
{
	ctx.no_btf = !strcmp(source, "dwarf");
	memset(&ctx.layout, 0, sizeof(ctx.layout));
	if (ctx.no_btf || !strcmp(source, "btf"))
		source = "";
	else if (access(source, R_OK))
		bad_usage("no such file or directory behind option", 't');
	if (!vr_target_use(source))
		bad_usage("path too long for option", 't');
}

/* The device and queue that the arguments behind the options name.  What is no
 * word for a network device's queue may be another device's name for one. */
static void parse_selection(bool device_needed)
{
	if (argcnt - optind > 2)
		bad_usage("too many arguments", 0);
	if (optind < argcnt)
		sel.device = args[optind];
	else if (device_needed)
		bad_usage("which device?", 0);
	if (optind + 1 < argcnt)
		vr_select_queue(&sel, args[optind + 1]);
}

/* ---- vring -------------------------------------------------------------------------- */

static void fail(bool json)
{
	if (json) {
		vr_json_failure(fp, &ctx, pc->curcmd, host_side ? "host" : "guest",
				nodename, target.release, reason);
		return;
	}
	fprintf(fp, "%s: %s\n", pc->curcmd, reason);
	vr_text_errors(fp, &ctx);
}

/* What the members that a guest's command needs are in. */
static unsigned guest_groups(void)
{
	return VR_G_GUEST | VR_G_IRQ | (sel.owners ? VR_G_OWNERS : 0);
}

/* Resolve the layout and read what 'sel' names; false when there is nothing to
 * show, which was then said. */
static bool collect(bool json)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };
	bool net = resolve(guest_groups());

	/* Without virtio_net's types there may still be other devices. */
	if (!net && ((!sel.all && !sel.device) || !resolve(VR_G_RING | VR_G_IRQ))) {
		fail(json);
		return false;
	}
	vr_layout_compare(&ctx, false);
	if (vr_guest_walk(&ctx, &sel, !net, &snap, &err) == VR_WALK_OK) {
		vr_check_guest(&ctx, &snap);
		return true;
	}
	/* All devices, and none is there: an empty answer, not a failure. */
	if (json && !sel.device && err.status == VR_WALK_NO_DEVICE)
		return true;
	if (err.status == VR_WALK_NO_TYPES)
		say_missing(&err.missing);
	else if (net || err.status != VR_WALK_NO_DEVICE)
		vr_walk_reason(reason, sizeof(reason), &err, &sel);
	else
		resolve(guest_groups());	/* the word may be a network device's */
	fail(json);
	return false;
}

/* The same for the host's side; 'pid' 0 means any process. */
static bool collect_host(bool json, uint64_t pid)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };

	host_side = true;
	if (sel.queue == VR_SEL_NAME) {
		vr_word_reason(reason, sizeof(reason), &sel);
		fail(json);
		return false;
	}
	if (!resolve(VR_G_TASKS | VR_G_VHOST)) {
		fail(json);
		return false;
	}
	vr_layout_compare(&ctx, false);
	if (vr_host_walk(&ctx, &sel, pid, &host, &err) == VR_WALK_OK) {
		vr_check_host(&ctx, &host);
		return true;
	}
	if (json && !sel.device && !pid && err.status == VR_WALK_NO_DEVICE)
		return true;
	vr_host_reason(reason, sizeof(reason), &err, &sel, pid);
	fail(json);
	return false;
}

/* ---- -c ------------------------------------------------------------------------------ */

/* Read the other side's document; false with 'reason' when it is none. */
static bool import(const char *path)
{
	char why[400];
	struct vr_doc doc;
	size_t len;
	void *text;

	if (vr_file_read(&ctx.arena, path, VR_MAX_DOC, &text, &len)) {
		snprintf(reason, sizeof(reason),
			 "%.200s: cannot be read, is empty, or has more than 64 MiB: -c"
			 " takes what vring -j or vhostq -j wrote", path);
		return false;
	}
	if (vr_doc_parse(&ctx.arena, text, len, &doc, why, sizeof(why)) ||
	    vr_import_doc(&ctx, &doc, &other, why, sizeof(why))) {
		snprintf(reason, sizeof(reason), "%.200s: %s", path, why);
		return false;
	}
	if (other.host != host_side)
		return true;
	snprintf(reason, sizeof(reason), "%.200s: it is of %s, like this session: compare"
		 " with what %s -j wrote on the other side", path,
		 host_side ? "a host" : "a guest", host_side ? "vring" : "vhostq");
	return false;
}

/* What was read here beside the document 'path'. */
static void compare_with(const char *path, bool json)
{
	const struct vr_snapshot *g = host_side ? &other.g : &snap;
	const struct vr_host *h = host_side ? &host : &other.h;

	if (!import(path)) {
		fail(json);
	} else if (vr_compare(&ctx, g, h, &comparison)) {
		snprintf(reason, sizeof(reason), "out of memory");
		fail(json);
	} else if (json) {
		vr_json_compared(fp, &ctx, pc->curcmd, host_side ? "host" : "guest",
				 nodename, target.release, &comparison);
	} else {
		vr_text_comparison(fp, &comparison);
		vr_text_errors(fp, &ctx);
	}
}

/* ---- -w ------------------------------------------------------------------------------ */

static uint64_t monotonic_nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Look at the selected queues once; false when there is nothing to show. */
static bool look(struct vr_arena *arena, uint64_t pid, struct vr_look *ret)
{
	struct vr_select again = sel;

	vr_arena_reset(&ctx.arena);
	vr_arena_reset(arena);
	ctx.types = NULL;
	ctx.nerrors = 0;
	memset(&ctx.pg, 0, sizeof(ctx.pg));
	memset(&ctx.clock, 0, sizeof(ctx.clock));
	memset(&snap, 0, sizeof(snap));
	memset(&host, 0, sizeof(host));
	if (!(host_side ? collect_host(false, pid) : collect(false)))
		return false;
	sel = again;
	ret->nsec = monotonic_nsec();
	return !(host_side ? vr_look_host(arena, &host, ret) :
			     vr_look_guest(arena, &snap, ret));
}

/* Ctrl-C jumps out of it to crash's prompt; the looks are static for that. */
static void watch(const char *word, uint64_t pid)
{
	struct vr_look seen[2];
	struct timespec pause;
	double seconds;
	unsigned count, n = 0;

	if (vr_watch_parse(word, &seconds, &count))
		bad_usage("no SECONDS[,COUNT] behind option", 'w');
	if (!target.live) {
		fprintf(fp, "%s: -w watches a live system; nothing moves in a dump: without -w"
			" it is shown as it stood\n", pc->curcmd);
		return;
	}
	pause.tv_sec = (time_t)seconds;
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	if (!look(&looks[0], pid, &seen[0]))
		return;
	do {
		nanosleep(&pause, NULL);
		n++;
		if (!look(&looks[n % 2], pid, &seen[n % 2]))
			return;
		vr_text_watch(fp, &seen[(n + 1) % 2], &seen[n % 2]);
		fflush(fp);
	} while (n != count);
}

static void cmd_vring(void)
{
	bool layout = false, json = false;
	const char *document = NULL, *interval = NULL;
	int c;

	begin();
	while ((c = next_option("abc:djlt:w:")) != EOF) {
		if (c == 'a')
			sel.all = true;
		else if (c == 'b')
			sel.owners = sel.full = true;
		else if (c == 'c')
			document = optarg;
		else if (c == 'd')
			sel.chains = sel.full = true;
		else if (c == 'j')
			json = true;
		else if (c == 'l')
			layout = true;
		else if (c == 't')
			use_types(optarg);
		else if (c == 'w')
			interval = optarg;
		else
			bad_usage("bad option", optopt);
	}
	parse_selection(false);
	if (layout && !resolve(guest_groups() | (sel.all ? VR_G_BUS : 0))) {
		fail(json);
	} else if (layout) {
		vr_layout_compare(&ctx, true);
		vr_text_layout(fp, &ctx);
	} else if (interval) {
		watch(interval, 0);
	} else if (collect(json)) {
		if (document)
			compare_with(document, json);
		else if (json)
			vr_json_snapshot(fp, &ctx, &snap);
		else
			vr_text_snapshot(fp, &ctx, &snap, &sel, terminal_width());
	}
}

/* ---- vqwalk ------------------------------------------------------------------------- */

/* Is the device a host's tap? */
static bool is_host_device(void)
{
	struct vr_netdev_list found;
	uint64_t addr = 0;
	char kind[32];

	if (vr_find_netdevs(&ctx, sel.device, 0, &found))
		return false;
	if (!found.n && (!vr_parse_address(sel.device, &addr) ||
			 vr_find_netdevs(&ctx, NULL, addr, &found)))
		return false;
	return found.n && vr_host_kind(&ctx, found.refs[0].addr, kind,
				       sizeof(kind));
}

/* Walk the guest's or the host's side; false when there is nothing to show,
 * which was then said. */
static bool walk_either(bool json, struct vr_walks *walks)
{
	int r;

	if (host_side) {
		if (!collect_host(json, 0))
			return false;
		r = vr_trace_host(&ctx, &host, walks);
	} else {
		if (!collect(json))
			return false;
		r = vr_trace(&ctx, &snap, walks);
	}
	if (!r)
		return true;
	snprintf(reason, sizeof(reason), "out of memory");
	fail(json);
	return false;
}

static void cmd_vqwalk(void)
{
	bool commands = false, json = false;
	struct vr_walks walks = { .count = 0 };
	int c;

	begin();
	while ((c = next_option("jxt:")) != EOF) {
		if (c == 'j')
			json = true;
		else if (c == 'x')
			commands = true;
		else if (c == 't')
			use_types(optarg);
		else
			bad_usage("bad option", optopt);
	}
	parse_selection(true);
	if (!resolve(0)) {
		fail(json);
		return;
	}
	host_side = is_host_device();
	if (!walk_either(json, &walks))
		return;
	if (json) {
		vr_json_walks(fp, &ctx, host_side ? "host" : "guest",
			      nodename, target.release, &walks);
	} else if (commands) {
		vr_text_commands(fp, &ctx, &walks);
	} else {
		vr_text_walks(fp, &walks);
		vr_text_errors(fp, &ctx);
	}
}

/* ---- vhostq -------------------------------------------------------------------------- */

static unsigned long parse_pid(const char *word)
{
	char *end;
	unsigned long pid = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || !pid)
		bad_usage("no process id behind option", 'p');
	return pid;
}

static void cmd_vhostq(void)
{
	const char *document = NULL, *interval = NULL;
	bool json = false;
	unsigned long pid = 0;
	int c;

	begin();
	while ((c = next_option("c:djmp:t:w:")) != EOF) {
		if (c == 'c')
			document = optarg;
		else if (c == 'd')
			sel.chains = true;
		else if (c == 'j')
			json = true;
		else if (c == 'm')
			host.memory = true;
		else if (c == 'p')
			pid = parse_pid(optarg);
		else if (c == 't')
			use_types(optarg);
		else if (c == 'w')
			interval = optarg;
		else
			bad_usage("bad option", optopt);
	}
	parse_selection(false);
	host_side = true;
	if (interval) {
		watch(interval, pid);
		return;
	}
	if (!collect_host(json, pid))
		return;
	if (document) {
		compare_with(document, json);
	} else if (json) {
		vr_json_host(fp, &ctx, &host);
	} else if (host.memory) {
		vr_text_regions(fp, &host);
	} else {
		vr_text_host(fp, &ctx, &host, &sel);
	}
}

/* ---- the table that crash registers --------------------------------------------------- */

/* crash calls it between commands, and after Ctrl-C. */
static void cleanup(void)
{
	vr_target_recover();
}

static struct command_table_entry command_table[] = {
	{ "vring", cmd_vring, help_vring, MINIMAL },
	{ "vqwalk", cmd_vqwalk, help_vqwalk, MINIMAL },
	{ "vhostq", cmd_vhostq, help_vhostq, MINIMAL },
	{ "vring_cleanup", cleanup, NULL, CLEANUP | HIDDEN_COMMAND | MINIMAL },
	{ NULL, NULL, NULL, 0 },
};

/* The versions whose struct layouts are known to agree with ours. */
static void warn_unknown_crash(void)
{
	unsigned major, minor, patch = 0, v;

	if (sscanf(pc->program_version, "%u.%u.%u", &major, &minor, &patch) < 2)
		major = minor = 0;
	v = major * 10000 + minor * 100 + patch;
	if (v < 70209 || v > 90002)
		fprintf(fp, "vring.so: crash %s is not one it was tested with (7.2.9 to"
			" 9.0.2): check a value or two with struct before you trust it\n",
			pc->program_version);
}

static void __attribute__((constructor)) vring_init(void)
{
	warn_unknown_crash();
	register_extension(command_table);
}

static void __attribute__((destructor)) vring_fini(void)
{
	vr_arena_free(&ctx.arena);
	vr_arena_free(&ctx.scratch);
	vr_arena_free(&looks[0]);
	vr_arena_free(&looks[1]);
}
