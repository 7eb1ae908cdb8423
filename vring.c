// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vring.c - the commands that vring.so adds to crash: their options, and the
 * pipeline that each of them is.
 */
#include <defs.h>
#include <stdlib.h>

#include "help.h"
#include "session.h"
#include "version.h"
#include "watch.h"

/* ---- -c ------------------------------------------------------------------------------ */

/* Read the other side's document; false with 'reason' when it is none. */
static bool import(const char *path)
{
	char why[400];
	struct vr_doc doc;
	size_t len;
	void *text;

	if (vr_file_read(&vrs.ctx.arena, path, VR_MAX_DOC, &text, &len)) {
		snprintf(vrs.reason, sizeof(vrs.reason),
			 "%.200s: cannot be read, is empty, or has more than 64 MiB: -c"
			 " takes what vring -j or vhostq -j wrote", path);
		return false;
	}
	if (vr_doc_parse(&vrs.ctx.arena, text, len, &doc, why, sizeof(why)) ||
	    vr_import_doc(&vrs.ctx, &doc, &vrs.other, why, sizeof(why))) {
		snprintf(vrs.reason, sizeof(vrs.reason), "%.200s: %s", path, why);
		return false;
	}
	if (vrs.other.host != vrs.host_side) {
		vr_import_errors(&vrs.ctx, &doc, vrs.other.host);
		return true;
	}
	snprintf(vrs.reason, sizeof(vrs.reason), "%.200s: it is of %s, like this session: compare"
		 " with what %s -j wrote on the other side", path,
		 vrs.host_side ? "a host" : "a guest", vrs.host_side ? "vring" : "vhostq");
	return false;
}

