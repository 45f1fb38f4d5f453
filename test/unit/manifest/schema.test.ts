import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../src/manifest/index.js';
import { LupineError } from '../../../src/support/errors.js';

const good = `name: redis
description: in-memory store
match:
  images: [docker.io/library/redis]
  programs: [redis-server]
options:
  - name: EPOLL
    because: epoll_create1 at start
ready: { kind: tcp, port: 6379 }
memory: 64M
ports: [6379]
variants: [tiny]
`;

const load = `load:
  program: /usr/bin/redis-server
  clients: [{ program: /usr/bin/redis-benchmark, package: redis-tools }]
  requests: { quick: 10, full: 1000 }
  steps:
    - { name: get, label: GET, command: [/usr/bin/redis-benchmark, '{requests}'], result: '([0-9.]+)' }
`;

function problem(source: string): string {
  try {
    parseManifest(source, 'x.yaml');
  } catch (error) {
    if (error instanceof LupineError) return error.line;
    throw error;
  }
  throw new Error('the manifest was accepted');
}

describe('parseManifest', () => {
  it('reads every field', () => {
    expect(parseManifest(good, 'redis.yaml')).toEqual({
      name: 'redis',
      description: 'in-memory store',
      match: { images: ['docker.io/library/redis'], programs: ['redis-server'] },
      options: [{ name: 'EPOLL', because: 'epoll_create1 at start' }],
      ready: { kind: 'tcp', port: 6379 },
      memory: 64 * 1024 * 1024,
      ports: [6379],
      variants: ['tiny'],
    });
  });

  it('reads how an application is put under load', () => {
    const { load: found } = parseManifest(good + load, 'redis.yaml');
    expect(found).toMatchObject({ args: [], files: {}, requests: { quick: 10, full: 1000 } });
    expect(found?.steps[0]?.command).toEqual(['/usr/bin/redis-benchmark', '{requests}']);
  });

  it.each([
    [
      'a load without a port to wait for',
      good.replace('{ kind: tcp, port: 6379 }', '{ kind: exit, status: 0 }') + load,
      /ready on a tcp port/,
    ],
    [
      'a client without an absolute path',
      good + load.replace('/usr/bin/redis-b', 'redis-b'),
      /absolute/,
    ],
    [
      'a result that is no expression',
      good + load.replace('([0-9', '([0-9]('),
      /regular expression/,
    ],
    ['a misspelt key', good.replace('\nmemory', '\nmemroy'), /mem(o)?r?o?y/],
    [
      'an option with its prefix in lower case',
      good.replace('EPOLL', 'config_epoll'),
      /:7:.*Kconfig/,
    ],
    ['an unreasoned option', good.replace('    because: epoll_create1 at start\n', ''), /because/],
    ['a port out of range', good.replace('port: 6379', 'port: 70000'), /:9:/],
    ['a size that is none', good.replace('64M', 'much'), /:10:.*size/],
    [
      'a broken pattern',
      good.replace('kind: tcp, port: 6379', 'kind: log, pattern: "("'),
      /regular/,
    ],
    ['a key given twice', `${good}memory: 1M\n`, /not valid YAML: x\.yaml:13/],
    ['broken YAML', '{', /not valid YAML/],
    ['something else than a map', 'just text', /x\.yaml:1/],
    ['too much', `#${'x'.repeat(300_000)}`, /too large/],
  ])('refuses %s', (_, source, expected) => {
    expect(problem(source)).toMatch(expected);
  });

  it('throws nothing but its own error, whatever the text', () => {
    const mutated = fc
      .tuple(fc.nat(good.length), fc.nat(20), fc.string({ maxLength: 12 }))
      .map(([at, cut, text]) => good.slice(0, at) + text + good.slice(at + cut));
    fc.assert(
      fc.property(mutated, (source) => {
        try {
          parseManifest(source, 'x.yaml');
        } catch (error) {
          expect(error).toBeInstanceOf(LupineError);
        }
      }),
    );
  });
});
