/** An element that is known to be there: indexes of symbols are those of every array by symbol. */
export function item<T>(list: ArrayLike<T>, index: number): T {
  return list[index] as T;
}
