import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openImage } from '../../../../src/image/index.js';
import { LupineError } from '../../../../src/support/errors.js';
import { silentProgress } from '../../../../src/support/progress.js';
import { cutAfter, fakeRegistry, type FakeRegistry, sendBlob } from '../support/fake-registry.js';
import {
  blob,
  descriptor,
  image,
  OCI_INDEX,
  OCI_MANIFEST,
  type TestImage,
} from '../support/images.js';
import { useScratch } from '../support/scratch.js';

const scratch = useScratch();
const timeouts = { connect: 2000, headers: 300, stall: 300 };
const client = { http: { pause: () => 1, timeouts } };
let registry: FakeRegistry;
let it1: TestImage;

beforeEach(async () => {
  registry = await fakeRegistry();
  // Incompressible, so that a cut falls inside.
  const words = Array.from({ length: 10_000 }, (_, i) =>
    createHash('sha256').update(`${i}`).digest(),
  );
  const noise = Buffer.concat(words);
  it1 = await image([{ 'etc/passwd': 'root', noise }, { app: 'v1' }]);
  registry.add('team/app:1', it1);
});
afterEach(async () => registry.close());

const pull = (name = 'team/app:1', signal?: AbortSignal) =>
  openImage(
    `${registry.host}/${name}`,
    { client, pull: 'always' },
    signal === undefined ? { progress: silentProgress } : { progress: silentProgress, signal },
  );

async function lineOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => expect.unreachable(),
    (error: unknown) => (error instanceof LupineError ? error.line : String(error)),
  );
}

const largest = () => it1.layers[0] ?? expect.unreachable();
const wantsLargest = (url = '') => url.includes(largest().digest);

async function nothingLeft(): Promise<void> {
  const names = await scratch.cacheFiles();
  expect(names.filter((name) => name.includes('.tmp'))).toEqual([]);
  expect(names.filter((name) => name.includes(largest().digest.slice(7)))).toEqual([]);
}

describe('an honest registry', () => {
  it('gives an image by tag and by digest', async () => {
    const opened = await pull();
    expect(opened).toMatchObject({
      reference: `${registry.host}/team/app:1`,
      kind: 'registry',
      name: 'app',
      digest: it1.manifest.digest,
    });
    expect((await opened.tree.readFile('app')).toString()).toBe('v1');
    expect((await opened.tree.readFile('noise')).length).toBe(320_000);
    const again = await pull(`team/app@${it1.manifest.digest}`);
    expect(again.tree.digest).toBe(opened.tree.digest);
  });

  it('is not asked again for layers that are stored', async () => {
    await pull();
    const before = registry.count(new RegExp(largest().digest));
    expect(before).toBe(1);
    registry.add('other:2', await image([{ other: 'x' }]));
    await pull();
    expect(registry.count(new RegExp(largest().digest))).toBe(before);
  });

  it('is asked once for a layer that an image has twice', async () => {
    const twice = await image([{ a: 'same' }, { a: 'same' }]);
    registry.add('twice', twice);
    const opened = await pull('twice');
    expect(opened.layers).toHaveLength(2);
    expect(registry.count(new RegExp(twice.layers[0]?.digest ?? ''))).toBe(1);
  });

  it('is asked once by two pulls at a time', async () => {
    const [one, two] = await Promise.all([pull(), pull()]);
    expect(one.tree.digest).toBe(two.tree.digest);
    expect(registry.count(new RegExp(largest().digest))).toBe(1);
  });

  it('gives the manifest for linux/amd64, or says which there are', async () => {
    const arm = await image([{ app: 'arm' }], { architecture: 'arm64' });
    registry.add('multi:arm', arm);
    const entry = (it: TestImage, architecture: string) => ({
      ...descriptor(it.manifest),
      platform: { os: 'linux', architecture },
    });
    const both = [entry(arm, 'arm64'), entry(it1, 'amd64')];
    registry.tag('multi', 'both', blob({ schemaVersion: 2, manifests: both }, OCI_INDEX));
    registry.tag('multi', it1.manifest.digest, it1.manifest);
    expect((await pull('multi:both')).digest).toBe(it1.manifest.digest);
    const index = blob({ schemaVersion: 2, manifests: [entry(arm, 'arm64')] }, OCI_INDEX);
    registry.tag('multi', 'one', index);
    expect(await lineOf(pull('multi:one'))).toMatch(
      /nothing for linux\/amd64.*it has linux\/arm64/,
    );
    expect(await lineOf(pull('multi:arm'))).toMatch(/wrong architecture.*linux\/arm64/);
  });
});

