import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOf, parseReference, shortName } from '../../../src/image/reference.js';
import { LupineError } from '../../../src/support/errors.js';

const digest = `sha256:${'a'.repeat(64)}`;
const nothing = () => false;

describe('parseReference', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:alpine', 'docker.io/library/nginx:alpine'],
    ['bitnami/redis', 'docker.io/bitnami/redis:latest'],
    ['docker.io/library/nginx:alpine', 'docker.io/library/nginx:alpine'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['docker://nginx', 'docker.io/library/nginx:latest'],
    ['docker://localhost:5000/a/b:1', 'localhost:5000/a/b:1'],
    ['localhost/app', 'localhost/app:latest'],
    ['host:5000/a/b', 'host:5000/a/b:latest'],
    ['ghcr.io/a/b_c/d.e-f', 'ghcr.io/a/b_c/d.e-f:latest'],
    ['[::1]:5000/a', '[::1]:5000/a:latest'],
    [`host:5000/a/b@${digest}`, `host:5000/a/b@${digest}`],
    [`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`],
    ['http:2', 'docker.io/library/http:2'],
  ])('completes %s as docker does', (text, whole) => {
    const parsed = parseReference(text, nothing);
    expect(parsed.kind).toBe('registry');
    expect(parsed.kind === 'registry' && nameOf(parsed)).toBe(whole);
  });

  it.each([
    ['oci:./layout:tag', { kind: 'oci', path: './layout', select: 'tag' }],
    ['oci:layout', { kind: 'oci', path: 'layout' }],
    ['oci:layout:docker.io/a:1', { kind: 'oci', path: 'layout', select: 'docker.io/a:1' }],
    ['oci-archive:app.tar', { kind: 'oci-archive', path: 'app.tar' }],
    ['docker-archive:a.tar:nginx:1', { kind: 'docker-archive', path: 'a.tar', select: 'nginx:1' }],
    ['dir:/a:b', { kind: 'directory', path: '/a:b' }],
    ['/usr/bin/redis-server', { kind: 'executable', path: '/usr/bin/redis-server' }],
    ['./app', { kind: 'executable', path: './app' }],
    ['../app', { kind: 'executable', path: '../app' }],
    ['.', { kind: 'executable', path: '.' }],
  ])('reads %s', (text, expected) => expect(parseReference(text, nothing)).toEqual(expected));

  it('takes a relative path with a slash for a program only when the file is there', () => {
    expect(parseReference('bin/app', (path) => path === 'bin/app').kind).toBe('executable');
    expect(parseReference('bin/app', nothing).kind).toBe('registry');
  });

  it('never takes a bare word for a file', () => {
    expect(parseReference('redis', () => true).kind).toBe('registry');
  });

  it.each([
    ['Nginx', /lower case|not an image name/],
    ['a//b', /not an image name/],
    ['nginx:', /bad tag/],
    ['nginx:a b', /bad tag/],
    ['nginx@sha256:12', /bad digest/],
    ['nginx@md5:12', /bad digest/],
    ['', /not an image name/],
    ['bad_host.x:99999999/a', /bad registry/],
    ['oci:', /no path/],
    ['dir:', /no path/],
    ['docker-daemon:nginx:latest', /docker-daemon/],
    ['containers-storage:nginx', /containers-storage/],
    ['https://docker.io/nginx', /https/],
    ['a'.repeat(300), /not an image name/],
  ])('refuses %j in one line', (text, message) => {
    expect(() => parseReference(text, nothing)).toThrow(message);
    expect(() => parseReference(text, nothing)).toThrow(LupineError);
  });

  it('takes any text or says why not, and completion is stable', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[a-zA-Z0-9./:@_[\]-]{0,60}$/),
    );
    fc.assert(
      fc.property(text, (reference) => {
        let parsed;
        try {
          parsed = parseReference(reference, nothing);
        } catch (error) {
          expect(error).toBeInstanceOf(LupineError);
          return;
        }
        if (parsed.kind !== 'registry') return;
        expect(parseReference(nameOf(parsed), nothing)).toEqual(parsed);
        // What becomes part of an address can leave neither its host nor its path.
        const address = `https://${parsed.registry}/v2/${parsed.repository}/manifests/x`;
        if (!URL.canParse(address)) return;
        const url = new URL(address);
        expect(url.pathname).toBe(`/v2/${parsed.repository}/manifests/x`);
        expect(url.username + url.search + url.hash).toBe('');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('shortName', () => {
  it.each([
    ['docker.io/library/nginx:alpine', 'nginx'],
    ['ghcr.io/team/app', 'app'],
    ['oci:./layouts/redis:7', 'redis'],
    ['oci:layout:docker.io/library/nginx:1', 'nginx'],
    ['docker-archive:/tmp/redis.tar.gz', 'redis'],
    ['dir:/srv/rootfs', 'rootfs'],
    ['/usr/bin/redis-server', 'redis-server'],
  ])('of %s is %s', (text, name) => expect(shortName(parseReference(text, nothing))).toBe(name));
});
