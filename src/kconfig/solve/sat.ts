/**
 * A SAT solver: conflict-driven clause learning with two watched literals, activities, phase saving,
 * Luby restarts, and assumptions of which it tells the failed ones.
 *
 * It is our own because neither of the two looked at on npm fits. logic-solver is MiniSat compiled to
 * JavaScript: without types, with one assumption at a time, and it does not tell the failed ones, on
 * which the search for the cheapest answer (search.ts) and the proofs (proof.ts) both rest. z3-solver
 * has all that, but unpacks to 36 MB and runs in threads that have to be killed. Our formulas have some
 * ten thousand variables and few conflicts.
 *
 * A literal is 2 × variable, or that + 1 for its negation: `literal ^ 1` negates. Variable 0 is true.
 */

import { ActivityHeap } from './heap.js';

export type Literal = number;

export const TRUE: Literal = 0;
export const FALSE: Literal = 1;

interface Clause {
  /** The first two are watched; the first is the one it implied, where it is a reason. */
  readonly literals: Literal[];
  readonly learnt: boolean;
  /** Where the last literal to watch was found: some have a thousand, and most of them false. */
  place: number;
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
  private failed: (readonly Literal[])[] = [];
  /** The assumptions of the last run that still stand, each at the level of its number. */
  private standing: readonly Literal[] = [];

  constructor() {
    this.variable(true);
    this.addClause([TRUE]);
  }

  /**
   * A new variable, tried first with the value `phase`.
   *
   * @param leading decided before others: those on which the others follow
   * @returns its literal
   */
  variable(phase = false, leading = false): Literal {
    const variable = this.assigned.length;
    this.assigned.push(UNKNOWN);
    this.levels.push(0);
    this.reasons.push(undefined);
    this.phases.push(phase ? 0 : 1);
    this.activities.push(leading ? this.bump : 0);
    this.seen.push(false);
    this.watches.push([], []);
    this.heap.insert(variable);
    return 2 * variable;
  }

  /** At least one of them must hold, from now on. */
  addClause(literals: readonly Literal[]): void {
    if (!this.consistent) return;
    this.backtrack(0);
    const kept: Literal[] = [];
    for (const literal of new Set(literals)) {
      const value = this.value(literal);
      if (value === 0 || kept.includes(literal ^ 1)) return;
      if (value === UNKNOWN) kept.push(literal);
    }
    if (kept.length > 1)
      this.attach({ literals: kept, learnt: false, place: 2, activity: 0, dropped: false });
    else if (kept.length === 1) {
      this.assign(kept[0] ?? 0, undefined);
      this.consistent = this.propagate() === undefined;
    } else this.consistent = false;
  }

  /** What follows for a literal from the clauses alone; undefined where that was not found. */
  fixed(literal: Literal): boolean | undefined {
    const value = this.value(literal);
    if (value === UNKNOWN || (this.levels[literal >> 1] ?? 0) > 0) return undefined;
    return value === 0;
  }

  /**
   * Whether all clauses and assumptions can hold together. Then {@link holds} reads how, else
   * {@link core} why not.
   *
   * What follows from assumptions is kept: the next run begins where its assumptions differ from this.
   *
   * @param all finds as many of {@link cores} as there are assumptions that follow to be false
   */
  solve(assumptions: readonly Literal[] = [], all = false): boolean {
    this.failed = [];
    if (!this.consistent) return false;
    let same = 0;
    while (same < this.standing.length && this.standing[same] === assumptions[same]) same++;
    this.backtrack(same);
    let satisfied: boolean | undefined;
    for (let run = 1; satisfied === undefined; run++) {
      satisfied = this.search(assumptions, all, luby(run) * RESTART_UNIT);
      if (satisfied === true) this.model = this.assigned.slice();
      if (satisfied === undefined) this.restart();
    }
    this.standing = all ? [] : assumptions.slice(0, this.levelStarts.length);
    return satisfied;
  }

  /** The literal's value in the last solution. */
  holds(literal: Literal): boolean {
    return ((this.model[literal >> 1] ?? 1) ^ (literal & 1)) === 0;
  }

  /** Assumptions of the last {@link solve} that cannot hold together; none where the clauses alone cannot. */
  get core(): readonly Literal[] {
    return this.failed[0] ?? [];
  }

  /** Several of the like. */
  get cores(): readonly (readonly Literal[])[] {
    return this.failed;
  }

  private restart(): void {
    this.failed = [];
    this.backtrack(0);
  }

