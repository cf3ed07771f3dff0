/** MCP servers that answer without a network. */
import { server, type RealPlugin } from './plugin.ts';

export const servers: readonly RealPlugin[] = [
  server(
    'server-memory',
    ['@modelcontextprotocol/server-memory@2026.7.4'],
    ['read_graph', {}],
    'writes programs',
    { env: { MEMORY_FILE_PATH: '<project>/memory.jsonl' } },
  ),
  server(
    'server-everything',
    ['@modelcontextprotocol/server-everything@2026.7.4'],
    ['echo', { message: 'hello' }],
    'hello',
  ),
  server(
    'server-filesystem',
    ['@modelcontextprotocol/server-filesystem@2026.7.10'],
    ['read_text_file', { path: '<project>/note.txt' }],
    'from the project',
    { args: ['<project>'] },
  ),
  server(
    'server-sequential-thinking',
    ['@modelcontextprotocol/server-sequential-thinking@2026.7.4'],
    [
      'sequentialthinking',
      { thought: 'first', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
    ],
    '"thoughtHistoryLength": 1',
  ),
  server('calc-mcp', ['@coo-quack/calc-mcp@2.1.1'], ['math', { expression: '6 * 7' }], '42'),
  server('time-mcp', ['time-mcp@1.0.6'], ['days_in_month', { date: '2024-02-01' }], '29', {
    kind: 'MCP server that prints a banner among its messages, which is dropped',
  }),
  server('knowledge-graph', ['@itseasy21/mcp-knowledge-graph@1.0.7'], ['read_graph', {}], 'Ada', {
    args: ['--memory-path', '<project>/graph.jsonl'],
  }),
  server(
    'sequentialthinking-tools',
    ['mcp-sequentialthinking-tools@0.0.3'],
    [
      'sequentialthinking_tools',
      {
        thought: 'first',
        next_thought_needed: false,
        thought_number: 1,
        total_thoughts: 1,
        available_mcp_tools: [],
      },
    ],
    'thought_history_length',
  ),
];
