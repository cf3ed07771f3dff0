/** `node scripts/guide/write.ts`: runs docs/guide.md and writes what its commands print now into it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../demo/stage.ts';
import { runSteps, withOutputs } from './run-guide.ts';

const path = join(repositoryRoot, 'docs', 'guide.md');
const markdown = await readFile(path, 'utf8');
const work = await mkdtemp(join(tmpdir(), 'ragv-guide-'));
const outputs = await runSteps(markdown, work);
await writeFile(path, withOutputs(markdown, outputs));
await rm(work, { recursive: true, force: true });
