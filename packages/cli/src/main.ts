#!/usr/bin/env node
// Each part is loaded when it is needed: `--version` is asked by scripts and prompts all the time.
import { isNodeNewEnough } from './needed-node.ts';

const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  const [{ version }, { print }] = await Promise.all([import('./version.ts'), import('./print.ts')]);
  print(1, `${version()}\n`);
} else {
  const isFit = isNodeNewEnough(process.versions.node);
  const { run } = await (isFit ? import('./program.ts') : import('./older-node.ts'));
  process.exitCode = await run(args);
}
