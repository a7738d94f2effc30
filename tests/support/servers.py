"""Real servers for DVC's remotes: on loopback, in a folder of their own, gone after the test."""

import getpass
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.processes import wait_until

# Where sshd is; not on every user's path.
SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Server:
    """A place for a remote, and what makes a client one that may use it.

    *settings* are those of DVC's remote that let it in, *refused* others that do not. *home* is a
    home folder for the client, without settings or keys of the one who runs the test.
    """

    url: str
    settings: Mapping[str, str]
    refused: Mapping[str, str]
    home: Path


def program(name: str, module: str) -> str:
    """Return the path of a server's program; skip the test without it or DVC's *module* for it."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), SYSTEM]))
    if found is None or find_spec(module) is None:
        pytest.skip(f"{name} or {module} is not installed: `make test-remotes`, openssh-server")
    return found


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], log: Path, port: int) -> Iterator[None]:
    """Run a server until the block ends; it has started when its *port* answers."""

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        wait_until(answers, 30)
        yield
    finally:
        # It has nothing to put in order, since its folder goes too.
        process.kill()
        process.wait()


@contextmanager
def ssh(folder: Path) -> Iterator[Server]:
    """Run OpenSSH's server, which lets in the current user with one key."""
    sshd = program("sshd", "dvc_ssh")
    host, member, stranger = keys = [folder / name for name in ("host", "member", "stranger")]
    for key in keys:
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    port = free_port()
    file = folder / "sshd_config"
    # The key lies below a folder that others may write to, hence no StrictModes.
    file.write_text(f"""
Port {port}
ListenAddress 127.0.0.1
HostKey {host}
AuthorizedKeysFile {member}.pub
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
Subsystem sftp internal-sftp
""")
    if os.geteuid() == 0:
        # As root it wants the folder that the system's service makes when it starts.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with running([sshd, "-D", "-e", "-f", str(file)], folder / "log", port):
        yield Server(
            f"ssh://{getpass.getuser()}@127.0.0.1:{port}{folder}/remote",
            {"keyfile": str(member)},
            {"keyfile": str(stranger)},
            folder,
        )


@contextmanager
def s3(folder: Path) -> Iterator[Server]:
    """Run SeaweedFS, which speaks S3's protocol and checks the signature of each request."""
    weed = program("weed", "dvc_s3")
    member = {"accessKey": "member", "secretKey": "a-secret-for-this-test"}
    identity = {"name": "team", "credentials": [member], "actions": ["Admin"]}
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    port = free_port()
    command = [weed, "server", "-ip=127.0.0.1", "-filer", "-s3", f"-dir={folder / 'data'}"]
    for service in ("master", "volume", "filer"):
        command += [f"-{service}.port={free_port()}", f"-{service}.port.grpc={free_port()}"]
    command += [f"-s3.port={port}", f"-s3.port.grpc={free_port()}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder}/identities.json"]
    command += [f"-filer.localSocket={folder}/filer", f"-s3.localSocket={folder}/s3"]
    with running(command, folder / "log", port):
        yield Server(
            "s3://mnist/shared",
            {
                "endpointurl": f"http://127.0.0.1:{port}",
                "access_key_id": member["accessKey"],
                "secret_access_key": member["secretKey"],
            },
            {"secret_access_key": "not-the-secret"},
            folder,
        )
