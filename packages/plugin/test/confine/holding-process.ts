// A host that holds a process of its own, which nothing else would end, and is killed: says its number, and waits.
import { spawn } from 'node:child_process';
import { hold, release } from '../../src/confine/lifeline.ts';

const start = (): number => spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).pid ?? 0;
const [single, leader, released] = [start(), start(), start()];
await hold([single, released]);
await hold([-leader]);
release([released]);
console.log(JSON.stringify({ single, leader, released }));
process.stdin.resume();
