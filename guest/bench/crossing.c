// SPDX-License-Identifier: Apache-2.0
/*
 * crossing: what a call of the kernel costs beside work of the program's own.
 * `call` is a getppid and X turns of an empty loop, `work` the X turns alone.
 * A turn is three instructions.
 *
 * bench_loops: repetitions of each (1000).
 */

#include "bench.h"

static inline void turns(uint64_t n)
{
	while (n--)
		__asm__ volatile("");
}

static void measure(uint64_t x, uint64_t loops)
{
	struct figure f;
	uint64_t i;

	sys_getppid();
	figure_begin(&f, "call", x, loops);
	for (i = 0; i < loops; i++) {
		sys_getppid();
		turns(x);
	}
	figure_end(&f);
	figure_begin(&f, "work", x, loops);
	for (i = 0; i < loops; i++)
		turns(x);
	figure_end(&f);
}

void bench_main(void)
{
	uint64_t loops = parameter_number("bench_loops", 1000);
	uint64_t x;

	settle();
	measure(0, loops);
	for (x = 10; x <= 2560; x *= 2)
		measure(x, loops);
}
