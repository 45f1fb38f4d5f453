/** Shell completion, made from the command tree itself, so that it can never lag behind it. */

import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** One command's words: what may follow it. */
interface Node {
  /** `lupine kernel build` as `kernel build`; the root is empty. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
  /** Its argument is the name of something that this prints, one a line: they are words too. */
  readonly names: string | undefined;
}

/** What prints the names that a shell offers, by the name of a command's first argument. */
const lists: Readonly<Record<string, string>> = {
  vm: 'lupine ps --all --names 2>/dev/null',
  network: 'lupine network ls --quiet 2>/dev/null',
};

/** The script that a user's shell sources: `source <(lupine completion bash)`. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = walk(program, []);
  switch (shell) {
    case 'bash':
      return bash(nodes);
    case 'zsh':
      return zsh(nodes);
    case 'fish':
      return fish(nodes);
  }
}

function walk(command: Command, path: readonly string[]): Node[] {
  const words = [
    ...command.commands.map((sub) => ({ word: sub.name(), description: sub.summary() })),
    ...command.options.flatMap(({ long, description }) =>
      long == null ? [] : [{ word: long, description }],
    ),
    { word: '--help', description: 'display help' },
  ];
  return [
    { path: path.join(' '), words, names: namesFor(command) },
    ...command.commands.flatMap((sub) => walk(sub, [...path, sub.name()])),
  ];
}

function namesFor({ registeredArguments: [first] }: Command): string | undefined {
  return first === undefined ? undefined : lists[first.name()];
}

/** Finds the longest command that the words so far spell; shared by bash and zsh. */
function cases(nodes: readonly Node[], variable: 'words' | 'words_' = 'words'): string {
  return nodes
    .map(({ path, words, names }) => {
      const fixed = `${variable}='${words.map(({ word }) => word).join(' ')}'`;
      return `    '${path}') ${fixed}${names === undefined ? '' : `; ${variable}="$${variable} $(${names})"`};;`;
    })
    .join('\n');
}

function bash(nodes: readonly Node[]): string {
  return `_lupine() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${subcommands(nodes)}
    esac
  done
  case "$path" in
${cases(nodes)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ \${#COMPREPLY[@]} -eq 0 && $cur != -* ]]; then COMPREPLY=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _lupine lupine
`;
}

/** \`case\` lines that move from a command to its subcommand. */
function subcommands(nodes: readonly Node[]): string {
  return nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const parent = path.split(' ').slice(0, -1).join(' ');
      return `      '${parent} ${path.split(' ').at(-1) ?? ''}') path='${path}';;`;
    })
    .join('\n');
}

function zsh(nodes: readonly Node[]): string {
  return `#compdef lupine
_lupine() {
  local path='' word words_=''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$path $word" in
${subcommands(nodes)}
    esac
  done
  case "$path" in
${cases(nodes, 'words_')}
  esac
  compadd -- \${=words_} || _files
}
compdef _lupine lupine
`;
}

function fish(nodes: readonly Node[]): string {
  const quote = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const lines = nodes.flatMap(({ path, words, names }) => {
    const parts = path === '' ? [] : path.split(' ');
    const children = nodes
      .filter((node) => node.path.startsWith(path) && node.path !== path)
      .map((node) => node.path.split(' ')[parts.length] ?? '');
    const inside = parts.map((part) => `__fish_seen_subcommand_from ${part}`);
    const before =
      children.length === 0
        ? []
        : [`not __fish_seen_subcommand_from ${[...new Set(children)].join(' ')}`];
    const condition = [...inside, ...before].join('; and ');
    const dynamic =
      names !== undefined && condition !== ''
        ? [`complete -c lupine -n ${quote(condition)} -f -a '(${names})'`]
        : [];
    return [
      ...dynamic,
      ...words.map(({ word, description }) => {
        const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
        const when = condition === '' ? '' : ` -n ${quote(condition)}`;
        return `complete -c lupine${when} ${what} -d ${quote(description)}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}
