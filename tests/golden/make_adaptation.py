"""PyTorch's answers for the methods of adaptation: python make_adaptation.py [OUT.safetensors] [--seed 1]

Op cases and whole training steps of small networks, in float64, stored as f32; what `dann check --golden` reads. The networks
of the steps are made from the recipes that their cases hold, so that recipe and answers cannot drift apart.

    pip install torch numpy safetensors
"""
import argparse
import json
import math
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_default_dtype(torch.float64)


class File:
    """Cases and their tensors, `<case>/<tensor>`."""

    def __init__(self):
        self.tensors, self.cases = {}, []

    def add(self, name, op, attrs, inputs, expect):
        self.cases.append({"name": name, "op": op, "attrs": attrs, "inputs": list(inputs), "expect": list(expect)})
        for key, value in {**inputs, **expect}.items():
            value = value.detach()
            value = value.float() if value.is_floating_point() else value.int()
            self.tensors[f"{name}/{key}"] = value.contiguous().clone()

    def save(self, path):
        save_file(self.tensors, path, {"cases": json.dumps(self.cases)})


def normal(generator, *shape, scale=1.0):
    """Values that f32 can hold."""
    return (torch.randn(*shape, generator=generator) * scale).float().double()


# The methods, each as its paper writes it.


def entropies(p):
    """-Σ p·log p of each row; a probability of 0 counts nothing."""
    return -torch.xlogy(p, p).sum(1)


def conditional_entropy(logits):
    """VADA (Shu et al. 2018), equation 4."""
    return entropies(F.softmax(logits, 1)).mean()


def class_confusion(logits, temperature):
    """MCC (Jin et al. 2020), equations 2 to 7; the weights pass no gradient on."""
    rows, classes = logits.shape
    p = F.softmax(logits / temperature, 1)
    with torch.no_grad():
        weights = 1 + torch.exp(-entropies(p))
        weights = rows * weights / weights.sum()
    c = torch.einsum("n,ni,nj->ij", weights, p, p)
    c = c / c.sum(1, keepdim=True)
    return (c.sum() - c.diagonal().sum()) / classes


def entropy_weights(logits, source_rows):
    """CDAN+E (Long et al. 2018), equation 8, brought to the mean 1 in each domain; no gradient passes through them."""
    with torch.no_grad():
        weights = 1 + torch.exp(-entropies(F.softmax(logits, 1)))
        return torch.cat([half / half.mean() for half in (weights[:source_rows], weights[source_rows:])])


def conditional(features, logits):
    """CDAN, equation 6: features times probabilities; no gradient passes into these."""
    p = F.softmax(logits, 1).detach()
    product = torch.einsum("nk,nf->nkf", p, features.flatten(1))
    return product.reshape(len(features), -1, *features.shape[2:])


def divergence(given, logits):
    """The mean Kullback-Leibler divergence of predictions from given ones, which pass no gradient on."""
    return F.kl_div(F.log_softmax(logits, 1), F.softmax(given.detach(), 1), reduction="batchmean")


def pseudo_label(given, logits, threshold):
    """FixMatch (Sohn et al. 2020), equation 4, and the share of rows that count; nothing is passed on to `given`."""
    likely, labels = F.softmax(given.detach(), 1).max(1)
    assert ((likely - threshold).abs() > 1e-3).all(), "rounding might tell otherwise which rows count"
    counts = (likely >= threshold).double()
    return (counts * F.cross_entropy(logits, labels, reduction="none")).mean(), counts.mean()


def pcg(value):
    """PCG RXS-M-XS 32 of whole numbers below 2^32."""
    state = (value * 747796405 + 2891336453) & 0xFFFFFFFF
    word = ((state >> ((state >> 28) + 4)) ^ state) * 277803737 & 0xFFFFFFFF
    return (word >> 22) ^ word


def drawn(first_row, shape, seed):
    """The directions that the program draws for the rows from a first one on: the bytes of hashes added up."""
    places = np.arange(math.prod(shape), dtype=np.uint64) + first_row * math.prod(shape[1:])
    bytes_of = pcg(places ^ np.uint64(pcg(seed ^ 0x40000000)))
    sums = sum((bytes_of >> np.uint64(8 * i)) & np.uint64(255) for i in range(4))
    return torch.from_numpy(sums.astype(np.float64) - 510).reshape(shape)


