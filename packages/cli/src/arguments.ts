import { commands, commonOptions } from './commands.ts';

/**
 * `ragv --json list` means `ragv list --json`: common options that stand before the command are moved behind its words,
 * where the parser knows which of them the command has.
 */
export function commonOptionsLast(args: readonly string[]): readonly string[] {
  const takesValue = new Map(
    commands.flatMap((spec) =>
      commonOptions(spec).map(([flags]) => [flags.split(' ')[0] ?? '', flags.includes(' ')] as const),
    ),
  );
  let at = 0;
  for (let arg = args[at]; arg !== undefined; arg = args[at]) {
    const [name = '', value] = arg.split('=', 2);
    const known = takesValue.get(name);
    if (known === undefined) break;
    at += known && value === undefined ? 2 : 1;
  }
  const rest = args.slice(at);
  const isGroup = commands.some(({ words }) => words.length > 1 && words[0] === rest[0]);
  const words = isGroup ? 2 : 1;
  return [...rest.slice(0, words), ...args.slice(0, at), ...rest.slice(words)];
}
