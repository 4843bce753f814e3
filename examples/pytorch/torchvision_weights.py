"""Weights of one of torchvision's networks as a file for `model.weights` of a recipe.

    pip install torch torchvision safetensors
    python3 examples/pytorch/torchvision_weights.py resnet50 resnet50.safetensors

With a network that you have trained yourself, `save_file(network.state_dict(), FILE)` is all that it takes: `dann train`
reads the ResNets of `model.backbone`, in 32 bits, and leaves the layer out that gives the classes.
"""

import sys

import torchvision
from safetensors.torch import save_file


def save(name, path):
    """Writes the default weights of the network called `name`, which torchvision fetches once."""
    network = torchvision.models.get_model(name, weights="DEFAULT")
    save_file(network.state_dict(), path)


if __name__ == "__main__":
    save(*sys.argv[1:])
