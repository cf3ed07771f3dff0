// The floor: Node's own child process with its own channel, nothing verified and nothing confined.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { answer } from './descendants.mjs';

if (process.argv[2] === 'child') {
  process.on('message', (message) => process.send(message));
  process.send('up');
} else {
  const [what, times] = process.argv.slice(2);
  await answer(what, Number(times), async () => {
    const child = fork(fileURLToPath(import.meta.url), ['child']);
    await once(child, 'message');
    const waiting = [];
    child.on('message', (message) => waiting.shift()?.(message));
    return {
      call: (text) =>
        new Promise((resolve) => {
          waiting.push(resolve);
          child.send(text);
        }),
      close: async () => {
        const ended = once(child, 'exit');
        child.kill();
        await ended;
      },
    };
  });
}
