/** A real registry (Debian's docker-registry) on loopback, with a directory of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RegistryServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  stop(): Promise<void>;
}

/** `user` with the password `geheim`, as htpasswd -B writes it. */
const HTPASSWD = 'user:$2b$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu\n';

export async function startRegistry(
  directory: string,
  options: { readonly login: boolean },
): Promise<RegistryServer> {
  await mkdir(directory, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: host },
    ...(options.login
      ? { auth: { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } } }
      : {}),
  };
  await writeFile(join(directory, 'htpasswd'), HTPASSWD);
  // Every JSON document is YAML.
  await writeFile(join(directory, 'config.yml'), JSON.stringify(config));
  const log = openSync(join(directory, 'log'), 'w');
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], {
    stdio: ['ignore', log, log],
    // It takes REGISTRY_… variables, such as skopeo's REGISTRY_AUTH_FILE, for its own settings.
    env: { PATH: process.env['PATH'] },
  });
  closeSync(log);
  await answering(host, child, join(directory, 'log'));
  return {
    host,
    stop: () =>
      new Promise((done) => {
        child.once('close', () => done());
        child.kill('SIGKILL');
      }),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function answering(host: string, child: ChildProcess, log: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(readFileSync(log, 'utf8'));
    const status = await fetch(`http://${host}/v2/`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200 || status === 401) return;
    await sleep(100);
  }
  throw new Error('docker-registry does not answer');
}
