import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { colourOf, drawMap } from '../../../src/cli/size-map.js';
import { sizePage } from '../../../src/cli/size-page.js';
import type { ObjectSize } from '../../../src/kernel/index.js';
import { kernel } from './size-fixture.js';

/** What a test looks at of a page; linkedom's own types need those of a browser. */
interface Node {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Node>;
}
const parse = parseHTML as unknown as (html: string) => { readonly document: Node };

function object(path: string, bytes: number, option?: string): ObjectSize {
  const sizes = { text: bytes, rodata: 0, data: 0, bss: 0, init: 0 };
  return { path, ...(option === undefined ? {} : { option }), sizes };
}

const objects = [
  object('arch/x86/kernel/setup', 40_000),
  object('fs/eventpoll', 9_000, 'EPOLL'),
  object('kallsyms', 7, 'KALLSYMS'),
  object('net/ipv4/tcp', 30_000, 'INET'),
  object('net/socket', 20_000, 'NET'),
  object('lib/empty', 0),
];

/** Tags that are open at the end, or were closed out of order; none for a well-formed text. */
function unbalanced(markup: string): string[] {
  const open: string[] = [];
  for (const [, close = '', name = '', rest = ''] of markup.matchAll(
    /<(\/?)([a-z][\w-]*)([^<>]*)>/g,
  )) {
    if (name === 'meta' || rest.endsWith('/')) continue;
    if (close === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

const attribute = (node: Node, name: string) => Number(node.getAttribute(name));

describe('the page of a kernel’s size', () => {
  const page = sizePage(kernel, objects);
  const { document } = parse(page);

  test('is well-formed, and neither loads nor runs anything', () => {
    expect(unbalanced(page)).toEqual([]);
    expect(page).not.toMatch(/<script|<link|<img|\bhref=|\bsrc=|url\(|@import/);
  });

  test('shows every object in both maps, with its option and size', () => {
    const maps = [...document.querySelectorAll('figure svg')];
    expect(maps).toHaveLength(2);
    for (const map of maps) {
      const titles = [...map.querySelectorAll('title')].map(({ textContent }) => textContent);
      expect(titles).toHaveLength(objects.length);
      for (const { path } of objects) {
        expect(titles.some((title) => title.startsWith(path))).toBe(true);
      }
      expect(titles).toContain('fs/eventpoll (EPOLL): 9.0 kB in 1 object (text 9.0 kB)');
    }
  });

  test('has both tables, whose rows are all directories and options', () => {
    const tables = [...document.querySelectorAll('table')].map((table) =>
      [...table.querySelectorAll('tbody tr td:first-child')].map(({ textContent }) => textContent),
    );
    expect(tables).toEqual([
      ['arch/x86/kernel/', 'net/ipv4/', 'net/', 'fs/', 'kallsyms', 'lib/'],
      ['(in every kernel)', 'INET', 'NET', 'EPOLL', 'KALLSYMS'],
    ]);
  });

  test('shows hostile names as text', () => {
    const hostile = '"><script>alert(1)</script>&amp;';
    const page = sizePage({ ...kernel, label: hostile }, [
      object(`${hostile}/a`, 90_000, hostile),
      object('b/c', 10),
    ]);
    expect(unbalanced(page)).toEqual([]);
    const { document } = parse(page);
    expect([...document.querySelectorAll('script')]).toEqual([]);
    const [heading] = document.querySelectorAll('h1');
    expect(heading?.textContent).toBe(`${hostile}, Linux 6.12.1`);
    // The name's slash of `</script>` makes a directory of it.
    const titles = [...document.querySelectorAll('svg title')].map((one) => one.textContent);
    expect(titles.some((title) => title.startsWith(`${hostile}/a (${hostile})`))).toBe(true);
  });
});

describe('the map', () => {
  test('gives every object the part of the area that it has of the bytes', () => {
    const flat = Array.from({ length: 20 }, (_, index) => object(`o${index}`, (index + 1) * 1_000));
    const { document } = parse(drawMap(flat, 'directory', colourOf(flat)));
    const area = new Map(
      [...document.querySelectorAll('g')].map((group) => {
        const [title] = group.querySelectorAll('title');
        const [rect] = group.querySelectorAll('rect');
        if (title === undefined || rect === undefined) throw new Error('no rectangle');
        const name = title.textContent.split(':')[0] ?? '';
        return [name, attribute(rect, 'width') * attribute(rect, 'height')] as const;
      }),
    );
    for (const { path, sizes } of flat) {
      const share = (area.get(path) ?? 0) / (1200 * 780);
      // Boxes have titles and gaps.
      expect(share).toBeGreaterThan((sizes.text / 210_000) * 0.5);
      expect(share).toBeLessThanOrEqual((sizes.text / 210_000) * 1.01);
    }
  });

  test('stays within its borders whatever the sizes', () => {
    const name = fc.constantFrom('a', 'b/a', 'b/c/a', 'b/c/b', 'arch/x86/kernel/a');
    const all = fc.uniqueArray(
      fc.record({ path: name, bytes: fc.nat(2 ** 24), option: fc.constantFrom('A', 'B') }),
      { selector: ({ path }) => path },
    );
    fc.assert(
      fc.property(all, (some) => {
        const given = some.map(({ path, bytes, option }) => object(path, bytes, option));
        const map = drawMap(given, 'option', colourOf(given));
        expect(unbalanced(map)).toEqual([]);
        expect(map).not.toMatch(/NaN|undefined/);
        const rects = [...parse(map).document.querySelectorAll('rect')];
        // A gap beside what has no area may reach over, once for each box around it.
        for (const rect of rects) {
          expect(attribute(rect, 'x') + attribute(rect, 'width')).toBeLessThan(1202);
          expect(attribute(rect, 'y') + attribute(rect, 'height')).toBeLessThan(782);
          expect(attribute(rect, 'width')).toBeGreaterThanOrEqual(0);
          expect(attribute(rect, 'height')).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 20 },
    );
  });
});
