/** What is known of an option, as lines for people. */

import type { OptionFacts } from '../kconfig/source/index.js';
import type {
  DefinitionView,
  Link,
  Need,
  OptionValue,
  PlacedNeed,
  Position,
  Reason,
} from '../kconfig/index.js';
import type { OptionExplanation } from '../unikernel/index.js';
import type { OptionRequest } from '../kernel/index.js';
import { describeCost } from './print-size.js';
import type { Style } from './style.js';

/** How many of a long list are shown; `--json` has them all. */
const SHOWN = 12;

/** Of files and calls more are shown: they are what one asks for. */
const SHOWN_FACTS = 24;

/** The text of an explanation, with its last newline. */
export function formatExplanation(found: OptionExplanation, style: Style): string {
  const { explanation, facts, asked } = found;
  const { name, type, value, definitions, choice } = explanation;
  const prompt = definitions.find((one) => one.prompt !== undefined)?.prompt;
  const shown = type === 'string' ? JSON.stringify(value) : value;
  const lines = [
    `${style.strong(`CONFIG_${name}=${shown}`)}${prompt === undefined ? '' : `  ${prompt}`}  ${style.faint(`(${type})`)}`,
    style.faint(`in ${found.configuration}, Linux ${found.version}`),
    '',
    ...explanation.reasons.flatMap((reason, index) => [
      `${index === 0 ? 'Why      ' : 'And      '}${describeReason(reason, asked, value)}`,
    ]),
    ...definitions.flatMap((one) => definitionLines(one, style)),
    ...(choice === undefined
      ? []
      : [`Choice   ${choice.prompt}: ${choice.members.map(valueText).join(', ')}`]),
    ...linkLines('Selected by', explanation.selectedBy, style),
    ...linkLines('Implied by', explanation.impliedBy, style),
    ...linkLines('Selects', explanation.selects, style),
    ...linkLines('Implies', explanation.implies, style),
    ...neededLines(explanation.neededBy),
    ...(facts === undefined ? [] : factLines(facts, found.given, style)),
    ...costLines(found, style),
    ...helpLines(definitions),
  ];
  return `${lines.join('\n')}\n`;
}

export function placeOf({ file, line }: Position): string {
  return `${file}:${line}`;
}

/** One clause. @param asked who asked for the option, where the user's value is somebody's wish. */
export function describeReason(
  reason: Reason,
  asked: OptionRequest | undefined,
  value: string,
): string {
  switch (reason.kind) {
    case 'user': {
      const limited =
        reason.wanted === undefined
          ? ''
          : `; ${reason.wanted} was wanted, and ${value} is all that can be had`;
      if (asked === undefined) {
        return value === 'n' ? 'nobody asked for it' : `it was set to this${limited}`;
      }
      const because = asked.because === undefined ? '' : `: ${asked.because}`;
      return `asked by ${asked.from}${because}${limited}`;
    }
    case 'selected':
      return `selected by ${reason.by} (${placeOf(reason.position)})`;
    case 'implied':
      return `implied by ${reason.by} (${placeOf(reason.position)})`;
    case 'default':
      return `its default${reason.condition === undefined ? '' : `, ${reason.condition}`} (${placeOf(reason.position)})`;
    case 'choice':
      if (reason.chosen === undefined) return 'a member of a choice in which none is chosen';
      return `of its choice ${reason.chosen} is taken, ${reason.byUser ? 'as asked' : 'by default'}`;
    case 'range':
      return `kept in its range, ${reason.low} to ${reason.high} (${placeOf(reason.position)})`;
    case 'dependency':
      return 'its dependencies are not met';
    case 'hidden':
      return 'its prompt is not shown, so nobody can set it';
    case 'unselected':
      return 'it has no prompt, and nothing that is on turns it on';
    case 'unasked':
      return 'nobody asked for it';
  }
}

function definitionLines({ position, path, needs, shown }: DefinitionView, style: Style): string[] {
  const where = path.length === 0 ? '' : `  ${path.join(' → ')}`;
  return [
    `Defined  ${placeOf(position)}${style.faint(where)}`,
    ...(needs.length === 0
      ? []
      : ['  Needs', ...needs.flatMap((need) => placedLines(need, style))]),
    ...(shown.length === 0
      ? []
      : ['  Shown if', ...shown.flatMap((need) => placedLines(need, style))]),
  ];
}

const origins: Readonly<Record<PlacedNeed['origin'], string>> = {
  depends: '',
  if: ', if',
  menu: ', menu',
  choice: ', choice',
  visible: ', visible if',
  prompt: ', prompt',
};

/** A condition as a tree: its place at the first line. */
export function placedLines(need: PlacedNeed, style: Style): string[] {
  const [first = '', ...rest] = needLines(need, style, 4);
  return [
    `${first}  ${style.faint(`(${placeOf(need.position)}${origins[need.origin]})`)}`,
    ...rest,
  ];
}

