/**
 * Progress of long operations, on stderr. On a terminal the running tasks share one redrawn line;
 * elsewhere (a pipe, CI) each task prints a line when it starts and one when it ends.
 * Nothing here writes to stdout: that belongs to a command's result.
 */

import { styleText } from 'node:util';

export interface Amount {
  readonly done: number;
  /** Absent while unknown. */
  readonly total?: number;
  /** `bytes` are printed as MB; any other unit as it is, e.g. `objects`. */
  readonly unit?: string;
}

export interface Task {
  update(amount: Amount): void;
  /** Ends the task well; the text, if any, says what came out. */
  succeed(text?: string): void;
  fail(text?: string): void;
}

export interface Progress {
  /** Starts a task; the title is an activity, e.g. `compiling the kernel`. */
  task(title: string): Task;
  /**
   * One line the user should read, e.g. why KVM is not used.
   * @param always also where the user asked for quiet: what the guest could not do.
   */
  note(line: string, always?: boolean): void;
}

const nothing: Task = { update: () => {}, succeed: () => {}, fail: () => {} };

/** For libraries and tests. */
export const silentProgress: Progress = { task: () => nothing, note: () => {} };

/** For `--quiet`: only what must always be said. */
export function quietProgress(stream: ProgressStream = process.stderr): Progress {
  return {
    task: () => nothing,
    note: (line, always = false) => {
      if (always) stream.write(`${line}\n`);
    },
  };
}

export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

interface Running {
  readonly title: string;
  readonly startedAt: number;
  amount: Amount | undefined;
}

const REDRAW_MS = 100;
const MEGA = 1_000_000;

/** Tasks shorter than this leave no trace on a terminal unless they say something at their end. */
const QUIET_MS = 1_000;

export function terminalProgress(stream: ProgressStream = process.stderr): Progress {
  const live = stream.isTTY === true && process.env['TERM'] !== 'dumb';
  const running = new Set<Running>();
  let drawn = 0;
  let lastDraw = 0;

  const clear = () => {
    if (drawn > 0) stream.write('\r\u001b[K');
    drawn = 0;
  };
  const draw = (force: boolean) => {
    const now = Date.now();
    if (!live || running.size === 0 || (!force && now - lastDraw < REDRAW_MS)) return;
    lastDraw = now;
    const text = [...running]
      .map(describe)
      .join('  |  ')
      .slice(0, (stream.columns ?? 80) - 1);
    stream.write(`\r\u001b[K${text}`);
    drawn = text.length;
  };
  const say = (line: string) => {
    clear();
    stream.write(`${line}\n`);
    draw(true);
  };

  return {
    note: say,
    task(title) {
      const self: Running = { title, startedAt: Date.now(), amount: undefined };
      running.add(self);
      if (live) draw(true);
      else stream.write(`${title} ...\n`);
      const end = (mark: string, text: string | undefined) => {
        if (!running.delete(self)) return;
        const elapsed = Date.now() - self.startedAt;
        if (live && text === undefined && elapsed < QUIET_MS) {
          clear();
          draw(true);
        } else {
          say(`${mark} ${text ?? title} (${(elapsed / 1000).toFixed(1)} s)`);
        }
      };
      return {
        update(amount) {
          self.amount = amount;
          draw(false);
        },
        succeed: (text) => end(paint(live, 'green', '✓'), text),
        fail: (text) => end(paint(live, 'red', '✗'), text ?? `${title} failed`),
      };
    },
  };
}

function describe({ title, amount, startedAt }: Running): string {
  if (amount === undefined) return title;
  const { done, total, unit } = amount;
  const show = (n: number) => (unit === 'bytes' ? (n / MEGA).toFixed(1) : String(n));
  const name = unit === 'bytes' ? 'MB' : (unit ?? '');
  if (total === undefined || total === 0) return `${title} ${show(done)} ${name}`.trimEnd();
  const percent = Math.min(100, Math.floor((100 * done) / total));
  const elapsed = (Date.now() - startedAt) / 1000;
  const left = done > 0 && elapsed > 3 ? Math.round((elapsed * (total - done)) / done) : undefined;
  const eta = left === undefined ? '' : `, ${left} s left`;
  return `${title} ${percent}% (${show(done)}/${show(total)} ${name}${eta})`.replace(' )', ')');
}

function paint(live: boolean, colour: 'green' | 'red', text: string): string {
  return live && process.env['NO_COLOR'] === undefined ? styleText(colour, text) : text;
}
