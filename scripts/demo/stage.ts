/** What the demo's scenes share: folders, the real command, and a narrator that suits a terminal and a log alike. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMain, type Outcome, type RunOptions } from './run.ts';

export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));
export const commandMain = join(repositoryRoot, 'packages', 'cli', 'dist', 'main.js');

export interface Stage {
  /** Everything the demo makes lies here: `vault/` (the operator's) and `host/` (the host's). */
  readonly dir: string;
  readonly vault: string;
  readonly host: string;
  /** Environment of the operator's commands: where the password is. Hosts know no password. */
  readonly operatorEnv: Readonly<Record<string, string>>;
  readonly hostEnv: Readonly<Record<string, string>>;
}

/** An empty stage in `dir`; what an earlier demo left there is removed, and nothing else. */
export async function newStage(dir: string): Promise<Stage> {
  await rm(dir, { recursive: true, force: true });
  const host = join(dir, 'host');
  await mkdir(host, { recursive: true });
  const passwordFile = join(dir, 'password.txt');
  await writeFile(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  return {
    dir,
    vault: join(dir, 'vault'),
    host,
    operatorEnv: { RAGV_KEY_PASSWORD_FILE: passwordFile },
    hostEnv: { RAGV_HOME: join(host, 'home') },
  };
}

/** To bundle and read two large packages takes half a minute, and more on a machine that has other things to do. */
const publishingMs = 300_000;

/** Runs `ragv`, tells the audience, and fails the demo unless it succeeds, or is refused as `refused` says. */
export async function ragv(
  args: readonly string[],
  options: RunOptions & {
    readonly refused?: readonly [exit: number, says: string];
    readonly show?: number;
  },
): Promise<Outcome> {
  const input = options.input === undefined ? '' : `echo ${quoted(options.input.trimEnd())} | `;
  const done = telling(`$ ${input}ragv ${args.map(quoted).join(' ')}`);
  const outcome = await runMain(commandMain, args, { timeout: publishingMs, ...options });
  done();
  show(outcome, options.show ?? 6);
  const [exit, says] = options.refused ?? [0, ''];
  if (outcome.exit !== exit || !outcome.said.includes(says))
    throw new Error(
      `ragv ${args.join(' ')} ended with ${outcome.exit}, not ${exit} ${says}:\n${outcome.said}`,
    );
  return outcome;
}

/** The same without an audience; returns the outcome or fails unless the command succeeded. */
export async function ragvQuietly(
  args: readonly string[],
  options: RunOptions & { readonly node?: readonly string[] },
): Promise<Outcome> {
  const outcome = await runMain(commandMain, args, options);
  if (outcome.exit !== 0)
    throw new Error(`ragv ${args.join(' ')} ended with ${outcome.exit}: ${outcome.stderr}`);
  return outcome;
}

/** What Node is given so that a program lives so much later; nothing for no time. */
export function shiftedClock(ms = 0): {
  readonly node: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  if (ms === 0) return { node: [], env: {} };
  const preload = join(repositoryRoot, 'scripts', 'demo', 'shifted-clock.mjs');
  return { node: ['--import', preload], env: { DEMO_CLOCK_SHIFT_MS: String(ms) } };
}

/** Prints a heading of the story. */
export function scene(title: string): void {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 74 - title.length))}`);
}

/** Prints one sentence of the narrator. */
export function say(text: string): void {
  console.log(text);
}

/** On a terminal a running clock stands behind the line until the returned function is called. */
export function telling(line: string): () => void {
  if (!process.stdout.isTTY) {
    console.log(line);
    return () => undefined;
  }
  const started = Date.now();
  // A line that the terminal breaks would stay, and be written anew each time.
  const room = Math.max(20, process.stdout.columns - 10);
  const short = line.length <= room ? line : `${line.slice(0, room - 1)}…`;
  const draw = (): void =>
    void process.stdout.write(`\r${short}  (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  const timer = setInterval(draw, 250);
  return () => {
    clearInterval(timer);
    process.stdout.write(`\r\u001b[K${line}\n`);
  };
}

function show(outcome: Outcome, most: number): void {
  const lines = outcome.said.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.slice(0, most)) console.log(`    ${line}`);
  if (lines.length > most) console.log(`    … ${lines.length - most} more`);
}

function quoted(arg: string): string {
  return /^[\w@./:^=+-]+$/.test(arg) ? arg : `'${arg}'`;
}

/** The JSON that a command answered, or an error that names the command's output. */
export function answered(outcome: Outcome): unknown {
  try {
    return JSON.parse(outcome.stdout);
  } catch (cause) {
    throw new Error(`no JSON in: ${outcome.stdout}`, { cause });
  }
}

export async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}
