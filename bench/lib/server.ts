/** Starts the benchmarks' static server as a process of its own, so that its CPU is in nobody's figure. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface FolderServer {
  readonly url: string;
  stop(): void;
}

export async function serveFolder(folder: string): Promise<FolderServer> {
  const program = fileURLToPath(new URL('../programs/serve-folder.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  return { url: `http://127.0.0.1:${line.trim()}`, stop: () => void child.kill() };
}
