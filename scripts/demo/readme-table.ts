/** README's tables of attacks, made from the attacks themselves. */
import type { Attack, Limit } from './attack.ts';

export function attackTable(attacks: readonly Attack[]): string {
  const rows = attacks.map(({ title, codes, exit }) => [title, refusedAs(codes), String(exit)]);
  return table(['attack', 'refused as', 'exit'], ['---', '---', '---:'], ...rows);
}

export function limitTable(limits: readonly Limit[]): string {
  const rows = limits.map(({ title, why, shows }) => [title, why, `\`ragv ${shows.command.join(' ')}\``]);
  return table(['what works all the same', 'because', 'what shows it'], ['---', '---', '---'], ...rows);
}

/** A code where there is one; else what is said. */
function refusedAs(codes: readonly string[]): string {
  const found = codes.map((text) => {
    const code = /^[A-Z_]+$/.exec(text)?.[0] ?? /\[([A-Z_]+)\]$/.exec(text)?.[1];
    return code === undefined ? text : `\`${code}\``;
  });
  return found.join(', ');
}

function table(...rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
