/** `lupine run`: an image, a program of this machine or a bundle as a running microVM. */

import { Command, InvalidArgumentError } from 'commander';
import { addImageFlags, addKernelFlags } from './build-flags.js';
import {
  cpus,
  environment,
  jail,
  monitorName,
  publish,
  restartPolicy,
  several,
  size,
} from './flags.js';
import type { RunFlags } from './run-image.js';

export function runCommand(): Command {
  const command = new Command('run')
    .summary('run an application as a microVM')
    .description(
      `Run an application as a microVM, and exit with its status.

IMAGE is a registry name (nginx:alpine), oci:DIR[:TAG], oci-archive:FILE[:TAG],
docker-archive:FILE[:REF], dir:ROOTFS, the path of a program of this machine
(/usr/bin/redis-server) or a bundle made by \`lupine build\`. What follows is its command.`,
    )
    .argument('<image>')
    .argument('[command...]')
    .passThroughOptions()
    .option(
      '-p, --publish <ports>',
      '[ADDRESS:][HOSTPORT:]PORT[/udp]; on 127.0.0.1 unless told (repeatable)',
      publish,
    )
    .option('-e, --env <name=value>', 'set an environment variable (repeatable)', environment)
    .option('--env-file <file>', 'read environment variables from a file (repeatable)', several)
    .option('-m, --memory <size>', "the VM's memory, e.g. 64M", size)
    .option('--cpus <n>', 'virtual CPUs; more than one builds an smp kernel', cpus)
    .option('-w, --workdir <dir>', 'working directory')
    .option('-u, --user <user>', 'NAME|UID[:GROUP|GID]')
    .option('--entrypoint <program>', "replace the image's entrypoint")
    .option('--name <name>', 'name of the VM')
    .option('-h, --hostname <name>', 'host name inside the VM')
    .option('-i, --interactive', 'connect stdin')
    .option('-t, --tty', 'give the application a terminal')
    .option(
      '--network <network>',
      'user, none, the name of one (lupine network), or tap:DEVICE[,mac=…][,ip=ADDRESS/LEN,gw=…,dns=…]',
    )
    .option('-v, --volume <volume>', 'NAME:/PATH[:ro] or /DIR:/PATH:ro (repeatable)', several)
    .option('--tmpfs <dir>', 'mount a tmpfs there (repeatable)', several)
    .option('--read-only', 'mount the root file system read-only')
    .option('--append <parameters>', 'boot parameters for the kernel, e.g. kml=off')
    .option('-d, --detach', 'leave it running in the background, and print its id')
    .option('--restart <policy>', 'with -d: no, always or on-failure[:N]', restartPolicy)
    .option('--rm', 'leave nothing behind; in the foreground it is always so')
    .option('--monitor <name>', 'qemu (unless told) or firecracker', monitorName)
    .option('--firecracker <path>', "Firecracker's program; on PATH unless told")
    .option('--jail <uid:gid>', "as root: Firecracker in its jailer's jail, as this user", jail)
    .option('--accel <name>', 'kvm or tcg; proved and chosen unless told', accelerator)
    .option('--verbose', "show the kernel's console")
    .option('-q, --quiet', 'show no progress')
    .helpOption('--help', 'display help');
  addKernelFlags(command);
  addImageFlags(command);
  return command.action(async (image: string, args: string[], flags: RunFlags) => {
    const { runImage } = await import('./run-image.js');
    process.exitCode = await runImage(image, args, flags);
  });
}

function accelerator(value: string): 'kvm' | 'tcg' {
  if (value !== 'kvm' && value !== 'tcg') throw new InvalidArgumentError('expected kvm or tcg');
  return value;
}
