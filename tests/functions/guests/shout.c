/* What it is told, in capitals: a function that uses the C library. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define OWN_MEMORY /* malloc() is the library's */
#include "runnable.h"

static int calls;

void
run(const byte *input, size len, int ident)
{
	char *answer = malloc(len + 32);
	int n = snprintf(answer, len + 32, "hey, %.*s! (%d)", (int)len, (const char *)input, ++calls);

	for (int i = 0; i < n; i++)
		answer[i] = (char)toupper((unsigned char)answer[i]);
	return_result(answer, (size)n, ident);
}
