import { ConfineRefusedError } from '../confine/errors.ts';
import type { Context } from '../host/context.ts';
import type { PluginSpec } from '../names.ts';
import type { LoadLimits, PluginLog } from './api.ts';
import { Conversation } from './conversation.ts';
import { LoadFailureError } from './errors.ts';
import { readLines } from './lines.ts';
import { programOf } from './module-program.ts';
import { startPlugin, type Started, type StartOptions } from './start.ts';

/** One process of a plugin, and what is said with it. */
export interface Run {
  readonly started: Started;
  readonly talk: Conversation;
  /** Why we end it. */
  why: Error | null;
}

/** Who hears what a process says by itself. */
export interface RunEvents {
  readonly onDenied: StartOptions['onDenied'];
  readonly event: (name: string, data: unknown) => void;
  readonly log: (stream: PluginLog['stream'], line: string) => void;
  /** It breaks the rules of its channel, or answers nothing any more: it is to be ended, for this. */
  readonly fault: (error: Error) => void;
}

/**
 * Verifies and starts a plugin's main module. Nothing of its channel is heard before `talk.listen()`; that it is up, `talk.up`
 * says then. @throws what `startPlugin` throws
 */
export async function beginRun(
  context: Context,
  spec: PluginSpec,
  options: Omit<StartOptions, 'limits' | 'onDenied'>,
  limits: LoadLimits,
  { onDenied, event, log, fault }: RunEvents,
): Promise<Run> {
  const started = await startPlugin(context, spec, programOf, {
    ...options,
    limits: { messageBytes: limits.valueBytes, startTimeMs: limits.startTimeMs },
    onDenied,
  });
  const { process: confined, clean } = started;
  const { channel } = confined;
  if (channel === null) throw new Error('started without its channel');
  const listeners = {
    event,
    log: (line: string) => log('log', line),
    fault: (why: string) =>
      fault(new ConfineRefusedError('CHANNEL_GARBAGE', `on its private channel: ${why}`)),
    hung: () =>
      fault(
        new LoadFailureError('PLUGIN_HUNG', 'it answers nothing any more, and was ended', {
          hint: `it computed for more than limits.hungTimeMs (${limits.hungTimeMs} ms) at a stretch after a call had run out of time`,
        }),
      ),
  };
  const talk = new Conversation(channel, limits, listeners, clean);
  const lines = { maxBytes: limits.logLineBytes, perSecond: limits.messagesPerSecond };
  readLines(confined.stdout, lines, (line) => log('stdout', clean(line)));
  readLines(confined.stderr, lines, (line) => log('stderr', clean(line)));
  return { started, talk, why: null };
}
