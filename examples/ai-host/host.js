/**
 * Stands in for an AI host: reads its configuration file, starts the server that is named there exactly as it says, and asks it
 * one thing through the official MCP client.
 *
 *     node host.js <configuration> <server> [<tool> [<arguments as JSON>]]
 */
import { readFile } from 'node:fs/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [file, name, tool, given = '{}'] = process.argv.slice(2);
const configuration = JSON.parse(await readFile(file, 'utf8'));
// Claude Desktop, Claude Code, Cursor and others write `mcpServers`, VS Code writes `servers`.
const server = (configuration.mcpServers ?? configuration.servers)[name];
const { command, args, env, cwd } = server;
const client = new Client({ name: 'ai-host', version: '1.0.0' });
try {
  await client.connect(new StdioClientTransport({ command, args, env, cwd, stderr: 'ignore' }));
  if (tool === undefined) {
    const { tools } = await client.listTools();
    console.log(`${tools.length} tools: ${tools.map((one) => one.name).join(', ')}`);
  } else {
    const { content, isError } = await client.callTool({ name: tool, arguments: JSON.parse(given) });
    for (const part of content) console.log(isError ? `the server says: ${part.text}` : part.text);
  }
} catch (error) {
  console.log(`the server does not work: ${error.message}`);
  process.exitCode = 1;
} finally {
  await client.close();
}