describe('a registry that fails', () => {
  it('is asked for the rest of a layer that was cut, as often as it makes progress', async () => {
    const offsets: string[] = [];
    registry.misbehave = (request, response) => {
      if (!wantsLargest(request.url)) return false;
      offsets.push(request.headers.range ?? '');
      if (offsets.length > 3) return false;
      cutAfter(largest(), 80_000, request, response);
      return true;
    };
    const opened = await pull();
    expect((await opened.tree.readFile('noise')).length).toBe(320_000);
    expect(offsets[0]).toBe('');
    expect(offsets[1]).toMatch(/^bytes=[1-9]\d*-$/);
    expect(offsets).toHaveLength(4);
  });

  it('may ignore ranges', async () => {
    let first = true;
    registry.misbehave = (request, response) => {
      if (!wantsLargest(request.url)) return false;
      if (first) cutAfter(largest(), 5000, request, response);
      else response.end(largest().bytes);
      first = false;
      return true;
    };
    expect((await pull()).layers).toHaveLength(2);
  });

  it.each([429, 500, 502, 503])('is asked again after %i', async (status) => {
    let failures = 0;
    registry.misbehave = (request, response) => {
      if (failures >= 3 || request.url === '/v2/') return false;
      failures += 1;
      response.writeHead(status, { 'retry-after': '0' }).end('later');
      return true;
    };
    expect((await pull()).layers).toHaveLength(2);
  });

  it.each([
    [429, /too many requests.*log in/],
    [503, /status 503.*try again later/],
  ])('ends with a reason when %i stays', async (status, message) => {
    registry.misbehave = (request, response) => {
      if (!wantsLargest(request.url)) return false;
      response.writeHead(status).end();
      return true;
    };
    expect(await lineOf(pull())).toMatch(message);
    await nothingLeft();
  });

  it('ends with a reason when it says nothing', async () => {
    registry.misbehave = (request) => wantsLargest(request.url);
    expect(await lineOf(pull())).toMatch(/stopped answering/);
    await nothingLeft();
  });

  it('ends with a reason when it stops in the middle of an answer', async () => {
    registry.misbehave = (request, response) => {
      if (!wantsLargest(request.url)) return false;
      response.writeHead(200, { 'content-length': largest().bytes.length });
      response.write('x');
      return true;
    };
    expect(await lineOf(pull())).toMatch(/stopped answering/);
    await nothingLeft();
  });

  it('ends with a reason when it cuts every answer at once', async () => {
    registry.misbehave = (request) => {
      if (!wantsLargest(request.url)) return false;
      request.socket.destroy();
      return true;
    };
    expect(await lineOf(pull())).toMatch(/connection to the registry failed/);
    await nothingLeft();
  });

  it('stops at once when told to, and leaves nothing', async () => {
    const stop = new AbortController();
    registry.misbehave = (request, response) => {
      if (!wantsLargest(request.url)) return false;
      response.writeHead(200, { 'content-length': largest().bytes.length });
      response.write('x');
      setTimeout(() => stop.abort(new Error('Ctrl-C')), 50);
      return true;
    };
    expect(await lineOf(pull(undefined, stop.signal))).toBe('Error: Ctrl-C');
    await nothingLeft();
  });
});

