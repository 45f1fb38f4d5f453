/** Times as people say them: `3 minutes`, as docker does. */

const UNITS: readonly (readonly [string, number])[] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** @param seconds a negative one (the clock was set back) counts as none. */
export function formatAge(seconds: number): string {
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    // Two of a unit say more than one of the next.
    if (count >= 2 || (count === 1 && size <= 60))
      return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return 'less than a second';
}

/** The same of a moment that is over. */
export function ago(time: string, now = Date.now()): string {
  return `${formatAge((now - Date.parse(time)) / 1000)} ago`;
}

const DURATION: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * A moment as `--since` takes it: `2026-03-01T10:00:00Z`, a date, seconds since 1970, or how long ago
 * (`10m`, `1h30m`). Undefined where the text is none of these.
 */
export function parseMoment(text: string, now = Date.now()): Date | undefined {
  if (/^\d{1,11}(\.\d{1,9})?$/.test(text)) return new Date(Number(text) * 1000);
  if (/^(\d{1,9}(\.\d{1,9})?(ms|[smhd]))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
    const total = parts.reduce(
      (sum, [, count, unit]) => sum + Number(count) * (DURATION[unit ?? ''] ?? 0),
      0,
    );
    return validDate(now - total);
  }
  // A date without a time zone is local, as in docker.
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) {
    return undefined;
  }
  return validDate(Date.parse(text.length === 10 ? `${text}T00:00` : text));
}

function validDate(time: number): Date | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
