// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_pages.c - the part of host_tool that leaves rings in memory that is hard to
 * read for others: pages that are gone, swapped out, or that nobody may touch.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host_tool.h"

#define SWAPPED		(1ULL << 62)	/* in an entry of a pagemap */
#define PRESENT		(1ULL << 63)
#define PATIENCE	50

struct words words_of(const struct ring *ring)
{
	if (ring->kept)
		return ring->words;
	return (struct words){ ring->avail->flags, ring->avail->idx, *used_event(ring),
			       ring->used->flags, ring->used->idx, *avail_event(ring) };
}

/* From here on nobody of us looks: that alone would bring pages back. */
static void keep(struct ring *ring, const char *unseen)
{
	ring->words = words_of(ring);
	ring->kept = true;
	ring->unseen = unseen;
}

static void advise(const struct ring *ring, int advice)
{
	if (madvise(ring->desc, PAGE, advice) || madvise(ring->avail, PAGE, advice) ||
	    madvise(ring->used, PAGE, advice))
		failed("madvise");
}

/* forget VHOST INDEX: its pages go back to the kernel, nothing is mapped there then */
void do_forget(char **w)
{
	struct ring *ring = ring_named(w);

	keep(ring, "forgotten");
	advise(ring, MADV_DONTNEED);
}

/* What the kernel tells of the page at an address. */
static uint64_t page_state(const void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)at / PAGE * 8)) !=
	    sizeof(entry))
		failed("pagemap");
	close(fd);
	return entry;
}

/* pageout VHOST INDEX: to swap, of which there must be some */
void do_pageout(char **w)
{
	struct ring *ring = ring_named(w);

	keep(ring, "swapped");
	for (int i = 0; i < PATIENCE; i++) {
		advise(ring, MADV_PAGEOUT);
		if (page_state(ring->desc) & page_state(ring->avail) &
		    page_state(ring->used) & SWAPPED)
			return;
		usleep(20000);
	}
	errno = ETIMEDOUT;
	failed("MADV_PAGEOUT");
}

/* protect REGION: nobody may touch it any more, but it stays where it is */
void do_protect(char **w)
{
	const struct region *region = &world.region[number(w[1])];

	for (int i = 0; i < world.vhosts; i++)
		for (int k = 0; k < MAX_RINGS; k++) {
			struct ring *ring = &world.vhost[i].ring[k];

			if (ring->num && (unsigned char *)ring->avail - region->at <
			    (long)region->size && (unsigned char *)ring->avail >= region->at)
				keep(ring, NULL);
		}
	if (mprotect(region->at, region->size, PROT_NONE))
		failed("mprotect");
	if (!(page_state(region->at) & PRESENT))
		failed("the page is gone");
}
