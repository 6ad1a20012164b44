"""Make nbs/images/explorer.png: the explorer in JupyterLab after two short trainings.

    python tools/explorer_picture.py
"""
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT/'tests'/'browser'), str(ROOT/'tests')]
from lab import ARGS, Notebook, Server, chromium  # noqa: E402

EXPLORE = 'from clsparts.explorer.explorer import explore\nexplorer = explore()\nexplorer'


def train(page, epochs, runs):
    "Set the epochs, press Start, and wait until so many runs are done"
    field = page.locator('.clsx-epochs input')
    field.fill(str(epochs))
    field.press('Enter')
    page.locator('.clsx-start').click()
    done = """n => [...document.querySelectorAll('.clsx-runs td')].filter(o => o.textContent === 'done').length === n"""
    page.wait_for_function(done, arg=runs, timeout=120_000)
    page.wait_for_timeout(1500)


def main():
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        server = Server(Path(folder))
        browser = p.chromium.launch(executable_path=chromium(), args=ARGS)
        page = browser.new_page(viewport=dict(width=1250, height=1800))
        nb = Notebook(
            server,
            page,
            'explorer',
            [EXPLORE, "explorer.state.choose('neck', 'GeneralizedMeanPooling')"],
            ROOT / 'nbs' / 'images',
        )
        nb.width(1250)
        page.set_viewport_size(dict(width=1250, height=1800))
        nb.cell(0)
        page.wait_for_selector('.clsx [data-drawn]')
        page.locator('.clsx-tabs button').filter(has_text='Train').click()
        train(page, 8, 1)
        nb.cell(1)
        page.locator('.clsx-augment select').select_option(label='shift')
        train(page, 8, 2)
        page.mouse.move(0, 0)
        nb.picture('explorer')
        browser.close()
        server.stop()


if __name__ == '__main__':
    main()
