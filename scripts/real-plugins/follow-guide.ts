/**
 * Pages of docs/ that need a network are followed here, as the others are by scripts/guide/guide.test.ts. Of a page that needs
 * it for some steps alone, those are in blocks marked `console network`, which the test leaves out.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
  // A host hands a server little more than HOME and PATH, so that `npx` finds no authority which is named in a variable.
  const authority = process.env['NODE_EXTRA_CA_CERTS'];
  if (authority !== undefined) await writeFile(join(work, '.npmrc'), `cafile=${authority}\n`);
  try {
    const started = performance.now();
    const printed = normalised(await runSteps(markdown, work));
    const told = normalised(steps.map(({ output }) => output));
    for (const [index, { command }] of steps.entries()) {
      const [now, then] = [printed[index]?.join('\n') ?? '', told[index]?.join('\n') ?? ''];
      if (now !== then) throw new Error(`docs/${page}\n$ ${command}\nprints\n${now}\nand not\n${then}`);
    }
    console.log(
      `docs/${page}: ${steps.length} commands, as it says, in ${Math.round((performance.now() - started) / 1000)} s`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
