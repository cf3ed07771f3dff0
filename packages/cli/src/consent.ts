import { existsSync } from 'node:fs';
import {
  capabilityWords,
  ConsentRequiredError,
  FormatError,
  grantFrom,
  HostPolicyError,
  requestWords,
  type CapabilityName,
  type ConsentAnswer,
  type ConsentRequest,
} from '@ragnos/plugin';
import type { Context } from './command.ts';
import { CliError } from './errors.ts';
import { readJsonObject } from './json-file.ts';
import { askLine } from './prompt.ts';
import { count } from './text.ts';
import { textChangeLines } from './text-changes.ts';
import { isTerminal } from './voice.ts';

const hint =
  '--grant all, --grant none, or names such as --grant fs.read,net.connect, or a JSON file of capabilities';

/** What `--grant` and `--folder` say; undefined without them. @throws CliError USAGE, NO_SUCH_FILE */
export async function readAnswer({ options }: Context): Promise<ConsentAnswer | undefined> {
  const what = options.text('grant');
  const named = options.list('folder');
  const folders = named.length === 0 ? undefined : named;
  if (what === undefined) {
    if (folders === undefined || options.flag('grant')) return undefined;
    throw new CliError('USAGE', '--folder names folders for what is granted', { hint: 'give --grant too' });
  }
  return { granted: await readGranted(what), folders, by: 'flag' };
}

async function readGranted(what: string): Promise<ConsentAnswer['granted']> {
  if (what === 'all') return 'all';
  if (what === 'none') return []; // installed, and allowed nothing of what it asks for
  const names = what.split(',').map((word) => capabilityWords.find((name) => name === word.trim()));
  if (names.every((name): name is CapabilityName => name !== undefined)) return names;
  if (!existsSync(what))
    throw new CliError('USAGE', `${what} is neither all nor none, nor names of capabilities, nor a file`, {
      hint,
    });
  const json = await readJsonObject(what, hint);
  try {
    grantFrom(json, 'grant');
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CliError('USAGE', `${cause.message} in ${what}`, {
      cause,
      hint: `it has what a manifest has: ${capabilityWords.join(', ')}`,
    });
  }
  return json;
}

/**
 * Runs `attempt`, and where somebody has to agree first asks whoever sits at the terminal; without a terminal, without an
 * answer in advance, or with a no, the refusal stands. What is agreed to is exactly what was shown.
 */
export async function withConsent<T>(
  context: Context,
  given: ConsentAnswer | undefined,
  attempt: (answer: ConsentAnswer | undefined) => Promise<T>,
): Promise<T> {
  let answer = given;
  for (;;)
    try {
      return await attempt(answer);
    } catch (error) {
      if (!(error instanceof ConsentRequiredError) || given !== undefined || !canAsk(context)) throw error;
      answer = await ask(context, error.request);
      if (answer === undefined) throw new HostPolicyError('CONSENT_REQUIRED', answeredNo); // all of it was shown just above
    }
}

/** Short: what was asked stands just above. */
export const answeredNo = 'nothing was changed: the answer was no';

/** Whether somebody is there to read what is asked and to answer. */
export function canAsk({ voice, options }: Context): boolean {
  return isTerminal() && !voice.json && !options.flag('quiet');
}

/** Shows a request; undefined is a no, and so is everything but yes. */
export async function ask(context: Context, request: ConsentRequest): Promise<ConsentAnswer | undefined> {
  const { voice, signal } = context;
  const lines = requestLines(request);
  for (const line of lines) voice.note(line);
  const everything = requestLines(request, 'all');
  const isShort = everything.join() !== lines.join();
  let answer = await askLine(`Do you agree? [y/N${isShort ? ', ? shows all' : ''}] `, 'n', signal);
  if (isShort && answer === '?') {
    for (const line of everything) voice.note(line);
    answer = await askLine('Do you agree? [y/N] ', 'n', signal);
  }
  if (!/^y(?:es)?$/i.test(answer)) return undefined;
  const folder = request.choosesFolders
    ? await askLine('Which folder may it use? (empty: none, or as before) ', '', signal)
    : '';
  const folders = folder === '' ? undefined : [folder];
  return { granted: 'all', to: request.manifest, folders, by: 'terminal' };
}

/** What a terminal shows without scrolling: whoever asks for a thousand harmless things must not hide a grave one behind them. */
const mostLines = 16;
const fewestOthers = 4;
const mostCharacters = 160;
const mostOfACapability = 4;

/**
 * A request in words, the gravest first: what is new about an update, all of it at a first installation. As much of it as can
 * be read, or all. Of what is grave no line is left out.
 */
export function requestLines(request: ConsentRequest, extent: 'short' | 'all' = 'short'): readonly string[] {
  const { vendor, plugin, version, previous, narrower, changes, weaker } = request;
  const name = `${vendor}/${plugin}@${version}`;
  const head = previous === null ? `${name} asks for:` : `${name}, unlike ${previous}:`;
  const words = requestWords(request, extent === 'all' ? Infinity : mostOfACapability);
  const sentences = new Set([...changes, ...weaker]);
  const plus = previous === null ? '' : '+ ';
  const grave = words.grave.map((text) => `  ${sentences.has(text) ? '! ' : plus}${text}  (think twice)`);
  const others = [
    ...words.others.map((text) => `  ${plus}${text}`),
    ...(previous === null ? [] : narrower.map(({ text }) => `  - no longer ${text}`)),
  ];
  if (extent === 'all') return [head, ...grave, ...others, ...textChangeLines(textsOf(request))];
  const shown = others.slice(0, Math.max(fewestOthers, mostLines - grave.length));
  const left = others.length - shown.length;
  return [
    head,
    ...[...grave, ...shown].map(clipped),
    ...(left === 0 ? [] : [`  … and ${count(left, 'more', 'more')}`]),
    ...shortTexts(request),
  ];
}

/** What a model reads is another matter than what a plugin may do: neither takes the room of the other. */
function shortTexts(request: ConsentRequest): readonly string[] {
  const { vendor, plugin, version, previous } = request;
  const texts = textsOf(request);
  if (texts.length === 0) return [];
  const name = `${vendor}/${plugin}`;
  return previous === null
    ? [`  what its tools and prompts say to a model: ragv info --texts ${name}@${version}`]
    : textChangeLines(texts, {
        most: mostLines,
        command: `ragv diff --texts ${name}@${previous} @${version}`,
      });
}

/** Of a first version those that are known; that one of an update is not known is worth a line. */
function textsOf({ previous, texts }: ConsentRequest): ConsentRequest['texts'] {
  return previous === null ? texts.filter(({ after }) => after !== null) : texts;
}

function clipped(line: string): string {
  if (line.length <= mostCharacters) return line;
  const end = / {2}\(think twice\)$/.exec(line)?.[0] ?? '';
  return `${line.slice(0, mostCharacters).toWellFormed()}… (${count(line.length - end.length, 'character')})${end}`;
}
