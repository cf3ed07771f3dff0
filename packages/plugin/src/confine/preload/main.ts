/** The first of our code in a plugin's process: what the host said is put into force, then the plugin is let in. */
import v8 from 'node:v8';
import { isMainThread } from 'node:worker_threads';

const noEval = '--disallow-code-generation-from-strings';

// Under that flag Node takes none of the compiled code that it brings along for its own modules, and compiles those that we
// need anew, which is a third of a start. What it says of this context is settled already; it holds again for those of
// threads before anybody could make one. Flags are the whole process's: a thread leaves them alone.
const lifted = isMainThread && process.execArgv.includes(noEval);
if (lifted) v8.setFlagsFromString(noEval.replace('--', '--no-'));
const { begin } = await import('./begin.ts');
const letIn = begin();
if (lifted) v8.setFlagsFromString(noEval);
await letIn();
