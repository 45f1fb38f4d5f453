// SPDX-License-Identifier: Apache-2.0
/*
 * What a system call costs, by the time stamp counter. As the first program
 * of a machine with QEMU's -icount shift=0, a tick is an instruction: the
 * figures are exact and repeat.
 *
 *	gcc -static -O2 -o init kml-cost.c
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define CALLS 10000
/* So many that what is done once, as to patch call sites, does not show. */
#define FORKS 1000
#define EXECS 200

static inline uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* The body CALLS times; the counter is where calls leave it alone. */
#define loop(body, ...)							\
	({								\
		uint64_t start, n = CALLS;				\
									\
		start = ticks();					\
		asm volatile(						\
			"1: " body "\n\t"				\
			"dec %[n]\n\t"					\
			"jnz 1b\n\t"					\
			: [n] "+&b" (n)					\
			: __VA_ARGS__					\
			: "rax", "rcx", "r11", "rdi", "rsi", "rdx",	\
			  "memory", "cc");				\
		ticks() - start;					\
	})

static uint64_t empty;

static void report(const char *what, uint64_t spent)
{
	printf("%s %.2f\n", what, (double)(spent - empty) / CALLS);
}

static void forks(void)
{
	uint64_t start = ticks();

	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	printf("fork %.0f\n", (double)(ticks() - start) / FORKS);
}

static void execs(void)
{
	char *const arguments[] = { "/init", "stop", NULL };
	uint64_t start = ticks();

	for (int i = 0; i < EXECS; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execve("/init", arguments, NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	printf("exec %.0f\n", (double)(ticks() - start) / EXECS);
}

int main(int argc, char **argv)
{
	void *entry = (void *)getauxval(AT_SYSINFO);
	static char byte;
	struct timespec now;
	int zero;

	(void)argv;
	if (argc > 1)
		return 0;
	printf("boot %llu\n", (unsigned long long)ticks());
	/* fork() copies the page tables of the vDSO where it was used: so be it in all cases. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	zero = open("/dev/zero", O_RDONLY);

	for (int turn = 0; turn < 2; turn++) {
		empty = loop("");
		report("getppid", loop("mov $110, %%eax\n\tsyscall"));
	}
	report("getppid-register",
	       loop("mov %[nr], %%rax\n\tsyscall", [nr] "r" (110L)));
	if (entry)
		report("getppid-entry",
		       loop("mov $110, %%eax\n\tcall *%[entry]",
			    [entry] "r" (entry)));
	if (zero >= 0)
		report("read",
		       loop("xor %%eax, %%eax\n\tmov %[fd], %%edi\n\t"
			    "mov %[to], %%rsi\n\tmov $1, %%edx\n\tsyscall",
			    [fd] "r" (zero), [to] "r" (&byte)));
	forks();
	execs();
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	if (getpid() == 1)
		reboot(RB_AUTOBOOT);
	return 0;
}
