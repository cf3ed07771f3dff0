// Runs in a process of its own, in another process namespace too: makes a folder of its own, says which, and waits to be killed.
import { makeOwnFolder } from '../../src/confine/own-folder.ts';

const [prefix = '', base = ''] = process.argv.slice(2);
console.log((await makeOwnFolder(prefix, base)).path);
process.stdin.resume();
