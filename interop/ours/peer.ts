/** Our client as a program of its own, for what has to run beside others: see ../README.md, `sessions`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ours } from '../lib/job.ts';

const [command, root = '', metadataUrl = ''] = process.argv.slice(2);
if (command !== 'sessions') throw new Error(`no such command: ${command ?? ''}`);
const url = metadataUrl.replace(/metadata\/$/, '');

for await (const out of createInterface({ input: process.stdin })) {
  const paths = (await readFile(join(out, 'paths'), 'utf8')).split('\n').slice(0, -1);
  const contents = new Map(paths.map((path) => [path, null]));
  const outcome = await ours({ root, url, out, contents });
  const error = outcome.kind === 'refused' ? outcome.error : outcome.kind;
  const message = 'message' in outcome ? outcome.message : '';
  process.stdout.write(`${JSON.stringify(outcome.kind === 'accepted' ? {} : { error, message })}\n`);
}
