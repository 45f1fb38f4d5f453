/**
 * What programs open by themselves and no ELF header tells: a table of who needs what, and why.
 * Paths that this machine lacks are left out. Anything else an application reads is its user's to
 * include.
 */

import type { Host } from './host.js';

/** A program or library in the image, seen by one of its names. */
export interface Member {
  /** e.g. `python3.11`, `libssl.so.3`. */
  readonly name: string;
  readonly directory: string;
  /** False for the path of a symbolic link to it. */
  readonly real: boolean;
}

export interface Need {
  readonly why: string;
  /** Holds for a member of this name… */
  readonly name?: RegExp;
  /** …or where one of these texts is found in a program or library other than libc. */
  readonly mentions?: readonly string[];
  /** Files and directories with all that is in them; links among them are followed. */
  take?(member: Member, version: string): readonly string[];
  /** Links to make where the host has their directory but not them. */
  readonly links?: Readonly<Record<string, string>>;
  /** Empty directories to make. */
  readonly directories?: readonly string[];
}

/** Opened by glibc itself, by name, when the call is made. */
export const OPENED_BY_GLIBC: Readonly<Record<string, string>> = {
  'libgcc_s.so.1': 'pthread_cancel, pthread_exit and backtrace unwind the stack with it',
  'libnss_files.so.2': 'users, groups and hosts of /etc, before glibc 2.34',
  'libnss_dns.so.2': 'getaddrinfo asks name servers through it, before glibc 2.34',
};

const CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
];
const TERMINALS = ['dumb', 'linux', 'screen', 'screen-256color', 'tmux-256color', 'vt100', 'vt220']
  .concat(['xterm', 'xterm-256color'])
  .flatMap((name) =>
    ['/etc', '/lib', '/usr/share'].map((d) => `${d}/terminfo/${name[0] ?? ''}/${name}`),
  );

/** `/usr` of `/usr/bin`. */
function prefix(member: Member): string {
  return member.directory.slice(0, Math.max(0, member.directory.lastIndexOf('/')));
}

/** The directory of an application that has one to itself, and `more` below it. */
function home(member: Member, ...more: readonly string[]): readonly string[] {
  const directory = prefix(member);
  const shared = ['', '/usr', '/usr/local'].includes(directory) || !member.real;
  return shared ? [] : more.map((name) => `${directory}${name}`);
}

