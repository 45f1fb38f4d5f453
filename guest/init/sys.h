/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of x86_64, bare: each returns the kernel's own answer, which on
 * failure is a negative errno. There is no libc and no errno variable.
 */
#ifndef LUPINE_SYS_H
#define LUPINE_SYS_H

#ifndef __x86_64__
#error "only x86_64 has been done"
#endif

#include <stddef.h>
#include <stdint.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/wait.h>

#define O_RDONLY_CLOEXEC	(O_RDONLY | O_CLOEXEC)
#define MNT_DETACH		2
#define makedev(major, minor)	(((major) << 8) | (minor))

/* The number last, as C libraries write it: a kernel may know call sites by that. */
static inline __attribute__((always_inline))
long syscall6(const long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("mov %1, %%eax\n\tsyscall"
			 : "=&a"(ret)
			 : "i"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline __attribute__((always_inline))
long syscall3(const long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("mov %1, %%eax\n\tsyscall"
			 : "=&a"(ret)
			 : "i"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

#define sys3(name, a, b, c) \
	syscall3(__NR_##name, (long)(a), (long)(b), (long)(c))
#define sys6(name, a, b, c, d, e, f) \
	syscall6(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define sys_open(path, flags, mode)	((int)sys3(open, path, flags, mode))
#define sys_close(fd)			sys3(close, fd, 0, 0)
#define sys_read(fd, buf, len)		sys3(read, fd, buf, len)
#define sys_write(fd, buf, len)		sys3(write, fd, buf, len)
#define sys_ioctl(fd, cmd, arg)		sys3(ioctl, fd, cmd, arg)
#define sys_fstat(fd, st)		sys3(fstat, fd, st, 0)
#define sys_stat(path, st)		sys3(stat, path, st, 0)
#define sys_mkdir(path, mode)		sys3(mkdir, path, mode, 0)
#define sys_chmod(path, mode)		sys3(chmod, path, mode, 0)
#define sys_chown(path, uid, gid)	sys3(chown, path, uid, gid)
#define sys_mknod(path, mode, dev)	sys3(mknod, path, mode, dev)
#define sys_symlink(to, path)		sys3(symlink, to, path, 0)
#define sys_unlink(path)		sys3(unlink, path, 0, 0)
#define sys_rmdir(path)			sys3(rmdir, path, 0, 0)
#define sys_chdir(path)			sys3(chdir, path, 0, 0)
#define sys_chroot(path)		sys3(chroot, path, 0, 0)
#define sys_mount(src, dir, type, flags, data) \
	sys6(mount, src, dir, type, flags, data, 0)
#define sys_umount(dir, flags)		sys3(umount2, dir, flags, 0)
#define sys_pipe2(fds, flags)		sys3(pipe2, fds, flags, 0)
#define sys_dup2(from, to)		sys3(dup2, from, to, 0)
#define sys_fchown(fd, uid, gid)	sys3(fchown, fd, uid, gid)
#define sys_fork()			((int)sys3(fork, 0, 0, 0))
#define sys_execve(path, argv, envp)	sys3(execve, path, argv, envp)
#define sys_exit(code)			sys3(exit_group, code, 0, 0)
#define sys_kill(pid, sig)		sys3(kill, pid, sig, 0)
#define sys_wait4(pid, status, options)	((int)sys6(wait4, pid, status, options, 0, 0, 0))
#define sys_ppoll(fds, n, ts, mask)	((int)sys6(ppoll, fds, n, ts, mask, sizeof(sigset_t), 0))
#define sys_sigprocmask(how, set)	sys6(rt_sigprocmask, how, set, 0, sizeof(sigset_t), 0, 0)
#define sys_sigaction(sig, act)		sys6(rt_sigaction, sig, act, 0, sizeof(sigset_t), 0, 0)
#define sys_clock_gettime(clock, ts)	sys3(clock_gettime, clock, ts, 0)
#define sys_nanosleep(ts)		sys3(nanosleep, ts, 0, 0)

#endif
