#!/usr/bin/env bash
# A Slurm of one node with two CPUs on this machine, for tests (Debian: slurm-wlm, munge; as root).
#   scripts/slurm.sh start DIR     starts munged, slurmctld and slurmd, with everything they write in DIR, which is new
#   scripts/slurm.sh stop DIR      ends all jobs, and these three
# Between the two, SLURM_CONF=DIR/slurm.conf makes sbatch and its relatives ask this one.
set -euo pipefail
what=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
conf=$dir/slurm.conf
export SLURM_CONF=$conf PATH=$PATH:/usr/sbin

start() {
    # Ports of its own, so that another Slurm on the machine is left alone.
    port=$((20000 + $$ % 20000))
    chmod 755 "$dir"
    dd if=/dev/urandom of="$dir/munge.key" bs=1024 count=1 status=none
    chmod 400 "$dir/munge.key"
    munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
        --log-file="$dir/munged.log" --seed-file="$dir/munged.seed"
    cat >"$conf" <<END
ClusterName=dann
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MpiDefault=none
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    mkdir -p "$dir/state" "$dir/spool"
    slurmctld -c
    slurmd
    for _ in $(seq 100); do
        if [[ $(sinfo -h -o %t 2>/dev/null) == idle* ]]; then
            return 0
        fi
        sleep 0.2
    done
    tail "$dir"/*.log >&2
    echo "error: Slurm did not start" >&2
    return 1
}

stop() {
    scancel --full --user="$(id -un)" 2>/dev/null || true
    for name in slurmd slurmctld munged; do
        if [[ -e $dir/$name.pid ]]; then
            kill "$(cat "$dir/$name.pid")" 2>/dev/null || true
        fi
    done
}

case $what in
start) start || { stop; exit 1; } ;;
stop) stop ;;
*) echo "usage: scripts/slurm.sh start|stop DIR" >&2; exit 2 ;;
esac