/* What was read here beside the document 'path'. */
static void compare_with(const char *path, bool json)
{
	const struct vr_snapshot *g = vrs.host_side ? &vrs.other.g : &vrs.snap;
	const struct vr_host *h = vrs.host_side ? &vrs.host : &vrs.other.h;

	if (!import(path)) {
		vr_fail(json);
		return;
	}
	if (vr_compare(&vrs.ctx, g, h, &vrs.comparison)) {
		snprintf(vrs.reason, sizeof(vrs.reason), "out of memory");
		vr_fail(json);
		return;
	}
	if (vrs.nchosen)
		vr_compare_narrow(&vrs.comparison, vrs.host_side, vrs.chosen, vrs.nchosen);
	if (json) {
		vr_json_compared(fp, &vrs.ctx, pc->curcmd, vrs.host_side ? "host" : "guest",
				 vrs.nodename, vrs.target.release, &vrs.comparison);
	} else {
		vr_text_comparison(fp, &vrs.comparison);
		vr_text_errors(fp, &vrs.ctx);
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
	struct vr_select again = vrs.sel;

	vr_forget();
	vr_arena_reset(arena);
	if (!(vrs.host_side ? vr_collect_host(false, pid) : vr_collect(false)))
		return false;
	vrs.sel = again;
	ret->nsec = monotonic_nsec();
	return !(vrs.host_side ? vr_look_host(arena, &vrs.host, ret) :
			     vr_look_guest(arena, &vrs.snap, ret));
}

/* Ctrl-C jumps out of it to crash's prompt; the looks are static for that.  What could not
 * be read is told with the first table, and when that changes. */
static void watch(const char *word, uint64_t pid)
{
	struct vr_look seen[2];
	struct timespec pause;
	double seconds;
	unsigned count, n = 0, told = 0;

	if (vr_watch_parse(word, &seconds, &count))
		vr_bad_usage("no SECONDS[,COUNT] behind option", 'w');
	if (!vrs.target.live) {
		fprintf(fp, "%s: -w watches a live system; nothing moves in a dump: without -w"
			" it is shown as it stood\n", pc->curcmd);
		return;
	}
	pause.tv_sec = (time_t)seconds;
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	if (!look(&vrs.looks[0], pid, &seen[0]))
		return;
	do {
		nanosleep(&pause, NULL);
		n++;
		if (!look(&vrs.looks[n % 2], pid, &seen[n % 2]))
			return;
		vr_text_watch(fp, &seen[(n + 1) % 2], &seen[n % 2]);
		if (vrs.ctx.nerrors != told)
			vr_text_errors(fp, &vrs.ctx);
		told = vrs.ctx.nerrors;
		fflush(fp);
	} while (n != count);
}

/* Is virtio_blk in this kernel?  No debuginfo is sought for its members else. */
static bool has_disks(void)
{
	return vr_type_in_btf(&vrs.ctx, "virtio_blk", "virtio_blk") ||
	       !vr_module_away(&vrs.ctx, "virtio_blk");
}

/* -l: what was found of the groups' members, and what was not; of 'more' too, which are
 * of modules that may not be loaded. */
static void list_layout(unsigned groups, unsigned more)
{
	if (!vr_resolve(groups)) {
		/* Where whole modules' types are missing, a list says no more. */
		if (!vrs.lacks) {
			vr_fail(false);
			return;
		}
		fprintf(fp, "%s: %s\n", pc->curcmd, vrs.reason);
		vr_layout_survey(&vrs.ctx, groups | VR_G_KERNEL);
	}
	if (more != VR_G_BLK || has_disks())
		vr_layout_survey(&vrs.ctx, more);
	vr_layout_compare(&vrs.ctx, true);
	vr_text_layout(fp, &vrs.ctx);
}

static void cmd_vring(void)
{
	bool layout = false, json = false, tell = false;
	const char *document = NULL, *interval = NULL;
	int c;

	vr_begin();
	while ((c = vr_next_option("abc:djlt:w:V")) != EOF) {
		if (c == 'a')
			vrs.sel.all = true;
		else if (c == 'b')
			vrs.sel.owners = vrs.sel.full = true;
		else if (c == 'c')
			document = optarg;
		else if (c == 'd')
			vrs.sel.chains = vrs.sel.full = true;
		else if (c == 'j')
			json = true;
		else if (c == 'l')
			layout = true;
		else if (c == 't')
			vr_use_types(optarg);
		else if (c == 'w')
			interval = optarg;
		else if (c == 'V')
			tell = true;
		else
			vr_bad_usage("bad option", optopt);
	}
	/* What -b needs has members of its own to list. */
	vr_alone('l', "cdjw");
	vr_alone('w', "bcdj");
	vr_alone('c', "bd");
	vr_alone('V', "abcdjltw");
	vr_parse_selection(false);
	if ((layout || tell) && vrs.sel.device)
		vr_bad_usage("a device does nothing beside option", tell ? 'V' : 'l');
	if (tell) {
		fprintf(fp, "vring.so %s\n", VRING_VERSION);
		return;
	}
	if (layout) {
		list_layout(vr_guest_groups() | (vrs.sel.all ? VR_G_BUS : 0),
			    vrs.sel.owners ? VR_G_BLK : 0);
	} else if (interval) {
		watch(interval, 0);
	} else if (document) {
		if (vr_collect_devices(json, 0))
			compare_with(document, json);
	} else if (vr_collect(json)) {
		if (json)
			vr_json_snapshot(fp, &vrs.ctx, &vrs.snap);
		else
			vr_text_snapshot(fp, &vrs.ctx, &vrs.snap, &vrs.sel, vr_terminal_width());
	}
}

/* ---- vqwalk ------------------------------------------------------------------------- */

/* Is the word no net device's, but vhostq's?  What this look has found and missed is
 * forgotten, since the word may still be a guest's. */
static bool is_vhost(void)
{
	struct vr_select sel = { .device = vrs.sel.device };
	struct vr_walk_error err = { .status = VR_WALK_OK };
	uint64_t addr;
	bool found;

	if (!vr_parse_address(sel.device, &addr) && strncmp(sel.device, "vhost-", 6))
		return false;
	found = vr_resolve(VR_G_TASKS | VR_G_VHOST) &&
		vr_host_walk(&vrs.ctx, &sel, 0, &vrs.host, &err) == VR_WALK_OK;
	vr_forget();
	vrs.lacks = false;
	return found;
}

/* Is the device a host's: a tap, or vhost's own?  Of several that have the name none may
 * be without a kind, as a guest's are. */
static bool is_host_device(void)
{
	struct vr_netdev_list found;
	uint64_t addr = 0;
	bool host = false;
	char kind[32];

	if (vr_find_netdevs(&vrs.ctx, vrs.sel.device, 0, &found))
		return false;
	if (!found.n && vr_parse_address(vrs.sel.device, &addr) &&
	    vr_find_netdevs(&vrs.ctx, NULL, addr, &found))
		return false;
	if (!found.n)
		return is_vhost();
	for (unsigned i = 0; i < found.n; i++) {
		host |= vr_host_kind(&vrs.ctx, found.refs[i].addr, kind, sizeof(kind));
		if (!*kind)
			return false;
	}
	return host;
}

/* Walk the guest's or the host's side; false when there is nothing to show,
 * which was then said. */
static bool walk_either(bool json, struct vr_walks *walks)
{
	int r;

	if (vrs.host_side) {
		if (!vr_collect_host(json, 0))
			return false;
		r = vr_trace_host(&vrs.ctx, &vrs.host, walks);
	} else {
		if (!vr_collect(json))
			return false;
		r = vr_trace(&vrs.ctx, &vrs.snap, walks);
	}
	if (!r)
		return true;
	snprintf(vrs.reason, sizeof(vrs.reason), "out of memory");
	vr_fail(json);
	return false;
}

static void cmd_vqwalk(void)
{
	bool commands = false, json = false;
	struct vr_walks walks = { .count = 0 };
	int c;

	vr_begin();
	while ((c = vr_next_option("jxt:")) != EOF) {
		if (c == 'j')
			json = true;
		else if (c == 'x')
			commands = true;
		else if (c == 't')
			vr_use_types(optarg);
		else
			vr_bad_usage("bad option", optopt);
	}
	vr_alone('j', "x");
	vr_parse_selection(true);
	if (!vr_resolve(0)) {
		vr_fail(json);
		return;
	}
	vrs.host_side = is_host_device();
	if (!walk_either(json, &walks))
		return;
	if (json) {
		vr_json_walks(fp, &vrs.ctx, vrs.host_side ? "host" : "guest",
			      vrs.nodename, vrs.target.release, &walks);
	} else if (commands) {
		vr_text_commands(fp, &vrs.ctx, &walks);
	} else {
		vr_text_walks(fp, &walks);
		vr_text_errors(fp, &vrs.ctx);
	}
}

/* ---- vhostq -------------------------------------------------------------------------- */

static unsigned long parse_pid(const char *word)
{
	char *end;
	unsigned long pid = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || !pid)
		vr_bad_usage("no process id behind option", 'p');
	return pid;
}

