/** Why an option is off, as lines for people. */

import type { Fix, Obstacle } from '../kconfig/index.js';
import type { OptionWhyNot } from '../unikernel/index.js';
import { describeReason, placeOf, placedLines } from './print-explanation.js';
import type { Style } from './style.js';

/** More selectors than this are no help. */
const SHOWN = 8;

/** The text, with its last newline. */
export function formatWhyNot(found: OptionWhyNot, style: Style): string {
  const { whyNot, asked } = found;
  const { name, value, wanted, reasons, obstacles, selectors, fix } = whyNot;
  const reason = reasons[0] === undefined ? '' : `: ${describeReason(reasons[0], asked, value)}`;
  const place = style.faint(`in ${found.configuration}, Linux ${found.version}`);
  if (fix.kind === 'none needed') {
    return `${style.strong(`CONFIG_${name}=${value}`)}, as wanted${reason}\n${place}\n`;
  }
  const lines = [
    `${style.strong(`CONFIG_${name}`)} is ${value}, not ${wanted}${reason}`,
    place,
    ...obstacles.flatMap((one) => obstacleLines(one, style)),
    ...(selectors.length === 0
      ? []
      : [
          'Selected by',
          ...selectors
            .slice(0, SHOWN)
            .map((one) => `  ${style.mark(one.active)} ${one.name}=${one.value}`),
          ...(selectors.length > SHOWN ? [`  … and ${selectors.length - SHOWN} more`] : []),
        ]),
    '',
    ...fixLines(fix, style),
  ];
  return `${lines.join('\n')}\n`;
}

function obstacleLines({ position, unmet, promptless }: Obstacle, style: Style): string[] {
  return [
    `Defined  ${placeOf(position)}${promptless ? '  without a prompt: nobody can set it' : ''}`,
    ...unmet.flatMap((need) => placedLines(need, style)),
  ];
}

function fixLines(fix: Fix, style: Style): string[] {
  switch (fix.kind) {
    case 'none needed':
      return [];
    case 'unknown':
      return ['No change was found that gives it, and none was ruled out.'];
    case 'impossible':
      return [
        'No configuration has it: these rules contradict each other.',
        ...fix.clash.map((rule) => `  ${rule.text}`),
      ];
    case 'settings': {
      const { settings, turnedOn, turnedOff } = fix.answer;
      const named = new Set(settings.map(({ name }) => name));
      const others = turnedOn.filter((name) => !named.has(name));
      const off = turnedOff.filter((name) => !named.has(name));
      return [
        style.strong('# The smallest change that gives it'),
        ...settings.map(({ name, value }) => fragmentLine(name, value)),
        ...(others.length === 0 ? [] : [`# This turns on as well: ${others.join(' ')}`]),
        ...(off.length === 0 ? [] : [`# This turns off: ${off.join(' ')}`]),
      ];
    }
  }
}

function fragmentLine(name: string, value: string): string {
  if (value === 'n') return `# CONFIG_${name} is not set`;
  const plain = /^(?:[ymn]|-?[0-9]+|0[xX][0-9a-fA-F]+)$/.test(value);
  return `CONFIG_${name}=${plain ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
}
