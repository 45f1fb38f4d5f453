import { describe, expect, it } from 'vitest';
import { nearestNames, readFileSymbols } from '../../../src/kernel/symbols.js';

const text = `
menu "Things"
	depends on THINGS

if OUTER && \\
   SECOND
config NET
	bool "Networking" # with a prompt
	depends on HAVE_IT
	select CORE if OUTER
	help
	  A text in which
	  select NOTHING and
	  depends on NOTHING do not count.

	  Nor here.
	depends on AFTER
endif

config CORE
	bool
	default y if THINGS
endmenu

config LAST
	def_bool TMPFS || HUGETLBFS
`;

function read() {
  const found: string[] = [];
  readFileSymbols(text, 'K', ({ name, prompt, depends, defaults, where }, selected) => {
    const on = depends.map(({ expression }) => expression.replace(/\s+/g, ' ')).join(' & ');
    const by = selected.map((one) => one.name).join();
    found.push(
      `${name ?? ''} at ${where} prompt=${prompt} on[${on}] default[${defaults.join()}] selects[${by}]`,
    );
  });
  return found;
}

describe('readFileSymbols', () => {
  it('finds prompts, dependencies of the blocks around, selects, and skips help', () => {
    expect(read()).toEqual([
      'NET at K:7 prompt=true on[THINGS & OUTER && SECOND & HAVE_IT & AFTER] default[] selects[CORE]',
      'CORE at K:20 prompt=false on[THINGS] default[y if THINGS] selects[]',
      'LAST at K:25 prompt=false on[] default[TMPFS || HUGETLBFS] selects[]',
    ]);
  });
});

describe('nearestNames', () => {
  it('finds names a few letters away, nearest first', () => {
    const names = ['EPOLL', 'EPOL', 'VIRTIO_NET', 'NET'];
    expect(nearestNames('EPOLLL', names)).toEqual(['EPOLL', 'EPOL']);
    expect(nearestNames('VIRTO_NET', names)).toEqual(['VIRTIO_NET']);
    expect(nearestNames('SOMETHING_ELSE', names)).toEqual([]);
  });
});
