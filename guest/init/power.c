// SPDX-License-Identifier: Apache-2.0
/*
 * The end. What the application wrote is on its disk before the host reads the
 * exit frame, so the host may stop the monitor as soon as it has.
 */

#include "init.h"

void power_off(const char *how)
{
	sys3(sync, 0, 0, 0);
	/* Best effort: marks writable file systems clean. */
	close_volumes();
	sys_mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	console_drain();
	console_frame(FRAME_EXIT, how, strlen(how));
	console_drain();
	sys6(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0, 0, 0);
	/* Not reached; the kernel panics when init ends, and that ends the VM too. */
	for (;;)
		sys_exit(0);
}

void power_off_status(int status)
{
	struct text how = { 0 };
	int signal = status & 0x7f;

	text_add(&how, signal ? "s" : "e");
	text_number(&how, signal ? signal : status >> 8 & 0xff);
	power_off(how.s);
}
