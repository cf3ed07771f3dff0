"""python-tuf as a peer: see ../README.md for the commands."""

import json
import sys
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.ngclient import Updater


class TargetNotFound(Exception):
    """What the library says with `None`."""


def read(root: Path, metadata_url: str, targets_url: str, out: Path, paths: Path) -> None:
    """Refreshes and downloads every path into a file that is named by its line number."""
    state, files = out / "metadata", out / "targets"
    state.mkdir(parents=True, exist_ok=True)
    files.mkdir(exist_ok=True)
    updater = Updater(
        str(state),
        metadata_url,
        target_dir=str(files),
        target_base_url=targets_url,
        bootstrap=root.read_bytes(),
    )
    updater.refresh()
    for index, path in enumerate(paths.read_text().split("\n")[:-1]):
        info = updater.get_targetinfo(path)
        if info is None:
            raise TargetNotFound(path)
        updater.download_target(info, str(files / str(index)))


def sessions(root: Path, metadata_url: str, targets_url: str) -> None:
    """One `read` for each line of stdin, which is its `out`; the file `paths` is in it."""
    for line in sys.stdin:
        out = Path(line.rstrip("\n"))
        try:
            read(root, metadata_url, targets_url, out, out / "paths")
            answer: dict[str, str] = {}
        except Exception as error:  # noqa: BLE001 - whatever the library throws is the answer
            answer = {"error": type(error).__name__, "message": str(error)[:300]}
        print(json.dumps(answer), flush=True)


class Repository:
    """Everything in memory until `save`, which signs it from the leaves to the timestamp."""

    def __init__(self, keys: dict[str, list[CryptoSigner]], threshold: dict[str, int] | None = None):
        self.expires = (datetime.now(timezone.utc) + timedelta(days=5)).replace(microsecond=0)
        self.signers: dict[str, list[CryptoSigner]] = {}
        self.old_root_keys: list[CryptoSigner] = []
        self.roots: list[Metadata[Root]] = []
        self.root = Root(expires=self.expires, consistent_snapshot=True)
        self.roles: dict[str, Targets] = {"targets": Targets(expires=self.expires)}
        self.files: list[tuple[str, bytes]] = []
        for role, signers in keys.items():
            self.set_keys(role, signers, (threshold or {}).get(role, 1))
        self.publish_root()

    def set_keys(self, role: str, signers: list[CryptoSigner], threshold: int = 1) -> None:
        for keyid in list(self.root.roles[role].keyids):
            self.root.revoke_key(keyid, role)
        for signer in signers:
            self.root.add_key(signer.public_key, role)
        self.root.roles[role].threshold = threshold
        if role == "root":
            self.old_root_keys = self.signers.get("root", [])
        self.signers[role] = signers

    def publish_root(self) -> None:
        self.root.version = len(self.roots) + 1
        self.roots.append(signed(deepcopy(self.root), [*self.signers["root"], *self.old_root_keys]))
        self.old_root_keys = []

    def delegate(self, delegator: str, role: DelegatedRole, signer: CryptoSigner) -> None:
        targets = self.roles[delegator]
        if targets.delegations is None:
            targets.delegations = Delegations({}, {})
        targets.delegations.roles[role.name] = role
        targets.add_key(signer.public_key, role.name)
        self.roles[role.name] = Targets(expires=self.expires)
        self.signers[role.name] = [signer]

    def add(self, role: str, path: str, content: bytes) -> None:
        self.roles[role].targets[path] = TargetFile.from_data(path, content, ["sha256"])
        self.files.append((path, content))

    def save(self, folder: Path) -> None:
        metadata, content = folder / "metadata", folder / "content"
        metadata.mkdir(parents=True)
        content.mkdir()
        for root in self.roots:
            root.to_file(str(metadata / f"{root.signed.version}.root.json"))
        snapshot = Snapshot(expires=self.expires)
        for name, role in self.roles.items():
            data = signed(role, self.signers[name]).to_bytes()
            file = metadata / f"{role.version}.{name}.json"  # a server finds it there, since it decodes the URL
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
            snapshot.meta[f"{name}.json"] = MetaFile.from_data(role.version, data, ["sha256"])
        data = signed(snapshot, self.signers["snapshot"]).to_bytes()
        (metadata / "1.snapshot.json").write_bytes(data)
        timestamp = Timestamp(expires=self.expires, snapshot_meta=MetaFile.from_data(1, data, ["sha256"]))
        signed(timestamp, self.signers["timestamp"]).to_file(str(metadata / "timestamp.json"))
        for index, (path, data) in enumerate(self.files):
            directory, _, name = path.rpartition("/")
            digest = TargetFile.from_data(path, data, ["sha256"]).hashes["sha256"]
            file = folder / "targets" / directory / f"{digest}.{name}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            (content / str(index)).write_bytes(data)
        (folder / "paths").write_text("".join(f"{path}\n" for path, _ in self.files))


