import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { EmptyResultSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { PassThrough } from 'node:stream';
import { instructionsName, textHash, type McpOptions } from '@ragnos/plugin';
import { describe, expect, test, vi } from 'vitest';
import { readMessage, type JsonRpcMessage } from '../../src/load/mcp/json-rpc.ts';
import { readMessages, readServer } from '../../src/load/mcp/lines.ts';
import { agreed, moduleFiles, publishModule, vaultOf, worldWith } from './plugins.ts';
import { codeOf, World } from '../host/world.ts';
import { serverCode } from './server.ts';

const add = {
  name: 'add',
  description: 'adds two numbers',
  inputSchema: {
    type: 'object',
    properties: { b: { type: 'number' }, a: { minimum: 0.5, type: 'number' } }, // in another order
  },
};
const signed = {
  tools: { add: textHash(add) },
  prompts: { welcome: textHash({ name: 'welcome', description: 'says welcome' }) },
};

interface Capabilities {
  readonly tools?: Readonly<Record<string, string>>;
  readonly prompts?: Readonly<Record<string, string>>;
  readonly requests?: readonly string[];
}

async function connect(capabilities: Capabilities, options: McpOptions = {}) {
  const world = await World.create();
  await publishModule(world, moduleFiles(serverCode), {
    plugin: 'files',
    kind: 'mcp',
    main: null,
    bin: 'index.js',
    capabilities: { ...capabilities },
  });
  await (await world.host()).install('acme/files', agreed);
  const vault = await vaultOf(world, { mode: 'process' });
  const refused: string[] = [];
  const logs: string[] = [];
  const errors: Error[] = [];
  const transport = vault.mcp('acme/files', {
    onRefused: ({ message }) => void refused.push(message),
    onLog: (line) => void logs.push(line),
    ...options,
  });
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { roots: {}, sampling: {} } });
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home/ada' }] }));
  Object.assign(client, { onerror: (error: Error) => void errors.push(error) });
  await client.connect(transport);
  const say = async (args: Readonly<Record<string, unknown>>, name = 'add'): Promise<string> =>
    JSON.stringify((await client.callTool({ name, arguments: args })).content);
  return { client, transport, refused, logs, errors, say };
}

describe('the official client sees what was signed', { timeout: 30_000 }, () => {
  test('tools and prompts of the manifest, no others; and calls only those', async () => {
    const { client, transport, refused, logs, say } = await connect(signed, { args: ['--x'] });
    expect(transport.about).toMatchObject({ name: 'acme/files@2.0.0', mode: 'process' });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add']);
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['welcome']);
    expect(await say({ a: 1, b: 2 })).toContain('"3"');
    await expect(say({}, 'hidden')).rejects.toThrow('is not in the signed manifest');
    await expect(client.getPrompt({ name: 'other' })).rejects.toThrow('is not in the signed manifest');
    expect(client.getInstructions()).toBeUndefined();
    expect(refused.join('\n')).toContain('instructions of the server');
    expect(refused.join('\n')).toContain('"hidden"');
    expect(logs).toContain('up --x');
    await client.close();
  });

  test('instructions that were signed', async () => {
    const { client } = await connect({
      ...signed,
      prompts: { [instructionsName]: textHash('Always obey.') },
    });
    expect(client.getInstructions()).toBe('Always obey.');
  });

  test('nothing of a manifest that names nothing', async () => {
    const { client } = await connect({});
    expect((await client.listTools()).tools).toEqual([]);
    expect((await client.listPrompts()).prompts).toEqual([]);
  });

  test('a tool whose text changes while it runs is gone, and is not called any more', async () => {
    const { client, refused, say } = await connect(signed);
    expect((await client.listTools()).tools).toHaveLength(1);
    await say({ poison: true });
    expect((await client.listTools()).tools).toEqual([]);
    await expect(say({ a: 1, b: 1 })).rejects.toThrow('is not in the signed manifest');
    expect(refused.join()).toContain('"add"');
  });
});

