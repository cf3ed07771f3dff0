/**
 * Pages of docs/ that need a network are followed here, as the others are by scripts/guide/guide.test.ts. Of a page that needs
 * it for some steps alone, those are in blocks marked `console network`, which the test leaves out.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../demo/stage.ts';
import { normalised, readSteps, runSteps } from '../guide/run-guide.ts';

/** @throws when a command prints something else than the page says */
export async function followGuide(page: string): Promise<void> {
  const text = await readFile(join(repositoryRoot, 'docs', page), 'utf8');
  const markdown = text.replaceAll('```console network\n', '```console\n');
  const steps = readSteps(markdown);
  const work = await mkdtemp(join(tmpdir(), 'ragv-guide-'));
  try {
    const printed = normalised(await runSteps(markdown, work));
    const told = normalised(steps.map(({ output }) => output));
    for (const [index, { command }] of steps.entries()) {
      const [now, then] = [printed[index]?.join('\n') ?? '', told[index]?.join('\n') ?? ''];
      if (now !== then) throw new Error(`docs/${page}\n$ ${command}\nprints\n${now}\nand not\n${then}`);
    }
    console.log(`docs/${page}: ${steps.length} commands, as it says`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
