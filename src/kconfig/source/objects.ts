/**
 * What a kernel build of one architecture can compile: every source file that the Makefiles reach from
 * the top, with the lines that name it and the conditions on its way.
 */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Position } from '../ast.js';
import { all, always, any, never, not, option, required } from './condition.js';
import type { Condition } from './condition.js';
import { parseMakefile } from './makefile.js';
import type { MakeContext, Member } from './makefile.js';

/** A line of a Makefile that has a part in something. */
export interface Line {
  readonly condition: Condition;
  readonly position: Position;
}

/** A source file, or a directory (its path ends in a slash), as one chain of lines names it. */
export interface Mention {
  /** Relative to the tree. */
  readonly path: string;
  /** The directory of the Makefile that names it. */
  readonly directory: string;
  /** Outermost first: the line of a composite object, then that of its part. */
  readonly lines: readonly Line[];
}

export interface Objects {
  readonly mentions: readonly Mention[];
  /** When a source file is compiled, by path; only files that are there. */
  readonly conditions: ReadonlyMap<string, Condition>;
  /** When a directory is entered: `fs/ext2`. */
  readonly directory: (path: string) => Condition;
}

/** Lists of the top Makefile and of the architecture's whose words are directories below the top. */
const topStems = new Set(['core', 'drivers', 'libs', 'net', 'virt', 'head']);
const ownStems = new Set(['obj', 'lib', 'subdir', 'extra']);
const endings = ['.c', '.S', '.rs'];

/**
 * Follows the Makefiles of a tree. Reads some thousand small files, at once.
 * @param tree the kernel's source directory. @param architecture a directory below `arch/`: `x86`.
 */
export function findObjects(tree: string, architecture: string): Objects {
  const walk = new Walk(tree, architecture);
  walk.top();
  return { mentions: walk.mentions, ...conditionsOf(walk.mentions) };
}

/** `head_$(BITS).o` is one of two files. */
function ofWordSize(member: Member): Member[] {
  if (!member.word.includes('$(BITS)')) return [member];
  const wide = option('64BIT');
  return [
    { bits: '64', condition: wide },
    { bits: '32', condition: not(wide) },
  ].map(({ bits, condition }) => ({
    ...member,
    word: member.word.replaceAll('$(BITS)', bits),
    condition: all(member.condition, condition),
  }));
}

class Walk {
  readonly mentions: Mention[] = [];
  readonly #tree: string;
  readonly #architecture: string;
  readonly #listings = new Map<string, ReadonlySet<string>>();
  readonly #visited = new Set<string>();

  constructor(tree: string, architecture: string) {
    this.#tree = tree;
    this.#architecture = architecture;
  }

  top(): void {
    this.#visit('.');
    for (const file of ['Makefile', `arch/${this.#architecture}/Makefile`]) {
      const members = this.#parse(file, '.').filter(({ stem }) => topStems.has(stem));
      for (const member of members) {
        // The top Makefile's own tests are of what make was asked to do.
        const condition = all(...required(member.condition).map(option));
        this.#directory('.', { ...member, condition }, []);
      }
    }
  }

