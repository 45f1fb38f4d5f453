/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every benchmark program shares. Each is the first program of its VM
 * (/init of an initrd), measures, prints lines on the serial console and ends
 * the VM. There is no libc.
 *
 * A line is `bench: WORD...`. A figure is
 *
 *	bench: figure NAME X COUNT TICKS NANOSECONDS
 *
 * COUNT repetitions took TICKS of the time stamp counter and NANOSECONDS of
 * the kernel's monotonic clock. X is the parameter of a sweep, otherwise 0.
 * Other lines: `bench: count NAME N` (a number of things), `bench: lacks NAME
 * ERRNO` (the kernel cannot do it), and `bench: end` (all was measured; without
 * it the run is to be thrown away).
 */
#ifndef LUPINE_BENCH_H
#define LUPINE_BENCH_H

#include <stdbool.h>
#include "../init/sys.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define sys_getppid()	sys3(getppid, 0, 0, 0)
#define sys_pause()	sys3(pause, 0, 0, 0)
#define sys_pipe(fds)	sys_pipe2(fds, 0)
#define sys_socket(family, type)	sys3(socket, family, type, 0)
#define sys_socketpair(family, type, fds) \
	sys6(socketpair, family, type, 0, fds, 0, 0)

#define AF_UNIX		1
#define AF_INET		2
#define SOCK_STREAM	1

/* Of the program, as the kernel gives them; set before bench_main. */
extern char **arguments;
extern char **environment;

/* What the program does; returning ends the VM. */
void bench_main(void);

void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n);
size_t strlen(const char *s);
bool same(const char *a, const char *b);
/* What follows @prefix in @s, or NULL when @s does not begin with it. */
const char *after(const char *s, const char *prefix);
/* A decimal number up to the first byte that is none. */
uint64_t number(const char *s);

/*
 * A parameter NAME=VALUE, which the host gives on the kernel's command line
 * and the kernel hands to its first program in the environment.
 */
const char *parameter(const char *name);
uint64_t parameter_number(const char *name, uint64_t otherwise);

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

uint64_t nanoseconds(void);
void sleep_ms(unsigned int ms);

/*
 * Lets the kernel end what it began at boot: the self-tests of ciphers run for
 * hundreds of milliseconds beside the first program. bench_settle_ms: 2000.
 */
void settle(void);

/* One measurement: begin, the work, end (which prints the figure). */
struct figure {
	const char *name;
	uint64_t x, count, ticks, nanoseconds;
};

void figure_begin(struct figure *f, const char *name, uint64_t x, uint64_t count);
void figure_end(struct figure *f);

/* Prints words up to a NULL as one line. */
void say(const char *word, ...);
const char *decimal(uint64_t n, char buffer[21]);
/* The kernel cannot do it: @err is the negative errno. */
void lacks(const char *name, long err);

/* Something that has to work did not: says so and ends the VM. */
void __attribute__((noreturn)) fail(const char *what, long err);
#define must(call) ({						\
	long must_result = (call);				\
	if (must_result < 0)					\
		fail(#call, must_result);			\
	must_result;						\
})

void __attribute__((noreturn)) power_off(void);

/* Mounts /dev, /proc and /tmp where the kernel has them; opens the console. */
void mounts(void);

/* Brings the loopback device up. Returns a negative errno without a network. */
long loopback_up(void);

/* Memory that starts as zeros, untouched. */
void *pages(size_t bytes);

/* A child that runs @run and exits. */
int child(void (*run)(void *), void *arg);
void wait_for(int pid);

#endif
