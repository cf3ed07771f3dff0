import { readSpec } from '../host/context.ts';
import { hostOn, openContext } from '../host/open-host.ts';
import type { CallSettings, LoadOptions, McpOptions, PluginHandle, Vault, VaultOptions } from './api.ts';
import { LoadFailureError } from './errors.ts';
import { checkCallSettings, checkLoadOptions, checkMcpOptions, checkVaultOptions } from './given-options.ts';
import { Handle } from './handle.ts';
import { mcpTransport, type McpTransport } from './mcp/transport.ts';
import { defaultRecheckMs, watchRunning, type Live } from './recheck.ts';
import { refuseNoMode } from './start.ts';

/** `openVault` itself. */
export async function openVaultNow(options: VaultOptions): Promise<Vault> {
  checkVaultOptions(options);
  refuseNoMode(options.mode);
  const context = await openContext(options);
  const live = new Set<Live>();
  const workFolder = options.workFolder ?? options.project ?? null;
  const watch = watchRunning(context, live, {
    everyMs: options.recheckEveryMs ?? defaultRecheckMs,
    sealAboveBytes: options.sealAboveBytes,
  });
  let closed = false;
  const refuseClosed = (): void => {
    if (closed) throw new LoadFailureError('PLUGIN_CLOSED', 'the vault was closed');
  };
  const close = async (): Promise<void> => {
    closed = true;
    watch.close();
    const error = new LoadFailureError('PLUGIN_CLOSED', 'the vault was closed');
    await Promise.all([...live].map(async (one) => one.stop(error)));
  };
  return {
    host: hostOn(context),
    load: async <Api extends object>(spec: string, given: LoadOptions = {}) => {
      refuseClosed();
      try {
        checkLoadOptions(given);
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
      checkMcpOptions(given);
      return mcpTransport(context, spec, {
        mode: options.mode,
        ...given,
        workFolder,
        sealAboveBytes: options.sealAboveBytes,
        live,
        mayStart: refuseClosed,
      });
    },
    recheck: async ({ refresh = true, signal } = {}) => watch.recheck({ refresh, signal }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const noSettings: CallSettings = {};

/** What a caller sees of a handle; types are the caller's claim. */
function facade<Api extends object>(handle: Handle): PluginHandle<Api> {
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
    call: (async (name: string, params?: unknown, settings: CallSettings = noSettings) => {
      if (settings !== noSettings) checkCallSettings(settings);
      return handle.call(name, params, settings);
    }) as never,
    onEvent: (event, listener) => handle.onEvent(event, listener),
    on: (event, listener) => handle.on(event, listener),
    metrics: () => handle.metrics(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
