// A host that is to be killed: home, project, time, operation. Says when it begins, a moment before, and what came of it.
import { openHost } from '@ragnos/plugin';
import { setTimeout as sleep } from 'node:timers/promises';
import { operations } from './operations.ts';

const [home = '', project = '', now = '', operation = ''] = process.argv.slice(2);

const host = await openHost({ home, project, now: () => new Date(now) });
process.stdout.write('begins');
await sleep(20); // whoever is to kill has heard it
const began = performance.now();
await operations[operation]?.(host);
process.stdout.write(JSON.stringify({ ms: performance.now() - began }));
