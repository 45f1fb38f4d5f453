/**
 * A SAT solver: conflict-driven clause learning with two watched literals, activities, phase saving,
 * Luby restarts, and assumptions of which it tells the failed ones.
 *
 * It is our own because nothing on npm fits. logic-solver is MiniSat of 2015 compiled to asm.js: no
 * types, one assumption at a time, and no failed assumptions, on which the search for the cheapest
 * answer (search.ts) and the proofs (proof.ts) both rest. z3-solver has all that and is well kept, but
 * unpacks to 36 MB and starts threads. Our formulas have some thousands of variables and few conflicts.
 *
 * A literal is 2 × variable, or that + 1 for its negation: `literal ^ 1` negates. Variable 0 is true.
 */

import { item } from '../items.js';
import { ActivityHeap } from './heap.js';

export type Literal = number;

export const TRUE: Literal = 0;
export const FALSE: Literal = 1;

interface Clause {
  /** The first two are watched; the first is the one it implied, where it is a reason. */
  readonly literals: Literal[];
  readonly learnt: boolean;
  activity: number;
  dropped: boolean;
}

const UNKNOWN = 2;
const RESTART_UNIT = 100;
const DECAY = 0.95;

export class SatSolver {
  /** Of a literal's variable: 0 true, 1 false (so `^ sign` gives the literal's), 2 unknown. */
  private readonly assigned: number[] = [];
  private readonly levels: number[] = [];
  private readonly reasons: (Clause | undefined)[] = [];
  private readonly phases: number[] = [];
  private readonly activities: number[] = [];
  private readonly seen: boolean[] = [];
  private readonly heap = new ActivityHeap(this.activities);
  private readonly watches: Clause[][] = [];
  private readonly trail: Literal[] = [];
  private readonly levelStarts: number[] = [];
  private learnts: Clause[] = [];
  private propagated = 0;
  private bump = 1;
  private clauseBump = 1;
  private maxLearnts = 2000;
  /** False once the clauses alone cannot be satisfied. */
  private consistent = true;
  private model: number[] = [];
  private failed: Literal[] = [];

  constructor() {
    this.variable(true);
    this.addClause([TRUE]);
  }

  /** A new variable, tried first with the value `phase`. @returns its literal. */
  variable(phase = false): Literal {
    const variable = this.assigned.length;
    this.assigned.push(UNKNOWN);
    this.levels.push(0);
    this.reasons.push(undefined);
    this.phases.push(phase ? 0 : 1);
    this.activities.push(0);
    this.seen.push(false);
    this.watches.push([], []);
    this.heap.insert(variable);
    return 2 * variable;
  }

  /** At least one of them must hold, from now on. */
  addClause(literals: readonly Literal[]): void {
    if (!this.consistent) return;
    const kept: Literal[] = [];
    for (const literal of new Set(literals)) {
      const value = this.value(literal);
      if (value === 0 || kept.includes(literal ^ 1)) return;
      if (value === UNKNOWN) kept.push(literal);
    }
    if (kept.length > 1)
      this.attach({ literals: kept, learnt: false, activity: 0, dropped: false });
    else if (kept.length === 1) {
      this.assign(item(kept, 0), undefined);
      this.consistent = this.propagate() === undefined;
    } else this.consistent = false;
  }

  /** What follows for a literal from the clauses alone; undefined where that was not found. */
  fixed(literal: Literal): boolean | undefined {
    const value = this.value(literal);
    return value === UNKNOWN ? undefined : value === 0;
  }

  /** Whether all clauses and assumptions can hold together. Then {@link holds} reads how, else {@link core} why not. */
  solve(assumptions: readonly Literal[] = []): boolean {
    this.failed = [];
    if (!this.consistent) return false;
    let satisfied: boolean | undefined;
    for (let run = 1; satisfied === undefined; run++) {
      satisfied = this.search(assumptions, luby(run) * RESTART_UNIT);
      if (satisfied === true) this.model = this.assigned.slice();
      this.backtrack(0);
    }
    return satisfied;
  }

  /** The literal's value in the last solution. */
  holds(literal: Literal): boolean {
    return ((this.model[literal >> 1] ?? 1) ^ (literal & 1)) === 0;
  }

  /** Assumptions of the last {@link solve} that cannot hold together; none where the clauses alone cannot. */
  get core(): readonly Literal[] {
    return this.failed;
  }

