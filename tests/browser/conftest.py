"""The explorer in JupyterLab and chromium: skipped without a browser, unless CLSPARTS_BROWSER=required."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from lab import ARGS, Notebook, Server, chromium

EXPLORE = 'from clsparts.explorer.explorer import explore\nexplorer = explore()\nexplorer'


@pytest.fixture(scope='session')
def pictures(tmp_path_factory):
    "Where screenshots are kept"
    folder = Path(os.environ.get('CLSPARTS_SCREENSHOTS') or tmp_path_factory.mktemp('screenshots'))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope='session')
def server(tmp_path_factory):
    missing = None if chromium() else 'no chromium: set CLSPARTS_CHROMIUM, or install it'
    for name in ('jupyterlab', 'playwright'):
        if find_spec(name) is None:
            missing = f'{name} is not installed'
    if missing and os.environ.get('CLSPARTS_BROWSER') == 'required':
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    server = Server(tmp_path_factory.mktemp('lab'))
    yield server
    server.stop()


@pytest.fixture(scope='session')
def browser(server):
    from playwright.sync_api import sync_playwright
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=ARGS)
        # one for all pages, so that JupyterLab is loaded from its cache
        yield browser.new_context()
        browser.close()


@pytest.fixture
def open_notebook(server, browser, pictures, request):
    "A function that opens a notebook; fails if a request leaves this machine or an error reaches the console"
    pages, left, errors = [], [], []
    local = f'http://127.0.0.1:{server.port}', f'ws://127.0.0.1:{server.port}', 'data:', 'blob:'

    def record(request):
        if not request.url.startswith(local):
            left.append(request.url)

    def open_(cells=(EXPLORE,), width=1400, run=True):
        shutil.rmtree(server.root/'runs', ignore_errors=True)
        page = browser.new_page()
        page.set_viewport_size(dict(width=width, height=1000))
        page.on('request', record)
        page.on('pageerror', lambda e: errors.append(str(e)))
        pages.append(page)
        nb = Notebook(server, page, f'{request.node.name.split("[")[0]}-{len(pages)}', list(cells), pictures)
        nb.width(width)
        if run:
            nb.run()
            page.wait_for_selector('.clsx [data-drawn]')
        return nb

    yield open_
    for page in pages:
        page.evaluate('window.jupyterapp.shell.currentWidget.sessionContext.shutdown()')
        page.close()
    assert not left, left
    assert not errors, errors
