/** Small Kconfig files without recursive dependencies: what an option refers to comes before it. */

import fc from 'fast-check';

type Expression =
  | { readonly kind: 'name'; readonly number: number }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly number: number; readonly rest: string };

interface Option {
  readonly tristate: boolean;
  readonly prompt: boolean;
  readonly promptIf: Expression | undefined;
  readonly depends: Expression | undefined;
  readonly defaults: readonly { value: string | Expression; condition: Expression | undefined }[];
  readonly selects: readonly { number: number; condition: Expression | undefined }[];
  readonly implies: readonly { number: number; condition: Expression | undefined }[];
}

export interface RandomKconfig {
  readonly text: string;
  readonly names: readonly string[];
}

const number = fc.nat(1000);
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('name' as const), number }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('not' as const), of: tie('expression') }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        left: tie('expression'),
        right: tie('expression'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('compare' as const),
        number,
        rest: fc.constantFrom('=y', '!=y', '=n', '=m', '!=m', '>n', '<=m'),
      }),
    },
  ),
}));

const sometimes = fc.option(expression, { nil: undefined, freq: 2 });
const reverse = fc.array(fc.record({ number, condition: sometimes }), { maxLength: 2 });
const rarely = fc.oneof(
  { weight: 1, arbitrary: reverse },
  { weight: 3, arbitrary: reverse.map(() => []) },
);

const option: fc.Arbitrary<Option> = fc.record({
  tristate: fc.boolean(),
  prompt: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  promptIf: fc.option(expression, { nil: undefined, freq: 1 }),
  depends: sometimes,
  defaults: fc.array(
    fc.record({
      value: fc.oneof(fc.constantFrom('y', 'm', 'n'), expression),
      condition: sometimes,
    }),
    { maxLength: 2 },
  ),
  selects: rarely,
  implies: rarely,
});

interface Shape {
  readonly options: readonly Option[];
  readonly modules: boolean;
  /** Where the options of a choice begin, and how many they are. */
  readonly choice: { readonly at: number; readonly count: number } | undefined;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  options: fc.array(option, { minLength: 2, maxLength: 5 }),
  modules: fc.boolean(),
  choice: fc.option(fc.record({ at: fc.nat(3), count: fc.integer({ min: 2, max: 3 }) }), {
    nil: undefined,
    freq: 1,
  }),
});

export const randomKconfig: fc.Arbitrary<RandomKconfig> = shape.map(textOf);

function textOf({ options, modules, choice }: Shape): RandomKconfig {
  const name = (index: number) => `O${String(index)}`;
  // Refers to what came before; `limit` is how many options did.
  const print = (part: Expression, limit: number): string => {
    const before = (index: number) => {
      const of = index % (limit + (modules ? 1 : 0));
      return of === limit ? 'MODULES' : name(of);
    };
    if (limit === 0 && !modules) return 'y';
    switch (part.kind) {
      case 'name':
        return part.number % 9 === 8 ? 'm' : before(part.number);
      case 'not':
        return `!(${print(part.of, limit)})`;
      case 'compare':
        return `${before(part.number)}${part.rest}`;
      default: {
        const sign = part.kind === 'and' ? '&&' : '||';
        return `(${print(part.left, limit)} ${sign} ${print(part.right, limit)})`;
      }
    }
  };
  const lines: string[] = [];
  if (modules) lines.push('config MODULES', '\tbool "modules"', '\tmodules', '');
  options.forEach((each, index) => {
    const inside = choice && index >= choice.at && index < choice.at + choice.count;
    if (choice && index === choice.at) lines.push('choice', '\tprompt "one of"', '');
    const limit = inside ? choice.at : index;
    const given = (condition: Expression | undefined) =>
      condition ? ` if ${print(condition, limit)}` : '';
    const prompt = each.prompt || inside ? ` "${name(index)}"${given(each.promptIf)}` : '';
    lines.push(`config ${name(index)}`);
    lines.push(`\t${each.tristate && !inside ? 'tristate' : 'bool'}${prompt}`);
    if (each.depends) lines.push(`\tdepends on ${print(each.depends, limit)}`);
    if (!inside) {
      for (const { value, condition } of each.defaults) {
        const text = typeof value === 'string' ? value : print(value, limit);
        lines.push(`\tdefault ${text}${given(condition)}`);
      }
    }
    for (const kind of ['selects', 'implies'] as const) {
      for (const { number: target, condition } of each[kind]) {
        const later = options.length - index - 1;
        const to = later > 0 ? index + 1 + (target % later) : index;
        // Among the members of its own choice, a select would be a recursive dependency.
        const own = choice && inside && to < choice.at + choice.count;
        if (to === index || own) continue;
        lines.push(`\t${kind === 'selects' ? 'select' : 'imply'} ${name(to)}${given(condition)}`);
      }
    }
    lines.push('');
    const last = choice && Math.min(choice.at + choice.count, options.length) - 1;
    if (index === last) lines.push('endchoice', '');
  });
  const names = options.map((_, index) => name(index));
  return { text: lines.join('\n'), names: modules ? [...names, 'MODULES'] : names };
}
