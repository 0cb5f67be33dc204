/*
 * Runs a fuzz target without libFuzzer, with any compiler: every file named
 * or found below a folder named on the command line, each also cut short and
 * with bytes changed. The changes come from a fixed seed, so that a failure
 * comes back. One thread.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	CUTS = 24,           /* shortened variants of a file */
	CHANGES = 40,        /* variants with changed bytes */
	VARY_BYTES = 1 << 16 /* longer files are run as they are, for time */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static struct {
	uint64_t seed;
	unsigned long files;
	unsigned long runs;
} replay;

static uint64_t
replay_random(void)
{
	replay.seed ^= replay.seed << 13;
	replay.seed ^= replay.seed >> 7;
	replay.seed ^= replay.seed << 17;
	return replay.seed;
}

/* A heap copy of the exact length, so that reading past it shows. */
static void
replay_run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	replay.runs++;
	free(copy);
}

static void
replay_vary(uint8_t *data, size_t len)
{
	static const uint8_t nasty[] = {0, '"', '{', '[', '\\', 0xff, 0x80, '-',
	    '9', '\n', ' ', ':'};
	uint8_t keep[4];
	size_t at[4];
	int i, k;

	for (i = 0; i < CUTS; i++)
		replay_run(data, replay_random() % len);
	for (i = 0; i < CHANGES; i++) {
		for (k = 0; k < 4; k++) {
			at[k] = replay_random() % len;
			keep[k] = data[at[k]];
			data[at[k]] = (i & 1) != 0
			    ? (uint8_t)replay_random()
			    : nasty[replay_random() % sizeof(nasty)];
		}
		replay_run(data, len);
		for (k = 3; k >= 0; k--)
			data[at[k]] = keep[k];
	}
}

static int
replay_file(const char *path, const struct stat *st, int type)
{
	size_t len = (size_t)st->st_size;
	uint8_t *data;
	FILE *f;

	if (type != FTW_F)
		return 0;
	f = fopen(path, "rb");
	data = malloc(len + 1);
	if (f == NULL || data == NULL || fread(data, 1, len, f) != len) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(1);
	}
	fclose(f);
	replay.files++;
	replay_run(data, len);
	if (len > 0 && len <= VARY_BYTES)
		replay_vary(data, len);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	int i;

	replay.seed = UINT64_C(0x9e3779b97f4a7c15);
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	replay_run((const uint8_t *)"", 0);
	for (i = 1; i < argc; i++) {
		if (ftw(argv[i], replay_file, 8) != 0) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
	}
	printf("%lu files, %lu runs\n", replay.files, replay.runs);
	if (replay.files == 0)
		printf("SKIP: no corpus to replay\n");
	return 0;
}
