/** The vocabulary of the evaluation: what is compared, an experiment, and how its runs are made. */

import type { KernelReport } from '../kernel/index.js';
import type { ApplicationManifest } from '../manifest/index.js';
import type { Accelerator, Monitor } from '../monitor/index.js';
import type { Context } from '../support/context.js';
import type { ExperimentResults, Figure, Metric, Table, Value } from './results.js';

/** A kernel of which nothing but its configuration is needed. */
export interface Configured {
  readonly name: string;
  readonly description: string;
  /** The text of its `.config`; undefined of a kernel given as a file alone. */
  readonly config?: string;
}

/** A kernel with its boot parameters, ready to be started: what is compared. */
export interface Subject extends Configured {
  /** On its command line beyond what the monitor needs. */
  readonly parameters: string;
  /** Absolute. */
  readonly kernel: string;
  /** Of kernels that Lupine built. */
  readonly built?: {
    readonly report: KernelReport;
    readonly systemMap: string;
    /** For `readObjects`. */
    readonly objects: string;
  };
}

/** What experiments work with. */
export interface Lab {
  readonly monitor: Monitor;
  readonly accelerator: Accelerator;
  /** Where every VM runs on the host; undefined where they are not pinned. */
  readonly hostCpu?: number;
  /** The application that kernels are specialised for. */
  readonly application: ApplicationManifest;
  /** What is compared, the baseline first; builds what is not in the cache. */
  subjects(): Promise<readonly Subject[]>;
  /** The same without building anything. */
  configurations(): Promise<readonly Configured[]>;
  /** Fewer steps in sweeps, fewer rounds. */
  readonly quick: boolean;
  /** Rounds that the user wants instead of the experiment's own number. */
  readonly rounds?: number;
  /** Empty at the start, removed at the end. */
  readonly directory: string;
  readonly context: Context;
}

export interface Measurement {
  readonly values: readonly Value[];
  readonly lacks?: readonly string[];
  readonly notes?: readonly string[];
}

/** How an experiment is made here: the runner decides the order of its runs and keeps them all. */
export interface Plan {
  readonly clock: ExperimentResults['clock'];
  /** The baseline first. */
  readonly subjects: readonly (Configured | Subject)[];
  /** A figure that cannot vary is made once. */
  readonly rounds: number;
  readonly metrics: readonly Metric[];
  readonly figures: readonly Figure[];
  /** What was done and thrown away before each measurement. */
  readonly warmUp: string;
  readonly notes: readonly string[];
  /** One run. @throws LupineError where it failed: the run is kept as crashed. */
  measure(subject: string, signal: AbortSignal | undefined): Promise<Measurement>;
  /** Asked for when all runs are over. */
  tables?(): readonly Table[];
}

export interface Experiment {
  /** One word: what `lupine bench NAME` runs. */
  readonly name: string;
  readonly title: string;
  /** One sentence: what is measured. */
  readonly description: string;
  /** `figure 7`, `table 4` */
  readonly paper: string;
  /** Made for each application, or once because only kernels matter. */
  readonly scope: 'application' | 'kernel';
  plan(lab: Lab): Promise<Plan>;
}
