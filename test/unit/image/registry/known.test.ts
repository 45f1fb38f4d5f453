import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openImage, type PullPolicy } from '../../../../src/image/index.js';
import { silentProgress } from '../../../../src/support/progress.js';
import { fakeRegistry, type FakeRegistry } from '../support/fake-registry.js';
import { blob, descriptor, image, OCI_INDEX, type TestImage } from '../support/images.js';
import { useScratch } from '../support/scratch.js';

const scratch = useScratch();
let registry: FakeRegistry;
let first: TestImage;
let second: TestImage;

beforeEach(async () => {
  registry = await fakeRegistry();
  first = await image([{ app: 'v1' }]);
  second = await image([{ app: 'v2' }]);
  registry.add('app:1', first);
});
afterEach(async () => registry.close());

async function open(pull?: PullPolicy, name = 'app:1') {
  const client = { http: { pause: () => 1 } };
  const options = pull === undefined ? { client } : { client, pull };
  const opened = await openImage(`${registry.host}/${name}`, options, { progress: silentProgress });
  return { text: (await opened.tree.readFile('app')).toString(), opened };
}

const cache = (...names: string[]) => join(scratch.path, 'cache', ...names);

/** The file that says what `app:1` is. */
async function knownFile(): Promise<string> {
  const [name = expect.unreachable()] = await readdir(cache('images'));
  return cache('images', name);
}

describe('an image that was pulled', () => {
  it('is opened without its registry, unless that is always to be asked', async () => {
    const pulled = await open();
    registry.add('app:1', second);
    const before = registry.requests.length;
    const again = await open();
    expect(again.text).toBe('v1');
    expect(again.opened.digest).toBe(pulled.opened.digest);
    expect(again.opened.tree.digest).toBe(pulled.opened.tree.digest);
    expect((await open('never')).text).toBe('v1');
    expect(registry.requests.length).toBe(before);
    expect((await open('always')).text).toBe('v2');
    expect((await open('missing')).text).toBe('v2');
  });

  it('is known by its digest too, and through an index', async () => {
    const entry = {
      ...descriptor(first.manifest),
      platform: { os: 'linux', architecture: 'amd64' },
    };
    const index = blob({ schemaVersion: 2, manifests: [entry] }, OCI_INDEX);
    registry.tag('app', 'index', index);
    await open('missing', 'app:index');
    expect((await open('never', 'app:index')).text).toBe('v1');
    await open('missing', `app@${first.manifest.digest}`);
    expect((await open('never', `app@${first.manifest.digest}`)).text).toBe('v1');
  });

  it('is pulled again when a layer of it was pruned', async () => {
    await open();
    await rm(cache('blobs'), { recursive: true });
    await expect(open('never')).rejects.toThrow('the image is not on this machine');
    expect((await open('missing')).text).toBe('v1');
  });

  it.each([
    ['cut', (text: string) => text.slice(0, -10)],
    ['no JSON', () => 'x'],
    ['of other documents', (text: string) => text.replace(/"others":\[.*\]/, '"others":["e30="]')],
    ['of another manifest', (text: string) => text.replace(/"top":"[^"]*"/, '"top":"e30="')],
  ])('is pulled again when what is known of it is %s', async (_, damage) => {
    await open();
    const file = await knownFile();
    await writeFile(file, damage(await readFile(file, 'utf8')));
    await expect(open('never')).rejects.toThrow('the image is not on this machine');
    expect((await open('missing')).text).toBe('v1');
    expect((await open('never')).text).toBe('v1');
  });
});

it('an image that was never pulled is not asked for where that is forbidden', async () => {
  await expect(open('never')).rejects.toMatchObject({ where: `${registry.host}/app:1` });
  expect(registry.requests).toHaveLength(0);
});

it('a pull that failed leaves what was known', async () => {
  await open();
  registry.misbehave = (_, response) => {
    response.writeHead(404).end();
    return true;
  };
  await expect(open('always')).rejects.toThrow();
  expect((await open('missing')).text).toBe('v1');
});
