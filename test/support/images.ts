/** The applications of the road's tests, as images of Debian's packages or of static programs. */

import { readFile } from 'node:fs/promises';
import type { LayerEntry } from './layer.js';
import { makeImage, type OciImage, type Recipe } from './oci.js';
import { goProgram, muslProgram } from './programs.js';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Of Debian's base-passwd, whose script would write them, and the users of the packages. */
const accounts: readonly LayerEntry[] = [
  {
    name: 'etc/passwd',
    content: [
      'root:x:0:0:root:/root:/bin/sh',
      'www-data:x:33:33:www-data:/var/www:/bin/false',
      'web:x:101:102::/data:/bin/false',
      'postgres:x:105:113::/var/lib/postgresql:/bin/sh',
      'redis:x:106:114::/var/lib/redis:/bin/false',
      'memcache:x:107:115::/nonexistent:/bin/false',
      '',
    ].join('\n'),
  },
  {
    name: 'etc/group',
    content:
      'root:x:0:\nwww-data:x:33:\nweb:x:102:\npostgres:x:113:\nredis:x:114:\nmemcache:x:115:\n',
  },
];

const directory = (name: string, over: Partial<LayerEntry> = {}): LayerEntry => ({
  name,
  type: 'directory',
  ...over,
});

function image(recipe: Recipe): Promise<OciImage> {
  return makeImage({ ...recipe, env: [PATH, ...(recipe.env ?? [])] });
}

/**
 * A small image with files of all ordinary kinds in three layers, the last of which takes some away.
 * It runs programs/probe.c as the user web.
 */
export async function smallImage(over: Partial<Recipe> = {}): Promise<OciImage> {
  const probe = await readFile(await muslProgram('probe'));
  return image({
    name: 'small',
    packages: ['busybox-static'],
    layers: [
      [
        ...accounts,
        directory('mnt'),
        directory('data', { uid: 101, gid: 102 }),
        { name: 'data/mine', content: 'mine\n', mode: 0o640, uid: 101, gid: 102 },
        { name: 'data/program', content: '#!/bin/busybox sh\n', mode: 0o4755 },
        { name: 'data/name with ü', content: 'odd\n' },
        { name: 'data/changed', content: 'below\n' },
        { name: 'data/gone', content: 'gone\n' },
        directory('data/old'),
        { name: 'data/old/file', content: 'old\n' },
        directory('data/open', { mode: 0o1777 }),
        { name: 'data/plain', content: 'no program\n' },
      ],
      [
        { name: 'bin/probe', content: probe, mode: 0o755 },
        { name: 'data/changed', content: 'above\n', mode: 0o600 },
        { name: 'data/twin', type: 'link', target: 'data/mine' },
        { name: 'data/relative', type: 'symlink', target: 'mine' },
        { name: 'data/dangling', type: 'symlink', target: '/no/such' },
      ],
    ],
    removed: ['/data/gone', '/data/old'],
    entrypoint: ['/bin/probe'],
    cmd: ['hello', 'from the image'],
    env: ['GREETING=of the image'],
    user: 'web',
    workdir: '/data',
    ports: ['7777/tcp'],
    ...over,
  });
}

export function redisImage(): Promise<OciImage> {
  return image({
    name: 'redis',
    packages: ['redis-server'],
    layers: [accounts, [directory('data', { uid: 106, gid: 114 })]],
    entrypoint: ['/usr/bin/redis-server'],
    cmd: ['--protected-mode', 'no', '--dir', '/data'],
    user: 'redis',
    workdir: '/data',
    ports: ['6379/tcp'],
  });
}

const NGINX_CONF = `
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log stderr;
events {}
http {
  include /etc/nginx/mime.types;
  access_log off;
  server {
    listen 80;
    root /var/www/html;
  }
}
`;

export function nginxImage(): Promise<OciImage> {
  return image({
    name: 'nginx',
    // base-files has /run and /var/log, which the packages take for granted.
    packages: ['base-files', 'nginx-light'],
    layers: [
      accounts,
      [
        { name: 'etc/nginx/nginx.conf', content: NGINX_CONF },
        { name: 'var/www/html/index.html', content: '<h1>served by a unikernel</h1>\n' },
        { name: 'var/www/html/large', content: 'lupine\n'.repeat(100_000) },
      ],
    ],
    removed: ['/etc/nginx/sites-enabled'],
    entrypoint: ['/usr/sbin/nginx'],
    cmd: ['-g', 'daemon off;'],
    ports: ['80/tcp'],
  });
}

