/** The programs of the host that Lupine calls, what each is for, and the Debian package it is in. */

export interface Tool {
  /** A program on PATH, or an absolute path that must exist. */
  readonly program: string;
  readonly package: string;
  readonly purpose: string;
  /** Without it something is slower or one format is missing, but the main road works. */
  readonly optional?: boolean;
}

export const tools: readonly Tool[] = [
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86', purpose: 'runs the microVM' },
  {
    program: '/usr/share/qemu/qboot.rom',
    package: 'qemu-system-data',
    purpose: 'firmware of the microvm machine',
  },
  {
    program: '/usr/share/seabios/bios-microvm.bin',
    package: 'seabios',
    purpose: 'firmware of the microvm machine',
  },
  { program: 'flock', package: 'util-linux', purpose: 'locks the caches' },
  { program: 'setpriv', package: 'util-linux', purpose: 'ends the monitor with lupine' },
  { program: 'make', package: 'make', purpose: 'builds the kernel' },
  { program: 'gcc', package: 'gcc', purpose: 'builds the kernel and init' },
  { program: 'ld', package: 'binutils', purpose: 'builds the kernel' },
  { program: '/usr/include/stdlib.h', package: 'libc6-dev', purpose: "builds the kernel's tools" },
  {
    program: '/usr/include/libelf.h',
    package: 'libelf-dev',
    purpose: "builds the kernel's objtool",
  },
  { program: 'flex', package: 'flex', purpose: "builds the kernel's tools" },
  { program: 'bison', package: 'bison', purpose: "builds the kernel's tools" },
  { program: 'bc', package: 'bc', purpose: 'builds the kernel' },
  { program: 'perl', package: 'perl', purpose: 'builds the kernel' },
  { program: 'patch', package: 'patch', purpose: 'patches the kernel' },
  { program: 'xz', package: 'xz-utils', purpose: 'unpacks kernel sources, compresses kernels' },
  { program: 'lz4', package: 'lz4', purpose: 'compresses kernels' },
  { program: 'tar', package: 'tar', purpose: 'unpacks kernel sources' },
  { program: 'gpgv', package: 'gpgv', purpose: 'verifies downloaded kernel sources' },
  { program: 'musl-gcc', package: 'musl-tools', purpose: 'a smaller init', optional: true },
  { program: 'ccache', package: 'ccache', purpose: 'much faster kernel builds', optional: true },
  {
    program: 'sqfstar',
    package: 'squashfs-tools',
    purpose: 'squashfs root file systems',
    optional: true,
  },
  {
    program: 'fakeroot',
    package: 'fakeroot',
    purpose: 'squashfs root file systems',
    optional: true,
  },
  {
    program: 'zstd',
    package: 'zstd',
    purpose: 'image layers compressed with zstd',
    optional: true,
  },
  { program: 'ip', package: 'iproute2', purpose: 'networks of VMs', optional: true },
  { program: 'nft', package: 'nftables', purpose: 'networks of VMs', optional: true },
  {
    program: 'dnsmasq',
    package: 'dnsmasq-base',
    purpose: 'names on networks of VMs',
    optional: true,
  },
];
