/* Its input, and the how manieth call of its instance this is; or else it ends as it is told. */
#include "runnable.h"

static int calls;

static int
is(const byte *input, size len, const char *word)
{
	size i = 0;

	while (i < len && word[i] && input[i] == (byte)word[i])
		i++;
	return i == len && !word[i];
}

void
run(const byte *input, size len, int ident)
{
	byte *answer = take(len + 2);

	calls++;
	if (is(input, len, "trap"))
		__builtin_trap();
	if (is(input, len, "loop"))
		for (volatile int i = 0;; i++)
			;
	if (is(input, len, "error"))
		return_error(400, "error", 5, ident);
	copy(answer, input, len);
	answer[len] = ' ';
	answer[len + 1] = (byte)('0' + calls % 10);
	return_result(answer, len + 2, ident);
}
