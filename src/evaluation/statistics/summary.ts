/** Medians and quantiles. All of them need at least one value. */

/** Of an even number of values: the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a part of the values lies, interpolated linearly between the two nearest
 * (definition 7 of Hyndman and Fan, 1996: R's and NumPy's default).
 * @param part from 0 to 1.
 * @throws RangeError without values.
 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const lower = sorted[Math.floor(position)];
  const upper = sorted[Math.ceil(position)];
  if (lower === undefined || upper === undefined) throw new RangeError('no values');
  return lower + (upper - lower) * (position - Math.floor(position));
}

/** True when all values are the same, as those of counted instructions should be. */
export function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}
