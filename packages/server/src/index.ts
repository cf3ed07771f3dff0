export { createRepositoryServer } from './server.ts';
export { defaultServerLimits } from './options.ts';
export type { AccessRecord, RepositoryServer, ServerLimits, ServerLog, ServerOptions } from './options.ts';