def moved(x, direction, length):
    """Each image by a length in a direction of its own; none where that is 0."""
    norms = direction.flatten(1).norm(dim=1).reshape(-1, *[1] * (x.dim() - 1))
    return x + length * torch.where(norms > 0, direction / norms, torch.zeros(()))


def virtual_adversarial(predict, x, given, first_row, seed, radius, probe):
    """VAT (Miyato et al. 2018), algorithm 1, with one power iteration."""
    probed = moved(x, drawn(first_row, x.shape, seed), probe).requires_grad_()
    (direction,) = torch.autograd.grad(divergence(given, predict(probed)), probed)
    return divergence(given, predict(moved(x, direction, radius)))


class Reversal(torch.autograd.Function):
    """x, and -λ times the gradient."""

    @staticmethod
    def forward(context, x, strength):
        context.strength = strength
        return x.clone()

    @staticmethod
    def backward(context, dy):
        return -context.strength * dy, None


class BatchNorm:
    """Statistics of all rows, or of those of each domain (DSBN, Chang et al. 2019, with one weight and bias)."""

    def __init__(self, channels, statistics="shared", eps=1e-5, momentum=0.1):
        count = 2 if statistics == "per_domain" else 1
        self.mean, self.var = torch.zeros(count, channels), torch.ones(count, channels)
        self.eps, self.momentum = eps, momentum

    def running(self):
        return {"running_mean": self.mean.squeeze(0), "running_var": self.var.squeeze(0)}

    def __call__(self, x, weight, bias, source_rows, training=True):
        """Without a number of source rows, of all rows, and running statistics stay as they are."""
        if source_rows is None:
            return F.batch_norm(x, None, None, weight, bias, training=True, eps=self.eps)
        if len(self.mean) == 1:
            return F.batch_norm(x, self.mean[0], self.var[0], weight, bias, training, self.momentum, self.eps)
        halves = [x[:source_rows], x[source_rows:]]
        if training and len(halves[1]) == 0:  # Its rows stand for the target's, too.
            F.batch_norm(x, self.mean[1], self.var[1], None, None, True, self.momentum)
        return torch.cat([F.batch_norm(half, self.mean[index], self.var[index], weight, bias, training, self.momentum, self.eps)
                          for index, half in enumerate(halves) if len(half)])


# Op cases.


def ops(file, generator):
    for index, (rows, labelled, classes, scale) in enumerate([(9, 4, 3, 1.0), (40, 17, 10, 4.0), (5, 0, 2, 6.0)]):
        logits = normal(generator, rows, classes, scale=scale).requires_grad_()
        before = normal(generator, rows, classes)
        weight, share = 0.25, 0.5
        attrs = {"labelled": labelled, "weight": weight, "adaptation": share}

        loss = conditional_entropy(logits[labelled:])
        (gradient,) = torch.autograd.grad(loss, logits)
        dlogits = torch.cat([before[:labelled], weight * share * gradient[labelled:]])
        file.add(f"entropy_{index}", "entropy", attrs, dict(logits=logits, before=before),
                 dict(loss=loss.reshape(1), dlogits=dlogits))

        temperature = [2.5, 1.0, 4.0][index]
        loss = class_confusion(logits[labelled:], temperature)
        (gradient,) = torch.autograd.grad(loss, logits)
        dlogits = before + weight * share * gradient
        file.add(f"class_confusion_{index}", "class_confusion", {**attrs, "temperature": temperature, "adds": True},
                 dict(logits=logits, before=before), dict(loss=loss.reshape(1), dlogits=dlogits))

        rows = 2 * labelled + 3
        logits = normal(generator, rows, classes, scale=scale)
        file.add(f"entropy_weights_{index}", "entropy_weights", {"source_rows": labelled + 1}, dict(logits=logits),
                 dict(weights=entropy_weights(logits, labelled + 1)))

        x = normal(generator, 5, 3, 2, 1).requires_grad_()
        p = F.softmax(normal(generator, 5, classes), 1).float().double()
        dy = normal(generator, 5, classes * 6)
        y = torch.einsum("nk,nf->nkf", p, x.flatten(1)).flatten(1)
        (dx,) = torch.autograd.grad(y, x, dy)
        file.add(f"outer_product_{index}", "outer_product", {}, dict(p=p, x=x, dy=dy), dict(y=y, dx=dx))

        logits, smoothing = normal(generator, rows, classes, scale=scale).requires_grad_(), [0.1, 0.3, 0.0][index]
        labels = torch.randint(0, classes, (rows,), generator=generator)
        weights = normal(generator, rows).abs()
        losses = weights * F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none") / rows
        (dlogits,) = torch.autograd.grad(losses.sum(), logits)
        file.add(f"softmax_cross_entropy_{index}", "softmax_cross_entropy", {"smoothing": smoothing},
                 dict(logits=logits, labels=labels, weights=weights),
                 dict(row_losses=losses, loss=losses.sum().reshape(1), dlogits=dlogits))


