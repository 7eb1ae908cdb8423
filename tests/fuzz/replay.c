// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replay.c - runs a fuzzer's entry over files and folders of files, for
 * compilers without libFuzzer:  replay CORPUS...
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"

#define MAX_SIZE	(1u << 20)
#define SLOW		10.0	/* seconds of CPU time; a hang as far as we are concerned */

/* Of the sanitizers, when it is built with them. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static unsigned files;
static const char *current = "";

/* The sanitizers are about to end the program: say on which file. */
static void name_input(void)
{
	fprintf(stderr, "while reading %s\n", current);
}

/* The CPU time used so far: other programs take none of it. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(MAX_SIZE), *exact;
	double start = now();
	size_t size;

	if (!f || !data) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	size = fread(data, 1, MAX_SIZE, f);
	fclose(f);
	/* Of its own size, so that a read behind its end is seen. */
	exact = malloc(size ? size : 1);
	if (!exact)
		exit(1);
	memcpy(exact, data, size);
	free(data);
	current = path;
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	files++;
	if (now() - start > SLOW) {
		fprintf(stderr, "%s: took %.1f s\n", path, now() - start);
		exit(1);
	}
}

static void run(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[4096];

	if (!d) {
		run_file(path);
		return;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		run(name);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(name_input);
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	fprintf(stderr, "%s: %u inputs, no complaint\n", argv[0], files);
	return files ? 0 : 1;
}
