/** Guests and settings for the monitor's tests. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningVm, VmConfig } from '../../../src/monitor/index.js';

/** A temporary directory with a compiled toy guest, and VM configurations for it. */
export class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'lupine-monitor-'));
  readonly toy = join(this.directory, 'toy');

  constructor() {
    const source = fileURLToPath(new URL('toy-guest.c', import.meta.url));
    const flags =
      '-m32 -Os -ffreestanding -nostdlib -static -fno-pie -no-pie -fno-stack-protector ' +
      '-Wl,-Ttext-segment=0x100000,-e,start,--build-id=none,-z,noexecstack';
    execFileSync('gcc', [...flags.split(' '), '-o', this.toy, source]);
    process.env['LUPINE_STATE'] = join(this.directory, 'state');
  }

  /** A VM of 16 MiB with the toy; `job` is its letter. */
  vm(job: string, over: Partial<VmConfig> = {}): VmConfig {
    return {
      name: 'test',
      kernel: this.toy,
      cmdline: `toy=${job}`,
      memoryMiB: 16,
      cpus: 1,
      accelerator: 'tcg',
      disks: [],
      network: { mode: 'none' },
      directory: mkdtempSync(join(this.directory, 'vm-')),
      ...over,
    };
  }

  /** A newc archive with busybox as /bin/busybox and a shell script as /init. */
  initrd(script: string): string {
    const root = mkdtempSync(join(this.directory, 'initrd-'));
    const make = [
      'set -e; cd "$0"; mkdir bin proc dev; cp "$(command -v busybox)" bin/',
      'printf "#!/bin/busybox sh\\n%s\\n" "$1" >init; chmod +x init',
      'find . | cpio -o -H newc --quiet >"$0.cpio"',
    ].join('\n');
    execFileSync('sh', ['-c', make, root, script]);
    return `${root}.cpio`;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Everything the guest says until its end. */
export async function transcript({ console }: RunningVm): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of console as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads until a text appears, without ending the stream. */
export async function until({ console }: RunningVm, text: string): Promise<string> {
  let said = '';
  return new Promise((found, failed) => {
    const onData = (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (!said.includes(text)) return;
      console.off('data', onData);
      found(said);
    };
    console.on('data', onData);
    console.once('close', () => failed(new Error(`the guest ended before '${text}': ${said}`)));
  });
}

/** True while a process runs (a zombie does not). */
export function isAlive(pid: number): boolean {
  return readdirSync('/proc').includes(String(pid)) && !/^State:\s+Z/m.test(status(pid));
}

function status(pid: number): string {
  try {
    return execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' });
  } catch {
    return 'State: Z';
  }
}
