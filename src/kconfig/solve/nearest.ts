/** Names that look like one that does not exist. */

import { item } from '../items.js';

/** Insertions, deletions and changes of one character, and swaps of two neighbours, between the two. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let least = Math.min(
        item(above, j) + 1,
        item(row, j - 1) + 1,
        item(above, j - 1) + (same ? 0 : 1),
      );
      if (!same && i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, item(before, j - 2) + 1);
      }
      row.push(least);
    }
    before = above;
    above = row;
  }
  return item(above, to.length);
}

/** Longer names are no option of any kernel, and comparing them would take long. */
const LONGEST = 100;

/** @returns at most `most` of the names, the nearest first; none that are not alike at all. */
export function nearestNames(name: string, names: Iterable<string>, most = 3): readonly string[] {
  if (name.length > LONGEST) return [];
  const wanted = name.toUpperCase();
  const allowed = Math.max(2, Math.floor(name.length / 3));
  const found: { name: string; away: number }[] = [];
  for (const each of names) {
    if (Math.abs(each.length - wanted.length) > allowed) continue;
    const away = distance(wanted, each.toUpperCase());
    if (away <= allowed) found.push({ name: each, away });
  }
  found.sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1));
  return found.slice(0, most).map((each) => each.name);
}
