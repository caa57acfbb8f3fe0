#include <stdlib.h>

#include "load.h"

#define MAX_SAMPLES (4 * 1024 * 1024)

static float samples[MAX_SAMPLES]; /* microseconds */
static size_t sample_count;

void
sample_add(double seconds)
{
	if (sample_count < MAX_SAMPLES)
		samples[sample_count++] = (float)(seconds * 1e6);
}

static int
sample_order(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
samples_sort(void)
{
	qsort(samples, sample_count, sizeof *samples, sample_order);
}

void
samples_print(void)
{
	if (sample_count == 0)
		return;
	samples_sort();
	print("p50_us", samples[sample_count / 2]);
	print("p99_us", samples[sample_count * 99 / 100]);
	print("p999_us", samples[sample_count * 999 / 1000]);
}

void
samples_print_ms(void)
{
	if (sample_count == 0)
		return;
	samples_sort();
	print("ms", samples[sample_count / 2] / 1e3);
	print("least_ms", samples[0] / 1e3);
	print("most_ms", samples[sample_count - 1] / 1e3);
}
