/** Our packages as they are published (docs/adr/0006), with the benchmarks' programs beside them, so that these find them. */
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stagePackages } from '../../scripts/stage.ts';

const folder = fileURLToPath(new URL('../out/staged/', import.meta.url));

/** The command's main file. */
export const ragvMain = `${folder}node_modules/@ragnos/cli/dist/main.js`;

/** The path of a program of bench/programs, where it imports what is published. */
export function program(name: string): string {
  return `${folder}programs/${name}`;
}

/** Before anything is measured. */
export async function setUpPackages(): Promise<void> {
  await stagePackages(folder);
  await cp(fileURLToPath(new URL('../programs/', import.meta.url)), `${folder}programs/`, {
    recursive: true,
  });
}
