"The documentation site: links between notebooks, and the built site in a browser"
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from lab import ARGS, chromium

from clsparts.core.documentation import part_links, shipped_parts

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT/'tools'))
import docs  # noqa: E402  tools/ is put on the path first

NOTEBOOKS = [p for p in sorted((ROOT/'nbs').rglob('*.ipynb')) if '.ipynb_checkpoints' not in p.parts]


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda p: p.relative_to(ROOT/'nbs').as_posix())
def test_links_between_notebooks(path):
    docs.page(path)                                                 # raises for a link that leads nowhere


def test_tutorials_open_in_colab():
    settings = docs.d['settings']
    where = settings['git_url'].replace('https://github.com', 'https://colab.research.google.com/github')
    for path in (ROOT/'nbs'/'tutorials').glob('*.ipynb'):
        cells = json.loads(path.read_text(encoding='utf-8'))['cells']
        badge = f"]({where}/blob/{settings['branch']}/{path.relative_to(ROOT).as_posix()})"
        assert badge in ''.join(cells[1]['source']), path
    assert {p.stem for p in (ROOT/'nbs'/'tutorials').glob('*.ipynb')} == {*docs.TUTORIALS}


def test_missing_pages_and_headings_are_found(tmp_path):
    links = '<a href="b.html#top">b</a><a href="c.html">c</a><a href="#no">d</a>'
    (tmp_path/'a.html').write_text(f'<h1 id=top>A</h1>{links}')
    (tmp_path/'b.html').write_text('<h1 id=other>B</h1><a href="a.html#top">a</a><img src="x.png">')
    assert docs.broken_links(tmp_path) == [
        'a.html: #no (no such heading)', 'a.html: b.html#top (no such heading)', 'a.html: c.html', 'b.html: x.png']
    with pytest.raises(FileNotFoundError, match='nowhere.ipynb leads nowhere'):
        docs.repository_links('[x](nowhere.ipynb)', ROOT/'nbs')


@contextmanager
def served(folder):
    "The address of a folder on this machine"
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(SimpleHTTPRequestHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


@pytest.mark.slow
def test_site(tmp_path, pictures):
    "The command builds it without a broken link; pages, search and the links of the parts work in chromium"
    if not (find_spec('sphinx') and find_spec('myst_nb') and find_spec('furo') and chromium()):
        pytest.skip('needs the extra docs, and chromium')
    from playwright.sync_api import sync_playwright

    site = tmp_path/'site'
    done = subprocess.run([sys.executable, 'tools/docs.py', site], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and '0 broken links' in done.stdout, done.stdout[-2000:] + done.stderr[-4000:]
    for name in shipped_parts():
        url, anchor = urldefrag(part_links(name).notebook)
        html = (site/url.partition('/clsparts/')[2]).read_text(encoding='utf-8')
        assert anchor in docs.Links(html).ids, url

    with sync_playwright() as p, served(site) as address:
        browser = p.chromium.launch(executable_path=chromium(), args=ARGS)
        page = browser.new_page(viewport=dict(width=1400, height=1000))
        errors = []
        page.on('pageerror', lambda e: errors.append(str(e)))
        page.route('https://**', lambda route: route.abort())       # offline; formulas need MathJax from the network
        page.goto(f'{address}/index.html')
        assert 'clsparts' in page.title()
        page.screenshot(path=pictures/'docs-index.png')
        page.get_by_role('link', name='Backbones', exact=True).first.click()
        page.get_by_role('link', name='ResNet', exact=True).first.click()
        assert page.locator('h1').inner_text().startswith('ResNet')
        sizes = page.locator('article img').evaluate_all('all => all.map(o => o.naturalWidth)')
        assert len(sizes) == 3 and min(sizes) > 0
        page.screenshot(path=pictures/'docs-resnet.png', full_page=True)
        page.goto(f'{address}/search.html?q=smoothing')
        page.wait_for_selector('#search-results li a')
        assert any('label_smooth_loss.html' in o.get_attribute('href') for o in page.locator('#search-results a').all())
        page.set_viewport_size(dict(width=420, height=900))
        page.goto(f'{address}/api/composer.html#compose')
        assert 'num_classes' in page.locator('section#compose').inner_text()
        assert page.evaluate('document.documentElement.scrollWidth') <= 420
        page.screenshot(path=pictures/'docs-api.png')
        browser.close()
    assert not errors
