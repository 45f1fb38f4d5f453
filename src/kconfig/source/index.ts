/** Facts about options from the kernel's source tree: files, directories, system calls. */

export { alternatives, required } from './condition.js';
export type { Condition } from './condition.js';
export { deriveFacts } from './facts.js';
export type { CompiledFile, Gift, OpenedDirectory, OptionFacts, SourceFacts } from './facts.js';
export type { Provision } from './provisions.js';
export { parseSyscallTable, readSyscallTable } from './syscall-table.js';
export type { Syscall } from './syscall-table.js';
