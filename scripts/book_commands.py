"""Usage: book_commands.py PROGRAM [PAGE...]. Runs the commands of README and of the book in a directory of their own, in order.

What lies there stands in for what a reader has: a hundred digits in place of MNIST, random weights in place of those of
ImageNet, small pictures in folders. So a training takes a second; `SHORT` says what else is made shorter. `LEFT_OUT` says which
commands are not run, and why. A rule that fits no command any more is an error, and so is a command that fails. Then the errors of
the chapter on troubleshooting are provoked.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import book_data
import book_faults

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 900  # seconds for one command

# What is written in the book, and what is run in its place.
SHORT = [
    ("dann train --preset", "dann train --no-report --preset"),
    ("--steps 400", "--steps 3"),
    (" --epochs 100", ""),
    ("every=200", "every=1"),
    ("--checkpoint-every 200 --keep 3 --out runs/long", "--checkpoint-every 1 --out runs/long && rm runs/long/result.json"),
    ("--job 3", "--job 2"),
    ("--preset photos --source", "--preset photos --steps 3 --batch 2 --source"),
    ("--preset finetune --source", "--preset finetune --steps 1 --batch 2 --source"),
    ("--preset finetune --steps 20", "--preset finetune --steps 1 --batch 2"),
    ("--preset usps", "--preset usps --steps 2"),
    ("dann data make syn-digits", "dann data make syn-digits --train 100 --test 20"),
    ("assets/experiments/paper.toml", "paper.toml"),
    ("--threads 1048576 --against", "--threads 4096 --margin 90 --against"),
    ("dann bench", "dann bench --batch 2"),
    ("--batch 2 --batches 16,64,256,1024", "--batches 2,3"),
    ("--variant workgroup", "--variant register"),
    ("check --only dense", "check --only relu"),
    ("dann tune", "dann tune --batch 2 --seconds 1"),
    ("dann profile", "dann profile --steps 1"),
]

# Commands that are parsed and not run: how they begin or what they hold, and why.
LEFT_OUT = [
    ("sudo ", "asks for a password"),
    ("docker ", "needs docker"),
    ("scripts/", "builds, or packs what was built; scripts/deb.sh tries its package"),
    ("make ", "builds and tests the whole, or takes a quarter of an hour"),
    ("cargo ", "builds; tests/examples runs the examples"),
    ("data fetch", "needs the internet; tests of the fetching have a server of their own"),
    ("tensorboard ", "a server; tests/elsewhere reads the files"),
    ("python3 examples/", "needs PyTorch or onnxruntime; tests/elsewhere runs it"),
    ("mpirun ", "needs MPI; tests/cli/jobs.rs and tests/cli/ranks.rs stand in for it"),
    ("srun ", "needs Slurm"),
    ("--submit", "needs Slurm; tests/cli/jobs.rs stands in for it"),
    ("check --golden", "seconds to a minute; tests/check does it"),
    ("--watch", "ends by Ctrl-C"),
    ("assets/experiments/best.toml", "minutes; paper.toml stands for it"),
    ("assets/experiments/plus.toml", "minutes; paper.toml stands for it"),
    ("assets/experiments/mnist-usps.toml", "minutes; paper.toml stands for it"),
    ("assets/experiments/syn-digits.toml", "minutes; paper.toml stands for it"),
]


def pages():
    """README, and the chapters in the order of the summary."""
    summary = (ROOT / "docs/src/SUMMARY.md").read_text(encoding="utf-8")
    names = [part.split(")")[0] for part in summary.split("](")[1:]]
    return [ROOT / "README.md"] + [ROOT / "docs/src" / name for name in names]


def lines(text):
    """The lines of indented code, outside of fences; what a fence holds is in a language of its own."""
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and line.startswith("    "):
            yield line[4:]


def commands(text):
    """The commands: lines that go on behind a backslash, and loops to their `done`, are one."""
    begun = ""
    for line in lines(text):
        begun += line
        if line.endswith("\\") or (begun.startswith("for ") and line != "done"):
            begun += "\n"
        else:
            yield begun
            begun = ""


def shortened(command, used):
    """What is run in place of `command`."""
    for rule in SHORT:
        if rule[0] in command:
            command = command.replace(*rule)
            used.add(rule)
    return command


def run(command, directory):
    """Why the command failed, or None."""
    places = {"HOME": directory, "XDG_CACHE_HOME": directory / "cache", "COLUMNS": "80"}
    environment = os.environ | {name: str(value) for name, value in places.items()}
    try:
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=directory, env=environment, timeout=PATIENCE, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {PATIENCE} s"
    return f"exit status {done.returncode}\n{done.stdout[-400:]}{done.stderr[-1200:]}" if done.returncode else None


def is_left_out(command, words):
    """Whether a command begins with `words`, which end in a space, or has them as words of its own."""
    return command.startswith(words) if words.endswith((" ", "/")) else f" {words}" in command


def follow(page, directory, used, verbose):
    """Runs the commands of a page. Gives how many were run, how many left out, and the faults."""
    count, left, faults = 0, 0, []
    for command in commands(page.read_text(encoding="utf-8")):
        rule = next((rule for rule in LEFT_OUT if is_left_out(command, rule[0])), None)
        if rule:
            used.add(rule)
            left += 1
            continue
        count += 1
        began = time.monotonic()
        fault = run(shortened(command, used), directory)
        if verbose:
            print(f"{time.monotonic() - began:6.1f} s  {page.name}: {command}", flush=True)
        if fault:
            faults.append(f"{page.relative_to(ROOT)}: {command}\n{fault}")
    return count, left, faults


def main():
    program, chosen = Path(sys.argv[1]).resolve(), sys.argv[2:]
    used, count, left, faults = set(), 0, 0, []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dann-book-") as name:
        directory = Path(name)
        book_data.prepare(directory, program, ROOT)
        for page in pages():
            if chosen and page.name not in chosen:
                continue
            ran, skipped, failed = follow(page, directory, used, bool(os.environ.get("VERBOSE")))
            count, left, faults = count + ran, left + skipped, faults + failed
        if not chosen:
            wrong, errors = book_faults.check((ROOT / "docs/src/troubleshooting.md").read_text(encoding="utf-8"), directory)
            print(f"errors of the chapter on troubleshooting: {errors}, {len(book_faults.ELSEWHERE)} of them provoked elsewhere")
            count, faults = count + len(book_faults.PROVOKED), faults + wrong
    stale = [] if chosen else [rule[0] for rule in SHORT + LEFT_OUT if rule not in used]
    faults += [f"book_commands.py: no command has {rule!r} any more" for rule in stale]
    reasons = sorted(f"  {rule[0].strip()}: {rule[1]}" for rule in LEFT_OUT if rule in used)
    print(f"commands of README and the book: {count} run in {time.monotonic() - began:.0f} s, {left} parsed alone:")
    print("\n".join(reasons))
    print("\n".join(faults), file=sys.stderr, end="\n" if faults else "")
    print(f"{count - len(faults)} passed, {len(faults)} failed, {left} skipped")
    return 1 if faults else 0


sys.exit(main())
