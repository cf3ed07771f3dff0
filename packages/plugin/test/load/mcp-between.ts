import { McpFilter } from '../../src/load/mcp/filter.ts';
import type { JsonRpcObject } from '../../src/load/mcp/json-rpc.ts';

/** A filter by itself, with both its ends: one tool is signed, and one request declared. */
export function between() {
  const [toClient, toServer]: [JsonRpcObject[], JsonRpcObject[]] = [[], []];
  const log: string[] = [];
  const filter = new McpFilter(
    {
      identity: { name: 'acme/files', version: '1.0.0' },
      tools: new Map([['add', 'a'.repeat(64)]]),
      prompts: new Map(),
      requests: ['sampling/createMessage'],
      callsPerMinute: 10_000,
    },
    {
      toClient: (message) => void toClient.push(message),
      toServer: (message) => void toServer.push(message),
      log: (line) => void log.push(line),
      refused: () => undefined,
    },
  );
  const client = (message: object): void => filter.fromClient({ jsonrpc: '2.0', ...message });
  const server = (message: object) => filter.fromServer({ jsonrpc: '2.0', ...message });
  return { filter, toClient, toServer, log, client, server };
}
