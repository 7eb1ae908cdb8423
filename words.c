// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * words.c - what went wrong, in words; the same sentences in text and JSON.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vring.h"

/* A sentence that grows in a buffer and stops at its end. */
struct sentence {
	char *buf;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3)))
say(struct sentence *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->len >= s->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(s->buf + s->len, s->size - s->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		s->len += (size_t)n;
}

const char *vr_val_text(struct vr_val v, char buf[24])
{
	if (v.have == VR_READ)
		snprintf(buf, 24, "%" PRIu64, v.v);
	else
		strcpy(buf, v.have == VR_UNREAD ? "-" : "none");
	return buf;
}

const char *vr_hex_text(struct vr_val v, char buf[24])
{
	if (v.have != VR_READ)
		return vr_val_text(v, buf);
	snprintf(buf, 24, "%" PRIx64, v.v);
	return buf;
}

const char *vr_addr_text(uint64_t addr, char buf[24])
{
	return vr_hex_text((struct vr_val){ addr, addr ? VR_READ : VR_UNREAD }, buf);
}

const char *vr_flag_text(struct vr_val v, const char *yes, const char *no)
{
	if (v.have != VR_READ)
		return v.have == VR_UNREAD ? "-" : "none";
	return v.v ? yes : no;
}

void vr_text_escape(char *out, size_t size, const char *in)
{
	size_t n = 0;

	for (; *in && n + 5 <= size; in++) {
		unsigned char ch = (unsigned char)*in;

		if (ch >= 0x20 && ch < 0x7f)
			out[n++] = (char)ch;
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", ch);
	}
	out[n] = '\0';
}

void vr_softirqs_text(char *buf, size_t size, struct vr_val pending)
{
	static const char *const names[] = {
		"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL",
		"TASKLET", "SCHED", "HRTIMER", "RCU",
	};
	struct sentence s = { buf, size, 0 };
	char b[24];

	buf[0] = '\0';
	if (pending.have != VR_READ || !pending.v) {
		say(&s, "%s", pending.have == VR_READ ? "none" :
		    vr_val_text(pending, b));
		return;
	}
	for (unsigned i = 0; i < 64; i++) {
		if (!(pending.v >> i & 1))
			continue;
		if (i < sizeof(names) / sizeof(names[0]))
			say(&s, "%s%s", s.len ? " " : "", names[i]);
		else
			say(&s, "%sbit_%u", s.len ? " " : "", i);
	}
}

static void say_escaped(struct sentence *s, const char *raw)
{
	char safe[256];

	vr_text_escape(safe, sizeof(safe), raw);
	say(s, "%s", safe);
}

void vr_error_where(char *buf, size_t size, const struct vr_error *e)
{
	struct sentence s = { buf, size, 0 };

	buf[0] = '\0';
	say_escaped(&s, e->device);
	if (*e->queue) {
		say(&s, " ");
		say_escaped(&s, e->queue);
	}
}

/* What this kernel should have and has not. */
static void say_missed(struct sentence *s, const struct vr_error *e)
{
	if (e->code == VR_E_NO_MEMBER)
		say(s, "%s%s%s: this kernel's types have it under no name that vring knows",
		    e->what ? e->of : "struct ", e->what ? "." : e->of,
		    e->what ? e->what : "");
	else
		say(s, "this kernel has no %s of this name",
		    e->code == VR_E_NO_SYMBOL ? "variable" : "constant");
	say(s, "; not known without it: %s", e->loses);
}

static void say_value(struct sentence *s, const struct vr_error *e)
{
	say(s, "%" PRIu64, e->value);
	if (e->addr)
		say(s, " at %" PRIx64, e->addr);
}

void vr_error_what(char *buf, size_t size, const struct vr_error *e)
{
	struct sentence s = { buf, size, 0 };

	buf[0] = '\0';
	if (e->code != VR_E_DISAGREE && e->code != VR_E_NOTYPE &&
	    e->code != VR_E_NO_MEMBER && e->code != VR_E_QUOTED)
		say(&s, "%s: ", e->what);
	switch (e->code) {
	case VR_E_READ:
		say(&s, "cannot read %u bytes at %" PRIx64, e->len, e->addr);
		break;
	case VR_E_QUOTED:
		say(&s, "%s%s%s", e->of ? e->of : "", e->of ? ": " : "", e->what);
		break;
	case VR_E_NULL:
		say(&s, "NULL at %" PRIx64, e->addr);
		break;
	case VR_E_RANGE:
		say_value(&s, e);
		say(&s, " is out of range (at most %" PRIu64 ")", e->limit);
		break;
	case VR_E_BUDGET:
		say(&s, "more than %" PRIu64 " %s: the rest is left out", e->limit, e->of);
		break;
	case VR_E_MISNAMED:
		say(&s, "at %" PRIx64 " is another name than %s", e->addr, e->of);
		break;
	case VR_E_SIZE:
		say(&s, "%u bytes at %" PRIx64 ", which is no number's size: types of"
		    " another kernel? (see -l)", e->len, e->addr);
		break;
	case VR_E_SHAPE:
		say_value(&s, e);
		say(&s, " is no power of two");
		break;
	case VR_E_WILD:
		say(&s, "%" PRIx64 " at %" PRIx64 " is no address of one", e->value,
		    e->addr);
		break;
	case VR_E_UNEQUAL:
		say_value(&s, e);
		say(&s, ", but %s is %" PRIu64, e->of, e->limit);
		break;
	case VR_E_LOOP:
		say(&s, "does not end: a loop, or more than %" PRIu64
		    " entries, from %" PRIx64, e->limit, e->addr);
		break;
	case VR_E_MISFIT:
		if (e->value)
			say(&s, "%" PRIx64 " ", e->value);
		say(&s, "does not point back to %" PRIx64
		    ": types of another kernel? (see -l)", e->addr);
		break;
	case VR_E_DISAGREE:
		say(&s, "debuginfo of %s does not fit the dump: %s.%s is %" PRIu64
		    " there, %" PRIu64 " in the dump's own BTF%s",
		    e->module, e->of, e->what, e->value, e->limit,
		    e->len ? "; -t btf uses that" : ", which is used");
		break;
	case VR_E_NOTYPE:
		if (e->value)
			say(&s, "%s.%s: this kernel's types have it under no name that"
			    " vring knows", e->of, e->what);
		else if (e->what)
			say(&s, "%s.%s: unknown: not in the types of %s", e->of,
			    e->what, e->module ? e->module : "vmlinux");
		else
			say(&s, "the types of module %s are unknown (struct %s)",
			    e->module, e->of);
		break;
	case VR_E_NO_BUS:
		say(&s, "neither bus_kset nor a virtio-net device leads to it:"
		    " only virtio-net devices are looked at");
		break;
	case VR_E_NO_MEMBER:
	case VR_E_NO_CONSTANT:
	case VR_E_NO_SYMBOL:
		say_missed(&s, e);
		break;
	case VR_E_MEMORY:
		say(&s, "out of memory");
		break;
	}
}

static void say_ref(struct sentence *s, const struct vr_netdev_ref *ref)
{
	say_escaped(s, ref->name);
	say(s, " (net_device %" PRIx64, ref->addr);
	if (ref->inum.have == VR_READ)
		say(s, ", netns %" PRIu64, ref->inum.v);
	say(s, ")");
}

/* Was this device told as a network device?  One whose net_device is missing was not. */
static bool is_candidate(const struct vr_walk_error *e, const struct vr_device *d)
{
	unsigned i = 0;

	while (i < e->ncandidates && e->candidate_vdevs[i] != d->virtio_device)
		i++;
	return i < e->ncandidates;
}

/* The other devices on the bus. */
static void say_others(struct sentence *s, const struct vr_walk_error *e)
{
	unsigned said = 0;

	for (unsigned i = 0; i < e->nothers; i++) {
		const struct vr_device *d = &e->others[i];
		char b[24];
		const char *type = vr_type_name(d->type, b);

		if (is_candidate(e, d))
			continue;
		say(s, said++ ? ", " : "; other virtio devices: ");
		say(s, "%s (%s)", *d->virtio_name ? d->virtio_name : "-",
		    type ? type : "-");
	}
}

static bool has_net(const struct vr_walk_error *e)
{
	for (unsigned i = 0; i < e->nothers; i++)
		if (e->others[i].type.have == VR_READ && e->others[i].type.v == VR_ID_NET)
			return true;
	return false;
}

static void say_candidates(struct sentence *s, const struct vr_walk_error *e)
{
	if (!e->ncandidates) {
		say(s, has_net(e) ? "; no virtio-net device could be read" :
				    "; there is no virtio-net device");
		if (e->driver_loaded.have == VR_READ && !e->driver_loaded.v)
			say(s, " (module virtio_net is not loaded)");
	}
	for (unsigned i = 0; i < e->ncandidates; i++) {
		say(s, i ? ", " : "; virtio-net devices: ");
		say_ref(s, &e->candidates[i]);
	}
	say_others(s, e);
}

/* What is there instead of the queue that was asked for. */
static void say_queues(struct sentence *s, const struct vr_walk_error *e)
{
	say_escaped(s, *e->virtio_name ? e->virtio_name : e->dev.name);
	say(s, " has no such queue");
	if (e->pairs)
		say(s, ": its queue pairs are 0..%u", e->pairs - 1);
	else if (*e->virtio_name && !e->nqueues)
		say(s, ": it has none at all");
	for (unsigned i = 0; i < e->nlisted; i++) {
		say(s, i ? ", " : ": its queues are ");
		say_escaped(s, e->queues[i]);
	}
	if (e->nqueues > e->nlisted)
		say(s, ", and %u more", e->nqueues - e->nlisted);
}

static void say_not_virtio(struct sentence *s, const struct vr_walk_error *e)
{
	say_ref(s, &e->dev);
	say(s, " is not a virtio-net device");
	if (*e->kind) {
		say(s, " but of kind '");
		say_escaped(s, e->kind);
		say(s, "'%s", e->host ? ", which is the host's end: see vhostq" : "");
	}
	say_candidates(s, e);
}

void vr_walk_reason(char *buf, size_t size, const struct vr_walk_error *e,
		    const struct vr_select *sel)
{
	struct sentence s = { buf, size, 0 };

	buf[0] = '\0';
	switch (e->status) {
	case VR_WALK_NO_DEVICE:
		if (sel->device) {
			say(&s, "'");
			say_escaped(&s, sel->device);
			say(&s, "' is no net device, virtio device or virtqueue");
		} else {
			say(&s, "nothing to show");
		}
		say_candidates(&s, e);
		break;
	case VR_WALK_NOT_VIRTIO:
		say_not_virtio(&s, e);
		break;
	case VR_WALK_NO_QUEUE:
		say_queues(&s, e);
		break;
	case VR_WALK_NO_WORD:
		vr_word_reason(buf, size, sel, false);
		break;
	default:
		say(&s, "out of memory");
	}
}

void vr_word_reason(char *buf, size_t size, const struct vr_select *sel, bool host)
{
	struct sentence s = { buf, size, 0 };

	say(&s, "'");
	say_escaped(&s, sel->word);
	say(&s, "' is no queue: use N, txN, rxN, %s",
	    host ? "tx, rx or vqN" : "output.N, input.N, tx, rx or ctrl");
}

void vr_host_reason(char *buf, size_t size, const struct vr_walk_error *e,
		    const struct vr_select *sel, uint64_t pid)
{
	struct sentence s = { buf, size, 0 };

	buf[0] = '\0';
	switch (e->status) {
	case VR_WALK_NO_VHOST:
		for (unsigned i = 0; i < e->ncandidates; i++) {
			say(&s, "%s", i ? ", " : "");
			say_ref(&s, &e->candidates[i]);
		}
		say(&s, " has no vhost: the process that opened it moves its"
		    " packets itself, or nobody has opened it");
		break;
	case VR_WALK_NOT_VIRTIO:
		say_ref(&s, &e->dev);
		if (e->host) {
			say(&s, " cannot be followed: its structs do not fit the types,"
			    " which may be another kernel's");
			break;
		}
		say(&s, " is no tap, macvtap or ipvtap");
		if (*e->kind) {
			say(&s, " but of kind '");
			say_escaped(&s, e->kind);
			say(&s, "'");
		}
		say(&s, "; vhostq alone lists what vhost serves");
		break;
	case VR_WALK_NO_QUEUE:
		say_queues(&s, e);
		break;
	case VR_WALK_NOT_OWNED:
		say_escaped(&s, e->dev.name);
		say(&s, " is not of process %" PRIu64, pid);
		break;
	case VR_WALK_NO_MEMORY:
		say(&s, "out of memory");
		break;
	default:
		if (sel->device) {
			say(&s, "'");
			say_escaped(&s, sel->device);
			say(&s, "' is no net device, vhost device or vhost queue;"
			    " vhostq alone lists what vhost serves");
		} else if (pid) {
			say(&s, "no vhost device of process %" PRIu64, pid);
		} else {
			say(&s, "nothing to show; no process has a vhost device"
			    " open");
		}
	}
}

/* The package that has a kernel's debuginfo, from the look of its release. */
static void say_package(struct sentence *s, const char *release)
{
	const char *debian[] = { "-amd64", "-arm64", "-686-pae", "-armmp", "-ppc64el",
				 "-s390x", "-riscv64" };
	size_t len = strlen(release);

	if (strstr(release, ".el") || strstr(release, ".fc")) {
		say(s, "kernel-debuginfo-%s", release);
		return;
	}
	if (strstr(release, "-generic")) {
		say(s, "linux-image-%s-dbgsym", release);
		return;
	}
	for (unsigned i = 0; i < sizeof(debian) / sizeof(debian[0]); i++) {
		size_t n = strlen(debian[i]);

		if (len > n && !strcmp(release + len - n, debian[i])) {
			say(s, "linux-image-%s-dbg", release);
			return;
		}
	}
	say(s, "the debuginfo package of kernel %s", release);
}

void vr_missing_reason(char *buf, size_t size, struct vr_ctx *c, const struct vr_missing *m,
		       const char *command, const char *namelist)
{
	struct sentence s = { buf, size, 0 };

	buf[0] = '\0';
	say(&s, "%s%s%s: unknown: ", m->type, m->path ? "." : "", m->path ? m->path : "");
	if (!m->module) {
		say(&s, "not in the types of %s; is that this kernel's vmlinux, with debuginfo?",
		    namelist);
		return;
	}
	/* The type is there and lacks the member: no file would bring it. */
	if (!*c->t->why) {
		say(&s, "this kernel's types have it under no name that vring knows%s%s",
		    *c->btf_why ? "; " : "", c->btf_why);
		return;
	}
	if (vr_module_away(c, m->module))
		say(&s, "module %s is not loaded, so nothing here is its own (the other end of a"
		    " virtual machine's network is for %s); ", m->module,
		    strncmp(m->module, "virtio", 6) ? "vring" : "vhostq");
	say(&s, "no debuginfo of module %s: %s; install ", m->module, c->t->why);
	say_package(&s, c->t->release);
	say(&s, ", start crash with --mod DIRECTORY, %sgive %s -t DIRECTORY",
	    c->t->minimal ? "or " : "", command);
	/* crash has no such command in minimal mode. */
	if (!c->t->minimal)
		say(&s, ", or: mod -s %s FILE", m->module);
}
