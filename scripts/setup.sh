#!/usr/bin/env bash
# Makes this checkout ready: npm packages, the compiled program, Debian packages, the guest's init.
# Does only what is missing, and says what it does. `--tests` adds what the tests talk to VMs with.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '== %s\n' "$*" >&2; }

if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; then
	say "Node.js 20 or newer is needed: https://nodejs.org/en/download"
	exit 1
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	say "installing npm packages"
	npm ci --no-audit --no-fund --loglevel=error
	touch node_modules/.package-lock.json
fi

# Newer sources than the last good compilation?
if [ ! -e dist/.built ] || [ -n "$(find src package.json tsconfig*.json -newer dist/.built -print -quit)" ]; then
	say "compiling TypeScript"
	npx tsc -p tsconfig.build.json
	touch dist/.built
fi

node dist/cli/main.js doctor --fix --quiet

if [ "${1-}" = --tests ]; then
	# Package, and the program that shows that it is there.
	wanted=()
	need() { command -v "$2" >/dev/null 2>&1 || [ -e "$2" ] || wanted+=("$1"); }
	need skopeo skopeo
	need umoci umoci
	need docker-registry docker-registry
	need apache2-utils htpasswd
	need libarchive-tools bsdtar
	need cpio cpio
	need busybox-static /bin/busybox
	need erofs-utils fsck.erofs
	need genext2fs genext2fs
	need gnupg gpgconf
	need zstd zstd
	need iproute2 ip
	need nftables /usr/sbin/nft
	need dnsmasq-base /usr/sbin/dnsmasq
	need linux-source-6.1 /usr/src/linux-source-6.1.tar.xz
	need redis-server redis-server
	need redis-tools redis-cli
	need nginx-light /usr/sbin/nginx
	need memcached memcached
	need postgresql /usr/lib/postgresql
	need postgresql-client psql
	need python3-minimal python3
	need golang-go go
	need libmemcached-tools memccat
	need musl-tools musl-gcc
	need fakeroot fakeroot
	need bsdutils script
	need curl curl
	need strace strace
	need lz4 lz4
	need chromium-headless-shell chromium-headless-shell
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	if [ ${#wanted[@]} -gt 0 ]; then
		say "installing for the tests: ${wanted[*]}"
		$sudo apt-get update -qq
		# Servers are only copied into VMs; none may start on this machine.
		$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
	elif ! apt-cache show redis-server >/dev/null 2>&1; then
		say "fetching Debian's package lists: the tests make images of packages"
		$sudo apt-get update -qq
	fi
fi

make -s -C guest
