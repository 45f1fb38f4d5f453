import { describe, expect, it } from 'vitest';
import { parseSyscallTable } from '../../../../src/kconfig/source/syscall-table.js';

describe('parseSyscallTable', () => {
  it("leaves out calls of other machines' programs and calls without an entry", () => {
    const text = [
      '# comment',
      '5\tcommon\tfstat\t\tsys_newfstat',
      '174\t64\tcreate_module',
      '175\t64\tinit_module\tsys_init_module',
      '403\ttime32\tclock_gettime\tsys_clock_gettime32',
      '512\tx32\trt_sigaction\tcompat_sys_rt_sigaction',
    ].join('\n');
    expect(parseSyscallTable(text)).toEqual([
      { nr: 5, name: 'fstat', entry: 'sys_newfstat' },
      { nr: 175, name: 'init_module', entry: 'sys_init_module' },
    ]);
  });
});
