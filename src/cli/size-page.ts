/**
 * What a kernel takes, as one page: maps in which the area of every object is its size, and tables. It
 * loads nothing and runs no script; names from source trees are never markup.
 */

import { costsBy, totalOf } from '../kernel/index.js';
import type { Cost, CostKey, Kernel, ObjectSize } from '../kernel/index.js';
import { escapeMarkup as escape } from '../support/markup.js';
import { formatSize } from '../support/size.js';
import { describeCost } from './print-size.js';
import { colourOf, drawMap, type Colours } from './size-map.js';

const style = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2 { line-height: 1.2; } h2 { border-top: 1px solid #ccc; padding-top: 1.5rem; }
table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: right; padding: .15rem .6rem; border-bottom: 1px solid #e4e4e4; }
th:first-child, td:first-child { text-align: left; }
.tables { display: flex; flex-wrap: wrap; gap: 2rem; align-items: flex-start; }
.note, .legend { color: #555; font-size: 13px; } .legend { padding: 0; }
.legend li { display: inline-block; margin-right: 1rem; }
.legend svg { width: .8em; height: .8em; margin-right: .3em; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; font: 10px system-ui, sans-serif; }
`;

const kinds = ['text', 'rodata', 'data', 'bss', 'init'] as const;

/** The page, with its last newline. @param objects all of the kernel's. */
export function sizePage(kernel: Kernel, objects: readonly ObjectSize[]): string {
  const { label, version, report } = kernel;
  const colours = colourOf(objects);
  const title = `${label}, Linux ${version}`;
  const sections = kinds.map((kind) => `${kind} ${formatSize(report.sections[kind])}`).join(', ');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}: size</title><style>${style}</style></head>
<body>
<h1>${escape(title)}</h1>
<p>${report.options} options; ELF ${formatSize(report.elfBytes)}, bzImage ${formatSize(report.bzImageBytes)}; in
memory ${sections}.</p>
<p class="note">Areas and tables are the sizes of the objects before the link: ${escape(describeCost(totalOf(objects)))}.
The link adds padding and tables and merges strings. Init is given back after boot. Point at an object for its
name, option and size.</p>
${legend(colours)}
<h2>By directory</h2>
<figure>${drawMap(objects, 'directory', colours)}</figure>
<h2>By option</h2>
<figure>${drawMap(objects, 'option', colours)}</figure>
<h2>Tables</h2>
<div class="tables">
${table(objects, 'directory')}
${table(objects, 'option')}
</div>
</body>
</html>
`;
}

function legend(colours: Colours): string {
  const items = [...colours].map(
    ([directory, colour]) =>
      `<li><svg viewBox="0 0 1 1"><rect width="1" height="1" fill="${colour}"/></svg>${escape(directory)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

function table(objects: readonly ObjectSize[], key: CostKey): string {
  const cell = (tag: string) => (text: string) => `<${tag}>${escape(text)}</${tag}>`;
  const head = [key, 'total', ...kinds, 'objects'].map(cell('th')).join('');
  const rows = costsBy(objects, key).map(
    (cost) => `<tr>${cells(cost).map(cell('td')).join('')}</tr>`,
  );
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function cells({ name, bytes, sizes, objects }: Cost): string[] {
  return [
    name ?? '(in every kernel)',
    formatSize(bytes),
    ...kinds.map((kind) => formatSize(sizes[kind])),
    String(objects),
  ];
}
