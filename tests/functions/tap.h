/* Cases of the programs here, as TAP. */
#ifndef TESTS_FUNCTIONS_TAP_H
#define TESTS_FUNCTIONS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned tap_cases, tap_failures;

__attribute__((format(printf, 2, 3), unused)) static bool
tap(bool ok, const char *fmt, ...)
{
	va_list args;

	printf("%sok %u - ", ok ? "" : "not ", ++tap_cases);
	tap_failures += !ok;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	return ok;
}

__attribute__((unused)) static int
tap_end(void)
{
	printf("1..%u\n", tap_cases);
	return tap_failures > 0;
}

#endif
