import { checkGiven, type Kinds } from '../host/given.ts';
import { hostOptions } from '../host/given-options.ts';
import type {
  CallSettings,
  LoadLimits,
  LoadOptions,
  McpOptions,
  RestartPolicy,
  VaultOptions,
} from './api.ts';

const vaultOptions: Kinds<VaultOptions> = {
  ...hostOptions,
  mode: 'any', // refused with the names of the modes
  workFolder: 'text',
  sealAboveBytes: 'number',
  recheckEveryMs: 'ms',
};
const loadOptions: Kinds<LoadOptions> = {
  signal: 'signal',
  mode: 'any',
  restart: 'objectOrNull',
  limits: 'object',
  repair: 'flag',
  env: 'map',
  grant: 'object',
};
const loadLimits: Kinds<LoadLimits> = {
  startTimeMs: 'positiveMs',
  valueBytes: 'positive',
  callsAtOnce: 'positive',
  callTimeMs: 'positiveMs',
  hungTimeMs: 'positiveMs',
  messagesPerSecond: 'positive',
  logLineBytes: 'positive',
};
const restartPolicy: Kinds<RestartPolicy> = {
  backoffMs: 'ms',
  maxBackoffMs: 'ms',
  limit: 'number',
  windowMs: 'number',
};
const mcpOptions: Kinds<McpOptions> = {
  signal: 'signal',
  mode: 'any',
  bin: 'text',
  args: 'texts',
  settings: 'map',
  grant: 'object',
  env: 'map',
  repair: 'flag',
  onLog: 'function',
  onDenied: 'function',
  onRefused: 'function',
};
const callSettings: Kinds<CallSettings> = { signal: 'signal', timeoutMs: 'positiveMs', input: 'any' };

/** @throws BAD_SPEC, as the others here */
export function checkVaultOptions(given: VaultOptions): void {
  checkGiven('openVault', given, vaultOptions, ['home']);
}

export function checkLoadOptions(given: LoadOptions): void {
  checkGiven('load', given, loadOptions);
  if (given.limits !== undefined) checkGiven('load: limits', given.limits, loadLimits);
  if (given.restart !== undefined && given.restart !== null)
    checkGiven('load: restart', given.restart, restartPolicy);
}

export function checkMcpOptions(given: McpOptions): void {
  checkGiven('mcp', given, mcpOptions);
}

export function checkCallSettings(given: CallSettings): void {
  checkGiven('call', given, callSettings);
}
