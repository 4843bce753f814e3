"""One DANN training step of the paper's network in PyTorch: the peer that the speed is compared with.

    python dann_torch.py --modes                      the modes that this machine has, one a line
    python dann_torch.py --mode cpu-eager --samples 5 --steps 5

Prints JSON lines: {"peer", "version", ...}, then {"losses": [first, ..., last]} of a few steps on one batch, then
{"step_ms"} for every sample. Batch, labels and parameters stay on the device all the time.
"""

import argparse
import json
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

LAMBDA = 0.5
LEARNING_RATE = 0.01
MAX_NORM = 5.0
CHECK_STEPS = 20
WARM_UP_STEPS = 5


class GradientReversal(torch.autograd.Function):
    """Passes values on unchanged and turns the gradient dy into -LAMBDA * dy."""

    @staticmethod
    def forward(ctx, features):
        return features.view_as(features)

    @staticmethod
    def backward(ctx, dy):
        return dy * -LAMBDA


class Network(nn.Module):
    """Ganin et al., JMLR 17(59) 2016, figure 4a."""

    def __init__(self):
        super().__init__()
        self.feature_extractor = nn.Sequential(
            nn.Conv2d(3, 32, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 48, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.label_predictor = nn.Sequential(
            nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10),
        )
        self.domain_classifier = nn.Sequential(nn.Linear(768, 100), nn.ReLU(), nn.Linear(100, 2))

    def losses(self, images, labels, domains):
        """L_y of the labelled rows, which come first, and L_d as the sum of both domains' means."""
        source = len(labels)
        features = self.feature_extractor(images)
        label_loss = cross_entropy(self.label_predictor(features[:source]), labels)
        told = self.domain_classifier(GradientReversal.apply(features))
        domain_loss = cross_entropy(told[:source], domains[:source])
        return label_loss, domain_loss + cross_entropy(told[source:], domains[source:])


class Step:
    """A training step on one batch, replayable."""

    def __init__(self, batch, device):
        torch.manual_seed(0)
        self.network = Network().to(device)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=LEARNING_RATE, momentum=0.9, foreach=True)
        self.images = torch.rand(2 * batch, 3, 28, 28, device=device) * 2 - 1
        self.labels = torch.randint(10, (batch,), device=device)
        self.domains = (torch.arange(2 * batch, device=device) >= batch).long()
        self.label_loss = torch.zeros((), device=device)

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=False)
        label_loss, domain_loss = self.network.losses(self.images, self.labels, self.domains)
        (label_loss + domain_loss).backward()
        clip_grad_norm_(self.network.parameters(), MAX_NORM, foreach=True)
        self.optimizer.step()
        self.label_loss.copy_(label_loss.detach())


def graph_of(step):
    """The step as a CUDA graph, which spares the host's work."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP_STEPS):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def check(step, replay):
    """The label losses of a few steps: on one batch they must fall."""
    losses = []
    for _ in range(CHECK_STEPS):
        replay()
        losses.append(step.label_loss.item())
    return losses


def timed(replay, wait, count):
    wait()
    began = time.perf_counter()
    for _ in range(count):
        replay()
    wait()
    return 1e3 * (time.perf_counter() - began) / count


def modes():
    return ["cuda-eager", "cuda-graph"] if torch.cuda.is_available() else ["cpu-eager"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modes", action="store_true", help="list the modes and exit")
    parser.add_argument("--mode", choices=["cpu-eager", "cuda-eager", "cuda-graph"], default=modes()[0])
    parser.add_argument("--batch", type=int, default=64, help="source rows, and as many target rows")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="steps in a sample")
    arguments = parser.parse_args()
    if arguments.modes:
        print("\n".join(modes()))
        return
    device = arguments.mode.split("-")[0]
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    # Batches do not change their shape: let cuDNN look for its fastest algorithms.
    torch.backends.cudnn.benchmark = True
    step = Step(arguments.batch, device)
    replay = graph_of(step) if arguments.mode == "cuda-graph" else step
    where = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    print(json.dumps({"peer": "PyTorch", "version": torch.__version__, "mode": arguments.mode, "on": where}))
    print(json.dumps({"losses": check(step, replay)}))
    for _ in range(WARM_UP_STEPS):
        replay()
    for _ in range(arguments.samples):
        print(json.dumps({"step_ms": timed(replay, wait, arguments.steps)}), flush=True)


if __name__ == "__main__":
    main()
