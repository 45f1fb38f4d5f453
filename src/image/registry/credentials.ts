/**
 * Credentials that docker, podman or skopeo have stored for a registry. Read, never written:
 * $REGISTRY_AUTH_FILE when set (alone, as skopeo has it), else $DOCKER_CONFIG/config.json
 * (~/.docker/config.json), $XDG_RUNTIME_DIR/containers/auth.json and ~/.config/containers/auth.json.
 * In each: `credHelpers` of the registry, then `auths`, then `credsStore`.
 */

import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { LupineError, isSystemError } from '../../support/errors.js';
import { run } from '../../support/process.js';
import { parseJson } from '../json.js';
import { HELPER_MS, SMALL_ANSWER_BYTES } from '../limits.js';

export type Credentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** An OAuth 2 refresh token. */
  | { readonly kind: 'identity'; readonly token: string };

const Auth = v.object({
  auth: v.nullish(v.string(), ''),
  username: v.nullish(v.string(), ''),
  password: v.nullish(v.string(), ''),
  identitytoken: v.nullish(v.string(), ''),
});

const HelperName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]*$/, 'not a credential helper'));

const AuthFile = v.object({
  auths: v.nullish(v.record(v.string(), Auth), {}),
  credHelpers: v.nullish(v.record(v.string(), HelperName), {}),
  credsStore: v.nullish(HelperName, ''),
});

type AuthFile = v.InferOutput<typeof AuthFile>;

const HelperAnswer = v.object({ Username: v.string(), Secret: v.string() });

/** The name under which docker stores its own registry. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

export interface CredentialOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Told when a credential helper fails; the pull then goes on without credentials. */
  readonly note?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param registry `docker.io`, `host:5000`. @param repository for files that tell them apart by it.
 * @returns undefined when nobody has logged in. @throws LupineError on a file that cannot be read.
 */
export async function findCredentials(
  registry: string,
  repository: string,
  options: CredentialOptions = {},
): Promise<Credentials | undefined> {
  for (const path of authFiles(options.env ?? process.env)) {
    const file = await readAuthFile(path);
    if (file === undefined) continue;
    const found = await lookUp(file, registry, repository, options);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where credentials may be, in the order they are looked for. */
export function authFiles(env: NodeJS.ProcessEnv): string[] {
  const set = (name: string): string | undefined => env[name] || undefined;
  const only = set('REGISTRY_AUTH_FILE');
  if (only !== undefined) return [only];
  const home = set('HOME') ?? homedir();
  const runtime = set('XDG_RUNTIME_DIR');
  return [
    join(set('DOCKER_CONFIG') ?? join(home, '.docker'), 'config.json'),
    ...(runtime === undefined ? [] : [join(runtime, 'containers', 'auth.json')]),
    join(set('XDG_CONFIG_HOME') ?? join(home, '.config'), 'containers', 'auth.json'),
  ];
}

async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  try {
    if ((await stat(path)).size > SMALL_ANSWER_BYTES) {
      throw new LupineError('the credential file is too large', { where: path });
    }
    return parseJson(await readFile(path), AuthFile, 'credential file', path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined;
    if (isSystemError(error)) {
      throw new LupineError(`cannot read the credential file (${error.code ?? ''})`, {
        where: path,
      });
    }
    throw error;
  }
}

async function lookUp(
  file: AuthFile,
  registry: string,
  repository: string,
  options: CredentialOptions,
): Promise<Credentials | undefined> {
  const keys = [...scopes(registry, repository)];
  const helper = best(file.credHelpers, keys);
  if (helper !== undefined && helper !== '') return askHelper(helper, registry, options);
  const stored = best(file.auths, keys);
  const found = stored === undefined ? undefined : fromAuth(stored);
  if (found !== undefined) return found;
  return file.credsStore === '' ? undefined : askHelper(file.credsStore, registry, options);
}

/** `host/a/b`, `host/a`, `host`: podman's files may name a part of a registry. */
function* scopes(registry: string, repository: string): Generator<string> {
  const parts = repository.split('/');
  for (let n = parts.length; n >= 0; n--) yield [registry, ...parts.slice(0, n)].join('/');
}

function best<T>(entries: Readonly<Record<string, T>>, keys: readonly string[]): T | undefined {
  const byKey = new Map(Object.entries(entries).map(([key, value]) => [plainKey(key), value]));
  const key = keys.find((candidate) => byKey.has(candidate));
  return key === undefined ? undefined : byKey.get(key);
}

/** Old clients wrote keys as addresses: `https://host/v1/`. */
function plainKey(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

function fromAuth(entry: v.InferOutput<typeof Auth>): Credentials | undefined {
  if (entry.identitytoken !== '') return { kind: 'identity', token: entry.identitytoken };
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (colon > 0) {
    return { kind: 'password', user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  if (entry.username === '') return undefined;
  return { kind: 'password', user: entry.username, password: entry.password };
}

/** The credential helper protocol: the server's name on stdin, JSON on stdout. */
async function askHelper(
  name: string,
  registry: string,
  { note, signal }: CredentialOptions,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  try {
    const result = await run(program, ['get'], {
      input: registry === 'docker.io' ? DOCKER_HUB : registry,
      accept: [0, 1],
      timeout: HELPER_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    // Status 1 is how helpers say that they have nothing for this server.
    if (result.status === 1) return undefined;
    const answer = parseJson(Buffer.from(result.stdout), HelperAnswer, 'answer', program);
    return answer.Username === '<token>'
      ? { kind: 'identity', token: answer.Secret }
      : { kind: 'password', user: answer.Username, password: answer.Secret };
  } catch (error) {
    if (!(error instanceof LupineError)) throw error;
    note?.(`no credentials from ${program}, going on without: ${error.line}`);
    return undefined;
  }
}
