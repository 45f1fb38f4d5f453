/** QEMU's ends, played by a script that speaks just enough QMP on the inherited sockets. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { launchQemu } from '../../../src/monitor/qemu-process.js';
import { allowedCpus } from '../../../src/evaluation/machine.js';
import { fakeVm } from './fake-vm.js';

const directory = mkdtempSync(join(tmpdir(), 'lupine-qemu-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const vm = fakeVm(directory);

let count = 0;
/** A fake QEMU: a shell script whose descriptor 3 is the console and 4 is QMP. */
function fake(script: string): string {
  const path = join(directory, `qemu-${++count}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

// Both commands are read: a socket closed with unread bytes is a reset, which may lose the answers.
const greet = `read -r a <&4; read -r b <&4; echo '{"QMP": {}}' >&4; echo '{"return": {}, "id": 1}' >&4`;
const status = (id: number, running: boolean, state: string) =>
  `echo '{"return": {"running": ${running}, "status": "${state}"}, "id": ${id}}' >&4`;
const runs = `${greet}; ${status(2, true, 'running')}; echo hello >&3`;

test('KVM gives up on the guest: QEMU would stay for ever, and is ended', async () => {
  const qemu = await launchQemu(
    fake(
      `${runs}; echo 'KVM internal error. Suberror: 1' >&2; echo '{"event": "STOP"}' >&4
       ${status(3, false, 'internal-error')}; exec sleep 60`,
    ),
    vm,
    undefined,
  );
  expect(await qemu.ended).toEqual({
    kind: 'failed',
    reason: 'QEMU stopped the VM (internal-error): KVM internal error. Suberror: 1',
  });
});

test('the guest was lost before QMP could tell', async () => {
  const start = launchQemu(
    fake(`${greet}; ${status(2, false, 'internal-error')}; exec sleep 60`),
    vm,
    undefined,
  );
  expect(await (await start).ended).toMatchObject({
    reason: 'QEMU stopped the VM (internal-error)',
  });
});

test('a QEMU that does not start says why', async () => {
  const program = fake(`echo "qemu: could not load PC BIOS 'qboot.rom'" >&2; exit 1`);
  await expect(launchQemu(program, vm, undefined)).rejects.toMatchObject({ where: 'qboot.rom' });
});

test('a QEMU that crashes later is a failure with its last words', async () => {
  const qemu = await launchQemu(fake(`${runs}; echo 'qemu: oh no' >&2; exit 3`), vm, undefined);
  expect(await qemu.ended).toEqual({ kind: 'failed', reason: 'oh no' });
});

test('an ordinary end, with and without a word on the console', async () => {
  const talkative = await launchQemu(fake(`${runs}; exit 0`), vm, undefined);
  expect(await talkative.ended).toEqual({ kind: 'shutdown' });
  const silent = await launchQemu(fake(`${greet}; exit 0`), vm, undefined);
  expect(await silent.ended).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('7 MiB') as unknown,
  });
});

test('a VM that is measured runs on the processor it was given', async () => {
  const [cpu = 0] = allowedCpus().slice(-1);
  const qemu = await launchQemu(
    fake(`${runs}; grep Cpus_allowed_list /proc/self/status >&3; exit 0`),
    { ...vm, hostCpu: cpu },
    undefined,
  );
  let said = '';
  for await (const chunk of qemu.console as AsyncIterable<Buffer>) said += chunk.toString();
  expect(said).toMatch(new RegExp(`^Cpus_allowed_list:\\s*${cpu}$`, 'm'));
});

test('something that is no QEMU is ended', async () => {
  const start = launchQemu(fake('echo nonsense >&4; exec sleep 60'), vm, undefined);
  await expect(start).rejects.toMatchObject({ message: 'QEMU failed' });
});

test('the console of a guest whose instructions are counted is read from its file, at the end', async () => {
  const file = join(directory, 'console');
  const qemu = await launchQemu(
    fake(`${runs}; echo counted >'${file}'; exit 0`),
    { ...vm, accelerator: 'tcg', countInstructions: true },
    undefined,
  );
  let said = '';
  for await (const chunk of qemu.console as AsyncIterable<Buffer>) said += chunk.toString();
  expect(said).toBe('counted\n');
  expect(await qemu.ended).toEqual({ kind: 'shutdown' });
});
