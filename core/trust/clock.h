/* The time by which keys and credentials hold. One place asks, so that tests can
 * answer (their -Wl,--wrap=pst_clock_now). */
#ifndef PST_TRUST_CLOCK_H
#define PST_TRUST_CLOCK_H

#include <stdint.h>

/* Seconds since 1970; 0 for a clock that is before. */
uint64_t pst_clock_now(void);

#endif
