"""Trains `digits.onnx`, a small convolutional network for 8x8 handwritten digits, with plain numpy and a fixed seed.

python examples/train_digits.py         # rewrites digits.onnx and digits/0.png ... 9.png beside this script; under a minute

The data are scikit-learn's 1,797 digits (values 0 to 16). 1,437 of them train the network, 360 are held out; the pictures are
held-out digits, one a class, as raw 8x8 greyscale PNG files: pixel / 255 is what the network's input `image` wants.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.datasets import load_digits

HERE = Path(__file__).parent
SEED = 7
HELD_OUT = 360
EPOCHS = 30
BATCH = 32
RATE = 2e-3
LEAST_ACCURACY = 0.97
WINDOW = 3  # convolutions are 3x3 with one row of padding, so they keep the size; pools are 2x2 and halve it

Array = np.ndarray


@dataclass
class Convolution:
    """3x3, stride 1, padding 1, NCHW, through patches: one matrix product forward, two backward."""

    weight: Array
    bias: Array

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        patches = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW), axis=(2, 3))  # N C H W 3 3
        self.patches = patches.transpose(0, 2, 3, 1, 4, 5).reshape(-1, self.weight[0].size)
        y = self.patches @ self.weight.reshape(len(self.weight), -1).T + self.bias
        return y.reshape(x.shape[0], *x.shape[2:], -1).transpose(0, 3, 1, 2)

    def backward(self, grad: Array) -> tuple[Array, list[Array]]:
        flat = grad.transpose(0, 2, 3, 1).reshape(-1, len(self.weight))
        n, c, h, w = self.shape
        spread = (flat @ self.weight.reshape(len(self.weight), -1)).reshape(n, h, w, c, WINDOW, WINDOW)
        padded = np.zeros((n, c, h + 2, w + 2), np.float32)
        for i in range(WINDOW):
            for j in range(WINDOW):
                padded[:, :, i : i + h, j : j + w] += spread[..., i, j].transpose(0, 3, 1, 2)
        return padded[:, :, 1:-1, 1:-1], [(flat.T @ self.patches).reshape(self.weight.shape), flat.sum(0)]

    def parameters(self) -> list[Array]:
        return [self.weight, self.bias]


class ReluPool:
    """Relu, then the maximum of each 2x2 block; the gradient goes to the first largest element of a block."""

    def forward(self, x: Array) -> Array:
        n, c, h, w = self.shape = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
        self.largest = blocks.argmax(-1)[..., None]
        y = np.take_along_axis(blocks, self.largest, -1)[..., 0]
        self.positive = y > 0
        return y * self.positive

    def backward(self, grad: Array) -> tuple[Array, list[Array]]:
        n, c, h, w = self.shape
        blocks = np.zeros((n, c, h // 2, w // 2, 4), np.float32)
        np.put_along_axis(blocks, self.largest, (grad * self.positive)[..., None], -1)
        return blocks.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(self.shape), []

    def parameters(self) -> list[Array]:
        return []


@dataclass
class Dense:
    """Flattens and multiplies: y = x @ weight.T + bias."""

    weight: Array
    bias: Array

    def forward(self, x: Array) -> Array:
        self.x = x
        return x.reshape(len(x), -1) @ self.weight.T + self.bias

    def backward(self, grad: Array) -> tuple[Array, list[Array]]:
        flat = self.x.reshape(len(self.x), -1)
        return (grad @ self.weight).reshape(self.x.shape), [grad.T @ flat, grad.sum(0)]

    def parameters(self) -> list[Array]:
        return [self.weight, self.bias]


Network = list[Convolution | ReluPool | Dense]


def new_network(random: np.random.Generator) -> Network:
    def weight(*shape: int) -> Array:
        return (random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)

    def zeros(n: int) -> Array:
        return np.zeros(n, np.float32)

    return [
        Convolution(weight(8, 1, 3, 3), zeros(8)),
        ReluPool(),
        Convolution(weight(16, 8, 3, 3), zeros(16)),
        ReluPool(),
        Dense(weight(10, 64), zeros(10)),
    ]


def probabilities(network: Network, x: Array) -> Array:
    for layer in network:
        x = layer.forward(x)
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def train(network: Network, x: Array, labels: Array, random: np.random.Generator) -> None:
    """Minimises the cross entropy with Adam; the rate falls linearly to zero."""
    parameters = [p for layer in network for p in layer.parameters()]
    mean = [np.zeros_like(p) for p in parameters]
    square = [np.zeros_like(p) for p in parameters]
    steps = EPOCHS * (len(x) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            grad = (probabilities(network, x[chosen]) - np.eye(10, dtype=np.float32)[labels[chosen]]) / BATCH
            gradients: list[Array] = []
            for layer in reversed(network):
                grad, own = layer.backward(grad)
                gradients = own + gradients
            step += 1
            rate = RATE * (1 - step / (steps + 1))
            for p, g, m, s in zip(parameters, gradients, mean, square, strict=True):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)


def to_onnx(network: Network) -> onnx.ModelProto:
    """The network as an ONNX model with a symbolic batch `N`; nodes carry names, so errors can name them."""
    conv1, _, conv2, _, dense = network
    weights = {
        "conv1.weight": conv1, "conv2.weight": conv2, "dense.weight": dense,
    }  # fmt: skip
    initializers = []
    for name, layer in weights.items():
        weight, bias = layer.parameters()
        initializers += [numpy_helper.from_array(weight, name), numpy_helper.from_array(bias, name.replace("weight", "bias"))]
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["conv1"], name="conv1", **conv),
        helper.make_node("Relu", ["conv1"], ["relu1"], name="relu1"),
        helper.make_node("MaxPool", ["relu1"], ["pool1"], name="pool1", **pool),
        helper.make_node("Conv", ["pool1", "conv2.weight", "conv2.bias"], ["conv2"], name="conv2", **conv),
        helper.make_node("Relu", ["conv2"], ["relu2"], name="relu2"),
        helper.make_node("MaxPool", ["relu2"], ["pool2"], name="pool2", **pool),
        helper.make_node("Flatten", ["pool2"], ["flat"], name="flatten", axis=1),
        helper.make_node("Gemm", ["flat", "dense.weight", "dense.bias"], ["logits"], name="dense", transB=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], name="softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="train_digits.py")
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    random = np.random.default_rng(SEED)
    data = load_digits()
    x = (data.images / 16).astype(np.float32)[:, None]
    order = random.permutation(len(x))
    held_out, training = order[:HELD_OUT], order[HELD_OUT:]

    network = new_network(random)
    train(network, x[training], data.target[training], random)
    guesses = probabilities(network, x[held_out]).argmax(1)
    accuracy = float((guesses == data.target[held_out]).mean())
    print(f"accuracy on {HELD_OUT} held-out digits: {accuracy:.2%}")
    assert accuracy >= LEAST_ACCURACY, f"below {LEAST_ACCURACY:.0%}: nothing was written"

    onnx.save(to_onnx(network), HERE / "digits.onnx")
    (HERE / "digits").mkdir(exist_ok=True)
    for digit in range(10):
        first = next(i for i in held_out if data.target[i] == digit)
        Image.fromarray(np.rint(data.images[first] * 255 / 16).astype(np.uint8)).save(HERE / "digits" / f"{digit}.png")
    print(f"wrote digits.onnx ({(HERE / 'digits.onnx').stat().st_size:,} bytes) and digits/0.png ... 9.png")


if __name__ == "__main__":
    main()
