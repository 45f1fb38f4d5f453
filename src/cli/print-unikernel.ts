/** What was built, for people and for programs. */

import type { Unikernel } from '../unikernel/index.js';
import { formatSize } from '../support/size.js';
import { printFields, printJson } from './output.js';

export function printUnikernel(
  { description, files }: Unikernel,
  bundle: string | undefined,
  json: boolean,
): void {
  if (json) return printJson({ ...description, files, bundle: bundle ?? null });
  const { kernel, rootfs, image } = description;
  const { report } = kernel;
  const variants = kernel.variants.length === 0 ? '' : ` (${kernel.variants.join(', ')})`;
  printFields([
    ['Unikernel', description.name],
    ['Image', `${image.reference} ${image.digest}`],
    ['Application', description.application ?? 'not in the catalogue'],
    ['Kernel', `Linux ${kernel.version}, ${kernel.profile}${variants}, ${report.options} options`],
    [
      'Kernel size',
      `${formatSize(report.elfBytes)} ELF, ${formatSize(report.bzImageBytes)} bzImage`,
    ],
    ['Root', `${rootfs.format}, ${formatSize(rootfs.bytes)}`],
    ...(bundle === undefined ? [] : [['Bundle', bundle] as const]),
  ]);
}
