/** The official MCP client, talking to a plugin that `ragv run` started: what an AI host would do. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { inherited } from './run.ts';

export interface McpAnswer {
  readonly server: string;
  readonly tools: readonly string[];
}

/** A server that Node starts with `args`, with the SDK's own transport: as an AI host's configuration does it. */
export function stdioOf(
  args: readonly string[],
  {
    env,
    ...options
  }: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly stderr: 'pipe' | 'ignore';
  },
): StdioClientTransport {
  return new StdioClientTransport({
    command: process.execPath,
    args: [...args],
    env: { ...inherited(), ...env },
    ...options,
  });
}

/** Runs `initialize` and `tools/list` over the stdio of `node main args`. */
export async function askMcp(
  main: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<McpAnswer> {
  const transport = stdioOf([main, ...args], { env, cwd, stderr: 'ignore' });
  const client = new Client({ name: 'ragnos-demo', version: '1.0.0' });
  await client.connect(transport);
  try {
    const { tools } = await client.listTools();
    const about = client.getServerVersion();
    return { server: `${about?.name} ${about?.version}`, tools: tools.map((tool) => tool.name) };
  } finally {
    await client.close();
  }
}
