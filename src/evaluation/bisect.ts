/** The smallest whole number from which on a trial succeeds, and every trial on the way. */

export interface Probe {
  readonly value: number;
  /** Why it failed; undefined where it succeeded. */
  readonly failure: string | undefined;
}

export interface Bisection {
  /** Undefined where the highest failed. */
  readonly floor: number | undefined;
  readonly probes: readonly Probe[];
}

/**
 * @param trial says why it failed, or undefined. Taken to succeed for all above the smallest success:
 * where that is not so, the probes show it.
 * @param highest the first that is tried.
 */
export async function bisect(
  trial: (value: number) => Promise<string | undefined>,
  highest: number,
): Promise<Bisection> {
  const probes: Probe[] = [];
  const works = async (value: number) => {
    const failure = await trial(value);
    probes.push({ value, failure });
    return failure === undefined;
  };
  if (!(await works(highest))) return { floor: undefined, probes };
  let failing = 0;
  let working = highest;
  while (working - failing > 1) {
    const middle = Math.floor((failing + working) / 2);
    if (await works(middle)) working = middle;
    else failing = middle;
  }
  return { floor: working, probes };
}
