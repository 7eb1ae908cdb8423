// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * session.c - what every command does: start anew, read its options, find the layout,
 * walk what was asked for, and say why there is nothing to show.
 */
#include <defs.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "session.h"

#define NARROWEST	40
#define WIDEST		200
#define USUAL_WIDTH	80

struct vr_session vrs = { .ctx = { .t = &vrs.target } };

void vr_forget(void)
{
	vr_arena_reset(&vrs.ctx.arena);
	vr_arena_reset(&vrs.ctx.scratch);
	vrs.ctx.nerrors = 0;
	vrs.ctx.device[0] = vrs.ctx.queue[0] = '\0';
	vrs.ctx.types = NULL;
	vrs.ctx.irqs = NULL;
	vrs.ctx.btf_why[0] = '\0';
	vrs.ctx.layout.asked = 0;
	memset(vrs.ctx.no_symbol, 0, sizeof(vrs.ctx.no_symbol));
	memset(&vrs.ctx.pg, 0, sizeof(vrs.ctx.pg));
	memset(&vrs.ctx.clock, 0, sizeof(vrs.ctx.clock));
	memset(&vrs.ctx.spent, 0, sizeof(vrs.ctx.spent));
	vrs.chosen = NULL;
	vrs.nchosen = 0;
	memset(&vrs.snap, 0, sizeof(vrs.snap));
	memset(&vrs.host, 0, sizeof(vrs.host));
}

void vr_begin(void)
{
	vr_target_recover();
	vr_target_init(&vrs.target);
	vr_forget();
	vrs.target.reads = vrs.target.bytes = 0;
	vrs.target.why[0] = '\0';
	vrs.ctx.resolved = 0;
	memset(&vrs.sel, 0, sizeof(vrs.sel));
	memset(&vrs.other, 0, sizeof(vrs.other));
	memset(vrs.given, 0, sizeof(vrs.given));
	vrs.host_side = vrs.lacks = false;
	vrs.nodename[0] = '\0';
}

void vr_end(void)
{
	/* A pipe that was closed is no loss: its reader has had enough.  (fstat() would
	 * tell it, too, but a build on glibc 2.33 or newer would then need that.) */
	if (fp == stdout || (!fflush(fp) && !ferror(fp)) ||
	    lseek(fileno(fp), 0, SEEK_CUR) < 0)
		return;
	clearerr(fp);
	printf("%s: not all of its output could be written: is the disk full?\n",
	       pc->curcmd);
}

unsigned vr_terminal_width(void)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) || !ws.ws_col)
		return USUAL_WIDTH;
	if (ws.ws_col < NARROWEST)
		return NARROWEST;
	return ws.ws_col > WIDEST ? WIDEST : ws.ws_col;
}

