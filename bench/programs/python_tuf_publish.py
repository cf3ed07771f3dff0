"""python-tuf: publish one target after the other into the bins of a repository of ours. Arguments: folder, how many.

Does what ours does and no more: the bin, snapshot and timestamp are read, changed, signed and written, each file synced and renamed. It
takes no locks, keeps no journal and no audit log, and does not read back what it wrote.
"""

import hashlib
import json
import os
import sys
import time
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

folder, times = sys.argv[1], int(sys.argv[2])
metadata = os.path.join(folder, "public", "metadata")
targets_dir = os.path.join(folder, "public", "targets")
with open(os.path.join(folder, "keys.json"), encoding="utf-8") as file:
    pems = json.load(file)
signers = {role: CryptoSigner(load_pem_private_key(pem.encode(), None)) for role, pem in pems.items()}
written = 0


def write(path: str, data: bytes) -> None:
    global written
    written += len(data)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".tmp", "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    os.rename(path + ".tmp", path)
    handle = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def save(role: str, name: str, data: Metadata, signer: str) -> bytes:
    data.sign(signers[signer])
    raw = data.to_bytes()
    write(os.path.join(metadata, name), raw)
    return raw


def expires(days: int) -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=days)


timestamp = Metadata[Timestamp].from_file(os.path.join(metadata, "timestamp.json"))
snapshot = Metadata[Snapshot].from_file(
    os.path.join(metadata, f"{timestamp.signed.snapshot_meta.version}.snapshot.json")
)
top = Metadata[Targets].from_file(
    os.path.join(metadata, f"{snapshot.signed.meta['targets.json'].version}.targets.json")
)
version = snapshot.signed.meta["vendor.acme.json"].version
vendor = Metadata[Targets].from_file(os.path.join(metadata, f"{version}.vendor.acme.json"))


def publish(number: int) -> None:
    path = f"vendors/acme/py{number}-{time.time_ns()}/index.json"
    content = json.dumps({"new": number}).encode()
    digest = hashlib.sha256(content).hexdigest()
    write(os.path.join(targets_dir, os.path.dirname(path), f"{digest}.index.json"), content)
    succinct = vendor.signed.delegations.succinct_roles
    name = succinct.get_role_for_target(path)
    before = snapshot.signed.meta[f"{name}.json"]
    role = Metadata[Targets].from_file(os.path.join(metadata, f"{before.version}.{name}.json"))
    role.signed.targets[path] = TargetFile(len(content), {"sha256": digest}, path)
    role.signed.version += 1
    role.signed.expires = expires(90)
    raw = save(name, f"{role.signed.version}.{name}.json", role, "vendor.acme")
    snapshot.signed.meta[f"{name}.json"] = MetaFile(
        role.signed.version, len(raw), {"sha256": hashlib.sha256(raw).hexdigest()}
    )
    snapshot.signed.version += 1
    snapshot.signed.expires = expires(7)
    raw = save("snapshot", f"{snapshot.signed.version}.snapshot.json", snapshot, "snapshot")
    timestamp.signed.snapshot_meta = MetaFile(
        snapshot.signed.version, len(raw), {"sha256": hashlib.sha256(raw).hexdigest()}
    )
    timestamp.signed.version += 1
    timestamp.signed.expires = expires(1)
    save("timestamp", "timestamp.json", timestamp, "timestamp")


publish(-1)
written = 0
milliseconds = []
cpu = time.process_time()
for number in range(times):
    begun = time.perf_counter()
    publish(number)
    milliseconds.append((time.perf_counter() - begun) * 1000)
cpu = (time.process_time() - cpu) * 1000 / times
print(json.dumps({"ms": milliseconds, "cpu": cpu, "metadata": round(written / times)}))
