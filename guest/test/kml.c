// SPDX-License-Identifier: Apache-2.0
/*
 * Runs the tests and prints TAP lines. As process 1 it mounts what the tests
 * need and restarts the machine at the end; otherwise it exits with 1 if a
 * test failed. An argument that is the beginning of a name picks tests.
 */
#include "kml.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define TEST_SECONDS 60

static const struct kml_test *const groups[] = {
	register_tests, fault_tests, signal_tests,
	process_tests, thread_tests, trace_tests, gate_tests,
	site_tests,
};

#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

static bool is_trusted(void)
{
	char path[16] = "";

	return readlink("/proc/self/exe", path, sizeof(path) - 1) > 0 &&
	       strncmp(path, "/trusted/", 9) == 0;
}

bool kml_is_on(void)
{
	static char line[4096];
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, "kml=on") ||
	       (strstr(line, "kml=trusted") && is_trusted());
}

void note(const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	printf("# %s\n", text);
	fflush(stdout);
}

int status_of(void (*body)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		body();
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

/* Waits for the process, but not for ever. */
static int wait_for(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	time_t end = time(NULL) + TEST_SECONDS;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time(NULL) > end) {
			note("still running after %d s", TEST_SECONDS);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return status;
}

static bool passes(const struct kml_test *test)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		_exit(test->run());
	}
	status = wait_for(pid);
	kill(-pid, SIGKILL);
	if (WIFSIGNALED(status))
		note("ended by signal %d", WTERMSIG(status));
	return status == 0;
}

static bool wanted(const struct kml_test *test, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(test->name, argv[i], strlen(argv[i])) == 0)
			return true;
	}
	return argc < 2;
}

static int run_all(int argc, char **argv)
{
	int number = 0, failed = 0;

	printf("TAP version 13\n");
	for (size_t i = 0; i < N_GROUPS; i++) {
		for (const struct kml_test *t = groups[i]; t->name; t++) {
			bool passed;

			if (!wanted(t, argc, argv))
				continue;
			fflush(stdout);
			passed = passes(t);
			failed += !passed;
			printf("%sok %d - %s\n", passed ? "" : "not ",
			       ++number, t->name);
			fflush(stdout);
		}
	}
	printf("1..%d\n", number);
	fflush(stdout);
	return failed != 0;
}

int main(int argc, char **argv)
{
	bool init = getpid() == 1;
	int failed;

	if (init) {
		mkdir("/proc", 0755);
		mount("proc", "/proc", "proc", 0, NULL);
	}
	failed = run_all(argc, argv);
	if (!init)
		return failed;
	/* Or the end of what was said is lost. */
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
	return 1;
}
