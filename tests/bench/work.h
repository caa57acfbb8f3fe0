/* What the bench computes, natively and in a guest. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

uint32_t work_fib(uint32_t n);
uint32_t work_sha256(uint32_t kib);

#endif
