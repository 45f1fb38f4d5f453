/** Layers applied the plain way: a flat map of paths, no symlinked parents. What tests compare with. */

import type { Spec } from './archive.js';

interface Inode {
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly text: string;
}

export class Model {
  #files = new Map<string, Inode>();

  accepts(specs: readonly Spec[]): boolean {
    const before = this.#files;
    this.#files = new Map(before);
    try {
      this.apply(specs);
      return true;
    } catch {
      return false;
    } finally {
      this.#files = before;
    }
  }

  apply(specs: readonly Spec[]): void {
    for (const { name } of specs) {
      const [parent, base] = split(String(name));
      if (base === '.wh..wh..opq') this.#removeBelow(parent);
      else if (base.startsWith('.wh.')) this.#remove(join(parent, base.slice(4)));
    }
    for (const spec of specs) {
      const name = String(spec.name);
      const [parent, base] = split(name);
      if (base.startsWith('.wh.')) continue;
      this.#parents(parent);
      if (spec.type === '5') {
        if (this.#files.get(name)?.type !== 'directory') this.#remove(name);
        this.#files.set(name, { type: 'directory', mode: spec.mode ?? 0, text: '' });
      } else if (spec.type === '1') {
        const target = this.#files.get(String(spec.link));
        if (target === undefined || target.type === 'directory') throw new Error('bad link');
        this.#remove(name);
        this.#files.set(name, target);
      } else {
        this.#remove(name);
        const symlink = spec.type === '2';
        this.#files.set(name, {
          type: symlink ? 'symlink' : 'file',
          mode: symlink ? 0o777 : (spec.mode ?? 0o644),
          text: String(symlink ? spec.link : spec.data),
        });
      }
    }
  }

  #parents(path: string): void {
    if (path === '') return;
    this.#parents(split(path)[0]);
    const existing = this.#files.get(path);
    if (existing === undefined) this.#files.set(path, { type: 'directory', mode: 0o755, text: '' });
    else if (existing.type !== 'directory') throw new Error('not a directory');
  }

  #remove(path: string): void {
    this.#files.delete(path);
    this.#removeBelow(path);
  }

  #removeBelow(path: string): void {
    for (const one of this.#files.keys()) if (one.startsWith(`${path}/`)) this.#files.delete(one);
  }

  #sorted(): [string, Inode][] {
    const key = (path: string) => path.replaceAll('/', '\0');
    return [...this.#files].sort(([a], [b]) => (key(a) < key(b) ? -1 : 1));
  }

  paths(): [path: string, type: Inode['type']][] {
    return this.#sorted().map(([path, { type }]) => [path, type]);
  }

  modes(): number[] {
    return this.#sorted().map(([, inode]) => inode.mode);
  }

  contents(): [string, string][] {
    return [...this.#files]
      .filter(([, { type }]) => type !== 'directory')
      .map(([path, { type, text }]): [string, string] => [
        path,
        type === 'symlink' ? `-> ${text}` : text,
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** In the form of `summary` in archive.ts. */
  summary(): string[] {
    const first = new Map<Inode, string>();
    return this.#sorted().map(([path, inode]) => {
      const known = first.get(inode);
      if (inode.type === 'directory') return `${path}/`;
      if (known !== undefined) return `${path} == ${known}`;
      first.set(inode, path);
      return inode.type === 'symlink' ? `${path} -> ${inode.text}` : `${path}=${inode.text}`;
    });
  }
}

function split(path: string): [string, string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

function join(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`;
}
