/** What the solver is asked. */

import type { ConfigSymbol, Space, Values } from '../model.js';

/** What the user sets, beyond the base. */
export type Settings = ReadonlyMap<ConfigSymbol, string>;

export interface Task {
  readonly space: Space;
  readonly base: Values;
  readonly wanted: Settings;
  /** What it costs that an option is on (y or m) which is off in the base: 0 or more. */
  cost(symbol: ConfigSymbol): number;
  /** The base with these settings too, as the kernel's programs would have it. */
  apply(settings: Settings): Values;
}
