/**
 * The image configuration: how an application is started, and which layers make its files
 * (OCI image specification, config.md; docker's is the same where we read it).
 */

import * as v from 'valibot';
import { LupineError } from '../support/errors.js';
import { Digest } from './digest.js';
import { parseJson } from './json.js';
import { LAYERS } from './limits.js';
import type { ImageConfig } from './types.js';

/** The platform that images must be made for. */
export interface Platform {
  readonly os: string;
  /** In OCI's words. */
  readonly architecture: string;
}

export const LINUX_AMD64: Platform = { os: 'linux', architecture: 'amd64' };

export interface ParsedConfig {
  readonly config: ImageConfig;
  readonly architecture: string;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly string[];
}

// Go writes absent lists and maps as null; NUL would end a string early inside the guest.
const Text = v.pipe(
  v.string(),
  v.check((text) => !text.includes('\0'), 'a NUL byte in a string'),
);
const List = v.nullish(v.array(Text), []);
const keys = (check: (key: string) => boolean, message: string) =>
  v.pipe(
    v.nullish(v.record(Text, v.unknown()), {}),
    v.transform((map) => Object.keys(map)),
    v.check((names) => names.every(check), message),
  );

const PORT = /^[0-9]{1,5}(?:-[0-9]{1,5})?(?:\/(?:tcp|udp|sctp))?$/i;

const Start = v.object({
  Entrypoint: List,
  Cmd: List,
  Env: v.pipe(
    List,
    v.check((env) => env.every((e) => e.indexOf('=') > 0), 'an entry that is not NAME=value'),
  ),
  User: v.nullish(Text, ''),
  WorkingDir: v.pipe(
    v.nullish(Text, ''),
    v.check((path) => path === '' || path.startsWith('/'), 'not an absolute path'),
  ),
  ExposedPorts: keys((port) => PORT.test(port), 'not a port such as 80/tcp'),
  Volumes: keys((path) => path.startsWith('/'), 'not an absolute path'),
  StopSignal: v.nullish(v.pipe(Text, v.regex(/^[A-Za-z0-9+-]{0,32}$/, 'not a signal')), ''),
  Labels: v.nullish(v.record(v.string(), v.string()), {}),
});

const Config = v.object({
  architecture: v.nullish(Text, ''),
  os: v.nullish(Text, ''),
  variant: v.nullish(Text, ''),
  config: v.nullish(Start, {}),
  rootfs: v.object({
    type: v.literal('layers'),
    diff_ids: v.pipe(v.nullish(v.array(Digest), []), v.maxLength(LAYERS, 'too many layers')),
  }),
});

/** How an application is started when nobody has said anything: a plain directory, a program. */
export const EMPTY_CONFIG: ImageConfig = {
  entrypoint: [],
  cmd: [],
  env: [],
  user: '',
  workingDir: '/',
  exposedPorts: [],
  volumes: [],
  stopSignal: 'SIGTERM',
  labels: {},
};

/** @throws LupineError when it is malformed or made for another platform. */
export function parseConfig(
  bytes: Uint8Array,
  where: string,
  platform: Platform = LINUX_AMD64,
): ParsedConfig {
  const parsed = parseJson(bytes, Config, 'image configuration', where);
  // Very old tools left the platform out: docker, too, then takes it for its own.
  const os = parsed.os === '' ? platform.os : parsed.os;
  const architecture = parsed.architecture === '' ? platform.architecture : parsed.architecture;
  if (os !== platform.os || architecture !== platform.architecture) {
    const variant = parsed.variant === '' ? '' : `/${parsed.variant}`;
    throw new LupineError(
      `wrong architecture: the image is for ${os}/${architecture}${variant}, ` +
        `${platform.os}/${platform.architecture} is needed`,
      { where, fix: `use an image built for ${platform.os}/${platform.architecture}` },
    );
  }
  return {
    config: toImageConfig(parsed.config),
    architecture,
    diffIds: parsed.rootfs.diff_ids,
  };
}

function toImageConfig(start: v.InferOutput<typeof Start>): ImageConfig {
  return {
    entrypoint: start.Entrypoint,
    cmd: start.Cmd,
    env: start.Env,
    user: start.User,
    workingDir: start.WorkingDir === '' ? '/' : start.WorkingDir,
    exposedPorts: start.ExposedPorts.map((port) =>
      (port.includes('/') ? port : `${port}/tcp`).toLowerCase(),
    ),
    volumes: start.Volumes,
    stopSignal: start.StopSignal === '' ? 'SIGTERM' : start.StopSignal,
    labels: start.Labels,
  };
}
