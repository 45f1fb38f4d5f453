import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainMissing, parseMissing, worthTelling } from '../../../src/unikernel/missing.js';

const table = {
  syscalls: {
    '291': { name: 'epoll_create1', entry: '__x64_sys_epoll_create1', options: ['EPOLL'] },
    '334': { name: 'rseq', entry: '__x64_sys_rseq', options: ['RSEQ'] },
  },
  families: {
    '10': { name: 'INET6', options: ['NET', 'IPV6'] },
    '38': { name: 'AF_ALG', options: ['CRYPTO_USER_API'] },
  },
  filesystems: { xfs: ['XFS_FS'] },
};

const config = '#\nCONFIG_NET=y\n# CONFIG_EPOLL is not set\n';

function explained(line: string): string | undefined {
  const missing = parseMissing(line, table);
  return missing === undefined ? undefined : explainMissing(missing, config);
}

describe('what a guest lacks', () => {
  it('is told with the option and the flag that adds it', () => {
    expect(explained('lupine: missing syscall 291 nginx')).toBe(
      'nginx asked for system call epoll_create1, which this kernel lacks; CONFIG_EPOLL gives it: ' +
        'add --with EPOLL to `lupine run` or `lupine build`',
    );
    expect(explained('lupine: missing socket family 38 my app')).toMatch(
      /^my app asked for socket AF_ALG.*--with CRYPTO_USER_API/,
    );
    expect(explained('lupine: missing filesystem xfs mount')).toMatch(
      /file system xfs.*--with XFS_FS/,
    );
  });

  it('is told without an option where none is known', () => {
    expect(explained('lupine: missing syscall 9999 x')).toMatch(/number 9999.*no kernel option/);
    expect(explained('lupine: missing filesystem constructor x')).toMatch(/no kernel option/);
  });

  it('ignores every other line', () => {
    expect(explained('Out of memory: killed process 3')).toBeUndefined();
    expect(explained('lupine: missing syscall x y')).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => explained(text) === undefined));
  });

  it('keeps quiet about what libc and init only try', () => {
    const tells = (line: string) => {
      const missing = parseMissing(line, table);
      return missing !== undefined && worthTelling(missing);
    };
    expect(tells('lupine: missing syscall 334 redis')).toBe(false);
    expect(tells('lupine: missing syscall 291 init')).toBe(false);
    expect(tells('lupine: missing syscall 291 redis')).toBe(true);
  });
});