def signed(payload: Root | Targets | Snapshot | Timestamp, signers: Iterable[CryptoSigner]) -> Metadata:
    metadata = Metadata(payload)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


ed25519 = CryptoSigner.generate_ed25519
rsa = CryptoSigner.generate_rsa
ecdsa = CryptoSigner.generate_ecdsa


def all_of(make: Callable[[], CryptoSigner]) -> dict[str, list[CryptoSigner]]:
    return {role: [make()] for role in ("root", "timestamp", "snapshot", "targets")}


def flat() -> Repository:
    repository = Repository(all_of(ecdsa))
    repository.add("targets", "hello.txt", b"hello\n")
    repository.add("targets", "folder/with space/a+b%20c.bin", bytes(range(256)) * 300)
    repository.add("targets", "empty", b"")
    return repository


def keys() -> Repository:
    root = [ed25519(), rsa(), ecdsa()]
    others = {"timestamp": [ed25519()], "snapshot": [rsa()], "targets": [ecdsa(), ed25519(), rsa()]}
    repository = Repository({"root": root, **others}, {"root": 2, "targets": 3})
    repository.add("targets", "signed-by-all-kinds.txt", b"three kinds of keys\n")
    return repository


def delegations() -> Repository:
    repository = Repository(all_of(ed25519))
    for name, key in (("first", rsa()), ("second/with slash", ecdsa())):
        role = DelegatedRole(name, [], 1, name == "first", [f"{name[:5]}*/*", f"{name[:5]}*/*/*"])
        repository.delegate("targets", role, key)
    repository.delegate("first", DelegatedRole("below first", [], 1, False, ["first/below/*"]), ed25519())
    repository.add("first", "first/a.txt", b"a\n")
    repository.add("below first", "first/below/b.txt", b"b\n")
    repository.add("second/with slash", "secondly/c.txt", b"c\n")
    return repository


def rotated() -> Repository:
    repository = Repository(all_of(ed25519))
    for turn in range(5):
        repository.set_keys("root", [ed25519(), ecdsa()], 1 + turn % 2)
        repository.set_keys(("timestamp", "snapshot", "targets")[turn % 3], [rsa()])
        repository.publish_root()
    repository.add("targets", "after-five-rotations.txt", b"still here\n")
    return repository


def hash_prefixes() -> Repository:
    repository = Repository(all_of(ed25519))
    for digit in "0123456789abcdef":
        role = DelegatedRole(f"bin-{digit}", [], 1, False, path_hash_prefixes=[digit])
        repository.delegate("targets", role, ed25519())
    for role in repository.roles["targets"].delegations.roles.values():
        for path in (f"files/{number}.txt" for number in range(12)):
            if role.is_delegated_path(path):
                repository.add(role.name, path, path.encode())
    return repository


def succinct() -> Repository:
    repository = Repository(all_of(ed25519))
    signer = ecdsa()
    bins = SuccinctRoles([], 1, 4, "bin")
    repository.roles["targets"].delegations = Delegations({}, succinct_roles=bins)
    repository.roles["targets"].add_key(signer.public_key)
    for name in bins.get_roles():
        repository.roles[name] = Targets(expires=repository.expires)
        repository.signers[name] = [signer]
    for path in (f"files/{number}.txt" for number in range(12)):
        repository.add(bins.get_role_for_target(path), path, path.encode())
    return repository


scenarios = {
    "flat": flat,
    "keys": keys,
    "delegations": delegations,
    "rotated": rotated,
    "hash-prefixes": hash_prefixes,
    "succinct": succinct,
}


def main(command: str, *rest: str) -> None:
    if command == "read":
        root, metadata_url, targets_url, out, paths = rest
        read(Path(root), metadata_url, targets_url, Path(out), Path(paths))
    elif command == "sessions":
        root, metadata_url, targets_url = rest
        sessions(Path(root), metadata_url, targets_url)
    else:
        folder, scenario = rest
        scenarios[scenario]().save(Path(folder))


try:
    main(*sys.argv[1:])
except Exception as error:  # noqa: BLE001 - whatever the library throws is the answer
    print(json.dumps({"error": type(error).__name__, "message": str(error)[:300]}))
    sys.exit(1)