  /** One run until a restart is due: then undefined. */
  private search(assumptions: readonly Literal[], conflicts: number): boolean | undefined {
    for (let left = conflicts; ;) {
      const conflict = this.propagate();
      if (conflict !== undefined) {
        if (this.levelStarts.length === 0) {
          this.consistent = false;
          return false;
        }
        this.learn(conflict);
        left--;
        continue;
      }
      if (left <= 0) return undefined;
      if (this.learnts.length > this.maxLearnts + this.trail.length) this.dropLearnts();
      const next = this.nextDecision(assumptions);
      if (next === undefined) return true;
      if (next === FALSE) return false;
      this.levelStarts.push(this.trail.length);
      if (next !== TRUE) this.assign(next, undefined);
    }
  }

  /**
   * The next assumption, then the most active variable. TRUE for an assumption that holds already,
   * FALSE for one that cannot hold, undefined when every variable is assigned.
   */
  private nextDecision(assumptions: readonly Literal[]): Literal | undefined {
    const assumption = assumptions[this.levelStarts.length];
    if (assumption !== undefined) {
      const value = this.value(assumption);
      if (value === UNKNOWN) return assumption;
      if (value === 0) return TRUE;
      this.explainFailure(assumption);
      return FALSE;
    }
    for (;;) {
      const variable = this.heap.take();
      if (variable === undefined) return undefined;
      if (this.assigned[variable] === UNKNOWN) return 2 * variable + item(this.phases, variable);
    }
  }

  private value(literal: Literal): number {
    const value = item(this.assigned, literal >> 1);
    return value === UNKNOWN ? UNKNOWN : value ^ (literal & 1);
  }

  private assign(literal: Literal, reason: Clause | undefined): void {
    const variable = literal >> 1;
    this.assigned[variable] = literal & 1;
    this.levels[variable] = this.levelStarts.length;
    this.reasons[variable] = reason;
    this.trail.push(literal);
  }

  private attach(clause: Clause): void {
    item(this.watches, item(clause.literals, 0)).push(clause);
    item(this.watches, item(clause.literals, 1)).push(clause);
  }

  /** Assigns all that follows. @returns a clause that cannot hold any more, if there is one. */
  private propagate(): Clause | undefined {
    let conflict: Clause | undefined;
    while (conflict === undefined && this.propagated < this.trail.length) {
      const falsified = item(this.trail, this.propagated++) ^ 1;
      const watching = item(this.watches, falsified);
      let kept = 0;
      for (let i = 0; i < watching.length; i++) {
        const clause = item(watching, i);
        if (conflict !== undefined) watching[kept++] = clause;
        else if (!clause.dropped && !this.moveWatch(clause, falsified)) {
          watching[kept++] = clause;
          const first = item(clause.literals, 0);
          const value = this.value(first);
          if (value === 1) conflict = clause;
          else if (value === UNKNOWN) this.assign(first, clause);
        }
      }
      watching.length = kept;
    }
    return conflict;
  }

  /** Whether another literal could be watched; if not, the first literal is the only one left. */
  private moveWatch(clause: Clause, falsified: Literal): boolean {
    const { literals } = clause;
    if (literals[0] === falsified) {
      literals[0] = item(literals, 1);
      literals[1] = falsified;
    }
    if (this.value(item(literals, 0)) === 0) return false;
    for (let i = 2; i < literals.length; i++) {
      const literal = item(literals, i);
      if (this.value(literal) === 1) continue;
      literals[1] = literal;
      literals[i] = falsified;
      item(this.watches, literal).push(clause);
      return true;
    }
    return false;
  }

  /** Learns the first point at which this level's decision alone leads to the conflict, and goes back. */
  private learn(conflict: Clause): void {
    const learnt: Literal[] = [TRUE];
    const marked: number[] = [];
    let open = 0;
    let clause: Clause | undefined = conflict;
    let place = this.trail.length - 1;
    let literal = -1;
    do {
      if (clause?.learnt === true) this.bumpClause(clause);
      for (const other of clause?.literals ?? []) {
        const variable = other >> 1;
        if (other === literal || this.seen[variable] === true || this.levels[variable] === 0)
          continue;
        this.seen[variable] = true;
        marked.push(variable);
        this.bumpVariable(variable);
        if (this.levels[variable] === this.levelStarts.length) open++;
        else learnt.push(other);
      }
      while (this.seen[item(this.trail, place) >> 1] !== true) place--;
      literal = item(this.trail, place--);
      clause = this.reasons[literal >> 1];
      open--;
    } while (open > 0);
    learnt[0] = literal ^ 1;
    this.keepLearnt(learnt.filter((other, i) => i === 0 || !this.follows(other)));
    for (const variable of marked) this.seen[variable] = false;
    this.bump /= DECAY;
    this.clauseBump /= 0.999;
  }

