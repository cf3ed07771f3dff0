import { VaultError } from '@ragnos/tuf';

import { readSpec, type Context } from '../host/context.ts';
import { verifyEvidence } from '../host/evidence.ts';
import { hostOn, openContext } from '../host/open-host.ts';
import { openSession } from '../host/session.ts';
import { judgeRunning } from '../host/watch.ts';
import type { OnRevoked } from '../formats/organisation-policy.ts';
import type { Activated } from './activate.ts';
import { verifyTree } from './activate.ts';
import type {
  CallSettings,
  LoadOptions,
  McpOptions,
  PluginApi,
  PluginHandle,
  Recheck,
  Vault,
  VaultOptions,
} from './api.ts';
import { LoadFailureError } from './errors.ts';
import { Handle } from './handle.ts';
import { mcpTransport, type McpTransport } from './mcp/transport.ts';

const defaultRecheckMs = 15 * 60_000;

/** What runs, as far as judging it again goes. */
export interface Live {
  readonly activated: Activated | null;
  stop(error: Error): Promise<void>;
  judged(error: Error, stopped: boolean): void;
}

/** `openVault` itself. */
export async function openVaultNow(options: VaultOptions): Promise<Vault> {
  const context = await openContext(options);
  const live = new Set<Live>();
  const workFolder = options.workFolder ?? options.project ?? null;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;

  const recheck: Vault['recheck'] = async ({ refresh = true, signal } = {}) => {
    if (refresh)
      await openSession(context, signal).catch((error: unknown) => {
        if (!(error instanceof VaultError)) throw error;
        context.events.refusal(error, null); // what is known already is judged by all the same
      });
    const found = await Promise.all([...live].map((one) => judge(context, one, options.sealAboveBytes)));
    return found.filter((one) => one !== null);
  };
  const every = options.recheckEveryMs ?? defaultRecheckMs;
  const plan = (): void => {
    if (every === 0 || closed) return;
    timer = setTimeout(() => {
      recheck().then(plan, plan);
    }, every);
    timer.unref();
  };
  plan();
  const refuseClosed = (): void => {
    if (closed) throw new LoadFailureError('PLUGIN_CLOSED', 'the vault was closed');
  };
  const close = async (): Promise<void> => {
    closed = true;
    if (timer !== null) clearTimeout(timer);
    const error = new LoadFailureError('PLUGIN_CLOSED', 'the vault was closed');
    await Promise.all([...live].map(async (one) => one.stop(error)));
  };
  return {
    host: hostOn(context),
    load: async <Api extends PluginApi>(spec: string, given: LoadOptions = {}) => {
      refuseClosed();
      try {
        const handle: Handle = new Handle(context, readSpec(context, spec), {
          mode: options.mode,
          ...given,
          workFolder,
          sealAboveBytes: options.sealAboveBytes,
          onGone: () => void live.delete(handle),
        });
        live.add(handle);
        try {
          await handle.start(given.signal);
        } catch (error) {
          live.delete(handle);
          throw error;
        }
        return facade<Api>(handle);
      } catch (error) {
        context.events.refusal(error, spec);
        throw error;
      }
    },
    mcp: (spec: string, given: McpOptions = {}): McpTransport => {
      refuseClosed();
      return mcpTransport(context, spec, {
        mode: options.mode,
        ...given,
        workFolder,
        sealAboveBytes: options.sealAboveBytes,
        live,
      });
    },
    recheck,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What a caller sees of a handle; types are the caller's claim. */
function facade<Api extends PluginApi>(handle: Handle): PluginHandle<Api> {
  const close = async (): Promise<void> => handle.close();
  return {
    get name() {
      return handle.name;
    },
    get version() {
      return handle.version;
    },
    get mode() {
      return handle.mode;
    },
    get state() {
      return handle.state;
    },
    get functions() {
      return handle.functions;
    },
    get withheld() {
      return handle.withheld;
    },
    call: async (name: string, params?: unknown, settings: CallSettings = {}) =>
      handle.call(name, params, settings) as never,
    onEvent: (event, listener) => handle.onEvent(event, listener),
    on: (event, listener) => handle.on(event, listener),
    metrics: () => handle.metrics(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** By what this host knows now. A revocation is for the policy; a tree that changed is repaired, since what runs was verified. */
async function judge(
  context: Context,
  one: Live,
  sealAboveBytes: number | undefined,
): Promise<Recheck | null> {
  const { activated } = one;
  if (activated === null) return null;
  const { name, pointer, manifest } = activated;
  let action: OnRevoked = 'stop';
  try {
    const judged = await judgeRunning(context, pointer);
    if (judged !== null) {
      action = judged.action; // as the newest policy says, not as it was when this was started
      throw judged.error;
    }
    await verifyEvidence(context, pointer, pointer);
    await verifyTree(context, { name, pointer, manifest }, { repair: true, sealAboveBytes });
    return null;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const stopped = action === 'stop';
    context.events.refusal(error, name);
    one.judged(error, stopped);
    if (stopped) await one.stop(error);
    return { plugin: name, error, stopped };
  }
}
