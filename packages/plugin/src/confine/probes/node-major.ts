import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function nodeMajor(node: string): Promise<number> {
  if (node === process.execPath) return Number(process.versions.node.split('.')[0]);
  const { stdout } = await run(node, ['--version'], { env: {} });
  return Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0);
}