function needLines(need: Need, style: Style, indent: number): string[] {
  const margin = ' '.repeat(indent);
  const mark = style.mark(need.value !== 'n');
  if (need.kind === 'one') return [`${margin}${mark} ${need.text}${currentValues(need)}`];
  const heading = need.kind === 'all' ? 'all of' : 'one of';
  return [
    `${margin}${mark} ${heading}`,
    ...need.parts.flatMap((part) => needLines(part, style, indent + 2)),
  ];
}

function currentValues({ options }: Need): string {
  if (options.length === 0) return '';
  return ` [${options.map(({ name, value }) => (options.length === 1 ? `=${value}` : `${name}=${value}`)).join(', ')}]`;
}

function valueText({ name, value }: OptionValue): string {
  return `${name}=${value}`;
}

/** Those that take effect first. */
function linkLines(title: string, links: readonly Link[], style: Style): string[] {
  if (links.length === 0) return [];
  const ordered = [...links].sort((a, b) => Number(b.active) - Number(a.active));
  const lines = ordered.slice(0, SHOWN).map((link) => {
    const unmet = link.unmet.length === 0 ? '' : `, but for ${link.unmet.join(' and ')}`;
    const place = style.faint(`(${placeOf(link.position)})`);
    return `  ${style.mark(link.active)} ${valueText(link)}${unmet}  ${place}`;
  });
  return [title, ...lines, ...moreThan(SHOWN, ordered.length)];
}

function moreThan(shown: number, count: number): string[] {
  return count > shown ? [`  … and ${count - shown} more`] : [];
}

/** Those that are on first: they would go with it. */
function neededLines(neededBy: readonly OptionValue[]): string[] {
  if (neededBy.length === 0) return [];
  const on = neededBy.filter(({ value }) => value !== 'n');
  const off = neededBy.length - on.length;
  const names = on.slice(0, SHOWN).map(({ name }) => name);
  const rest = on.length > SHOWN ? ` and ${on.length - SHOWN} more that are on` : '';
  const others = off === 0 ? '' : `${off} ${off === 1 ? 'option that is' : 'options that are'} off`;
  const list = names.length === 0 ? '' : `${names.join(', ')}${rest}`;
  return [`Needed by  ${[list, others].filter((part) => part !== '').join('; ')}`];
}

function factLines(
  { files, directories, gives }: OptionFacts,
  taken: readonly string[],
  style: Style,
): string[] {
  const sure = new Set(taken);
  const also = (names: readonly string[]) => {
    const others = names.filter((name) => !sure.has(name));
    return others.length === 0 ? '' : ` (with ${others.join(' and ')})`;
  };
  const compiled = [...files]
    .sort((a, b) => also(a.with).length - also(b.with).length)
    .map(
      (file) => `  ${file.path}${also(file.with)}  ${style.faint(`(${placeOf(file.position)})`)}`,
    );
  const opened = directories.map(
    ({ path, files: count, with: others, position }) =>
      `  ${path}, ${count} files${also(others)}  ${style.faint(`(${placeOf(position)})`)}`,
  );
  const ofKind = (kind: OptionFacts['gives'][number]['kind']) => {
    const all = gives
      .filter((gift) => gift.kind === kind)
      .map((gift) => {
        const or = gift.or.map((way) => way.join(' and ')).join(', or ');
        return {
          others: also(gift.with),
          text: `${gift.name}${or === '' ? '' : ` (or by ${or})`}`,
        };
      });
    const plain = all.filter(({ others }) => others === '').map(({ text }) => text);
    const further = all.filter(({ others }) => others !== '').map((one) => one.text + one.others);
    const more = further.length > SHOWN ? [`${further.length - SHOWN} more`] : [];
    return [...plain, ...further.slice(0, SHOWN), ...more];
  };
  return [
    ...section('Opens', opened, SHOWN),
    ...section('Compiles', compiled, SHOWN_FACTS),
    ...listing('System calls', ofKind('syscall')),
    ...listing('Socket families', ofKind('socket')),
    ...listing('File systems', ofKind('filesystem')),
  ];
}

/** Nothing of an option that is off, or that compiles nothing as far as is known. */
function costLines({ explanation, facts, cost }: OptionExplanation, style: Style): string[] {
  const compiled = facts !== undefined && facts.files.length + facts.directories.length > 0;
  if (explanation.value === 'n' || !(compiled || (cost?.objects ?? 0) > 0)) return [];
  return [
    cost === undefined
      ? style.faint('Costs    not known: this kernel is not built (`lupine kernel size` builds it)')
      : `Costs    ${describeCost(cost)}`,
  ];
}

function section(title: string, lines: readonly string[], most: number): string[] {
  if (lines.length === 0) return [];
  return [title, ...lines.slice(0, most), ...moreThan(most, lines.length)];
}

function listing(title: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${title}  ${names.join(', ')}`];
}

function helpLines(definitions: readonly DefinitionView[]): string[] {
  const help = definitions.find((one) => one.help !== undefined)?.help;
  if (help === undefined) return [];
  const lines = help.trimEnd().split('\n');
  return ['Help', ...lines.map((line) => (line === '' ? '' : `  ${line}`))];
}
