/**
 * How applications are put under load, with the programs that everybody uses for it. Client and server
 * run in one guest, over loopback: both cost instructions, and equally on every kernel.
 */

/** One command of a client and the figure it ends with. */
export interface LoadStep {
  readonly name: string;
  readonly label: string;
  /** @param requests how many it makes. */
  command(requests: number): readonly string[];
  /** Finds requests per second in what the client printed: the first group. */
  readonly result: RegExp;
}

export interface Load {
  /** The server, on this machine. */
  readonly program: string;
  readonly args: readonly string[];
  readonly port: number;
  /** Programs of the clients, on this machine, with the package that has them. */
  readonly clients: readonly { readonly program: string; readonly install: string }[];
  readonly requests: { readonly quick: number; readonly full: number };
  readonly steps: readonly LoadStep[];
}

const redisBenchmark = '/usr/bin/redis-benchmark';
const ab = '/usr/bin/ab';

function redisStep(name: string): LoadStep {
  return {
    name,
    label: name.toUpperCase(),
    command: (requests) => [redisBenchmark, '-t', name, '-n', String(requests), '--csv'],
    result: new RegExp(`^"${name.toUpperCase()}","([\\d.]+)"`, 'm'),
  };
}

function abStep(name: string, label: string, ...flags: readonly string[]): LoadStep {
  return {
    name,
    label,
    command: (requests) => [
      ...[ab, '-q', ...flags, '-n', String(requests), '-c', '100'],
      'http://127.0.0.1/',
    ],
    result: /^Requests per second: +([\d.]+)/m,
  };
}

/** By the application's name in the catalogue. The parameters are the paper's, but for the numbers. */
export const loads: ReadonlyMap<string, Load> = new Map([
  [
    'redis',
    {
      program: '/usr/bin/redis-server',
      args: ['--save', '', '--appendonly', 'no'],
      port: 6379,
      clients: [{ program: redisBenchmark, install: 'apt-get install redis-tools' }],
      requests: { quick: 5_000, full: 100_000 },
      steps: [redisStep('get'), redisStep('set')],
    },
  ],
  [
    'nginx',
    {
      program: '/usr/sbin/nginx',
      args: ['-g', 'daemon off;'],
      port: 80,
      clients: [{ program: ab, install: 'apt-get install apache2-utils' }],
      requests: { quick: 1_000, full: 20_000 },
      steps: [
        abStep('connection', 'a connection for each request'),
        abStep('session', 'connections kept alive', '-k'),
      ],
    },
  ],
]);
