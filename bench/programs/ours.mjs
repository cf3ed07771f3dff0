/** @ragnos/client: refresh, look up, download. Arguments: URL of the repository, metadata folder, root file, then target path and destination. */
import './report.mjs';
import { Updater } from '@ragnos/client';
import { defaultLimits } from '@ragnos/tuf';

// Not imported: that would load more of Node than the client itself does.
const { readFileSync } = process.getBuiltinModule('node:fs');
const [url, dir, root, targetPath, filePath] = process.argv.slice(2);
const updater = await Updater.open({
  dir: dir,
  baseUrl: `${url}/`,
  root: readFileSync(root),
  limits: { ...defaultLimits, targetsMaxLength: 100_000_000 },
});
await updater.refresh();
if (targetPath !== undefined) {
  const info = await updater.find(targetPath);
  await updater.download(info, filePath);
}
