"""Classifies pictures with a file of `dann export --format onnx`, whose metadata say how pictures come to its size.

    pip install numpy onnxruntime pillow
    python3 examples/onnx/predict.py model.onnx picture.jpg more/*.png

Prints a JSON object for each picture: the file, the likeliest class, its probability, and all logits.
"""

import json
import sys

import numpy
import onnxruntime
from PIL import Image, ImageOps


def upright(path):
    """The picture as it is meant to be seen: turned as its EXIF data say, on white where it is transparent."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):
        image = Image.fromarray(((numpy.asarray(image, dtype=numpy.uint32) + 128) // 257).astype(numpy.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def middle_of_proportions(size, rows, columns):
    """The box of the largest middle of a picture of `size` that has the proportions rows : columns."""
    width, height = size
    wanted = min(width, height * columns / rows), min(height, width * rows / columns)
    left, top = (width - wanted[0]) / 2, (height - wanted[1]) / 2
    return left, top, left + wanted[0], top + wanted[1]


def scaled(image, told):
    """The picture before its middle is taken."""
    (rows, columns), fit = told["resize"], told["fit"]
    covers = image.height >= rows and image.width >= columns
    fits_in = image.height <= rows and image.width <= columns
    if fit == "resize":
        return image.resize((columns, rows), Image.Resampling.BILINEAR)
    if fit == "scale" or (fit == "crop" and not covers):
        box = middle_of_proportions(image.size, rows, columns)
        return image.resize((columns, rows), Image.Resampling.BILINEAR, box=box)
    if fit == "pad" and not fits_in:
        factor = min(rows / image.height, columns / image.width)
        size = [max(1, int(side * factor + 0.5)) for side in image.size]
        return image.resize(size, Image.Resampling.BILINEAR)
    return image


def centred(pixels, rows, columns):
    """The middle of an array (height, width, channels); black where it is smaller."""
    result = numpy.zeros((rows, columns, pixels.shape[2]), dtype=numpy.uint8)
    height, width = min(rows, pixels.shape[0]), min(columns, pixels.shape[1])
    start = lambda length, part: (length - part) // 2
    top, left = start(pixels.shape[0], height), start(pixels.shape[1], width)
    to_top, to_left = start(rows, height), start(columns, width)
    result[to_top : to_top + height, to_left : to_left + width] = pixels[top : top + height, left : left + width]
    return result


def as_input(path, told):
    """The bytes (C, H, W) that the model takes."""
    image = upright(path)
    if told["channel_order"] == "grey":
        # The luminance of Rec. 709.
        grey = numpy.asarray(image, dtype=numpy.uint32) @ [2126, 7152, 722] // 10000
        image = Image.fromarray(grey.astype(numpy.uint8))
    pixels = numpy.asarray(scaled(image, told).convert("RGB"))
    pixels = centred(pixels, *told["crop"]).transpose(2, 0, 1)
    channels = told["channels"]
    return pixels if channels == 3 else numpy.repeat(pixels[:1], channels, axis=0)


def main(model, paths):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    told, classes = json.loads(metadata["input"]), json.loads(metadata["classes"])
    for path in paths:
        logits = session.run(["logits"], {"images": as_input(path, told)[None]})[0][0]
        powers = numpy.exp(logits - logits.max())
        best = int(logits.argmax())
        probability = float(powers[best] / powers.sum())
        print(json.dumps({"file": path, "class": classes[best], "probability": probability, "logits": logits.tolist()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