describe('a registry that lies', () => {
  const instead = (bytes: (real: Buffer) => Buffer) => {
    registry.misbehave = (request, response) => {
      if (!wantsLargest(request.url)) return false;
      const range = request.headers.range;
      if (range !== undefined) response.writeHead(416).end();
      else response.end(bytes(largest().bytes));
      return true;
    };
  };

  it('cannot give another layer', async () => {
    instead((real) => Buffer.alloc(real.length, 'x'));
    expect(await lineOf(pull())).toMatch(/wrong digest/);
    await nothingLeft();
  });

  it('cannot give too little or too much', async () => {
    instead((real) => real.subarray(0, -10));
    expect(await lineOf(pull())).toMatch(/416|truncated/);
    instead((real) => Buffer.concat([real, Buffer.alloc(100_000)]));
    expect(await lineOf(pull())).toMatch(/more data than/);
    await nothingLeft();
  });

  it('cannot send without end', async () => {
    registry.misbehave = (request, response) => {
      if (!wantsLargest(request.url)) return false;
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
      return true;
    };
    expect(await lineOf(pull())).toMatch(/more data than/);
    await nothingLeft();
  });

  it('cannot give another manifest than the digest asked for, nor an endless one', async () => {
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/manifests/') !== true) return false;
      response.end(Buffer.from('{"schemaVersion":2}'));
      return true;
    };
    const asked = `team/app@${it1.manifest.digest}`;
    expect(await lineOf(pull(asked))).toMatch(/wrong digest/);
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/manifests/') !== true) return false;
      response.end(Buffer.alloc(5 << 20, ' '));
      return true;
    };
    expect(await lineOf(pull())).toMatch(/larger than 4194304 bytes/);
  });

  it('cannot give an index whose entries are not what it names', async () => {
    const entry = { ...descriptor(it1.manifest), size: it1.manifest.bytes.length + 1 };
    registry.tag('team/app', 'odd', blob({ schemaVersion: 2, manifests: [entry] }, OCI_INDEX));
    expect(await lineOf(pull('team/app:odd'))).toMatch(/wrong size/);
  });

  it('cannot do harm with any mutation of a manifest', async () => {
    const good = it1.manifest.bytes;
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.string({ maxLength: 4 }), async (at, text) => {
        const bytes = Buffer.concat([
          good.subarray(0, at),
          Buffer.from(text),
          good.subarray(at + text.length),
        ]);
        registry.tag('team/app', 'bad', blob(bytes, OCI_MANIFEST));
        await pull('team/app:bad').catch((error: unknown) => {
          expect(error).toBeInstanceOf(LupineError);
        });
      }),
      { numRuns: 60 },
    );
    expect((await scratch.cacheFiles()).filter((name) => name.includes('.tmp'))).toEqual([]);
  });
});

describe('redirects', () => {
  it('lead to another host without the credentials', async () => {
    const seen: (string | undefined)[] = [];
    const storage = createServer((request, response) => {
      seen.push(request.headers.authorization);
      const found = [it1.config, ...it1.layers].find((b) => request.url === `/${b.digest}`);
      if (found !== undefined) sendBlob(found, request, response);
    });
    await new Promise<void>((done) => storage.listen(0, '127.0.0.1', done));
    const { port } = storage.address() as AddressInfo;
    registry.misbehave = (request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return true;
      }
      const digest = /blobs\/(.*)$/.exec(request.url ?? '')?.[1];
      if (digest === undefined) return false;
      response.writeHead(307, { location: `http://localhost:${port}/${digest}` }).end();
      return true;
    };
    try {
      const opened = await openImage(
        `${registry.host}/team/app:1`,
        { client: { ...client, env: await loggedIn('user', 'secret') } },
        { progress: silentProgress },
      );
      expect(opened.layers).toHaveLength(2);
      expect(seen).toEqual([undefined, undefined, undefined]);
      expect(registry.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
    } finally {
      storage.close();
    }
  });

  it.each([
    ['http://192.0.2.1/x', /redirects to where it must not/],
    ['file:///etc/passwd', /redirects to where it must not/],
    ['http://user:pass@localhost/x', /redirects to where it must not/],
    ['/v2/team/app/manifests/1', /without end/],
  ])('to %s are refused', async (location, message) => {
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/manifests/') !== true) return false;
      response.writeHead(302, { location }).end();
      return true;
    };
    expect(await lineOf(pull())).toMatch(message);
  });
});

