// SPDX-License-Identifier: Apache-2.0
/*
 * Process 1 of a microVM: gives bad pointers to every system call. Where the
 * kernel faults on one, its exception table says how to go on; without the
 * entry it panics.
 *
 * Prints "EFAULT <call> <times>" for each call that gave this error, and in
 * the end "done". A kernel that can be made to (LKDTM) warns and has a bug
 * before that, each in its log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LIST_LENGTH(list) (sizeof(list) / sizeof((list)[0]))

/* Some numbers above the last call of Linux 6.12. */
#define CALLS		480
#define ARGUMENTS	6
/* Some calls wait for ever, or take long each time. */
#define SECONDS_WITHOUT_PROGRESS	2
#define SECONDS				10

/* In the zero page, near the end of the user's, none at all, the kernel's. */
static const uintptr_t bad_addresses[] = {
	8, 0x7fffffffeff8, 0x800000000000, 0xffffffff81000000,
};

/* Beside bad pointers, also descriptors: a device, a socket, a file. */
static const uintptr_t good_values[] = { 0, 1, 16 };
enum { DEVICE = 0, SOCKET = 1, FILE_ = 16 };

/* These do not come back, or come back twice. */
static const int left_out[] = {
	SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_fork, SYS_vfork,
	SYS_clone,
};

/* Written by the children. */
static volatile unsigned int *faults, *progress;

/*
 * Calls with each argument bad or good in turn; those with the most bad ones
 * come first, for the others may wait for ever.
 */
static void call_with_bad_pointers(int number)
{
	const unsigned int choices = LIST_LENGTH(good_values) + 1;
	unsigned int combinations = 1;

	for (int i = 0; i < ARGUMENTS; i++)
		combinations *= choices;
	for (unsigned int n = 0; n < combinations - 1; n++) {
		uintptr_t argument[ARGUMENTS];
		unsigned int rest = n;

		*progress = n;
		for (int i = ARGUMENTS - 1; i >= 0; i--, rest /= choices) {
			unsigned int choice = rest % choices;

			argument[i] = choice == 0
				? bad_addresses[n % LIST_LENGTH(bad_addresses)]
				: good_values[choice - 1];
		}
		if (syscall(number, argument[0], argument[1], argument[2],
			    argument[3], argument[4], argument[5]) == -1 &&
		    errno == EFAULT)
			faults[number]++;
	}
}

static void open_descriptors(void)
{
	mknod("/zero", S_IFCHR | 0666, makedev(1, 5));
	dup2(open("/file", O_RDWR | O_CREAT, 0666), FILE_);
	dup2(open("/zero", O_RDWR), DEVICE);
	dup2(socket(AF_INET, SOCK_DGRAM, 0), SOCKET);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* In a process that may do no harm, and that may die. */
static void try(int number)
{
	pid_t pid = fork();

	if (pid == 0) {
		open_descriptors();
		setsid();
		if (setresgid(1000, 1000, 1000) == 0 &&
		    setresuid(1000, 1000, 1000) == 0)
			call_with_bad_pointers(number);
		_exit(0);
	}
	time_t start = seconds(), moved = start;
	unsigned int seen = 0;

	while (seconds() - moved <= SECONDS_WITHOUT_PROGRESS &&
	       seconds() - start <= SECONDS) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		usleep(1000);
		if (*progress != seen) {
			seen = *progress;
			moved = seconds();
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The kernel does as it is told, in a process that may not survive. */
static void provoke(const char *what)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open("/debug/provoke-crash/DIRECT", O_WRONLY);

		_exit(fd >= 0 && write(fd, what, strlen(what)) < 0);
	}
	waitpid(pid, NULL, 0);
}

int main(void)
{
	mkdir("/debug", 0755);
	if (mount("debugfs", "/debug", "debugfs", 0, NULL) == 0) {
		provoke("WARNING");
		provoke("BUG");
	}
	faults = mmap(NULL, (CALLS + 1) * sizeof(*faults),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	progress = &faults[CALLS];
	for (int number = 0; number < CALLS; number++) {
		int skip = 0;

		for (size_t i = 0; i < LIST_LENGTH(left_out); i++)
			skip |= left_out[i] == number;
		if (skip)
			continue;
		try(number);
		if (faults[number] != 0)
			printf("EFAULT %d %u\n", number, faults[number]);
		fflush(stdout);
	}
	puts("done");
	fflush(stdout);
	/* Or the end of it is lost. */
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
	return 0;
}
