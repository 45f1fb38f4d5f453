/** Which variable to decide next: a binary heap of variables, the most active at its top. */

export class ActivityHeap {
  private readonly items: number[] = [];
  /** Where a variable is in `items`; -1 where it is not. */
  private readonly places: number[] = [];

  constructor(private readonly activity: readonly number[]) {}

  insert(variable: number): void {
    while (this.places.length <= variable) this.places.push(-1);
    if (this.places[variable] !== -1) return;
    this.items.push(variable);
    this.places[variable] = this.items.length - 1;
    this.rise(this.items.length - 1);
  }

  /** To be called when a variable's activity has grown. */
  raised(variable: number): void {
    const place = this.places[variable] ?? -1;
    if (place !== -1) this.rise(place);
  }

  /** Takes the most active out; undefined where none is left. */
  take(): number | undefined {
    const top = this.items[0];
    const last = this.items.pop();
    if (top === undefined || last === undefined) return undefined;
    this.places[top] = -1;
    if (top !== last) {
      this.items[0] = last;
      this.places[last] = 0;
      this.sink(0);
    }
    return top;
  }

  private rise(from: number): void {
    const { items, places, activity } = this;
    const variable = items[from] ?? 0;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((activity[items[parent] ?? 0] ?? 0) >= (activity[variable] ?? 0)) break;
      items[place] = items[parent] ?? 0;
      places[items[place] ?? 0] = place;
      place = parent;
    }
    items[place] = variable;
    places[variable] = place;
  }

  private sink(from: number): void {
    const { items, places, activity } = this;
    const variable = items[from] ?? 0;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= items.length) break;
      const right = child + 1;
      if (
        right < items.length &&
        (activity[items[right] ?? 0] ?? 0) > (activity[items[child] ?? 0] ?? 0)
      )
        child = right;
      if ((activity[items[child] ?? 0] ?? 0) <= (activity[variable] ?? 0)) break;
      items[place] = items[child] ?? 0;
      places[items[place] ?? 0] = place;
      place = child;
    }
    items[place] = variable;
    places[variable] = place;
  }
}
