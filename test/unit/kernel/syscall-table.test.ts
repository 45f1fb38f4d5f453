import { describe, expect, it } from 'vitest';
import { parseSyscallTable, presentSyscalls } from '../../../src/kernel/syscall-table.js';

const table = parseSyscallTable(
  [
    '# comment',
    '5\tcommon\tfstat\t\tsys_newfstat',
    '174\t64\tcreate_module',
    '175\t64\tinit_module\tsys_init_module',
    '512\tx32\trt_sigaction\tcompat_sys_rt_sigaction',
  ].join('\n'),
);

describe('parseSyscallTable', () => {
  it('leaves out x32 and calls without an entry', () => {
    expect(table).toEqual([
      { nr: 5, name: 'fstat', entry: 'sys_newfstat' },
      { nr: 175, name: 'init_module', entry: 'sys_init_module' },
    ]);
  });
});

describe('presentSyscalls', () => {
  it('counts neither weak stand-ins nor what is not there', () => {
    const symbols =
      'ffffffff81000000 T __x64_sys_newfstat\nffffffff81000010 W __x64_sys_init_module\n';
    expect([...presentSyscalls(symbols, table)]).toEqual(['fstat']);
    expect([...presentSyscalls('', table)]).toEqual([]);
  });
});
