/**
 * Servers and runtimes from OCI layouts, used by their own clients. All run on lupine-general here;
 * a full run gives each the kernel made for it, and the baseline kernel, and expects the same.
 */

import { afterEach, beforeAll, expect, test } from 'vitest';
import { applications, type Application } from '../../support/applications.js';
import { killAll, Lupine } from '../../support/cli.js';
import { fullTest } from '../../support/full.js';
import { generalKernel } from '../../support/kernel.js';

beforeAll(async () => {
  await generalKernel();
});
afterEach(killAll);

/** Runs an application on a kernel, uses it and stops it. */
async function used(application: Application, flags: readonly string[]): Promise<void> {
  const { reference } = await application.image();
  const vm = new Lupine(['run', ...flags, '-p', String(application.port), reference]);
  try {
    const port = await vm.port(application.port);
    const ended = vm.ended.then(() => Promise.reject(new Error('it ended')));
    expect(await Promise.race([application.use(port), ended])).toEqual(application.answers);
  } catch (error) {
    throw new Error(`with ${flags.join(' ')} it said:\n${vm.said}`, { cause: error });
  }
  vm.signal('SIGTERM');
  expect((await vm.ended).status).toBe(application.stopped);
}

const { redis, ...others } = applications;

for (const application of Object.values(others)) {
  test(`${application.name} on lupine-general`, () =>
    used(application, ['--profile', 'lupine-general']));
  fullTest(`${application.name} on its own kernel`, () =>
    used(application, ['--app', application.name]),
  );
  fullTest(`${application.name} on microvm`, () => used(application, ['--profile', 'microvm']));
}

test('redis on lupine-general', () => used(redis, ['--profile', 'lupine-general']));
fullTest('redis on microvm', () => used(redis, ['--profile', 'microvm']));
fullTest('redis on its own kernel, tiny', () =>
  used(redis, ['--app', 'redis', '--variant', 'tiny']),
);
fullTest('redis on its own kernel with two CPUs', () =>
  used(redis, ['--app', 'redis', '--cpus', '2']),
);
fullTest('redis on its own kernel of Linux 6.1', () =>
  used(redis, ['--app', 'redis', '--kernel', '6.1']),
);
