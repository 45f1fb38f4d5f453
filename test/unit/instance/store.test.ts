import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { randomName } from '../../../src/instance/names.js';
import { NAME, parseRecord, parseState, type InstanceState } from '../../../src/instance/record.js';
import { removeInstance, renameInstance, writeState } from '../../../src/instance/change.js';
import { createInstance, type NewInstance } from '../../../src/instance/create.js';
import { findInstance, listInstances, pick } from '../../../src/instance/store.js';
import { isKept, type StoredInstance } from '../../../src/instance/stored.js';
import { processId, type ProcessId } from '../../../src/support/alive.js';
import { LupineError } from '../../../src/support/errors.js';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lupine-state-'));
  vi.stubEnv('LUPINE_STATE', state);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(state, { recursive: true });
});

function wanted(name?: string, more: Partial<NewInstance> = {}): NewInstance {
  return {
    name,
    image: 'image',
    command: ['/app'],
    memoryMiB: 32,
    cpus: 1,
    foreground: false,
    removeAtEnd: false,
    restart: { policy: 'no' },
    stopSignal: 15,
    uses: [],
    start: null,
    ...more,
  };
}

const exited: Partial<InstanceState> = {
  status: 'exited',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:01.000Z',
  exitCode: 3,
};
const running: Partial<InstanceState> = {
  status: 'running',
  startedAt: '2026-01-01T00:00:00.000Z',
};

async function put(instance: StoredInstance, change: Partial<InstanceState>): Promise<void> {
  await writeState(instance, { ...instance.state, ...change });
}

