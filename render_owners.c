// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_owners.c - who owns the buffers in flight, as text and as JSON.
 */
#include <arpa/inet.h>
#include <inttypes.h>

#include "json.h"

static const char *const kinds[] = {
	[VR_OWNER_TOKEN] = "token", [VR_OWNER_UNKNOWN] = "unknown",
	[VR_OWNER_SKB] = "sk_buff", [VR_OWNER_XDP_FRAME] = "xdp_frame",
	[VR_OWNER_XSK] = "xsk", [VR_OWNER_XDP_BUFF] = "xdp_buff",
	[VR_OWNER_BUFFER] = "buffer", [VR_OWNER_PAGE] = "page",
	[VR_OWNER_PAGES] = "pages", [VR_OWNER_REQUEST] = "request",
};

/* Values of request.state, an enum that has not changed since 4.18. */
static const char *const states[] = { "idle", "in_flight", "complete" };

/* Of a known number its name, else NULL. */
static const char *name_of(struct vr_val v, const char *const *names, unsigned n)
{
	return v.have == VR_READ && v.v < n ? names[v.v] : NULL;
}

static const char *ethertype(struct vr_val v)
{
	if (v.have != VR_READ)
		return NULL;
	switch (v.v) {
	case 0x0800:
		return "IPv4";
	case 0x0806:
		return "ARP";
	case 0x8100:
	case 0x88a8:
		return "VLAN";
	case 0x86dd:
		return "IPv6";
	default:
		return NULL;
	}
}

static const char *protocol(struct vr_val v)
{
	if (v.have != VR_READ)
		return NULL;
	switch (v.v) {
	case 1:
		return "icmp";
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 58:
		return "icmp6";
	default:
		return NULL;
	}
}

/* What the device was told to do (virtio 1.2, 5.2.6). */
static const char *blk_type(struct vr_val v)
{
	static const char *const names[] = {
		[0] = "READ", [1] = "WRITE", [4] = "FLUSH", [8] = "GET_ID",
		[11] = "DISCARD", [13] = "WRITE_ZEROES", [14] = "SECURE_ERASE",
	};

	return name_of(v, names, sizeof(names) / sizeof(names[0]));
}

static const char *operation(const struct vr_request *r)
{
	return r->op_name ? r->op_name : blk_type(r->type);
}

static struct vr_val total(const struct vr_owner *o)
{
	struct vr_val v = o->readable;

	v.v += o->writable.v;
	return v;
}

static void address(char buf[INET6_ADDRSTRLEN], const struct vr_flow *f,
		    const uint8_t *addr)
{
	if (!inet_ntop(f->version == 4 ? AF_INET : AF_INET6, addr, buf,
		       INET6_ADDRSTRLEN))
		buf[0] = '\0';
}

/* ---- text ---------------------------------------------------------------------- */

/* "10.0.0.1:80", "[fe80::1]:80", or without a port the bare address. */
static void print_end(FILE *out, const struct vr_flow *f, const uint8_t *addr,
		      struct vr_val port)
{
	bool brackets = f->version == 6 && port.have == VR_READ;
	char text[INET6_ADDRSTRLEN];

	address(text, f, addr);
	fprintf(out, "%s%s%s", brackets ? "[" : "", text, brackets ? "]" : "");
	if (port.have == VR_READ)
		fprintf(out, ":%" PRIu64, port.v);
}

static void print_flow(FILE *out, const struct vr_flow *f)
{
	const char *name = protocol(f->protocol);

	fputs("  ", out);
	print_end(out, f, f->src, f->sport);
	fputs(" > ", out);
	print_end(out, f, f->dst, f->dport);
	if (name)
		fprintf(out, " %s", name);
	else if (f->protocol.have == VR_READ)
		fprintf(out, " protocol %" PRIu64, f->protocol.v);
	if (f->icmp_type.have == VR_READ)
		fprintf(out, " type %" PRIu64, f->icmp_type.v);
}

static void print_packet(FILE *out, const struct vr_packet *p)
{
	const char *name = ethertype(p->protocol);
	char dev[64], b[24];

	fprintf(out, "  len %s", vr_val_text(p->len, b));
	if (p->data_len.have == VR_READ && p->data_len.v)
		fprintf(out, " (%" PRIu64 " in fragments)", p->data_len.v);
	vr_text_escape(dev, sizeof(dev), p->dev);
	if (*dev)
		fprintf(out, "  %s", dev);
	if (name)
		fprintf(out, "  %s", name);
	else if (p->protocol.have == VR_READ)
		fprintf(out, "  protocol %04" PRIx64, p->protocol.v);
	if (p->flow.version)
		print_flow(out, &p->flow);
}

static void print_request(FILE *out, const struct vr_request *r)
{
	const char *op = operation(r), *state = name_of(r->state, states, 3);
	char disk[160], b[3][24];

	vr_text_escape(disk, sizeof(disk), r->disk);
	fprintf(out, " %" PRIx64 "  %s ", r->addr, disk);
	if (op)
		fprintf(out, " %s", op);
	else
		fprintf(out, " op %s", vr_val_text(r->op, b[0]));
	fprintf(out, "  sector %s  len %s  tag %s", vr_val_text(r->sector, b[0]),
		vr_val_text(r->data_len, b[1]), vr_val_text(r->tag, b[2]));
	if (state)
		fprintf(out, "  %s", state);
	if (!r->age_from)
		fprintf(out, "  age not recorded");
	else
		fprintf(out, "  %s ms since %s", vr_val_text(r->age_ms, b[0]),
			r->age_from);
}

