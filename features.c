// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * features.c - names of device types and of feature bits, from the virtio
 * specification (chapter 5 for each type, chapter 6 for the reserved bits).
 */
#include <inttypes.h>

#include "vring.h"

struct bit {
	uint8_t bit;
	const char *name;	/* NULL: the table's end */
};

/* Bits of the transport and of the rings, the same for each type. */
static const struct bit common[] = {
	{ 24, "NOTIFY_ON_EMPTY" }, { 27, "ANY_LAYOUT" }, { 28, "INDIRECT_DESC" },
	{ 29, "EVENT_IDX" }, { 32, "VERSION_1" }, { 33, "ACCESS_PLATFORM" },
	{ 34, "RING_PACKED" }, { 35, "IN_ORDER" }, { 36, "ORDER_PLATFORM" },
	{ 37, "SR_IOV" }, { 38, "NOTIFICATION_DATA" },
	{ 39, "NOTIF_CONFIG_DATA" }, { 40, "RING_RESET" }, { 41, "ADMIN_VQ" },
	{ 0, NULL },
};

static const struct bit net[] = {
	{ 0, "CSUM" }, { 1, "GUEST_CSUM" }, { 2, "CTRL_GUEST_OFFLOADS" },
	{ 3, "MTU" }, { 5, "MAC" }, { 6, "GSO" }, { 7, "GUEST_TSO4" },
	{ 8, "GUEST_TSO6" }, { 9, "GUEST_ECN" }, { 10, "GUEST_UFO" },
	{ 11, "HOST_TSO4" }, { 12, "HOST_TSO6" }, { 13, "HOST_ECN" },
	{ 14, "HOST_UFO" }, { 15, "MRG_RXBUF" }, { 16, "STATUS" },
	{ 17, "CTRL_VQ" }, { 18, "CTRL_RX" }, { 19, "CTRL_VLAN" },
	{ 20, "CTRL_RX_EXTRA" }, { 21, "GUEST_ANNOUNCE" }, { 22, "MQ" },
	{ 23, "CTRL_MAC_ADDR" }, { 50, "DEVICE_STATS" }, { 51, "HASH_TUNNEL" },
	{ 52, "VQ_NOTF_COAL" }, { 53, "NOTF_COAL" }, { 54, "GUEST_USO4" },
	{ 55, "GUEST_USO6" }, { 56, "HOST_USO" }, { 57, "HASH_REPORT" },
	{ 59, "GUEST_HDRLEN" }, { 60, "RSS" }, { 61, "RSC_EXT" },
	{ 62, "STANDBY" }, { 63, "SPEED_DUPLEX" },
	/* Only kernels since 6.17 have room for these. */
	{ 65, "GUEST_UDP_TUNNEL_GSO" }, { 66, "GUEST_UDP_TUNNEL_GSO_CSUM" },
	{ 67, "HOST_UDP_TUNNEL_GSO" }, { 68, "HOST_UDP_TUNNEL_GSO_CSUM" },
	{ 0, NULL },
};

static const struct bit block[] = {
	{ 0, "BARRIER" }, { 1, "SIZE_MAX" }, { 2, "SEG_MAX" }, { 4, "GEOMETRY" },
	{ 5, "RO" }, { 6, "BLK_SIZE" }, { 7, "SCSI" }, { 9, "FLUSH" },
	{ 10, "TOPOLOGY" }, { 11, "CONFIG_WCE" }, { 12, "MQ" },
	{ 13, "DISCARD" }, { 14, "WRITE_ZEROES" }, { 15, "LIFETIME" },
	{ 16, "SECURE_ERASE" }, { 17, "ZONED" }, { 0, NULL },
};

static const struct bit console[] = {
	{ 0, "SIZE" }, { 1, "MULTIPORT" }, { 2, "EMERG_WRITE" }, { 0, NULL },
};

static const struct bit balloon[] = {
	{ 0, "MUST_TELL_HOST" }, { 1, "STATS_VQ" }, { 2, "DEFLATE_ON_OOM" },
	{ 3, "FREE_PAGE_HINT" }, { 4, "PAGE_POISON" }, { 5, "PAGE_REPORTING" },
	{ 0, NULL },
};

static const struct bit scsi[] = {
	{ 0, "INOUT" }, { 1, "HOTPLUG" }, { 2, "CHANGE" }, { 3, "T10_PI" },
	{ 0, NULL },
};

