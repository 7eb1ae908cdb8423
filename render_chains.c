// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_chains.c - descriptor chains as text and as JSON, for both sides.
 */
#include <inttypes.h>

#include "json.h"

/* A buffer of a packed ring whose descriptors are not to be found: neither is its slot. */
static bool lost(const struct vr_chains *s, const struct vr_chain *k)
{
	return s->packed && !k->count && k->stop != VR_STOP_CAPPED;
}

static void print_head(FILE *out, const struct vr_chains *s, const struct vr_chain *k)
{
	if (lost(s, k))
		fprintf(out, "slot -, id %u", k->id);
	else if (s->packed)
		fprintf(out, "slot %u, id %u", k->head, k->id);
	else
		fprintf(out, "head %u", k->head);
}

/* How many of the 'n' chains at 'k' are like the first, of which not a descriptor could
 * be read: a page of a table that is missing has many heads. */
static uint32_t alike(const struct vr_chain *k, uint32_t n)
{
	uint32_t i = 0;

	while (i < n && !k[i].count && k[i].stop == VR_STOP_UNREADABLE)
		i++;
	return i;
}

static void print_alike(FILE *out, const struct vr_chains *s, const struct vr_chain *k,
			uint32_t n)
{
	fprintf(out, "    ");
	print_head(out, s, k);
	fprintf(out, " ... ");
	print_head(out, s, &k[n - 1]);
	fprintf(out, ": %" PRIu32 " chains without a descriptor; stopped: %s\n", n,
		vr_stop_name(k->stop));
}

static void print_chain(FILE *out, const struct vr_chains *s,
			const struct vr_chain *k)
{
	fprintf(out, "    ");
	print_head(out, s, k);
	fprintf(out, ": %u descriptor%s, %" PRIu64 " bytes to read, %" PRIu64
		" to write%s%s\n", k->count, k->count == 1 ? "" : "s",
		k->readable, k->writable,
		k->stop == VR_STOP_END ? "" : "; stopped: ",
		k->stop == VR_STOP_END ? "" : vr_stop_name(k->stop));
	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		const struct vr_desc *d = &s->desc[i];
		char flags[48];

		vr_desc_flags(flags, sizeof(flags), d->flags);
		fprintf(out, "      %s%5u  addr %" PRIx64 "  len %u  flags %u%s  %s %u\n",
			d->indirect ? "  " : "", d->index, d->addr, d->len,
			d->flags, flags, s->packed ? "id" : "next", d->next);
	}
}

void vr_text_chains(FILE *out, const struct vr_chains *s)
{
	if (!s->wanted)
		return;
	if (!s->known) {
		fprintf(out, "  chains with the device: -\n");
		return;
	}
	fprintf(out, "  chains with the device: %u%s\n", s->nchains,
		s->bus.have != VR_READ ? "; whether addresses are an IOMMU's is not known" :
		s->bus.v ? "; addresses are bus addresses (IOMMU), not guest-physical" : "");
	for (uint32_t i = 0; i < s->nchains; i++) {
		uint32_t n = alike(&s->chain[i], s->nchains - i);

		if (n < 3) {
			print_chain(out, s, &s->chain[i]);
			continue;
		}
		print_alike(out, s, &s->chain[i], n);
		i += n - 1;
	}
	if (s->capped)
		fprintf(out, "    ... more than %u descriptors; the rest is not shown\n",
			s->ndescs);
}

static void json_chain(struct json *j, const struct vr_chains *s,
		       const struct vr_chain *k)
{
	json_object(j, NULL);
	if (lost(s, k))
		json_null(j, "head");
	else
		json_number(j, "head", k->head);
	json_number(j, "id", k->id);
	json_string(j, "stop", vr_stop_name(k->stop));
	json_number(j, "readable", k->readable);
	json_number(j, "writable", k->writable);
	json_array(j, "desc");
	for (uint32_t i = k->first; i < k->first + k->count; i++) {
		const struct vr_desc *d = &s->desc[i];

		json_object(j, NULL);
		json_number(j, "index", d->index);
		json_bool(j, "indirect", d->indirect);
		json_val_hex(j, "addr", (struct vr_val){ d->addr, VR_READ });
		json_number(j, "len", d->len);
		json_number(j, "flags", d->flags);
		json_number(j, s->packed ? "id" : "next", d->next);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

void vr_json_chains(struct json *j, const struct vr_chains *s)
{
	if (!s->wanted)
		return;
	if (s->known) {
		json_array(j, "chains");
		for (uint32_t i = 0; i < s->nchains; i++)
			json_chain(j, s, &s->chain[i]);
		json_close_array(j);
	} else {
		json_null(j, "chains");
	}
	json_bool(j, "chains_capped", s->capped);
	json_val_bool(j, "bus_addresses", s->bus);
}