static void say_missing(const struct vr_missing *m)
{
	vrs.lacks = !m->module || !*vrs.target.why;
	vr_missing_reason(vrs.reason, sizeof(vrs.reason), &vrs.ctx, m, pc->curcmd, pc->namelist);
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
bool vr_resolve(unsigned groups)
{
	struct vr_missing missing;

	if (!vr_layout_resolve(&vrs.ctx, VR_G_KERNEL, &missing)) {
		vr_read_uts(&vrs.ctx, vrs.nodename, vrs.target.release);
		if (vr_has(&vrs.ctx, VR_UTS_RELEASE) &&
		    !plausible_release(vrs.target.release)) {
			snprintf(vrs.reason, sizeof(vrs.reason),
				 "the kernel's release cannot be read where %s has it: does it"
				 " belong to this dump, and does this crash (%s) know the"
				 " kernel's KASLR offset? Try a newer crash",
				 pc->namelist, pc->program_version);
			return false;
		}
		if (!vr_layout_resolve(&vrs.ctx, groups, &missing))
			return true;
	}
	say_missing(&missing);
	return false;
}

/* Say what is wrong, show the usage, and leave for crash's prompt. */
void __attribute__((noreturn)) vr_bad_usage(const char *what, int option)
{
	fprintf(fp, "%s: %s", pc->curcmd, what);
	if (option)
		fprintf(fp, " -%c", option);
	fputc('\n', fp);
	/* Jumps to crash's main loop, so nothing of ours may be open here. */
	cmd_usage(pc->curcmd, SYNOPSIS);
	abort();
}

/* getopt(), whose own message would go to stderr past crash's redirection; with ':' in
 * front it tells an argument that is missing from an option that there is not. */
int vr_next_option(const char *options)
{
	int saved = opterr, c;
	char told[32];

	snprintf(told, sizeof(told), ":%s", options);
	opterr = 0;
	c = getopt(argcnt, args, told);
	opterr = saved;
	if (c == ':')
		vr_bad_usage("no argument behind option", optopt);
	if (c > 0 && (size_t)c < sizeof(vrs.given))
		vrs.given[c] = true;
	return c;
}

void vr_alone(char one, const char *others)
{
	char what[40];

	for (; vrs.given[(unsigned char)one] && *others; others++) {
		if (!vrs.given[(unsigned char)*others])
			continue;
		snprintf(what, sizeof(what), "-%c does nothing beside option", *others);
		vr_bad_usage(what, one);
	}
}

/* -t: a new source makes every member to be looked up anew. */
void vr_use_types(const char *source)
{
	vrs.ctx.no_btf = !strcmp(source, "dwarf");
	memset(&vrs.ctx.layout, 0, sizeof(vrs.ctx.layout));
	if (vrs.ctx.no_btf || !strcmp(source, "btf"))
		source = "";
	else if (access(source, R_OK))
		vr_bad_usage("no such file or directory behind option", 't');
	if (!vr_target_use(source))
		vr_bad_usage("path too long for option", 't');
}

/* The device and queue that the arguments behind the options name.  What is no
 * word for a network device's queue may be another device's name for one. */
void vr_parse_selection(bool device_needed)
{
	if (argcnt - optind > 2)
		vr_bad_usage("too many arguments", 0);
	if (optind < argcnt)
		vrs.sel.device = args[optind];
	else if (device_needed)
		vr_bad_usage("which device?", 0);
	if (optind + 1 < argcnt)
		vr_select_queue(&vrs.sel, args[optind + 1]);
}

/* ---- walking what was asked for ------------------------------------------------------- */

void vr_fail(bool json)
{
	/* A required member that is missing is reason enough. */
	if (!vrs.lacks)
		vr_layout_tell_missed(&vrs.ctx);
	if (json) {
		vr_json_failure(fp, &vrs.ctx, pc->curcmd, vrs.host_side ? "host" : "guest",
				vrs.nodename, vrs.target.release, vrs.reason);
		return;
	}
	fprintf(fp, "%s: %s\n", pc->curcmd, vrs.reason);
	vr_text_errors(fp, &vrs.ctx);
}

/* What was not found may be there, where members are missing that would lead to it. */
static void doubt_reason(void)
{
	unsigned n = vr_layout_missed(&vrs.ctx);
	char found[sizeof(vrs.reason)];

	if (!n)
		return;
	memcpy(found, vrs.reason, sizeof(found));
	snprintf(vrs.reason, sizeof(vrs.reason), "%u of the members that this takes are in this"
		 " kernel's types under no name that vring knows, and that may be why: %.*s", n,
		 (int)sizeof(vrs.reason) - 160, found);
}

/* Nothing is there, for 'reason': an error of a document that is sound otherwise. */
static void tell_empty(void)
{
	size_t len = strlen(vrs.reason) + 1;
	char *reason = vr_alloc(&vrs.ctx.arena, len, 1);

	vr_layout_tell_missed(&vrs.ctx);
	if (!reason)
		return;
	memcpy(reason, vrs.reason, len);	/* another one may come */
	vr_error_add_common(&vrs.ctx, (struct vr_error){ .code = VR_E_QUOTED,
							 .what = reason });
}

/* What the members that a guest's command needs are in. */
unsigned vr_guest_groups(void)
{
	return VR_G_GUEST | VR_G_IRQ | (vrs.sel.owners ? VR_G_OWNERS : 0);
}

/* Resolve the layout and read what 'sel' names; false when there is nothing to
 * show, which was then said. */
bool vr_collect(bool json)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };
	bool net = vr_resolve(vr_guest_groups());

	/* Without virtio_net's types there may still be other devices. */
	if (!net && ((!vrs.sel.all && !vrs.sel.device) || !vr_resolve(VR_G_RING | VR_G_IRQ))) {
		vr_fail(json);
		return false;
	}
	vr_layout_compare(&vrs.ctx, false);
	if (vr_guest_walk(&vrs.ctx, &vrs.sel, !net, &vrs.snap, &err) == VR_WALK_OK) {
		vr_layout_tell_missed(&vrs.ctx);
		vr_check_guest(&vrs.ctx, &vrs.snap);
		return true;
	}
	/* All devices, and none is there: an empty answer, not a failure. */
	if (json && !vrs.sel.device && err.status == VR_WALK_NO_DEVICE) {
		vr_walk_reason(vrs.reason, sizeof(vrs.reason), &err, &vrs.sel);
		tell_empty();
		return true;
	}
	if (err.status == VR_WALK_NO_TYPES)
		say_missing(&err.missing);
	else if (net || err.status != VR_WALK_NO_DEVICE)
		vr_walk_reason(vrs.reason, sizeof(vrs.reason), &err, &vrs.sel);
	else
		vr_resolve(vr_guest_groups());	/* the word may be a network device's */
	if (net && err.status != VR_WALK_NO_TYPES)
		doubt_reason();
	vr_fail(json);
	return false;
}

