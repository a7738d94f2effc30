"""The comment on a pull request: the workflow's command, and a server that keeps comments."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT, workflows
from tools.ci.comment import AUTHOR, LONGEST, MARKER, PER_PAGE

JOB = workflows.parsed(workflows.text("pipeline.yml"))["jobs"]["comment"]
(STEP,) = (step for step in JOB["steps"] if "run" in step)
TOKEN = "the-token"  # noqa: S105 - no secret


class GitHub(ThreadingHTTPServer):
    """GitHub's interface for the comments of pull request 7 of team/project, as documented.

    See https://docs.github.com/en/rest/issues/comments.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[dict[str, Any]] = []

    def add(self, body: str, author: str = "someone") -> dict[str, Any]:
        """Keep a comment; return it."""
        number = len(self.comments) + 1
        comment = {"id": number, "body": body, "user": {"login": author}, "html_url": f"#{number}"}
        self.comments.append(comment)
        return comment


class Handler(BaseHTTPRequestHandler):
    """Answers the three requests that are needed; any other is an error."""

    server: GitHub

    def answer(self) -> None:
        """Answer a request."""
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.reply(403, {"message": "Resource not accessible by integration"})
            return
        thread = "/repos/team/project/issues/7/comments"
        if self.command == "GET" and self.path.startswith(f"{thread}?"):
            per_page, page = map(int, re.findall(r"page=(\d+)", self.path))
            self.reply(200, self.server.comments[(page - 1) * per_page : page * per_page])
        elif self.command == "POST" and self.path == thread:
            self.reply(201, self.server.add(self.sent()["body"], AUTHOR))
        elif self.command == "PATCH":
            number = int(self.path.removeprefix("/repos/team/project/issues/comments/"))
            comment = self.server.comments[number - 1]
            comment.update(self.sent())
            self.reply(200, comment)
        else:
            self.reply(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = answer  # noqa: N815 - names the base class looks for

    def sent(self) -> Any:
        """Return what the request holds."""
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def reply(self, status: int, content: object) -> None:
        """Send an answer."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def github() -> Iterator[GitHub]:
    """Return a server without comments."""
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def comment(
    github: GitHub, folder: Path, report: str, token: str = TOKEN
) -> subprocess.CompletedProcess[str]:
    """Run the workflow's step on a *report*, as GitHub would."""
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results/report.md").write_text(report)
    given = {"${{ github.token }}": token, "${{ github.event.pull_request.number }}": "7"}
    variables = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
        "GITHUB_REPOSITORY": "team/project",
        **{name: given[value] for name, value in STEP["env"].items()},
    }
    return subprocess.run(
        ["bash", "-c", STEP["run"]],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_first_run_comments_and_later_ones_update_that_comment(
    github: GitHub, tmp_path: Path
) -> None:
    # More than fit on GitHub's first page, one that quotes a report, one of a deleted account.
    for number in range(PER_PAGE):
        github.add(f"comment {number}")
    github.add(f"{MARKER} as someone quotes it")
    github.add(f"{MARKER} as a ghost quotes it")["user"] = None
    others = [dict(each) for each in github.comments]

    for report in (f"{MARKER}\nfirst", f"{MARKER}\nsecond"):
        done = comment(github, tmp_path, report)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"#{PER_PAGE + 3}\n", "")
        assert github.comments[:-1] == others
        assert (github.comments[-1]["body"], len(github.comments)) == (report, PER_PAGE + 3)


def test_a_token_that_may_not_write_is_one_line(github: GitHub, tmp_path: Path) -> None:
    done = comment(github, tmp_path, MARKER, token="another")  # noqa: S106 - no secret
    assert (done.returncode, done.stdout, github.comments) == (1, "", [])
    assert re.fullmatch(
        r"error: GET repos/team/project/issues/7/comments\S+: 403 Forbidden\n", done.stderr
    )


def test_a_file_that_is_no_report_is_not_put_on_a_page(github: GitHub, tmp_path: Path) -> None:
    done = comment(github, tmp_path, "secret")
    assert done.stderr == ("error: results/report.md: not a report: `make ci-report` writes one\n")
    assert (done.returncode, github.comments) == (1, [])


def test_a_report_longer_than_a_comment_may_be_is_cut(github: GitHub, tmp_path: Path) -> None:
    assert comment(github, tmp_path, MARKER + "x" * 70_000).returncode == 0
    body = github.comments[0]["body"]
    assert LONGEST < len(body) < 65_536
    assert body.endswith("Too long for a comment: the run's summary has the rest.")


def test_it_needs_no_package() -> None:
    # -S leaves out site-packages.
    command = [sys.executable, "-S", "-c", "import tools.ci.comment"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
