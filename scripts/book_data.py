"""What stands in for a reader's data where book_commands.py runs: small, seeded, and in the layouts that the book names."""

import json
import random
import struct
import subprocess
import zlib
from pathlib import Path


# What stands in for assets/experiments/paper.toml: one seed, and an epoch that is one step.
SHORT_EXPERIMENT = """
seeds = [0]
methods = ["source-only", "dann", "target-only"]

[[recipe]]
name = "paper"
preset = "demo"
set = ["training.epochs=1"]
"""


def png(path, width, height, value):
    """A picture in colour; `value(x, y)` gives three bytes."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + b"".join(bytes(value(x, y)) for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def digits(directory, part, count, side):
    """IDX files. Each digit is a bright square at a place of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    noise = random.Random(count)
    images = bytearray()
    for index in range(count):
        top, left = side * (index % 10 // 5 * 2 + 1) // 6, side * (index % 5 + 1) // 7
        for row in range(side):
            for column in range(side):
                inside = 0 <= row - top < side // 4 and 0 <= column - left < side // 6
                images.append(230 if inside else noise.randrange(5))
    labels = bytes(index % 10 for index in range(count))
    (directory / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, side, side) + images)
    (directory / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)


def pictures(directory):
    """Folders of pictures as people have them, and a folder of photos."""
    noise = random.Random(1)
    for number, name in enumerate(["bolt", "nut", "washer"]):
        for index in range(4):
            shade = 70 * number + 10 * index
            png(directory / f"photos/labelled/{name}/{index}.png", 40, 30, lambda x, y, s=shade: (s, 255 - s, x))
            png(directory / f"photos/new/{name}-{index}.png", 40, 30, lambda x, y, s=shade: (s, y, 255 - s))
    for index in range(6):
        png(directory / f"data/bsds500/{index}.png", 60, 60, lambda x, y: [noise.randrange(256) for _ in "rgb"])


def weights(directory, program, root):
    """Random weights of EfficientNet-Lite0: what a training without weights begins with, named as their file names them."""
    recipe = (root / "assets/presets/finetune.toml").read_text(encoding="utf-8").splitlines()
    recipe = [line for line in recipe if not line.startswith("weights =")]
    (directory / "random.toml").write_text("\n".join(recipe), encoding="utf-8")
    train = "train --config random.toml --method source-only --steps 1 --batch 2 --no-report"
    train += " --source photos/labelled --target photos/new --out random"
    export = "export --run random --format safetensors --out random.safetensors"
    for arguments in [train, export]:
        subprocess.run([program, "--quiet", *arguments.split()], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    exported = (directory / "random.safetensors").read_bytes()
    length = struct.unpack("<Q", exported[:8])[0]
    tensors = json.loads(exported[8 : 8 + length])
    prefix = "backbone."
    kept = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    values = exported[8 + length :]
    body, header = b"", {}
    for name, tensor in kept.items():
        begin, end = tensor["data_offsets"]
        header[name] = tensor | {"data_offsets": [len(body), len(body) + end - begin]}
        body += values[begin:end]
    head = json.dumps(header).encode()
    path = directory / "data/weights/efficientnet_lite0.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


def prepare(directory, program, root):
    """Everything that the commands name, in `directory`."""
    (directory / "target/release").mkdir(parents=True)
    (directory / "target/release/dann").symlink_to(program)
    for name in ["assets", "tests", "examples", "Cargo.toml"]:
        (directory / name).symlink_to(root / name)
    digits(directory / "data/mnist", "train", 100, 28)
    digits(directory / "data/mnist", "t10k", 40, 28)
    digits(directory / "data/usps", "train", 100, 16)
    digits(directory / "data/usps", "t10k", 40, 16)
    (directory / "paper.toml").write_text(SHORT_EXPERIMENT, encoding="utf-8")
    pictures(directory)
    weights(directory, program, root)
