/**
 * Convinces a registry: basic authentication, or a token fetched from where its challenge says
 * (distribution specification, "Token Authentication"). One token serves all requests of a pull and
 * is renewed once it is refused.
 */

import * as v from 'valibot';
import { LupineError } from '../../support/errors.js';
import { parseJson } from '../json.js';
import { SMALL_ANSWER_BYTES } from '../limits.js';
import { type Challenge, parseChallenges } from './challenge.js';
import type { Credentials } from './credentials.js';
import { accessDenied } from './errors.js';
import { type Http, mayFollow } from './http.js';

export interface Authenticator {
  /** Value of the `Authorization` header; undefined while none was asked for. */
  readonly header: string | undefined;
  /**
   * Answers a refusal. Of several refusals of one header only the first does work.
   * @param refused the header that was refused. @throws LupineError when nothing more can be tried.
   */
  answer(challenges: string | undefined, refused: string | undefined): Promise<void>;
}

export interface AuthenticatorOptions {
  readonly http: Http;
  /** Where the registry is: a token server of plain http is only for those on this machine. */
  readonly base: URL;
  /** For messages. */
  readonly where: string;
  readonly registry: string;
  readonly repository: string;
  readonly credentials: () => Promise<Credentials | undefined>;
}

export function makeAuthenticator(options: AuthenticatorOptions): Authenticator {
  let header: string | undefined;
  let working: Promise<void> | undefined;
  const work = async (challenges: string | undefined) => {
    const known = await options.credentials();
    header = await authorization(parseChallenges(challenges ?? ''), known, options);
  };
  return {
    get header() {
      return header;
    },
    async answer(challenges, refused) {
      if (header !== refused) return;
      working ??= work(challenges).finally(() => (working = undefined));
      await working;
    },
  };
}

async function authorization(
  challenges: readonly Challenge[],
  credentials: Credentials | undefined,
  options: AuthenticatorOptions,
): Promise<string> {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) return `Bearer ${await fetchToken(bearer, credentials, options)}`;
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  if (basic && credentials?.kind === 'password') return basicHeader(credentials);
  if (basic) throw accessDenied(options.where, options.registry);
  throw new LupineError('the registry wants to be logged in to in a way that is not known', {
    where: options.where,
    fix: 'Lupine knows basic authentication and bearer tokens',
  });
}

function basicHeader({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const TokenAnswer = v.object({
  token: v.nullish(v.string(), ''),
  access_token: v.nullish(v.string(), ''),
});

async function fetchToken(
  challenge: Challenge,
  credentials: Credentials | undefined,
  { http, base, where, registry, repository }: AuthenticatorOptions,
): Promise<string> {
  const realm = challenge.parameters.get('realm') ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !mayFollow(base, url)) {
    throw new LupineError('the registry names a token server that must not be used', {
      where: `${where}: ${realm.slice(0, 200)}`,
      fix: 'a token server must be https; plain http is for registries on this machine',
    });
  }
  const service = challenge.parameters.get('service');
  const query = new URLSearchParams({ scope: `repository:${repository}:pull` });
  if (service !== undefined) query.set('service', service);
  const request =
    credentials?.kind === 'identity'
      ? { url, form: identityForm(query, credentials.token) }
      : { url: withQuery(url, query, credentials), headers: headersFor(credentials) };
  const answer = await http.read(request, SMALL_ANSWER_BYTES);
  if (answer.status !== 200) {
    if (answer.status === 401 || answer.status === 403) throw accessDenied(where, registry);
    throw new LupineError(`the token server answers with status ${answer.status}`, {
      where: `${url.host}, for ${where}`,
    });
  }
  const parsed = parseJson(answer.bytes, TokenAnswer, 'token', url.host);
  const token = parsed.token === '' ? parsed.access_token : parsed.token;
  // It becomes part of a header: nothing but visible ASCII.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new LupineError('bad token', { where: url.host });
  return token;
}

function identityForm(query: URLSearchParams, token: string): URLSearchParams {
  const form = new URLSearchParams(query);
  form.set('grant_type', 'refresh_token');
  form.set('client_id', 'lupine');
  form.set('refresh_token', token);
  return form;
}

function withQuery(url: URL, query: URLSearchParams, credentials?: Credentials): URL {
  const whole = new URL(url);
  for (const [name, value] of query) whole.searchParams.append(name, value);
  if (credentials?.kind === 'password') whole.searchParams.append('account', credentials.user);
  return whole;
}

function headersFor(credentials?: Credentials): Record<string, string> {
  return credentials?.kind === 'password' ? { authorization: basicHeader(credentials) } : {};
}