static void print_owner(FILE *out, const struct vr_owner *o)
{
	char b[24];

	fprintf(out, "    %5u  %16" PRIx64 "  %7s  %s", o->head, o->token,
		vr_val_text(total(o), b), o->returned ? "returned  " : "");
	if (o->why) {
		fprintf(out, "unrecognised (%s expected): %s\n", kinds[o->kind],
			o->why);
		return;
	}
	fprintf(out, "%s%s", o->orphan ? "orphaned " : "", kinds[o->kind]);
	if (o->packet)
		print_packet(out, o->packet);
	if (o->request)
		print_request(out, o->request);
	if (o->truesize.have == VR_READ)
		fprintf(out, "  truesize %" PRIu64, o->truesize.v);
	if (o->xsk_len.have == VR_READ)
		fprintf(out, "  len %" PRIu64, o->xsk_len.v);
	fputc('\n', out);
}

void vr_text_owners(FILE *out, const struct vr_owners *s)
{
	if (!s->wanted)
		return;
	if (!s->known) {
		fprintf(out, "  owners -\n");
		return;
	}
	fprintf(out, "  owners of buffers in flight: %u\n", s->total);
	if (s->count)
		fprintf(out, "    %5s  %-16s  %7s  OWNER\n", "HEAD", "TOKEN", "BYTES");
	for (uint32_t i = 0; i < s->count; i++)
		print_owner(out, &s->owner[i]);
	if (s->count < s->total)
		fprintf(out, "    ... and %u more: name the queue to see them all\n",
			s->total - s->count);
}

/* ---- JSON ---------------------------------------------------------------------- */

static void json_name(struct json *j, const char *name, const char *value)
{
	if (value)
		json_string(j, name, value);
	else
		json_null(j, name);
}

static void json_flow(struct json *j, const struct vr_flow *f)
{
	char text[INET6_ADDRSTRLEN];

	if (!f->version) {
		json_null(j, "flow");
		return;
	}
	json_object(j, "flow");
	address(text, f, f->src);
	json_string(j, "src", text);
	address(text, f, f->dst);
	json_string(j, "dst", text);
	json_val(j, "protocol", f->protocol);
	json_name(j, "protocol_name", protocol(f->protocol));
	json_val(j, "sport", f->sport);
	json_val(j, "dport", f->dport);
	json_val(j, "icmp_type", f->icmp_type);
	json_close_object(j);
}

static void json_skb(struct json *j, const struct vr_owner *o)
{
	const struct vr_packet *p = o->packet;

	json_object(j, "sk_buff");
	json_addr(j, "addr", o->addr);
	json_bool(j, "orphan", o->orphan);
	json_val(j, "len", p->len);
	json_val(j, "data_len", p->data_len);
	json_val(j, "protocol", p->protocol);
	json_name(j, "protocol_name", ethertype(p->protocol));
	json_string(j, "dev", p->dev);
	json_flow(j, &p->flow);
	json_close_object(j);
}

static void json_xdp(struct json *j, const struct vr_owner *o)
{
	json_object(j, "xdp_frame");
	json_addr(j, "addr", o->addr);
	json_val(j, "len", o->packet->len);
	json_val(j, "protocol", o->packet->protocol);
	json_name(j, "protocol_name", ethertype(o->packet->protocol));
	json_flow(j, &o->packet->flow);
	json_close_object(j);
}

static void json_request(struct json *j, const struct vr_request *r)
{
	json_object(j, "request");
	json_addr(j, "addr", r->addr);
	json_string(j, "disk", r->disk);
	json_name(j, "op_name", operation(r));
	json_val(j, "op", r->op);
	json_val(j, "type", r->type);
	json_val(j, "sector", r->sector);
	json_val(j, "data_len", r->data_len);
	json_val(j, "tag", r->tag);
	json_val(j, "state", r->state);
	json_name(j, "state_name", name_of(r->state, states, 3));
	json_val(j, "age_ms", r->age_ms);
	json_name(j, "age_from", r->age_from);
	json_close_object(j);
}

static void json_owner(struct json *j, const struct vr_owner *o)
{
	json_object(j, NULL);
	json_number(j, "head", o->head);
	json_val_hex(j, "token", (struct vr_val){ o->token, VR_READ });
	json_string(j, "kind", o->why ? "unrecognised" : kinds[o->kind]);
	if (o->why) {
		json_string(j, "as", kinds[o->kind]);
		json_string(j, "why", o->why);
	}
	json_bool(j, "returned", o->returned);
	json_val(j, "len", total(o));
	json_val(j, "readable", o->readable);
	json_val(j, "writable", o->writable);
	if (o->kind == VR_OWNER_BUFFER)
		json_val(j, "truesize", o->truesize);
	if (o->kind == VR_OWNER_XSK)
		json_val(j, "xsk_len", o->xsk_len);
	if (o->packet && o->kind == VR_OWNER_SKB)
		json_skb(j, o);
	else if (o->packet)
		json_xdp(j, o);
	if (o->request)
		json_request(j, o->request);
	json_close_object(j);
}

void vr_json_owners(struct json *j, const struct vr_owners *s)
{
	if (!s->known) {
		json_null(j, "owners");
		return;
	}
	json_array(j, "owners");
	for (uint32_t i = 0; i < s->count; i++)
		json_owner(j, &s->owner[i]);
	json_close_array(j);
	json_number(j, "owners_left_out", s->total - s->count);
}
