/**
 * Runs a guide: every `console` block of a Markdown file, its commands (`$ …`) in one shell, in order. What they print
 * is compared with what stands there, so that a guide cannot say what the program does not do.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inherited } from '../demo/run.ts';
import { commandMain, repositoryRoot } from '../demo/stage.ts';

/** One command, and the lines below it. */
export interface Step {
  readonly command: string;
  readonly output: readonly string[];
  /** It runs on in another terminal. */
  readonly background: boolean;
}

const fence = /^```console(?<background> background)?\n(?<body>[\s\S]*?)^```$/gm;

export function readSteps(markdown: string): readonly Step[] {
  return [...markdown.matchAll(fence)].flatMap((match) => {
    const steps: { command: string; output: string[]; background: boolean }[] = [];
    for (const line of (match.groups?.['body'] ?? '').trimEnd().split('\n'))
      if (line.startsWith('$ '))
        steps.push({
          command: line.slice(2),
          output: [],
          background: match.groups?.['background'] !== undefined,
        });
      else steps.at(-1)?.output.push(line);
    return steps;
  });
}

/** The guide with what its commands print now. */
export function withOutputs(markdown: string, outputs: readonly (readonly string[])[]): string {
  let index = 0;
  return markdown.replace(fence, (whole: string, background: string | undefined, body: string) => {
    const commands = body.split('\n').filter((line) => line.startsWith('$ '));
    const lines = commands.flatMap((command) => [command, ...(outputs[index++] ?? [])]);
    return `\`\`\`console${background ?? ''}\n${lines.join('\n')}\n\`\`\``;
  });
}

/** What differs from run to run: digests, sizes that follow from them, durations, the folder. */
export function normalised(lines: readonly string[]): readonly string[] {
  return lines.map((line) =>
    line
      .replace(/[0-9a-f]{12,}…?/g, '<hex>')
      .replace(/\d+ (?:B|kB)\b/g, '<size>')
      .replace(/\d+ (?:d|h|min)(?: \d+ (?:h|min))?/g, '<time>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/ +/g, ' ')
      .trimEnd(),
  );
}

/** Runs the steps in `work`, a new folder, and returns what each printed (stdout and stderr as they came), `work` as `~`. */
export async function runSteps(
  steps: readonly Step[],
  work: string,
): Promise<readonly (readonly string[])[]> {
  const bin = join(work, '.bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'ragv'), `#!/bin/sh\nexec '${process.execPath}' '${commandMain}' "$@"\n`, {
    mode: 0o755,
  });
  await symlink(process.execPath, join(bin, 'node'));
  const env = {
    ...inherited(),
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: work,
    REPOSITORY: repositoryRoot,
  };
  const background: ChildProcess[] = [];
  const shell = spawn('bash', ['--noprofile', '--norc'], {
    cwd: work,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const outputs: (readonly string[])[] = [];
    for (const [index, step] of steps.entries())
      outputs.push(
        step.background
          ? await runInBackground(step, work, env, background)
          : await runInShell(shell, step.command, index),
      );
    return outputs.map((lines) => lines.map((line) => line.replaceAll(work, '~')));
  } finally {
    shell.kill();
    for (const child of background) child.kill('SIGTERM');
  }
}

/** The shell lives through all steps, so that `cd` and `export` do what they do for a person. */
function runInShell(shell: ChildProcess, command: string, index: number): Promise<readonly string[]> {
  const mark = `@@end of ${index}@@`;
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      if (!text.includes(mark)) return;
      shell.stdout?.removeAllListeners();
      resolve(text.slice(0, text.indexOf(mark)).split('\n').slice(0, -1));
    };
    shell.stdout?.on('data', read);
    shell.stdout?.once('end', () => reject(new Error(`the shell ended in: ${command}`)));
    shell.stdin?.write(`{ ${command}\n} 2>&1 </dev/null; echo '${mark}'\n`);
  });
}

/** Started like in a terminal of its own; its output is what it says within the lines that the guide shows. */
async function runInBackground(
  step: Step,
  cwd: string,
  env: NodeJS.ProcessEnv,
  children: ChildProcess[],
): Promise<readonly string[]> {
  const child = spawn('bash', ['-c', `exec env ${step.command} 2>&1`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const wanted = Math.max(1, step.output.length);
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.split('\n').slice(0, -1);
      if (lines.length >= wanted) resolve(lines.slice(0, wanted));
    });
    child.once('exit', (code) => reject(new Error(`${step.command} ended with ${code}: ${text}`)));
  });
}