static void cmd_vhostq(void)
{
	const char *document = NULL, *interval = NULL;
	bool layout = false, json = false;
	unsigned long pid = 0;
	int c;

	vr_begin();
	while ((c = vr_next_option("c:djlmp:t:w:")) != EOF) {
		if (c == 'c')
			document = optarg;
		else if (c == 'd')
			vrs.sel.chains = true;
		else if (c == 'j')
			json = true;
		else if (c == 'l')
			layout = true;
		else if (c == 'm')
			vrs.host.memory = true;
		else if (c == 'p')
			pid = parse_pid(optarg);
		else if (c == 't')
			vr_use_types(optarg);
		else if (c == 'w')
			interval = optarg;
		else
			vr_bad_usage("bad option", optopt);
	}
	vr_alone('l', "cdjmpw");
	vr_alone('w', "cdjm");
	vr_alone('c', "dm");
	if (!json)
		vr_alone('m', "d");
	vr_parse_selection(false);
	vrs.host_side = true;
	if (layout && vrs.sel.device)
		vr_bad_usage("a device does nothing beside option", 'l');
	if (layout) {
		list_layout(VR_G_TASKS | VR_G_VHOST,
			    VR_G_TUN | VR_G_TAP | VR_G_VSOCK | VR_G_SCSI);
		return;
	}
	if (interval) {
		watch(interval, pid);
		return;
	}
	if (document) {
		if (vr_collect_devices(json, pid))
			compare_with(document, json);
		return;
	}
	if (!vr_collect_host(json, pid))
		return;
	if (json) {
		vr_json_host(fp, &vrs.ctx, &vrs.host);
	} else if (vrs.host.memory) {
		vr_text_regions(fp, &vrs.ctx, &vrs.host);
	} else {
		vr_text_host(fp, &vrs.ctx, &vrs.host, &vrs.sel);
	}
}

/* ---- the table that crash registers --------------------------------------------------- */

/* crash calls it between commands, and after Ctrl-C. */
static void cleanup(void)
{
	vr_target_recover();
}

static void whole_vring(void)
{
	cmd_vring();
	vr_end();
}

static void whole_vqwalk(void)
{
	cmd_vqwalk();
	vr_end();
}

static void whole_vhostq(void)
{
	cmd_vhostq();
	vr_end();
}

static struct command_table_entry command_table[] = {
	{ "vring", whole_vring, help_vring, MINIMAL },
	{ "vqwalk", whole_vqwalk, help_vqwalk, MINIMAL },
	{ "vhostq", whole_vhostq, help_vhostq, MINIMAL },
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
	vr_arena_free(&vrs.ctx.arena);
	vr_arena_free(&vrs.ctx.scratch);
	vr_arena_free(&vrs.looks[0]);
	vr_arena_free(&vrs.looks[1]);
}
