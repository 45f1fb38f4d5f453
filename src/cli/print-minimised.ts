/** What was dropped from a configuration and what was kept, as lines for people. */

import type { Kept } from '../kconfig/index.js';
import type { KernelMinimised } from '../unikernel/index.js';
import { describeReason } from './print-explanation.js';

/** Names of a long list in one line. */
const SHOWN = 6;

/** The report, with its last newline. */
export function formatMinimised({ kept, dropped, lacking }: KernelMinimised): string {
  const asked = dropped.filter(({ followed }) => !followed);
  const followed = dropped.filter((one) => one.followed);
  const lines = [
    `Kept ${kept.length}`,
    ...kept.map((one) => `  ${one.name}: ${whyKept(one)}`),
    '',
    `Dropped ${dropped.length}`,
    ...asked.map(({ name }) => `  ${name}: nothing that is wanted needs it`),
    ...followed.map(
      ({ name, reason }) => `  ${name}: it followed: ${describeReason(reason, undefined, 'y')}`,
    ),
    ...(lacking.length === 0 ? [] : ['', `Asked for, and not there: ${lacking.join(' ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function whyKept({ wanted, neededBy, reason }: Kept): string {
  if (wanted) return 'wanted';
  if (neededBy.length === 0) return describeReason(reason, undefined, 'y');
  const shown = neededBy.slice(0, SHOWN).join(', ');
  return `needed by ${shown}${neededBy.length > SHOWN ? ` and ${neededBy.length - SHOWN} more` : ''}`;
}
