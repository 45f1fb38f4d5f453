import { afterAll, beforeAll, expect, test } from 'vitest';
import { Boot, buildInit, buildRoots, removeRoots, type BootOptions, type Roots } from './boot.js';

let init: Buffer;
let roots: Roots;

beforeAll(async () => {
  init = buildInit();
  roots = await buildRoots();
});
afterAll(() => removeRoots(roots));

function boot(argv: readonly string[], options: Partial<BootOptions> = {}): Boot {
  return new Boot({ init, roots, ...options, settings: { argv, ...options.settings } });
}

test("the exit status is the application's own", async () => {
  const vm = boot(['sh', '-c', 'exit 42']);
  expect(await vm.end).toEqual({ kind: 'exited', code: 42 });
  expect(vm.messages).toEqual([]);
  expect(vm.startedAt).toBeGreaterThan(0);
});
