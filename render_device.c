// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_device.c - a device's lines above its queues: what it is, and what was
 * negotiated.
 */
#include <inttypes.h>
#include <string.h>

#include "vring.h"

/* A PCI device without VERSION_1 is a legacy one, once a driver has negotiated. */
static const char *flavour(const struct vr_device *d)
{
	if (strcmp(d->transport, "pci") || d->features.have != VR_READ)
		return "";
	if (d->features.v >> 32 & 1)
		return " modern";
	return d->bound.have == VR_READ && d->bound.v ? " legacy" : "";
}

static void print_mask(FILE *out, const struct vr_device *d)
{
	if (d->features.have != VR_READ)
		fprintf(out, "features -");
	else if (d->features_high.have == VR_READ && d->features_high.v)
		fprintf(out, "features %" PRIx64 "%016" PRIx64,
			d->features_high.v, d->features.v);
	else
		fprintf(out, "features %" PRIx64, d->features.v);
}

/* What a device of any type has, the rest of a line. */
static void print_kind(FILE *out, const struct vr_device *d, bool mask)
{
	char driver[sizeof(d->driver) * 4], name[sizeof(d->parent) * 4];
	char bus[sizeof(d->transport) * 4], b[24];
	const char *type = vr_type_name(d->type, b);

	vr_text_escape(driver, sizeof(driver), d->driver);
	vr_text_escape(name, sizeof(name), d->parent);
	vr_text_escape(bus, sizeof(bus), d->transport);
	fprintf(out, "  %s", type ? type : "-");
	if (d->bound.have == VR_READ && !d->bound.v)
		fprintf(out, "  no driver");
	else
		fprintf(out, "  driver %s", *driver ? driver : "-");
	if (*name)
		fprintf(out, "  %s%s%s%s", bus, *bus ? " " : "", name, flavour(d));
	if (mask) {
		fprintf(out, "  ");
		print_mask(out, d);
	}
	if (d->failed.have == VR_READ && d->failed.v)
		fprintf(out, "  failed");
	if (d->bound.v && d->enabled.have == VR_READ && !d->enabled.v)
		fprintf(out, "  not enabled");
	fputc('\n', out);
}

void vr_text_device(FILE *out, const struct vr_device *d, bool mask)
{
	char name[64], b[6][24];

	vr_text_escape(name, sizeof(name), vr_device_name(d));
	if (!d->ref.addr) {
		fprintf(out, "%s  virtio_device %s", *name ? name : "-",
			vr_addr_text(d->virtio_device, b[0]));
		print_kind(out, d, mask);
		return;
	}
	fprintf(out, "%s  net_device %" PRIx64 "  virtnet_info %s"
		"  virtio%s  netns %s  queue pairs %s of %s\n", name, d->ref.addr,
		vr_addr_text(d->virtnet_info, b[4]), vr_val_text(d->virtio_index, b[0]),
		vr_val_text(d->ref.inum, b[1]), vr_val_text(d->curr_pairs, b[2]),
		vr_val_text(d->max_pairs, b[3]));
	if (*d->parent || *d->transport)
		print_kind(out, d, mask);
}

int vr_label_width(const struct vr_device *d)
{
	char label[4 * VR_LABEL_SIZE];
	int width = 6;

	for (unsigned i = 0; i < d->nqueues; i++) {
		vr_text_escape(label, sizeof(label), d->queues[i].label);
		if ((int)strlen(label) > width)
			width = (int)strlen(label);
	}
	return width;
}

void vr_text_no_queues(FILE *out, const struct vr_device *d)
{
	if (!d->nqueues && !d->ref.addr)
		fprintf(out, "  %s\n", d->unlisted ? "queues unreadable" :
						     "no queues");
}

void vr_text_features(FILE *out, const struct vr_device *d, unsigned width)
{
	unsigned at = 0;

	fprintf(out, "  ");
	print_mask(out, d);
	at = width;
	for (unsigned bit = 0; bit < 128; bit++) {
		const struct vr_val *mask = bit < 64 ? &d->features :
						       &d->features_high;
		const char *name = vr_feature_name(d->type.v, bit);
		char word[32];
		int n;

		if (mask->have != VR_READ || !(mask->v >> bit % 64 & 1))
			continue;
		n = name ? snprintf(word, sizeof(word), "%s", name) :
			   snprintf(word, sizeof(word), "bit_%u", bit);
		if (at + 1 + (unsigned)n >= width) {
			fprintf(out, "\n   ");
			at = 3;
		}
		fprintf(out, " %s", word);
		at += 1 + (unsigned)n;
	}
	fputc('\n', out);
}
