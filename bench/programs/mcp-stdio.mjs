// The MCP SDK's own stdio transport, with a server made by the SDK.
import { fileURLToPath } from 'node:url';
import { answer } from './descendants.mjs';

if (process.argv[2] === 'child') {
  const { McpServer } = await import('@modelcontextprotocol/sdk/server/mcp.js');
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
  const server = new McpServer({ name: 'echo', version: '1' });
  server.registerTool('echo', { description: 'echo' }, () => ({
    content: [{ type: 'text', text: 'x'.repeat(170) }],
  }));
  await server.connect(new StdioServerTransport());
} else {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  const [what, times] = process.argv.slice(2);
  await answer(what, Number(times), async () => {
    const client = new Client({ name: 'bench', version: '1' });
    const args = [fileURLToPath(import.meta.url), 'child'];
    await client.connect(new StdioClientTransport({ command: process.execPath, args }));
    return {
      call: () => client.callTool({ name: 'echo', arguments: {} }),
      close: () => client.close(),
    };
  });
}