/** A process that was there. */
async function dead(): Promise<ProcessId> {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const id = processId(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  if (id === undefined) throw new Error('no process');
  return id;
}

const names = async () => (await listInstances()).instances.map(({ record }) => record.name);
const places = () =>
  readdirSync(join(state, 'instances')).filter((name) => !/^(\.locks|names)$/.test(name));

describe('names', () => {
  it('are each given once, however many want one at the same time', async () => {
    const tried = await Promise.allSettled(
      Array.from({ length: 8 }, () => createInstance(wanted('only'))),
    );
    expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [refused] = tried.flatMap((result): unknown[] =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    expect((refused as LupineError).line).toMatch(/^the name is taken: only by [0-9a-f]{12} — /);
    expect(await names()).toEqual(['only']);
    expect(places()).toHaveLength(1);
  });

  it('are free again after a removal and a renaming', async () => {
    const first = await createInstance(wanted('first'));
    await renameInstance(first.id, 'second');
    const other = await createInstance(wanted('first'));
    await expect(renameInstance(other.id, 'second')).rejects.toThrow('the name is taken');
    await put(first, exited);
    await removeInstance(first.id);
    await renameInstance(other.id, 'second');
    expect(await names()).toEqual(['second']);
  });

  it('of who was killed as it was made are free', async () => {
    const abandoned = await createInstance(wanted('name'));
    await put(abandoned, { owner: await dead() });
    const next = await createInstance(wanted('name'));
    expect((await findInstance('name')).id).toBe(next.id);
  });

  it('that are left over of nothing are free', async () => {
    mkdirSync(join(state, 'instances', 'names'), { recursive: true });
    const { symlinkSync } = await import('node:fs');
    symlinkSync('0123456789ab', join(state, 'instances', 'names', 'name'));
    symlinkSync('../../etc', join(state, 'instances', 'names', 'other'));
    await createInstance(wanted('name'));
    await createInstance(wanted('other'));
    expect((await names()).sort()).toEqual(['name', 'other']);
  });

  it('are chosen so that they can be said', () => {
    for (let i = 0; i < 100; i++) expect(randomName()).toMatch(/^[a-z]+-[a-z]+$/);
  });

  it('that could be an option or a path are refused', async () => {
    for (const name of ['', 'a', '-a', '../a', 'a/b', 'a b', '.ab', 'a'.repeat(200)]) {
      await expect(createInstance(wanted(name))).rejects.toThrow('not a name for a VM');
    }
    fc.assert(fc.property(fc.stringMatching(NAME), (name) => !/[/\s]|^[-.]/.test(name)));
  });
});

describe('what is true', () => {
  it('an owner that is gone has left its VM ended', async () => {
    const instance = await createInstance(wanted('lost'));
    await put(instance, { ...running, owner: await dead() });
    const { instances } = await listInstances();
    expect(instances[0]?.state).toMatchObject({
      status: 'exited',
      exitCode: 255,
      error: 'the process that kept it was killed',
    });
  });

  it('a pid is not enough, nor is it with the time of its start', async () => {
    const me = processId(process.pid);
    if (me === undefined) throw new Error('no process');
    const later = await createInstance(wanted('later'));
    await put(later, { ...running, owner: { ...me, start: '1' } });
    const before = await createInstance(wanted('before'));
    await put(before, { ...running, owner: { ...me, boot: 'another' } });
    const same = await createInstance(wanted('same'));
    await put(same, { ...running, owner: me });
    const { instances } = await listInstances();
    expect(instances.map((one) => [one.record.name, isKept(one), one.state.error])).toEqual([
      ['later', false, 'the process that kept it was killed'],
      ['before', false, 'the machine was restarted while it ran'],
      ['same', true, null],
    ]);
  });

  it('a process that has ended but not been waited for is gone', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60'], { stdio: 'pipe' });
    const pid = Number(String((await once(parent.stdout, 'data'))[0]));
    await vi.waitFor(() => expect(processId(pid)).toBeUndefined());
    parent.kill('SIGKILL');
  });

  it('what is not to stay, or never ran, goes with its owner', async () => {
    const owner = await dead();
    await put(await createInstance(wanted('rm', { removeAtEnd: true })), { ...running, owner });
    await put(await createInstance(wanted('ended', { removeAtEnd: true })), { ...exited, owner });
    await put(await createInstance(wanted('new')), { owner });
    await put(await createInstance(wanted('stays')), { ...exited, owner });
    expect(await names()).toEqual(['stays']);
    expect(places()).toHaveLength(1);
    expect(readdirSync(join(state, 'instances', 'names'))).toEqual(['stays']);
  });
});

describe('removing', () => {
  it('two at once remove once, and one is told', async () => {
    const { id } = await createInstance(wanted('gone'));
    await put(await findInstance('gone'), exited);
    const results = await Promise.allSettled([removeInstance(id), removeInstance(id)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(places()).toEqual([]);
  });

  it('is refused for one that runs', async () => {
    const { id } = await createInstance(wanted('alive'));
    await put(await findInstance('alive'), running);
    await expect(removeInstance(id)).rejects.toThrow('the VM runs');
  });
});

describe('finding', () => {
  it('takes the id, its beginning or the name, and no other', async () => {
    const one = await createInstance(wanted('one'));
    expect((await findInstance('one')).id).toBe(one.id);
    expect((await findInstance(one.id)).id).toBe(one.id);
    expect((await findInstance(one.id.slice(0, 4))).id).toBe(one.id);
    await expect(findInstance('on')).rejects.toThrow('no such VM');
    await expect(findInstance('')).rejects.toThrow('no such VM');
  });

  it('says so where a beginning fits several, and a name goes first', async () => {
    const { instances } = await (async () => {
      await createInstance(wanted('one'));
      return listInstances();
    })();
    const [model] = instances;
    if (model === undefined) throw new Error('none');
    const made = (id: string, name: string) => ({
      ...model,
      id,
      record: { ...model.record, id, name },
    });
    const all = {
      instances: [
        made('abc000000000', 'one'),
        made('abd000000000', 'two'),
        made('123000000000', 'ab'),
      ],
      damaged: [],
    };
    expect(() => pick('a', all)).toThrow('several VMs');
    expect(pick('abd', all).id).toBe('abd000000000');
    expect(pick('ab', all).id).toBe('123000000000');
  });
});

describe('damage', () => {
  const damages = {
    empty: '',
    torn: '{"version":1,"id":"',
    garbage: '\0\u0001\u0002',
    'of another shape': '{"version":1,"status":"running"}',
    'of another version': '{"version":2}',
    null: 'null',
  };
  for (const [what, text] of Object.entries(damages)) {
    for (const file of ['state.json', 'instance.json']) {
      it(`a file that is ${what} (${file}) is told and does not disturb the others`, async () => {
        const broken = await createInstance(wanted('broken'));
        const fine = await createInstance(wanted('fine'));
        writeFileSync(join(broken.directory, file), text);
        const { instances, damaged } = await listInstances();
        expect(instances.map(({ id }) => id)).toEqual([fine.id]);
        expect(damaged.map(({ id }) => id)).toEqual([broken.id]);
        expect(damaged[0]?.reason).toBeInstanceOf(LupineError);
        if (text.includes('2')) {
          expect(damaged[0]?.reason.line).toContain('version 2, this is 1');
        }
        // Its name is not given to another.
        await expect(createInstance(wanted('broken'))).rejects.toThrow('the name is taken');
      });
    }
  }

  it('nothing that a file may hold is more than refused', () => {
    const refusal = (parse: () => unknown) => {
      try {
        parse();
      } catch (error) {
        expect(error).toBeInstanceOf(LupineError);
      }
    };
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        refusal(() => parseRecord(text, 'x'));
        refusal(() => parseState(text, 'x'));
      }),
    );
  });
});
