/**
 * What a user may write where an image is wanted. The transports are skopeo's (containers-transports(5)),
 * except that `dir:` is a root file system directory; a name without transport follows docker's
 * defaults (registry docker.io, `library/`, tag `latest`). A word that starts with `/`, `./` or `../`,
 * or holds a slash and names a file here, is a program of this machine. A bare word is always an image.
 */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { LupineError } from '../support/errors.js';

/** An image in a registry, completed by docker's defaults. */
export interface RegistryReference {
  readonly kind: 'registry';
  /** Host with optional port, as a person writes it: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/nginx`. */
  readonly repository: string;
  readonly tag?: string;
  /** Wins over the tag. */
  readonly digest?: string;
}

/** A file or directory, and for those that hold several images which one. */
export interface PathReference {
  readonly kind: 'oci' | 'oci-archive' | 'docker-archive' | 'directory' | 'executable';
  readonly path: string;
  readonly select?: string;
}

export type Reference = RegistryReference | PathReference;

const TRANSPORTS: Readonly<Record<string, PathReference['kind']>> = {
  oci: 'oci',
  'oci-archive': 'oci-archive',
  'docker-archive': 'docker-archive',
  dir: 'directory',
};

/** Transports of others that cannot be read without their program, and the way round. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'docker-daemon': 'save it with `docker save IMAGE -o app.tar` and use docker-archive:app.tar',
  'containers-storage':
    'save it with `podman save IMAGE -o app.tar` and use docker-archive:app.tar',
  ostree: 'copy it with `skopeo copy … oci:layout`',
  sif: 'copy it with `skopeo copy … oci:layout`',
  tarball: 'unpack it and use dir:',
  http: 'write the name without http://',
  https: 'write the name without https://',
};

// Grammar of the distribution project's `reference` package, https://github.com/distribution/reference.
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const NAME_LENGTH = 255;

/**
 * Reads what a user wrote.
 * @param isFile tells whether a path names a file here; only asked for words with a slash.
 * @throws LupineError when it can be nothing of the kind.
 */
export function parseReference(
  text: string,
  isFile: (path: string) => boolean = namesAFile,
): Reference {
  const transport = /^([a-z-]+):(.*)$/s.exec(text);
  const [, scheme = '', rest = ''] = transport ?? [];
  if (scheme === 'docker' && rest.startsWith('//')) return parseName(rest.slice(2), text);
  const kind = Object.hasOwn(TRANSPORTS, scheme) ? TRANSPORTS[scheme] : undefined;
  if (kind !== undefined) return parsePath(kind, rest, text);
  // `http:2` is an image called http; `http://…` and `sif:/…` are not.
  if (Object.hasOwn(ELSEWHERE, scheme) && (rest.includes('/') || scheme.includes('-'))) {
    throw new LupineError(`images cannot be read from ${scheme}:`, {
      where: text,
      fix: ELSEWHERE[scheme] ?? '',
    });
  }
  if (looksLikePath(text) || (text.includes('/') && isFile(text))) {
    return { kind: 'executable', path: text };
  }
  return parseName(text, text);
}

/** True for text that no shell user would read as an image name: `/bin/x`, `./x`, `../x`, `.`. */
export function looksLikePath(text: string): boolean {
  return /^(?:\/|\.\.?(?:\/|$))/.test(text);
}

function namesAFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function parsePath(kind: PathReference['kind'], rest: string, whole: string): PathReference {
  // skopeo, too, splits at the first colon; a directory of `dir:` is the whole rest.
  const colon = kind === 'directory' ? -1 : rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const select = colon < 0 ? '' : rest.slice(colon + 1);
  if (path === '' || path.includes('\0')) {
    throw new LupineError('no path in the image reference', {
      where: whole,
      fix: 'write it as oci:PATH[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME] or dir:PATH',
    });
  }
  return select === '' ? { kind, path } : { kind, path, select };
}

/** Completes an image name by docker's defaults. @throws LupineError naming the bad part. */
export function parseName(name: string, whole: string = name): RegistryReference {
  const bad = (what: string, fix?: string): never => {
    throw new LupineError(what, { where: whole, ...(fix === undefined ? {} : { fix }) });
  };
  const at = name.indexOf('@');
  const digest = at < 0 ? undefined : name.slice(at + 1);
  if (digest !== undefined && !DIGEST.test(digest)) {
    bad('bad digest in the image name', 'a digest is sha256: and 64 hexadecimal digits');
  }
  const beforeDigest = at < 0 ? name : name.slice(0, at);
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : beforeDigest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) {
    bad('bad tag in the image name', 'a tag has letters, digits, `_`, `.` and `-`, at most 128');
  }
  const path = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  const { registry, repository } = splitHost(path);
  if (!HOST.test(registry)) bad('bad registry in the image name', 'write it as HOST[:PORT]/NAME');
  if (repository.length > NAME_LENGTH || !repository.split('/').every((c) => COMPONENT.test(c))) {
    bad(
      'not an image name',
      /[A-Z]/.test(repository)
        ? 'image names are lower case'
        : 'an image is [HOST[:PORT]/]NAME[:TAG]; a program of this machine is a path with a slash',
    );
  }
  return {
    kind: 'registry',
    registry,
    repository,
    ...(tag === undefined ? (digest === undefined ? { tag: 'latest' } : {}) : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The first part is a host when it could not be a user's name: it has a dot, a port or capitals. */
function splitHost(path: string): { registry: string; repository: string } {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const isHost = first === 'localhost' || /[.:A-Z[]/.test(first);
  const registry = isHost ? first : 'docker.io';
  const rest = isHost ? path.slice(slash + 1) : path;
  if (registry !== 'docker.io' && registry !== 'index.docker.io') {
    return { registry, repository: rest };
  }
  return { registry: 'docker.io', repository: rest.includes('/') ? rest : `library/${rest}` };
}

/** The complete name: `docker.io/library/nginx:alpine`. */
export function nameOf(reference: RegistryReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The short name that the catalogue knows: `nginx` of `docker.io/library/nginx:alpine`. */
export function shortName(reference: Reference): string {
  if (reference.kind === 'registry') return reference.repository.split('/').at(-1) ?? '';
  // `oci:dir:tag` is named by its tag only when that is a whole image name.
  const named = /[/:]/.test(reference.select ?? '') ? reference.select : undefined;
  if (named !== undefined) return shortNameOf(named);
  return basename(reference.path).replace(/\.(?:tar|tgz|tar\.(?:gz|zst))$/, '');
}

/** As `shortName`, of an image name found inside an archive; the text itself when it is none. */
export function shortNameOf(name: string): string {
  try {
    return shortName(parseName(name));
  } catch (error) {
    if (error instanceof LupineError) return name;
    throw error;
  }
}
