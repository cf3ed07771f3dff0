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
  if (shell === 'bash') return `${lookUp(cases)}${bash}`;
  if (shell === 'zsh') return `#compdef ragv\n${lookUp(cases)}${zsh}`;
  return shell === 'fish' ? fish(cases) : null;
}

type Cases = readonly (readonly [after: string, words: readonly string[]])[];

/** What follows the words given; the same text serves bash and zsh. */
function lookUp(cases: Cases): string {
  const branches = cases.map(([after, words]) => `    '${after}') echo '${words.join(' ')}' ;;`);
  return `_ragv_after() {\n  case "$1" in\n${branches.join('\n')}\n  esac\n}\n`;
}

const bash = `_ragv() {
  local word offer rest=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) rest+=("$word") ;; esac
  done
  offer="$(_ragv_after "\${rest[0]-}\${rest[1]:+ \${rest[1]}}")"
  [ -n "$offer" ] || offer="$(_ragv_after "\${rest[0]-}")"
  COMPREPLY=($(compgen -W "$offer" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ragv ragv
`;

const zsh = `_ragv() {
  local word offer
  local -a rest
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] || rest+=("$word")
  done
  offer="$(_ragv_after "\${rest[1]-}\${rest[2]:+ \${rest[2]}}")"
  [[ -n "$offer" ]] || offer="$(_ragv_after "\${rest[1]-}")"
  [[ -z "$offer" ]] || compadd -- \${(z)offer}
  _files
}
(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
compdef _ragv ragv
`;

function fish(cases: Cases): string {
  const groups = cases.filter(([, words]) => words.every((word) => !word.startsWith('-')));
  const groupWords = groups.map(([after]) => after).filter((after) => after !== '');
  const lines = cases.flatMap(([after, words]) => {
    const condition = fishCondition(after, groupWords, groups);
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c ragv -n '${condition}' -l ${word.slice(2)}`
        : `complete -c ragv -n '${condition}' -f -a ${word}`,
    );
  });
  return `${lines.join('\n')}\n`;
}

/** `list` alone is not the `list` of `key list`. */
function fishCondition(after: string, groupWords: readonly string[], groups: Cases): string {
  if (after === '') return '__fish_use_subcommand';
  const seen = after.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const inGroup = groups.find(([word]) => word === after);
  if (inGroup !== undefined) seen.push(`not __fish_seen_subcommand_from ${inGroup[1].join(' ')}`);
  else if (!after.includes(' ')) seen.push(`not __fish_seen_subcommand_from ${groupWords.join(' ')}`);
  return seen.join('; and ');
}
