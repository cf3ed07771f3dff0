export { createRepositoryServer } from './server.ts';
export type { AccessRecord, RepositoryServer, ServerLimits, ServerLog, ServerOptions } from './options.ts';
