/** A built kernel as far as its size is shown. */

import type { Kernel } from '../../../src/kernel/index.js';

export const kernel: Kernel = {
  key: 'key',
  label: 'redis',
  version: '6.12.1',
  ...{ vmlinux: '', bzImage: '', config: '', systemMap: '', features: '', objects: '' },
  report: {
    ...{ options: 467, elfBytes: 3_885_512, bzImageBytes: 1_800_000 },
    sections: { text: 2_695_168, rodata: 400_000, data: 300, init: 40, bss: 5 },
    ...{ compiler: '', buildSeconds: 1, pvh: true },
  },
};