async function loggedIn(user: string, password: string): Promise<NodeJS.ProcessEnv> {
  const { writeFile } = await import('node:fs/promises');
  const path = `${scratch.path}/auth.json`;
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  await writeFile(path, JSON.stringify({ auths: { [registry.host]: { auth } } }));
  return { REGISTRY_AUTH_FILE: path };
}

describe('logging in', () => {
  it.each([
    ['nobody', undefined, /log in first: skopeo login/],
    ['a wrong password', 'wrong', /access denied/],
    ['the right password', 'right', undefined],
  ])('with a password: %s', async (_, password, message) => {
    const wanted = `Basic ${Buffer.from('user:right').toString('base64')}`;
    registry.misbehave = (request, response) => {
      if (request.headers.authorization === wanted) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const env = password === undefined ? {} : await loggedIn('user', password);
    const options = { client: { ...client, env: { HOME: scratch.path, ...env } } };
    const opened = openImage(`${registry.host}/team/app:1`, options, { progress: silentProgress });
    if (message !== undefined) expect(await lineOf(opened)).toMatch(message);
    else expect((await opened).layers).toHaveLength(2);
  });

  it('with a token, renewed when it expires', async () => {
    let issued = 0;
    registry.misbehave = (request, response) => {
      const url = request.url ?? '';
      if (url.startsWith('/token')) {
        issued += 1;
        response.end(JSON.stringify({ token: `t${issued}` }));
        return true;
      }
      // The first token is good for one request only.
      const good =
        request.headers.authorization ===
        (issued === 1 && !url.includes('/blobs/') ? 'Bearer t1' : 'Bearer t2');
      if (good && url !== '/v2/') return false;
      const realm = `http://${registry.host}/token`;
      const challenge = `Bearer realm="${realm}",service="fake service",error="invalid_token"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
    const opened = await openImage(
      `${registry.host}/team/app:1`,
      { client: { ...client, env: await loggedIn('user', 'secret') } },
      { progress: silentProgress },
    );
    expect(opened.layers).toHaveLength(2);
    expect(issued).toBe(2);
    const asked = registry.requests.find(({ url }) => url.startsWith('/token'));
    const query = new URL(asked?.url ?? '', 'http://x').searchParams;
    expect(query.get('scope')).toBe('repository:team/app:pull');
    expect(query.get('service')).toBe('fake service');
    expect(query.get('account')).toBe('user');
    expect(asked?.headers.authorization).toMatch(/^Basic /);
  });

  it.each([
    ['http://192.0.2.1/token', '{"token":"x"}', /token server that must not be used/],
    ['nonsense', '{"token":"x"}', /token server that must not be used/],
    [undefined, '{"token":"a\\nb"}', /bad token/],
    [undefined, '{}', /bad token/],
    [undefined, 'no json', /not JSON/],
  ])('refuses the token server %s answering %s', async (elsewhere, answer, message) => {
    registry.misbehave = (request, response) => {
      if (request.url?.startsWith('/token') === true) response.end(answer);
      else {
        const realm = elsewhere ?? `http://${registry.host}/token`;
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      }
      return true;
    };
    expect(await lineOf(pull())).toMatch(message);
  });

  it('tells a private or missing image from one that is not there', async () => {
    expect(await lineOf(pull('nobody/nothing'))).toMatch(
      /^no such image: .*nobody\/nothing:latest/,
    );
    registry.misbehave = (request, response) => {
      if (request.url === '/v2/') return false;
      response.writeHead(403).end();
      return true;
    };
    expect(await lineOf(pull())).toMatch(/access denied.*skopeo login/);
  });
});

describe('what is no registry', () => {
  it('is said to be none', async () => {
    registry.misbehave = (_, response) => {
      response.writeHead(404).end('<html>');
      return true;
    };
    expect(await lineOf(pull())).toMatch(/not a container registry/);
  });

  it('is not there', async () => {
    await registry.close();
    expect(await lineOf(pull())).toMatch(/nothing listens at the registry/);
    registry = await fakeRegistry();
  });

  it('is not found', async () => {
    const opened = openImage('no-such-host.invalid/a', { client }, { progress: silentProgress });
    expect(await lineOf(opened)).toMatch(
      /cannot find the registry|connection to the registry failed/,
    );
  });
});
