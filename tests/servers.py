"""Real servers for DVC's remotes: on loopback, in a folder of their own, gone after the test."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

START_LIMIT = 30.0
# Where sshd is; not on every user's path.
SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Server:
    """A place for a remote, the settings that let a client in, and some that do not."""

    url: str
    settings: Mapping[str, str]
    refused: Mapping[str, str]


def program(name: str, package: str) -> str:
    """Return the path of a server's program, or skip the test."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), SYSTEM]))
    return found or pytest.skip(f"{name} is not installed: {package}")


def need(module: str) -> None:
    """Skip the test where a Python package is not installed."""
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed: make remotes")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], log: Path, port: int) -> Iterator[None]:
    """Run a server until the block ends; it has started when its *port* answers."""
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_LIMIT
        while not answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, f"no answer in time\n{log.read_text()}"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=START_LIMIT)


def answers(port: int) -> bool:
    """Return whether something on this machine takes connections on *port*."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def ssh(folder: Path) -> Iterator[Server]:
    """Run OpenSSH's server, which lets in the current user with one key."""
    need("dvc_ssh")
    sshd = program("sshd", "apt-get install openssh-server")
    keys = {name: folder / name for name in ("host", "member", "stranger")}
    for key in keys.values():
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    port = free_port()
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": keys["host"],
        "AuthorizedKeysFile": keys["member"].with_suffix(".pub"),
        "PidFile": "none",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        # The key lies in a temporary folder, which others may write to.
        "StrictModes": "no",
        "Subsystem": "sftp internal-sftp",
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    if os.geteuid() == 0:
        # As root it wants the folder that the system's service makes when it starts.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with running([sshd, "-D", "-e", "-f", str(config)], folder / "log", port):
        yield Server(
            f"ssh://{getpass.getuser()}@127.0.0.1:{port}{folder}/remote",
            {"keyfile": str(keys["member"])},
            {"keyfile": str(keys["stranger"])},
        )


@contextmanager
def s3(folder: Path) -> Iterator[Server]:
    """Run SeaweedFS, which speaks S3's protocol and checks each request's signature."""
    need("dvc_s3")
    weed = program("weed", "make test-remotes")
    (folder / "data").mkdir()
    member = {"accessKey": "member", "secretKey": "a-secret-for-this-test"}
    identity = {"name": "team", "credentials": [member], "actions": ["Admin"]}
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    command = [weed, "server", "-ip=127.0.0.1", f"-dir={folder / 'data'}", "-s3"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-s3.config={folder / 'identities.json'}"]
    with running(command, folder / "log", ports["s3"]):
        yield Server(
            "s3://mnist/shared",
            {
                "endpointurl": f"http://127.0.0.1:{ports['s3']}",
                "access_key_id": member["accessKey"],
                "secret_access_key": member["secretKey"],
            },
            {"secret_access_key": "not-the-secret"},
        )