  /** One run until a restart is due: then undefined. */
  private search(
    assumptions: readonly Literal[],
    all: boolean,
    conflicts: number,
  ): boolean | undefined {
    for (let left = conflicts; ;) {
      const conflict = this.propagate();
      if (conflict !== undefined) {
        if (this.levelStarts.length === 0) {
          this.consistent = false;
          this.failed = [];
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
      if (next === FALSE && (!all || this.levelStarts.length >= assumptions.length)) return false;
      this.levelStarts.push(this.trail.length);
      if (next !== TRUE && next !== FALSE) this.assign(next, undefined);
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
    // All are found: they were looked for at one go.
    if (this.failed.length > 0) return FALSE;
    for (;;) {
      const variable = this.heap.take();
      if (variable === undefined) return undefined;
      if (this.assigned[variable] === UNKNOWN) return 2 * variable + (this.phases[variable] ?? 0);
    }
  }

  private value(literal: Literal): number {
    const value = this.assigned[literal >> 1] ?? 0;
    return value === UNKNOWN ? UNKNOWN : value ^ (literal & 1);
  }

  private watchersOf(literal: Literal): Clause[] {
    return (this.watches[literal] ??= []);
  }

  private assign(literal: Literal, reason: Clause | undefined): void {
    const variable = literal >> 1;
    this.assigned[variable] = literal & 1;
    this.levels[variable] = this.levelStarts.length;
    this.reasons[variable] = reason;
    this.trail.push(literal);
  }

  private attach(clause: Clause): void {
    this.watchersOf(clause.literals[0] ?? 0).push(clause);
    this.watchersOf(clause.literals[1] ?? 0).push(clause);
  }

  /** Assigns all that follows. @returns a clause that cannot hold any more, if there is one. */
  private propagate(): Clause | undefined {
    let conflict: Clause | undefined;
    while (conflict === undefined && this.propagated < this.trail.length) {
      const falsified = (this.trail[this.propagated++] ?? 0) ^ 1;
      const watching = this.watchersOf(falsified);
      let kept = 0;
      for (let i = 0; i < watching.length; i++) {
        const clause = watching[i];
        if (clause === undefined) continue;
        if (conflict !== undefined) watching[kept++] = clause;
        else if (!clause.dropped && !this.moveWatch(clause, falsified)) {
          if (kept !== i) watching[kept] = clause;
          kept++;
          const first = clause.literals[0] ?? 0;
          const value = this.value(first);
          if (value === 1) conflict = clause;
          else if (value === UNKNOWN) this.assign(first, clause);
        }
      }
      if (kept !== watching.length) watching.length = kept;
    }
    return conflict;
  }

  /** Whether another literal could be watched; if not, the first literal is the only one left. */
  private moveWatch(clause: Clause, falsified: Literal): boolean {
    const { literals } = clause;
    if (literals[0] === falsified) {
      literals[0] = literals[1] ?? 0;
      literals[1] = falsified;
    }
    if (this.value(literals[0] ?? 0) === 0) return false;
    for (let i = clause.place, left = literals.length - 2; left > 0; i++, left--) {
      if (i >= literals.length) i = 2;
      const literal = literals[i] ?? 0;
      if (this.value(literal) === 1) continue;
      clause.place = i;
      literals[1] = literal;
      literals[i] = falsified;
      this.watchersOf(literal).push(clause);
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
      while (this.seen[(this.trail[place] ?? 0) >> 1] !== true) place--;
      literal = this.trail[place--] ?? 0;
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
      this.assign(literals[0] ?? 0, undefined);
      return;
    }
    let latest = 1;
    for (let i = 2; i < literals.length; i++) {
      if (
        (this.levels[(literals[i] ?? 0) >> 1] ?? 0) >
        (this.levels[(literals[latest] ?? 0) >> 1] ?? 0)
      )
        latest = i;
    }
    [literals[1], literals[latest]] = [literals[latest] ?? 0, literals[1] ?? 0];
    this.backtrack(this.levels[literals[1] >> 1] ?? 0);
    const clause: Clause = {
      literals,
      learnt: true,
      place: 2,
      activity: this.clauseBump,
      dropped: false,
    };
    this.learnts.push(clause);
    this.attach(clause);
    this.assign(literals[0] ?? 0, clause);
  }

  /** Follows a failed assumption back to the assumptions that contradict it. */
  private explainFailure(assumption: Literal): void {
    const core = [assumption];
    this.failed.push(core);
    const first = this.levelStarts[0];
    if (first === undefined) return;
    const open = new Set([assumption >> 1]);
    for (let place = this.trail.length - 1; place >= first; place--) {
      const literal = this.trail[place] ?? 0;
      if (!open.has(literal >> 1)) continue;
      const reason = this.reasons[literal >> 1];
      if (reason === undefined) {
        if (literal !== assumption) core.push(literal);
        continue;
      }
      for (const other of reason.literals) {
        if ((this.levels[other >> 1] ?? 0) > 0) open.add(other >> 1);
      }
    }
  }

  private backtrack(level: number): void {
    const start = this.levelStarts[level];
    if (start === undefined) return;
    for (let place = this.trail.length - 1; place >= start; place--) {
      const variable = (this.trail[place] ?? 0) >> 1;
      this.phases[variable] = this.assigned[variable] ?? 0;
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
    const activity = (activities[variable] ?? 0) + this.bump;
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
        this.reasons[(clause.literals[0] ?? 0) >> 1] === clause;
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