static const struct bit plan9[] = { { 0, "MOUNT_TAG" }, { 0, NULL } };

static const struct bit gpu[] = {
	{ 0, "VIRGL" }, { 1, "EDID" }, { 2, "RESOURCE_UUID" },
	{ 3, "RESOURCE_BLOB" }, { 4, "CONTEXT_INIT" }, { 0, NULL },
};

static const struct bit vsock[] = {
	{ 0, "STREAM" }, { 1, "SEQPACKET" }, { 2, "NO_IMPLIED_STREAM" },
	{ 0, NULL },
};

static const struct bit crypto[] = {
	{ 0, "REVISION_1" }, { 1, "CIPHER_STATELESS_MODE" },
	{ 2, "HASH_STATELESS_MODE" }, { 3, "MAC_STATELESS_MODE" },
	{ 4, "AEAD_STATELESS_MODE" }, { 5, "AKCIPHER_STATELESS_MODE" },
	{ 0, NULL },
};

static const struct bit iommu[] = {
	{ 0, "INPUT_RANGE" }, { 1, "DOMAIN_RANGE" }, { 2, "MAP_UNMAP" },
	{ 3, "BYPASS" }, { 4, "PROBE" }, { 5, "MMIO" }, { 6, "BYPASS_CONFIG" },
	{ 0, NULL },
};

static const struct bit mem[] = {
	{ 0, "ACPI_PXM" }, { 1, "UNPLUGGED_INACCESSIBLE" }, { 0, NULL },
};

static const struct bit fs[] = { { 0, "NOTIFICATION" }, { 0, NULL } };

/* Types that have no bits of their own, or none that is known here: NULL. */
static const struct {
	uint8_t id;
	const char *name;
	const struct bit *bits;
} types[] = {
	{ VR_ID_NET, "net", net }, { 2, "block", block },
	{ VR_ID_CONSOLE, "console", console }, { 4, "rng", NULL },
	{ VR_ID_BALLOON, "balloon", balloon },
	{ 6, "iomem", NULL }, { 7, "rpmsg", NULL }, { VR_ID_SCSI, "scsi", scsi },
	{ 9, "9p", plan9 }, { 10, "mac80211-wlan", NULL },
	{ 11, "rproc-serial", NULL }, { 12, "caif", NULL },
	{ 13, "memory-balloon", NULL }, { 16, "gpu", gpu }, { 17, "clock", NULL },
	{ VR_ID_INPUT, "input", NULL }, { VR_ID_VSOCK, "vsock", vsock },
	{ 20, "crypto", crypto }, { 21, "signal-distribution", NULL },
	{ 22, "pstore", NULL }, { VR_ID_IOMMU, "iommu", iommu }, { 24, "mem", mem },
	{ VR_ID_SOUND, "sound", NULL }, { 26, "fs", fs }, { 27, "pmem", NULL },
	{ 28, "rpmb", NULL }, { 29, "mac80211-hwsim", NULL },
	{ 30, "video-encoder", NULL }, { 31, "video-decoder", NULL },
	{ 32, "scmi", NULL }, { 33, "nitro-sec-mod", NULL }, { 34, "i2c", NULL },
	{ 35, "watchdog", NULL }, { 36, "can", NULL },
	{ 38, "param-server", NULL }, { 39, "audio-policy", NULL },
	{ 40, "bluetooth", NULL }, { 41, "gpio", NULL }, { 42, "rdma", NULL },
};

static const char *find(const struct bit *table, unsigned bit)
{
	for (; table && table->name; table++)
		if (table->bit == bit)
			return table->name;
	return NULL;
}

const char *vr_feature_name(uint64_t type, unsigned bit)
{
	const char *name = find(common, bit);

	for (unsigned i = 0; !name && i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].id == type)
			name = find(types[i].bits, bit);
	return name;
}

const char *vr_vhost_feature_name(uint64_t type, unsigned bit)
{
	/* vhost's own meaning of two bits that it never passes to a guest. */
	if (bit == 26)
		return "LOG_ALL";
	if (bit == 27)
		return "VHOST_NET_VIRTIO_NET_HDR";
	return vr_feature_name(type, bit);
}

const char *vr_type_name(struct vr_val type, char buf[24])
{
	if (type.have != VR_READ)
		return NULL;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].id == type.v)
			return types[i].name;
	snprintf(buf, 24, "%" PRIu64, type.v);
	return buf;
}
