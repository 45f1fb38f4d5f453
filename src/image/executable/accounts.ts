/**
 * The small files of /etc that a program's C library reads, made from the host's: accounts of the
 * system, since daemons change to theirs; nobody's password, and no person's name.
 */

import type { Host } from './host.js';

const MAX_BYTES = 4 * 1024 * 1024;
/** Accounts below are the system's, above are people's (Debian policy 9.2.2); 65534 is `nobody`. */
const FIRST_PERSON = 1000;
const NOBODY = 65534;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;
const ID = /^\d{1,10}$/;

export interface EtcFile {
  readonly path: string;
  readonly content: Buffer;
}

/** Local files, then the name servers that init is given. */
const NSSWITCH = `passwd: files
group: files
shadow: files
hosts: files dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
`;

/** /etc/passwd, /etc/group and /etc/nsswitch.conf for an image of a program of this host. */
export function accountFiles(host: Host): readonly EtcFile[] {
  const users = systemUsers(readText(host, '/etc/passwd'));
  const groups = systemGroups(readText(host, '/etc/group'), new Set(users.map(([name]) => name)));
  return [
    { path: '/etc/passwd', content: lines(users) },
    { path: '/etc/group', content: lines(groups) },
    { path: '/etc/nsswitch.conf', content: Buffer.from(NSSWITCH) },
  ];
}

type Record = readonly [name: string, ...fields: string[]];

function systemUsers(text: string): readonly Record[] {
  const users = records(text).flatMap(([name, , uid, gid, , home, shell]): Record[] => {
    if (!isSystem(name, uid) || !ID.test(gid ?? '')) return [];
    return [[name, '*', uid, gid ?? '', '', home ?? '/', shell ?? '']];
  });
  const usual: readonly Record[] = [
    ['root', '*', '0', '0', '', '/root', '/bin/sh'],
    ['nobody', '*', String(NOBODY), String(NOBODY), '', '/nonexistent', '/usr/sbin/nologin'],
  ];
  return [...usual.filter(([name]) => !users.some(([known]) => known === name)), ...users];
}

function systemGroups(text: string, users: ReadonlySet<string>): readonly Record[] {
  const groups = records(text).flatMap(([name, , gid, members]): Record[] => {
    if (!isSystem(name, gid)) return [];
    const kept = (members ?? '').split(',').filter((member) => users.has(member));
    return [[name, '*', gid, kept.join(',')]];
  });
  const root: Record = ['root', '*', '0', ''];
  return groups.some(([name]) => name === 'root') ? groups : [root, ...groups];
}

function isSystem(name: string | undefined, id: string | undefined): id is string {
  if (!NAME.test(name ?? '') || !ID.test(id ?? '')) return false;
  return Number(id) < FIRST_PERSON || Number(id) === NOBODY;
}

function records(text: string): readonly Record[] {
  return text.split('\n').map((line) => line.split(':') as [string, ...string[]]);
}

function lines(entries: readonly Record[]): Buffer {
  return Buffer.from(entries.map((fields) => `${fields.join(':')}\n`).join(''));
}

function readText(host: Host, path: string): string {
  return host.read(path, MAX_BYTES)?.toString('utf8') ?? '';
}
