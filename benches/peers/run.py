"""Times this project, PyTorch and Burn on one training step, turn by turn, and writes benches/RESULTS.md.

    make bench-peers
    PYTHON=venv/bin/python make bench-peers ROUNDS=9      with a Python that has torch; without it one is installed

Every round runs each peer once, so that what disturbs the machine disturbs all of them. A peer is timed only after
its results have passed: `dann check` for this project, label losses that start near ln 10 and fall for the others.
"""

import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "benches" / "peers"
BUILD = ROOT / "target" / "peers"
BATCH = 64


def run(command, **options):
    """The standard output of a command that must succeed."""
    print("+", " ".join(map(str, command)), file=sys.stderr)
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, cwd=ROOT, **options).stdout


def json_lines(command):
    return [json.loads(line) for line in run(command).splitlines()]


def python_with_torch():
    if "PYTHON" in os.environ:
        return os.environ["PYTHON"]
    python = BUILD / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(BUILD / "venv", with_pip=True)
        run([python, "-m", "pip", "install", "--quiet", "torch", "numpy"])
    return python


def built_burn(features):
    if "BURN_DANN" in os.environ:
        return os.environ["BURN_DANN"]
    manifest = PEERS / "burn_dann" / "Cargo.toml"
    target = BUILD / "burn"
    chosen = ["--features", features] if features else []
    run(["cargo", "build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target, *chosen])
    return target / "release" / "burn_dann"


class Dann:
    """This project: a round is one run of `dann bench`."""

    label = "this project"

    def __init__(self, program):
        self.program = program

    def check(self):
        summary = json_lines([self.program, "check", "--json"])[-1]
        if summary["cases"] == 0 or summary["failed"] > 0:
            raise SystemExit(f"{self.label}: dann check says {summary}")

    def round(self):
        command = [self.program, "bench", "--preset", "paper", "--batch", str(BATCH), "--json"]
        (self.line,) = json_lines(command)
        return self.line["step_ms_median"]


class Peer:
    """Another framework: a round is one run of its program, which prints JSON lines."""

    def __init__(self, command):
        self.command = command

    def check(self):
        self.round()

    def round(self):
        about, losses, *samples = json_lines(self.command)
        on = f" on {about['on']}" if "on" in about else ""
        self.label = f"{about['peer']} {about['version']}, {about['mode']}{on}"
        self.check_losses(losses["losses"])
        return statistics.median(sample["step_ms"] for sample in samples)

    def check_losses(self, losses):
        start = abs(losses[0] - math.log(10)) < 0.3
        if not (all(map(math.isfinite, losses)) and start and losses[-1] < losses[0]):
            raise SystemExit(f"{self.label}: the label losses do not fall from about ln 10: {losses}")


def peers(arguments):
    program = ROOT / "target" / "release" / "dann"
    python = python_with_torch()
    burn = built_burn(arguments.burn_features)
    modes = run([python, PEERS / "dann_torch.py", "--modes"]).split()
    # GPUs take some hundred times as many steps a second as processors.
    steps = {"cpu-eager": 5, "cuda-eager": 200, "cuda-graph": 200}
    torch = [
        Peer([python, PEERS / "dann_torch.py", "--mode", mode, "--batch", str(BATCH), "--steps", str(steps[mode])])
        for mode in modes
    ]
    burn_steps = 1 if modes == ["cpu-eager"] else 100
    others = [*torch, Peer([burn, str(BATCH), "3", str(burn_steps)])]
    return [Dann(program), *others]


def spread(values, form):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}–{form.format(max(values))})"


def table(contestants, times):
    ours = times[0]
    rows = ["| step of 64 + 64 images | ms | images/s | ours ÷ theirs |", "|---|---|---|---|"]
    for contestant, theirs in zip(contestants, times):
        ratio = "–" if theirs is ours else spread([a / b for a, b in zip(ours, theirs)], "{:.2f}")
        rate = 2 * BATCH * 1e3 / statistics.median(theirs)
        rows.append(f"| {contestant.label} | {spread(theirs, '{:.2f}')} | {rate:.0f} | {ratio} |")
    return "\n".join(rows)


def processor():
    try:
        info = pathlib.Path("/proc/cpuinfo").read_text()
        return next(line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def report(contestants, times, rounds, idle):
    line = contestants[0].line
    version = run([contestants[0].program, "--version"]).strip()
    load = f"{idle:.2f} before the first round" if idle is not None else "unknown"
    return f"""# One training step, compared

One step of the paper's network at its batch (gathering or holding the batch on the device, forward, backward
through the gradient reversal, gradients clipped but for Burn's, SGD with momentum). Written by `make bench-peers`;
medians over {rounds} rounds in which every peer ran once, with the smallest and the largest round in brackets. A ratio
below 1 means that this project is faster; each is the median of the rounds' ratios. Only this project's step gathers its
batch from a data set; the peers hold theirs. The peers run with their own defaults, which on some GPUs mean less precision
than f32.

{table(contestants, times)}

- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC
- adapter: {line["adapter"]}
- driver: {line["driver"]}
- processor: {processor()}, {os.cpu_count()} cores, load {load}
- versions: {version}, {run(["rustc", "--version"]).strip()}, Python {platform.python_version()}, {platform.system()} {platform.release()}
- command: `make bench-peers ROUNDS={rounds}`
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burn-features", default="", help="features of burn_dann: vulkan")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "benches" / "RESULTS.md")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: expected at least 1")
    contestants = peers(arguments)
    idle = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    for contestant in contestants:
        contestant.check()
    times = list(zip(*([contestant.round() for contestant in contestants] for _ in range(arguments.rounds))))
    text = report(contestants, times, arguments.rounds, idle)
    arguments.out.write_text(text)
    print(text)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"exit status {failure.returncode}: {' '.join(map(str, failure.cmd))}\n{failure.stdout}")
