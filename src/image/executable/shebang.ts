/**
 * The first line of a script, as the kernel reads it (fs/binfmt_script.c): `#!`, an interpreter, and
 * what is left of the line as one argument. And what `env` makes of that argument.
 */

/** BINPRM_BUF_SIZE: the kernel looks no further. */
export const SHEBANG_BYTES = 256;

export interface Shebang {
  readonly interpreter: string;
  readonly argument?: string;
}

/** Undefined when the bytes do not begin a script, or name no interpreter. */
export function parseShebang(head: Buffer): Shebang | undefined {
  const text = head.toString('utf8', 0, SHEBANG_BYTES);
  const line = /^#![ \t]*([^ \t\n\0]+)(?:[ \t]+([^\n\0]*))?/.exec(text);
  const interpreter = line?.[1];
  if (interpreter === undefined) return undefined;
  const argument = line?.[2]?.trim();
  return argument === undefined || argument === '' ? { interpreter } : { interpreter, argument };
}

/** The program that `env ARGUMENT` starts, e.g. `python3` of `-S python3 -u`; undefined when it is unclear. */
export function programOfEnv(argument: string): string | undefined {
  const words = argument.split(/[ \t]+/);
  while (words[0] !== undefined && /^-|=/.test(words[0])) {
    const option = words.shift();
    if (option === '-u' || option === '-C') words.shift();
    const joined = option === undefined ? null : /^-S(.+)/.exec(option);
    if (joined?.[1] !== undefined) words.unshift(joined[1]);
  }
  return words[0];
}
