/**
 * A kernel as a treemap in SVG: every object is a rectangle, and its area is its size. Boxes around them
 * are directories or options; colours are top directories in either.
 */

import { hierarchy, treemap, type HierarchyRectangularNode } from 'd3-hierarchy';
import { addUp, bytesOf, directoryOf, type ObjectSize } from '../kernel/index.js';
import { escapeMarkup as escape } from '../support/markup.js';
import { describeCost } from './print-size.js';

/** By top directory, the largest first. */
export type Colours = ReadonlyMap<string, string>;

const WIDTH = 1200;
const HEIGHT = 780;
/** Room for the name of a box. */
const TITLE = 12;
/** Of text of 10 px, on average and with some to spare. */
const CHARACTER = 5.6;
/** Below, no text is put into a rectangle. */
const LEAST_HEIGHT = 11;

interface Box {
  readonly name: string;
  readonly parts: readonly Part[];
}

interface Leaf {
  readonly object: ObjectSize;
}

type Part = Box | Leaf;
type Drawn = HierarchyRectangularNode<Part>;

/** Light ones, on which black text is read; far apart on the circle for neighbours in size. */
export function colourOf(objects: readonly ObjectSize[]): Colours {
  const directories = addUp(objects, topDirectory).map(({ name }) => name);
  return new Map(
    directories.map((name, index) => [
      name,
      `hsl(${Math.round(index * 137.5) % 360} ${index < 12 ? 60 : 15}% ${76 + (index % 3) * 4}%)`,
    ]),
  );
}

/** @returns an `svg` element. @param colours of {@link colourOf}, of the same objects. */
export function drawMap(
  objects: readonly ObjectSize[],
  by: 'directory' | 'option',
  colours: Colours,
): string {
  const groups = by === 'directory' ? directories(objects) : options(objects);
  const root = hierarchy<Part>({ name: '', parts: groups }, (part) =>
    'parts' in part ? part.parts : undefined,
  )
    .sum((part) => ('object' in part ? bytesOf(part.object) : 0))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const placed = treemap<Part>().size([WIDTH, HEIGHT]).paddingInner(1).paddingTop(topOf)(root);
  const marks = placed
    .descendants()
    .slice(1)
    .map((node) => drawPart(node, colours));
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="The kernel by ${by}">
${marks.join('\n')}
</svg>`;
}

/** `net/`, in it `net/ipv4/` and what is in `net/` itself. */
function directories(objects: readonly ObjectSize[]): Part[] {
  return grouped(objects, topDirectory).map(({ name, members }) => ({
    name,
    parts: grouped(members, (object) => directoryOf(object, 2)).flatMap((inner): Part[] => {
      const leaves = inner.members.map((object) => ({ object }));
      return inner.name === name ? leaves : [{ name: inner.name, parts: leaves }];
    }),
  }));
}

function options(objects: readonly ObjectSize[]): Part[] {
  return grouped(objects, ({ option }) => option ?? '(in every kernel)').map(
    ({ name, members }) => ({ name, parts: members.map((object) => ({ object })) }),
  );
}

function grouped(
  objects: readonly ObjectSize[],
  keyOf: (object: ObjectSize) => string,
): { readonly name: string; readonly members: readonly ObjectSize[] }[] {
  const groups = new Map<string, ObjectSize[]>();
  for (const object of objects) {
    const key = keyOf(object);
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  return [...groups].map(([name, members]) => ({ name, members }));
}

function topDirectory(object: ObjectSize): string {
  return directoryOf(object, 1);
}

/** A box too small for its name gives all of its room to what is in it. */
function topOf(node: Drawn): number {
  return node.depth > 0 && fits(node) ? TITLE : 0;
}

function fits({ x0, x1, y0, y1 }: Drawn): boolean {
  return x1 - x0 > 4 * CHARACTER && y1 - y0 > 2 * TITLE;
}

function drawPart(node: Drawn, colours: Colours): string {
  const { data } = node;
  const [width, height] = [node.x1 - node.x0, node.y1 - node.y0];
  const place = `x="${node.x0.toFixed(1)}" y="${node.y0.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"`;
  if ('object' in data) {
    const { path, option, sizes } = data.object;
    const fill = colours.get(topDirectory(data.object)) ?? '#ddd';
    const why = option === undefined ? '' : ` (${option})`;
    const about = describeCost({ bytes: bytesOf(data.object), sizes, objects: 1 });
    const name = path.split('/').at(-1) ?? path;
    const text = height < LEAST_HEIGHT ? '' : label(node, name, node.y0 + 9);
    return `<g><title>${escape(`${path}${why}: ${about}`)}</title><rect ${place} fill="${fill}"/>${text}</g>`;
  }
  const text = fits(node) ? label(node, data.name, node.y0 + 9) : '';
  return `<rect ${place} fill="#f4f4f4" stroke="#bbb" stroke-width="0.5"/>${text}`;
}

/** Cut to the width where a beginning of it still says something. */
function label({ x0, x1 }: Drawn, name: string, baseline: number): string {
  const room = Math.floor((x1 - x0 - 4) / CHARACTER);
  if (room < Math.min(3, name.length)) return '';
  const shown = name.length <= room ? name : `${name.slice(0, room - 1)}…`;
  return `<text x="${(x0 + 2).toFixed(1)}" y="${baseline.toFixed(1)}">${escape(shown)}</text>`;
}
