import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { capabilitiesOf } from '../../../src/monitor/capabilities.js';
import { chooseAccelerator, type ChooseOptions } from '../../../src/monitor/accelerator.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lupine-accelerator-'));
  vi.stubEnv('LUPINE_STATE', directory);
  vi.stubEnv('LUPINE_ACCEL', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const monitor = {
  name: 'qemu',
  version: '1.2.3',
  capabilities: capabilitiesOf('qemu'),
} as const;
const works = () => vi.fn(() => Promise.resolve<string | undefined>(undefined));
const kvmHangs = () =>
  vi.fn<ChooseOptions['prove']>((accelerator) =>
    Promise.resolve(accelerator === 'kvm' ? 'it hung' : undefined),
  );
const choose = (prove: ChooseOptions['prove'], over: Partial<ChooseOptions> = {}) =>
  chooseAccelerator({ monitor, prove, device: '/dev/null', ...over });

test('KVM that works is used, and proved once', async () => {
  const prove = works();
  expect(await choose(prove)).toEqual({ accelerator: 'kvm' });
  expect(await choose(prove)).toEqual({ accelerator: 'kvm' });
  expect(prove).toHaveBeenCalledTimes(1);
});

test('KVM that fails is told, each time, and proved once', async () => {
  const prove = kvmHangs();
  for (let time = 0; time < 2; time++) {
    const choice = await choose(prove);
    expect(choice.accelerator).toBe('tcg');
    expect(choice.reason).toContain('does not survive it (it hung): using TCG');
  }
  expect(prove.mock.calls.flat()).toEqual(['kvm', 'tcg']);
});

test('a monitor without emulation has no way round KVM, and says who has', async () => {
  const prove = kvmHangs();
  const firecracker = {
    name: 'firecracker',
    version: '1.16.1',
    capabilities: capabilitiesOf('firecracker'),
  } as const;
  for (let time = 0; time < 2; time++) {
    await expect(choose(prove, { monitor: firecracker })).rejects.toMatchObject({
      message: 'KVM does not work here',
      where: expect.stringContaining('it hung') as string,
      fix: expect.stringContaining('--monitor qemu') as string,
    });
  }
  expect(prove.mock.calls.flat()).toEqual(['kvm']);
});

test('another QEMU is proved anew; a corrupt memory too', async () => {
  const prove = works();
  await choose(prove);
  await choose(prove, { monitor: { ...monitor, version: '2' } });
  expect(prove).toHaveBeenCalledTimes(2);
  for (const text of ['', '{', '{"machine":7}', '\0']) {
    writeFileSync(join(directory, 'accelerator-qemu.json'), text);
    expect(await choose(prove)).toEqual({ accelerator: 'kvm' });
  }
  expect(prove).toHaveBeenCalledTimes(6);
});

test('no device: no proof', async () => {
  const prove = works();
  const choice = await choose(prove, { device: join(directory, 'kvm') });
  expect(choice).toMatchObject({ accelerator: 'tcg', reason: /has no/ });
  expect(prove).not.toHaveBeenCalled();
});

test('a probe that boots nowhere is an error, and no verdict', async () => {
  await expect(choose(() => Promise.resolve('no init'))).rejects.toMatchObject({
    message: 'the probe VM does not boot',
    where: 'no init',
  });
  expect(() => readFileSync(join(directory, 'accelerator-qemu.json'))).toThrow('ENOENT');
});

describe('the user decides', () => {
  test('tcg: no proof, no reason', async () => {
    const prove = works();
    expect(await choose(prove, { wanted: 'tcg' })).toEqual({ accelerator: 'tcg' });
    vi.stubEnv('LUPINE_ACCEL', 'tcg');
    expect(await choose(prove)).toEqual({ accelerator: 'tcg' });
    expect(prove).not.toHaveBeenCalled();
  });

  test('kvm that fails is an error, and is tried again each time', async () => {
    const prove = kvmHangs();
    for (let time = 0; time < 2; time++) {
      await expect(choose(prove, { wanted: 'kvm' })).rejects.toThrow('KVM does not work here');
    }
    expect(prove.mock.calls.flat()).toEqual(['kvm', 'tcg', 'kvm', 'tcg']);
    expect(await choose(works(), { wanted: 'kvm' })).toEqual({ accelerator: 'kvm' });
  });

  test('anything else is refused', async () => {
    vi.stubEnv('LUPINE_ACCEL', 'xen');
    await expect(choose(works())).rejects.toMatchObject({ where: 'xen' });
  });
});
