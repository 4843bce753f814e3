"""The PyTorch module that a file of `dann export --format safetensors` fits.

    pip install torch safetensors
    python3 examples/pytorch/dann_module.py first.safetensors

Of a model with a backbone, `backbone_values("first.safetensors")` are those that the backbone's own library loads, as in
`torchvision.models.resnet50().load_state_dict(values, strict=False)`, which lacks the last layer alone.

In a program of your own: `module = load("first.safetensors")`, then `logits, domains = module(images)` for a uint8
tensor of images (N, C, H, W). After further training, `safetensors.torch.save_file(module.state_dict(), FILE)`
writes what `dann import FILE` reads.
"""

import functools
import json
import sys
import tomllib
from collections import OrderedDict

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn


class Residual(nn.Module):
    """y = body(x) + shortcut(x)."""

    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def chain(modules):
    """The modules that the file's metadata list, one behind the other."""
    built = OrderedDict()
    for module in modules:
        if "body" in module:
            built[module["name"]] = Residual(chain(module["body"]), chain(module["shortcut"]))
        else:
            built[module["name"]] = getattr(nn, module["class"])(**module["arguments"])
    return nn.Sequential(built)


def backbone(name):
    """A backbone without its last layer: of torchvision, or of the package efficientnet-lite-pytorch."""
    if name == "efficientnet_lite0":
        from efficientnet_lite_pytorch import EfficientNet

        module = EfficientNet.from_name("efficientnet-lite0", drop_connect_rate=0.0, dropout_rate=0.0)
        del module._fc
        module.forward = module.extract_features
        return module
    import torchvision

    module = getattr(torchvision.models, name)(weights=None)
    del module.fc
    stem = nn.Sequential(module.conv1, module.bn1, module.relu, module.maxpool)
    stages = [module.layer1, module.layer2, module.layer3, module.layer4]
    # Not one of its modules, whose tensors would be named twice.
    module.forward = lambda x: functools.reduce(lambda maps, stage: stage(maps), stages, stem(x))
    return module


def backbone_values(path):
    """The values of a file's backbone, under the names of the library that it comes from."""
    values = load_file(path)
    return {name.removeprefix("backbone."): value for name, value in values.items() if name.startswith("backbone.")}


class Dann(nn.Module):
    """Feature extractor, label predictor and domain classifier; without the gradient reversal, as for use."""

    def __init__(self, config, modules):
        super().__init__()
        spec = config["model"]["input"]
        self.backbone = backbone(modules["backbone"]) if "backbone" in modules else nn.Identity()
        self.feature_extractor = chain(modules["feature_extractor"])
        self.label_predictor = chain(modules["label_predictor"])
        self.domain_classifier = chain(modules["domain_classifier"])
        self.conditional = config["model"].get("domain_input") == "conditional"
        normalization = spec.get("target_normalization", spec["normalization"])
        column = lambda values: torch.tensor(values).reshape(1, -1, 1, 1)
        self.scale, self.shift = column(normalization["scale"]), column(normalization["shift"])

    def forward(self, images):
        """Logits of the classes and of the domains for bytes (N, C, H, W)."""
        features = self.feature_extractor(self.backbone(images / 255.0 * self.scale + self.shift))
        logits = self.label_predictor(features).flatten(1)
        given = features
        if self.conditional:
            # The features times each probability.
            product = logits.softmax(1).unsqueeze(2) * features.flatten(1).unsqueeze(1)
            given = product.reshape(len(features), -1, *features.shape[2:])
        return logits, self.domain_classifier(given).flatten(1)


def load(path):
    """The module with the values of a file."""
    with safe_open(path, framework="pt") as file:
        metadata = json.loads(file.metadata()["dann"])
        values = {name: file.get_tensor(name) for name in file.keys()}
    if "modules" not in metadata:
        raise ValueError(f"{path}: no list of modules; `dann export --format safetensors` of version 0.2 writes one")
    module = Dann(tomllib.loads(metadata["config"]), metadata["modules"])
    module.load_state_dict(values)
    return module.eval()


if __name__ == "__main__":
    print(load(sys.argv[1]))
