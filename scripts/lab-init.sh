#!/bin/busybox sh
# Init of the lab's VM (scripts/lab.sh): the host's root file system, with all that is written kept in memory,
# and a /dev/kvm that works. Runs /lab/command in it and tells QEMU by its debug-exit port how that ended.
PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /host /memory /root
/bin/busybox --install -s /bin

broken() {
	echo "lab: $*"
	printf '\102' | dd of=/dev/port bs=1 seek=244 2>/dev/null
	sleep 60
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do
	insmod "/modules/$module" || broken "cannot load $module"
done </modules/order
[ -c /dev/kvm ] || broken 'KVM did not come up'

mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose host /host || broken 'no host'
mount -t tmpfs memory /memory
mkdir /memory/upper /memory/work
chmod 755 /memory/upper
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work root /root || broken 'no root'
mkdir -p /root/run/lab
cp /lab/* /root/run/lab/
for directory in proc sys dev; do mount --move /$directory /root/$directory; done
mkdir /root/dev/shm /root/dev/pts
mount -t tmpfs shm /root/dev/shm
mount -t devpts pts /root/dev/pts
mount -t cgroup2 cgroup /root/sys/fs/cgroup
ip link set lo up
hostname lab
# 64 or 65: what the command's end was, beyond any status of QEMU's own. Through a pipe, since programs that see a
# terminal keep drawing on it.
exec switch_root /root /bin/sh -c '
	(/bin/sh /run/lab/command; echo $? >/run/lab/status) 2>&1 | cat
	if [ "$(cat /run/lab/status)" = 0 ]; then end=100; else end=101; fi
	printf "\\$end" | dd of=/dev/port bs=1 seek=244 2>/dev/null
	sleep 60'
