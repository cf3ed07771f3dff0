import type {
  CallOptions,
  Host,
  HostOptions,
  InstallOptions,
  RollbackOptions,
  VerifyOptions,
} from './api.ts';
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
const rollbackOptions: Kinds<RollbackOptions> = { signal: 'signal', dryRun: 'flag', grant: 'object' };
const callOptions: Kinds<CallOptions> = { signal: 'signal' };
const uninstallOptions: Kinds<NonNullable<Parameters<Host['uninstall']>[1]>> = {
  ...callOptions,
  dryRun: 'flag',
};
const verifyOptions: Kinds<VerifyOptions> = { ...callOptions, repair: 'flag' };
const logOptions: Kinds<NonNullable<Parameters<Host['log']>[0]>> = { last: 'number' };
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
  recheckEveryMs: 'ms',
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

export function checkInstallOptions(what: 'install' | 'update', given: InstallOptions): void {
  checkGiven(what, given, installOptions);
}

export function checkRollbackOptions(given: RollbackOptions): void {
  checkGiven('rollback', given, rollbackOptions);
}

/** Of what takes a signal and nothing else. */
export function checkCallOptions(what: keyof Host, given: CallOptions): void {
  checkGiven(what, given, callOptions);
}

export function checkUninstallOptions(given: NonNullable<Parameters<Host['uninstall']>[1]>): void {
  checkGiven('uninstall', given, uninstallOptions);
}

export function checkVerifyOptions(given: VerifyOptions): void {
  checkGiven('verify', given, verifyOptions);
}

export function checkLogOptions(given: NonNullable<Parameters<Host['log']>[0]>): void {
  checkGiven('log', given, logOptions);
}

export function checkRunOptions(given: RunOptions): void {
  checkGiven('run', given, runOptions);
}
