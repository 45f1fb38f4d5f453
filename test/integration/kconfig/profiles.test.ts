/** Kernels as the questions see them, against the whole `allnoconfig` of the same requests. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Kconfig } from '../../../src/kconfig/index.js';
import { formatFragment } from '../../../src/kernel/fragment.js';
import { configureSpace, openSpace } from '../../../src/kernel/space.js';
import { diffKernels, explainOption, whyNotOption } from '../../../src/unikernel/questions.js';
import { kernelSpecs } from '../../../src/unikernel/index.js';
import { cacheDirectory } from '../../../src/support/paths.js';
import { silentProgress } from '../../../src/support/progress.js';

const context = { progress: silentProgress };

describe.each(['6.12', '6.1'])('on Linux %s', (line) => {
  const options = { source: { kind: 'line', line } as const };

  it.each(['redis', 'base', undefined])(
    'the kernel of %s is what allnoconfig makes',
    async (app) => {
      const profile = app === undefined ? { profile: 'microvm' as const } : {};
      const [spec] = await kernelSpecs(app === undefined ? [] : [app], [], {
        ...options,
        ...profile,
      });
      if (spec === undefined) throw new Error('no kernel');
      const kernel = await openSpace(spec, context);
      const { written } = Kconfig.load({
        tree: kernel.source.path,
        arch: 'x86_64',
        cache: join(cacheDirectory(), 'kconfig'),
      }).run('allnoconfig', {
        files: { requests: formatFragment(spec.options) },
        environment: { KCONFIG_ALLCONFIG: 'requests' },
        silent: true,
      });
      expect(configureSpace(kernel, spec.options).format('config')).toBe(written);
    },
  );

  it('an explanation names who asked, and what is compiled', async () => {
    const choice = { apps: ['redis'], variants: [], options };
    const found = await explainOption('CONFIG_EPOLL', choice, context);
    expect(found).toMatchObject({
      configuration: 'redis',
      asked: { from: 'apps/redis.yaml' },
      explanation: { name: 'EPOLL', value: 'y', reasons: [{ kind: 'user' }] },
      facts: { files: [{ path: 'fs/eventpoll.c' }] },
    });
  });

  it('the fix of what is off turns it on', async () => {
    const choice = { apps: ['base'], variants: [], options };
    const wanted = { name: 'VIRTIO_NET', value: 'y' };
    const { whyNot } = await whyNotOption(wanted, choice, context);
    expect(whyNot.obstacles[0]?.unmet.map(({ text }) => text)).toContain('NETDEVICES');
    if (whyNot.fix.kind !== 'settings') throw new Error(whyNot.fix.kind);
    const { settings } = whyNot.fix.answer;
    expect(settings.map(({ name }) => name)).toContain('NET');
    const after = await whyNotOption(
      wanted,
      { ...choice, options: { ...options, with: [...settings] } },
      context,
    );
    expect(after.whyNot.fix).toEqual({ kind: 'none needed' });
  });

  it('an unknown option gets the nearest names', async () => {
    const choice = { apps: ['base'], variants: [], options };
    await expect(explainOption('EPOL', choice, context)).rejects.toMatchObject({
      message: 'no such kernel option',
      fix: expect.stringContaining('EPOLL') as string,
    });
  });

  it('profiles and applications differ by what was asked', async () => {
    const menus = await diffKernels('lupine-base', 'app:redis', options, context);
    const changes = menus.flatMap((menu) => menu.changes);
    expect(changes).toContainEqual(expect.objectContaining({ name: 'EPOLL', cause: 'asked' }));
    expect(changes).toContainEqual(expect.objectContaining({ name: 'BPF', cause: 'selected' }));
    expect(await diffKernels('app:redis', 'app:redis', options, context)).toEqual([]);
    await expect(diffKernels('micro', 'microvm', options, context)).rejects.toMatchObject({
      where: 'micro',
      fix: expect.stringContaining('app:NAME') as string,
    });
  });
});
