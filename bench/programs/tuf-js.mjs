/** tuf-js: refresh, look up, download. Arguments: URL of the repository, metadata folder, root file, then target path and destination. */
import './report.mjs';
import { Updater } from 'tuf-js';

const [url, metadataDir, , targetPath, filePath] = process.argv.slice(2); // its root stands in the metadata folder
const updater = new Updater({
  metadataDir: metadataDir,
  metadataBaseUrl: `${url}/metadata`,
  targetBaseUrl: `${url}/targets`,
  targetDir: metadataDir,
  config: { targetsMaxLength: 100_000_000 },
});
await updater.refresh();
if (targetPath !== undefined) {
  const info = await updater.getTargetInfo(targetPath);
  await updater.downloadTarget(info, filePath);
}
