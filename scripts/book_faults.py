"""The errors that the book's chapter on troubleshooting tells of: each is provoked, and must say what the chapter has it say."""

import re
import subprocess

TRAIN = "dann train --source data/mnist --target data/usps --out faulty"
PHOTOS = "dann train --preset photos --source photos/labelled --target photos/new --out faulty"

# What the chapter has in its first column, and the command that says so. The run `known` is a finished one.
PROVOKED = {
    "no GPU adapter found": "WGPU_BACKEND=metal dann devices",
    "--adapter …: expected the index, or words from the name, of exactly one adapter": TRAIN + " --adapter nothing",
    "--variant: expected …": TRAIN + " --variant cooperative",
    "--precision: expected f32 to train in": TRAIN + " --precision mixed",
    "expected a data set in one of these layouts": "dann train --source nothing --target data/usps --out faulty",
    "expected one sub-folder a class, as labels are needed": "dann train --source photos/new --target photos/new --out faulty",
    "expected no images beside the parts …": "dann train --source bad/parts --target photos/new --out faulty",
    "expected an image that can be decoded": "dann train --source bad/one --target photos/new --out faulty",
    "images that can be read, found … that cannot": "dann train --source bad/two --target photos/new --out faulty",
    "expected at least a batch of … images": TRAIN + " --preset usps --batch 200",
    "data.validation: expected a share above 0 and below 1": PHOTOS + " --validation 2",
    "expected the classes …, found class …": "dann eval --run known --data photos/labelled",
    "model.weights: expected the weights of …": PHOTOS + " --set model.weights=none.safetensors",
    "--preset: expected one of …": "dann train --preset papper",
    "unknown field …": TRAIN + " --set training.batches=3",
    "expected a new or empty directory for the run": TRAIN.replace("faulty", "known"),
    "expected a run that was interrupted, found a finished run": "dann train --resume known",
    "expected a run that was interrupted, with its checkpoints": "dann train --resume nothing",
    "expected a finished run": "dann predict --run nothing photos/new",
    "training diverged at step …": TRAIN + " --preset usps --steps 3 --set training.learning_rate.initial=1e9",
    "training.select.rule: expected …": PHOTOS.replace("faulty", "unrated") + " --batch 2 --set training.select.rule=domain-risk",
    "unexpected argument …": "dann train --trget photos/new",
    "expected --workgroups X,Y,Z or --threads X,Y,Z, found neither": "dann profile --shader tests/shaders/blur.wgsl",
    "expected a single compute entry point": "dann profile --shader tests/shaders/entries.wgsl --threads 8",
    "--override …: expected a value, as its declaration has none":
        "dann profile --shader tests/shaders/overrides.wgsl --threads 8",
    "expected a directive or a placeholder that asks for …":
        "dann profile --shader tests/shaders/matmul.wgsl --threads N,N --define TILE=8",
    "expected #else if NAME == VALUE, …": "dann profile --shader bad/elif.wgsl --threads 8",
    "expected WGSL, found …": "dann profile --shader bad/old.comp --threads 8",
}

# What is not provoked here, and why.
ELSEWHERE = {
    "runs the plain kernels, which are slower": "needs an adapter that lacks something; scripts/drivers.sh runs OpenGL",
    "GPU: …": "tests/cli/memory.rs lets the memory run out",
    "GPU: the device was lost": "tests/cli/resuming.rs destroys the device",
    "could not fetch …": "tests of the fetching have a server of their own",
    "expected a run of this recipe, found one of another": "tests/cli/experiment.rs changes a recipe",
    "expected a run with source": "tests/cli/experiment.rs changes a target",
    "expected a run to end within …": "needs a shader that does not end, which a driver may not survive",
}


def told(chapter):
    """The errors in the chapter's tables."""
    rows = [line for line in chapter.splitlines() if line.startswith("| `")]
    return [row.split("`")[1] for row in rows]


def prepare(directory):
    """Pictures that cannot be read, or lie where nobody knows what they are, shaders that are none, and a finished run."""
    for folder, names in [("one", ["1.png"]), ("two", ["1.png", "2.png"])]:
        for label in "ab":
            path = directory / "bad" / folder / label
            path.mkdir(parents=True)
            for picture in (directory / "photos/new").glob("bolt-*.png"):
                (path / picture.name).write_bytes(picture.read_bytes())
        for name in names:
            (directory / "bad" / folder / "a" / name).write_bytes(b"no picture")
    for folder in ["train/a", "test/a", "preview"]:
        path = directory / "bad/parts" / folder
        path.mkdir(parents=True)
        for picture in (directory / "photos/new").glob("bolt-*.png"):
            (path / picture.name).write_bytes(picture.read_bytes())
    (directory / "bad/elif.wgsl").write_text("#ifdef A\n#elif B\n#endif\n", encoding="utf-8")
    (directory / "bad/old.comp").write_text("#version 450\nvoid main() {}\n", encoding="utf-8")
    run = "train --preset usps --steps 1 --no-report --source data/mnist --target data/usps --out known --quiet"
    subprocess.run([directory / "target/release/dann", *run.split()], cwd=directory, check=True, capture_output=True)


def check(chapter, directory):
    """What is wrong with the chapter, and how many errors it tells of."""
    prepare(directory)
    listed = told(chapter)
    known = PROVOKED.keys() | ELSEWHERE.keys()
    faults = [f"troubleshooting.md: {name!r} is not in book_faults.py" for name in listed if name not in known]
    faults += [f"book_faults.py: {name!r} is not in troubleshooting.md" for name in known if name not in listed]
    for name, command in PROVOKED.items():
        done = subprocess.run(
            ["bash", "-c", command.replace("dann ", "target/release/dann ", 1)],
            cwd=directory, capture_output=True, text=True, check=False,
        )
        said = " ".join((done.stdout + done.stderr).split())
        pattern = ".*".join(re.escape(part.strip()) for part in name.split("…"))
        if done.returncode == 0 or not re.search(pattern, said):
            faults.append(f"troubleshooting.md: {command}: expected {name!r}, found {said[-400:]}")
    return faults, len(listed)
