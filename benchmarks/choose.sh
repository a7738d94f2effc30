#!/usr/bin/env bash
# How the settings of recipe `accurate` were chosen: a search for each model, on 10,000 training
# images that are held out. `benchmarks/choose.sh 8 model1 model2` makes eight trials of each; where
# it was stopped, the same command goes on if nothing has been committed since.
# Leaves tables of the trials in benchmarks/trials/, without accuracies on test images.
set -euo pipefail
cd "$(dirname "$0")/.."
trials=${1:?usage: benchmarks/choose.sh TRIALS MODEL...}
shift

choices="ema_momentum=0.998,0.999 label_smoothing=0.05,0.1 elastic=0,0.2,0.4"
choices+=" shift=1,2 rotation=8,12 zoom=0.08,0.12"

# Not into the checkout before the last one: a sweep wants all committed.
found=$(mktemp -d)
trap 'rm -r "$found"' EXIT
trap 'exit 130' INT
for model in "$@"; do
  case $model in
    model1) fixed="epochs=16 batch_size=256" rates="0.0007,0.004" ;;
    model2) fixed="epochs=16 batch_size=256" rates="0.002,0.01" ;;
    model3) fixed="epochs=10 batch_size=128" rates="0.001,0.005" ;;
  esac
  set="train.recipe=accurate split.validation_fraction=0.16666666666666666"
  # What is tried stands in the recipe once, for the one model that is left.
  set+=" ~recipes.accurate.models"
  for other in model1 model2 model3; do
    [ "$other" = "$model" ] || set+=" ~models.$other"
  done
  for setting in $fixed; do set+=" recipes.accurate.$setting"; done
  search="recipes.accurate.learning_rate=log($rates)"
  for choice in $choices; do search+=" recipes.accurate.$choice"; done
  rm -f .dvc/tmp/sweep/trials.csv
  # Where trials fail, the others count.
  make sweep CORES=1 TRIALS="$trials" SET="$set" SEARCH="$search" || true
  cp .dvc/tmp/sweep/trials.csv "$found/$model.csv"
done
mkdir -p benchmarks/trials
.venv/bin/python - "$found" <<'EOF'
import sys
from pathlib import Path
import pandas as pd
for path in Path(sys.argv[1]).glob("*.csv"):
    table = pd.read_csv(path).filter(regex="^(?!.* test$|experiment|note)")
    table.columns = [name.removeprefix("recipes.accurate.") for name in table.columns]
    table = table.dropna(subset=f"{path.stem} validation")
    table.to_csv(Path("benchmarks/trials") / path.name, index=False, lineterminator="\n")
EOF