describe('what the server asks of its client', { timeout: 30_000 }, () => {
  test('is refused where the manifest does not declare it, and the client is not asked', async () => {
    const { say, refused } = await connect(signed);
    expect(await say({ ask: 'roots/list' })).toContain('does not declare');
    expect(await say({ ask: 'sampling/createMessage' })).toContain('does not declare');
    expect(await say({ ask: 'made/up' })).toContain('does not declare');
    expect(await say({ ask: 'ping' })).toContain('{}');
    expect(refused.filter((line) => line.includes('does not declare'))).toHaveLength(3);
  });

  test('passes where it is declared', async () => {
    const { say } = await connect({ ...signed, requests: ['roots/list'] });
    expect(await say({ ask: 'roots/list' })).toContain('file:///home/ada');
    expect(await say({ ask: 'sampling/createMessage' })).toContain('does not declare');
  });
});

describe('before any call a model reads nothing that is not signed', { timeout: 30_000 }, () => {
  async function overheard() {
    const { client, transport, say, logs } = await connect(signed);
    const about = [client.getServerVersion(), client.getServerCapabilities(), client.getInstructions()];
    const seen: JsonRpcMessage[] = [];
    const { onmessage } = transport;
    Object.assign(transport, {
      onmessage: (message: JsonRpcMessage) => {
        seen.push(message);
        onmessage?.(message);
      },
    });
    return { client, about, seen, say, logs };
  }

  test('of how it introduces itself its abilities; its name is the signed one', async () => {
    const { about } = await overheard();
    const abilities = { tools: { listChanged: true }, prompts: {}, resources: {}, logging: {} };
    expect(about).toEqual([{ name: 'acme/files', version: '2.0.0' }, abilities, undefined]);
  });

  test('of its lists the signed items; of resources where they are', async () => {
    const { client, seen } = await overheard();
    await client.listTools();
    await client.listPrompts();
    expect(await client.listResources()).toEqual({
      resources: [{ uri: 'memo://one', name: 'memo://one', mimeType: 'text/plain', size: 3 }],
    });
    expect(await client.listResourceTemplates()).toEqual({
      resourceTemplates: [{ uriTemplate: 'memo://{name}', name: 'memo://{name}' }],
    });
    expect(seen).toHaveLength(4);
    expect(JSON.stringify(seen)).not.toContain('EVIL');
  });

  test('of notifications what is known of them; its log goes to ours', async () => {
    const { seen, client, logs } = await overheard();
    const call = { name: 'add', arguments: { notify: true } };
    await client.callTool(call, undefined, { onprogress: () => undefined });
    const notified = seen.filter((message) => 'method' in message);
    expect(notified).toMatchObject([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'memo://one' } },
      {
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progress: 2, message: 'two' },
      },
    ]);
    expect(JSON.stringify(notified[2])).toMatch(
      /"params":\{"progressToken":\d+,"progress":2,"message":"two"\}/,
    );
    await expect(client.listPrompts()).rejects.toThrow('the server cannot answer prompts/list');
    expect(JSON.stringify(seen)).not.toContain('EVIL');
    expect(logs).toEqual(expect.arrayContaining(['it logs: EVIL  [31mred', 'prompts/list failed: EVIL']));
  });

  test('of an error of a call its words, which move no cursor; what no client of today asks is not asked', async () => {
    const { client, seen } = await overheard();
    const read = client.readResource({ uri: 'memo://two' }).catch((error: unknown) => error);
    expect(await read).toMatchObject({
      message: 'MCP error -32002: no such  [31mmemo',
      data: { uri: 'memo://two' },
    });
    const odd = client.request({ method: 'server/discover', params: {} }, EmptyResultSchema);
    await expect(odd).rejects.toThrow('a method that does not pass');
    expect(seen).toHaveLength(2);
  });
});

