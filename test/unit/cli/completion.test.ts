import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { completionScript } from '../../../src/cli/completion.js';

const program = new Command('lupine')
  .addCommand(
    new Command('kernel').addCommand(
      new Command('build').summary("it's").option('--app <name>', "an app's"),
    ),
  )
  .addCommand(new Command('network').addCommand(new Command('rm').argument('<network...>')))
  .addCommand(new Command('stop').argument('<vm...>').option('--time <seconds>'));

/** What bash offers after these words. */
function offered(...words: string[]): string[] {
  const script = `${completionScript(program, 'bash')}
lupine() { [[ "$*" == 'ps --all --names' ]] && printf '%s\n' quiet-heron quick-owl
[[ "$*" == 'network ls --quiet' ]] && echo front; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lupine; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  return output.split('\n').filter((word) => word !== '');
}

describe('completion', () => {
  it('offers commands, then their own words', () => {
    expect(offered('lupine', 'k')).toEqual(['kernel']);
    expect(offered('lupine', 'kernel', '')).toContain('build');
    expect(offered('lupine', 'kernel', 'build', '--a')).toEqual(['--app']);
  });

  it('offers the names of VMs where a command takes one', () => {
    expect(offered('lupine', 'stop', 'q').sort()).toEqual(['quick-owl', 'quiet-heron']);
    expect(offered('lupine', 'stop', 'quick-owl', '--t')).toEqual(['--time']);
    expect(offered('lupine', 'kernel', 'build', 'quie')).toEqual([]);
    expect(completionScript(program, 'fish')).toContain(
      `-n '__fish_seen_subcommand_from stop' -f -a '(lupine ps --all --names 2>/dev/null)'`,
    );
  });

  it('offers the names of networks where a command takes one', () => {
    expect(offered('lupine', 'network', 'rm', 'f')).toEqual(['front']);
    expect(offered('lupine', 'stop', 'f')).toEqual([]);
  });

  it('writes scripts that the other shells can read', () => {
    expect(completionScript(program, 'zsh')).toMatch(/^#compdef lupine\n/);
    const fish = completionScript(program, 'fish');
    expect(fish).toContain(`-l app -d 'an app\\'s'`);
    expect(fish).toContain(`-n '__fish_seen_subcommand_from kernel`);
  });
});
