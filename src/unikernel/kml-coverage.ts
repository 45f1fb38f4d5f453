/** Which call sites of programs a kernel with KML patches, in all the files that are loaded with them. */

import { loadedFiles } from '../image/executable/index.js';
import { fileCoverage, type FileCoverage } from '../kernel/kml-coverage.js';
import type { Context } from '../support/context.js';

/**
 * Looks at programs and libraries; with a program at its interpreter and libraries too, at each file once.
 * @throws LupineError when a file is no x86-64 program or library, or objdump is missing.
 */
export async function kmlCoverage(
  paths: readonly string[],
  context: Context,
): Promise<readonly FileCoverage[]> {
  const files = new Set<string>();
  for (const path of paths) {
    const loaded = loadedFiles(path);
    for (const file of loaded.files) files.add(file);
    if (loaded.missing.length > 0) {
      context.progress.note(`not on this machine, so not looked at: ${loaded.missing.join(', ')}`);
    }
  }
  const all: FileCoverage[] = [];
  for (const file of files) all.push(await fileCoverage(file, context));
  return all;
}
