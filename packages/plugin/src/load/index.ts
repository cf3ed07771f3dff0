// Loading: what a program that runs plugins imports. How a start is made stays inside.
export { openVault } from './vault.ts';
export {
  defaultLoadLimits,
  defaultRestart,
  type CallResult,
  type CallSettings,
  type HandleEvents,
  type LoadLimits,
  type LoadOptions,
  type McpOptions,
  type PluginApi,
  type PluginHandle,
  type PluginLog,
  type PluginMetrics,
  type PluginState,
  type Recheck,
  type RestartPolicy,
  type Vault,
  type VaultOptions,
} from './api.ts';
export {
  LoadError,
  LoadFailureError,
  LoadNotFoundError,
  LoadRefusedError,
  type LoadErrorCode,
} from './errors.ts';
export type { GivenGrant } from './permit.ts';
export type { McpTransport } from './mcp/transport.ts';
export { instructionsName, textHash } from './mcp/texts.ts';
