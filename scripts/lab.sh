#!/usr/bin/env bash
# The KVM lab: runs a command (unless told: the conformance suite of the monitors) where /dev/kvm works.
# On a machine with usable KVM that is here. Elsewhere it is a VM under QEMU's emulation of a processor with
# SVM, whose root is this machine's, read-only and as far as this user may read it, with all that is written kept in
# the VM's memory.
#
#   npm run lab [-- COMMAND...]     LUPINE_FIRECRACKER names the program of Firecracker, if not on PATH;
#                                   LUPINE_LAB=vm takes the VM in any case.
#
# For the VM: qemu-system-x86, busybox-static, cpio, and Debian's kernel package (fetched, not installed).
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD

if [ $# -eq 0 ]; then
	set -- npx vitest run --project integration test/integration/monitor/conformance
fi
if [ "${LUPINE_LAB-}" != vm ] && node dist/cli/main.js run --quiet --accel kvm "$(command -v true)" 2>/dev/null; then
	exec "$@"
fi

cache=${LUPINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lupine}/lab
mkdir -p "$cache"
package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
kernel=$cache/$package
if [ ! -e "$kernel" ]; then
	echo "lab: fetching $package" >&2
	fetched=$(mktemp -d "$cache/fetching.XXXXXX")
	trap 'rm -rf "$fetched"' EXIT
	(cd "$fetched" && apt-get download -qq -o APT::Sandbox::User= "$package" && dpkg-deb -x "$package"_*.deb tree)
	mv -T "$fetched/tree" "$kernel"
	rm -rf "$fetched"
fi

boot=$(mktemp -d)
trap 'rm -rf "$boot"' EXIT
mkdir -p "$boot/root/bin" "$boot/root/modules" "$boot/root/lab"
cp "$(command -v busybox)" "$boot/root/bin/busybox"
install -m 755 scripts/lab-init.sh "$boot/root/init"
# In the order in which they need each other.
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci \
	9pnet 9pnet_virtio netfs fscache 9p overlay irqbypass ccp kvm kvm-amd tun \
	llc stp bridge veth crc32c_generic libcrc32c nfnetlink nf_tables \
	nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack nf_nat nft_chain_nat nft_ct nft_masq nft_meta_bridge; do
	file=$(find "$kernel/lib/modules" -name "$module.ko*" -print -quit)
	[ -n "$file" ] || continue
	cp "$file" "$boot/root/modules/"
	basename "$file"
done >"$boot/root/modules/order"
{
	printf 'cd %q\n' "$here"
	env | grep -E '^(PATH|HOME|LUPINE_[A-Z_]*)=' | while IFS='=' read -r name value; do
		printf 'export %s=%q\n' "$name" "$value"
	done
	printf 'export LUPINE_LAB=inside\n'
	printf '%q ' "$@"
	printf '</dev/null 2>&1\n'
} >"$boot/root/lab/command"
(cd "$boot/root" && find . | cpio -o -H newc --quiet) >"$boot/initrd"

# With -icount time goes by instructions while the VM computes: a busy host makes it slow, and no timer of it late.
end=0
qemu-system-x86_64 -M q35 -accel tcg -icount shift=2 -cpu max,+svm -m 4096 \
	-nodefaults -no-user-config -no-reboot -display none -serial stdio -device isa-debug-exit,iobase=0xf4 \
	-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
	-device virtio-9p-pci,fsdev=host,mount_tag=host \
	-kernel "$(echo "$kernel"/boot/vmlinuz-*)" -initrd "$boot/initrd" \
	-append 'console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests no_timer_check' </dev/null || end=$?
case $end in
129) ;;
131) exit 1 ;;
*)
	echo "lab: the VM went down ($end)" >&2
	exit 2
	;;
esac
