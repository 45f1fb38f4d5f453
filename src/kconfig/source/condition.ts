/**
 * When a line of the source tree is compiled, as a formula over options. What cannot be told (a test of
 * the compiler, a macro) is `unknown`, and stays so: nothing is concluded from it.
 */

export type Condition =
  | { readonly kind: 'option'; readonly name: string }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'unknown' };

export const always: Condition = { kind: 'all', of: [] };
export const never: Condition = { kind: 'any', of: [] };
export const unknown: Condition = { kind: 'unknown' };

/** An option that is on, built in or as a module. @param name without `CONFIG_`. */
export function option(name: string): Condition {
  return { kind: 'option', name };
}

export function not(of: Condition): Condition {
  if (of.kind === 'not') return of.of;
  if (isNever(of)) return always;
  if (of.kind === 'unknown') return of;
  return isAlways(of) ? never : { kind: 'not', of };
}

export function all(...of: readonly Condition[]): Condition {
  return of.some(isNever) ? never : gather('all', of);
}

export function any(...of: readonly Condition[]): Condition {
  return of.some(isAlways) ? always : gather('any', of);
}

export function isAlways(condition: Condition): boolean {
  return condition.kind === 'all' && condition.of.length === 0;
}

export function isNever(condition: Condition): boolean {
  return condition.kind === 'any' && condition.of.length === 0;
}

/** Flat and without repetitions; one alone stands for itself. */
function gather(kind: 'all' | 'any', of: readonly Condition[]): Condition {
  const parts = new Map<string, Condition>();
  for (const part of of) {
    for (const one of part.kind === kind ? part.of : [part]) parts.set(JSON.stringify(one), one);
  }
  const [first, ...others] = parts.values();
  return first !== undefined && others.length === 0 ? first : { kind, of: [...parts.values()] };
}

/**
 * True or false where the known options decide it, else undefined.
 * @param isOn whether an option is on; undefined where that is open.
 */
export function evaluate(
  condition: Condition,
  isOn: (name: string) => boolean | undefined,
): boolean | undefined {
  switch (condition.kind) {
    case 'unknown':
      return undefined;
    case 'option':
      return isOn(condition.name);
    case 'not': {
      const value = evaluate(condition.of, isOn);
      return value === undefined ? undefined : !value;
    }
    case 'all':
    case 'any': {
      const decisive = condition.kind === 'any';
      const values = condition.of.map((part) => evaluate(part, isOn));
      if (values.includes(decisive)) return decisive;
      return values.includes(undefined) ? undefined : !decisive;
    }
  }
}

/** True where nothing but this option's being on can make it hold. */
export function requires(condition: Condition, name: string): boolean {
  return evaluate(condition, (other) => (other === name ? false : undefined)) === false;
}

/** The options whose being on helps it to hold, in the order of mention. */
export function helping(condition: Condition): string[] {
  const found = new Set<string>();
  const visit = (part: Condition, positive: boolean): void => {
    if (part.kind === 'option' && positive) found.add(part.name);
    else if (part.kind === 'not') visit(part.of, !positive);
    else if (part.kind === 'all' || part.kind === 'any') {
      for (const one of part.of) visit(one, positive);
    }
  };
  visit(condition, true);
  return [...found];
}

/** The options without which it cannot hold, in the order of mention. */
export function required(condition: Condition): string[] {
  return helping(condition).filter((name) => requires(condition, name));
}

/**
 * The ways to make it hold, each as the options that must be on; those that only ask for options to be
 * off come last. Of a formula that is no plain list of alternatives, all that is required is one way.
 */
export function alternatives(condition: Condition): string[][] {
  const ways = condition.kind === 'any' ? condition.of : [condition];
  const negative = (way: Condition) => Number(helping(way).length === 0 && !isAlways(way));
  return [...ways]
    .sort((a, b) => negative(a) - negative(b) || required(a).length - required(b).length)
    .map(required);
}
