"""Train the classifier that the package ships: `python tools/train_digits_classifier.py [clsparts/assets]`

The explorer's default composition is trained on the digits, on one thread of a CPU. Weights of convolutions are stored
in 8 bits, everything else in 16. Where a kernel is larger than the map, some of its weights see only padding and never
get a gradient; they are set to 0 and not stored. Writes `digits_classifier.safetensors` and its record
`digits_classifier.json`, and prints the record.
"""
import hashlib
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

import clsparts
from clsparts.checkpoints.digits_classifier import unpacked
from clsparts.composer.builder import compose
from clsparts.data.datasets import digits
from clsparts.evaluation.evaluator import evaluate
from clsparts.explorer.state import START, composition_of
from clsparts.training.trainer import fit

EPOCHS, SEED = 40, 0


def clear_unused(clf: nn.Module, image: torch.Tensor) -> None:
    "Set the weights of 3 × 3 convolutions to 0 at positions of the kernel that see only padding"
    def hook(conv, inputs, _):
        height, out = inputs[0].shape[2], -(-inputs[0].shape[2] // conv.stride[0])
        rows = [any(0 <= i * conv.stride[0] + k - 1 < height for i in range(out)) for k in range(3)]
        used = torch.tensor(rows)
        conv.weight.data *= used[:, None] & used

    convs = [m for m in clf.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    hooks = [m.register_forward_hook(hook) for m in convs]
    with torch.no_grad():
        clf.eval()(image)
    for h in hooks:
        h.remove()


def packed(state: dict) -> dict:
    "Convolutions as int8 with one scale per filter, without outer zeros; other numbers in float16"
    out = {}
    for name, value in state.items():
        if value.ndim == 4:
            scale = value.abs().amax((1, 2, 3)) / 127
            used = value.abs().amax((0, 1)) > 0                                # (k, k)
            rows, columns = used.any(1).nonzero()[:, 0], used.any(0).nonzero()[:, 0]
            value = value[:, :, rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
            out[name] = (value / scale.half()[:, None, None, None]).round().clamp(-127, 127).to(torch.int8)
            out[name + '.scale'] = scale.half()
        elif value.is_floating_point():
            out[name] = value.half()
    return {k: v.contiguous() for k, v in out.items()}


def main(folder: str = 'clsparts/assets') -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    data = digits()
    clf = compose(**composition_of(START))
    fit(clf, data, epochs=EPOCHS, seed=SEED, device='cpu', progress=False)
    trained = evaluate(clf, data).accuracy
    clear_unused(clf, data.val[0][0][None])
    tensors = packed(clf.state_dict())
    clf.load_state_dict(unpacked(tensors, clf.state_dict()))
    accuracy = evaluate(clf.eval(), data).accuracy
    meta = dict(config=clf.cfg, image_shape=clf.image_shape, classes=data.classes, target='labels', accuracy=accuracy)
    path = Path(folder)/'digits_classifier.safetensors'
    save_file(tensors, path, {k: json.dumps(v) for k, v in meta.items()})
    record = dict(accuracy=accuracy, accuracy_float32=trained, validation_images=len(data.val), epochs=EPOCHS,
                  seed=SEED, bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                  torch=torch.__version__, clsparts=clsparts.__version__)
    path.with_suffix('.json').write_text(json.dumps(record, indent=1) + '\n')
    print(json.dumps(record, indent=1))


if __name__ == '__main__':
    main(*sys.argv[1:])
