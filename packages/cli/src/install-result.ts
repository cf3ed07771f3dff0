import type { InstallResult } from '@ragnos/plugin';
import type { Voice } from './voice.ts';
import { bytes, count } from './text.ts';

/** Says what an install, update or rollback did, and what it held back. */
export function sayInstalled(voice: Voice, results: readonly InstallResult[]): void {
  for (const result of results) for (const note of result.notes) voice.note(`${nameOf(result)}: ${note}`);
  voice.answer(
    { results },
    results.map((result) => {
      if (!result.changed && !result.dryRun) return `${nameOf(result)} ${stays(result)}`;
      const from = result.previous === null ? '' : ` (was ${result.previous})`;
      const size = `${count(result.files, 'file')}${result.downloaded === 0 ? '' : `, ${bytes(result.downloaded)} downloaded`}`;
      return `${result.dryRun ? 'would install' : 'installed'} ${nameOf(result)}${from}  ${size}, every file verified`;
    }),
  );
  for (const { held } of results) {
    if (held === null) continue;
    voice.warn(`${held.message} [${held.code}]`);
    if (held.hint !== null) voice.note(`hint: ${held.hint}`);
  }
}

function stays({ held }: InstallResult): string {
  return held === null ? 'is installed already' : `stays; ${held.version} is held`;
}

function nameOf(result: InstallResult): string {
  return `${result.vendor}/${result.plugin}@${result.version}`;
}
