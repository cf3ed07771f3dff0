"""python-tuf and securesystemslib behind lines of JSON: one request a line on stdin, one answer a line on stdout."""

import base64
import json
import os
import shutil
import sys
import tempfile

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner, Key, SSlibKey, Signature
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface


def canonical(request):
    """Hex of the canonical form of each JSON text, or null with what was raised."""
    answers = []
    for text in request["texts"]:
        try:
            answers.append({"hex": encode_canonical(json.loads(text)).encode("utf-8").hex()})
        except Exception as error:  # whatever it is, it is the answer
            answers.append({"error": type(error).__name__})
    return answers


def mldsa_make(request):
    """A key of the library's own, and its signature."""
    message = bytes.fromhex(request["message"])
    signer = CryptoSigner.generate_mldsa(scheme=request["scheme"])
    key = signer.public_key
    return {"keyid": key.keyid, "key": key.to_dict(), "sig": signer.sign(message).signature, "pem": signer.private_bytes.decode()}


def mldsa_verify(request):
    """Whether the library takes our key and our signature."""
    key = Key.from_dict(request["keyid"], request["key"])
    try:
        key.verify_signature(Signature(request["keyid"], request["sig"]), bytes.fromhex(request["message"]))
        return {"good": True, "keyid": SSlibKey.from_crypto(key._crypto_key()).keyid}
    except Exception as error:
        return {"good": False, "error": type(error).__name__}


def mldsa_sign(request):
    """Opens our encrypted key file and signs with it."""
    private = load_pem_private_key(request["pem"].encode(), request["password"].encode())
    signer = CryptoSigner(private)
    return {"keyid": signer.public_key.keyid, "sig": signer.sign(bytes.fromhex(request["message"])).signature}


# Where a thousand hosts may write a hundred thousand files.
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


class Served(FetcherInterface):
    """Files from memory."""

    def __init__(self, files):
        self.files = files

    def _fetch(self, url):
        name = url[len("https://repository.example/") :]
        if name not in self.files:
            raise DownloadHTTPError(f"{name} is not there", 404)
        return iter([self.files[name]])


def judge(request):
    """One host that has met `before`, copied for each mutant that it meets next."""
    root = base64.b64decode(request["root"])
    answers = []
    with tempfile.TemporaryDirectory(dir=MEMORY) as prepared:
        first = refresh(prepared, root, decoded(request["before"]), request["target"])
        if not first["accepted"]:
            raise RuntimeError(f"python-tuf refuses what is good: {first}")
        for mutant in request["mutants"]:
            with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
                shutil.copytree(prepared, folder, symlinks=True, dirs_exist_ok=True)
                answers.append(refresh(folder, root, decoded(mutant), request["target"]))
    return answers


def decoded(files):
    return {name: base64.b64decode(data) for name, data in files.items()}


def refresh(folder, root, files, target):
    try:
        updater = Updater(folder, "https://repository.example/metadata/", fetcher=Served(files), bootstrap=root)
        updater.refresh()
        info = updater.get_targetinfo(target)
        return {"accepted": True, "target": None if info is None else info.hashes.get("sha256", "another hash")}
    except (RepositoryError, DownloadError) as error:
        return {"accepted": False, "error": f"{type(error).__name__}: {error}"[:300]}
    except Exception as error:  # what the library did not mean to raise
        return {"accepted": False, "crash": True, "error": f"{type(error).__name__}: {error}"[:300]}


def main():
    commands = {"canonical": canonical, "mldsa-make": mldsa_make, "mldsa-verify": mldsa_verify, "mldsa-sign": mldsa_sign, "judge": judge}
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(json.dumps(commands[request["do"]](request)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    os.umask(0o077)
    main()
