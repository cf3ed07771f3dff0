// Runs in a process of its own, which is not root: says whether what was closed is there after its removal.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { makeOwnFolder } from '../../src/confine/own-folder.ts';

const [prefix = '', base = ''] = process.argv.slice(2);
if (process.geteuid?.() === 0) process.seteuid?.(65_534);
const closed = await makeOwnFolder(prefix, base);
mkdirSync(path.join(closed.path, 'x/y'), { recursive: true });
chmodSync(path.join(closed.path, 'x'), 0);
chmodSync(closed.path, 0o500);
closed.remove();
const stuck = await makeOwnFolder(prefix, base);
mkdirSync(path.join(stuck.path, 'x'));
chmodSync(path.dirname(stuck.path), 0o500);
stuck.remove();
chmodSync(path.dirname(stuck.path), 0o700);
const words = [closed, stuck].map((one) => (existsSync(path.dirname(one.path)) ? 'stays' : 'removed'));
console.log(words.join(', '));
process.stdin.resume();
