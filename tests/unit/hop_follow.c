// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hop_follow.c - a hop of vqwalk done by hand.
 */
#include "unit.h"
#include "hop_follow.h"

static bool on_list(struct fake_target *f, uint64_t head, uint64_t node)
{
	uint64_t at = fake_get64(f, head);

	for (unsigned i = 0; i < 64 && at != head; i++, at = fake_get64(f, at))
		if (at == node)
			return true;
	return false;
}

/* Where the words of a split ring are (virtio 1.2, 2.7.6 and 2.7.8). */
static uint64_t word_offset(const struct vr_hop *p)
{
	if (!strcmp(p->member, "idx"))
		return 2;
	return 4 + p->count * (strcmp(p->member, "used_event") ? 8 : 2);
}

void hop_follow(struct fake_target *f, const struct vr_hop *p, const char *whose)
{
	uint64_t at = p->addr + p->offset;
	bool ok = false;

	if (p->member && fake_has(f, p->type, p->member))
		assert_int_equal(p->offset, fake_offset(f, p->type, p->member));
	switch (p->rule) {
	case VR_RULE_POINTER:
	case VR_RULE_USER:
		ok = fake_get64(f, at) == p->next;
		break;
	case VR_RULE_SLOT:
		ok = fake_get64(f, at + 8 * p->count) == p->next;
		break;
	case VR_RULE_INSIDE:
		ok = p->next == at;
		break;
	case VR_RULE_BEHIND:
		ok = p->next == p->addr + (fake_sizeof(f, p->type) + 31) / 32 * 32;
		break;
	case VR_RULE_AROUND:
		ok = p->next == p->addr - p->offset;
		break;
	case VR_RULE_LIST:
		ok = on_list(f, at, p->next);
		break;
	case VR_RULE_ELEMENT:
		ok = p->next == p->addr + p->count * fake_sizeof(f, p->type);
		break;
	case VR_RULE_FIRST:
		ok = p->next == p->addr - fake_offset(f, "vring_virtqueue", "vq");
		break;
	case VR_RULE_WORD:
		ok = p->next == p->addr + word_offset(p);
		break;
	case VR_RULE_FILE:
		/* From a task, of which any number of files may be open. */
		ok = p->addr && p->next;
		break;
	}
	if (!ok)
		fail_msg("%s: %s.%s at %llx does not lead to %llx", whose, p->type,
			 p->member ? p->member : "", (unsigned long long)p->addr,
			 (unsigned long long)p->next);
}
