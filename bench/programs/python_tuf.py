"""python-tuf: refresh, look up, download. Arguments: URL of the repository, metadata folder, root file, then target path and destination."""

import atexit
import json
import resource
import sys


def report() -> None:
    print("\n" + json.dumps({"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)


atexit.register(report)

import tuf  # noqa: E402 - its import is part of what is measured
from tuf.ngclient import Updater, UpdaterConfig  # noqa: E402

url, metadata_dir, root, *rest = sys.argv[1:]
# Before 6.0 the root file in the metadata folder is where trust begins.
bootstrap = {} if tuf.__version__.startswith("5.") else {"bootstrap": open(root, "rb").read()}
updater = Updater(
    metadata_dir,
    f"{url}/metadata/",
    target_dir=metadata_dir,
    target_base_url=f"{url}/targets/",
    config=UpdaterConfig(targets_max_length=100_000_000),
    **bootstrap,
)
updater.refresh()
if rest:
    target_path, file_path = rest
    info = updater.get_targetinfo(target_path)
    updater.download_target(info, file_path)
