// SPDX-License-Identifier: Apache-2.0
/* lo and eth0 by the ioctls of netdevice(7): no netlink, no kernel autoconfiguration needed. */

#include <linux/sockios.h>
#include "init.h"

#define AF_INET		2
#define SOCK_DGRAM	2
#define SOCK_CLOEXEC	O_CLOEXEC
#define IFF_UP		0x1
#define RTF_UP		0x1
#define RTF_GATEWAY	0x2

/* Written out here because linux/if.h and linux/route.h pull in a libc. */
struct inet_address {
	uint16_t family;
	uint16_t port;
	uint32_t address;
	char zero[8];
};

struct interface_request {	/* struct ifreq */
	char name[16];
	union {
		struct inet_address address;
		short flags;
		char pad[24];
	};
};

struct route_request {		/* struct rtentry */
	unsigned long pad1;
	struct inet_address destination, gateway, mask;
	unsigned short flags;
	short pad2;
	unsigned long pad3;
	void *pad4;
	short metric;
	char *device;
	unsigned long mtu, window;
	unsigned short irtt;
};

static long set_up(int fd, const char *name)
{
	struct interface_request r = { 0 };
	long err;

	memcpy(r.name, name, strlen(name));
	err = sys_ioctl(fd, SIOCGIFFLAGS, &r);
	if (err < 0)
		return err;
	r.flags |= IFF_UP;
	return sys_ioctl(fd, SIOCSIFFLAGS, &r);
}

static long set_address(int fd, unsigned long what, uint32_t address)
{
	struct interface_request r = { .name = "eth0" };

	r.address.family = AF_INET;
	r.address.address = address;
	return sys_ioctl(fd, what, &r);
}

static long set_gateway(int fd, uint32_t gateway)
{
	struct route_request r = { .flags = RTF_UP | RTF_GATEWAY };

	r.destination.family = r.gateway.family = r.mask.family = AF_INET;
	r.gateway.address = gateway;
	return sys_ioctl(fd, SIOCADDRT, &r);
}

/* Best effort: without PROC_SYSCTL the kernel's own rules stay. */
static void set_sysctl(const char *path, const char *value)
{
	int fd = sys_open(path, O_WRONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	sys_write(fd, value, strlen(value));
	sys_close(fd);
}

void network_up(const struct settings *s)
{
	const enum severity how_bad = s->address ? WARNING : INFO;
	int fd = sys3(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long err;

	if (fd < 0) {
		say(how_bad, fd == -ENOSYS ? "NET" : "INET", "no network: ",
		    fd == -ENOSYS ? "the kernel has no sockets" : "the kernel lacks TCP/IP", NULL);
		return;
	}
	/* As docker: any user may listen on port 80, and ping. */
	set_sysctl("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	set_sysctl("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	err = set_up(fd, "lo");
	if (err < 0)
		say(INFO, err == -ENODEV ? "NETDEVICES" : NULL, "cannot set up lo: ", reason(err), NULL);
	if (s->address) {
		err = set_address(fd, SIOCSIFADDR, s->address);
		if (err == 0)
			err = set_address(fd, SIOCSIFNETMASK, s->netmask);
		if (err == 0)
			err = set_up(fd, "eth0");
		if (err == 0 && s->gateway)
			err = set_gateway(fd, s->gateway);
		if (err == -ENODEV)
			say(WARNING, "VIRTIO_NET", "no eth0: the monitor gave no network card, ",
			    "or the kernel lacks its driver", NULL);
		else if (err < 0)
			say(WARNING, NULL, "cannot configure eth0: ", reason(err), NULL);
	}
	sys_close(fd);
}
