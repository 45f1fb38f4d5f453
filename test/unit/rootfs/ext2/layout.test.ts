import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapBlocks, pointerBlocks } from '../../../../src/rootfs/ext2/block-map.js';
import { BLOCKS_PER_GROUP, Geometry } from '../../../../src/rootfs/ext2/geometry.js';

test('every geometry holds what was asked, each data block in its own place', () => {
  fc.assert(
    fc.property(fc.nat(3_000_000), fc.integer({ min: 11, max: 500_000 }), (data, inodes) => {
      const geometry = new Geometry(data, inodes);
      expect(geometry.dataBlocks).toBeGreaterThanOrEqual(data);
      // A last group opened for one block more has a least size, and spreads the inodes anew: what its
      // tables hold, the others' no longer do, each rounded to a block. Where inodes are more than
      // blocks, their tables ask for groups that nothing else fills.
      const spread = geometry.overheadOf(0) + geometry.groups;
      if (inodes <= data) expect(geometry.dataBlocks).toBeLessThan(data + 100 + spread);
      expect(geometry.inodes).toBeGreaterThanOrEqual(inodes);
      expect(geometry.inodesPerGroup).toBeLessThanOrEqual(BLOCKS_PER_GROUP);
      let next = 0;
      let last = -1;
      while (next < geometry.dataBlocks) {
        const { block, run } = geometry.locate(next);
        const group = Math.floor(block / BLOCKS_PER_GROUP);
        expect(block).toBeGreaterThan(last);
        expect(block % BLOCKS_PER_GROUP).toBe(geometry.overheadOf(group));
        last = block + run - 1;
        expect(last).toBeLessThan(group * BLOCKS_PER_GROUP + geometry.sizeOf(group));
        next += run;
      }
    }),
    // One block too many for 59 groups.
    { numRuns: 50, examples: [[1_917_542, 498_433]] },
  );
});

const EDGES = [0, 1, 12, 13, 1036, 1037, 1036 + 1024, 1036 + 1024 ** 2, 1037 + 1024 ** 2];

test.each(EDGES)('%i blocks need as many blocks of pointers as were counted', async (blocks) => {
  const own = new Set<number>();
  const seen: number[] = [];
  const pointers = await mapBlocks(
    blocks,
    (n) => n + 1,
    ({ block, content }) => {
      own.add(block);
      for (let i = 0; i < content.length; i += 4) seen.push(content.readUInt32LE(i));
      return Promise.resolve();
    },
  );
  expect(own.size).toBe(pointerBlocks(blocks));
  const data = [...pointers, ...seen].filter((block) => block !== 0 && !own.has(block));
  expect(data.length).toBe(blocks);
  expect(new Set(data).size).toBe(blocks);
  for (const block of own) expect(block).toBeGreaterThan(blocks);
});

test('beyond 16 TiB there is no ext2', () => {
  expect(() => new Geometry(2 ** 32, 100)).toThrow(/too large for ext2/);
});
