/*
 * Runs a fuzz target over its corpus, for `make check`: every file of the
 * directory named like the program without "fuzz_", in top_srcdir. Prints TAP.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int
replay(const char *dir, const char *name)
{
	char path[4300];
	uint8_t *data = NULL;
	FILE *file;
	long size = -1;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "rb");
	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size >= 0) {
		rewind(file);
		data = malloc((size_t)size + !size);
	}
	if (data && fread(data, 1, (size_t)size, file) == (size_t)size)
		LLVMFuzzerTestOneInput(data, (size_t)size);
	else
		size = -1;
	free(data);
	if (file)
		fclose(file);
	return size < 0;
}

int
main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	const char *name = strstr(base, "fuzz_");
	const char *src = getenv("top_srcdir");
	struct dirent **entries;
	char dir[4000];
	int n, failed = 0;

	(void)argc;
	snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", src ? src : ".", name ? name + 5 : base);
	n = scandir(dir, &entries, is_file, alphasort);
	if (n <= 0) {
		printf("Bail out! no corpus in %s\n", dir);
		return 1;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		int bad = replay(dir, entries[i]->d_name);

		printf("%sok %d - %s\n", bad ? "not " : "", i + 1, entries[i]->d_name);
		fflush(stdout);
		failed += bad;
		free(entries[i]);
	}
	free(entries);
	return failed != 0;
}
