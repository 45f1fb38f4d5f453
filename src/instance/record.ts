/**
 * What is on disk of an instance, in a directory of its own: `instance.json`, what was asked for, and
 * `state.json`, how it is. Only the process that keeps a VM writes its state, so whether that process
 * lives decides what a state is worth. Both files are for the owner's eyes: an environment is secret.
 */

import * as v from 'valibot';
import { LupineError } from '../support/errors.js';

export const files = {
  record: 'instance.json',
  state: 'state.json',
  log: 'log.jsonl',
  control: 'control.sock',
  keeperLog: 'keeper.log',
  lock: 'lock',
  /** Made for each boot, removed after it. */
  boot: 'boot',
  /** What the application wrote, where that is kept. */
  disk: 'rootfs.img',
} as const;

/** The form of both files. */
const VERSION = 1;

export const ID = /^[0-9a-f]{12}$/;

/** As in docker; a name never looks like an option or a path. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{1,127}$/;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.string(), v.isoTimestamp());

const ProcessSchema = v.object({ pid: count, start: v.string(), boot: v.string() });

const PortSchema = v.object({
  hostAddress: v.string(),
  hostPort: count,
  guestPort: count,
  protocol: v.picklist(['tcp', 'udp']),
});

const RestartSchema = v.variant('policy', [
  v.object({ policy: v.literal('no') }),
  v.object({ policy: v.literal('always') }),
  /** Without `retries`, for ever. */
  v.object({ policy: v.literal('on-failure'), retries: v.optional(count) }),
]);
export type RestartPolicy = v.InferOutput<typeof RestartSchema>;

const RecordSchema = v.object({
  version: v.literal(VERSION),
  id: v.pipe(v.string(), v.regex(ID)),
  name: v.pipe(v.string(), v.regex(NAME)),
  created: time,
  /** What the user named. */
  image: v.string(),
  command: v.array(v.string()),
  memoryMiB: count,
  cpus: count,
  /** Kept by the `lupine run` that started it: its output goes there, and it ends with it. */
  foreground: v.boolean(),
  /** Nothing of it remains after its end. */
  removeAtEnd: v.boolean(),
  restart: RestartSchema,
  /** By its number. */
  stopSignal: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)),
  /** Files outside of its directory without which it cannot be started again. */
  uses: v.array(v.string()),
  /** What is started, and how: for whoever starts it (`unikernel/`). */
  start: v.unknown(),
});
export type InstanceRecord = v.InferOutput<typeof RecordSchema>;

const StateSchema = v.object({
  version: v.literal(VERSION),
  status: v.picklist(['created', 'starting', 'running', 'restarting', 'exited']),
  /** Who keeps it, and writes this. */
  owner: ProcessSchema,
  monitor: v.nullable(ProcessSchema),
  accelerator: v.nullable(v.picklist(['kvm', 'tcg'])),
  ports: v.array(PortSchema),
  startedAt: v.nullable(time),
  finishedAt: v.nullable(time),
  /** As a shell has it; null while it never ended. */
  exitCode: v.nullable(v.pipe(v.number(), v.integer())),
  /** Why it ended, where its application did not end by itself. */
  error: v.nullable(v.string()),
  /** Starts by its restart policy. */
  restarts: count,
});
export type InstanceState = v.InferOutput<typeof StateSchema>;
export type Status = InstanceState['status'];

/** @throws LupineError for a text that is no record of this version. */
export function parseRecord(text: string, where: string): InstanceRecord {
  return parse(RecordSchema, text, where);
}

/** @throws LupineError for a text that is no state of this version. */
export function parseState(text: string, where: string): InstanceState {
  return parse(StateSchema, text, where);
}

function parse<T extends v.GenericSchema>(
  schema: T,
  text: string,
  where: string,
): v.InferOutput<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LupineError('a state file is damaged', { where, cause });
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== VERSION) {
    throw new LupineError('a state file is of another version of Lupine', {
      where: `${where}: version ${version}, this is ${VERSION}`,
    });
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new LupineError('a state file is damaged', {
    where: `${where}: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
  });
}

/** Of a VM whose keeper is gone without a word; what docker has for a container lost with its host. */
export const LOST = 255;
