export { faultyFetcher } from './faulty-fetcher.ts';
export type { Fault, FaultKind } from './faulty-fetcher.ts';
export {
  body,
  cut,
  drip,
  endless,
  endlessly,
  faultyServer,
  gzipped,
  redirect,
  stall,
  status,
} from './faulty-server.ts';
export type { Answer, FaultyServer, ServerOptions } from './faulty-server.ts';
export { PowerCutError, RecordingFileSystem } from './recording-file-system.ts';
export type { Survives } from './recording-file-system.ts';
export { RepositorySimulator } from './repository-simulator.ts';
export type { Files, SimulatorOptions } from './repository-simulator.ts';
export { inDays } from './simulator-model.ts';
export type { Mutable, NewDelegation } from './simulator-model.ts';
export { selfSigned } from './self-signed.ts';
export { newTestKey } from './test-key.ts';
export type { TestKey } from './test-key.ts';
export { lastVersion, takeVersions } from './thief.ts';
export type { Thief } from './thief.ts';
export { threatFaults, threatLines } from './threat-table.ts';
export type { ThreatTable } from './threat-table.ts';
export { writeFiles } from './write-files.ts';
