/** A place with networks of its own, and what must be true of the host's side of them. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import type { NetworkView } from '../../../src/network/index.js';
import { eventually } from '../../support/cli.js';
import { Namespace } from '../../support/namespace.js';
import { Place } from '../instance/support.js';

export class Networks {
  readonly host: Namespace;
  readonly place: Place;

  private constructor(host: Namespace, place: Place) {
    this.host = host;
    this.place = place;
  }

  static async make(): Promise<Networks> {
    const host = await Namespace.make();
    return new Networks(host, await Place.make(undefined, host.prefix));
  }

  async all(): Promise<NetworkView[]> {
    return JSON.parse(await this.place.does('network', 'ls', '--json')) as NetworkView[];
  }

  async one(name: string): Promise<NetworkView> {
    const [found] = JSON.parse(await this.place.does('network', 'inspect', name)) as NetworkView[];
    if (found === undefined) throw new Error(`no network ${name}`);
    return found;
  }

  /** The error of a command that must fail. */
  async fails(...args: readonly string[]): Promise<string> {
    const { status, stderr } = await this.place.run(...args);
    expect([args.join(' '), status]).not.toEqual([args.join(' '), 0]);
    return stderr;
  }

  /** Those VMs are on networks that run, and of each network there is what it needs and no more. */
  async isTidy(): Promise<void> {
    await this.place.isTrue();
    await eventually(async () => {
      const networks = await this.all();
      const running = (await this.place.all()).filter(({ status }) => status === 'running');
      const vms = networks.flatMap((network) => network.vms);
      expect(vms.map(({ name }) => name).sort()).toEqual(running.map(({ name }) => name).sort());
      const bridges = networks.map(({ bridge }) => bridge);
      expect(await this.devices()).toEqual([...bridges, ...vms.map(({ tap }) => tap)].sort());
      for (const { bridge, vms: on } of networks) {
        const rules = await this.host.exec('nft', 'list', 'table', 'bridge', bridge);
        const members = rules.match(/"lup-[\w.]+" \. [\da-f:]+ \. [\d.]+/g) ?? [];
        expect(members.sort()).toEqual(
          on.map(({ tap, mac, address }) => `"${tap}" . ${mac} . ${address}`).sort(),
        );
        expect([bridge, nameServers(bridge).length]).toEqual([bridge, on.length > 0 ? 1 : 0]);
        expect([bridge, existsSync(`/run/lupine/${bridge}`)]).toEqual([bridge, on.length > 0]);
      }
    }, 30_000);
  }

  /** The host's devices of networks. */
  async devices(): Promise<string[]> {
    const links = JSON.parse(await this.host.exec('ip', '-json', 'link')) as { ifname: string }[];
    return links
      .map(({ ifname }) => ifname)
      .filter((name) => name.startsWith('lup-'))
      .sort();
  }

  /** Ends and removes everything, and finds nothing then. */
  async clear(): Promise<void> {
    const ids = (await this.place.all()).map(({ id }) => id);
    if (ids.length > 0) await this.place.run('rm', '-f', ...ids);
    const networks = await this.all();
    if (networks.length > 0) {
      await this.place.does('network', 'rm', ...networks.map(({ name }) => name));
    }
    expect(await this.devices()).toEqual([]);
    expect(await this.host.exec('nft', 'list', 'tables')).toBe('');
    for (const { bridge } of networks) expect(nameServers(bridge)).toEqual([]);
  }

  async remove(): Promise<void> {
    await this.place.remove();
    await this.host.remove();
  }
}

/** The processes that serve names on a bridge. */
export function nameServers(bridge: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(name).includes(`/run/lupine/${bridge}/`))
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Serves its name on a port for ever. */
export const served = (port: number) =>
  `mkdir -p /tmp/w && hostname >/tmp/w/name && exec busybox httpd -f -p ${port} -h /tmp/w`;
