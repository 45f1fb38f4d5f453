/**
 * What an option asks for, as it was written: the space (model.ts) joins and simplifies the conditions of
 * menus, `if` blocks and `depends on` lines, so that nobody could say any more which line asked for what.
 * Here they are told apart, each with its place, for whoever explains a configuration.
 */

import type { Position } from './ast.js';
import type { Ask, MenuNode, Space } from './model.js';

/** One `config` entry of an option. */
export interface Definition {
  readonly position: Position;
  /** The menus and choices it is in, outermost first. */
  readonly path: readonly string[];
  /** What it depends on, outermost first. */
  readonly asks: readonly Ask[];
  readonly prompt?: string;
  /** What must hold besides for the prompt to be shown. */
  readonly shown: readonly Ask[];
  readonly help?: string;
}

/** The definitions of a space's options, found when they are asked for. */
export class Written {
  constructor(private readonly space: Space) {}

  /** An option's definitions, in the order of the files. @param name without `CONFIG_`. */
  definitionsOf(name: string): Definition[] {
    return (this.space.byName.get(name)?.nodes ?? []).map(definition);
  }
}

function definition(node: MenuNode): Definition {
  const around = enclosing(node);
  const { position, prompt, help } = node;
  const menus = around.filter(({ kind }) => kind === 'menu');
  return {
    position,
    path: around.flatMap((each) => each.prompt?.text ?? []),
    asks: [...around, node].flatMap(({ asks }) => asks),
    shown: [...menus, node].flatMap(({ shownIf }) => shownIf),
    ...(prompt === undefined ? {} : { prompt: prompt.text }),
    ...(help === undefined ? {} : { help }),
  };
}

/** The blocks that an entry is written in, outermost first. */
function enclosing({ enclosing: innermost }: MenuNode): MenuNode[] {
  const blocks: MenuNode[] = [];
  for (let each = innermost; each && each.kind !== 'root'; each = each.enclosing) {
    blocks.unshift(each);
  }
  return blocks;
}
