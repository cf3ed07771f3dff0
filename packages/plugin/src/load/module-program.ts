import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import type { PluginManifest } from '../formats/manifest.ts';
import type { Activated } from './activate.ts';
import { LoadNotFoundError } from './errors.ts';
import type { Program } from './start.ts';

/** The plugin's main module, behind the runner. @throws LoadNotFoundError `NO_ENTRY` */
export function programOf({ manifest, name }: Activated): Program {
  const entry = mainOf(manifest);
  const runtime = manifest.runtime ?? 'node';
  if (runtime !== 'node' || entry === null)
    throw new LoadNotFoundError('NO_ENTRY', `${name} has no module to call`, {
      hint: manifest.kind === 'mcp' ? 'it is an MCP server: vault.mcp()' : 'ragv run starts its command',
    });
  return { entry, runner: runnerFile() };
}

function mainOf({ entry }: PluginManifest): string | null {
  const { main, bin } = entry;
  return main ?? (bin.size === 1 ? ([...bin.values()][0] ?? null) : null);
}

let runner: string | undefined;

/** Where the runner lies: a file of its own also where modules are joined. */
function runnerFile(): string {
  runner ??= createRequire(fileURLToPath(import.meta.url)).resolve('@ragnos/plugin/runner');
  return runner;
}
