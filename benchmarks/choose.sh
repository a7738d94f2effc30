#!/usr/bin/env bash
# How the settings of recipe `accurate` were chosen: a search for each model, on 10,000 training
# images that are held out. `benchmarks/choose.sh model1 8` goes on to eight trials of model1.
# Leaves a table of the trials in benchmarks/trials/, without accuracies on test images.
set -euo pipefail
cd "$(dirname "$0")/.."
model=$1 trials=$2

declare -A fixed=(
  [model1]="epochs=16 batch_size=256"
  [model2]="epochs=16 batch_size=256"
  [model3]="epochs=10 batch_size=128"
)
declare -A learning_rates=([model1]="0.0007,0.004" [model2]="0.002,0.01" [model3]="0.001,0.005")

set="train.recipe=accurate split.validation_fraction=0.16666666666666666"
# What the search tries stands once, for all models, and of these there is one.
set+=" ~recipes.accurate.models"
for other in model1 model2 model3; do
  [ "$other" = "$model" ] || set+=" ~models.$other"
done
for setting in ${fixed[$model]}; do set+=" recipes.accurate.$setting"; done

search="recipes.accurate.learning_rate=log(${learning_rates[$model]})"
for choice in ema_momentum=0.998,0.999 label_smoothing=0.05,0.1 elastic=0,0.2,0.4 \
  shift=1,2 rotation=8,12 zoom=0.08,0.12; do
  search+=" recipes.accurate.$choice"
done

make sweep CORES=1 TRIALS="$trials" SET="$set" SEARCH="$search"
mkdir -p benchmarks/trials
python - "benchmarks/trials/$model.csv" <<'EOF'
import sys
import pandas as pd
table = pd.read_csv(".dvc/tmp/sweep/trials.csv").filter(regex="^(?!.* test$|experiment|note)")
table.columns = [name.removeprefix("recipes.accurate.") for name in table.columns]
table.to_csv(sys.argv[1], index=False, lineterminator="\n")
EOF
