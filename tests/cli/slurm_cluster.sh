# A real Slurm of two nodes on loopback, for a test: sourced, then `start_cluster DIR` and `stop_cluster`.
# SPDX-License-Identifier: Apache-2.0

# Prints why no cluster can be started here; nothing when one can.
cluster_obstacle() {
  for program in slurmctld slurmd munged sbatch squeue scancel; do
    command -v "$program" >/dev/null || { echo "$program is not installed (apt: slurm-wlm munge)"; return; }
  done
  [ "$(id -u)" = 0 ] || echo "slurmd must be started as root"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts munged, slurmctld and the nodes n1 and n2 with one CPU each; sets SLURM_CONF and the pids *_pid.
start_cluster() {
  cluster=$1
  host=$(hostname -s)
  mkdir -p "$cluster/state" "$cluster/munge"
  chmod 755 "$cluster" "$cluster/munge"
  head -c 1024 /dev/urandom >"$cluster/munge.key"
  chmod 400 "$cluster/munge.key"
  cat >"$cluster/slurm.conf" <<EOF
ClusterName=xsweep
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket
SlurmctldPort=$(free_port)
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool-%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd-%n.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
SlurmdTimeout=5
KillWait=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=1 RealMemory=500
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=1 RealMemory=500
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
EOF
  export SLURM_CONF="$cluster/slurm.conf"
  munged --force --foreground --key-file="$cluster/munge.key" --socket="$cluster/munge/socket" \
    --pid-file="$cluster/munge/pid" --log-file="$cluster/munge/log" --seed-file="$cluster/munge/seed" \
    >"$cluster/munged.out" 2>&1 &
  munged_pid=$!
  wait_for "munged" test -S "$cluster/munge/socket"
  slurmctld -D -f "$SLURM_CONF" >"$cluster/slurmctld.out" 2>&1 &
  slurmctld_pid=$!
  start_node n1
  n1_pid=$node_pid
  start_node n2
  n2_pid=$node_pid
  wait_for "two idle nodes" sh -c 'test "$(sinfo --noheader --Node --format=%T 2>/dev/null | grep -c idle)" = 2'
}

start_node() {
  slurmd -D -N "$1" -f "$SLURM_CONF" >"$cluster/$1.out" 2>&1 &
  node_pid=$!
}

# The processes of this cluster's jobs on a node, by what slurmd put into their environment.
on_node() {
  for file in $(grep -lzxs "SLURMD_NODENAME=$1" /proc/[0-9]*/environ); do
    grep -qzxs "SLURM_CONF=$SLURM_CONF" "$file" && basename "${file%/environ}"
  done
  true
}

# kill_node PID NAME: what runs on the node first, then its steps and its slurmd, as when the power goes.
kill_node() {
  jobs=$(on_node "$2")
  steps=
  for job in $jobs; do steps="$steps $(awk '$1 == "PPid:" { print $2 }' "/proc/$job/status" 2>/dev/null)"; done
  kill -KILL $jobs 2>/dev/null || true
  for step in $steps; do
    grep -q slurmstepd "/proc/$step/comm" 2>/dev/null && kill -KILL "$step" 2>/dev/null || true
  done
  kill -KILL "$1"
}

stop_cluster() {
  for pid in $n1_pid $n2_pid $slurmctld_pid $munged_pid; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

# wait_for WHAT COMMAND...: until the command succeeds, at most a minute.
wait_for() {
  what=$1
  shift
  for _ in $(seq 1200); do
    "$@" && return 0
    sleep 0.05
  done
  echo "gave up waiting for $what" >&2
  return 1
}
