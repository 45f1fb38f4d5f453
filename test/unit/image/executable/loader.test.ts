import { describe, expect, it } from 'vitest';
import { Closure } from '../../../../src/image/executable/closure.js';
import { formatLibraryCache } from '../../../../src/image/executable/ldcache.js';
import { library, program } from './build-elf.js';
import { GLIBC, sysroot } from './sysroot.js';

const MULTIARCH = 'lib/x86_64-linux-gnu';

/** The libraries of `bin/p`, without the C library's. */
function closureOf(files: Readonly<Record<string, string | Buffer>>) {
  const { host } = sysroot({ ...GLIBC, ...files });
  const closure = new Closure(host);
  const found = closure.addProgram('/bin/p');
  const libraries = [...closure.libraries].filter((path) => !/ld-linux|libc\.so/.test(path));
  return { libraries, missing: found.missing, cache: closure.cache };
}

describe('the search of glibc', () => {
  it('goes breadth first, and takes each name once', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['liba.so', 'libb.so', 'libc.so.6'] }),
      [`${MULTIARCH}/liba.so`]: library('liba.so', { needed: ['libd.so', 'libb.so'] }),
      [`${MULTIARCH}/libb.so`]: library('libb.so', { needed: ['liba.so'] }),
      [`${MULTIARCH}/libd.so`]: library('libd.so', { needed: ['ld-linux-x86-64.so.2'] }),
    });
    expect(libraries).toEqual(['a', 'b', 'd'].map((x) => `/${MULTIARCH}/lib${x}.so`));
  });

  it('knows a loaded library by its DT_SONAME', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['/opt/one.so', 'libone.so.1'] }),
      'opt/one.so': library('libone.so.1'),
      [`${MULTIARCH}/libone.so.1`]: library('libone.so.1'),
    });
    expect(libraries).toEqual(['/opt/one.so']);
  });

  it('takes $ORIGIN of a program from where it really is', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['libx.so'], runpath: '${ORIGIN}/../opt:$ORIGIN' }),
      'opt/libx.so': library('libx.so', { needed: ['liby.so'], runpath: '$ORIGIN/more' }),
      'opt/more/liby.so': library('liby.so'),
    });
    expect(libraries).toEqual(['/bin/../opt/libx.so', '/bin/../opt/more/liby.so']);
  });

  it('tries every meaning of $LIB', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['libx.so'], runpath: '/opt/$LIB' }),
      'opt/lib64/libx.so': library('libx.so'),
    });
    expect(libraries).toEqual(['/opt/lib64/libx.so']);
  });

  it('hands DT_RPATH down, but not DT_RUNPATH', () => {
    const files = {
      'opt/liba.so': library('liba.so', { needed: ['libb.so'] }),
      'opt/libb.so': library('libb.so'),
    };
    const rpath = closureOf({ 'bin/p': program({ needed: ['liba.so'], rpath: '/opt' }), ...files });
    expect(rpath.libraries).toEqual(['/opt/liba.so', '/opt/libb.so']);
    const runpath = closureOf({
      'bin/p': program({ needed: ['liba.so'], runpath: '/opt' }),
      ...files,
    });
    expect(runpath.missing).toMatchObject([{ library: 'libb.so', neededBy: '/opt/liba.so' }]);
  });

  it('ignores DT_RPATH beside DT_RUNPATH, and above an object with DT_RUNPATH', () => {
    const both = closureOf({
      'bin/p': program({ needed: ['liba.so'], rpath: '/opt', runpath: '/none' }),
      'opt/liba.so': library('liba.so'),
    });
    expect(both.missing).toHaveLength(1);
    const above = closureOf({
      'bin/p': program({ needed: ['liba.so'], rpath: '/opt' }),
      'opt/liba.so': library('liba.so', { needed: ['libb.so'], runpath: '/none' }),
      'opt/libb.so': library('libb.so'),
    });
    expect(above.missing).toMatchObject([{ library: 'libb.so' }]);
  });

  it('prefers run paths to the cache, and the cache to default directories', () => {
    const files = {
      'etc/ld.so.cache': formatLibraryCache(new Map([['liba.so', '/cached/liba.so']])),
      'cached/liba.so': library('liba.so'),
      'run/liba.so': library('liba.so'),
      [`${MULTIARCH}/liba.so`]: library('liba.so'),
    };
    const plain = closureOf({ 'bin/p': program({ needed: ['liba.so'] }), ...files });
    expect(plain.libraries).toEqual(['/cached/liba.so']);
    const run = closureOf({ 'bin/p': program({ needed: ['liba.so'], runpath: '/run' }), ...files });
    expect(run.libraries).toEqual(['/run/liba.so']);
  });

  it('falls back to default directories behind a stale cache', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['liba.so'] }),
      'etc/ld.so.cache': formatLibraryCache(new Map([['liba.so', '/gone/liba.so']])),
      'usr/lib64/liba.so': library('liba.so'),
    });
    expect(libraries).toEqual(['/usr/lib64/liba.so']);
  });

  it('searches no default directory for an object linked with -z nodefaultlib', () => {
    const { missing } = closureOf({
      'bin/p': program({ needed: ['liba.so'], flags1: 0x800 }),
      'etc/ld.so.cache': formatLibraryCache(new Map([['liba.so', '/usr/lib/liba.so']])),
      'usr/lib/liba.so': library('liba.so'),
    });
    expect(missing).toHaveLength(1);
  });

  it('passes over libraries for other machines, and damaged ones are an error', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['liba.so'], runpath: '/32:/arm:/text:/opt' }),
      '32/liba.so': library('liba.so', { bits: 32, machine: 3 }),
      'arm/liba.so': library('liba.so', { machine: 183 }),
      'text/liba.so': 'INPUT(-la)',
      'opt/liba.so': library('liba.so'),
    });
    expect(libraries).toEqual(['/opt/liba.so']);
    const truncated = {
      'bin/p': program({ needed: ['liba.so'] }),
      'lib64/liba.so': library('liba.so', { needed: ['x'] }).subarray(0, 250),
    };
    expect(() => closureOf(truncated)).toThrow('damaged or unusable ELF file');
  });

  it('leaves processor-specific directories to no one', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['liba.so'] }),
      'usr/lib64/glibc-hwcaps/x86-64-v3/liba.so': library('liba.so'),
      'usr/lib64/liba.so': library('liba.so'),
    });
    expect(libraries).toEqual(['/usr/lib64/liba.so']);
  });

  it('says who needs what is missing, and where it looked', () => {
    const { missing } = closureOf({ 'bin/p': program({ needed: ['liba.so'], runpath: '/opt' }) });
    expect(missing).toMatchObject([{ library: 'liba.so', neededBy: '/bin/p' }]);
    expect(missing[0]?.looked[0]).toBe('/opt');
    expect(missing[0]?.looked).toContain('/lib64');
  });

  it("gives the guest's cache every library, those of shared places first", () => {
    const { cache } = closureOf({
      'bin/p': program({ needed: ['/opt/liba.so', 'libx.so', 'libr.so'], runpath: '$ORIGIN/r' }),
      'opt/liba.so': library('liba.so', { needed: ['libx.so'] }),
      'bin/r/libr.so': library('libr.so'),
      'usr/lib/libx.so': library('libx.so'),
    });
    expect(cache.get('libx.so')).toBe('/usr/lib/libx.so');
    expect(cache.get('libr.so')).toBe('/bin/r/libr.so');
  });

  it('ends for libraries that need each other in a circle', () => {
    const { libraries } = closureOf({
      'bin/p': program({ needed: ['liba.so'] }),
      'lib64/liba.so': library('liba.so', { needed: ['libb.so'] }),
      'lib64/libb.so': library('libb.so', { needed: ['liba.so', 'libb.so'] }),
    });
    expect(libraries).toHaveLength(2);
  });
});

