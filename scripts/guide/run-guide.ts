/**
 * Runs a guide: every `console` block of a Markdown file, its commands (`$ …`) in one shell, in order. What they print
 * is compared with what stands there, so that a guide cannot say what the program does not do.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { inherited } from '../demo/run.ts';
import { repositoryRoot } from '../demo/stage.ts';

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

/** What differs from run to run: the root's fingerprint, and times. Archives are reproducible, so their sizes and digests stay. */
export function normalised(outputs: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const root = /^fingerprint: +sha256:([0-9a-f]{64})$/m.exec(outputs.flat().join('\n'))?.[1] ?? 'none';
  return outputs.map((lines) =>
    lines.map((line) =>
      line
        .replaceAll(root, '<root>')
        .replaceAll(root.slice(0, 16), '<root>')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
        .replace(/less than a minute|\b\d+ (?:d|h|min)\b(?: \d+ (?:h|min)\b)?/g, '<time>')
        .trimEnd(),
    ),
  );
}

/** A runbook is all about keys, which are new each time: every digest, key id, event and size beside them. */
export function normalisedKeys(outputs: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return normalised(outputs).map((lines) =>
    lines.map((line) =>
      line
        .replace(/[0-9a-f]{64}/g, '<sha256>')
        .replace(/\b[0-9a-f]{16}(?:…|\b)/g, '<key>')
        .replace(/-\d{8}-[0-9a-f]{6}\b/g, '-<event>')
        .replace(/\b(?:[0-9a-f]{16}|[0-9a-f]{12})\b/g, '<key>')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
        .replace(/\b\d{4}-\d\d-\d\d\b/g, '<date>')
        .replace(/\b\d{4}-\d\d-\d\d\b/g, '<date>')
        .replace(/\d+ bytes/g, '<size>')
        .replace(/; [^\s@]+@[^\s:]+: /, '; <who>: ')
        .replace(/ragv \S+, node v\S+, openssl \S+/, '<tool>')
        .trimEnd(),
    ),
  );
}

/** The first `sh` block: how a newcomer gets the command. `folder` is where it says that the rest happens. */
function readSetUp(markdown: string, folder: string): string {
  const block = /^```sh\n(?<body>[\s\S]*?)^```$/m.exec(markdown)?.groups?.['body'] ?? '';
  const [, said] = /&& cd (\S+)\n/.exec(block) ?? [];
  if (said === undefined) throw new Error('the guide does not say where to go');
  return block.replace(`mkdir ${said}`, 'true').replaceAll(said, folder);
}

/**
 * Runs the steps of a guide in `work`, a new folder, in one shell that begins in a clone of this project, and returns what
 * each printed (stdout and stderr as they came), `work` as `~`.
 */
export async function runSteps(markdown: string, work: string): Promise<readonly (readonly string[])[]> {
  const env = { ...inherited(), HOME: work };
  const background: ChildProcess[] = [];
  const shell = spawn('bash', ['--noprofile', '--norc'], {
    cwd: repositoryRoot,
    env,
    stdio: 'pipe',
  });
  shell.stderr.pipe(process.stderr, { end: false });
  try {
    await runInShell(shell, readSetUp(markdown, work), -1);
    const [path = ''] = await runInShell(shell, 'echo "$PATH"', -2);
    const outputs: (readonly string[])[] = [];
    for (const [index, step] of readSteps(markdown).entries())
      outputs.push(
        step.background
          ? await runInBackground(step, work, { ...env, PATH: path }, background)
          : await runInShell(shell, step.command, index),
      );
    return outputs.map((lines) => lines.map((line) => line.replaceAll(work, '~')));
  } finally {
    shell.kill();
    for (const child of background) child.kill('SIGTERM');
  }
}

/** No step of a guide takes so long, even on a busy machine; whoever waits longer is told where. */
const stepLimitMs = 180_000;

/** The shell lives through all steps, so that `cd` and `export` do what they do for a person. */
function runInShell(shell: ChildProcess, command: string, index: number): Promise<readonly string[]> {
  const mark = `@@end of ${index}@@`;
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`still at it after ${stepLimitMs / 1000} s: ${command}\n${text}`)),
      stepLimitMs,
    );
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      if (!text.includes(mark)) return;
      clearTimeout(timer);
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
    stdio: ['ignore', 'pipe', 'ignore'], // 2>&1
  });
  children.push(child);
  const wanted = Math.max(1, step.output.length);
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`said no more in ${stepLimitMs / 1000} s: ${step.command}\n${text}`)),
      stepLimitMs,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.split('\n').slice(0, -1);
      if (lines.length < wanted) return;
      clearTimeout(timer);
      resolve(lines.slice(0, wanted));
    });
    child.once('exit', (code) => reject(new Error(`${step.command} ended with ${code}: ${text}`)));
  });
}
