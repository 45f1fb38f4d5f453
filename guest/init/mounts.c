// SPDX-License-Identifier: Apache-2.0
/*
 * File systems. The application's root is mounted at /app of the initramfs and
 * then moved over it, as switch_root does; the initramfs stays beneath, empty.
 */

#include "init.h"

#define DISK	"/disk"		/* the read-only part of an overlay */
#define LAYER	"/layer"	/* its writable part */

static const struct {
	const char *path;
	unsigned int major, minor;
	int mode;
} nodes[] = {
	{ "/dev/null", 1, 3, 0666 },
	{ "/dev/zero", 1, 5, 0666 },
	{ "/dev/full", 1, 7, 0666 },
	{ "/dev/random", 1, 8, 0666 },
	{ "/dev/urandom", 1, 9, 0666 },
	{ "/dev/kmsg", 1, 11, 0600 },
	{ "/dev/tty", 5, 0, 0666 },
	{ "/dev/console", 5, 1, 0600 },
	{ "/dev/ptmx", 5, 2, 0666 },
};

/* The disk's node where no devtmpfs makes it: its number is in /sys. */
static long make_disk_node(const char *path)
{
	struct text file = { 0 };
	char *number, *colon;
	uint64_t major = 0, minor = 0;
	size_t size;

	sys_mkdir("/sys", 0755);
	sys_mount("sysfs", "/sys", "sysfs", 0, NULL);
	text_join(&file, "/sys/class/block", strchr(path + 1, '/'), "/dev", NULL);
	number = read_file(file.s, 64, &size);
	sys_umount("/sys", 0);
	if (!number)
		return -ENOENT;
	if (number[size - 1] == '\n')
		number[size - 1] = 0;
	colon = strchr(number, ':');
	if (!colon)
		return -ENOENT;
	*colon = 0;
	if (!parse_number(number, 4095, &major) || !parse_number(colon + 1, 255, &minor))
		return -ENOENT;
	return sys_mknod(path, S_IFBLK | 0600, makedev(major, minor));
}

static void find_disk(const char *path)
{
	struct stat st;

	sys_mkdir("/dev", 0755);
	if (sys_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) < 0)
		make_disk_node(path);
	if (sys_stat(path, &st) < 0)
		fail(STATUS_LUPINE, "VIRTIO_BLK", "no disk ", path,
		     ": the monitor gave none, or the kernel lacks VIRTIO_BLK, VIRTIO_MMIO, ",
		     "VIRTIO_MMIO_CMDLINE_DEVICES, or DEVTMPFS", NULL);
}

static const char *option_of(const char *type)
{
	if (strcmp(type, "squashfs") == 0)
		return "SQUASHFS";
	return strcmp(type, "erofs") == 0 ? "EROFS_FS" : "EXT2_FS";
}

static void mount_disk(const struct settings *s, const char *dir, unsigned long flags)
{
	long err = sys_mount(s->device, dir, s->root, flags, NULL);

	if (err == -ENODEV)
		fail(STATUS_LUPINE, option_of(s->root), "the kernel cannot read the root disk: ",
		     "file system ", s->root, NULL);
	if (err < 0)
		fail(STATUS_LUPINE, NULL, "cannot mount ", s->device, " as ", s->root, ": ",
		     reason(err), " (not such a file system, damaged, or compressed in a way ",
		     "the kernel lacks)", NULL);
}

/* A tmpfs over the disk; false leaves the disk at DISK. */
static bool mount_overlay(void)
{
	long err;

	sys_mkdir(LAYER, 0755);
	err = sys_mount("tmpfs", LAYER, "tmpfs", 0, "mode=755");
	if (err < 0) {
		say(WARNING, "TMPFS", "the root stays read-only: no tmpfs for its overlay", NULL);
		return false;
	}
	sys_mkdir(LAYER "/upper", 0755);
	sys_mkdir(LAYER "/work", 0755);
	err = sys_mount("overlay", "/app", "overlay", 0,
			"lowerdir=" DISK ",upperdir=" LAYER "/upper,workdir=" LAYER "/work");
	if (err == 0)
		return true;
	say(WARNING, "OVERLAY_FS", "the root stays read-only: overlay: ", reason(err), NULL);
	sys_umount(LAYER, 0);
	return false;
}

