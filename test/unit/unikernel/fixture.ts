/** A description as `lupine build` writes it. */

import type { Description } from '../../../src/unikernel/index.js';

export const description: Description = {
  version: 1,
  name: 'redis',
  image: { reference: 'redis:7', digest: `sha256:${'0'.repeat(64)}`, architecture: 'amd64' },
  config: {
    entrypoint: ['/entry.sh'],
    cmd: ['redis-server'],
    env: ['PATH=/usr/bin', 'A=1'],
    user: 'redis',
    workingDir: '/data',
    exposedPorts: ['6379/tcp'],
    volumes: [],
    stopSignal: 'SIGTERM',
    labels: {},
  },
  application: 'redis',
  kernel: {
    key: 'k',
    version: '6.12.1',
    profile: 'lupine',
    variants: [],
    report: {
      options: 400,
      elfBytes: 1,
      bzImageBytes: 1,
      sections: { text: 1, rodata: 1, data: 1, init: 1, bss: 1 },
      compiler: 'gcc',
      buildSeconds: 1,
      pvh: true,
    },
  },
  rootfs: { format: 'ext2', bytes: 1, digest: 'sha256:x' },
  network: true,
  memory: 64 * 2 ** 20,
};
