import { commands, commonOptions } from './commands.ts';

/** The words after `ragv` → what may follow. */
function continuations(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (after: string, word: string): void => {
    const words = found.get(after) ?? [];
    if (!words.includes(word)) words.push(word);
    found.set(after, words);
  };
  for (const spec of commands) {
    const [first = '', second] = spec.words;
    add('', first);
    if (second !== undefined) add(first, second);
    for (const [flags] of [...spec.options, ...commonOptions(spec)])
      add(spec.words.join(' '), flags.split(' ')[0] ?? '');
  }
  return found;
}

/** A script made from the command table; null for a shell that we do not know. */
export function completionScript(shell: string): string | null {
  const cases = [...continuations()];
  if (shell === 'fish') return fish(cases);
  if (shell !== 'bash' && shell !== 'zsh') return null;
  const branches = cases.map(([after, words]) => `    '${after}') words='${words.join(' ')}' ;;`).join('\n');
  const start = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${start}_ragv() {
  local before words=''
  before="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  before="\${before%% -*}"
  case "$before" in
${branches}
  esac
  [ -n "$words" ] || words="$(_ragv_shorter "$before")"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_ragv_shorter() {
  local before="\${1% *}"
  case "$before" in
${branches.replaceAll('words=', 'echo ')}
  esac
}
complete -o default -F _ragv ragv
`;
}

function fish(cases: readonly (readonly [string, readonly string[]])[]): string {
  const lines = cases.flatMap(([after, words]) => {
    const seen = after
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => `__fish_seen_subcommand_from ${word}`);
    const condition = seen.length === 0 ? '__fish_use_subcommand' : seen.join('; and ');
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c ragv -n '${condition}' -l ${word.slice(2)}`
        : `complete -c ragv -n '${condition}' -a ${word}`,
    );
  });
  return `${lines.join('\n')}\n`;
}
