/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init of a Lupine microVM: PID 1. It reads what to do from a file in its
 * initramfs (settings.c), makes the application's root file system the root
 * (mounts.c, files.c, network.c, entropy.c), starts the application as its user
 * (user.c, app.c), carries bytes between it and the host over the serial console
 * (console.c, relay.c), and ends the VM when it ends (power.c).
 *
 * docs/guest-protocol.md defines the settings file and the console protocol.
 *
 * What the kernel lacks and the application may not need is told as a message
 * that names the Kconfig option; what nobody can go on without is fail().
 */
#ifndef LUPINE_INIT_H
#define LUPINE_INIT_H

#include "lib.h"

#define PROTOCOL_VERSION	"1"
#define SETTINGS_VERSION	"1"

/* Exit statuses as docker has them. */
#define STATUS_LUPINE		125
#define STATUS_NOT_EXECUTABLE	126
#define STATUS_NOT_FOUND	127

/* --- settings.c --- */

enum root_access { ACCESS_RW, ACCESS_RO, ACCESS_OVERLAY };

struct strings {
	char **item;	/* ends with NULL */
	size_t n;
};

struct limit {
	unsigned int resource;
	struct rlimit64 value;
};

struct settings {
	bool probe;
	bool dhcp;
	bool stdin;
	bool tty;
	struct winsize size;
	const char *root;		/* file system type, or "initramfs" */
	const char *device;
	enum root_access access;
	struct strings argv;
	struct strings env;
	struct strings groups;
	struct strings nameservers;
	struct strings hosts;
	struct strings tmpfs;
	struct strings volumes;
	const char *user;
	const char *workdir;
	const char *hostname;
	uint32_t address;		/* network byte order; 0: none */
	uint32_t netmask;
	uint32_t gateway;
	const char *address_text;
	uint64_t clock;			/* seconds since 1970; 0: leave it */
	unsigned char entropy[256];
	size_t entropy_len;
	struct limit limits[16];
	size_t n_limits;
};

/* Reads and removes the settings file; ends the VM when it is not exactly right. */
void settings_read(struct settings *s);

/* --- console.c: frames over the serial line --- */

enum frame_to_host {
	FRAME_HELLO = 'h',
	FRAME_STDOUT = 'o',
	FRAME_STDERR = 'e',
	FRAME_KERNEL = 'k',
	FRAME_MESSAGE = 'm',
	FRAME_STARTED = 's',
	FRAME_CREDIT = 'c',
	FRAME_EXIT = 'x',
};

enum frame_to_guest {
	FRAME_STDIN = 'i',
	FRAME_STDIN_END = 'd',
	FRAME_SIGNAL = 'g',
	FRAME_WINSIZE = 'w',
};

#define FRAME_MAX	4096	/* bytes of a payload to the host */
#define FRAME_IN_MAX	1024	/* bytes of a payload from the host */

enum severity { INFO = 'i', WARNING = 'w', ERROR = 'e' };

/* Takes over the serial console and says hello. */
void console_open(void);
/* Asks the UART for fewer interrupts a byte; best effort. */
void console_expect_input(void);
int console_fd(void);
/* Queues a frame; false when the queue is full (data is refused before the rest). */
bool console_frame(char type, const char *data, size_t len);
/* Room for one more data frame? */
bool console_room(void);
bool console_pending(void);
/* Bytes the line has taken so far. */
size_t console_written(void);
/* Tells that the application is about to be executed, and the kernel's clock. */
void console_started(void);
/* Writes what the line takes now. */
void console_flush(void);
/* Writes all of it, however slow the line, unless it stands still for seconds. */
void console_drain(void);
/* Handles the frames that have come; false when the line will never say more. */
bool console_input(void (*handle)(char type, char *data, size_t len));
/* A message to the user; @option: the Kconfig option whose lack it is, or NULL. */
void say(enum severity severity, const char *option, ...);

/* --- mounts.c --- */

/* Mounts the application's root at /app; may turn s->access into ACCESS_RO. */
void mount_root(struct settings *s);
/* Makes /app the root of everything. */
void move_root(void);
/* /dev, /proc, /sys and their like, and the volumes and tmpfs mounts of the settings. */
void mount_system(const struct settings *s);
/* Marks the volumes clean, as far as nobody writes any more. */
void close_volumes(void);

/* --- files.c: /etc/hostname, /etc/hosts, /etc/resolv.conf --- */

void files_prepare(const struct settings *s);	/* before move_root() */
void files_install(void);			/* after it */

/* --- network.c --- */

void network_up(const struct settings *s);

/* --- entropy.c --- */

/* Feeds the kernel's generator and wipes the seed. */
void entropy_feed(struct settings *s);
void clock_set(const struct settings *s);

/* --- user.c --- */

struct identity {
	unsigned int uid;
	unsigned int gid;
	unsigned int groups[64];
	size_t n_groups;
	const char *home;
};

/* As docker resolves `user[:group]`, in the image's own /etc/passwd and /etc/group. */
void user_resolve(const struct settings *s, struct identity *who);

/* --- app.c --- */

struct app {
	int pid;
	int in;		/* we write the application's stdin here; -1: none */
	int out;
	int err;	/* -1 with a terminal */
	int slave;	/* the terminal's other side, kept open; -1 without */
};

/* Starts the application; ends the VM with 126 or 127 when it cannot be. */
void app_start(struct settings *s, const struct identity *who, struct app *app);

/* --- relay.c --- */

/* Before anything the user should hear of happens. */
void kernel_log_open(void);
/* Carries bytes until the application has ended; its wait status. */
int relay(struct app *app);

/* --- power.c --- */

/* Ends the VM; the host reads the status in @how, e.g. "e0" or "s9". */
void __attribute__((noreturn)) power_off(const char *how);
void __attribute__((noreturn)) power_off_status(int status);
/* One clear error, then the end of the VM with this exit status. */
void __attribute__((noreturn)) fail(int status, const char *option, ...);
/* fail() with one ready text. */
void __attribute__((noreturn)) fail_text(int status, const char *option, const char *text);

#endif