def perturbations(file, generator):
    for index, (rows, labelled, classes, scale) in enumerate([(5, 4, 3, 1.0), (23, 17, 10, 4.0), (9, 0, 70, 2.0)]):
        given = normal(generator, labelled + rows, classes, scale=scale)
        logits = normal(generator, rows, classes, scale=scale).requires_grad_()
        weight, share = 0.25, 0.5
        loss = divergence(given[labelled:], logits)
        (gradient,) = torch.autograd.grad(loss, logits)
        file.add(f"kl_divergence_{index}", "kl_divergence", {"labelled": labelled, "weight": weight, "adaptation": share},
                 dict(given=given, logits=logits), dict(loss=loss.reshape(1), dlogits=weight * share * gradient))

        x, seed = normal(generator, labelled + rows, 3, 5, 4), 77 + index
        direction = normal(generator, rows, 3, 5, 4)
        direction[1] = 0
        attrs = {"first_row": labelled, "length": 0.75 + index, "seed": seed}
        file.add(f"perturb_{index}", "perturb", attrs, dict(x=x, direction=direction),
                 dict(along=moved(x[labelled:], direction, attrs["length"]),
                      at_random=moved(x[labelled:], drawn(labelled, direction.shape, seed), attrs["length"])))


def pseudo_labels(file, generator):
    for index, (rows, labelled, classes, scale) in enumerate([(9, 4, 3, 1.0), (40, 17, 10, 4.0), (5, 0, 2, 6.0)]):
        logits = normal(generator, rows, classes, scale=scale).requires_grad_()
        given, before = normal(generator, rows - labelled, classes, scale=scale), normal(generator, rows, classes)
        weight, share, threshold = 0.25, 0.5, [0.5, 0.75, 0.9][index]
        loss, _ = pseudo_label(given, logits[labelled:], threshold)
        (gradient,) = torch.autograd.grad(loss, logits)
        attrs = {"labelled": labelled, "threshold": threshold, "weight": weight, "adaptation": share, "adds": True}
        file.add(f"pseudo_label_{index}", "pseudo_label", attrs, dict(given=given, logits=logits, before=before),
                 dict(loss=loss.reshape(1), dlogits=before + weight * share * gradient))


def batch_norms(file, generator):
    """Statistics of each domain."""
    for index, (rows, source_rows, channels) in enumerate([(7, 3, 5), (9, 9, 3), (6, 2, 17)]):
        x = normal(generator, rows, channels, 3, 4, scale=2.0).requires_grad_()
        weight, bias = (normal(generator, channels).requires_grad_() for _ in range(2))
        norm = BatchNorm(channels, "per_domain", eps=[1e-5, 0.25, 0.125][index], momentum=0.25)
        norm.mean, norm.var = normal(generator, 2, channels), normal(generator, 2, channels).abs() + 0.5
        running = dict(running_mean=norm.mean.clone(), running_var=norm.var.clone())
        running = {key: value.float().double() for key, value in running.items()}
        norm.mean, norm.var = running["running_mean"].clone(), running["running_var"].clone()
        attrs = {"eps": norm.eps, "momentum": norm.momentum, "source_rows": source_rows}
        y = norm(x, weight, bias, source_rows, training=False)
        file.add(f"batch_norm2d_evaluation_{index}", "batch_norm2d", {**attrs, "training": False},
                 dict(x=x, weight=weight, bias=bias, **running), dict(y=y))
        dy = normal(generator, *x.shape)
        y = norm(x, weight, bias, source_rows)
        dx, dweight, dbias = torch.autograd.grad(y, [x, weight, bias], dy)
        file.add(f"batch_norm2d_{index}", "batch_norm2d", attrs, dict(x=x, weight=weight, bias=bias, dy=dy, **running),
                 dict(y=y, dx=dx, dweight=dweight, dbias=dbias, new_running_mean=norm.mean, new_running_var=norm.var))


