/** Spaces of a few lines of Kconfig, for tests. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration } from '../../../src/kconfig/configuration.js';
import { parseKconfig } from '../../../src/kconfig/load.js';
import type { ConfigSymbol, Dialect, Output, Space } from '../../../src/kconfig/model.js';
import { resolve } from '../../../src/kconfig/resolve.js';
import { runTarget, type TargetOptions, type TargetResult } from '../../../src/kconfig/targets.js';

/** @throws KconfigError as reading a tree does. */
export function spaceOf(text: string, dialect: Dialect = '6.12'): Space {
  const tree = mkdtempSync(join(tmpdir(), 'lupine-space-'));
  try {
    writeFileSync(join(tree, 'Kconfig'), text);
    return resolve(parseKconfig({ tree, environment: {}, shell: () => '' }), dialect);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

export function symbolOf(space: Space, name: string): ConfigSymbol {
  const symbol = space.byName.get(name);
  if (symbol === undefined) throw new Error(`no symbol ${name}`);
  return symbol;
}

/** A configuration of a space, spoken of by names. */
export class Named {
  readonly warnings: Output[] = [];
  readonly configuration: Configuration;

  constructor(readonly space: Space) {
    this.configuration = new Configuration(space, (output) => this.warnings.push(output));
  }

  set(name: string, value: string): this {
    this.configuration.set(symbolOf(this.space, name), value);
    return this;
  }

  unset(name: string): this {
    this.configuration.unset(symbolOf(this.space, name));
    return this;
  }

  value(name: string): string {
    return this.configuration.value(symbolOf(this.space, name));
  }

  /** `A=y B=n`, of the names given. */
  values(...names: string[]): string {
    return names.map((name) => `${name}=${this.value(name)}`).join(' ');
  }
}

/** The lines of a `.config` that say something about options. */
export function optionLines(config: string): string[] {
  return config.split('\n').filter((line) => line.includes('CONFIG_'));
}

/** A target on files given by name. */
export function run(
  space: Space,
  target: TargetOptions['target'],
  files: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): TargetResult & { text: string } {
  const result = runTarget(space, { target, read: (name) => files[name], environment });
  return { ...result, text: result.output.map(({ text }) => text).join('') };
}
