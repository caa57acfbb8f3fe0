/* "hello, " and its input. */
#include "runnable.h"

void
run(const byte *input, size len, int ident)
{
	byte *answer = take(7 + len);

	copy(answer, "hello, ", 7);
	copy(answer + 7, input, len);
	return_result(answer, 7 + len, ident);
}
