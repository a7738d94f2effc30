"""A team shares what its pipeline computed, through a real server for SSH, on loopback."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.pipeline import Project
from tests.support.processes import free_port, wait_until

# Where sshd is; not on every user's path.
SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"
# The key lies below a folder that others may write to, hence no StrictModes.
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/member.pub
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
Subsystem sftp internal-sftp
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run OpenSSH's server, and return its folder: a home for clients, with two keys.

    The server lets in the one called ``member``; it is at what ``place`` says.
    """
    sshd = shutil.which("sshd", path=os.pathsep.join([os.environ.get("PATH", ""), SYSTEM]))
    if sshd is None or find_spec("dvc_ssh") is None:
        pytest.skip("sshd or dvc_ssh is not installed: `make test-remotes`, openssh-server")
    folder, port = tmp_path_factory.mktemp("ssh"), free_port()
    for key in ("host", "member", "stranger"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    (folder / "place").write_text(f"127.0.0.1:{port}{folder}/remote")
    if os.geteuid() == 0:
        # As root it wants the folder that the system's service makes when it starts.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (folder / "log").open("w") as log:
        command = [sshd, "-D", "-e", "-f", str(folder / "config")]
        process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(answers, 30)
        yield folder
    finally:
        # It has nothing to put in order, since its folder goes too.
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def shared(server: Path, tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose results are on the server."""
    folder = tmp_path_factory.mktemp("shared")
    project = replace(tiny.copy(folder / "project"), home=server)
    url = f"ssh://{getpass.getuser()}@{(server / 'place').read_text()}"
    project.output("dvc", "remote", "add", "--default", "team", url)
    project.commit("Share the results")
    use_key(project, server / "member")
    project.output("dvc", "push", "--run-cache")
    return project


def use_key(project: Project, key: Path) -> None:
    """Set a client's own key for the remote, which Git does not keep."""
    project.output("dvc", "remote", "modify", "--local", "team", "keyfile", str(key))


def test_a_fresh_clone_gets_everything(server: Path, shared: Project, tmp_path: Path) -> None:
    fresh = shared.git_clone(tmp_path / "clone")
    use_key(fresh, server / "member")
    place = f"ssh://{(server / 'place').read_text()}"
    assert fresh.output("python", "-m", "tools.pull").endswith(
        f"Missing outputs: 18; looking in the remote 'team' ({place}).\nFound there: 18.\n"
    )
    assert fresh.output("dvc", "status") == "Data and pipelines are up to date.\n"


def test_who_is_not_let_in_computes_what_is_missing(
    server: Path, shared: Project, tmp_path: Path
) -> None:
    fresh = shared.git_clone(tmp_path / "clone")
    use_key(fresh, server / "stranger")
    last = fresh.output("python", "-m", "tools.pull").splitlines()[-1]
    assert last.startswith("The remote 'team' cannot be used: ")
    assert last.endswith("What is missing is computed here.")
