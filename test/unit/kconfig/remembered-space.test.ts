import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseKconfig } from '../../../src/kconfig/load.js';
import type { Ask, Dialect, MenuNode, Reverse, Space } from '../../../src/kconfig/model.js';
import { textOf } from '../../../src/kconfig/needs.js';
import { ReadingRecord, recallSpace, type Reading } from '../../../src/kconfig/remembered-space.js';
import { resolve } from '../../../src/kconfig/resolve.js';

/** Of everything that a space can hold, something. */
const text = `mainmenu "Linux/$(ARCH) Configuration"

success = $(shell,$(1) && echo y)

config MODULES
	modules
	bool "Modules"

menu "Devices"
	visible if A || !OUTER
	depends on OUTER && LATER != m

if A
config ARCH_OK
	def_bool $(success,true)

source "drivers-Kconfig"
endif

comment "the end"
	depends on T = y
endmenu

config A
	bool "An option"
	select T if N > 3 && NAME = "a b"
	imply ARCH_OK
	help
	  What A does.

	    In two paragraphs.

config N
	int "A number"
	range 1 MOST if A
	range 0 0x10
	default 5

config MOST
	int
	default 9

config NAME
	string "Its name"
	default "a \\"b\\""

choice
	prompt "Which"
	default TWO if A
config ONE
	bool "One"
config TWO
	bool "Two"
endchoice

config A
	bool "Again"
	depends on UNKNOWN || MOST = 9

config OUTER
	def_bool y
`;

const drivers = `config B
	bool "Depends on A"
	depends on A

config T
	tristate "Three" if B
	default m if !UNKNOWN
`;

let tree: string;
let reading: Reading;
let said: Record<string, string>;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'lupine-remembered-'));
  writeFileSync(join(tree, 'Kconfig'), text);
  writeDrivers(drivers);
  said = { 'true && echo y': 'y\n' };
  reading = {
    directory: join(tree, 'cache'),
    tree,
    name: 'x86_64',
    environment: { ARCH: 'x86_64' },
    shell: (command) => said[command] ?? '',
    dialect: '6.12',
  };
});
afterEach(() => rmSync(tree, { recursive: true }));

function writeDrivers(content: string): void {
  writeFileSync(join(tree, 'drivers-Kconfig'), content);
}

const later = () => Date.now() + 60_000;

/** Reads the files, and keeps what comes of them. */
function readAndKeep(startedAt = later()): Space {
  const record = new ReadingRecord(reading, startedAt);
  const ast = parseKconfig({ ...reading, shell: record.shell, opening: record.opening });
  const space = resolve(ast, reading.dialect);
  record.keep(space, ast.environment);
  return space;
}

function kept(): string[] {
  return readdirSync(reading.directory).map((name) => join(reading.directory, name));
}

/** All of a space, as plain data. */
function described(space: Space): unknown {
  const ask = ({ origin, expression, position }: Ask) => [origin, textOf(expression), position];
  const reverse = ({ by, target, condition, node, position }: Reverse) => [
    by.index,
    target.index,
    textOf(condition),
    node.position,
    position,
  ];
  const node = (each: MenuNode): unknown => [
    [each.kind, each.position, each.parent?.position, each.symbol?.index, each.help],
    [each.helpPlace, textOf(each.dependency), each.visibility && textOf(each.visibility)],
    each.prompt?.text,
    each.prompt?.node === each,
    [each.asks.map(ask), each.shownIf.map(ask)],
    [each.enclosing?.kind, each.enclosing?.asks.map(ask), each.enclosing?.position],
    each.children.map(node),
  ];
  const indexes = (symbols: Iterable<{ index: number }>) => [...symbols].map(({ index }) => index);
  return {
    root: node(space.root),
    symbols: space.symbols.map((symbol) => [
      [symbol.index, symbol.name, symbol.type, symbol.constant, symbol.isChoice],
      [symbol.transitional, symbol.nodes.map(({ position }) => position)],
      symbol.prompts.map((one) => [
        one.text,
        textOf(one.condition),
        one.node.position,
        one.position,
      ]),
      symbol.defaults.map((one) => [textOf(one.value), textOf(one.condition), one.position]),
      symbol.ranges.map((one) => [one.low.index, one.high.index, textOf(one.condition)]),
      symbol.selects.map(reverse),
      symbol.implies.map(reverse),
      symbol.selectedBy.map(reverse),
      symbol.impliedBy.map(reverse),
      symbol.selects.every((one) => one.target.selectedBy.includes(one)),
      [symbol.choice?.symbol.index, symbol.ownChoice && indexes(symbol.ownChoice.members)],
      [symbol.ownChoice?.optional, symbol.ownChoice?.node.position],
      [symbol.dependency, symbol.directDependency, symbol.selected, symbol.implied].map(
        (one) => one && textOf(one),
      ),
    ]),
    byName: [...space.byName].map(([name, { index }]) => [name, index]),
    hashed: indexes(space.hashed),
    choices: indexes(space.choices.map(({ symbol }) => symbol)),
    rest: [space.title, space.dialect, space.messages],
    special: indexes([space.yes, space.module, space.no, space.modules ?? space.no]),
  };
}

