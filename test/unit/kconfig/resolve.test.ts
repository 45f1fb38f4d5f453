import { describe, expect, test } from 'vitest';
import { KconfigError } from '../../../src/kconfig/errors.js';
import type { Dialect, MenuNode } from '../../../src/kconfig/model.js';
import { printExpression } from '../../../src/kconfig/print-expression.js';
import { spaceOf, symbolOf } from './small-space.js';

const bare = { textNow: () => '?', evaluate: () => 0 as const };

function printed(text: string, name: string): string {
  const { directDependency } = symbolOf(spaceOf(text), name);
  return directDependency ? printExpression(directDependency, bare) : 'y';
}

function outline(node: MenuNode): string {
  const inside = node.children.map(outline).join(' ');
  const name = node.symbol?.name ?? node.prompt?.text ?? node.kind;
  return inside === '' ? name : `${name}(${inside})`;
}

function messages(text: string, dialect: Dialect = '6.12'): string {
  return spaceOf(text, dialect)
    .messages.map((output) => output.text)
    .join('');
}

function fault(text: string, dialect: Dialect = '6.12'): string {
  try {
    spaceOf(text, dialect);
  } catch (error) {
    if (error instanceof KconfigError) return error.message;
    throw error;
  }
  throw new Error('no fault was found');
}

describe('dependencies', () => {
  test('of what encloses an entry come first', () => {
    const text =
      'menu "m"\n\tdepends on A\nif B\nconfig X\n\tbool "x"\n\tdepends on C\nendif\nendmenu\n';
    expect(printed(text, 'X')).toBe('A && B && C');
  });

  test('of several definitions are alternatives', () => {
    expect(printed('config X\n\tbool\n\tdepends on A\nconfig X\n\tdepends on B && C\n', 'X')).toBe(
      'A || B && C',
    );
  });

  test.each([
    ['A && A', 'A'],
    ['A && (B || B)', 'A && B'],
    ['!(A || B)', '!A && !B'],
    ['!(A = B)', 'A!=B'],
    ['!(A < B)', 'A>=B'],
    ['T != n && T != m', 'T=y'],
    ['T = y || T = m', 'T!=n'],
    ['T && T = y', 'T=y'],
    ['P || !P', 'y'],
    ['P = y', 'P'],
    ['P != y', '!P'],
    ['(A && B) && A', 'B && A'],
  ])('%s is simplified', (written, expected) => {
    const text = `config P\n\tbool\nconfig T\n\ttristate\nconfig X\n\tbool\n\tdepends on ${written}\n`;
    expect(printed(text, 'X').replaceAll(' [=?]', '')).toBe(expected);
  });
});

describe('the menu tree', () => {
  test('entries that depend on the one before become its submenu', () => {
    const text =
      'config A\n\tbool "a"\nconfig B\n\tbool "b"\n\tdepends on A\n' +
      'config C\n\tbool "c"\n\tdepends on B\nconfig D\n\tbool "d"\n';
    expect(outline(spaceOf(text).root)).toBe('Main menu(A(B(C)) D)');
  });

  test('an if dissolves into what is around it', () => {
    const text = 'config A\n\tbool "a"\nif Q\nconfig B\n\tbool "b"\nendif\n';
    expect(outline(spaceOf(text).root)).toBe('Main menu(A if B)');
  });
});

describe('warnings', () => {
  test.each([
    ['config A\n\tprompt "a"\n', 'Kconfig:1:warning: config symbol defined without type\n'],
    [
      'config A\n\tbool\n\ttristate\n',
      "Kconfig:1:warning: ignoring type redefinition of 'A' from 'bool' to 'tristate'\n",
    ],
    ['config A\n\tbool "a"\n\tprompt "b"\n', 'Kconfig:3:warning: prompt redefined\n'],
    ['config A\n\tbool " a"\n', 'Kconfig:2:warning: leading whitespace ignored\n'],
    ['config A\n\tint\n\tdefault y\n', "Kconfig:3:warning: 'A': number is invalid\n"],
    [
      'config A\n\tint\n\tselect B\nconfig B\n\tbool\n',
      "Kconfig:3:warning: config symbol 'A' uses select, but is not bool or tristate\n",
    ],
    [
      'config A\n\tbool\n\timply B\nconfig B\n\tint\n',
      "Kconfig:3:warning: 'B' has wrong type. 'imply' only accept arguments of bool and tristate type\n",
    ],
    ['config A\n\tint\n\trange 1 z\n', 'Kconfig:3:warning: range is invalid\n'],
    [
      'config P\n\tbool\nconfig A\n\tbool\n\tdepends on P = m\n',
      "boolean symbol P tested for 'm'? test forced to 'n'\n",
    ],
  ])('%j', (text, expected) => {
    expect(messages(text)).toBe(expected);
  });
});

describe('faults', () => {
  const footer =
    '\nFor a resolution refer to Documentation/kbuild/kconfig-language.rst\n' +
    'subsection "Kconfig recursive dependency limitations"\n';

  test('a symbol that depends on itself through another', () => {
    const text = 'config A\n\tbool\n\tdepends on B\nconfig B\n\tbool\n\tselect A\n\tdepends on A\n';
    expect(fault(text)).toContain(
      'error: recursive dependency detected!\n\tsymbol A depends on B\n\tsymbol B depends on A',
    );
    expect(fault(text)).toContain(footer);
  });

  test('in 6.1 every step has its place', () => {
    const text = 'config A\n\tbool\n\tdepends on A\n';
    expect(fault(text, '6.1')).toBe(
      `Kconfig:1:error: recursive dependency detected!\nKconfig:1:\tsymbol A depends on A${footer}`,
    );
  });

  test('members of a choice must be bools with prompts and no defaults', () => {
    const choice = (member: string) => `choice\n\tprompt "c"\n${member}endchoice\n`;
    expect(fault(choice('config A\n\tbool\n'))).toBe(
      'Kconfig:3: error: choice member must have a prompt',
    );
    expect(fault(choice('config A\n\ttristate "a"\n'))).toBe(
      'Kconfig:3: error: choice member must be bool',
    );
    expect(fault(choice('config A\n\tbool "a"\n\tdefault y\n'))).toBe(
      'Kconfig:5: error: defaults for choice values not supported',
    );
  });
});

test('a chain of two thousand selects is no problem', () => {
  const count = 2000;
  const parts = Array.from({ length: count }, (_, at) => `config A${at}\n\tbool "a"\n\tselect Z\n`);
  const space = spaceOf(`config Z\n\tbool\n${parts.join('')}`);
  expect(symbolOf(space, 'Z').selectedBy).toHaveLength(count);
});
