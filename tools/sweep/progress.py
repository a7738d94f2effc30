"""One line that shows how far a sweep is."""

import sys

from tqdm import tqdm

from tools.sweep.driver import Trial

BAR = "{n} of {total} done{postfix}"


class Progress(tqdm):
    """Shows how far a sweep is that will have as many trials as *wanted*."""

    def __init__(self, wanted: int) -> None:
        self._failed, self._best = 0, (0.0, "")
        super().__init__(
            total=wanted,
            bar_format=f"{BAR}, about {{remaining}} left",
            file=sys.stdout,
            dynamic_ncols=True,
            # In a log, where each line stays, they are further apart.
            mininterval=0.1 if sys.stdout.isatty() else 60,
            miniters=0,
            smoothing=0,
        )

    def ended(self, trial: Trial) -> None:
        """Count a *trial* that has ended; if it failed, print why."""
        if trial.lines:
            self._failed += 1
            head = f"{trial.name} failed: {' '.join(trial.overrides)}"
            self.write("\n    ".join([head, *trial.lines]))
        self._best = max(self._best, (trial.accuracy or 0, trial.name))
        # What was there before says nothing of the time that is left.
        self.initial += not trial.computed
        self.show(0, ended=1)

    def show(self, running: int, ended: int = 0) -> None:
        """Show the line with so many *running* and *ended* more."""
        accuracy, name = self._best
        parts = {
            f"{running} running": running,
            f"{self._failed} failed": self._failed,
            f"best {accuracy:.4f} ({name})": accuracy,
        }
        if self.n + ended == self.total:
            self.bar_format = BAR
        self.set_postfix_str(", ".join(filter(parts.get, parts)), refresh=False)
        self.update(ended)