describe.each<Dialect>(['6.12', '6.1'])('a space of %s that is remembered', (dialect) => {
  test('is the one that was read', () => {
    reading = { ...reading, dialect };
    const space = readAndKeep();
    const recalled = recallSpace(reading);
    expect(recalled && described(recalled)).toEqual(described(space));
    expect(space.byName.get('A')?.selects).toHaveLength(1);
    expect(recalled?.byName.get('A')?.nodes[0]?.help).toBe(
      'What A does.\n\n  In two paragraphs.\n',
    );
  });
});

describe('a remembered space is not used', () => {
  beforeEach(() => {
    readAndKeep();
    expect(recallSpace(reading)).toBeDefined();
  });

  test('once a file has changed, even to one of the same size', () => {
    writeDrivers(drivers.replace('Three', 'Trois'));
    expect(recallSpace(reading)).toBeUndefined();
  });

  test('once a file is gone', () => {
    rmSync(join(tree, 'drivers-Kconfig'));
    expect(recallSpace(reading)).toBeUndefined();
  });

  test('once a command answers otherwise', () => {
    said['true && echo y'] = '';
    expect(recallSpace(reading)).toBeUndefined();
  });

  test.each([{ ARCH: 'arm64' }, {}])('in another environment: %j', (environment) => {
    expect(recallSpace({ ...reading, environment })).toBeUndefined();
  });

  test('by other rules, for another reading, or of another tree', () => {
    expect(recallSpace({ ...reading, dialect: '6.1' })).toBeUndefined();
    expect(recallSpace({ ...reading, name: 'arm64' })).toBeUndefined();
    expect(recallSpace({ ...reading, tree: tmpdir() })).toBeUndefined();
  });

  test('with any byte of it changed, or cut off', () => {
    const [file = ''] = kept();
    const whole = readFileSync(file);
    const place = fc.integer({ min: 0, max: whole.length - 1 });
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const damaged = Buffer.from(whole);
        damaged.writeUInt8(damaged.readUInt8(at) ^ difference, at);
        writeFileSync(file, damaged);
        expect(recallSpace(reading)).toBeUndefined();
        truncateSync(file, at);
        expect(recallSpace(reading)).toBeUndefined();
      }),
      { numRuns: 50, seed: 6 },
    );
    writeFileSync(file, whole);
    expect(recallSpace(reading)).toBeDefined();
  });
});

test('what was changed just before is not relied upon', () => {
  readAndKeep(Date.now());
  expect(recallSpace(reading)).toBeUndefined();
});

test('only so many are kept', () => {
  for (let count = 0; count < 20; count++) {
    reading = { ...reading, name: String(count) };
    readAndKeep();
  }
  expect(kept()).toHaveLength(16);
  expect(recallSpace(reading)).toBeDefined();
});
