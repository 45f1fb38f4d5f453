/** A configuration of a small Kconfig file, with what was written in it, for tests of what explains. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration } from '../../../src/kconfig/configuration.js';
import { parseKconfig } from '../../../src/kconfig/load.js';
import type { ConfigSymbol, Dialect, Space } from '../../../src/kconfig/model.js';
import { resolve } from '../../../src/kconfig/resolve.js';
import { Written } from '../../../src/kconfig/written.js';

export interface Configured {
  readonly space: Space;
  readonly values: Configuration;
  readonly written: Written;
  readonly symbol: (name: string) => ConfigSymbol;
}

/** @param user what the user set, by name. */
export function configured(
  text: string,
  user: Readonly<Record<string, string>> = {},
  dialect: Dialect = '6.12',
): Configured {
  const tree = mkdtempSync(join(tmpdir(), 'lupine-explain-'));
  try {
    writeFileSync(join(tree, 'Kconfig'), text);
    const ast = parseKconfig({ tree, environment: {}, shell: () => '' });
    const space = resolve(ast, dialect);
    const symbol = (name: string): ConfigSymbol => {
      const found = space.byName.get(name);
      if (found === undefined) throw new Error(`no symbol ${name}`);
      return found;
    };
    const values = new Configuration(space);
    for (const [name, value] of Object.entries(user)) values.set(symbol(name), value);
    return { space, values, written: new Written(space), symbol };
  } finally {
    rmSync(tree, { recursive: true });
  }
}
