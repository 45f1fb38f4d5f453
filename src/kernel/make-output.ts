/** What make(1) says while it builds a kernel: how far it is, and what its first error was. */

/** A step that made an object file: the unit in which a build's progress is counted. */
const object = /^ {2}[A-Z][A-Z0-9]* +(?:\[M\] +)?\S+\.o$/;

/** True for a line such as `  CC      mm/slub.o`. */
export function isObjectLine(line: string): boolean {
  return object.test(line);
}

/** What an earlier build needed. */
export interface EarlierBuild {
  /** Options set to y. */
  readonly options: number;
  readonly objects: number;
}

/** Objects an option brings on average; measured from 300 to 800 options of 6.1 and 6.12. */
const OBJECTS_PER_OPTION = 1.6;

/**
 * How many objects a build will make: those of the earlier build with the most similar number of
 * options, corrected by the difference; without any, an average.
 */
export function expectObjects(options: number, earlier: readonly EarlierBuild[]): number {
  const distance = (build: EarlierBuild) => Math.abs(build.options - options);
  const nearest = earlier.reduce<EarlierBuild | undefined>(
    (best, next) => (best === undefined || distance(next) < distance(best) ? next : best),
    undefined,
  );
  const base = nearest ?? { options: 0, objects: 0 };
  return Math.max(1, Math.round(base.objects + OBJECTS_PER_OPTION * (options - base.options)));
}

/** Counts objects; the share done never falls, and is never whole before the end. */
export class ObjectCounter {
  #done = 0;

  constructor(readonly expected: number) {}

  /** The amount to show after this line, or undefined when it made no object. */
  see(line: string): { done: number; total: number; unit: string } | undefined {
    if (!isObjectLine(line)) return undefined;
    this.#done += 1;
    return { done: this.#done, total: Math.max(this.expected, this.#done + 1), unit: 'objects' };
  }

  get done(): number {
    return this.#done;
  }
}

/** In the order of what says most: the first line that matches the first of these is the reason. */
const reasons = [
  /No space left on device/,
  /^\S+:\d+(?::\d+)?: (?:fatal )?error: /,
  /: undefined reference to /,
  /^(?:\S*ld): /,
  /: not found$|command not found/,
  /\berror:|^Error/,
  /\*\*\* /,
];

/** The line of a failed build that says why it failed. */
export function firstError(lines: readonly string[]): string {
  for (const reason of reasons) {
    const found = lines.find((line) => reason.test(line));
    if (found !== undefined) return found.trim();
  }
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? 'make said nothing';
}
