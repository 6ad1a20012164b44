"Forward pass and training step beside torchvision's, in one run, and the memory that they take."
import argparse
import json

from build import ours_and_theirs
from common import fresh, head_line, interleaved, median, table

PEAK = '''
import json, sys
from speed import peak
print(json.dumps(peak(*json.loads(sys.argv[1]))))
'''


def forward(net, x):
    import torch
    net.eval()
    def run():
        with torch.no_grad():
            net(x)
    return run


def step(net, x):
    "One step of SGD with momentum on cross entropy; both get the same function of scores and labels"
    import torch
    import torch.nn.functional as F
    net.train()
    optimizer, y = torch.optim.SGD(net.parameters(), 1e-3, momentum=.9), torch.arange(len(x)) % 1000
    def run():
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return run


WORK = dict(forward=forward, step=step)


def peak(model, whose, work, batch, size):
    "Bytes held all the time (weights; in a step also the optimizer's momentum), and the peak that a second run adds"
    import torch
    from torch.profiler import ProfilerActivity, profile
    torch.manual_seed(0)
    net = ours_and_theirs()[model][whose == 'theirs']()
    run = WORK[work](net, torch.randn(batch, 3, size, size))
    run()
    # what is released later has to be allocated later, or it does not count
    net.zero_grad()
    weights = sum(t.numel() * t.element_size() for t in net.state_dict().values())
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as prof:
        run()
    return weights * (2 if work == 'step' else 1) + highest(prof)


def highest(prof):
    "The highest sum of allocations and releases, in the order of time"
    events = [e for e in prof.profiler.kineto_results.events() if e.name() == '[memory]']
    top = now = 0
    for e in sorted(events, key=lambda e: e.start_ns()):
        now += e.nbytes()
        top = max(top, now)
    return top


def main():
    import torch
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--batch', type=int, default=16)
    args.add_argument('--size', type=int, default=224)
    args.add_argument('--repeats', type=int, default=9)
    args.add_argument('--models', nargs='+', default=['ResNet-18', 'ResNet-50', 'MobileNetV2', 'ViT-B/16'])
    args.add_argument('--work', nargs='+', default=list(WORK), choices=list(WORK))
    args.add_argument('--threads', type=int, help="torch's own choice if left out")
    args = args.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    head_line(f'Speed and memory, batch {args.batch} at {args.size} × {args.size}')
    rows = []
    for model in args.models:
        for work in args.work:
            torch.manual_seed(0)
            x = torch.randn(args.batch, 3, args.size, args.size)
            ours, theirs = (WORK[work](make(), x) for make in ours_and_theirs()[model])
            a, b = interleaved(ours, theirs, args.repeats)
            del ours, theirs
            m, n = (
                json.loads(fresh(PEAK, json.dumps([model, whose, work, args.batch, args.size])))
                for whose in ('ours', 'theirs')
            )
            rows.append(
                (
                    model,
                    work,
                    f'{1e3 * median(a):.0f}',
                    f'{1e3 * median(b):.0f}',
                    f'{median(b) / median(a):.3f}',
                    f'{m / 2**20:.0f}',
                    f'{n / 2**20:.0f}',
                    f'{m / n:.3f}',
                )
            )
            print(rows[-1], flush=True)
    print()
    table(
        [
            'model',
            'work',
            'clsparts, ms',
            'torchvision, ms',
            'theirs / ours (≥ 0.97)',
            'clsparts peak, MiB',
            'torchvision peak, MiB',
            'ours / theirs (≤ 1.03)',
        ],
        *rows,
    )


if __name__ == '__main__':
    main()