  #visit(directory: string): void {
    if (this.#visited.has(directory)) return;
    this.#visited.add(directory);
    const name = ['Kbuild', 'Makefile'].find((one) => this.#listing(directory).has(one));
    if (name === undefined) return;
    const members = this.#parse(posix.join(directory, name), directory);
    const parts = new Map<string, Member[]>();
    for (const member of members) {
      const list = parts.get(member.stem);
      if (list === undefined) parts.set(member.stem, [member]);
      else list.push(member);
    }
    for (const member of members.flatMap(ofWordSize)) {
      if (!ownStems.has(member.stem)) continue;
      if (member.stem === 'subdir' || member.word.endsWith('/')) {
        this.#directory(directory, member, []);
      } else this.#object(directory, member, [], parts);
    }
  }

  #directory(directory: string, { word, condition, position }: Member, outer: Line[]): void {
    const path = posix.join(directory, word).replace(/\/$/, '');
    if (word.includes('$') || !this.#isDirectory(path)) return;
    this.mentions.push({
      path: `${path}/`,
      directory,
      lines: [...outer, { condition, position }],
    });
    this.#visit(path);
  }

  /** A source file, or the parts of an object that is linked of several. */
  #object(
    directory: string,
    { word, condition, position }: Member,
    outer: readonly Line[],
    lists: ReadonlyMap<string, readonly Member[]>,
  ): void {
    const lines = [...outer, { condition, position }];
    const stem = /^(?:(.*)\.o|\$\(([\w-]+)-(?:y|objs)\))$/.exec(word);
    const name = stem?.[1] ?? stem?.[2];
    if (name === undefined) return;
    const parts = lines.length > 4 ? [] : (lists.get(name) ?? []);
    // `foo-y := foo.o bar.o` would name itself for ever; so does Linux not.
    for (const part of parts.filter((one) => one.word !== word).flatMap(ofWordSize)) {
      if (part.word.endsWith('/')) this.#directory(directory, part, lines);
      else this.#object(directory, part, lines, lists);
    }
    if (parts.some((one) => one.word !== word)) return;
    const path = this.#sourceOf(posix.join(directory, name));
    if (path !== undefined) this.mentions.push({ path, directory, lines });
  }

  #sourceOf(stem: string): string | undefined {
    const listing = this.#listing(posix.dirname(stem));
    const ending = endings.find((one) => listing.has(`${posix.basename(stem)}${one}`));
    return ending === undefined ? undefined : `${stem}${ending}`;
  }

  #parse(file: string, directory: string): Member[] {
    const text = this.#read(file);
    if (text === undefined) return [];
    const context: MakeContext = {
      variables: {
        srctree: '.',
        src: directory,
        obj: directory,
        SRCARCH: this.#architecture,
        ARCH: this.#architecture,
        KBUILD_EXTMOD: '', // no module from outside of the tree is being built
      },
      include: (path) => this.#read(posix.normalize(path)),
    };
    return parseMakefile(text, file, context);
  }

  #read(file: string): string | undefined {
    const path = join(this.#tree, file);
    return file.startsWith('..') || !existsSync(path) ? undefined : readFileSync(path, 'utf8');
  }

  #isDirectory(path: string): boolean {
    return !path.startsWith('..') && this.#listing(path).size > 0;
  }

  /** The names in a directory; none where there is no such directory. */
  #listing(directory: string): ReadonlySet<string> {
    const known = this.#listings.get(directory);
    if (known !== undefined) return known;
    const path = join(this.#tree, directory);
    const names = new Set(existsSync(path) ? readdirSync(path) : []);
    this.#listings.set(directory, names);
    return names;
  }
}

/** Joins what the lines on every way to a file ask for. */
function conditionsOf(mentions: readonly Mention[]): Omit<Objects, 'mentions'> {
  const byPath = new Map<string, Mention[]>();
  for (const mention of mentions) {
    const list = byPath.get(mention.path);
    if (list === undefined) byPath.set(mention.path, [mention]);
    else list.push(mention);
  }
  const directories = new Map<string, Condition>([['.', always]]);
  const ofPath = (path: string): Condition =>
    any(
      ...(byPath.get(path) ?? []).map(({ directory, lines }) =>
        all(ofDirectory(directory), ...lines.map(({ condition }) => condition)),
      ),
    );
  const ofDirectory = (path: string): Condition => {
    const known = directories.get(path);
    if (known !== undefined) return known;
    // A directory that names itself, by way of others, adds nothing.
    directories.set(path, never);
    const found = ofPath(`${path}/`);
    directories.set(path, found);
    return found;
  };
  const files = [...byPath.keys()].filter((path) => !path.endsWith('/'));
  return { conditions: new Map(files.map((path) => [path, ofPath(path)])), directory: ofDirectory };
}
