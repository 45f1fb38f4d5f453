/** `WWW-Authenticate` of a registry (RFC 9110, 11.6.1): what it wants to be convinced with. */

export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

// A token, with `=value` behind it when it is a parameter and not the name of a scheme.
const PART = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g;

/** All challenges in the order of the header; what cannot be read is left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const [, name = '', quoted, plain] of header.matchAll(PART)) {
    const value = quoted?.replace(/\\(.)/gs, '$1') ?? plain;
    if (value === undefined) {
      challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    } else {
      const parameters = challenges.at(-1)?.parameters;
      // Of a repeated name the first counts, so nothing appended can replace it.
      if (parameters?.has(name.toLowerCase()) === false) parameters.set(name.toLowerCase(), value);
    }
  }
  return challenges;
}
