/** Differences of configurations, as lines for people. */

import type { Cause, Change, MenuChanges } from '../kconfig/index.js';
import { describeReason } from './print-explanation.js';
import type { Style } from './style.js';

/** In this order in each menu. */
const causes: readonly (readonly [Cause, string])[] = [
  ['asked', 'asked'],
  ['selected', 'selected'],
  ['default', 'default'],
  ['follows', 'follows'],
];

/** The text, with its last newline; empty where nothing differs. */
export function formatDiff(menus: readonly MenuChanges[], style: Style): string {
  const all = menus.flatMap(({ changes }) => changes);
  if (all.length === 0) return '';
  const blocks = menus.map(({ path, changes }) => {
    const title = style.strong(path.length === 0 ? 'General' : path.join(' → '));
    const groups = causes.flatMap(([cause, word]) => {
      const group = changes.filter((change) => change.cause === cause);
      return group.length === 0
        ? []
        : [`  ${word}`, ...group.map((one) => `    ${describeChange(one, style)}`)];
    });
    return [title, ...groups].join('\n');
  });
  return `${blocks.join('\n\n')}\n\n${summary(all)}\n`;
}

function describeChange(change: Change, style: Style): string {
  const { name, prompt, from = 'n', to = 'n' } = change;
  const change_ = from === 'n' ? `+${name}=${to}` : to === 'n' ? `-${name}=${from}` : `~${name}`;
  const values = change_.startsWith('~') ? `  ${from} → ${to}` : '';
  const why = reasonOf(change);
  return [
    `${change_}${values}`,
    ...(prompt === undefined ? [] : [prompt]),
    ...(why === '' ? [] : [style.faint(why)]),
  ].join('  ');
}

/** What its group does not say already. */
function reasonOf({ reason, unmet, to = 'n' }: Change): string {
  if (unmet.length > 0) return `needs ${unmet.join(' and ')}`;
  return reason === undefined || reason.kind === 'user'
    ? ''
    : describeReason(reason, undefined, to);
}

function summary(all: readonly Change[]): string {
  const on = all.filter(({ from = 'n', to = 'n' }) => from === 'n' && to !== 'n').length;
  const off = all.filter(({ from = 'n', to = 'n' }) => from !== 'n' && to === 'n').length;
  const others = all.length - on - off;
  return `${on} turned on, ${off} turned off, ${others} with another value`;
}
