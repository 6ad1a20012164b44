"""The explorer in JupyterLab and chromium: from a click to the drawing that follows it.

    python benchmarks/explorer.py
"""
import json
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from common import head_line, median, table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent/'tests'/'browser'))
from lab import ARGS, Notebook, Server, chromium  # noqa: E402

CLASSES = count(1000)
EXPLORE = 'from clsparts.explorer.explorer import explore\nexplorer = explore()\nexplorer'

# milliseconds from setting the list to the drawing that shows it
CLICK = """([css, value, shown]) => new Promise(done => {
    const select = document.querySelector(css), flow = document.querySelector('.clsx-flow'), start = performance.now()
    const watch = new MutationObserver(() => {
        if (!flow.querySelector(`[data-part=backbone] title`)?.textContent.startsWith(shown)) return
        watch.disconnect()
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))
    })
    watch.observe(flow, {childList: true, subtree: true})
    const name = o => o.text.replaceAll('\\u00a0', ' ').split(' · ')[0]
    select.selectedIndex = [...select.options].findIndex(o => name(o) === value)
    for (const kind of ['input', 'change']) select.dispatchEvent(new Event(kind, {bubbles: true}))
    setTimeout(() => done(1e5), 5000)
})"""


def walk(nb, rounds):
    "Choose every backbone in turn, each round for another number of classes, so that nothing is cached"
    page, css = nb.page, '.clsx-picker-backbone select'
    names = [
        o.replace('\xa0', ' ').split(' · ')[0] for o in page.locator('.clsx-picker-backbone option').all_text_contents()
    ]
    times = {n: [] for n in names}
    for _ in range(rounds):
        nb.cell(2, f'explorer.state.set("num_classes", {next(CLASSES)})')
        for n in names:
            if (
                page.locator(css).evaluate('o => o.selectedOptions[0]?.text.replaceAll("\\u00a0", " ").split(" · ")[0]')
                == n
            ):
                continue
            times[n].append(page.evaluate(CLICK, [css, n, f'backbone: {n}']))
            page.wait_for_timeout(250)
    return times


def ranked(times):
    "Median and 95th percentile of all clicks, and the backbone whose median is the highest, with it"
    every = sorted(t for ts in times.values() for t in ts)
    slowest = max((n for n in times if times[n]), key=lambda n: median(times[n]))
    return (
        f'{median(every):.0f}',
        f'{every[int(0.95 * (len(every) - 1))]:.0f}',
        f'{slowest} ({median(times[slowest]):.0f})',
        len(every),
    )


def main():
    from playwright.sync_api import sync_playwright
    head_line('Explorer, in chromium')
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        server = Server(Path(folder))
        browser = p.chromium.launch(executable_path=chromium(), args=ARGS)
        page = browser.new_page(viewport=dict(width=1400, height=1000))
        nb = Notebook(
            server,
            page,
            'explorer',
            ['import torch, torch._dynamo', EXPLORE, 'explorer.state.match_data((3, 224, 224), 1000)', ''],
            Path(folder),
        )
        nb.cell(0)
        start = time.perf_counter()
        page.evaluate("() => { const nb = window.jupyterapp.shell.currentWidget.content; nb.activeCellIndex = 1 }")
        nb.command('notebook:run-cell')
        page.wait_for_selector('.clsx [data-drawn]')
        visible = time.perf_counter() - start
        nb.cell(2)
        page.locator('.clsx-pick-backbone').click()
        page.wait_for_selector('.clsx-picker-backbone option', state='attached')
        page.wait_for_timeout(500)
        # each backbone's first options make their controls
        walk(nb, 1)
        alone = ranked(walk(nb, 6))
        stop, busy = train(nb, page)
        growth, errors = changes(nb)
        browser.close()
        server.stop()
    table(
        [
            'click to redrawn flow, 3 × 224 × 224',
            'median, ms',
            '95th percentile, ms',
            'slowest backbone (its median, ms)',
            'clicks',
        ],
        ('idle', *alone),
        ('while a run trains', *busy),
    )
    table(
        ['', 'found', 'target'],
        ('explore() to visible widget, torch and torch._dynamo imported', f'{visible:.2f} s', 'under 2 s'),
        ('Stop pressed to stopped, the longest of 3', f'{stop:.2f} s', 'under 1 s'),
        (
            'growth of the kernel over 500 random changes, after 100 others',
            f'{growth:.0f} MB, {len(errors)} errors',
            'under 50 MB, none',
        ),
    )
    for e in errors[:3]:
        print(e)


def train(nb, page):
    "Train on digits, choose backbones meanwhile, and stop"
    nb.cell(
        3,
        "from clsparts.explorer.state import START\nexplorer.state.go_to(START)\n"
        "run = explorer._runs.start(dict(model=explorer.resolved.model, train=dict(epochs=100000)), 'background')\n"
        "explorer.state.match_data((3, 224, 224), 1000)",
    )
    page.wait_for_timeout(2000)
    times = ranked(walk(nb, 3))
    page.locator('.clsx-tabs button').filter(has_text='Train').click()
    page.wait_for_timeout(2000)
    stops = []
    for _ in range(3):
        page.wait_for_function("!document.querySelector('.clsx-stop').disabled", timeout=30_000)
        start = time.perf_counter()
        page.locator('.clsx-stop').click()
        page.wait_for_function(
            "document.querySelector('.clsx-runs tr:last-child td:nth-child(2)').textContent === 'stopped'",
            timeout=30_000,
        )
        stops.append(time.perf_counter() - start)
        nb.cell(
            3,
            "explorer.state.go_to(START)\n"
            "run = explorer._runs.start(dict(model=explorer.resolved.model, train=dict(epochs=100000)), 'background')",
        )
        page.wait_for_timeout(1500)
    nb.cell(3, "run.stop(), run.wait(10)")
    page.locator('.clsx-tabs button').filter(has_text='Options').click()
    return max(stops), times


CHANGES = """
import gc, json, random, psutil
from clsparts.core.registry import MODELS
names, rng, s = {k: MODELS.names(k) for k in ('backbone', 'neck', 'head', 'loss')}, random.Random(0), explorer.state
seen = []
def report(e): seen.append(repr(e))
explorer.report, memory, process = report, [], psutil.Process()
def change():
    k = rng.choice([*names, 'image', 'fix', 'undo', 'depth'])
    if k in names: s.choose(k, rng.choice(names[k]))
    elif k == 'image': s.set('image_shape', rng.choice([(1, 8, 8), (3, 32, 32), (3, 224, 224)]))
    elif k == 'fix': s.fix_all()
    elif k == 'undo': s.undo()
    else: s.set('backbone.depth', rng.choice([18, 34, 50, 101]))
    explorer._worker.wait(30)
for i in range(600):
    change()
    if i in (99, 599): gc.collect(), memory.append(process.memory_info().rss / 2 ** 20)
print(json.dumps([memory[1] - memory[0], seen]))
"""


def changes(nb):
    "100 changes to warm up, then 500 whose growth of the kernel's memory counts"
    nb.page.evaluate("""source => { const nb = window.jupyterapp.shell.currentWidget.content; nb.activeCellIndex = 3
        nb.activeCell.model.sharedModel.setSource(source) }""", CHANGES)
    nb.command('notebook:run-cell')
    nb.page.wait_for_timeout(1000)
    nb.idle(600)
    text = json.loads(nb.output(3))[-1]
    growth, errors = json.loads(text) if isinstance(text, str) else (float('nan'), [str(text)])
    return growth, errors


if __name__ == '__main__':
    main()