export const NEEDS: readonly Need[] = [
  {
    why: 'TLS clients check servers against the certificates that this machine trusts',
    name: /^lib(?:ssl|gnutls)\.so\./,
    mentions: ['/etc/ssl/certs'],
    take: () => CERTIFICATES,
  },
  {
    why: 'OpenSSL reads its configuration, and loads older algorithms from files',
    name: /^libcrypto\.so\./,
    take: ({ directory }) => [
      ...['/etc/ssl/openssl.cnf', '/usr/lib/ssl/openssl.cnf', '/etc/pki/tls/openssl.cnf'],
      `${directory}/ossl-modules`,
    ],
    // One file instead of a directory of some hundred links.
    links: { '/usr/lib/ssl/cert.pem': '/etc/ssl/certs/ca-certificates.crt' },
  },
  {
    why: 'names of services and protocols',
    mentions: ['getaddrinfo', 'getservby', 'getprotobyn', '/etc/services'],
    take: () => ['/etc/services', '/etc/protocols'],
  },
  {
    why: 'what the usual terminals can do',
    name: /^lib(?:n?cursesw?|tinfow?|readline|edit)\.so\./,
    take: () => TERMINALS,
  },
  {
    why: 'the one locale that is there without choosing one: text is UTF-8',
    mentions: ['setlocale'],
    take: () => ['/usr/lib/locale/C.utf8', '/usr/lib/locale/C.UTF-8'],
  },
  {
    why: 'SASL loads its mechanisms from files',
    name: /^libsasl2\.so\./,
    take: ({ directory }) => [`${directory}/sasl2`],
  },
  {
    why: 'Python is mostly a library of modules',
    name: /^(?:lib)?python(3\.\d+)/,
    take: (member, version) => [
      `${prefix(member)}/lib/python${version}`,
      // Where a library is in lib/x86_64-linux-gnu, its prefix is not the program's.
      ...[`/usr/lib/python${version}`, '/usr/lib/python3', `/usr/local/lib/python${version}`],
    ],
  },
  {
    why: 'a virtual environment of Python has modules of its own',
    name: /^python[\d.]*$/,
    take: (member) => [`${prefix(member)}/pyvenv.cfg`],
  },
  {
    why: 'Perl is mostly a library of modules',
    name: /^(?:perl|libperl\.so\.)/,
    take: () => [
      ...['/etc/perl', '/usr/share/perl', '/usr/share/perl5', '/usr/lib64/perl5'],
      ...['perl', 'perl5', 'perl-base'].map((d) => `/usr/lib/x86_64-linux-gnu/${d}`),
      ...['/usr/local/share/perl', '/usr/local/lib/x86_64-linux-gnu/perl'],
    ],
  },
  {
    why: 'Ruby is mostly a library of modules',
    name: /^(?:ruby|libruby)/,
    take: () => [
      ...['/usr/lib/ruby', '/usr/lib64/ruby', '/usr/share/ruby', '/usr/lib/x86_64-linux-gnu/ruby'],
      ...['/usr/share/rubygems-integration', '/var/lib/gems'],
    ],
  },
  {
    why: 'PHP loads its extensions as its configuration says',
    name: /^(?:php|libphp)/,
    take: () => ['/etc/php', '/usr/lib/php', '/usr/share/php'],
  },
  {
    why: 'the Java launcher loads its machine and class library from beside itself',
    name: /^javac?$/,
    take: (member) => home(member, '/lib', '/conf'),
  },
  {
    why: "Debian's Node.js keeps some built-in modules outside",
    name: /^libnode\.so\./,
    take: () => ['/usr/share/nodejs'],
  },
  {
    why: 'nginx opens its compiled-in configuration, logs and temporary files at its start',
    name: /^nginx$/,
    take: () => ['/etc/nginx', '/usr/share/nginx', '/usr/lib/nginx', '/var/www/html'],
    directories: ['/var/log/nginx', '/var/lib/nginx'],
  },
  {
    why: 'PostgreSQL starts the programs beside itself by a shell; templates, time zones',
    name: /^(?:postgres|initdb|pg_ctl)$/,
    take: (member) => [
      ...home(member, '').flatMap((d) => [d, d.replace(/^\/usr\/lib/, '/usr/share')]),
      ...['/usr/lib64/pgsql', '/usr/share/pgsql', '/usr/share/zoneinfo', '/bin/sh'],
    ],
  },
  {
    why: 'MariaDB and MySQL read messages, character sets and configuration at their start',
    name: /^(?:mariadbd|mysqld)$/,
    take: () => ['/etc/mysql', '/usr/share/mysql', '/usr/lib/mysql/plugin'],
  },
];

const PIECE = 1024 * 1024;
/** libc has them all, and means none. */
const LIBC = /^(?:libc|libc\.musl-.*|ld-.*|libresolv|libnss_.*|libpthread)\.so/;

/** Which of the needles are in a file. @param path a real one. */
export function mentions(host: Host, path: string, needles: readonly string[]): readonly string[] {
  if (LIBC.test(path.slice(path.lastIndexOf('/') + 1))) return [];
  const overlap = Math.max(...needles.map((needle) => needle.length)) - 1;
  const wanted = new Set(needles);
  return host.withFile(path, (source) => {
    for (let at = 0; at < source.size && wanted.size > 0; at += PIECE) {
      const piece = source.read(at, PIECE + overlap);
      for (const needle of wanted) if (piece.includes(needle, 0, 'latin1')) wanted.delete(needle);
    }
    return needles.filter((needle) => !wanted.has(needle));
  });
}