  /** Whether a literal of the learnt clause is implied by its others, so that it says nothing. */
  private follows(literal: Literal): boolean {
    const reason = this.reasons[literal >> 1];
    if (reason === undefined) return false;
    return reason.literals.every((other) => {
      const variable = other >> 1;
      return other === (literal ^ 1) || this.seen[variable] === true || this.levels[variable] === 0;
    });
  }

  private keepLearnt(literals: Literal[]): void {
    if (literals.length === 1) {
      this.backtrack(0);
      this.assign(item(literals, 0), undefined);
      return;
    }
    let latest = 1;
    for (let i = 2; i < literals.length; i++) {
      if (
        item(this.levels, item(literals, i) >> 1) > item(this.levels, item(literals, latest) >> 1)
      )
        latest = i;
    }
    [literals[1], literals[latest]] = [item(literals, latest), item(literals, 1)];
    this.backtrack(item(this.levels, item(literals, 1) >> 1));
    const clause: Clause = { literals, learnt: true, activity: this.clauseBump, dropped: false };
    this.learnts.push(clause);
    this.attach(clause);
    this.assign(item(literals, 0), clause);
  }

  /** Follows a failed assumption back to the assumptions that contradict it. */
  private explainFailure(assumption: Literal): void {
    this.failed = [assumption];
    const first = this.levelStarts[0];
    if (first === undefined) return;
    const open = new Set([assumption >> 1]);
    for (let place = this.trail.length - 1; place >= first; place--) {
      const literal = item(this.trail, place);
      if (!open.has(literal >> 1)) continue;
      const reason = this.reasons[literal >> 1];
      if (reason === undefined) {
        if (literal !== assumption) this.failed.push(literal);
        continue;
      }
      for (const other of reason.literals) {
        if (item(this.levels, other >> 1) > 0) open.add(other >> 1);
      }
    }
  }

  private backtrack(level: number): void {
    const start = this.levelStarts[level];
    if (start === undefined) return;
    for (let place = this.trail.length - 1; place >= start; place--) {
      const variable = item(this.trail, place) >> 1;
      this.phases[variable] = item(this.assigned, variable);
      this.assigned[variable] = UNKNOWN;
      this.reasons[variable] = undefined;
      this.heap.insert(variable);
    }
    this.trail.length = start;
    this.levelStarts.length = level;
    this.propagated = start;
  }

  private bumpVariable(variable: number): void {
    const { activities } = this;
    const activity = item(activities, variable) + this.bump;
    activities[variable] = activity;
    if (activity > 1e100) {
      activities.forEach((each, other) => (activities[other] = each * 1e-100));
      this.bump *= 1e-100;
    }
    this.heap.raised(variable);
  }

  private bumpClause(clause: Clause): void {
    if ((clause.activity += this.clauseBump) <= 1e20) return;
    for (const learnt of this.learnts) learnt.activity *= 1e-20;
    this.clauseBump *= 1e-20;
  }

  /** Forgets the less active half of what was learnt, but for what is a reason now. */
  private dropLearnts(): void {
    this.learnts.sort((a, b) => b.activity - a.activity);
    const half = this.learnts.length >> 1;
    this.learnts = this.learnts.filter((clause, i) => {
      const needed =
        i < half ||
        clause.literals.length === 2 ||
        this.reasons[item(clause.literals, 0) >> 1] === clause;
      if (!needed) clause.dropped = true;
      return needed;
    });
    this.maxLearnts *= 1.1;
  }
}

/** 1, 1, 2, 1, 1, 2, 4, …: counted from 1. */
function luby(run: number): number {
  let size = 1;
  while (size < run + 1) size *= 2;
  return size === run + 1 ? size / 2 : luby(run - size / 2 + 1);
}
