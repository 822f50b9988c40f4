#!/bin/sh
# One shard of a run that is there already: sbatch --array=0-15 array.sh results/EXP/RUN_ID
# SPDX-License-Identifier: Apache-2.0
#SBATCH --job-name=xsweep
#SBATCH --time=00:30:00
exec xsweep worker --run "$1" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --quiet
