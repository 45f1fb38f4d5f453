import { describe, expect, it } from 'vitest';
import { presentSyscalls } from '../../../src/kernel/syscall-table.js';

describe('presentSyscalls', () => {
  it('counts neither weak stand-ins nor what is not there', () => {
    const table = [
      { nr: 5, name: 'fstat', entry: 'sys_newfstat' },
      { nr: 175, name: 'init_module', entry: 'sys_init_module' },
    ];
    const symbols =
      'ffffffff81000000 T __x64_sys_newfstat\nffffffff81000010 W __x64_sys_init_module\n';
    expect([...presentSyscalls(symbols, table)]).toEqual(['fstat']);
    expect([...presentSyscalls('', table)]).toEqual([]);
  });
});
