/** What can go wrong between here and a registry, in words a user can act on. */

import { LupineError, isSystemError } from '../../support/errors.js';

/** A failure that may be gone a moment later. */
export class Transient extends Error {
  override readonly name = 'Transient';
  /** @param error what the user reads when it stays. @param afterMs the server's wish, if any. */
  constructor(
    readonly error: LupineError,
    readonly afterMs?: number,
  ) {
    super(error.message);
  }
}

const CERTIFICATE = /CERT|UNABLE_TO_|SELF_SIGNED|ALTNAME/;
const NOT_TLS = /EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG/;

/** True when the other side does not speak TLS at all. */
export function isNotTls(error: unknown): boolean {
  return (
    isSystemError(error) && (NOT_TLS.test(error.code ?? '') || /wrong version/.test(error.message))
  );
}

/**
 * Turns an error of the HTTP client into a user's, wrapped as transient when trying again may help.
 * Anything that is not of the network comes back as it is.
 */
export function networkError(error: unknown, host: string): unknown {
  if (error instanceof LupineError || error instanceof Transient || !isSystemError(error)) {
    return error;
  }
  const code = error.code ?? '';
  const failure = (what: string, fix: string) =>
    new LupineError(what, { where: host, fix, cause: error });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const lost = failure(
      'cannot find the registry',
      'check its name and the network of this machine (DNS, or HTTPS_PROXY if you need one)',
    );
    return code === 'ENOTFOUND' ? lost : new Transient(lost);
  }
  if (code === 'ECONNREFUSED') {
    return failure(
      'nothing listens at the registry',
      'check host and port, and that it runs (and HTTPS_PROXY, if you have one)',
    );
  }
  if (isNotTls(error)) {
    return failure(
      'the registry does not speak https',
      'plain http is used for registries on this machine only (localhost, 127.0.0.1)',
    );
  }
  if (CERTIFICATE.test(code)) {
    return failure(
      `the registry's certificate is not trusted (${code})`,
      'if it is your own, set NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
    );
  }
  const timedOut = code.startsWith('UND_ERR_') && code.endsWith('_TIMEOUT');
  return new Transient(
    timedOut
      ? failure('the registry stopped answering', 'check the network, or try again later')
      : failure(
          `the connection to the registry failed (${code})`,
          'check the network of this machine (firewall, HTTPS_PROXY), or try again later',
        ),
  );
}

/** What a status that ends a request means. @param where the image or blob that was asked for. */
export function statusError(status: number, where: string, host: string): LupineError {
  if (status === 401 || status === 403) return accessDenied(where, host);
  if (status === 404) {
    return new LupineError('no such image', {
      where,
      fix: 'check the name and the tag; the registry answers, but has nothing of that name',
    });
  }
  if (status === 429) {
    return new LupineError('the registry refuses: too many requests', {
      where,
      fix: `wait, or log in for a higher limit: skopeo login ${host}`,
    });
  }
  return new LupineError(`the registry answers with status ${status}`, {
    where,
    fix: status >= 500 ? 'the fault is on its side; try again later' : 'check the image name',
  });
}

export function accessDenied(where: string, host: string): LupineError {
  return new LupineError('access denied, or no such image', {
    where,
    fix: `check the name; if it is private, log in first: skopeo login ${host} (or docker login)`,
  });
}
