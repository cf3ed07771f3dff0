import { expect, test } from 'vitest';
import { memoryStorage, storageKey } from '@ragnos/storage';
import { createRepositoryServer } from '@ragnos/server';
import { content, filled, running, target } from './running.ts';
import { ask, opened, parse } from './raw.ts';

/** A store whose bodies wait for `go`. */
function gated() {
  const storage = memoryStorage();
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const slow: typeof storage = {
    ...storage,
    get: async (key, options) => {
      const found = await storage.get(key, options);
      if (found === null) return null;
      const body = (async function* () {
        yield content.subarray(0, 5);
        await gate;
        yield content.subarray(5);
      })();
      return { ...found, body };
    },
  };
  return { storage: slow, go: () => open() };
}

test('a graceful stop ends what was begun, and refuses what comes after', async () => {
  const { storage, go } = gated();
  await storage.putIfAbsent(storageKey('targets/a.bin'), content);
  const server = await createRepositoryServer({ storage });
  const answering = ask(server.port, '/targets/a.bin');
  await expect.poll(() => server.connections()).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const closed = server.close();
  await expect(fetch(`${server.url}healthz`)).rejects.toThrow(/fetch failed/);
  go();
  expect((await answering).body).toEqual(content);
  await closed;
});

test('what does not end by the deadline is cut', async () => {
  const { storage } = gated();
  await storage.putIfAbsent(storageKey('targets/a.bin'), content);
  const server = await createRepositoryServer({ storage });
  const answering = ask(server.port, '/targets/a.bin');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const began = performance.now();
  await Promise.all([server.close({ deadline: 100 }), server.close()]);
  expect(performance.now() - began).toBeLessThan(2000);
  expect((await answering).body.length).toBeLessThan(content.length);
});

test('idle keep-alive connections do not hold a stop', async () => {
  const server = await createRepositoryServer({ storage: await filled() });
  await (await fetch(`${server.url}${target}`)).arrayBuffer();
  const socket = await opened(server.port);
  const began = performance.now();
  await server.close({ deadline: 5000 });
  expect(performance.now() - began).toBeLessThan(1000);
  socket.destroy();
});

test('one connection carries many requests', async () => {
  const { server } = await running();
  const socket = await opened(server.port);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  for (let i = 0; i < 3; i++) socket.write(`GET /${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await expect
    .poll(
      () =>
        Buffer.concat(chunks)
          .toString()
          .match(/200 OK/g)?.length,
    )
    .toBe(3);
  expect(parse(Buffer.concat(chunks)).status).toBe(200);
  socket.destroy();
});

test('refresh is called at once and again, never twice at a time, and its failure is only logged', async () => {
  let calls = 0;
  let now = 0;
  let most = 0;
  const failures: string[] = [];
  const { server } = await running({
    refreshEvery: 5,
    log: { failure: (what) => failures.push(what) },
    refresh: async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 10));
      now--;
      if (++calls === 2) throw new Error('no signer');
    },
  });
  await expect.poll(() => calls).toBeGreaterThan(3);
  expect(most).toBe(1);
  expect(failures).toEqual(['refresh']);
  await server.close();
  const after = calls;
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(calls).toBe(after);
});

test('an address that is taken rejects', async () => {
  const { server } = await running();
  await expect(createRepositoryServer({ storage: memoryStorage(), port: server.port })).rejects.toThrow(
    /EADDRINUSE/,
  );
});

test('each answer is told to the log, with nothing in it that could forge a line', async () => {
  const lines: string[] = [];
  const { server } = await running({
    log: { access: (r) => lines.push(`${r.status} ${r.method} ${r.path}`) },
  });
  await ask(server.port, `/${target}`);
  await ask(server.port, '/a\tb');
  await expect.poll(() => lines.length).toBeGreaterThan(0);
  expect(lines[0]).toBe(`200 GET /${target}`);
  expect(lines.join('')).not.toMatch(/[\t\n]/);
});
