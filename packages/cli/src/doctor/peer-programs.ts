/**
 * Small programs for the peers' own libraries, given to their interpreters as text. Arguments: the root file, the URL of
 * metadata/, that of targets/, a folder of one's own, then target paths. The last line of stdout is JSON: a version, or an error.
 */
export const pythonProgram = `
import json, os, sys
from importlib.metadata import version
root, metadata_url, targets_url, folder, *paths = sys.argv[1:]
from tuf.ngclient import Updater
state, files = os.path.join(folder, "metadata"), os.path.join(folder, "targets")
os.makedirs(state)
os.makedirs(files)
try:
    with open(root, "rb") as file:
        first = file.read()
    options = dict(target_dir=files, target_base_url=targets_url)
    try:
        updater = Updater(state, metadata_url, bootstrap=first, **options)
    except TypeError:
        with open(os.path.join(state, "root.json"), "wb") as file:
            file.write(first)
        updater = Updater(state, metadata_url, **options)
    updater.refresh()
    for index, path in enumerate(paths):
        info = updater.get_targetinfo(path)
        if info is None:
            raise LookupError("it does not find " + path)
        updater.download_target(info, os.path.join(files, str(index)))
    print(json.dumps({"version": version("tuf")}))
except Exception as error:
    print(json.dumps({"version": version("tuf"), "error": type(error).__name__ + ": " + str(error)[:500]}))
`;

export const tufJsProgram = `
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
const [module, root, metadataUrl, targetsUrl, folder, ...paths] = process.argv.slice(1);
const require = createRequire(module);
const { Updater } = require('tuf-js');
let version = null;
try {
  version = JSON.parse(readFileSync(require.resolve('tuf-js/package.json'), 'utf8')).version;
} catch {}
const metadataDir = join(folder, 'metadata');
const targetDir = join(folder, 'targets');
mkdirSync(metadataDir, { recursive: true });
mkdirSync(targetDir, { recursive: true });
try {
  copyFileSync(root, join(metadataDir, 'root.json'));
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: metadataUrl.replace(/\\/$/, ''),
    targetDir,
    targetBaseUrl: targetsUrl.replace(/\\/$/, ''),
    config: { fetchRetries: 0, fetchRetry: { retries: 0 } },
  });
  await updater.refresh();
  for (const [index, path] of paths.entries()) {
    const info = await updater.getTargetInfo(path);
    if (info === undefined) throw new Error('it does not find ' + path);
    await updater.downloadTarget(info, join(targetDir, String(index)));
  }
  writeFileSync(1, JSON.stringify({ version }) + '\\n');
} catch (error) {
  writeFileSync(1, JSON.stringify({ version, error: (error.name + ': ' + error.message).slice(0, 500) }) + '\\n');
}
`;
