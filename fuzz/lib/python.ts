import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One long-lived Python: a line of JSON asks, a line of JSON answers, in order. */
export interface Python {
  ask(request: unknown): Promise<unknown>;
  end(): Promise<void>;
}

export function startPython(interpreter: string): Python {
  const program = fileURLToPath(new URL('../peer.py', import.meta.url));
  const child = spawn(interpreter, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }[] =
    [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`the Python peer ended with ${code}`));
      resolve();
    });
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    end: () => {
      child.stdin.end();
      return ended;
    },
  };
}
