/** The network of one boot: what was asked for, as the monitor takes it. */

import type { Monitor, Network, PortMapping } from '../monitor/index.js';
import type { Context } from '../support/context.js';
import { LupineError } from '../support/errors.js';
import type { NetworkChoice, RunOptions, Unikernel } from './types.js';

/** @throws LupineError for a network where the kernel has none. */
export function chooseNetwork(
  { description }: Unikernel,
  { network }: RunOptions,
  monitor: Monitor,
  context: Context,
): NetworkChoice {
  if (network === undefined) {
    if (!description.network) return { mode: 'none' };
    if (monitor.capabilities.networks.includes('user')) return { mode: 'user', ports: [] };
    context.progress.note('note: without --network this microVM has no network');
    return { mode: 'none' };
  }
  if (network.mode === 'none' || description.network) return network;
  throw new LupineError('this kernel has no network', {
    where: description.name,
    fix: 'build it again with --feature net',
  });
}

/** What one VM has of a network, for one boot. */
export interface Seat {
  readonly network: Network;
  /** Those that are not the monitor's to publish. */
  readonly ports: readonly PortMapping[];
  /** To be called when the VM has ended; never rejects. */
  leave(): Promise<void>;
}

/**
 * Takes a seat on the network.
 * @param vm its name. @throws LupineError where there is none to be had.
 */
export async function takeSeat(
  choice: NetworkChoice,
  vm: string,
  { jail }: RunOptions,
  context: Context,
): Promise<Seat> {
  if (choice.mode !== 'named') {
    return { network: choice, ports: [], leave: () => Promise.resolve() };
  }
  const { joinNetwork } = await import('../network/index.js');
  const uid = jail?.uid ?? process.getuid?.() ?? 0;
  const { name, ports } = choice;
  const joined = await joinNetwork(name, { vm, uid, ports }, context.signal);
  return {
    ...joined,
    leave: () =>
      joined.leave().catch((error: unknown) => {
        if (!(error instanceof LupineError)) throw error;
        context.progress.note(`lupine: ${vm} leaves the network ${name} untidy: ${error.line}`);
      }),
  };
}