/* The same for the host's side; 'pid' 0 means any process. */
bool vr_collect_host(bool json, uint64_t pid)
{
	struct vr_walk_error err = { .status = VR_WALK_OK };

	vrs.host_side = true;
	/* Of the words that are not a network device's, "vq3" is a vhost-scsi queue's. */
	if (vrs.sel.queue == VR_SEL_NAME && strncmp(vrs.sel.word, "vq", 2)) {
		vr_word_reason(vrs.reason, sizeof(vrs.reason), &vrs.sel, true);
		vr_fail(json);
		return false;
	}
	if (!vr_resolve(VR_G_TASKS | VR_G_VHOST)) {
		vr_fail(json);
		return false;
	}
	vr_layout_compare(&vrs.ctx, false);
	if (vr_host_walk(&vrs.ctx, &vrs.sel, pid, &vrs.host, &err) == VR_WALK_OK) {
		vr_layout_tell_missed(&vrs.ctx);
		vr_check_host(&vrs.ctx, &vrs.host);
		return true;
	}
	if (json && !vrs.sel.device && !pid && err.status == VR_WALK_NO_DEVICE) {
		vr_host_reason(vrs.reason, sizeof(vrs.reason), &err, &vrs.sel, pid);
		tell_empty();
		return true;
	}
	if (err.status == VR_WALK_NO_TYPES)
		say_missing(&err.missing);
	else
		vr_host_reason(vrs.reason, sizeof(vrs.reason), &err, &vrs.sel, pid);
	if (err.status != VR_WALK_NO_TYPES)
		doubt_reason();
	vr_fail(json);
	return false;
}

/* ---- whole devices ---------------------------------------------------------------------- */

static unsigned count_queues(void)
{
	unsigned n = vrs.host.nqueues;

	for (unsigned i = 0; i < vrs.snap.ndevices; i++)
		n += vrs.snap.devices[i].nqueues;
	return n;
}

/* The addresses of all virtqueues that were read, into vrs.chosen; false without memory. */
static bool note_chosen(void)
{
	vrs.chosen = vr_alloc(&vrs.ctx.arena, count_queues() + 1, sizeof(*vrs.chosen));
	if (!vrs.chosen)
		return false;
	for (unsigned i = 0; i < vrs.snap.ndevices; i++)
		for (unsigned q = 0; q < vrs.snap.devices[i].nqueues; q++)
			vrs.chosen[vrs.nchosen++] = vrs.snap.devices[i].queues[q].vring_virtqueue;
	for (unsigned i = 0; i < vrs.host.nqueues; i++)
		vrs.chosen[vrs.nchosen++] = vrs.host.queues[i].vhost_virtqueue;
	return true;
}

/* Was a queue selected by its own address? */
static bool by_queue_address(void)
{
	uint64_t addr;

	if (!vr_parse_address(vrs.sel.device, &addr))
		return false;
	for (unsigned i = 0; i < vrs.nchosen; i++)
		if (vrs.chosen[i] == addr)
			return true;
	return false;
}

/* A selector for the whole device of the first queue that was read. */
static const char *whole_device(void)
{
	static char word[VR_NAME_SIZE + 20];
	uint64_t addr = 0;

	if (vrs.host_side && vrs.host.nqueues)
		addr = vrs.host.queues[0].ref.addr ? vrs.host.queues[0].ref.addr :
						     vrs.host.queues[0].vhost->addr;
	else if (vrs.snap.ndevices)
		addr = vrs.snap.devices[0].ref.addr;
	if (addr)
		snprintf(word, sizeof(word), "%" PRIx64, addr);
	else if (vrs.snap.ndevices)
		snprintf(word, sizeof(word), "%s", vrs.snap.devices[0].virtio_name);
	return addr || vrs.snap.ndevices ? word : vrs.sel.device;
}

static bool collect_side(bool json, uint64_t pid)
{
	return vrs.host_side ? vr_collect_host(json, pid) : vr_collect(json);
}

bool vr_collect_devices(bool json, uint64_t pid)
{
	struct vr_select whole = { .all = vrs.sel.all, .device = vrs.sel.device };
	bool memory = vrs.host.memory, by_word = vrs.sel.word;

	if (!collect_side(json, pid))
		return false;
	if (!vrs.sel.device || !note_chosen())
		return true;
	if (by_queue_address()) {
		whole.device = whole_device();
	} else if (!by_word) {
		vrs.nchosen = 0;	/* it was read whole */
		return true;
	}
	vrs.sel = whole;
	/* The first look is over: what it has noted and spent is not the second one's. */
	vrs.ctx.nerrors = 0;
	memset(&vrs.ctx.spent, 0, sizeof(vrs.ctx.spent));
	memset(&vrs.snap, 0, sizeof(vrs.snap));
	memset(&vrs.host, 0, sizeof(vrs.host));
	vrs.host.memory = memory;
	if (!collect_side(json, pid))
		return false;
	if (count_queues() == vrs.nchosen)
		vrs.nchosen = 0;	/* all of it was meant */
	return true;
}
