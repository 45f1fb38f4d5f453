// SPDX-License-Identifier: Apache-2.0
/* The order of things; see init.h. */

#include "init.h"

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	and $-16, %rsp\n"
	"	call init_main\n"
	"	ud2\n");

void __attribute__((noreturn, used)) init_main(void)
{
	static struct settings settings;
	static struct identity who;
	static struct app app;

	console_open();
	settings_read(&settings);
	sys_unlink("/init");
	if (settings.probe) {
		console_started();
		power_off("e0");
	}
	entropy_feed(&settings);
	clock_set(&settings);
	mount_root(&settings);
	files_prepare(&settings);
	move_root();
	mount_system(&settings);
	kernel_log_open();
	network_up(&settings);
	files_install();
	user_resolve(&settings, &who);
	app_start(&settings, &who, &app);
	power_off_status(relay(&app));
}