export function memcachedImage(): Promise<OciImage> {
  return image({
    name: 'memcached',
    packages: ['memcached'],
    layers: [accounts],
    entrypoint: ['/usr/bin/memcached'],
    cmd: ['-l', '0.0.0.0', '-m', '16'],
    user: 'memcache',
    ports: ['11211/tcp'],
  });
}

const POSTGRES_START = `#!/bin/busybox sh
set -e
bin=$(echo /usr/lib/postgresql/*/bin)
if [ ! -e /data/PG_VERSION ]; then
  $bin/initdb --pgdata=/data --auth=trust --no-sync --locale=C --encoding=UTF8 --username=postgres
  echo 'host all all 0.0.0.0/0 trust' >>/data/pg_hba.conf
fi
exec $bin/postgres -D /data -c listen_addresses='*' -c shared_buffers=8MB "$@"
`;

export function postgresImage(): Promise<OciImage> {
  return image({
    name: 'postgres',
    packages: ['postgresql', 'busybox-static'],
    layers: [
      accounts,
      [
        { name: 'entrypoint', content: POSTGRES_START, mode: 0o755 },
        { name: 'bin/sh', type: 'symlink', target: 'busybox' },
        directory('data', { uid: 105, gid: 113, mode: 0o700 }),
        directory('var/run/postgresql', { uid: 105, gid: 113 }),
      ],
    ],
    entrypoint: ['/entrypoint'],
    user: 'postgres',
    ports: ['5432/tcp'],
  });
}

const NODE_SERVER = `
const { createServer } = require('node:http');
const { createHash } = require('node:crypto');
const { execFileSync } = require('node:child_process');
createServer((request, response) => {
  if (request.url === '/child') {
    return response.end(execFileSync(process.execPath, ['-p', '6 * 7']));
  }
  const hash = createHash('sha256');
  request.on('data', (data) => hash.update(data));
  request.on('end', () => response.end(hash.digest('hex') + '\\n'));
}).listen(8080, () => console.log('listening'));
process.on('SIGTERM', () => process.exit(9));
`;

export function nodeImage(): Promise<OciImage> {
  return image({
    name: 'node',
    packages: ['nodejs'],
    layers: [[{ name: 'srv/server.js', content: NODE_SERVER }]],
    entrypoint: ['/usr/bin/node'],
    cmd: ['/srv/server.js'],
    ports: ['8080/tcp'],
  });
}

export function pythonImage(): Promise<OciImage> {
  return image({
    name: 'python',
    packages: ['python3'],
    layers: [[{ name: 'srv/index.html', content: 'served by python\n' }]],
    entrypoint: ['/usr/bin/python3', '-u'],
    cmd: ['-m', 'http.server', '8000'],
    workdir: '/srv',
    ports: ['8000/tcp'],
  });
}

/** Nothing but the program, as `FROM scratch`. */
export async function goImage(): Promise<OciImage> {
  const server = await readFile(await goProgram('server'));
  return image({
    name: 'golang',
    layers: [[{ name: 'server', content: server, mode: 0o755 }]],
    entrypoint: ['/server'],
    cmd: [':8081'],
    env: ['GREETING=hello from Go'],
    ports: ['8081/tcp'],
  });
}

/** Nothing but programs/probe.c, as `FROM scratch`. */
export async function muslImage(): Promise<OciImage> {
  const probe = await readFile(await muslProgram('probe'));
  return image({
    name: 'musl',
    layers: [[{ name: 'probe', content: probe, mode: 0o755 }]],
    entrypoint: ['/probe'],
    cmd: ['hello'],
  });
}

/** The kernel's stress tests; a command line of the shell says which. */
export function stressImage(): Promise<OciImage> {
  return image({
    name: 'stress-ng',
    packages: ['base-files', 'stress-ng', 'busybox-static'],
    layers: [accounts, [directory('tmp', { mode: 0o1777 })]],
    entrypoint: ['/bin/busybox', 'sh', '-c'],
    workdir: '/tmp',
  });
}
