import { describe, expect, it } from 'vitest';
import { findFailures, requireTaken } from '../../../src/kernel/check.js';
import { silentProgress } from '../../../src/support/progress.js';
import { configured } from '../kconfig/configured.js';

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

const kernel = configured(kconfig);
const open = () => Promise.resolve(kernel);
const unread = () => Promise.reject(new Error('nothing failed'));
const values = new Map(
  Object.entries({ NET: 'y', FORCER: 'y', FORCED: 'y', ALWAYS: 'y', START: '0x200000' }),
);
const request = (name: string, value = 'y') => ({
  name,
  value,
  from: 'profile p',
  because: 'a reason',
});

/** Asked beside what took. */
async function reasonOf(name: string, value = 'y'): Promise<string | undefined> {
  const requests = [request('NET'), request('FORCER'), request(name, value)];
  return (await findFailures(requests, values, open))[0]?.reason;
}

describe('findFailures', () => {
  it('is content with what took, numbers in any form, and unknown options that are off', async () => {
    const taken = [
      request('NET'),
      request('START', '0X200000'),
      request('START', '2097152'),
      request('NO_SUCH', 'n'),
    ];
    expect(await findFailures(taken, values, unread)).toEqual([]);
  });

  it('takes what nobody can set in a complete .config as an outcome', async () => {
    const outcome = { ...request('VIRTIO'), outcome: true as const };
    const wish = { ...request('VIRTIO_NET'), outcome: true as const };
    const failures = await findFailures([outcome, wish], values, open);
    expect(failures.map((failure) => failure.request.name)).toEqual(['VIRTIO_NET']);
  });

  it('names the unmet dependency, its place, and the smallest change', async () => {
    expect(await reasonOf('VIRTIO_NET')).toBe(
      'it depends on VIRTIO && NET (Kconfig:7, off: VIRTIO); ask for VIRTIO_MMIO=y',
    );
  });

  it('names who selects what has no prompt', async () => {
    expect(await reasonOf('VIRTIO')).toBe(
      'it has no prompt; it is selected by VIRTIO_MMIO; ask for VIRTIO_MMIO=y',
    );
  });

  it('names near options for an unknown one', async () => {
    expect(await reasonOf('VIRTIO_NETT')).toBe(
      'this kernel has no such option; near it are VIRTIO_NET',
    );
    expect(await reasonOf('QQQQQQQQ')).toContain('no such option');
  });

  it('says who forces an option on', async () => {
    expect(await reasonOf('FORCED', 'n')).toBe(
      'it is selected by FORCER (Kconfig:18); ask for FORCER=n',
    );
    expect(await reasonOf('ALWAYS', 'n')).toContain(
      'it is on by its own default (Kconfig:24); no configuration of this kernel has it',
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
      [request('NET'), request('FORCER'), request('VIRTIO_NET'), request('FORCED', 'n')],
      values,
      open,
      context,
    );
    await expect(failed).rejects.toMatchObject({
      line:
        'CONFIG_VIRTIO_NET did not take: wanted y, got n (and 1 more, listed above): asked by profile p because: a reason' +
        ' — it depends on VIRTIO && NET (Kconfig:7, off: VIRTIO); ask for VIRTIO_MMIO=y',
    });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('CONFIG_FORCED did not take: wanted n, got y');
  });
});