describe('the search of musl', () => {
  const musl = (needed: readonly string[], more = {}) =>
    program({ needed, interpreter: '/lib/ld-musl-x86_64.so.1', ...more });
  const files = {
    'lib/ld-musl-x86_64.so.1': '-> x86_64-linux-musl/libc.so',
    'lib/x86_64-linux-musl/libc.so': library('libc.so'),
  };
  const search = (all: Readonly<Record<string, string | Buffer>>) => {
    const closure = new Closure(sysroot({ ...files, ...all }).host);
    const { missing } = closure.addProgram('/bin/p');
    return { closure, missing, libraries: [...closure.libraries] };
  };

  it('takes libc and its parts for the interpreter itself', () => {
    const { libraries } = search({
      'bin/p': musl(['libc.so', 'libpthread.so.0', 'libc.musl-x86_64.so.1']),
    });
    expect(libraries).toEqual(['/lib/ld-musl-x86_64.so.1']);
  });

  it('looks in /lib, /usr/local/lib and /usr/lib', () => {
    const { libraries, closure } = search({
      'bin/p': musl(['liba.so']),
      'usr/local/lib/liba.so': library('liba.so'),
      'usr/lib/liba.so': library('liba.so'),
    });
    expect(libraries[1]).toBe('/usr/local/lib/liba.so');
    expect(closure.cache.size).toBe(0);
  });

  it('looks where its path file says, and takes the file along', () => {
    const { libraries, closure } = search({
      'bin/p': musl(['liba.so']),
      'etc/ld-musl-x86_64.path': '/none:/opt\n/usr/lib',
      'opt/liba.so': library('liba.so'),
      'usr/lib/liba.so': library('liba.so'),
    });
    expect(libraries[1]).toBe('/opt/liba.so');
    expect([...closure.settings]).toEqual(['/etc/ld-musl-x86_64.path']);
  });

  it('hands even DT_RUNPATH down', () => {
    const { libraries, missing } = search({
      'bin/p': musl(['liba.so'], { runpath: '$ORIGIN/../opt' }),
      'opt/liba.so': library('liba.so', { needed: ['libb.so'] }),
      'opt/libb.so': library('libb.so'),
    });
    expect(missing).toEqual([]);
    expect(libraries).toContain('/bin/../opt/libb.so');
  });
});