# Whole steps.

TRAINING = """
[training]
epochs = 1
batch = 4
momentum = 0.9
learning_rate = {{ initial = 0.05, alpha = 10.0, beta = 0.75 }}
lambda = {{ maximum = 1.0, gamma = 10.0 }}
{training}
[model]
feature_extractor = [
    {{ layer = "conv2d", outputs = 4, kernel = 3 }},{behind_convolution}
    {{ layer = "relu" }},
    {{ layer = "max_pool2d", kernel = 2 }},
]
label_predictor = [{{ layer = "dense", outputs = 6 }}, {{ layer = "relu" }}, {{ layer = "dense", outputs = 3 }}]
domain_classifier = [{{ layer = "dense", outputs = 4 }}, {{ layer = "relu" }}, {{ layer = "dense", outputs = 2 }}]
{model}
[model.input]
channels = 2
height = 6
width = 6
normalization = {{ scale = [1.0, 1.0], shift = [0.0, 0.0] }}
"""


class Network:
    """A part of a recipe's model; its parameters have the names that the program gives them."""

    def __init__(self, name, layers, shape, generator, parameters):
        self.steps, counts = [], {}
        for layer in layers:
            kind = layer["layer"]
            stem = {"conv2d": "conv", "max_pool2d": "max_pool", "batch_norm2d": "batch_norm"}.get(kind, kind)
            counts[stem] = counts.get(stem, 0) + 1
            own = f"{name}.{stem}{counts[stem]}"
            if kind == "conv2d":
                dims = (layer["outputs"], shape[0], layer["kernel"], layer["kernel"])
                shape = [layer["outputs"], *(side - layer["kernel"] + 1 for side in shape[1:])]
            elif kind == "dense":
                dims = (layer["outputs"], math.prod(shape))
                shape = [layer["outputs"], 1, 1]
            elif kind == "max_pool2d":
                shape = [shape[0], *(side // layer["kernel"] for side in shape[1:])]
            if kind in ("conv2d", "dense"):
                scale = math.sqrt(2 / math.prod(dims[1:]))
                parameters[f"{own}.weight"] = normal(generator, *dims, scale=scale).requires_grad_()
                parameters[f"{own}.bias"] = normal(generator, dims[0], scale=0.1).requires_grad_()
            if kind == "batch_norm2d":
                parameters[f"{own}.weight"] = (1 + normal(generator, shape[0], scale=0.1)).float().double().requires_grad_()
                parameters[f"{own}.bias"] = normal(generator, shape[0], scale=0.1).requires_grad_()
                layer["norm"] = BatchNorm(shape[0], **{key: layer[key] for key in ("statistics",) if key in layer})
            self.steps.append((layer, own))
        self.shape, self.parameters = shape, parameters

    def state(self):
        """Running statistics, by name."""
        norms = [(layer["norm"], name) for layer, name in self.steps if "norm" in layer]
        return {f"{name}.{key}": value for norm, name in norms for key, value in norm.running().items()}

    def __call__(self, x, source_rows=None, training=True):
        for layer, name in self.steps:
            weight, bias = (self.parameters.get(f"{name}.{suffix}") for suffix in ("weight", "bias"))
            match layer["layer"]:
                case "conv2d":
                    x = F.conv2d(x, weight, bias)
                case "dense":
                    x = F.linear(x.flatten(1), weight, bias)
                case "relu":
                    x = F.relu(x)
                case "batch_norm2d":
                    x = layer["norm"](x, weight, bias, source_rows, training)
                case "max_pool2d":
                    x = F.max_pool2d(x, layer["kernel"])
                case kind:
                    raise ValueError(f"no layer {kind}")
        return x


def steps(file, generator, name, training="", model="", behind_convolution="", norm="", count=2, with_gradients=False):
    recipe = TRAINING.format(training=training, model=model, behind_convolution=behind_convolution)
    recipe = recipe.replace('{ layer = "relu" }', norm + '{ layer = "relu" }')
    config = tomllib.loads(recipe)
    training, spec = config["training"], config["model"]
    adaptation, rows = training.get("adaptation", {}), training["batch"]
    is_conditional = spec.get("domain_input") == "conditional"
    shape = [spec["input"][key] for key in ("channels", "height", "width")]
    parameters = {}
    extractor = Network("feature_extractor", spec["feature_extractor"], shape, generator, parameters)
    predictor = Network("label_predictor", spec["label_predictor"], extractor.shape, generator, parameters)
    given = list(extractor.shape)
    if is_conditional:
        given[0] *= predictor.shape[0]
    classifier = Network("domain_classifier", spec["domain_classifier"], given, generator, parameters)
    first = {f"init.{key}": value.detach().clone() for key, value in parameters.items()}
    x = normal(generator, count, 2 * rows, *shape)
    labels = torch.randint(0, predictor.shape[0], (count, rows), generator=generator)
    # The target rows without augmentation, which those in x stand for.
    plain = {"plain": normal(generator, count, rows, *shape)} if "pseudo_label" in adaptation else {}
    strengths, shares = [0.25 * (i + 1) for i in range(count)], [0.5 * (i + 1) for i in range(count)]
    rates = [0.05 / (i + 1) for i in range(count)]
    domains = torch.cat([torch.zeros(rows), torch.ones(rows)]).long()
    velocities = {key: torch.zeros_like(value) for key, value in parameters.items()}
    averages = {key: value.detach().clone() for key, value in parameters.items()}
    stays = [0.5 + 0.25 * i for i in range(count)]
    reports, gradients = {}, {}
    for i in range(count):
        features = extractor(x[i], rows)
        # Target rows are predicted where somebody asks for their predictions.
        asked = adaptation or is_conditional or training.get("entropy_weighting", False)
        logits = predictor(features if asked else features[:rows], rows)
        smoothing = training.get("label_smoothing", 0.0)
        losses = {"label_loss": F.cross_entropy(logits[:rows], labels[i], label_smoothing=smoothing)}
        given = conditional(features, logits) if is_conditional else features
        opinions = classifier(Reversal.apply(given, strengths[i]), rows)
        weights = torch.ones(2 * rows)
        if training.get("entropy_weighting", False):
            weights = entropy_weights(logits, rows)
        of_rows = weights * F.cross_entropy(opinions, domains, reduction="none")
        losses["domain_loss"] = of_rows[:rows].mean() + of_rows[rows:].mean()
        total = losses["label_loss"] + losses["domain_loss"]
        if "entropy" in adaptation:
            losses["target_entropy"] = conditional_entropy(logits[rows:])
            total = total + adaptation["entropy"] * shares[i] * losses["target_entropy"]
        if "class_confusion" in adaptation:
            losses["class_confusion"] = class_confusion(logits[rows:], adaptation.get("temperature", 2.5))
            total = total + adaptation["class_confusion"] * shares[i] * losses["class_confusion"]
        if plain:
            # As in evaluation: by the average, if one is kept, as it is before this step; else by running statistics, which this
            # step's rows are part of by now.
            of_target = dict(source_rows=0, training=False)
            extractor.parameters = predictor.parameters = averages if "average" in training else parameters
            given = predictor(extractor(plain["plain"][i], **of_target), **of_target)
            extractor.parameters = predictor.parameters = parameters
            loss, share = pseudo_label(given, logits[rows:], adaptation["threshold"])
            losses.update(pseudo_label=loss, pseudo_labelled=share)
            total = total + adaptation["pseudo_label"] * shares[i] * loss
        for key, first_row in [("virtual_adversarial", rows), ("virtual_adversarial_source", 0)]:
            if key in adaptation:
                own = x[i, first_row:first_row + rows]
                predict = lambda images: predictor(extractor(images))
                # Batch norm takes its statistics of these rows alone, so that what is given is predicted of them alone.
                losses[key] = virtual_adversarial(predict, own, predict(own), first_row, 0,
                                                  adaptation.get("radius", 3.5), adaptation.get("probe", 0.1))
                total = total + adaptation[key] * shares[i] * losses[key]
        found = torch.autograd.grad(total, list(parameters.values()))
        for key, value in losses.items():
            reports.setdefault(key, []).append(value.detach())
        if i == 1 and with_gradients:
            # A bias in front of batch norm has none, but for rounding.
            gradients = {f"grad1.{key}": value for key, value in zip(parameters, found) if value.norm() > 1e-9}
        with torch.no_grad():
            for (key, value), gradient in zip(parameters.items(), found):
                velocities[key].mul_(training["momentum"]).add_(gradient)
                value -= rates[i] * velocities[key]
                averages[key] = stays[i] * averages[key] + (1 - stays[i]) * value
    state = {key: value for part in (extractor, predictor, classifier) for key, value in part.state().items()}
    average = {}
    if "average" in training:
        average = {f"average.{key}": value for key, value in averages.items()}
    file.add(name, "dann_steps",
             {"recipe": recipe, "steps": count, "lambda": strengths, "adaptation": shares, "average": stays, "lr": rates},
             {**first, "x": x, "labels": labels, **plain},
             {**{key: torch.stack(values) for key, values in reports.items()}, **gradients,
              **{f"final.{key}": value for key, value in {**parameters, **state}.items()}, **average})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", default=Path(__file__).with_name("adaptation.safetensors"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    generator, file = torch.Generator().manual_seed(arguments.seed), File()
    ops(file, generator)
    steps(file, generator, "entropy", training="adaptation = { entropy = 0.3 }")
    steps(file, generator, "class_confusion", training="adaptation = { class_confusion = 1.0, temperature = 2.0 }")
    steps(file, generator, "average_and_label_smoothing", training="average = 0.9\nlabel_smoothing = 0.2")
    steps(file, generator, "conditional", model='domain_input = "conditional"')
    steps(file, generator, "everything", training="""
        adaptation = { entropy = 0.3, class_confusion = 1.0 }
        average = 0.9
        label_smoothing = 0.1
        entropy_weighting = true""", model='domain_input = "conditional"', with_gradients=True)
    perturbations(file, generator)
    steps(file, generator, "virtual_adversarial", training="adaptation = { virtual_adversarial = 0.5, radius = 1.5 }")
    # What f32 rounds off a direction is inversely proportional to the probe; batch norm adds to it.
    steps(file, generator, "virtual_adversarial_with_batch_norm", training="""
        adaptation = { virtual_adversarial = 0.5, virtual_adversarial_source = 0.25, entropy = 0.1, radius = 1.0, probe = 1.0 }""",
          behind_convolution=' { layer = "batch_norm2d" },', with_gradients=True)
    batch_norms(file, generator)
    apart = '{ layer = "batch_norm2d", statistics = "per_domain" }, '
    steps(file, generator, "batch_norm_shared", norm='{ layer = "batch_norm2d" }, ')
    steps(file, generator, "batch_norm_per_domain", norm=apart, with_gradients=True)
    steps(file, generator, "batch_norm_per_domain_and_entropy", training="adaptation = { entropy = 0.3 }", norm=apart)
    pseudo_labels(file, generator)
    steps(file, generator, "pseudo_label", count=3, training="""
        adaptation = { pseudo_label = 1.0, threshold = 0.7 }
        average = 0.9""", with_gradients=True)
    steps(file, generator, "pseudo_label_and_more", count=3, training="""
        adaptation = { pseudo_label = 1.0, threshold = 0.45, entropy = 0.1 }""", norm=apart, with_gradients=True)
    file.save(arguments.out)
