// SPDX-License-Identifier: Apache-2.0
/* Signals that interrupt programs and system calls. */
#include "kml.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

static void alarm_each(long microseconds, int flags)
{
	struct sigaction action = {
		.sa_handler = on_alarm, .sa_flags = flags,
	};
	struct itimerval interval = {
		.it_value.tv_usec = microseconds,
		.it_interval.tv_usec = microseconds,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
}

static int alarms_in_a_loop(void)
{
	volatile uint64_t turns = 0;
	double sum = 0, expected = 0;

	alarm_each(1000, 0);
	while (alarms < 200) {
		turns++;
		sum += 0.5;
		expected = turns * 0.5;
		check(sum == expected);
	}
	return 0;
}

static int alarms_in_system_calls(void)
{
	pid_t parent = getppid();

	alarm_each(1000, 0);
	while (alarms < 200)
		check(getppid() == parent);
	return 0;
}

static int read_is_interrupted(void)
{
	char byte;
	int ends[2];

	check(pipe(ends) == 0);
	for (int turn = 0; turn < 20; turn++) {
		struct itimerval once = { .it_value.tv_usec = 2000 };
		int before = alarms;

		alarm_each(0, 0);
		setitimer(ITIMER_REAL, &once, NULL);
		check(read(ends[0], &byte, 1) == -1 && errno == EINTR);
		check(alarms == before + 1);
	}
	return 0;
}

static int read_is_restarted(void)
{
	int ends[2], status;
	char byte = 0;
	pid_t pid;

	check(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	alarm_each(2000, SA_RESTART);
	check(read(ends[0], &byte, 1) == 1 && byte == 'x');
	check(alarms >= 2);
	alarm_each(0, SA_RESTART);
	check(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

/* nanosleep goes on through restart_syscall after a stop */
static int sleep_goes_on_after_a_stop(void)
{
	struct timespec start, end;
	int status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = fork();
	if (pid == 0) {
		struct timespec time = { .tv_nsec = 300000000 };

		_exit(nanosleep(&time, NULL) != 0);
	}
	for (int turn = 0; turn < 5; turn++) {
		usleep(20000);
		kill(pid, SIGSTOP);
		check(waitpid(pid, &status, WUNTRACED) == pid);
		check(WIFSTOPPED(status));
		kill(pid, SIGCONT);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	check((end.tv_sec - start.tv_sec) * 1000 +
	      (end.tv_nsec - start.tv_nsec) / 1000000 >= 299);
	return 0;
}

static int stop_and_continue(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			asm volatile("" : : : "memory");
	}
	for (int turn = 0; turn < 50; turn++) {
		kill(pid, SIGSTOP);
		check(waitpid(pid, &status, WUNTRACED) == pid);
		check(WIFSTOPPED(status));
		kill(pid, SIGCONT);
		check(waitpid(pid, &status, WCONTINUED) == pid);
	}
	kill(pid, SIGKILL);
	check(waitpid(pid, &status, 0) == pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return 0;
}

static char *alternative_stack;
static volatile sig_atomic_t on_alternative;

static void where_am_i(int number)
{
	char local;

	(void)number;
	on_alternative = &local >= alternative_stack &&
			 &local < alternative_stack + 65536;
}

static int alternative_stacks(void)
{
	struct sigaction action = {
		.sa_handler = where_am_i, .sa_flags = SA_ONSTACK,
	};
	stack_t stack = { .ss_size = 65536 };

	alternative_stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(alternative_stack != MAP_FAILED);
	stack.ss_sp = alternative_stack;
	check(sigaltstack(&stack, NULL) == 0);
	check(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int turn = 0; turn < 100; turn++) {
		on_alternative = 0;
		raise(SIGUSR1);
		check(on_alternative);
	}
	return 0;
}

static sigjmp_buf out;

static void jump_out(int number)
{
	(void)number;
	siglongjmp(out, 1);
}

static int jump_out_of_handlers(void)
{
	volatile int turn = 0;

	signal(SIGUSR1, jump_out);
	while (turn < 1000) {
		if (sigsetjmp(out, 1) == 0) {
			raise(SIGUSR1);
			return 1;
		}
		turn++;
	}
	return 0;
}

/* A handler that changes where the program goes on. */
static void skip_two_bytes(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)number;
	(void)info;
	c->uc_mcontext.gregs[16] += 2;	/* REG_RIP */
	c->uc_mcontext.gregs[11] = 42;	/* REG_RBX */
}

static int handlers_change_registers(void)
{
	struct sigaction action = {
		.sa_sigaction = skip_two_bytes, .sa_flags = SA_SIGINFO,
	};

	sigaction(SIGILL, &action, NULL);
	for (int turn = 0; turn < 100; turn++) {
		uint64_t value;

		asm volatile("xor %%ebx, %%ebx\n\tud2\n\t" : "=b" (value));
		check(value == 42);
	}
	return 0;
}

const struct kml_test signal_tests[] = {
	{ "alarms in a loop", alarms_in_a_loop },
	{ "alarms in system calls", alarms_in_system_calls },
	{ "read is interrupted", read_is_interrupted },
	{ "read is restarted", read_is_restarted },
	{ "sleep goes on after a stop", sleep_goes_on_after_a_stop },
	{ "stop and continue", stop_and_continue },
	{ "alternative stacks", alternative_stacks },
	{ "jump out of handlers", jump_out_of_handlers },
	{ "handlers change registers", handlers_change_registers },
	{ },
};
