// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vring.c - the commands that vring.so adds to crash: their options, their help
 * texts, and the pipeline that each of them is.
 */
#include <defs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "target_crash.h"

#define NARROWEST	40
#define WIDEST		200
#define USUAL_WIDTH	80

/* All state of a command; the next command starts it anew (begin()). */
static struct vr_target target;
static struct vr_ctx ctx = { .t = &target };

/* ---- what each command does first --------------------------------------------- */

static void begin(void)
{
	vr_target_recover();
	vr_target_init(&target);
	vr_arena_reset(&ctx.arena);
	ctx.nerrors = 0;
	ctx.device[0] = ctx.queue[0] = '\0';
	target.reads = target.bytes = 0;
	memset(&ctx.pg, 0, sizeof(ctx.pg));
	ctx.types = NULL;
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
static void print_remedy(const char *module)
{
	const char *r = target.release;

	if (strstr(r, ".el") || strstr(r, ".fc"))
		fprintf(fp, "install kernel-debuginfo-%s", r);
	else if (strstr(r, "-generic"))
		fprintf(fp, "install linux-image-%s-dbgsym", r);
	else
		fprintf(fp, "install linux-image-%s-dbg", r);
	fprintf(fp, ", start crash with --mod DIRECTORY, or: mod -s %s FILE\n",
		module);
}

static void print_missing(const struct vr_missing *m)
{
	fprintf(fp, "%s: %s%s%s: unknown", pc->curcmd, m->type,
		m->path ? "." : "", m->path ? m->path : "");
	if (!m->module) {
		fprintf(fp, ": not in the types of %s\n", pc->namelist);
		return;
	}
	fprintf(fp, ": no debuginfo of module %s: %s; ", m->module, target.why);
	print_remedy(m->module);
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

/* Members that this command needs; false when one is missing (and said so). */
static bool resolve(unsigned groups)
{
	char nodename[65];
	struct vr_missing missing;

	if (!vr_layout_resolve(&ctx, VR_G_KERNEL, &missing)) {
		vr_read_uts(&ctx, nodename, target.release);
		if (!plausible_release(target.release)) {
			fprintf(fp, "%s: the kernel's release cannot be read where %s has it:"
				" does it belong to this dump, and does this crash (%s)"
				" know the kernel's KASLR offset? Try a newer crash\n",
				pc->curcmd, pc->namelist, pc->program_version);
			return false;
		}
		if (!vr_layout_resolve(&ctx, groups, &missing))
			return true;
	}
	print_missing(&missing);
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
	if (!ctx.no_btf && !vr_target_use(strcmp(source, "btf") ? source : ""))
		bad_usage("path too long for option", 't');
}

/* ---- vring -------------------------------------------------------------------------- */

static char *help_vring[] = {
"vring",
"virtio rings of a guest's network devices",
"[-l] [-t source] [device [queue]]",

"  This command shows the virtqueues of virtio-net devices: the driver's own",
"  indices, the avail and used rings that it shares with the device, the two",
"  event indices, and what they add up to.  It finds the way from net_device",
"  to the rings by itself, in every network name space; missing debuginfo of",
"  the virtio modules is loaded when it can be found.",
" ",
"     device  interface name, or the address of its net_device; without it all",
"             virtio-net devices are shown, one line a queue.",
"      queue  N (the pair txN and rxN), txN or output.N, rxN or input.N: the",
"             full block; tx, rx: all of them, one line each; ctrl.",
"         -l  the layout: each struct member that is used, its offset and",
"             size, and where its type came from.",
"  -t source  where types are taken from, for the rest of the session: 'btf'",
"             (the dump's own BTF, and debuginfo where there is none: the",
"             default), 'dwarf' (debuginfo only), or a place to look in first:",
"             a BTF file, a vmlinux with BTF, or a directory of debuginfo or",
"             BTF files.",
" ",
"  All indices are free-running 16-bit counters.  In the table:",
" ",
"     FREE    num_free: descriptors that the driver can still use",
"     L_USED  last_used_idx: how far the driver has reaped",
"     AVAIL   avail->idx: how far the driver has published",
"     USED    used->idx: how far the device has returned",
"     FLIGHT  AVAIL - L_USED: published and not reaped",
"     DEV     AVAIL - USED: published and not returned by the device yet",
"     DRV     USED - L_USED: returned and not reaped by the driver yet",
"     U_EVENT used_event, written by the driver: interrupt me once USED passes",
"     A_EVENT avail_event, written by the device: kick me once AVAIL passes",
" ",
"  A '-' is a value that could not be read; the reason follows the table.",
"\nEXAMPLES",
"  All queues of all virtio-net devices:",
" ",
"    %s> vring",
" ",
"  The second queue pair of eth0, in full:",
" ",
"    %s> vring eth0 1",
" ",
"  The transmit queues of a device given by its net_device address:",
" ",
"    %s> vring ffff8800da2f8000 tx",
NULL
};

static void cmd_vring(void)
{
	struct vr_select sel = { .device = NULL };
	struct vr_walk_error err = { .status = VR_WALK_OK };
	struct vr_snapshot snap = { .ndevices = 0 };
	bool layout = false;
	int c;

	begin();
	while ((c = next_option("lt:")) != EOF) {
		if (c == 'l')
			layout = true;
		else if (c == 't')
			use_types(optarg);
		else
			bad_usage("bad option", optopt);
	}
	if (argcnt - optind > 2)
		bad_usage("too many arguments", 0);
	if (optind < argcnt)
		sel.device = args[optind];
	if (optind + 1 < argcnt && vr_select_queue(&sel, args[optind + 1])) {
		fprintf(fp, "%s: '%s' is no queue: use N, txN, rxN, output.N, input.N, tx, rx or ctrl\n",
			pc->curcmd, args[optind + 1]);
		return;
	}
	if (!resolve(VR_G_GUEST))
		return;
	vr_layout_compare(&ctx, layout);
	if (layout) {
		vr_text_layout(fp, &ctx);
		return;
	}
	if (vr_net_walk(&ctx, &sel, &snap, &err) == VR_WALK_OK) {
		vr_text_snapshot(fp, &ctx, &snap, &sel, terminal_width());
		return;
	}
	vr_text_walk_error(fp, &ctx, &err, &sel, pc->curcmd);
}

/* ---- the table that crash registers --------------------------------------------------- */

/* crash calls it between commands, and after Ctrl-C. */
static void cleanup(void)
{
	vr_target_recover();
}

static struct command_table_entry command_table[] = {
	{ "vring", cmd_vring, help_vring, MINIMAL },
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
}
