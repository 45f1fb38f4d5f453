/** Signals as people write them: `SIGTERM`, `term`, `15`, `RTMIN+3`. */

import { constants } from 'node:os';

/** Of real-time signals as glibc and musl number them; two more are the library's own. */
const RTMIN = 34;
const RTMAX = 64;

/** The number, 1 … 64, or undefined where the text is no signal. */
export function parseSignal(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= RTMAX ? number : undefined;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const real = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (real !== null) {
    const offset = Number(real[3] ?? 0) * (real[2] === '-' ? -1 : 1);
    const number = (real[1] === 'MIN' ? RTMIN : RTMAX) + offset;
    return number >= RTMIN && number <= RTMAX ? number : undefined;
  }
  const known: Readonly<Record<string, number>> = constants.signals;
  return Object.hasOwn(known, `SIG${name}`) ? known[`SIG${name}`] : undefined;
}
