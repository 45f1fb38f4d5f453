/** What an image's configuration and the user's flags mean for init; docker's rules. */

import type { GuestSettings } from '../instance/index.js';
import type { GuestAddress } from '../monitor/index.js';
import { LupineError } from '../support/errors.js';
import type { Description, Mount, RunOptions } from './types.js';

export function guestSettings(
  description: Description,
  options: RunOptions,
  address: GuestAddress | undefined,
): GuestSettings {
  const { config, rootfs } = description;
  const user = options.user ?? config.user;
  return {
    root: { type: rootfs.format, access: accessOf(rootfs.format, options.readOnly === true) },
    argv: commandOf(description, options),
    env: mergeEnvironment(config.env, options.env ?? []),
    hostname: options.hostname ?? hostnameOf(options.name ?? description.name),
    workdir: options.workdir ?? config.workingDir,
    ...(user === '' ? {} : { user }),
    ...(address === undefined
      ? {}
      : {
          network: { address: address.address, gateway: address.gateway },
          nameservers: address.nameservers,
        }),
    ...(options.tmpfs === undefined ? {} : { tmpfs: options.tmpfs.map((path) => ({ path })) }),
    ...(options.mounts === undefined ? {} : { volumes: volumesOf(description, options.mounts) }),
    ...(options.interactive === true ? { stdin: true } : {}),
    ...(options.tty === undefined ? {} : { tty: options.tty }),
  };
}

/** Their disks come after the root's. */
function volumesOf(
  { rootfs }: Description,
  mounts: readonly Mount[],
): NonNullable<GuestSettings['volumes']> {
  const first = rootfs.format === 'initramfs' ? 0 : 1;
  return mounts.map(({ path, readOnly }, index) => ({
    device: `/dev/vd${String.fromCharCode('a'.charCodeAt(0) + first + index)}`,
    path,
    readOnly,
  }));
}

/** Entrypoint and command; an entrypoint of the user's drops the image's command. */
export function commandOf({ config, name }: Description, options: RunOptions): readonly string[] {
  const entrypoint =
    options.entrypoint === undefined
      ? config.entrypoint
      : options.entrypoint === ''
        ? []
        : [options.entrypoint];
  const fallback = options.entrypoint === undefined ? config.cmd : [];
  const given = options.command ?? [];
  const argv = [...entrypoint, ...(given.length > 0 ? given : fallback)];
  if (argv.length > 0) return argv;
  throw new LupineError('the image does not say what to run', {
    where: name,
    fix: 'name the program after the image, or with --entrypoint',
  });
}

/** Later values of a name win, at the place of the first. */
export function mergeEnvironment(...lists: readonly (readonly string[])[]): string[] {
  const values = new Map<string, string>();
  for (const entry of lists.flat()) values.set(entry.split('=', 1)[0] ?? '', entry);
  return [...values.values()];
}

function accessOf(
  format: Description['rootfs']['format'],
  readOnly: boolean,
): GuestSettings['root']['access'] {
  if (readOnly) return 'ro';
  return format === 'squashfs' || format === 'erofs' ? 'overlay' : 'rw';
}

/** A host name may hold letters, digits and hyphens. */
function hostnameOf(name: string): string {
  const letters = name.replace(/[^A-Za-z0-9-]+/g, '-').replace(/^-+|-+$/g, '');
  return letters.slice(0, 63).replace(/-+$/, '') || 'lupine';
}
