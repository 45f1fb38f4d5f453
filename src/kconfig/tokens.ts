/** The words of the language, and the characters they are made of. */

const keywords = [
  'bool',
  'choice',
  'comment',
  'config',
  'def_bool',
  'def_tristate',
  'default',
  'depends',
  'endchoice',
  'endif',
  'endmenu',
  'help',
  'hex',
  'if',
  'imply',
  'int',
  'mainmenu',
  'menu',
  'menuconfig',
  'modules',
  'on',
  'prompt',
  'range',
  'select',
  'source',
  'string',
  'tristate',
  'visible',
] as const;

export type Keyword = (typeof keywords)[number];

export type Token =
  | Keyword
  | 'word'
  | 'quoted'
  | 'helptext'
  | 'value' // what is assigned to a variable
  | 'eol'
  | 'end'
  | ('||' | '&&' | '=' | '!=' | '<' | '<=' | '>' | '>=' | '!' | '(' | ')' | ':=' | '+=');

export const keywordOf: ReadonlyMap<string, Keyword> = new Map(
  keywords.map((word) => [word, word]),
);
export const longestKeyword = Math.max(...keywords.map((word) => word.length));

export const wordCode = 1;
export const dollarCode = 2;
/** Of every UTF-16 code unit, so that no look-up misses. */
export const classes = new Uint8Array(1 << 16);
for (const each of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-') {
  classes[each.charCodeAt(0)] = wordCode;
}
classes['$'.charCodeAt(0)] = dollarCode;
