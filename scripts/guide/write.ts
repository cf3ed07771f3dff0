/** `node scripts/guide/write.ts [file…]`: runs docs/guide.md, or the files, and writes what their commands print now into them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../demo/stage.ts';
import { runSteps, withOutputs } from './run-guide.ts';

const given = process.argv.slice(2);
for (const path of given.length > 0 ? given : [join(repositoryRoot, 'docs', 'guide.md')]) {
  const markdown = await readFile(path, 'utf8');
  const work = await mkdtemp(join(tmpdir(), 'ragv-guide-'));
  const outputs = await runSteps(markdown, work);
  await writeFile(path, withOutputs(markdown, outputs));
  await rm(work, { recursive: true, force: true });
}
