/**
 * The settings file that tells init what to run and how (docs/guest-protocol.md): strings
 * `key=value`, each ended by a zero byte. Checked here, where the user can be told.
 */

import { LupineError } from '../support/errors.js';

/** Resource numbers of Linux on x86 (asm-generic/resource.h). */
const resources = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

export type ResourceName = keyof typeof resources;

export interface ResourceLimit {
  readonly resource: ResourceName;
  /** As setrlimit(2) counts it; `Infinity` is unlimited. */
  readonly soft: number;
  readonly hard: number;
}

export interface GuestSettings {
  readonly root: {
    readonly type: 'ext2' | 'squashfs' | 'erofs' | 'initramfs';
    /** /dev/vda unless told. */
    readonly device?: string;
    /** `overlay`: a read-only disk under a tmpfs. */
    readonly access: 'rw' | 'ro' | 'overlay';
  };
  readonly argv: readonly string[];
  /** `NAME=value`; init adds PATH, HOME, HOSTNAME and, with a terminal, TERM when absent. */
  readonly env?: readonly string[];
  /** `name|uid[:group|gid]`, resolved in the image. */
  readonly user?: string;
  /** Further groups, by name or number. */
  readonly groups?: readonly string[];
  /** Absolute; made when absent. */
  readonly workdir?: string;
  readonly hostname?: string;
  readonly nameservers?: readonly string[];
  /** Lines for /etc/hosts, `address name …`. */
  readonly hosts?: readonly string[];
  /** `dhcp`: the kernel was told `ip=dhcp`, init takes the name servers from it. */
  readonly network?: 'dhcp' | { readonly address: string; readonly gateway?: string };
  /** Where a tmpfs goes, with mount(8) options if any. */
  readonly tmpfs?: readonly { readonly path: string; readonly options?: string }[];
  /** ext2 disks, and where they go. */
  readonly volumes?: readonly {
    readonly device: string;
    readonly path: string;
    readonly readOnly: boolean;
  }[];
  readonly limits?: readonly ResourceLimit[];
  /** The application reads what the host sends; otherwise its stdin is /dev/null. */
  readonly stdin?: boolean;
  readonly tty?: { readonly rows: number; readonly columns: number };
  /** Seconds since 1970; absent: the guest's own clock stays. */
  readonly clock?: number;
  /** 1 … 256 random bytes, credited in full. */
  readonly entropy?: Uint8Array;
}

/** The settings of a boot that only proves that a kernel gets as far as its init. */
export function encodeProbeSettings(): Buffer {
  return encode([['mode', 'probe']]);
}

/** @throws LupineError naming the setting that cannot be expressed. */
export function encodeSettings(settings: GuestSettings): Buffer {
  const { root, network, tty, clock, entropy } = settings;
  if (settings.argv.length === 0) throw new LupineError('no command to run in the microVM');
  const lines: [string, string | undefined][] = [
    ['root', root.type],
    ['device', root.device],
    ['access', root.access],
    ['user', settings.user === '' ? undefined : settings.user],
    ['workdir', settings.workdir === '' ? undefined : settings.workdir],
    ['hostname', settings.hostname],
    ['dhcp', network === 'dhcp' ? 'yes' : undefined],
    ['address', typeof network === 'object' ? network.address : undefined],
    ['gateway', typeof network === 'object' ? network.gateway : undefined],
    ['stdin', settings.stdin === true ? 'yes' : undefined],
    ['tty', tty === undefined ? undefined : `${tty.rows},${tty.columns}`],
    ['clock', clock === undefined ? undefined : String(Math.floor(clock))],
    ['entropy', entropy === undefined ? undefined : Buffer.from(entropy).toString('hex')],
    ...list('arg', settings.argv),
    ...list('env', settings.env),
    ...list('group', settings.groups),
    ...list('nameserver', settings.nameservers),
    ...list('host', settings.hosts),
    ...list(
      'tmpfs',
      settings.tmpfs?.map((t) => (t.options === undefined ? t.path : `${t.path}:${t.options}`)),
    ),
    ...list(
      'volume',
      settings.volumes?.map((v) => `${v.device}:${v.readOnly ? 'ro' : 'rw'}:${v.path}`),
    ),
    ...list('rlimit', settings.limits?.map(limit)),
  ];
  return encode(lines);
}

/** Bytes of a settings file that init reads. */
const MAX_BYTES = 1 << 20;

function encode(lines: readonly [string, string | undefined][]): Buffer {
  const strings = ['version=1'];
  for (const [key, value] of lines) {
    if (value === undefined) continue;
    if (!(rules[key] ?? anything).test(value) || value.includes('\0')) {
      throw new LupineError('bad setting for the microVM', { where: `${key}=${value}` });
    }
    strings.push(`${key}=${value}`);
  }
  const bytes = Buffer.from(strings.map((s) => `${s}\0`).join(''));
  if (bytes.length >= MAX_BYTES) {
    throw new LupineError('arguments and environment are too long', {
      where: `${bytes.length} bytes of at most ${MAX_BYTES}`,
    });
  }
  return bytes;
}

const anything = /^/;
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = `${octet}(\\.${octet}){3}`;

/** What init and the formats it writes can take; init checks again. */
const rules: Readonly<Record<string, RegExp>> = {
  device: /^\/dev\/[^/]+$/,
  env: /^[^=]+=/,
  user: /^[^\n]+$/,
  group: /^[^:\n]+$/,
  workdir: /^\//,
  hostname: /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/,
  nameserver: /^[0-9A-Fa-f.:%a-z]+$/,
  host: /^[0-9A-Fa-f.:]+[ \t][^\n]+$/,
  address: new RegExp(`^${ipv4}/([1-9]|[12][0-9]|3[0-2])$`),
  gateway: new RegExp(`^${ipv4}$`),
  tmpfs: /^\/[^:]*(:[^:]+)?$/,
  volume: /^\/dev\/[a-z0-9]+:r[ow]:\/[^\n]*$/,
  tty: /^(0|[1-9]\d{0,3}|[1-5]\d{4}),(0|[1-9]\d{0,3}|[1-5]\d{4})$/,
  clock: /^\d{1,12}$/,
  entropy: /^([0-9a-f]{2}){1,256}$/,
  rlimit: /^\d+:\d+:\d+$/,
};

function list(key: string, values: readonly string[] = []): [string, string][] {
  return values.map((value) => [key, value]);
}

function limit({ resource, soft, hard }: ResourceLimit): string {
  const count = (n: number) => (n === Infinity ? '18446744073709551615' : String(n));
  return `${resources[resource]}:${count(soft)}:${count(hard)}`;
}
