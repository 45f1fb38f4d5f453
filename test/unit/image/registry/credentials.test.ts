import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { authFiles, findCredentials } from '../../../../src/image/registry/credentials.js';
import { useScratch } from '../support/scratch.js';

const scratch = useScratch();
const basic = (text: string) => Buffer.from(text).toString('base64');

async function put(path: string, content: unknown): Promise<void> {
  const whole = join(scratch.path, path);
  await mkdir(join(whole, '..'), { recursive: true });
  await writeFile(whole, typeof content === 'string' ? content : JSON.stringify(content));
}

const find = (registry: string, repository = 'team/app', env: NodeJS.ProcessEnv = {}) =>
  findCredentials(registry, repository, { env: { HOME: scratch.path, ...env } });

describe('authFiles', () => {
  it("is docker's file, then podman's; one alone when it is named", () => {
    const env = { HOME: '/h', XDG_RUNTIME_DIR: '/run/u' };
    expect(authFiles(env)).toEqual([
      '/h/.docker/config.json',
      '/run/u/containers/auth.json',
      '/h/.config/containers/auth.json',
    ]);
    expect(authFiles({ ...env, DOCKER_CONFIG: '/d' })[0]).toBe('/d/config.json');
    expect(authFiles({ ...env, REGISTRY_AUTH_FILE: '/a' })).toEqual(['/a']);
  });
});

describe('findCredentials', () => {
  it('finds nothing when nobody logged in', async () => {
    expect(await find('docker.io')).toBeUndefined();
    await put('.docker/config.json', {});
    expect(await find('docker.io')).toBeUndefined();
  });

  it.each([
    ['docker.io', 'https://index.docker.io/v1/'],
    ['docker.io', 'docker.io'],
    ['host:5000', 'host:5000'],
    ['host:5000', 'https://host:5000/v2/'],
    ['host', 'http://host'],
  ])('finds %s stored as %s', async (registry, key) => {
    await put('.docker/config.json', { auths: { [key]: { auth: basic('me:pa:ss') } } });
    expect(await find(registry)).toEqual({ kind: 'password', user: 'me', password: 'pa:ss' });
    expect(await find('other')).toBeUndefined();
  });

  it('takes the narrowest part of a registry', async () => {
    await put('.config/containers/auth.json', {
      auths: { h: { auth: basic('all:1') }, 'h/team': { auth: basic('team:2') } },
    });
    expect(await find('h')).toMatchObject({ user: 'team' });
    expect(await find('h', 'else/app')).toMatchObject({ user: 'all' });
  });

  it('takes an identity token', async () => {
    await put('.docker/config.json', { auths: { h: { identitytoken: 'tok' } } });
    expect(await find('h')).toEqual({ kind: 'identity', token: 'tok' });
  });

  it('asks credential helpers, and goes on without one that fails', async () => {
    const helper = async (name: string, script: string) => {
      await put(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`);
      await chmod(join(scratch.path, 'bin', `docker-credential-${name}`), 0o755);
    };
    const answer = 'read server; echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"s\\"}"';
    await helper('good', answer);
    await helper('none', 'echo credentials not found; exit 1');
    await helper('bad', 'echo no json');
    vi.stubEnv('PATH', `${join(scratch.path, 'bin')}:${process.env['PATH'] ?? ''}`);
    await put('.docker/config.json', {
      credsStore: 'good',
      credHelpers: { none: 'none', bad: 'bad', missing: 'missing' },
    });
    expect(await find('docker.io')).toMatchObject({ user: 'https://index.docker.io/v1/' });
    expect(await find('h:5000')).toMatchObject({ user: 'h:5000', password: 's' });
    expect(await find('none')).toBeUndefined();
    const notes: string[] = [];
    for (const registry of ['bad', 'missing']) {
      const options = {
        env: { HOME: scratch.path },
        note: (line: string) => void notes.push(line),
      };
      expect(await findCredentials(registry, 'a', options)).toBeUndefined();
    }
    expect(notes).toHaveLength(2);
  });

  it('refuses a file that is broken, and a helper that is a path', async () => {
    await put('.docker/config.json', '{');
    await expect(find('h')).rejects.toThrow('the credential file is not JSON');
    await put('.docker/config.json', { credsStore: '../../evil' });
    await expect(find('h')).rejects.toThrow('not a credential helper');
  });
});
