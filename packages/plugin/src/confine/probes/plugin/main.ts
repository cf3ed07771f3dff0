/** A plugin that tries everything: a line of JSON says what, a line of JSON answers. It is run by the probe suite and by nobody else. */
import { codeAttempts } from './code.ts';
import { controls } from './controls.ts';
import { fileAttempts } from './files.ts';
import { networkAttempts } from './network.ts';
import { processAttempts, resourceAttempts } from './processes.ts';
import type { Attempts, Target } from './target.ts';

const quick: Attempts = {
  ...controls,
  ...fileAttempts,
  ...networkAttempts,
  ...processAttempts,
  ...codeAttempts,
};
const attempts: Attempts = { ...quick, ...resourceAttempts };
const { stdin } = process;
const answers = Reflect.get(process, 'stdout') as NodeJS.WriteStream;

async function attempt(
  id: string,
  target: Target,
): Promise<{ readonly got?: string; readonly failed?: string }> {
  try {
    const tried = attempts[id];
    if (tried === undefined) return { failed: 'no such attempt' };
    const ms = id in quick ? 4000 : 15_000;
    const slow = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error('no answer')), ms).unref(),
    );
    const got = await Promise.race([Promise.resolve(tried(target, id)), slow]);
    return { got: String(got).slice(0, 20_000) };
  } catch (error) {
    return { failed: String(error).slice(0, 200) };
  }
}

process.on('uncaughtException', () => undefined); // late failures of attempts that are over
let line = '';
stdin.setEncoding('utf8').on('data', (text: string) => {
  line += text;
  if (!line.endsWith('\n')) return;
  const { id, target } = JSON.parse(line) as { readonly id: string; readonly target: Target };
  line = '';
  void attempt(id, target).then((answer) => answers.write(`${JSON.stringify({ id, ...answer })}\n`));
});
stdin.on('end', () => process.exit(0));
