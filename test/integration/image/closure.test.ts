/**
 * Programs of this machine as images: their closures are the loader's own for every program there
 * is, and the trees are complete, since honest programs run with nothing but them, without /proc.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
} from 'node:fs';
import { createWriteStream, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Closure } from '../../../src/image/executable/closure.js';
import { readElf, readIdentity } from '../../../src/image/executable/elf.js';
import { Host } from '../../../src/image/executable/host.js';
import { openExecutable } from '../../../src/image/executable/open.js';
import { run } from '../../../src/support/process.js';
import { silentProgress } from '../../../src/support/progress.js';

const context = { progress: silentProgress };
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lupine-closure-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A command as root, or as root of a user namespace of its own. */
function asRoot(command: string, ...args: readonly string[]) {
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  return process.getuid?.() === 0
    ? run(command, args, { env })
    : run('unshare', ['--map-root-user', command, ...args], { env });
}

/** Runs a command with an image's tree for a root, and gives what it printed. */
async function inside(
  program: string,
  include: readonly string[],
  args: readonly string[],
  host?: Host,
): Promise<string> {
  const image = await openExecutable(program, { include }, context, host);
  const root = mkdtempSync(join(scratch, 'root-'));
  try {
    await pipeline(image.tree.tar(), createWriteStream(`${root}.tar`));
    await asRoot('tar', '-C', root, '--no-same-owner', '-xpf', `${root}.tar`);
    const { stdout } = await asRoot('chroot', root, ...image.config.entrypoint, ...args);
    return stdout.trim();
  } finally {
    rmSync(root, { recursive: true, force: true });
    rmSync(`${root}.tar`, { force: true });
  }
}

describe('the closure of every program in /usr/bin', () => {
  it("is the loader's own", { timeout: 600_000 }, async () => {
    const host = new Host();
    const programs = new Set<string>();
    for (const name of readdirSync('/usr/bin')) {
      const place = host.locate(`/usr/bin/${name}`);
      if (place?.stats.isFile() !== true) continue;
      const dynamic = host.withFile(place.path, (source) => {
        return readIdentity(source) !== undefined && readElf(source).interpreter !== undefined;
      });
      if (dynamic) programs.add(place.path);
    }
    expect(programs.size).toBeGreaterThan(100);
    const different: string[] = [];
    for (const path of programs) {
      const closure = new Closure(host);
      const { missing } = closure.addProgram(path);
      const ours = [...new Set([...closure.libraries].map((file) => realpathSync(file)))].sort();
      const { stdout } = await run('ldd', [path], { accept: [0, 1] });
      const theirs = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, file]) => {
        return realpathSync(file ?? '');
      });
      const lost = [...stdout.matchAll(/(\S+) => not found/g)].map(([, name]) => name);
      const same = ours.join('\n') === [...new Set(theirs)].sort().join('\n');
      if (!same || missing.map((m) => m.library).join() !== lost.join()) different.push(path);
    }
    expect(different).toEqual([]);
  });
});

describe('programs of this machine, alone with their image', () => {
  it('redis', async () => {
    expect(await inside('/usr/bin/redis-server', [], ['--version'])).toMatch(/^Redis server v=/);
  });

  it('memcached', async () => {
    expect(await inside('/usr/bin/memcached', [], ['-V'])).toMatch(/^memcached \d/);
  });

  it('python, with modules in C, certificates and a locale', async () => {
    const code =
      'import ssl, json, sqlite3, locale, socket, pwd; locale.setlocale(locale.LC_ALL, "C.UTF-8");' +
      'print(len(ssl.create_default_context().get_ca_certs()) > 20, sqlite3.connect(":memory:")' +
      '.execute("select 6*7").fetchone()[0], socket.getservbyname("http"), pwd.getpwuid(0)[0])';
    expect(await inside('/usr/bin/python3', [], ['-c', code])).toBe('True 42 80 root');
  });

  it('a perl script with data beside it', async () => {
    const script = join(scratch, 'script.pl');
    const data = join(scratch, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'word'), 'lupine');
    writeFileSync(
      script,
      '#!/usr/bin/env perl\nuse POSIX; use List::Util "sum"; use JSON::PP;\n' +
        'open(my $f, "<", "/data/word") or die; print <$f>, floor(sum(1, 2.5)), encode_json([1]);\n',
      { mode: 0o755 },
    );
    expect(await inside(script, [`${data}:/data`], [])).toBe('lupine3[1]');
  });

  it('the Node.js that runs this test', async () => {
    const code = 'console.log(require("crypto").createHash("md5").update("").digest("hex"))';
    const digest = 'd41d8cd98f00b204e9800998ecf8427e';
    expect(await inside(process.execPath, [], ['-e', code])).toBe(digest);
  });
});

