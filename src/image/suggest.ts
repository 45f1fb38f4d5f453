/** What a user probably meant, when what they wrote is no image: added to the error's advice. */

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LupineError } from '../support/errors.js';

/**
 * The error for a path that is no program, with the word that would have worked; undefined when the
 * path is a plain file and no archive.
 */
export function pathError(path: string): LupineError | undefined {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) {
    return new LupineError('no such file', {
      where: path,
      fix: 'a program is named by its path, an image without ./ in front',
    });
  }
  if (info.isDirectory()) {
    const transport = existsSync(join(path, 'oci-layout')) ? 'oci' : 'dir';
    return new LupineError('a directory, not a program', {
      where: path,
      fix: `${transport === 'oci' ? 'it is an OCI layout' : 'for a root file system'}: ${transport}:${path}`,
    });
  }
  if (!info.isFile()) return new LupineError('not a program', { where: path });
  return /\.(?:tar|tgz|tar\.gz|tar\.zst)$/.test(path)
    ? new LupineError('an archive, not a program', {
        where: path,
        fix: `use docker-archive:${path} (docker save) or oci-archive:${path}`,
      })
    : undefined;
}

/**
 * An error about a bare word that is also a program of this machine, with its path added.
 * @param word as the user wrote it.
 */
export function withProgram(error: unknown, word: string): unknown {
  const program = /^[\w.+-]+$/.test(word) ? onPath(word) : undefined;
  if (!(error instanceof LupineError) || program === undefined) return error;
  const advice = `to run the program of this machine, write its path: ${program}`;
  return new LupineError(error.message, {
    ...(error.where === undefined ? {} : { where: error.where }),
    fix: error.fix === undefined ? advice : `${error.fix}; ${advice}`,
    ...(error.exitCode === undefined ? {} : { exitCode: error.exitCode }),
    cause: error,
  });
}

function onPath(name: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter((d) => d.startsWith('/'));
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false;
      }
    });
}

/** @throws LupineError when `dir:` was given a directory that skopeo's own `dir:` transport wrote. */
export async function refuseSkopeoDirectory(path: string): Promise<void> {
  const version = await readFile(join(path, 'version'), 'latin1').catch(() => '');
  if (!version.startsWith('Directory Transport Version')) return;
  if (!existsSync(join(path, 'manifest.json'))) return;
  throw new LupineError("a directory of skopeo's dir: transport, not a root file system", {
    where: path,
    fix: `convert it: skopeo copy dir:${path} oci:layout:latest, then use oci:layout`,
  });
}
