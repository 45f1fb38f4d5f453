/**
 * Which part of Linux an option belongs to, by the Kconfig file that defines it, and the paper's
 * sorting of what a specialised kernel does without: options for particular applications, for many
 * processes and processors, and for hardware.
 */

export const subsystems = [
  'networking',
  'file systems',
  'cryptography',
  'compression',
  'debugging',
  'multiprocessing',
  'power',
  'memory',
  'kernel',
  'drivers',
  'architecture',
  'other',
] as const;
export type Subsystem = (typeof subsystems)[number];

export const categories = ['application-specific', 'multiprocessing', 'hardware'] as const;
export type Category = (typeof categories)[number];

/** By name, where the file does not tell; the first that matches. */
const byName: readonly (readonly [RegExp, Subsystem])[] = [
  [
    /^(SMP|NR_CPUS|NUMA|MODULES?|CGROUPS?|CPUSETS|NAMESPACES|HOTPLUG_CPU|MEMCG|SCHED_|BLK_CGROUP)/,
    'multiprocessing',
  ],
  [
    /^(MODULE|CGROUP|MODVERSIONS|.*_NS$|.*_CGROUP|FAIR_GROUP_SCHED|CFS_BANDWIDTH|RCU_)/,
    'multiprocessing',
  ],
  [/(^|_)(LZ4|LZO|ZSTD|XZ|ZLIB|BZIP2|GZIP|LZMA|(DE)?COMPRESS)(_|$)/, 'compression'],
  [/(^|_)(DEBUG|KASAN|UBSAN|KGDB|FTRACE|TRACE|TRACING|KPROBES|LOCKUP|SELFTEST)(_|$)/, 'debugging'],
  [/(^|_)(PM|SUSPEND|HIBERNATION|CPU_FREQ|CPU_IDLE|ACPI|THERMAL)(_|$)/, 'power'],
];

/** By the start of the file's path. */
const byPath: readonly (readonly [string, Subsystem])[] = [
  ['net/', 'networking'],
  ['drivers/net/', 'networking'],
  ['fs/', 'file systems'],
  ['drivers/acpi/', 'power'],
  ['drivers/cpufreq/', 'power'],
  ['drivers/cpuidle/', 'power'],
  ['kernel/power/', 'power'],
  ['crypto/', 'cryptography'],
  ['lib/crypto/', 'cryptography'],
  ['arch/x86/crypto/', 'cryptography'],
  ['drivers/crypto/', 'cryptography'],
  ['lib/Kconfig.', 'debugging'],
  ['kernel/trace/', 'debugging'],
  ['arch/x86/Kconfig.debug', 'debugging'],
  ['lib/xz/', 'compression'],
  ['mm/', 'memory'],
  ['kernel/', 'kernel'],
  ['init/', 'kernel'],
  ['ipc/', 'kernel'],
  ['block/', 'file systems'],
  ['drivers/', 'drivers'],
  ['sound/', 'drivers'],
  ['arch/', 'architecture'],
];

/** @param file where the option is defined, e.g. `drivers/net/Kconfig`; undefined: nobody knows. */
export function subsystemOf(option: string, file: string | undefined): Subsystem {
  const name = byName.find(([pattern]) => pattern.test(option));
  if (name !== undefined) return name[1];
  return byPath.find(([start]) => file?.startsWith(start) === true)?.[1] ?? 'other';
}

export function categoryOf(subsystem: Subsystem): Category {
  if (subsystem === 'multiprocessing') return 'multiprocessing';
  const hardware: readonly Subsystem[] = ['power', 'drivers', 'architecture'];
  return hardware.includes(subsystem) ? 'hardware' : 'application-specific';
}
