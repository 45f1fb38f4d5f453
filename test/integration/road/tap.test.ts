/**
 * A real tap device, in a network namespace of its own (so no root is needed): the guest fetches a page
 * from this side by its static address, and, in a full run, by one that a DHCP server gives it.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { program } from '../../support/cli.js';
import { exec } from '../../support/exec.js';
import { fullTest } from '../../support/full.js';
import { generalKernel } from '../../support/kernel.js';

let directory = '';

beforeAll(async () => {
  await generalKernel();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lupine-tap-'));
  await writeFile(join(directory, 'page'), 'hello over a tap\n');
  const lease = ['start 10.77.0.20', 'end 10.77.0.20', 'interface lupine0'];
  const files = [`lease_file ${directory}/leases`, `pidfile ${directory}/udhcpd.pid`];
  const given = ['option subnet 255.255.255.0', 'option router 10.77.0.1', 'option dns 10.77.0.1'];
  await writeFile(join(directory, 'udhcpd.conf'), [...lease, ...files, ...given, ''].join('\n'));
  await writeFile(join(directory, 'leases'), '');
});
afterEach(() => rm(directory, { recursive: true }));

/** Servers and tap as a host has them, then `lupine` in their midst. /sys shows the devices of its own mount. */
const HOST = `
set -e
mount -t sysfs sysfs /sys
ip link set lo up
ip tuntap add dev lupine0 mode tap user root
ip address add 10.77.0.1/24 dev lupine0
ip link set lupine0 up
cd "$1"; shift
busybox httpd -f -p 10.77.0.1:80 -h . &
busybox udhcpd -f udhcpd.conf 2>udhcpd.log &
status=0
"$@" || status=$?
kill %1 %2
exit $status
`;

function inGuest(network: string, script: string): Promise<string> {
  const lupine = [process.execPath, program, 'run', '--profile', 'lupine-general'];
  const run = [...lupine, '--network', network, '/bin/busybox', 'sh', '-c', script];
  const namespace = ['--map-root-user', '--net', '--mount', '--kill-child'];
  return exec('unshare', [...namespace, 'bash', '-c', HOST, 'bash', directory, ...run]);
}

test('a static address', async () => {
  const stdout = await inGuest(
    'tap:lupine0,ip=10.77.0.9/24,gw=10.77.0.1,dns=10.77.0.53',
    'wget -q -O - http://10.77.0.1/page; cat /etc/resolv.conf',
  );
  expect(stdout).toContain('hello over a tap');
  expect(stdout).toContain('nameserver 10.77.0.53');
});

fullTest('an address by DHCP', async () => {
  const stdout = await inGuest(
    'tap:lupine0',
    'wget -q -O - http://10.77.0.1/page; ifconfig eth0; cat /etc/resolv.conf',
  );
  expect(stdout).toContain('hello over a tap');
  expect(stdout).toContain('addr:10.77.0.20');
  expect(stdout).toContain('nameserver 10.77.0.1');
});
