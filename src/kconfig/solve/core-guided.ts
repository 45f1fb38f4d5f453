/**
 * The cheapest solution of a formula: wishes with weights, of which as little as possible is broken.
 * Each run of the solver that cannot keep all wishes names some that clash; one of them has to go, and
 * the wishes are rewritten so that breaking one is free and every further one costs (max-resolution,
 * Narodytska and Bacchus 2014). The first run that succeeds has found the optimum.
 */

import { item } from '../items.js';
import { TRUE, type Literal, type SatSolver } from './sat.js';

export class Wishes {
  private readonly weights = new Map<Literal, number>();
  /** What every solution costs at least. */
  private paid = 0;

  /** @param given all clauses made here hold only where this does */
  constructor(
    private readonly sat: SatSolver,
    private readonly given: Literal = TRUE,
  ) {}

  get cost(): number {
    return this.paid;
  }

  /** That the literal holds; breaking it costs `weight`, more than 0. */
  add(literal: Literal, weight: number): void {
    if (literal !== TRUE) this.weights.set(literal, (this.weights.get(literal) ?? 0) + weight);
  }

  /** Wishes that the clauses alone do not break: to be assumed by the next run. */
  assumptions(): Literal[] {
    for (const [literal, weight] of this.weights) {
      if (this.sat.fixed(literal) !== false) continue;
      this.paid += weight;
      this.weights.delete(literal);
    }
    return [...this.weights.keys()];
  }

  /** Gives in where these wishes cannot all be kept, unless it has given in to one of them. */
  relax(clashing: readonly Literal[]): void {
    if (!clashing.every((literal) => this.weights.has(literal))) return;
    const weights = clashing.map((literal) => this.weights.get(literal) ?? 0);
    const weight = Math.min(...weights);
    this.paid += weight;
    for (const [i, literal] of clashing.entries()) {
      const left = item(weights, i) - weight;
      if (left > 0) this.weights.set(literal, left);
      else this.weights.delete(literal);
    }
    const { sat } = this;
    const broken = clashing.map((literal) => literal ^ 1);
    sat.addClause([...broken, this.given ^ 1]);
    // Whether one of those after the i-th is broken too.
    let later = item(broken, broken.length - 1);
    for (let i = broken.length - 2; i >= 0; i--) {
      const one = item(broken, i);
      const notBoth = sat.variable(true);
      sat.addClause([notBoth ^ 1, one ^ 1, later ^ 1]);
      sat.addClause([notBoth, one]);
      sat.addClause([notBoth, later]);
      this.add(notBoth, weight);
      if (i === 0) break;
      const either = sat.variable();
      sat.addClause([either, one ^ 1]);
      sat.addClause([either, later ^ 1]);
      sat.addClause([either ^ 1, one, later]);
      later = either;
    }
  }

  /** A literal under which every further solution keeps what the optimum keeps, and so costs as much. */
  harden(): Literal {
    const kept = this.sat.variable(true);
    for (const literal of this.weights.keys()) this.sat.addClause([literal, kept ^ 1]);
    return kept;
  }
}
