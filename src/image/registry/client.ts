/**
 * A client of one repository in one registry (OCI distribution specification, the pull half).
 * It gives bytes and the names they were asked by; whether they are the right ones is checked by
 * those who know the digest.
 */

import { LupineError } from '../../support/errors.js';
import type { Context } from '../../support/context.js';
import { checkDigest, digestOf } from '../digest.js';
import { MANIFEST_BYTES, SMALL_ANSWER_BYTES } from '../limits.js';
import { ACCEPTED, type Descriptor } from '../manifest.js';
import { type RegistryReference, nameOf } from '../reference.js';
import { type Authenticator, makeAuthenticator } from './auth.js';
import { findCredentials } from './credentials.js';
import { download } from './download.js';
import { isNotTls, statusError } from './errors.js';
import {
  type Answer,
  type Http,
  type HttpOptions,
  type HttpRequest,
  isLoopback,
  makeHttp,
} from './http.js';

export interface FetchedManifest {
  readonly bytes: Buffer;
  readonly digest: string;
  /** What the registry calls it; empty when it says nothing. */
  readonly mediaType: string;
}

export interface RegistryClient {
  /** @param name a tag or a digest; by digest it is verified. */
  manifest(name: string): Promise<FetchedManifest>;
  /** Bytes of a blob, not yet verified; cuts are mended. */
  blob(descriptor: Descriptor): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly http?: Omit<HttpOptions, 'signal'>;
  /** Where credentials are looked for; the environment of this process unless told. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Hosts that answer for a name people write. */
const HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** @throws LupineError when the registry cannot be reached, is none, or does not let us in. */
export async function connect(
  reference: RegistryReference,
  context: Context,
  options: ClientOptions = {},
): Promise<RegistryClient> {
  const http = makeHttp({ ...options.http, signal: context.signal });
  try {
    return await connectWith(http, reference, context, options);
  } catch (error) {
    await http.close();
    throw error;
  }
}

async function connectWith(
  http: Http,
  reference: RegistryReference,
  context: Context,
  options: ClientOptions,
): Promise<RegistryClient> {
  const { registry, repository } = reference;
  const where = nameOf(reference);
  const { base, challenges } = await ping(http, HOSTS[registry] ?? registry);
  const auth = makeAuthenticator({
    http,
    base,
    where,
    registry,
    repository,
    credentials: () =>
      findCredentials(registry, repository, {
        note: (line) => context.progress.note(line),
        signal: context.signal,
        ...(options.env === undefined ? {} : { env: options.env }),
      }),
  });
  if (challenges !== undefined) await auth.answer(challenges, undefined);
  const at = (rest: string) => new URL(`/v2/${repository}/${rest}`, base);
  const blobPart = async (descriptor: Descriptor, from: number) => {
    const request = {
      url: at(`blobs/${descriptor.digest}`),
      ...(from === 0 ? {} : { headers: { range: `bytes=${from}-` } }),
    };
    const answer = await authorized(auth, request, (r) => http.send(r));
    const start = partStart(answer, from);
    if (start !== undefined) return { start, body: answer.body };
    answer.discard();
    throw statusError(answer.status, `${where}, blob ${descriptor.digest}`, registry);
  };
  return {
    async manifest(name) {
      const request = { url: at(`manifests/${name}`), headers: { accept: ACCEPTED } };
      const answer = await authorized(auth, request, (r) => http.read(r, MANIFEST_BYTES));
      if (answer.status !== 200) throw statusError(answer.status, where, registry);
      const promised = name.startsWith('sha256:') ? name : answer.header('docker-content-digest');
      if (promised?.startsWith('sha256:') === true) checkDigest(answer.bytes, promised, where);
      const mediaType = (answer.header('content-type') ?? '').split(';')[0]?.trim() ?? '';
      return { bytes: answer.bytes, digest: digestOf(answer.bytes), mediaType };
    },
    blob: (descriptor) =>
      download({
        size: descriptor.size,
        host: base.host,
        where: `${where}, blob ${descriptor.digest}`,
        open: (from) => blobPart(descriptor, from),
        pause: (attempt, atLeastMs) => http.pause(attempt, atLeastMs),
        signal: context.signal,
      }),
    close: () => http.close(),
  };
}

/** Sends with what we are authorised by; after a refusal once more with a fresh authorisation. */
async function authorized<A extends Answer>(
  auth: Authenticator,
  request: HttpRequest,
  send: (request: HttpRequest) => Promise<A>,
): Promise<A> {
  const attempt = () => {
    const header = auth.header === undefined ? {} : { authorization: auth.header };
    return send({ ...request, headers: { ...request.headers, ...header } });
  };
  const used = auth.header;
  const answer = await attempt();
  if (answer.status !== 401) return answer;
  answer.discard();
  await auth.answer(answer.header('www-authenticate'), used);
  return attempt();
}

/** Where a partial answer begins; undefined when it is no part of a blob. */
function partStart(answer: Answer, from: number): number | undefined {
  if (answer.status === 200) return 0;
  if (answer.status !== 206) return undefined;
  const range = /^bytes ([0-9]{1,15})-/.exec(answer.header('content-range') ?? '');
  const start = Number(range?.[1] ?? Number.NaN);
  return start <= from ? start : undefined;
}

/** Finds out whether it is https or (on this machine only) http, and what it wants to know of us. */
async function ping(
  http: Http,
  host: string,
): Promise<{ base: URL; challenges: string | undefined }> {
  if (!URL.canParse(`https://${host}`)) throw new LupineError('bad registry', { where: host });
  const secure = new URL(`https://${host}`);
  try {
    return await pingAt(http, secure);
  } catch (error) {
    const speaksPlain = error instanceof LupineError && isNotTls(error.cause);
    if (!speaksPlain || !isLoopback(secure.hostname)) throw error;
    return pingAt(http, new URL(`http://${host}`));
  }
}

async function pingAt(
  http: Http,
  base: URL,
): Promise<{ base: URL; challenges: string | undefined }> {
  const answer = await http.read({ url: new URL('/v2/', base) }, SMALL_ANSWER_BYTES);
  if (answer.status === 401) return { base, challenges: answer.header('www-authenticate') ?? '' };
  if (answer.status === 200) return { base, challenges: undefined };
  throw new LupineError(`not a container registry (its /v2/ answers ${answer.status})`, {
    where: base.host,
    fix: 'check the host in the image name',
  });
}
