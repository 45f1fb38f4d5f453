/**
 * The applications of the road's tests: their images, and how their own clients use them through a
 * published port. What `use` returns depends on nothing but the application's answers.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './cli.js';
import { exec } from './exec.js';
import {
  goImage,
  memcachedImage,
  nginxImage,
  nodeImage,
  postgresImage,
  pythonImage,
  redisImage,
} from './images.js';
import type { OciImage } from './oci.js';

export interface Application {
  /** In the catalogue. */
  readonly name: string;
  readonly image: () => Promise<OciImage>;
  /** Where it listens in the guest. */
  readonly port: number;
  /** Uses it through a port of this machine, once it is up. */
  readonly use: (port: number) => Promise<readonly string[]>;
  /** What {@link use} returns. */
  readonly answers: readonly string[];
  /** Its exit status after SIGTERM. */
  readonly stopped: number;
}

const HOST = '127.0.0.1';

/** A client may be let in long before the guest answers: each try has its own limit. */
async function curl(port: number, path: string, ...flags: readonly string[]): Promise<string> {
  const always = ['--silent', '--show-error', '--max-time', '60', '--noproxy', '*'];
  const said = await exec('curl', [...always, ...flags, `http://${HOST}:${port}${path}`]);
  return said.trim();
}

function answering(port: number, path: string): Promise<string> {
  return eventually(() => curl(port, path, '--max-time', '5'));
}

export async function redisCli(port: number, ...command: readonly string[]): Promise<string> {
  const said = await exec('redis-cli', ['-h', HOST, '-p', String(port), ...command], {
    timeout: 20_000,
  });
  return said.trim();
}

const redis: Application = {
  name: 'redis',
  image: redisImage,
  port: 6379,
  stopped: 0,
  answers: ['PONG', 'OK', 'a value', '3', 'Background saving started', 'ok'],
  async use(port) {
    const cli = (...command: readonly string[]) => redisCli(port, ...command);
    const ping = await eventually(() => cli('PING'));
    const set = await cli('SET', 'key', 'a value');
    const got = await cli('GET', 'key');
    const pushed = await cli('RPUSH', 'list', 'one', 'two', 'three');
    const save = await cli('BGSAVE');
    const status = await eventually(async () => {
      const info = await cli('INFO', 'persistence');
      if (!info.includes('rdb_bgsave_in_progress:0')) throw new Error('still saving');
      return /rdb_last_bgsave_status:(\w+)/.exec(info)?.[1] ?? info;
    });
    return [ping, set, got, pushed, save, status];
  },
};

const nginx: Application = {
  name: 'nginx',
  image: nginxImage,
  port: 80,
  stopped: 0,
  answers: ['<h1>served by a unikernel</h1>', '200 1\n200 0', '404', '700000 bytes'],
  async use(port) {
    const page = await answering(port, '/');
    const write = ['--write-out', '%{http_code} %{num_connects}\\n', '--output', '/dev/null'];
    const again = [`http://${HOST}:${port}/index.html`, '--output', '/dev/null'];
    const keptAlive = await curl(port, '/', ...write, ...again);
    const lost = await curl(port, '/none', '--write-out', '%{http_code}', '--output', '/dev/null');
    const large = await curl(
      port,
      '/large',
      '--write-out',
      '%{size_download} bytes',
      '--output',
      '/dev/null',
    );
    return [page, keptAlive, lost, large];
  },
};

const memcached: Application = {
  name: 'memcached',
  image: memcachedImage,
  port: 11211,
  stopped: 0,
  answers: ['a value', '1'],
  async use(port) {
    const server = `--servers=${HOST}:${port}`;
    const directory = await mkdtemp(join(tmpdir(), 'lupine-memcached-'));
    try {
      const file = join(directory, 'key');
      await writeFile(file, 'a value');
      await eventually(() => exec('memccp', [server, file], { timeout: 10_000 }));
      const got = await exec('memccat', [server, 'key'], { timeout: 20_000 });
      const stat = await exec('memcstat', [server], { timeout: 20_000 });
      return [got.trim(), /curr_items: (\d+)/.exec(stat)?.[1] ?? stat];
    } finally {
      await rm(directory, { recursive: true });
    }
  },
};

const postgres: Application = {
  name: 'postgres',
  image: postgresImage,
  port: 5432,
  stopped: 0,
  answers: ['1', 'CREATE TABLE', 'INSERT 0 1000', '500500'],
  async use(port) {
    const psql = async (command: string): Promise<string> => {
      const where = ['-h', HOST, '-p', String(port), '-U', 'postgres', '-w'];
      const env = { ...process.env, PGCONNECT_TIMEOUT: '10' };
      return (await exec('psql', [...where, '-X', '-A', '-t', '-c', command], { env })).trim();
    };
    return [
      // The first start makes the database cluster.
      await eventually(() => psql('select 1'), 400_000),
      await psql('create table numbers (n int primary key)'),
      await psql('insert into numbers select generate_series(1, 1000)'),
      await psql('select sum(n) from numbers'),
    ];
  },
};

const node: Application = {
  name: 'node',
  image: nodeImage,
  port: 8080,
  stopped: 9,
  answers: ['1307990e6ba5ca145eb35e99182a9bec46531bc54ddf656a602c780fa0240dee', '42'],
  async use(port) {
    await answering(port, '/');
    return [await curl(port, '/', '--data-binary', 'some data'), await curl(port, '/child')];
  },
};

const python: Application = {
  name: 'python',
  image: pythonImage,
  port: 8000,
  // It has no handler: the signal ends it.
  stopped: 128 + 15,
  answers: ['served by python', '404'],
  async use(port) {
    const page = await answering(port, '/');
    const lost = await curl(port, '/none', '--write-out', '%{http_code}', '--output', '/dev/null');
    return [page, lost];
  },
};

const golang: Application = {
  name: 'golang',
  image: goImage,
  port: 8081,
  stopped: 5,
  answers: ['hello from Go', '5050', '400'],
  async use(port) {
    const greeting = await answering(port, '/environment');
    const numbers = JSON.stringify(Array.from({ length: 100 }, (_, index) => index + 1));
    const sum = await curl(port, '/sum', '--data-binary', numbers);
    const bad = [
      '--data-binary',
      'no JSON',
      '--write-out',
      '%{http_code}',
      '--output',
      '/dev/null',
    ];
    return [greeting, sum, await curl(port, '/sum', ...bad)];
  },
};

export const applications = { redis, nginx, memcached, postgres, node, python, golang };
