/** Our packages as they are published (docs/adr/0006), with the benchmarks' programs beside them, so that these find them. */
import { execFileSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../out/staged/', import.meta.url));

/** The command's main file. */
export const ragvMain = `${folder}node_modules/@ragnos/cli/dist/main.js`;

/** The path of a program of bench/programs, where it imports what is published. */
export function program(name: string): string {
  return `${folder}programs/${name}`;
}

/** Before anything is measured; in a process of its own, since the peak memory of ours would be in every child's figure. */
export async function setUpPackages(): Promise<void> {
  const stage = fileURLToPath(new URL('../../scripts/stage.ts', import.meta.url));
  execFileSync(process.execPath, [stage, folder], { stdio: 'inherit' });
  await cp(fileURLToPath(new URL('../programs/', import.meta.url)), `${folder}programs/`, {
    recursive: true,
  });
}
