"""One line that shows how far a sweep is."""

import shutil
import sys
import time
from datetime import timedelta

from tools.sweep.driver import Trial

# Between two lines in a log, where lines stay.
PLAIN_SECONDS = 60
# To the start of the terminal's line, and clear it.
ANEW = "\r\033[K"


class Progress:
    """Counts trials as they end, and shows the count."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._done = 0
        self._failed = 0
        self._computed = 0
        self._best: tuple[float, str] | None = None
        self._started = self._shown = time.monotonic()

    def ended(self, trial: Trial, accuracy: float | None) -> None:
        """Count a *trial* that has ended, and its validation *accuracy* if it has one."""
        self._done += 1
        self._computed += bool(trial.outcome and trial.outcome.seconds)
        if trial.failed:
            self._failed += 1
            self.print(f"{trial.name} failed: {' '.join(trial.overrides)}")
            for line in trial.outcome.lines if trial.outcome else ():
                self.print(f"    {line}")
        elif accuracy is not None and (self._best is None or accuracy > self._best[0]):
            self._best = accuracy, trial.name

    def show(self, running: int) -> None:
        """Show the line, with so many *running*: at once on a terminal, otherwise now and then."""
        now = time.monotonic()
        if sys.stdout.isatty():
            # A line that wraps could not be cleared.
            width = shutil.get_terminal_size().columns - 1
            print(f"{ANEW}{self.line(running)[:width]}", end="", flush=True)
        elif now - self._shown >= PLAIN_SECONDS:
            self._shown = now
            self.print(self.line(running))

    def line(self, running: int) -> str:
        """Return how far the sweep is, with so many trials *running*."""
        parts = [f"{self._done} of {self._wanted} done"]
        if running:
            parts.append(f"{running} running")
        if self._failed:
            parts.append(f"{self._failed} failed")
        if self._best:
            parts.append(f"best {self._best[0]:.4f} ({self._best[1]})")
        if self._computed and self._done < self._wanted:
            each = (time.monotonic() - self._started) / self._computed
            left = timedelta(seconds=round(each * (self._wanted - self._done)))
            parts.append(f"about {left} left")
        return ", ".join(parts)

    def print(self, line: str) -> None:
        """Print a *line* that stays."""
        print(f"{ANEW if sys.stdout.isatty() else ''}{line}", flush=True)
