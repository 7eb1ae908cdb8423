// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * features.c - names of feature bits, from the virtio specification (5.1.3 for
 * network devices, 6 for the reserved ones).  Bits 65 and up need more than the
 * 64 bits that kernels before 6.17 keep.
 */
#include "vring.h"

static const struct {
	uint8_t bit;
	const char *name;
} names[] = {
	{ 0, "CSUM" }, { 1, "GUEST_CSUM" }, { 2, "CTRL_GUEST_OFFLOADS" },
	{ 3, "MTU" }, { 5, "MAC" }, { 6, "GSO" }, { 7, "GUEST_TSO4" },
	{ 8, "GUEST_TSO6" }, { 9, "GUEST_ECN" }, { 10, "GUEST_UFO" },
	{ 11, "HOST_TSO4" }, { 12, "HOST_TSO6" }, { 13, "HOST_ECN" },
	{ 14, "HOST_UFO" }, { 15, "MRG_RXBUF" }, { 16, "STATUS" },
	{ 17, "CTRL_VQ" }, { 18, "CTRL_RX" }, { 19, "CTRL_VLAN" },
	{ 20, "CTRL_RX_EXTRA" }, { 21, "GUEST_ANNOUNCE" }, { 22, "MQ" },
	{ 23, "CTRL_MAC_ADDR" }, { 24, "NOTIFY_ON_EMPTY" },
	{ 27, "ANY_LAYOUT" }, { 28, "INDIRECT_DESC" }, { 29, "EVENT_IDX" },
	{ 32, "VERSION_1" }, { 33, "ACCESS_PLATFORM" }, { 34, "RING_PACKED" },
	{ 35, "IN_ORDER" }, { 36, "ORDER_PLATFORM" }, { 37, "SR_IOV" },
	{ 38, "NOTIFICATION_DATA" }, { 39, "NOTIF_CONFIG_DATA" },
	{ 40, "RING_RESET" }, { 41, "ADMIN_VQ" }, { 50, "DEVICE_STATS" },
	{ 51, "HASH_TUNNEL" }, { 52, "VQ_NOTF_COAL" }, { 53, "NOTF_COAL" },
	{ 54, "GUEST_USO4" }, { 55, "GUEST_USO6" }, { 56, "HOST_USO" },
	{ 57, "HASH_REPORT" }, { 59, "GUEST_HDRLEN" }, { 60, "RSS" },
	{ 61, "RSC_EXT" }, { 62, "STANDBY" }, { 63, "SPEED_DUPLEX" },
};

const char *vr_feature_name(unsigned bit)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].bit == bit)
			return names[i].name;
	return NULL;
}

const char *vr_vhost_feature_name(unsigned bit)
{
	/* vhost's own meaning of two bits that it never passes to a guest. */
	if (bit == 26)
		return "LOG_ALL";
	if (bit == 27)
		return "VHOST_NET_VIRTIO_NET_HDR";
	return vr_feature_name(bit);
}