void mount_root(struct settings *s)
{
	long err;

	sys_mkdir("/app", 0755);
	if (strcmp(s->root, "initramfs") == 0) {
		err = sys_mount("/app", "/app", NULL, MS_BIND | MS_REC, NULL);
		if (err < 0)
			fail(STATUS_LUPINE, NULL, "no /app in the initramfs: ", reason(err), NULL);
		if (s->access == ACCESS_RO)
			sys_mount(NULL, "/app", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
		return;
	}
	find_disk(s->device);
	if (s->access == ACCESS_OVERLAY) {
		sys_mkdir(DISK, 0755);
		mount_disk(s, DISK, MS_RDONLY);
		if (!mount_overlay()) {
			s->access = ACCESS_RO;
			sys_mount(DISK, "/app", NULL, MS_MOVE, NULL);
		}
	} else {
		mount_disk(s, "/app", s->access == ACCESS_RO ? MS_RDONLY : 0);
	}
	sys_umount("/dev", MNT_DETACH);
}

void move_root(void)
{
	long err = sys_chdir("/app");

	if (err == 0)
		err = sys_mount(".", "/", NULL, MS_MOVE, NULL);
	if (err == 0)
		err = sys_chroot(".");
	if (err < 0)
		fail(STATUS_LUPINE, NULL, "cannot make the application's root the root: ",
		     reason(err), NULL);
	sys_chdir("/");
}

static void mount_optional(const char *type, const char *dir, unsigned long flags,
			   const char *data, const char *option)
{
	long err;

	sys_mkdir(dir, 0755);
	err = sys_mount(type, dir, type, flags, data);
	if (err == -ENODEV)
		say(INFO, option, "no ", dir, ": the kernel lacks ", type, NULL);
	else if (err < 0 && err != -EBUSY)
		say(WARNING, NULL, "cannot mount ", type, " on ", dir, ": ", reason(err), NULL);
}

static void make_dev(void)
{
	long err;
	size_t i;

	sys_mkdir("/dev", 0755);
	err = sys_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, NULL);
	if (err == -ENODEV) {
		say(INFO, "DEVTMPFS", "/dev has a few fixed devices only", NULL);
		sys_mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755");
	} else if (err < 0) {
		say(WARNING, NULL, "cannot mount /dev: ", reason(err), NULL);
	}
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		const unsigned int dev = makedev(nodes[i].major, nodes[i].minor);

		if (sys_mknod(nodes[i].path, S_IFCHR | nodes[i].mode, dev) == 0)
			sys_chmod(nodes[i].path, nodes[i].mode);
	}
	sys_symlink("/proc/self/fd", "/dev/fd");
	sys_symlink("/proc/self/fd/0", "/dev/stdin");
	sys_symlink("/proc/self/fd/1", "/dev/stdout");
	sys_symlink("/proc/self/fd/2", "/dev/stderr");
}

/* path[:options] */
static void mount_tmpfs(char *spec)
{
	char *options = strchr(spec, ':');
	long err;

	if (options)
		*options++ = 0;
	make_path(spec, 0755);
	err = sys_mount("tmpfs", spec, "tmpfs", MS_NOSUID | MS_NODEV,
			options ? options : "mode=1777");
	if (err < 0)
		say(WARNING, err == -ENODEV ? "TMPFS" : NULL, "cannot mount a tmpfs on ", spec,
		    ": ", reason(err), NULL);
}

/*
 * DEVICE:ro|rw:PATH, an ext2. Without it the application would write where
 * nothing is kept, so it does not start then.
 */
static void mount_volume(char *spec)
{
	char *mode = strchr(spec, ':') + 1, *path = strchr(mode, ':') + 1;
	bool writable = mode[1] == 'w';
	struct stat below, st;
	long err;

	mode[-1] = path[-1] = 0;
	if (sys_stat(spec, &st) < 0)
		make_disk_node(spec);
	make_path(path, 0755);
	if (sys_stat(path, &below) < 0)
		fail(STATUS_LUPINE, NULL, "no place for the volume ", path,
		     ": it is not in the image, and the root cannot be written", NULL);
	err = sys_mount(spec, path, "ext2", writable ? 0 : MS_RDONLY, NULL);
	if (err < 0)
		fail(STATUS_LUPINE, err == -ENODEV ? "EXT2_FS" : NULL, "cannot mount ", spec,
		     " on ", path, ": ", reason(err), NULL);
	/* A new volume takes its owner and mode from the image, as docker's do. */
	if (!writable || sys_stat(path, &st) < 0)
		return;
	if (st.st_uid == 0 && st.st_gid == 0 && (st.st_mode & 07777) == 0755) {
		sys_chown(path, below.st_uid, below.st_gid);
		sys_chmod(path, below.st_mode & 07777);
	}
}

static const struct strings *volumes;

void close_volumes(void)
{
	size_t i;

	/* Each as mount_volume has left it: the device, "ro" or "rw", the path. */
	for (i = 0; volumes && i < volumes->n; i++) {
		const char *mode = volumes->item[i] + strlen(volumes->item[i]) + 1;

		sys_mount(NULL, mode + 3, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	}
}

void mount_system(const struct settings *s)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	size_t i;

	make_dev();
	for (i = 0; i < s->volumes.n; i++)
		mount_volume(s->volumes.item[i]);
	volumes = &s->volumes;
	mount_optional("proc", "/proc", flags, NULL, "PROC_FS");
	mount_optional("sysfs", "/sys", flags, NULL, "SYSFS");
	mount_optional("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		       "gid=5,mode=620,ptmxmode=666", "UNIX98_PTYS");
	mount_optional("tmpfs", "/dev/shm", flags, "mode=1777,size=50%", "TMPFS");
	mount_optional("mqueue", "/dev/mqueue", flags, NULL, "POSIX_MQUEUE");
	if (sys_mkdir("/tmp", 01777) == 0)
		sys_chmod("/tmp", 01777);
	for (i = 0; i < s->tmpfs.n; i++)
		mount_tmpfs(s->tmpfs.item[i]);
}