describe('what a server prints that is no message is dropped', { timeout: 30_000 }, () => {
  const garbage = {
    'text that is no JSON': 'hello',
    'a banner, coloured': '\u001b[32mTime server\u001b[0m \u202eready',
    'a batch': '[{"jsonrpc":"2.0","id":1,"result":{}}]',
    'another version': '{"jsonrpc":"1.0","id":1,"result":{}}',
    'a result and an error': '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
    'a member more': '{"jsonrpc":"2.0","id":1,"result":{},"extra":1}',
    'a number': '7',
    'half a message': '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"ha',
    'a message in two halves':
      '{"jsonrpc":"2.0","id":1,\n"result":{"content":[{"type":"text","text":"ha"}]}}',
    'a message after a banner': 'ready {"jsonrpc":"2.0","id":1,"result":{"content":[]}}',
    'a tool list that it was not asked for': '{"tools":[{"name":"add"}]}',
  };
  test.each(Object.entries(garbage))('%s', async (_name, raw) => {
    const { client, say, errors, logs, transport } = await connect(signed);
    const seen: string[] = [];
    const { onmessage } = transport;
    Object.assign(transport, {
      onmessage: (message: JsonRpcMessage) => {
        seen.push(JSON.stringify(message));
        onmessage?.(message);
      },
    });
    expect(await say({ raw })).toContain('wrote'); // the answer of its own, not one that it smuggled in
    expect(await say({ a: 1, b: 2 })).toContain('"3"');
    expect(seen).toHaveLength(2);
    expect(errors).toEqual([]);
    const warnings = logs.filter((line) => line.startsWith('warning: not a message, dropped: '));
    expect(warnings).toHaveLength(raw.split('\n').length);
    expect(warnings.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    await client.close();
  });

  test('a long line is told of, not told', async () => {
    const { say, logs } = await connect(signed);
    expect(await say({ raw: 'x'.repeat(100_000) })).toContain('wrote');
    const [warning = ''] = logs.filter((line) => line.startsWith('warning: '));
    expect(warning.length).toBeLessThan(4200);
    expect(warning).toContain('(100000 bytes)');
  });
});

describe('a server that goes on like this is ended', { timeout: 30_000 }, () => {
  const floods = {
    'a hundred and one words': { lines: 101, line: 'x' },
    'messages that are none': { lines: 101, line: '{"jsonrpc":"2.0"}' },
    'three long lines': { lines: 3, line: 'x'.repeat(100_000) },
    'one line that is too long': { lines: 1, line: 'x'.repeat(300_000) },
  };
  test.each(Object.entries(floods))('%s', async (_name, flood) => {
    const { say, errors, logs } = await connect(signed);
    await expect(say(flood)).rejects.toThrow(/closed/i);
    expect(errors).toMatchObject([{ code: 'CHANNEL_GARBAGE' }]);
    expect(logs.length).toBeLessThanOrEqual(101);
  });

  const depths = {
    'as deep as may be': [100, true],
    'a little deeper': [200, false],
    'very deep': [50_000, false],
  } as const;
  test.each(Object.entries(depths))('not one whose answer is nested %s', async (_name, [deep, fits]) => {
    const { client, say, errors, refused } = await connect(signed);
    await say({ deep });
    const listed = client.listTools().then(
      ({ tools }) => `${tools.length} tools`,
      ({ message }: Error) => message,
    );
    expect(await listed).toContain(fits ? '0 tools' : 'more than 128 levels');
    expect(refused.join().includes('"add"')).toBe(fits); // looked at, or not at all
    expect(await say({ a: 1, b: 2 }).catch(String)).toContain(fits ? 'signed manifest' : '"3"');
    expect(errors).toEqual([]);
    await client.close();
  });

  test('nor is a client that says what is nested too deeply heard', async () => {
    const { transport, client, errors } = await connect(signed);
    const answered: unknown[] = [];
    Object.assign(transport, { onmessage: (message: unknown) => void answered.push(message) });
    const deep: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
    await transport.send(
      Object.assign({ jsonrpc: '2.0' } as const, { id: 77, method: 'ping', params: { deep } }),
    );
    expect(answered).toMatchObject([{ id: 77, error: { code: -32_600 } }]);
    expect(errors).toEqual([]);
    await client.close();
  });

  test.each(['notifications/message', 'notifications/tools/list_changed'])(
    'a flood of %s starves nobody',
    async (notifications) => {
      const { client, say, transport } = await connect(signed);
      const calling = say({ notifications }).catch(String);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const delays = monitorEventLoopDelay({ resolution: 5 });
      delays.enable();
      const before = performance.eventLoopUtilization();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      delays.disable();
      const { utilization } = performance.eventLoopUtilization(before);
      expect(utilization).toBeLessThan(0.9);
      expect(delays.percentile(50) / 1e6).toBeLessThan(100);
      await transport.close();
      expect(await calling).toMatch(/closed/i);
      await client.close();
    },
  );

  test('not one that prints a word with every call', async () => {
    const { say, errors } = await connect(signed);
    for (let n = 0; n < 10; n++) expect(await say({ lines: 10, line: 'called' })).toContain('wrote');
    expect(errors).toEqual([]);
  });

  test('a line without end', async () => {
    const { say, errors } = await connect(signed);
    await expect(say({ flood: true })).rejects.toThrow(/closed/i);
    // Whatever is seen first: that it never ends, or what it keeps in memory.
    expect(await codeOf(Promise.reject(errors[0]))).toMatch(/^(?:CHANNEL_GARBAGE|MEMORY_LIMIT)$/);
  });

  test('one that dies is told of; an answer that nobody asked for goes nowhere', async () => {
    const { say, errors } = await connect(signed);
    expect(await say({ forge: 4711 })).toContain('forged');
    expect(errors).toEqual([]);
    await expect(say({ die: true })).rejects.toThrow(/closed/i);
    expect(errors).toMatchObject([{ code: 'PLUGIN_CRASHED' }]);
  });
});

describe('messages', () => {
  const bad: Readonly<Record<string, unknown>> = {
    null: null,
    'no version': { id: 1, method: 'x' },
    'id null on a request': { jsonrpc: '2.0', id: null, method: 'x' },
    'id that is an object': { jsonrpc: '2.0', id: {}, method: 'x' },
    'params that are a list': { jsonrpc: '2.0', id: 1, method: 'x', params: [] },
    'neither result nor method': { jsonrpc: '2.0', id: 1 },
    'result that is a text': { jsonrpc: '2.0', id: 1, result: 'x' },
  };
  test.each(Object.entries(bad))('%s is none', (_name, value) => expect(readMessage(value)).toBeNull());

  test('are read whole however they are cut, and none is longer than may be', async () => {
    const got: unknown[] = [];
    const wrong: string[] = [];
    const stream = new PassThrough();
    readMessages(stream, 100, { message: (value) => got.push(value), bad: (why) => wrong.push(why) });
    for (const piece of ['{"a', '":1}\n\n{"b":', '"ü"}\r\n{"c":3}', '\n']) stream.write(piece);
    stream.write('x'.repeat(101));
    await expect.poll(() => wrong).toEqual(['a line of more than 100 bytes']);
    expect(got).toEqual([{ a: 1 }, { b: 'ü' }, { c: 3 }]);
  });

  test('of a server are read on after what is none, until it is too much', async () => {
    const got: unknown[] = [];
    const [strays, wrong]: [string[], string[]] = [[], []];
    const stream = new PassThrough();
    const limits = { linesPerMinute: 3, bytesPerMinute: 20, shownBytes: 4 };
    const on = {
      message: (value: unknown) =>
        typeof value === 'object' && got.push(value) > 0 ? ('word' as const) : null,
      stray: (warning: string) => void strays.push(warning.replace(/^.*dropped: /, '')),
      bad: (why: string) => void wrong.push(why),
    };
    readServer(stream, on, limits);
    for (const piece of ['hel', 'lo\n\n \t\r\n{"a":1}\n7\n{"b', '":2}\n']) stream.write(piece);
    await expect.poll(() => got).toEqual([{ a: 1 }, { b: 2 }]);
    expect(strays).toEqual(['hell… (5 bytes)', '7']);
    stream.write('x'.repeat(15));
    stream.write('\n{"c":3}\n{"d":4}\n');
    await expect.poll(() => wrong).toHaveLength(1);
    expect(got).toHaveLength(2);
    stream.write('{"e":5}\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect([got.length, strays.length, wrong.length]).toEqual([2, 2, 1]);
  });

  test('of a server: a minute later it may print again', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const [strays, wrong]: [string[], string[]] = [[], []];
      const stream = new PassThrough();
      const on = {
        message: () => null,
        stray: (one: string) => void strays.push(one),
        bad: (why: string) => void wrong.push(why),
      };
      readServer(stream, on, { linesPerMinute: 2, bytesPerMinute: 20, shownBytes: 4 });
      stream.write('a\nb\n');
      await expect.poll(() => strays).toHaveLength(2);
      vi.advanceTimersByTime(60_000);
      stream.write('c\nd\n');
      await expect.poll(() => strays).toHaveLength(4);
      expect(wrong).toEqual([]);
      stream.write('e\n');
      await expect.poll(() => wrong).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('however many come, timers get their turn', async () => {
    const stream = new PassThrough();
    let read = 0;
    const message = (): 'answer' => {
      read++;
      for (const end = performance.now() + 0.1; performance.now() < end;);
      return 'answer';
    };
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    readServer(stream, { message, stray: () => undefined, bad: () => undefined });
    stream.write('{"id":1,"result":{}}\n'.repeat(10_000)); // a second of work, in one piece
    await expect.poll(() => read, { timeout: 20_000 }).toBe(10_000);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(50);
  });

  test('that answer nothing are so many a second; order and none is lost', async () => {
    const stream = new PassThrough();
    const got: number[] = [];
    const began = performance.now();
    readServer(stream, {
      message: (value) => (got.push(Number(Reflect.get(Object(value), 'n'))) > 0 ? 'word' : null),
      stray: () => undefined,
      bad: () => undefined,
    });
    for (let n = 0; n < 5_000; n++) stream.write(`{"method":"x","n":${n}}\n`);
    await expect.poll(() => got.length, { timeout: 20_000 }).toBe(5_000);
    expect(performance.now() - began).toBeGreaterThan(1_500);
    expect(got).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  });

  test('whatever a line makes go wrong ends the one who wrote it', async () => {
    const wrong: string[] = [];
    const on = {
      message: () => {
        throw new RangeError('Maximum call stack size exceeded');
      },
      stray: () => undefined,
      bad: (why: string) => void wrong.push(why),
    };
    const [server, client] = [new PassThrough(), new PassThrough()];
    readServer(server, on);
    readMessages(client, 100, on);
    for (const stream of [server, client]) stream.write('{"a":1}\n{"b":2}\n');
    await expect.poll(() => wrong).toHaveLength(2);
    expect(wrong[0]).toBe('a line that cannot be dealt with (Maximum call stack size exceeded): {"a":1}');
  });

  test('the hash is of the meaning: order and white space do not matter, any word does', () => {
    expect(textHash({ b: 1, a: [1.5, 'x'] })).toBe(
      textHash(JSON.parse('{ "a": [1.50, "\\u0078"], "b": 1e0 }')),
    );
    expect(textHash({ ...add, _meta: {} })).not.toBe(textHash(add));
    expect(textHash({ ...add, title: 'Add' })).not.toBe(textHash(add));
  });
});

test('a start that is refused is told to whoever connects, and nothing runs', async () => {
  const world = await worldWith(serverCode, { kind: 'mcp', main: null, bin: 'index.js' });
  const vault = await vaultOf(world);
  world.revoke(...[...world.index().versions.values()].map(({ artifact }) => artifact.sha256));
  await vault.recheck();
  const client = new Client({ name: 'test', version: '1' });
  await expect(client.connect(vault.mcp('acme/hello'))).rejects.toMatchObject({ code: 'REVOKED' });
  await expect(new Client({ name: 't', version: '1' }).connect(vault.mcp('acme/nope'))).rejects.toMatchObject(
    {
      code: 'NOT_INSTALLED',
    },
  );
});
