import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TextImage } from '../../../src/kernel/kml/image.js';
import { fileCoverage, type JudgedSite } from '../../../src/kernel/kml-coverage.js';
import { LupineError } from '../../../src/support/errors.js';
import { silentProgress } from '../../../src/support/progress.js';

/** A function for each form, far enough from each other that no padding is near unless it is meant to be. */
const SOURCE = `
  .macro form name
  .fill 300, 1, 0x50
  .globl \\name
\\name:
  .endm
  .text
  form mov
    mov $39, %eax
    syscall
  form mov_rax
    mov $39, %rax
    syscall
  form jumped_over
    mov $39, %eax
1:  syscall
    jmp 1b
  form sigreturn
    mov $15, %rax
    syscall
  form negative
    mov $-1, %rax
    syscall
  form zero_near_padding
    xor %eax, %eax
    syscall
    ret
    .nops 8, 8
  form zero
    xor %eax, %eax
    syscall
  form stack
    mov $39, %eax
    mov 8(%rsp), %r9
    syscall
  form moves
    mov $39, %eax
    mov %rdi, %rsi
    mov %rbx, %rdi
    syscall
  form moves_jumped
    mov $39, %eax
    mov %rdi, %rsi
2:  mov %rbx, %rdi
    syscall
    jmp 2b
  form small
    xor %rax, %rax
    mov %rbx, %rdi
    syscall
  form small_jumped
    xor %rax, %rax
3:  mov %rbx, %rdi
    syscall
    jmp 3b
  form fifth
    movslq 120(%r15), %rdi
    mov %r12, %rax
    syscall
  form third
    xor %edx, %edx
    mov %r12, %rax
    syscall
  form too_far
    mov $39, %eax
    .rept 9
    mov %rbx, %rdi
    .endr
    syscall
  .fill 300, 1, 0x50
  .balign 4096
  .fill 4096 - 3, 1, 0x50
  .globl two_pages
two_pages:
    mov $39, %eax
    syscall
  /* whichever way it is decoded, the bytes of the mov belong to another instruction */
  form inside
    .fill 80, 1, 0x66
    mov $39, %eax
    syscall
  form not_one
    mov $0x050f, %ebx
    mov $0x050f, %eax
`;

let directory: string;
let sites: readonly JudgedSite[];
const context = { progress: silentProgress };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kml-coverage-'));
  const source = join(directory, 'forms.s');
  writeFileSync(source, SOURCE);
  const link = ['-nostdlib', '-static', '-Wl,-e,mov', '-Wl,--build-id=none'];
  execFileSync('gcc', [...link, source, '-o', join(directory, 'forms')]);
  ({ sites } = await fileCoverage(join(directory, 'forms'), context));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function verdict(name: string) {
  const found = sites.find(({ site }) => site.symbol?.name === name);
  if (found === undefined) throw new Error(`no site in ${name}`);
  return [found.form.name, found.patched, found.refused, found.rule];
}

describe('fileCoverage', () => {
  it('knows what the kernel patches', () => {
    expect(verdict('mov')).toEqual(['mov', true, undefined, 'one']);
    expect(verdict('mov_rax')).toEqual(['mov', true, undefined, 'one']);
    expect(verdict('jumped_over')).toEqual(['mov', true, undefined, 'one']);
    expect(verdict('negative')).toEqual(['mov', true, undefined, 'one']);
    expect(verdict('stack')).toEqual(['others', true, undefined, 'one']);
    expect(verdict('moves')).toEqual(['moves', true, undefined, 'one']);
    // What a jump leads to stays in place.
    expect(verdict('moves_jumped')).toEqual(['moves', true, undefined, 'one']);
    expect(verdict('small')).toEqual(['moves', true, undefined, 'two']);
    expect(verdict('small_jumped')).toEqual(['moves', true, undefined, 'two']);
    expect(verdict('too_far')).toEqual(['moves', true, undefined, 'two']);
    expect(verdict('fifth')).toEqual(['register', true, undefined, 'two']);
  });

  it('knows what it refuses, and why', () => {
    expect(verdict('sigreturn').slice(1)).toEqual([false, 'sigreturn', undefined]);
    expect(verdict('two_pages').slice(1, 3)).toEqual([false, 'pages']);
  });

  it('refuses bytes that decode in more than one way', () => {
    const inside = sites.filter(({ site }) => site.symbol?.name === 'inside');
    expect(inside.map(({ patched }) => patched)).not.toContain(true);
  });

  it('says which rule would take the others', () => {
    expect(verdict('zero_near_padding')).toEqual(['zero', false, 'form', 'short']);
    expect(verdict('zero')).toEqual(['zero', false, 'form', undefined]);
    // The second begins with the third byte of a jump.
    expect(verdict('third')).toEqual(['register', false, 'form', undefined]);
  });

  it('takes no bytes for a SYSCALL that are a constant', () => {
    expect(sites.map(({ site }) => site.symbol?.name)).not.toContain('not_one');
  });

  it('reads a stripped file', async () => {
    const path = join(directory, 'stripped');
    execFileSync('strip', ['-o', path, join(directory, 'forms')]);
    const stripped = await fileCoverage(path, context);
    expect(stripped.sites.map(({ patched }) => patched)).toEqual(
      sites.map(({ patched }) => patched),
    );
  });

  it('says what is missing without objdump', async () => {
    vi.stubEnv('PATH', directory);
    try {
      await expect(fileCoverage(join(directory, 'forms'), context)).rejects.toMatchObject({
        where: 'objdump',
        fix: 'apt-get install binutils',
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('stops when told', async () => {
    const signal = AbortSignal.abort(new LupineError('interrupted'));
    await expect(fileCoverage(join(directory, 'forms'), { ...context, signal })).rejects.toThrow(
      'interrupted',
    );
  });

  it('refuses other files', async () => {
    await expect(fileCoverage(join(directory, 'forms.s'), context)).rejects.toThrow(
      'not an ELF file',
    );
    await expect(fileCoverage(join(directory, 'none'), context)).rejects.toThrow(LupineError);
  });
});

describe('TextImage', () => {
  it('reads what a process has in memory, and no more', () => {
    const image = new TextImage(readFileSync(join(directory, 'forms')), 'x');
    const [first] = sites;
    const address = first?.site.address ?? 0;
    expect(image.read(address, 2)).toEqual(Buffer.from([0x0f, 0x05]));
    expect(image.read(address - 5, 1)).toEqual(Buffer.from([0xb8]));
    expect(image.read(0, 16)).toBeUndefined();
    expect(image.candidates).toContain(address);
  });

  it('gives an image or a LupineError for any bytes', () => {
    const good = readFileSync(join(directory, 'forms'));
    const change = fc.record({
      at: fc.integer({ min: 4, max: 900 }),
      value: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = Buffer.from(good.subarray(0, length % 3 === 0 ? length : good.length));
          for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
          try {
            new TextImage(bytes, 'x').read(0x401000, 128);
          } catch (error) {
            if (!(error instanceof LupineError)) throw error;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
