/** Where a kernel's boot goes: the functions that it calls to set itself up, from its own log. */

export interface Initcall {
  readonly name: string;
  readonly microseconds: number;
}

/** Boot parameters that make the kernel tell of each call, early enough to tell of all. */
export const tracedBoot = 'initcall_debug loglevel=8 log_buf_len=1M earlyprintk=ttyS0 nokaslr';

/**
 * The calls in a kernel's log, the longest first.
 * @param symbols the text of System.map: a kernel without a symbol table logs addresses.
 */
export function parseInitcalls(console: string, symbols: string): Initcall[] {
  const names = new Map(
    [...symbols.matchAll(/^([0-9a-f]{16}) [tT] (\S+)$/gm)].map(([, address = '', name = '']) => [
      address,
      name,
    ]),
  );
  const lines = console.matchAll(/initcall (\S+) returned -?\d+ after (\d+) usecs/g);
  const times = new Map<string, number>();
  for (const [, function_ = '', microseconds] of lines) {
    const symbol = function_.replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+$/, '');
    const name = names.get(symbol.replace(/^0x/, '')) ?? symbol;
    // The early console and the later one may both print a line: one call.
    times.set(name, Number(microseconds));
  }
  return [...times]
    .map(([name, microseconds]) => ({ name, microseconds }))
    .sort((a, b) => b.microseconds - a.microseconds);
}
