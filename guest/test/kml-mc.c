// SPDX-License-Identifier: Apache-2.0
/*
 * Process 1 of a microVM that gets a machine check: says when a program is
 * busy computing, and by which signal that ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void compute(void)
{
	printf("computing\n");
	fflush(stdout);
	for (volatile unsigned long turn = 0;; turn++)
		;
}

int main(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		compute();
	waitpid(pid, &status, 0);
	printf("ended by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
	return EXIT_FAILURE;
}
