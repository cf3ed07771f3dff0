/**
 * `npm run try-s3`: an S3 store to try things on, with no cloud and no account. It is the stand-in that the tests use: it checks
 * signatures, digests and conditions as S3 does, holds everything in memory, listens on loopback alone, and forgets all when it
 * ends (Ctrl-C). What was tried against real servers is in docs/storage.md.
 */
import { s3StandIn } from '../packages/storage/test/stand-in/s3.ts';

const server = await s3StandIn();
process.once('SIGINT', () => void server.close());
process.once('SIGTERM', () => void server.close());
for (const [name, value] of Object.entries(server.env)) console.log(`export ${name}='${value}'`);
console.log(`export STORE='${server.uri('try')}'`);
console.log('# in another terminal, after these lines: ragv init vault --vendor acme --store "$STORE"');
