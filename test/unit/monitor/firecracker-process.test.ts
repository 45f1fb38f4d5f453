/** Firecracker's ends, played by a script that serves just enough of its API. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { launchFirecracker } from '../../../src/monitor/firecracker-process.js';
import type { RunningVm } from '../../../src/monitor/types.js';
import { fakeVm } from './fake-vm.js';

const root = mkdtempSync(join(tmpdir(), 'lupine-firecracker-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
/** Starts a fake that serves its API with these status and body, and then runs a script. */
function launch(
  script: string,
  answer?: { status: number; body: object },
  signal?: AbortSignal,
): Promise<RunningVm> {
  const program = join(root, `firecracker-${++count}`);
  const serve =
    answer === undefined
      ? script
      : `require('node:http').createServer((request, response) => {
           response.writeHead(${answer.status});
           response.end(${JSON.stringify(JSON.stringify(answer.body))}, () => { ${script} });
         }).listen('api.sock');`;
  const log = `const log = (line) => require('node:fs').appendFileSync('firecracker.log', line + '\\n');`;
  writeFileSync(program, `#!${process.execPath}\n${log}\n${serve}\n`);
  chmodSync(program, 0o755);
  const vm = fakeVm(mkdtempSync(join(root, 'vm-')));
  return launchFirecracker(program, vm, signal);
}

const runs = { status: 200, body: { state: 'Running' } };
const say = (what: string, then: string) =>
  `process.stdout.write(${JSON.stringify(what)}, () => { ${then} });`;

test('status 0 is the end by the guest, after its last word', async () => {
  const vm = await launch(say('hello', 'process.exit(0)'), runs);
  expect(await text(vm.console)).toBe('hello');
  expect(await vm.ended).toEqual({ kind: 'shutdown' });
});

test('status 0 after KVM gave up is a failure', async () => {
  const line = '2026-06-30T21:39:10 [vm:fc_vcpu 0:ERROR] Received KVM_EXIT_INTERNAL_ERROR signal';
  const vm = await launch(say('hello', `log('${line}'); process.exit(0)`), runs);
  vm.console.resume();
  expect(await vm.ended).toEqual({
    kind: 'failed',
    reason: 'KVM gave up on the guest: Received KVM_EXIT_INTERNAL_ERROR signal',
  });
});

test('an end without a word is told as too little memory', async () => {
  const vm = await launch('process.exit(0)', runs);
  vm.console.resume();
  expect(await vm.ended).toMatchObject({
    kind: 'failed',
    reason: expect.stringMatching('memory') as string,
  });
});

test('a refusal at the start is its reason', async () => {
  const said = '2026-06-30T21:39:10 [vm:main:ERROR] RunWithApiError error: The thing is wrong.';
  await expect(launch(`log('${said}'); process.exit(1)`)).rejects.toMatchObject({
    message: 'Firecracker failed',
    where: 'The thing is wrong.',
  });
});

test('a refusal of the API is a sentence', async () => {
  const fault = { status: 400, body: { fault_message: 'The request is invalid.' } };
  await expect(launch('', fault)).rejects.toMatchObject({
    message: 'Firecracker refuses',
    where: 'GET /: The request is invalid.',
  });
});

test('an abort ends one that never answers', async () => {
  const stop = new AbortController();
  const start = launch('setInterval(() => 0, 1000)', undefined, stop.signal);
  setTimeout(() => stop.abort(new Error('Ctrl-C')), 300);
  await expect(start).rejects.toThrow('Ctrl-C');
});

test('a killed one is killed', async () => {
  const vm = await launch(say('hello', ''), runs);
  vm.kill();
  vm.console.resume();
  expect(await vm.ended).toEqual({ kind: 'killed' });
});
