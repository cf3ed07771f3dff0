/** What was called off does not stay in the books: servers should not answer it. */
import { describe, expect, test } from 'vitest';
import { ClientRequests } from '../../src/load/mcp/client-requests.ts';
import { ServerRequests } from '../../src/load/mcp/server-requests.ts';
import { between } from './mcp-between.ts';

function callingOff() {
  const ends = between();
  const { client } = ends;
  const call = (id: number): void =>
    client({ id, method: 'tools/call', params: { name: 'add', _meta: { progressToken: id } } });
  const cancel = (requestId: unknown): void =>
    client({ method: 'notifications/cancelled', params: { requestId } });
  return { ...ends, call, cancel };
}

describe('a call that its client calls off', () => {
  test('is under way no more; nothing tells how far it is; its id is not free yet', () => {
    const { filter, server, call, cancel, toClient, toServer } = callingOff();
    call(1);
    call(2);
    for (const id of [1, 1, 7, 'x', null, undefined]) cancel(id);
    expect(filter.underWay).toBe(1);
    expect(toServer.slice(2)).toHaveLength(6); // the server hears what the client says
    server({ method: 'notifications/progress', params: { progressToken: 1, progress: 1 } });
    expect(toClient).toEqual([]);
    call(1);
    expect(toClient).toMatchObject([{ id: 1, error: { message: 'this id is under way' } }]);
  });

  test('may be answered all the same, once', () => {
    const { server, call, cancel, toClient } = callingOff();
    call(1);
    cancel(1);
    expect(server({ id: 1, result: { content: ['x'.repeat(100_000)] } })).toBe('answer');
    expect(toClient).toMatchObject([{ id: 1 }]);
    expect(server({ id: 1, result: {} })).toBe('word');
  });

  test('takes nobody the place, however many there are; the oldest are forgotten', () => {
    const asked = new ClientRequests();
    for (let id = 0; id < 10_002; id++) {
      asked.begin(id, 'tools/call', null);
      asked.cancel(id);
    }
    expect(asked.size).toBe(0);
    expect([0, 1, 2, 10_001].map((id) => asked.end(id))).toEqual([null, null, 'tools/call', 'tools/call']);
    expect(asked.end(2)).toBeNull();
  });
});

test('a request that its server calls off is over: its client need not answer, and cannot', () => {
  const { server, client, toClient, toServer } = callingOff();
  server({ id: 'a', method: 'sampling/createMessage' });
  server({ method: 'notifications/cancelled', params: { requestId: 'a' } });
  expect(toClient.at(-1)).toMatchObject({ method: 'notifications/cancelled', params: { requestId: 1 } });
  client({ id: 1, result: {} });
  expect(toServer).toEqual([]);
  server({ id: 'a', method: 'sampling/createMessage' });
  expect(toClient.at(-1)).toMatchObject({ id: 2, method: 'sampling/createMessage' });
  const asked = new ServerRequests();
  for (let id = 0; id < 3; id++) asked.end(asked.begin(id));
  expect(asked.size).toBe(0);
});
