import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  all,
  always,
  any,
  not,
  option,
  unknown,
} from '../../../../src/kconfig/source/condition.js';
import type { Condition } from '../../../../src/kconfig/source/condition.js';
import { parseMakefile } from '../../../../src/kconfig/source/makefile.js';

const [a, b] = [option('A'), option('B')];

function parse(text: string, files: Readonly<Record<string, string>> = {}) {
  return parseMakefile(text, 'fs/Makefile', {
    variables: { srctree: '.', KBUILD_EXTMOD: '' },
    include: (path) => files[path],
  });
}

/** Under which condition an object is listed; undefined where it is not. */
function conditionOf(text: string, word = 'x.o'): Condition | undefined {
  return parse(text).find((member) => member.word === word)?.condition;
}

describe('parseMakefile', () => {
  it('reads object lists, continuations and places', () => {
    const text = [
      'obj-y := open.o \\',
      '\tstat.o # comment',
      'obj-$(CONFIG_EPOLL) += eventpoll.o',
      'ext2-objs := balloc.o',
    ].join('\n');
    const at = (line: number) => ({ file: 'fs/Makefile', line });
    expect(parse(text)).toEqual([
      { stem: 'obj', word: 'open.o', condition: always, position: at(1) },
      { stem: 'obj', word: 'stat.o', condition: always, position: at(1) },
      { stem: 'obj', word: 'eventpoll.o', condition: option('EPOLL'), position: at(3) },
      { stem: 'ext2', word: 'balloc.o', condition: always, position: at(4) },
    ]);
  });

  it.each<[string, Condition]>([
    ['obj-$(subst m,y,$(CONFIG_A)) += x.o', a],
    ['obj-$(CONFIG_A:m=y) += x.o', a],
    ['foo-objs-$(CONFIG_A) += x.o', a],
    ['obj-$(call or, $(CONFIG_A), $(CONFIG_B)) += x.o', any(a, b)],
    ['obj-$(and $(CONFIG_A),$(CONFIG_B)) += x.o', all(a, b)],
    ['obj-$(subst y,$(CONFIG_A),$(CONFIG_B)) += x.o', all(a, b)],
    ['lib-$(CONFIG_A)+=x.o', a],
  ])('reads the condition of %s', (text, condition) => {
    expect(conditionOf(text)).toEqual(condition);
  });

  it.each<[string, Condition]>([
    ['ifdef CONFIG_A', a],
    ['ifndef CONFIG_A', not(a)],
    ['ifeq ($(CONFIG_A),y)', a],
    ['ifeq ($(CONFIG_A), y)', a],
    ['ifeq "$(CONFIG_A)" "y"', a],
    ['ifneq ($(CONFIG_A),)', a],
    ['ifeq ($(CONFIG_A),)', not(a)],
    ['ifeq ($(CONFIG_A),m)', all(a, unknown)],
    ['ifeq ($(CONFIG_A)$(CONFIG_B),yy)', all(a, b)],
    ['ifneq ($(CONFIG_A)$(CONFIG_B),)', any(a, b)],
    ['ifneq ($(filter y,$(CONFIG_A) $(CONFIG_B)),)', any(a, b)],
    ['ifeq ($(KBUILD_EXTMOD),)', always],
    ['ifdef NOBODY_KNOWS', unknown],
    ['ifeq ($(shell uname),Linux)', unknown],
  ])('reads the block of %s', (line, condition) => {
    expect(conditionOf(`${line}\n\tobj-y += x.o\nendif\n`)).toEqual(condition);
  });

  it('takes the other branches of a block for what they are', () => {
    const text = [
      'ifdef CONFIG_A',
      'obj-y += a.o',
      'else ifdef CONFIG_B',
      'obj-y += b.o',
      'else',
      'obj-y += c.o',
      'endif',
      'obj-y += d.o',
    ].join('\n');
    expect(conditionOf(text, 'b.o')).toEqual(all(not(a), b));
    expect(conditionOf(text, 'c.o')).toEqual(all(not(a), not(b)));
    expect(conditionOf(text, 'd.o')).toEqual(always);
  });

  it('expands variables and prefixes, and follows include', () => {
    const files = { './virt/Makefile.kvm': 'KVM ?= ../../virt\nkvm-y := $(KVM)/main.o\n' };
    const text = 'include $(srctree)/virt/Makefile.kvm\nobj-y += $(addprefix sub/,a.o b.o)\n';
    const found = parse(text, files);
    expect(found.map(({ word }) => word)).toEqual(['../../virt/main.o', 'sub/a.o', 'sub/b.o']);
    expect(found[0]?.position).toEqual({ file: './virt/Makefile.kvm', line: 2 });
  });

  it('forgets a variable that a block may have changed', () => {
    const text = 'mode :=\nifdef CONFIG_A\nmode := 1\nendif\nifdef mode\nobj-y += x.o\nendif\n';
    expect(conditionOf(text)).toEqual(unknown);
  });

  it('ends on any text', () => {
    const piece = fc.constantFrom(
      ...['obj-', '$(', 'CONFIG_A', ')', '+=', ':=', ' ', '\n', '\\\n', 'ifeq', 'else', 'endif'],
      ...['(', ',', 'y', 'include ', 'x.o', 'define', 'endef', '#', '"', 'self'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('');
        const context = { variables: {}, include: () => text };
        for (const { word } of parseMakefile(text, 'self', context)) expect(word).not.toBe('');
      }),
    );
  });
});
