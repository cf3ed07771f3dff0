import type { HostOptions, InstallOptions } from './api.ts';
import { checkGiven, type Kinds } from './given.ts';
import type { HostLimits } from './limits.ts';
import type { RunOptions } from './run-api.ts';

export const hostOptions: Kinds<HostOptions> = {
  home: 'text',
  alias: 'text',
  project: 'textOrNull',
  fetcher: 'object',
  now: 'function',
  offline: 'flag',
  allowHttp: 'flag',
  onEvent: 'function',
  onProgress: 'function',
  limits: 'object',
  healthCheck: 'function',
  startCheck: 'function',
  policy: 'any', // refused as what it is: BAD_POLICY
  step: 'function',
};
const hostLimits: Kinds<HostLimits> = {
  artifactMaxLength: 'positive',
  manifestMaxLength: 'positive',
  indexMaxLength: 'positive',
  catalogMaxLength: 'positive',
  maxFiles: 'positive',
  fileMaxLength: 'positive',
  unpackedMaxLength: 'positive',
  keepVersions: 'positive',
  logMaxLength: 'positive',
};
const installOptions: Kinds<InstallOptions> = {
  signal: 'signal',
  dryRun: 'flag',
  prerelease: 'flag',
  grant: 'object',
  grantHeld: 'flag',
  startFirst: 'flag',
  acceptOwner: 'text',
};
const runOptions: Kinds<RunOptions> = {
  signal: 'signal',
  stdio: 'textOrObject',
  mcp: 'flag',
  bin: 'text',
  settings: 'map',
  mode: 'any',
  grant: 'object',
  workFolder: 'textOrNull',
  env: 'map',
  repair: 'flag',
  onStart: 'function',
  onDenied: 'function',
  recheckEveryMs: 'number',
  onJudged: 'function',
  onRefused: 'function',
};

/** @throws BAD_SPEC, as the others here */
export function checkHostOptions(given: HostOptions): void {
  checkGiven('openHost', given, hostOptions, ['home']);
}

export function checkHostLimits(given: HostLimits): void {
  checkGiven('limits', given, hostLimits, Object.keys(hostLimits));
}

export function checkInstallOptions(what: 'install' | 'update' | 'rollback', given: InstallOptions): void {
  checkGiven(what, given, installOptions);
}

export function checkRunOptions(given: RunOptions): void {
  checkGiven('run', given, runOptions);
}
