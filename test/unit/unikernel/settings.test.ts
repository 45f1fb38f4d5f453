import { describe, expect, it } from 'vitest';
import { guestSettings, mergeEnvironment } from '../../../src/unikernel/settings.js';
import { description } from './fixture.js';

const address = { address: '10.0.2.15/24', gateway: '10.0.2.2', nameservers: ['10.0.2.3'] };

describe('guestSettings', () => {
  it('starts what the image says', () => {
    expect(guestSettings(description, {}, address)).toMatchObject({
      argv: ['/entry.sh', 'redis-server'],
      env: ['PATH=/usr/bin', 'A=1'],
      user: 'redis',
      workdir: '/data',
      hostname: 'redis',
      root: { type: 'ext2', access: 'rw' },
      network: { address: '10.0.2.15/24', gateway: '10.0.2.2' },
      nameservers: ['10.0.2.3'],
    });
  });

  it.each([
    ['a command replaces the command', { command: ['sh'] }, ['/entry.sh', 'sh']],
    ['an entrypoint drops the command', { entrypoint: '/bin/ls' }, ['/bin/ls']],
    ['both', { entrypoint: '/bin/ls', command: ['-l'] }, ['/bin/ls', '-l']],
    ['an empty entrypoint leaves the command', { entrypoint: '', command: ['sh'] }, ['sh']],
  ])('as in docker: %s', (_, options, argv) => {
    expect(guestSettings(description, options, address).argv).toEqual(argv);
  });

  it('refuses an image that says nothing and a user who says nothing', () => {
    expect(() => guestSettings(description, { entrypoint: '' }, address)).toThrow(
      /does not say what to run/,
    );
  });

  it('lets the user win over the image', () => {
    const options = { env: ['A=2', 'B=3'], user: '0', workdir: '/', name: 'db', readOnly: true };
    expect(guestSettings(description, options, undefined)).toMatchObject({
      env: ['PATH=/usr/bin', 'A=2', 'B=3'],
      user: '0',
      workdir: '/',
      hostname: 'db',
      root: { access: 'ro' },
    });
  });

  it('puts read-only formats under an overlay', () => {
    const squashed = {
      ...description,
      rootfs: { ...description.rootfs, format: 'squashfs' },
    } as const;
    expect(guestSettings(squashed, {}, undefined).root.access).toBe('overlay');
  });

  it('makes a host name of any image name', () => {
    const named = (name: string) => guestSettings({ ...description, name }, {}, undefined).hostname;
    expect(named('my_app:latest')).toBe('my-app-latest');
    expect(named('___')).toBe('lupine');
    expect(named('x'.repeat(100))).toHaveLength(63);
  });
});

describe('mergeEnvironment', () => {
  it('keeps the place of the first and the value of the last', () => {
    expect(mergeEnvironment(['A=1', 'B=2'], ['A=3', 'C='])).toEqual(['A=3', 'B=2', 'C=']);
  });
});
