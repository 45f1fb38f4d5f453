import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostTree } from '../../../src/image/tree/index.js';
import { tarMembers } from '../../../src/rootfs/tar.js';
import { LupineError } from '../../../src/support/errors.js';
import { everything } from './fixture.js';

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  await Promise.resolve();
}

async function read(bytes: Buffer, size = 65_536): Promise<string[]> {
  const members: string[] = [];
  for await (const { name, size: announced, data } of tarMembers(chunks(bytes, size))) {
    let length = 0;
    for await (const piece of data) length += piece.length;
    expect(length).toBe(announced);
    members.push(`${name.toString('latin1')} ${length}`);
  }
  return members;
}

async function tarOf(entries: Parameters<typeof hostTree>[0]): Promise<Buffer> {
  return Buffer.concat(await (await hostTree(entries)).tar().toArray());
}

test.each([1, 511, 513, 100_000])('chunks of %i bytes make no difference', async (size) => {
  const long = 'p/'.repeat(150) + 'é'.repeat(100);
  const bytes = await tarOf([
    { type: 'file', path: 'a', bytes: Buffer.alloc(1000) },
    { type: 'file', path: long, bytes: Buffer.alloc(3) },
    { type: 'symlink', path: 's', target: 'x'.repeat(300) },
  ]);
  const members = await read(bytes, size);
  expect(members).toContain('a 1000');
  expect(members).toContain(`${Buffer.from(long).toString('latin1')} 3`);
  expect(members).toContain('s 0');
});

test('a cut archive is never taken for a whole one', async () => {
  const bytes = await tarOf([{ type: 'file', path: 'a', bytes: Buffer.alloc(5000, 1) }]);
  const end = bytes.length - 1024;
  await fc.assert(
    fc.asyncProperty(fc.nat(end), async (length) => {
      await expect(read(bytes.subarray(0, length))).rejects.toThrow(LupineError);
    }),
  );
});

test('damage is an error for users or not seen, never a crash', async () => {
  const tree = await everything();
  const bytes = Buffer.concat(await tree.tar().toArray()).subarray(0, 40_000);
  const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      const damaged = Buffer.from(bytes);
      for (const { at, value } of changes) damaged[at] = value;
      await read(damaged).catch((error: unknown) => expect(error).toBeInstanceOf(LupineError));
    }),
  );
});
