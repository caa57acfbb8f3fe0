#include "trust/clock.h"

#include <time.h>

uint64_t
pst_clock_now(void)
{
	time_t now = time(NULL);

	return now > 0 ? (uint64_t)now : 0;
}
