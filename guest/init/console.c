// SPDX-License-Identifier: Apache-2.0
/*
 * Frames over the serial console: START type payload END, where the bytes that
 * mean something to the framing never occur inside (they go as ESC, byte ^ 0x40).
 * CR and LF are among them: a bare one inside a frame can only be the kernel's,
 * so the host sees at once when a panic has torn a frame.
 */

#include <stdarg.h>
#include "init.h"

#define START		0x02
#define END		0x03
#define ESC		0x10
#define FLIP		0x40

#define QUEUE_SIZE	65536
/* Kept free of data frames, so that messages and the exit status always fit. */
#define QUEUE_RESERVE	8192
/* A line that takes nothing for so long has nobody at its other end. */
#define STUCK_MS	5000

static char queue[QUEUE_SIZE];
static size_t queue_start, queue_end;
static size_t written;
static int tty = -1;

static char in[FRAME_IN_MAX + 1];
static size_t in_len;
static enum { OUTSIDE, INSIDE, ESCAPED } in_state;

static bool special(unsigned char c)
{
	return c == START || c == END || c == ESC || c == '\r' || c == '\n' ||
	       c == 0x11 || c == 0x13;
}

static int open_tty(const char *path, unsigned int dev)
{
	const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
	int fd = sys_open(path, flags, 0);

	if (fd < 0) {
		sys_mkdir("/dev", 0755);
		sys_mknod(path, S_IFCHR | 0600, dev);
		fd = sys_open(path, flags, 0);
	}
	return fd;
}

void console_open(void)
{
	const int to_emergencies_only = 1;
	struct termios raw;

	tty = open_tty("/dev/console", makedev(5, 1));
	if (tty < 0)
		tty = open_tty("/dev/ttyS0", makedev(4, 64));
	if (tty >= 0 && sys_ioctl(tty, TCGETS, &raw) == 0) {
		raw.c_iflag = IGNBRK;
		raw.c_oflag = 0;
		raw.c_lflag = 0;
		/* No wire is there to be slow, but drivers and monitors derive delays from it. */
		raw.c_cflag = B115200 | CS8 | CREAD | CLOCAL;
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		sys_ioctl(tty, TCSETS, &raw);
	}
	sys3(syslog, 8, 0, to_emergencies_only);
	console_frame(FRAME_HELLO, PROTOCOL_VERSION, strlen(PROTOCOL_VERSION));
}

void console_expect_input(void)
{
	int fd = sys_open("/sys/class/tty/ttyS0/rx_trig_bytes", O_WRONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	sys_write(fd, "14", 2);
	sys_close(fd);
}

int console_fd(void)
{
	return tty;
}

static size_t room(void)
{
	return QUEUE_SIZE - (queue_end - queue_start);
}

bool console_room(void)
{
	return room() >= QUEUE_RESERVE + 2 * FRAME_MAX + 3;
}

size_t console_written(void)
{
	return written;
}

bool console_pending(void)
{
	return queue_end > queue_start;
}

static void put(unsigned char c)
{
	queue[queue_end++] = c;
}

bool console_frame(char type, const char *data, size_t len)
{
	bool is_data = type == FRAME_STDOUT || type == FRAME_STDERR || type == FRAME_KERNEL;
	size_t i;

	if (len > FRAME_MAX)
		len = FRAME_MAX;
	if (room() < 2 * len + 3 || (is_data && !console_room()))
		return false;
	if (queue_end + 2 * len + 3 > QUEUE_SIZE) {
		memmove(queue, queue + queue_start, queue_end - queue_start);
		queue_end -= queue_start;
		queue_start = 0;
	}
	put(START);
	put(type);
	for (i = 0; i < len; i++) {
		if (special(data[i])) {
			put(ESC);
			put(data[i] ^ FLIP);
		} else {
			put(data[i]);
		}
	}
	put(END);
	console_flush();
	return true;
}

void console_started(void)
{
	struct text us = { 0 };

	text_number(&us, now_us());
	console_frame(FRAME_STARTED, us.s, us.len);
}

void console_flush(void)
{
	while (console_pending()) {
		long n = sys_write(tty, queue + queue_start, queue_end - queue_start);

		if (n <= 0)
			return;
		queue_start += n;
		written += n;
	}
	queue_start = queue_end = 0;
}

void console_drain(void)
{
	uint64_t limit = now_us() + STUCK_MS * 1000;
	size_t before = QUEUE_SIZE + 1;
	int unsent = 0;

	for (;;) {
		size_t left;

		console_flush();
		if (tty < 0 || sys_ioctl(tty, TIOCOUTQ, &unsent) < 0)
			unsent = 0;
		left = queue_end - queue_start + unsent;
		if (left == 0)
			break;
		if (left < before) {
			before = left;
			limit = now_us() + STUCK_MS * 1000;
		} else if (now_us() > limit) {
			return;
		}
		sleep_ms(1);
	}
	/* tcdrain(3): until the UART's own FIFO is empty; the driver bounds it. */
	sys_ioctl(tty, TCSBRK, 1);
}

static void input_byte(unsigned char c, void (*handle)(char, char *, size_t))
{
	if (c == START) {
		in_len = 0;
		in_state = INSIDE;
	} else if (in_state == OUTSIDE) {
		return;
	} else if (c == END) {
		if (in_state == INSIDE && in_len > 0)
			handle(in[0], in + 1, in_len - 1);
		in_state = OUTSIDE;
	} else if (c == ESC) {
		in_state = in_state == INSIDE ? ESCAPED : OUTSIDE;
	} else if (in_len == sizeof(in)) {
		in_state = OUTSIDE;
	} else {
		in[in_len++] = in_state == ESCAPED ? c ^ FLIP : c;
		in_state = INSIDE;
	}
}

bool console_input(void (*handle)(char type, char *data, size_t len))
{
	static unsigned char buf[4096];
	long n = sys_read(tty, buf, sizeof(buf));
	long i;

	for (i = 0; i < n; i++)
		input_byte(buf[i], handle);
	return n > 0 || n == -EAGAIN || n == -EINTR;
}

static void message(enum severity severity, const char *option, const char *text)
{
	static struct text t;
	const char head[] = { severity, ';', 0 };

	t.len = 0;
	text_join(&t, head, option ? option : "", ";", text, NULL);
	console_frame(FRAME_MESSAGE, t.s, t.len);
}

static void text_parts(struct text *t, va_list parts)
{
	const char *part;

	while ((part = va_arg(parts, const char *)))
		text_add(t, part);
}

void say(enum severity severity, const char *option, ...)
{
	struct text t = { 0 };
	va_list parts;

	va_start(parts, option);
	text_parts(&t, parts);
	message(severity, option, t.s);
}

void fail(int status, const char *option, ...)
{
	struct text t = { 0 };
	va_list parts;

	va_start(parts, option);
	text_parts(&t, parts);
	fail_text(status, option, t.s);
}

void fail_text(int status, const char *option, const char *text)
{
	struct text how = { 0 };

	message(ERROR, option, text);
	text_add(&how, "e");
	text_number(&how, status);
	power_off(how.s);
}
