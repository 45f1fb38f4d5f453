#!/usr/bin/env bash
# The README's first command: from a fresh clone to the real redis as a microVM that answers.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
if ! command -v redis-server >/dev/null || ! command -v redis-cli >/dev/null; then
	printf '== installing redis, the application of this tour\n' >&2
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update -qq
	# RUNLEVEL=1: redis is to run in a microVM, not as a service of this machine.
	$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends redis-server redis-tools >/dev/null
fi
exec node dist/quickstart.js
