/** The files of networks in a state directory of the test's own. */

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  addNetwork,
  forgetEndpoint,
  forgetNetwork,
  networkNames,
  readEndpoints,
  readNetwork,
  withNetwork,
  writeEndpoint,
} from '../../../src/network/store.js';
import { listNetworks } from '../../../src/network/manage.js';
import { endpoint, network } from './network.js';

let state = '';

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lupine-networks-'));
  vi.stubEnv('LUPINE_STATE', state);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(state, { recursive: true });
});

test('a network is there once, and then not any more', async () => {
  await addNetwork(network);
  expect(await readNetwork('front')).toEqual(network);
  await expect(addNetwork(network)).rejects.toThrow('there is a network of this name');
  expect(await networkNames()).toEqual(['front']);
  await forgetNetwork('front');
  await expect(readNetwork('front')).rejects.toThrow('no such network');
  expect(readdirSync(join(state, 'networks'))).toEqual([]);
});

test('there is none, whatever it is called', async () => {
  for (const name of ['front', '../instances', '']) {
    await expect(readNetwork(name)).rejects.toThrow('no such network');
  }
  await expect(withNetwork('front', () => Promise.resolve())).rejects.toThrow('no such network');
  expect(existsSync(join(state, 'networks', '.locks', 'front'))).toBe(false);
});

test('a VM is on a network as long as its keeper lives', async () => {
  await addNetwork(network);
  const [web, db] = [endpoint('web', '10.1.2.10'), endpoint('db', '10.1.2.9')];
  // Of this pid, but of another start: another process.
  const gone = { ...endpoint('gone', '10.1.2.3'), owner: { ...web.owner, start: '1' } };
  for (const one of [web, db, gone]) await writeEndpoint('front', one);
  expect(await readEndpoints('front')).toEqual({ live: [db, web], dead: ['10.1.2.3'] });
  await forgetEndpoint('front', '10.1.2.3');
  await forgetEndpoint('front', '10.1.2.3');
  expect((await readEndpoints('front')).dead).toEqual([]);
});

test('a VM whose file was lost in a crash of the machine is none', async () => {
  await addNetwork(network);
  writeFileSync(join(state, 'networks/front/endpoints/10.1.2.2.json'), '');
  expect(await readEndpoints('front')).toEqual({ live: [], dead: ['10.1.2.2'] });
});

test('a damaged network does not hide the others', async () => {
  await addNetwork(network);
  await addNetwork({ ...network, name: 'other' });
  writeFileSync(join(state, 'networks/front/network.json'), '{}');
  const { networks, troubles } = await listNetworks();
  expect(networks.map(({ name }) => name)).toEqual(['other']);
  expect(troubles.map(({ line }) => line)).toEqual([
    expect.stringMatching(/damaged: .*front\/network\.json/),
  ]);
});
