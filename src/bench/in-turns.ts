/** Two things measured in turns, so that both see the same machine. */

/** As many runs of each; each is as often first as second. */
export async function inTurns<A, B>(
  runs: number,
  first: () => Promise<A>,
  second: () => Promise<B>,
): Promise<[A[], B[]]> {
  const [ours, theirs]: [A[], B[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    if (run % 2 === 0) ours.push(await first());
    theirs.push(await second());
    if (run % 2 === 1) ours.push(await first());
  }
  return [ours, theirs];
}
