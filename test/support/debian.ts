/**
 * Debian's packages with everything they depend on, as one layer of an image. Nothing is installed
 * and no script of a package runs; apt only resolves and downloads.
 */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedDirectory } from './cache.js';
import { exec } from './exec.js';

/** Left out, as slim images do. */
const DOCUMENTATION = ['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/lintian'];

/**
 * A tar of the files of packages and of their dependencies, the same for the same versions.
 * @returns its path in the cache.
 */
export async function packagesTar(packages: readonly string[]): Promise<string> {
  const closure = await resolve(packages);
  const key = ['debian', '1', ...closure.map(({ file, hash }) => `${file} ${hash}`)];
  const directory = await cachedDirectory(key, async (entry) => {
    const debs = join(entry, 'debs');
    await mkdir(debs);
    const names = closure.map(({ name, version }) => `${name}=${version}`);
    await exec('apt-get', ['download', '-q', ...names], { cwd: debs });
    await unpack(debs, join(entry, 'root'), join(entry, 'packages.tar'));
    await rm(debs, { recursive: true });
  });
  return join(directory, 'packages.tar');
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly hash: string;
}

/** The closure as apt resolves it for a machine with nothing installed. */
async function resolve(packages: readonly string[]): Promise<Package[]> {
  const nothing = ['-o', 'Dir::State::status=/dev/null', '--no-install-recommends'];
  const said = await exec('apt-get', [
    ...nothing,
    '-qq',
    '-y',
    '--print-uris',
    'install',
    ...packages,
  ]);
  const found = said.split('\n').flatMap((line): Package[] => {
    const [, file = '', hash = ''] = /^'\S+' (\S+_\S+_\S+\.deb) \d+ (\S*)$/.exec(line) ?? [];
    const [name, version] = file.split('_');
    if (name === undefined || version === undefined) return [];
    return [{ name, version: decodeURIComponent(version), file, hash }];
  });
  if (found.length === 0) throw new Error(`apt finds no ${packages.join(', ')}; apt-get update?`);
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Under fakeroot, so that owners are kept whoever runs the tests. */
async function unpack(debs: string, root: string, tar: string): Promise<void> {
  const files = (await readdir(debs)).filter((file) => file.endsWith('.deb')).sort();
  await mkdir(root);
  const script = [
    'set -e; root=$1; tar=$2; debs=$3; shift 3',
    'for deb; do dpkg-deb --extract "$debs/$deb" "$root"; done',
    `cd "$root"; rm -rf ${DOCUMENTATION.join(' ')}`,
    'tar --create --file "$tar" --sort=name --numeric-owner --format=pax \\',
    '  --pax-option=delete=atime,delete=ctime --hard-dereference .',
    'rm -rf "$root"',
  ].join('\n');
  const path = join(debs, 'unpack.sh');
  await writeFile(path, script);
  await exec('fakeroot', ['sh', path, root, tar, debs, ...files]);
}
