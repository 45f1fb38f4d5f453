import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFailures, requireTaken } from '../../../src/kernel/check.js';
import { silentProgress } from '../../../src/support/progress.js';

const kconfig = `
config NET
	bool "Networking"

config VIRTIO_NET
	tristate "Network"
	depends on VIRTIO && NET

config VIRTIO
	bool

config VIRTIO_MMIO
	bool "Bus"
	select VIRTIO

config FORCER
	bool "Forces"
	select FORCED

config FORCED
	bool "Forced"

config ALWAYS
	def_bool y
`;

let tree: string;
beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'lupine-check-'));
  await mkdir(join(tree, 'drivers'));
  await writeFile(join(tree, 'drivers', 'Kconfig'), kconfig);
});
afterAll(() => rm(tree, { recursive: true }));

const values = new Map(
  Object.entries({ NET: 'y', FORCER: 'y', FORCED: 'y', ALWAYS: 'y', START: '0x200000' }),
);
const request = (name: string, value = 'y') => ({
  name,
  value,
  from: 'profile p',
  because: 'a reason',
});

async function reasonOf(name: string, value = 'y'): Promise<string | undefined> {
  return (await findFailures([request(name, value)], values, tree))[0]?.reason;
}

describe('findFailures', () => {
  it('is content with what took, numbers in any form, and unknown options that are off', async () => {
    const taken = [
      request('NET'),
      request('START', '0X200000'),
      request('START', '2097152'),
      request('NO_SUCH', 'n'),
    ];
    expect(await findFailures(taken, values, '/nonexistent')).toEqual([]);
  });

  it('takes what nobody can set in a complete .config as an outcome', async () => {
    const outcome = { ...request('VIRTIO'), outcome: true as const };
    const wish = { ...request('VIRTIO_NET'), outcome: true as const };
    const failures = await findFailures([outcome, wish], values, tree);
    expect(failures.map((failure) => failure.request.name)).toEqual(['VIRTIO_NET']);
  });

  it('names the unmet dependency and its place', async () => {
    expect(await reasonOf('VIRTIO_NET')).toBe(
      'it depends on VIRTIO && NET (drivers/Kconfig:7, off: VIRTIO)',
    );
  });

  it('names who selects what has no prompt', async () => {
    expect(await reasonOf('VIRTIO')).toContain('selected by VIRTIO_MMIO');
  });

  it('names near options for an unknown one', async () => {
    expect(await reasonOf('VIRTIO_NETT')).toBe(
      'this kernel has no such option; near it are VIRTIO_NET',
    );
    expect(await reasonOf('QQQQQQQQ')).toContain('no such option');
  });

  it('says who forces an option on', async () => {
    expect(await reasonOf('FORCED', 'n')).toBe(
      'it is selected by FORCER (drivers/Kconfig:18): turn that off, or remove the request',
    );
    expect(await reasonOf('ALWAYS', 'n')).toContain(
      'on by its own default (drivers/Kconfig:23) and has no prompt',
    );
  });
});

describe('requireTaken', () => {
  it('says in one line: option, wanted, got, who and why; and notes the others', async () => {
    const notes: string[] = [];
    const context = {
      progress: { ...silentProgress, note: (line: string) => void notes.push(line) },
    };
    const failed = requireTaken(
      [request('VIRTIO_NET'), request('FORCED', 'n')],
      values,
      tree,
      context,
    );
    await expect(failed).rejects.toMatchObject({
      line:
        'CONFIG_VIRTIO_NET did not take: wanted y, got n (and 1 more, listed above): asked by profile p because: a reason' +
        ' — it depends on VIRTIO && NET (drivers/Kconfig:7, off: VIRTIO)',
    });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('CONFIG_FORCED did not take: wanted n, got y');
  });
});
