/**
 * OpenPGP signatures of kernel.org, as https://www.kernel.org/signature.html describes: developers
 * sign the uncompressed tarball, a robot signs the list of checksums. Whom we believe is fixed here
 * by fingerprint; so it does not matter over which way a key came to this machine. Keys come from
 * kernel.org's Web Key Directory, or from a file the user names.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import { lastWords, run } from '../support/process.js';
import type { RunResult } from '../support/process.js';
import { fetchSmall } from './download.js';

export interface Signer {
  readonly name: string;
  readonly email: string;
  /** Of the primary key, 40 hexadecimal digits in upper case. */
  readonly fingerprint: string;
}

/** Who signs releases. */
export const releaseSigners: readonly Signer[] = [
  {
    name: 'Greg Kroah-Hartman',
    email: 'gregkh@kernel.org',
    fingerprint: '647F28654894E3BD457199BE38DBBDC86092693E',
  },
  {
    name: 'Sasha Levin',
    email: 'sashal@kernel.org',
    fingerprint: 'E27E5D8A3403A2EF66873BBCDEA66FF797772CDC',
  },
  {
    name: 'Linus Torvalds',
    email: 'torvalds@kernel.org',
    fingerprint: 'ABAF11C65A2970B130ABE3C479BE3E4300411886',
  },
];

/** Who signs `sha256sums.asc`. */
export const checksumSigners: readonly Signer[] = [
  {
    name: 'Kernel.org checksum autosigner',
    email: 'autosigner@kernel.org',
    fingerprint: 'B8868C80BA62A1FFFAF5FDA9632D3A06589DA6B1',
  },
];

const KEY_LIMIT = 1_000_000;
const INSTALL = 'apt-get install gpgv';

/** Where the keys of signers are: a file of the user's, or a directory that is filled when needed. */
export interface Keys {
  readonly file?: string | undefined;
  readonly directory: string;
}

/**
 * Checks a signature.
 * @param signed the signature file, then (when detached) the data; clear-signed text is returned.
 * @throws LupineError when it is not a good signature of one of the signers.
 */
export async function verifySignature(
  signature: string,
  data: Readable | undefined,
  signers: readonly Signer[],
  keys: Keys,
  context: Context,
): Promise<string> {
  const rings = await keyrings(signers, keys, context);
  const result = await run(
    'gpgv',
    [
      ...['--status-fd', '2', '--quiet'],
      ...rings.flatMap((ring) => ['--keyring', ring]),
      ...(data === undefined ? ['--output', '-', signature] : [signature, '-']),
    ],
    {
      install: INSTALL,
      accept: [0, 1, 2],
      ...(data === undefined ? {} : { input: data }),
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    },
  );
  const signedBy = primaryFingerprint(result);
  if (signedBy === undefined || !signers.some(({ fingerprint }) => fingerprint === signedBy)) {
    const reason = signedBy === undefined ? reasonOf(result) : `signed by ${signedBy}`;
    throw new LupineError('the signature is not good', {
      where: `${signature.split('/').at(-1) ?? signature} (${reason})`,
      fix: 'do not use this source; try another mirror, or remove old keys from ' + keys.directory,
    });
  }
  return result.stdout;
}

/** Of gpgv's status lines (doc/DETAILS of GnuPG): the last field of VALIDSIG is the primary key. */
function primaryFingerprint({ status, stderr }: RunResult): string | undefined {
  if (status !== 0) return undefined;
  return /^\[GNUPG:\] VALIDSIG .* ([0-9A-F]{40})$/m.exec(stderr)?.[1];
}

function reasonOf({ stderr }: RunResult): string {
  const missing = /^\[GNUPG:\] NO_PUBKEY (\S+)/m.exec(stderr)?.[1];
  if (missing !== undefined) return `key ${missing} is not one of those we trust`;
  if (/^\[GNUPG:\] BADSIG/m.test(stderr)) return 'the file was changed after it was signed';
  return lastWords(stderr.replace(/^\[GNUPG:\].*\n?/gm, ''));
}

async function keyrings(
  signers: readonly Signer[],
  keys: Keys,
  context: Context,
): Promise<string[]> {
  if (keys.file !== undefined) {
    if (existsSync(keys.file)) return [keys.file];
    throw new LupineError('no such keyring', {
      where: keys.file,
      fix: 'correct LUPINE_KERNEL_KEYRING; make one with `gpg --export > FILE`',
    });
  }
  return Promise.all(signers.map((signer) => keyOfSigner(signer, keys.directory, context)));
}

async function keyOfSigner(signer: Signer, directory: string, context: Context): Promise<string> {
  const path = join(directory, `${signer.fingerprint}.gpg`);
  if (existsSync(path)) return path;
  let reason: unknown;
  for (const url of webKeyUrls(signer.email)) {
    try {
      const key = await fetchSmall(url, KEY_LIMIT, context);
      if (key === undefined) continue;
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${process.pid}`;
      await writeFile(temporary, key);
      await rename(temporary, path);
      return path;
    } catch (error) {
      context.signal?.throwIfAborted();
      reason = error;
    }
  }
  throw new LupineError(`cannot get the key of ${signer.name}`, {
    where: signer.email,
    fix:
      `get it with \`gpg --locate-keys ${signer.email} && gpg --export ${signer.email} > FILE\`` +
      ' and set LUPINE_KERNEL_KEYRING=FILE',
    cause: reason,
  });
}

/** Web Key Directory addresses: the advanced method, then the direct one (draft-koch-openpgp-webkey-service, 3.1). */
export function webKeyUrls(email: string): string[] {
  const [local = '', domain = ''] = email.toLowerCase().split('@');
  const name = `hu/${zBase32(createHash('sha1').update(local).digest())}?l=${encodeURIComponent(local)}`;
  return [
    `https://openpgpkey.${domain}/.well-known/openpgpkey/${domain}/${name}`,
    `https://${domain}/.well-known/openpgpkey/${name}`,
  ];
}

/** Z-Base-32 of RFC 6189, 5.1.6. */
function zBase32(bytes: Uint8Array): string {
  const alphabet = 'ybndrfg8ejkmcpqxot1uwisza345h769';
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => alphabet.charAt(parseInt(group.padEnd(5, '0'), 2)))
    .join('');
}
