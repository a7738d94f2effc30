"""Put a report on a pull request: ``python -m tools.ci.comment FILE``.

The first run writes a comment, later ones update it. Reads what GitHub gives a workflow,
GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN, and the pull request's number in PULL_REQUEST.
Needs Python alone, so that the one job that may write installs nothing.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stages.common.errors import StageError

# Unseen on the page; comments are found again by it.
MARKER = "<!-- pipeline-report -->"
AUTHOR = "github-actions[bot]"
PER_PAGE = 100
# GitHub takes 65,536 characters.
LONGEST = 65_000
TIMEOUT = 30


def main(file: str) -> None:
    """Write the report in *file* to the pull request, over an earlier one if there is one."""
    body = Path(file).read_text(encoding="utf-8")
    if not body.startswith(MARKER):
        raise StageError(f"{file}: not a report: `make ci-report` writes one")
    if len(body) > LONGEST:
        body = f"{body[:LONGEST]}\n\nToo long for a comment: the run's summary has the rest."
    repository = f"repos/{variable('GITHUB_REPOSITORY')}"
    thread = f"{repository}/issues/{variable('PULL_REQUEST')}/comments"
    earlier = next((comment["id"] for comment in comments(thread) if is_report(comment)), None)
    if earlier is None:
        written = request("POST", thread, {"body": body})
    else:
        written = request("PATCH", f"{repository}/issues/comments/{earlier}", {"body": body})
    print(written["html_url"])


def is_report(comment: dict[str, Any]) -> bool:
    """Tell whether a comment is a report of ours, not one that someone quoted."""
    # An account that was deleted leaves no user.
    author = (comment["user"] or {}).get("login")
    return author == AUTHOR and str(comment["body"]).startswith(MARKER)


def comments(thread: str) -> Iterator[dict[str, Any]]:
    """Yield a pull request's comments, oldest first."""
    page = 1
    while found := request("GET", f"{thread}?per_page={PER_PAGE}&page={page}"):
        yield from found
        if len(found) < PER_PAGE:
            return
        page += 1


def request(method: str, path: str, content: object = None) -> Any:
    """Return GitHub's answer to a request.

    Raises:
        StageError: it refuses.
        OSError: it does not answer.
    """
    sent = urllib.request.Request(  # noqa: S310 - the URL is GitHub's own
        f"{variable('GITHUB_API_URL')}/{path}",
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={
            "Authorization": f"Bearer {variable('GITHUB_TOKEN')}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    try:
        with urllib.request.urlopen(sent, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise StageError(f"{method} {path}: {error.code} {error.reason}") from None


def variable(name: str) -> str:
    """Return an environment variable."""
    if name not in os.environ:
        raise StageError(f"{name} is not set: GitHub sets it in a workflow")
    return os.environ[name]


if __name__ == "__main__":
    # Not by `stages.common.command`: this job has no environment, so nothing but Python's own modules.
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.exit("usage: python -m tools.ci.comment FILE")
    try:
        main(sys.argv[1])
    except StageError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'the network'}: {error.strerror or error}")
