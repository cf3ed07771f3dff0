import { hostname } from 'node:os';
import { join } from 'node:path';
import { noteHead, watch, type WatchEnd, type WatchEvent } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes, exitOf } from '../exit-codes.ts';
import { toJson } from '../json.ts';
import { duration } from '../text.ts';
import { openVault, vaultFolder, type Vault } from '../vault/vault.ts';
import { alertTo, type Alert, type SendAlert } from './alert.ts';
import { signedRoles } from './signed-roles.ts';
import { logWatcher } from './watch-log.ts';

/** `ragv refresh --watch`: until a signal ends it, or it cannot do its work any more. */
export async function watchRoles(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const every = numberOf(context, 'every', 'minutes', 60_000);
  const giveUpAfter = numberOf(context, 'give-up', 'hours', 3_600_000);
  const address = options.text('alert-url') ?? process.env['RAGV_ALERT_URL'];
  const send = address === undefined || address === '' ? null : alertTo(address);
  const folder = vaultFolder(context);
  const lookAtLog = logWatcher(context, send);
  let vault: Vault | null = null;
  voice.note(`watching ${folder}${send === null ? '; nobody is alerted (no --alert-url)' : ''}`);
  try {
    const end = await watch({
      open: async () => {
        const opened = await openVault(context);
        vault = opened;
        const { repository } = opened;
        return {
          status: (call) => repository.status(call),
          refresh: async (call) => {
            await lookAtLog(opened); // before we write into it ourselves
            return repository.refresh(call);
          },
        };
      },
      onEvent: async (event) => {
        await told(context, event, send, folder);
        if (event.kind === 'refreshed' && vault !== null) await remember(vault, context);
      },
      signal,
      ...(every === undefined ? {} : { every }),
      ...(giveUpAfter === undefined ? {} : { giveUpAfter }),
    });
    voice.note(ending(end));
    return exitOfEnd(end);
  } finally {
    await closed(vault);
  }
}

/** For `ragv gc`, which knows the more of what clients may hold the oftener somebody looked. */
async function remember({ storage, folder }: Vault, { voice, signal }: Context): Promise<void> {
  await noteHead(storage, join(folder, 'staging'), { signal }).catch((error: unknown) =>
    voice.note(`not remembered for ragv gc: ${error instanceof Error ? error.message : String(error)}`),
  );
}

async function closed(vault: Vault | null): Promise<void> {
  await vault?.repository.close();
}

function numberOf({ options }: Context, name: string, unit: string, factor: number): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 10_000))
    throw new CliError('USAGE', `--${name} ${text} is no number of ${unit}`);
  return value * factor;
}

async function told(
  { voice, signal }: Context,
  event: WatchEvent,
  send: SendAlert | null,
  vault: string,
): Promise<void> {
  const text = textOf(event);
  if (voice.json) voice.text(`${JSON.stringify(toJson({ ...event, text }))}\n`);
  else if (event.kind === 'trouble') voice.warn(text);
  else voice.answer(event, [text]);
  if (send === null || event.kind === 'refreshed') return;
  const failure = await send(alertOf(event, text, vault), signal);
  if (failure !== null) voice.warn(`the alert was not delivered: ${failure}`);
}

function textOf(event: WatchEvent): string {
  const at = `${event.at.toISOString().slice(0, 19)}Z`;
  switch (event.kind) {
    case 'refreshed':
      return `${at} re-signed ${signedRoles(event.roles)}; next within ${duration(event.next.getTime() - event.at.getTime())}`;
    case 'recovered':
      return `${at} over: ${event.trouble}`;
    case 'trouble': {
      const left = event.breaks === null ? null : event.breaks.getTime() - event.at.getTime();
      const breaks =
        left === null
          ? ''
          : left > 0
            ? `; clients break in ${duration(left)}`
            : `; clients break since ${duration(left)}`;
      return `${at} ${event.trouble}: ${event.message}${breaks}`;
    }
  }
}

function alertOf(event: Exclude<WatchEvent, { kind: 'refreshed' }>, text: string, vault: string): Alert {
  const trouble = event.kind === 'trouble' ? event : null;
  return {
    format: 'ragnos-alert/1',
    at: event.at.toISOString(),
    kind: event.kind,
    trouble: event.trouble,
    text,
    roles: trouble?.roles ?? [],
    breaks: trouble?.breaks?.toISOString() ?? null,
    code: trouble?.code ?? null,
    vault,
    host: hostname(),
  };
}

function ending({ reason, pending }: WatchEnd): string {
  if (reason === 'stopped')
    return pending.length === 0 ? 'stopped' : `stopped; still to be signed elsewhere: ${pending.join(', ')}`;
  return reason === 'keys-missing'
    ? 'nothing can be re-signed without these keys; bring them, and start it again'
    : 'given up; see the warnings above';
}

/** 0 when it was asked to stop and nothing is left; 8 while signatures are missing; else that of what it gave up on. */
function exitOfEnd({ reason, pending, error }: WatchEnd): number {
  if (reason === 'keys-missing') return exitCodes.pending[0];
  if (reason === 'stopped') return pending.length === 0 ? exitCodes.ok[0] : exitCodes.pending[0];
  return reason === 'unreachable' ? exitCodes.unreachable[0] : exitOf(error);
}
