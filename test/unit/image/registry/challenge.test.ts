import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../../src/image/registry/challenge.js';

describe('parseChallenges', () => {
  it('reads a bearer challenge', () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b:pull,push"';
    const [bearer] = parseChallenges(header);
    expect(bearer?.scheme).toBe('bearer');
    expect(Object.fromEntries(bearer?.parameters ?? [])).toEqual({
      realm: 'https://auth.docker.io/token',
      service: 'registry.docker.io',
      scope: 'a:b:pull,push',
    });
  });

  it('reads several challenges, unquoted values and escapes', () => {
    const challenges = parseChallenges('Basic realm="a \\"b\\", c", Bearer realm=x , service = y');
    expect(challenges.map(({ scheme }) => scheme)).toEqual(['basic', 'bearer']);
    expect(challenges[0]?.parameters.get('realm')).toBe('a "b", c');
    expect(challenges[1]?.parameters.get('service')).toBe('y');
  });

  it('keeps the first of a repeated parameter', () => {
    const [challenge] = parseChallenges('Bearer realm="good", REALM="bad"');
    expect(challenge?.parameters.get('realm')).toBe('good');
  });

  it('gives back quoted values whatever they hold', () => {
    const value = fc.string().filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(value, value, (realm, service) => {
        const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const [one] = parseChallenges(`Bearer realm=${quote(realm)},service=${quote(service)}`);
        expect(one?.parameters.get('realm')).toBe(realm);
        expect(one?.parameters.get('service')).toBe(service);
      }),
    );
  });

  it('ends on any header', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseChallenges(text)));
  });
});
