/**
 * Non-maskable interrupts where programs run in ring 0. One can come while another entry is on the stack
 * that all interrupts of such programs share, and its handler may fault: the frame below must survive. The
 * handler is made to fault by a change of the kernel's source; the negative control leaves out what
 * protects the frame, and must go down.
 */

import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareSource } from '../../../src/kernel/index.js';
import { QmpClient } from '../../../src/monitor/qmp.js';
import { silentProgress } from '../../../src/support/progress.js';
import { buildKernels } from '../../../src/unikernel/index.js';
import { exec } from '../../support/exec.js';
import { fullTest, isFull } from '../../support/full.js';

const sources = fileURLToPath(new URL('../../../guest/test', import.meta.url));
const extras = fileURLToPath(new URL('kml.config', import.meta.url));

/** As many are taken at least, each reported with 1,023 others. */
const NMIS = 8_192;

/** Milliseconds for a machine, on a busy host. */
const LIMIT = 20 * 60_000;

/** Each NMI reads where nothing is mapped, and only now and then says so. */
const FAULTING_HANDLER = `{
		static int count;
		u8 byte;

		copy_from_user_nofault(&byte, (void __user *)8, 1);
		if (++count % 1024 == 0)
			pr_emerg("lupine test: %d NMIs\\n", count);
		return;
	}
`;

let directory = '';
let tree = '';

const NMI = 'arch/x86/kernel/nmi.c';

/** A machine without the port of reasons says that it has all: the first asked for is a system error. */
function faulting(text: string): string {
  return text
    .replace('#include <linux/nmi.h>', '#include <linux/nmi.h>\n#include <linux/uaccess.h>')
    .replace('\tpr_emerg("NMI: PCI system error', `\t${FAULTING_HANDLER}\n$&`);
}

function unprotected(text: string): string {
  return text.replace(/^\tkml_ist_(enter|exit)\(\);$/gm, '');
}

const context = { progress: silentProgress };

function source() {
  return prepareSource({ kind: 'line', line: '6.12' }, ['lupine', 'kml'], context);
}

beforeAll(async () => {
  if (!isFull) return;
  directory = await mkdtemp(join(tmpdir(), 'lupine-nmi-'));
  const options = { profile: 'lupine-base', configFiles: [extras] } as const;
  const [kernel] = await buildKernels([], ['kml'], options, context);
  const { path } = await source();
  tree = join(directory, 'source');
  // The files are those of the cache: what is changed gets a file of its own.
  await exec('cp', ['-al', path, tree]);
  await change(NMI, faulting);
  await exec('mkdir', [join(directory, 'out')]);
  await copyFile(kernel?.config ?? '', join(directory, 'out/.config'));
  await make('olddefconfig');
  const program = join(directory, 'program');
  await exec('make', ['-s', '-C', sources, 'CC=musl-gcc', `OUT=${program}`]);
  await exec('mkdir', [join(program, 'trusted')]);
  await copyFile(join(program, 'kml'), join(program, 'trusted/kml'));
  await rename(join(program, 'kml'), join(program, 'init'));
  const write = 'printf "init\\ntrusted\\ntrusted/kml\\n" | cpio -o -H newc --quiet > ../initrd';
  await exec('sh', ['-c', write], { cwd: program });
}, 3_600_000);

afterAll(() => (directory === '' ? undefined : rm(directory, { recursive: true })));

/** @throws Error where the source is not what it was when this was written. */
async function change(file: string, edit: (text: string) => string): Promise<void> {
  const path = join(tree, file);
  const text = await readFile(path, 'utf8');
  const edited = edit(text);
  if (edited === text) throw new Error(`${file} has changed`);
  await writeFile(`${path}.new`, edited);
  await rename(`${path}.new`, path);
}

async function make(target: string): Promise<void> {
  const flags = ['-s', '-j2', `O=${join(directory, 'out')}`, 'CC=ccache gcc', target];
  await exec('make', flags, { cwd: tree, timeout: 3_600_000 });
}

/** Boots the kernel, and sends it NMIs while its programs run. */
async function bombarded(): Promise<string> {
  const address = join(directory, 'qmp');
  const server = createServer((socket) => void bombard(socket));
  await new Promise<void>((done) => server.listen(address, done));
  try {
    return await output([
      ...['-M', 'microvm,acpi=off', '-accel', 'tcg', '-cpu', 'max', '-m', '256', '-no-reboot'],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio'],
      ...['-kernel', join(directory, 'out/vmlinux'), '-initrd', join(directory, 'initrd')],
      ...['-append', 'console=ttyS0 reboot=t panic=-1 no_timer_check kml=on'],
      ...['-qmp', `unix:${address}`],
    ]);
  } finally {
    server.close();
  }
}

/** Until the machine has ended. */
async function bombard(socket: Socket): Promise<void> {
  const nothing = () => undefined;
  const qmp = new QmpClient(socket, nothing, nothing);
  try {
    for (;;) {
      await qmp.execute('inject-nmi');
      await sleep(1);
    }
  } catch {
    socket.destroy();
  }
}

function output(args: readonly string[]): Promise<string> {
  const child = spawn('qemu-system-x86_64', args, {
    timeout: LIMIT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString('latin1')));
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

test('the source has what the handler and the negative control change', async () => {
  const { path } = await source();
  const text = await readFile(join(path, NMI), 'utf8');
  expect(faulting(text)).toContain('copy_from_user_nofault');
  expect(faulting(text).match(/lupine test/g)).toHaveLength(1);
  expect(text.match(/kml_ist_/g)).toHaveLength(2);
  expect(unprotected(text)).not.toContain('kml_ist_');
});

fullTest('KML: NMIs whose handler faults', async () => {
  await make('vmlinux');
  const said = await bombarded();
  expect(said).toContain(`lupine test: ${NMIS} NMIs`);
  expect(said).toMatch(/^1\.\.\d+\r?$/m);
  expect(said).not.toMatch(/WARNING:|BUG:|Oops|Kernel panic/);
  // An NMI that ends the HLT of a program hides it from the interrupt that would find it.
  expect(said.match(/^not ok .*$/gm) ?? []).toSatisfy((failed: string[]) =>
    failed.every((line) => line.includes('hlt kills')),
  );

  // The negative control.
  await change(NMI, unprotected);
  await make('vmlinux');
  expect(await bombarded()).toMatch(/^not ok|BUG:|Oops|Kernel panic|double fault/m);
});
