// SPDX-License-Identifier: Apache-2.0
/*
 * background: the calls of `syscall` (null, read, write) while X other
 * processes sleep.
 *
 * bench_loops: repetitions of each call (1000). bench_most: sleepers at the
 * end of the sweep (1024).
 */

#include "bench.h"

static void sleeper(void *unused)
{
	(void)unused;
	for (;;)
		sys_pause();
}

static void measure(uint64_t x, uint64_t loops, int zero, int null)
{
	struct figure f;
	uint64_t i;
	char byte = 0;

	figure_begin(&f, "null", x, loops);
	for (i = 0; i < loops; i++)
		sys_getppid();
	figure_end(&f);
	figure_begin(&f, "read", x, loops);
	for (i = 0; i < loops; i++)
		sys_read(zero, &byte, 1);
	figure_end(&f);
	figure_begin(&f, "write", x, loops);
	for (i = 0; i < loops; i++)
		sys_write(null, &byte, 1);
	figure_end(&f);
}

void bench_main(void)
{
	uint64_t loops = parameter_number("bench_loops", 1000);
	uint64_t most = parameter_number("bench_most", 1024);
	int zero = must(sys_open("/dev/zero", O_RDONLY, 0));
	int null = must(sys_open("/dev/null", O_WRONLY, 0));
	uint64_t x, asleep = 0;

	settle();
	measure(0, loops, zero, null);
	for (x = 1; x <= most; x *= 2) {
		for (; asleep < x; asleep++)
			child(sleeper, NULL);
		/* Each gets the processor once, to fall asleep. */
		sleep_ms(100);
		measure(x, loops, zero, null);
	}
}