describe('programs made for the purpose', () => {
  const HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n';

  async function compile(compiler: string, name: string, code: string, ...flags: string[]) {
    writeFileSync(join(scratch, `${name}.c`), code);
    const output = join(scratch, name);
    await run(compiler, ['-o', output, join(scratch, `${name}.c`), ...flags]);
    return output;
  }

  it('static and dynamic ones of musl', async () => {
    const fixed = await compile('musl-gcc', 'musl-static', HELLO, '-static');
    expect(await inside(fixed, [], [])).toBe('hello');
    const dynamic = await compile('musl-gcc', 'musl-dynamic', HELLO);
    expect(await inside(dynamic, [], [])).toBe('hello');
  });

  it('static ones of glibc, position-independent or not', async () => {
    expect(await inside(await compile('gcc', 'static', HELLO, '-static'), [], [])).toBe('hello');
    const pie = await compile('gcc', 'static-pie', HELLO, '-static-pie');
    expect(await inside(pie, [], [])).toBe('hello');
  });

  const ODD = 'int odd(void) { return 7; }\n';
  const USES_ODD =
    '#include <stdio.h>\nint odd(void);\nint main(void) { printf("%d\\n", odd()); }\n';

  it('one whose library is found by $ORIGIN only, even without /proc', async () => {
    const lib = join(scratch, 'lib');
    mkdirSync(lib);
    await compile('gcc', 'lib/libodd.so', ODD, '-shared', '-fPIC');
    const flags = [`-L${lib}`, '-lodd', '-Wl,-rpath,$ORIGIN/lib'];
    expect(await inside(await compile('gcc', 'origin', USES_ODD, ...flags), [], [])).toBe('7');
  });

  it('one whose library is in a directory that only ldconfig was told of', async () => {
    const root = join(scratch, 'sysroot');
    for (const path of ['bin', 'opt/odd', 'etc/ld.so.conf.d']) {
      mkdirSync(join(root, path), { recursive: true });
    }
    await compile(
      'gcc',
      'sysroot/opt/odd/libodd.so',
      ODD,
      '-shared',
      '-fPIC',
      '-Wl,-soname,libodd.so',
    );
    const flags = [`-L${root}/opt/odd`, '-lodd'];
    const program = await compile('gcc', 'sysroot/bin/p', USES_ODD, ...flags);
    for (const path of ['/lib64/ld-linux-x86-64.so.2', '/lib/x86_64-linux-gnu/libc.so.6']) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      copyFileSync(path, join(root, path));
    }
    writeFileSync(join(root, 'etc/ld.so.conf'), 'include /etc/ld.so.conf.d/*.conf\n');
    writeFileSync(join(root, 'etc/ld.so.conf.d/odd.conf'), '/opt/odd\n');
    const host = new Host(root);
    await expect(openExecutable('/bin/p', {}, context, host)).rejects.toThrow('libodd.so');
    await asRoot('/sbin/ldconfig', '-r', root);
    expect(existsSync(program)).toBe(true);
    expect(await inside('/bin/p', [], [], new Host(root))).toBe('7');
  });

  it('a static one of Go', async () => {
    const source = join(scratch, 'hello.go');
    const code =
      'package main\nimport ("fmt"; "net"; "os/user"; "crypto/x509")\nfunc main() {\n' +
      'port, _ := net.LookupPort("tcp", "http"); u, _ := user.Lookup("nobody")\n' +
      'roots, err := x509.SystemCertPool()\n' +
      'fmt.Println(port, u.Uid, err == nil && !roots.Equal(x509.NewCertPool())) }\n';
    writeFileSync(source, code);
    const program = join(scratch, 'hello-go');
    await run('go', ['build', '-o', program, source], {
      env: {
        CGO_ENABLED: '0',
        GOFLAGS: '-mod=mod',
        GO111MODULE: 'off',
        GOCACHE: join(scratch, 'go-cache'),
      },
    });
    expect(await inside(program, [], [])).toBe('80 65534 true');
  });
});
