/** The same work for many things, a few at a time. */

/**
 * After the first failure nothing new is begun; it is thrown when all that runs has ended, so that
 * nobody is still writing when the caller hears of it.
 * @param onFailure told at once, to stop those that run.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
  onFailure: (error: unknown) => void,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const waiting = items.entries();
  const failures: unknown[] = [];
  const worker = async () => {
    for (const [i, item] of waiting) {
      if (failures.length > 0) return;
      try {
        results[i] = await work(item);
      } catch (error) {
        if (failures.push(error) === 1) onFailure(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
