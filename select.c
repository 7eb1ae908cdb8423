// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * select.c - the words that mean a network device's queues: 1, tx1, input.0, ctrl.
 */
#include <stdlib.h>
#include <string.h>

#include "vring.h"

static int parse_number(const char *s, unsigned *ret)
{
	unsigned long v;
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	v = strtoul(s, &end, 10);
	if (*end || v >= VR_MAX_PAIRS)
		return -1;
	*ret = (unsigned)v;
	return 0;
}

int vr_select_queue(struct vr_select *sel, const char *word)
{
	static const struct {
		const char *prefix;
		enum vr_sel_queue queue;
		bool bare;	/* also without a number */
	} forms[] = {
		{ "output.", VR_SEL_TX, false }, { "input.", VR_SEL_RX, false },
		{ "tx", VR_SEL_TX, true }, { "rx", VR_SEL_RX, true },
		{ "", VR_SEL_PAIR, false },
	};

	sel->word = word;
	sel->queue = VR_SEL_NAME;
	sel->has_n = false;
	if (!strcmp(word, "ctrl")) {
		sel->queue = VR_SEL_CTRL;
		sel->full = true;
		return 0;
	}
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = strlen(forms[i].prefix);

		if (strncmp(word, forms[i].prefix, n))
			continue;
		if (!forms[i].bare || word[n]) {
			if (parse_number(word + n, &sel->n))
				return -1;
			sel->has_n = sel->full = true;
		}
		sel->queue = forms[i].queue;
		return 0;
	}
	return -1;
}

bool vr_select_wants(const struct vr_select *sel, enum vr_dir dir, unsigned pair)
{
	switch (sel->queue) {
	case VR_SEL_ALL:
		return true;
	case VR_SEL_CTRL:
		return dir == VR_CTRL;
	case VR_SEL_PAIR:
		return dir != VR_CTRL && pair == sel->n;
	case VR_SEL_RX:
		return dir == VR_RX && (!sel->has_n || pair == sel->n);
	default:
		return dir == VR_TX && (!sel->has_n || pair == sel->n);
	}
}
