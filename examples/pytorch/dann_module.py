"""The PyTorch module that a file of `dann export --format safetensors` fits.

    pip install torch safetensors
    python examples/pytorch/dann_module.py first.safetensors

In a program of your own: `module = load("first.safetensors")`, then `logits, domains = module(images)` for a uint8
tensor of images (N, C, H, W). After further training, `safetensors.torch.save_file(module.state_dict(), FILE)`
writes what `dann import FILE` reads.
"""

import json
import sys
import tomllib
from collections import OrderedDict

import torch
from safetensors import safe_open
from torch import nn


def pair(size):
    """A number stands for a square."""
    return (size, size) if isinstance(size, int) else tuple(size)


def part(layers, shape):
    """One part of the network behind maps of `shape` (C, H, W), and the shape of what comes out."""
    modules, counts = OrderedDict(), {}
    for layer in layers:
        kind = layer["layer"]
        stem = {"conv2d": "conv", "max_pool2d": "max_pool", "batch_norm2d": "batch_norm"}.get(kind, kind)
        counts[stem] = counts.get(stem, 0) + 1
        name = f"{stem}{counts[stem]}"
        channels, height, width = shape
        if kind == "conv2d":
            kernel, padding = pair(layer["kernel"]), pair(layer.get("padding", 0))
            modules[name] = nn.Conv2d(channels, layer["outputs"], kernel, padding=padding)
            size = [n + 2 * p - k + 1 for n, p, k in zip((height, width), padding, kernel)]
            shape = (layer["outputs"], *size)
        elif kind == "dense":
            modules[f"{name}_rows"] = nn.Flatten()
            modules[name] = nn.Linear(channels * height * width, layer["outputs"])
            modules[f"{name}_maps"] = nn.Unflatten(1, (layer["outputs"], 1, 1))
            shape = (layer["outputs"], 1, 1)
        elif kind == "max_pool2d":
            kernel = pair(layer["kernel"])
            stride = pair(layer.get("stride", layer["kernel"]))
            modules[name] = nn.MaxPool2d(kernel, stride)
            shape = (channels, *[(n - k) // s + 1 for n, k, s in zip((height, width), kernel, stride)])
        elif kind == "batch_norm2d":
            modules[name] = nn.BatchNorm2d(channels, layer.get("eps", 1e-5), layer.get("momentum", 0.1))
        elif kind == "relu":
            modules[name] = nn.ReLU()
        elif kind == "leaky_relu":
            modules[name] = nn.LeakyReLU(layer.get("slope", 0.01))
        elif kind == "dropout":
            modules[name] = nn.Dropout(layer["rate"])
        else:
            raise ValueError(f"unknown layer {kind}")
    return nn.Sequential(modules), shape


class Dann(nn.Module):
    """Feature extractor, label predictor and domain classifier; without the gradient reversal, as for use."""

    def __init__(self, config):
        super().__init__()
        model = config["model"]
        spec = model["input"]
        shape = (spec["channels"], spec["height"], spec["width"])
        self.feature_extractor, features = part(model["feature_extractor"], shape)
        self.label_predictor, _ = part(model["label_predictor"], features)
        self.domain_classifier, _ = part(model["domain_classifier"], features)
        normalization = spec.get("target_normalization", spec["normalization"])
        column = lambda values: torch.tensor(values).reshape(1, -1, 1, 1)
        self.scale, self.shift = column(normalization["scale"]), column(normalization["shift"])

    def forward(self, images):
        """Logits of the classes and of the domains for bytes (N, C, H, W)."""
        features = self.feature_extractor(images / 255.0 * self.scale + self.shift)
        return self.label_predictor(features).flatten(1), self.domain_classifier(features).flatten(1)


def load(path):
    """The module with the values of a file."""
    with safe_open(path, framework="pt") as file:
        config = tomllib.loads(json.loads(file.metadata()["dann"])["config"])
        values = {name: file.get_tensor(name) for name in file.keys()}
    module = Dann(config)
    module.load_state_dict(values)
    return module.eval()


if __name__ == "__main__":
    print(load(sys.argv[1]))
