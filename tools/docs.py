"""Build the documentation site: `python tools/docs.py [_docs]`, then open `_docs/index.html`

Pages are the notebooks with their stored outputs; nothing is executed. One more page per package lists its public
functions and classes. Needs the extra `docs`: Sphinx with the MyST-NB parser. Fails on a broken internal link.
"""
import importlib
import inspect
import json
import os
import re
import shutil
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

from fastcore.docments import docments

from clsparts._modidx import d
from clsparts.core.documentation import heading_anchor
from clsparts.core.lazy import public_names

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT/'_proc'/'docs'
BAR = '\\|'                                                           # within a cell of a table
REPOSITORY = f"{d['settings']['git_url']}/blob/{d['settings']['branch']}"
TUTORIALS = ('from_a_folder', 'explore_and_train', 'ten_mistakes', 'add_your_own_part')
# the packages from the top of the house to the ground; `main`, `package` and `all` are the top level
ROOMS = ('cli', 'explorer', 'training', 'evaluation', 'runtime', 'checkpoints', 'composer', 'analysis', 'backbones',
         'necks', 'heads', 'losses', 'layers', 'base', 'data', 'config', 'files', 'core')
CONFIG = dict(
    project='clsparts', root_doc='index', html_theme='furo', html_title='clsparts', extensions=['myst_nb'],
    html_copy_source=False, html_show_sourcelink=False, templates_path=[], pygments_style='friendly',
    nb_execution_mode='off', nb_render_text_lexer='none', nb_number_source_lines=False,
    myst_enable_extensions=['dollarmath'], myst_heading_anchors=4,
    myst_heading_slug_func='clsparts.core.documentation.heading_anchor',
    suppress_warnings=['mystnb.unknown_mime_type', 'misc.highlighting_failure'],
    html_theme_options=dict(source_repository=d['settings']['git_url'], source_branch=d['settings']['branch'],
                            source_directory='nbs/', top_of_page_buttons=[]))


def repository_links(text: str, folder: Path) -> str:
    "Relative links to what is not a page of the site become links to the repository; a target must exist"
    def absolute(link):
        target, _, anchor = link[2].partition('#')
        if re.match(r'[a-z]+:', target):
            return link[0]
        if not target:
            return link[0].replace(link[2], f'#{heading_anchor(anchor)}')
        path = (folder/target.replace('.html', '.ipynb')).resolve()
        if not path.exists():
            raise FileNotFoundError(f'{folder.relative_to(ROOT)}: the link to {target} leads nowhere.')
        if path.is_relative_to(ROOT/'nbs') and path.suffix != '.svg' or link[1] == '!':
            return link[0].replace('.html', '.ipynb')
        return link[0].replace(link[2], f'{REPOSITORY}/{path.relative_to(ROOT).as_posix()}{"#" * bool(anchor)}{anchor}')
    return re.sub(r'(!?)\[[^][]*\]\(([^)\s]+)\)', absolute, text)


def page(path: Path) -> dict:
    "A notebook without nbdev's directives; imports and code that only draws are folded"
    nb = json.loads(path.read_text(encoding='utf-8'))
    cells = []
    for cell in nb['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown':
            cell['source'] = repository_links(source, path.parent)
        elif cell['cell_type'] == 'code':
            directives = re.findall(r'^#\|\s*(\w[\w-]*)', source, re.M)
            source = re.sub(r'^#\|.*\n?', '', source, flags=re.M).strip('\n')
            if 'default_exp' in directives or 'hide' in directives or not source or 'MODELS.notebook(' in source:
                continue
            only_imports = all(re.match(r'(import|from)\s|[\s)]|$', line) for line in source.splitlines())
            if 'code-fold' in directives or only_imports:
                cell.setdefault('metadata', {})['tags'] = ['hide-input']
            cell['source'] = source
        cells.append(cell)
    return nb | dict(cells=cells)


def toctree(caption: str, pages: list[str], depth: int = 1) -> str:
    return '\n'.join(['```{toctree}', f':caption: {caption}', f':maxdepth: {depth}', ':hidden:', '', *pages, '```', ''])


def without_links(text: str) -> str:
    "Relative links of a notebook make no sense on another page"
    return re.sub(r'\[([^][]*)\]\((?!http)[^)]*\)', r'\1', text)


def described(part) -> str:
    "The docstring, and a table of the arguments, in Markdown"
    doc = without_links((inspect.getdoc(part) or '').partition('\n\n')[0])
    try:
        names, facts = inspect.signature(part).parameters, docments(part, full=True)
    except (ValueError, TypeError, SyntaxError):
        return f'{doc}\n'
    rows = []
    for name in [*names, 'return']:
        text = ' '.join(str(facts.get(name, {}).get('docment') or '').split())
        if text:
            default = facts[name].get('default', inspect.Parameter.empty)
            cells = ['returns' if name == 'return' else f'`{name}`',
                     '' if default is inspect.Parameter.empty else f'`{default}`', without_links(text)]
            rows.append(f"| {' | '.join(' '.join(o.replace('|', BAR).split()) for o in cells)} |")
    table = ['| argument | default | |', '|---|---|---|', *rows, ''] if rows else []
    return '\n'.join([doc, '', *table])


def api_page(room: str) -> str:
    "The public functions and classes of a package, by module"
    text = [f'# clsparts.{room}', '']
    names = public_names(f'clsparts.{room}')
    for module in sorted(set(names.values())):
        parts = {n: getattr(importlib.import_module(module), n) for n, m in names.items() if m == module}
        parts = {n: part for n, part in sorted(parts.items()) if callable(part)}
        notebook = module.removeprefix('clsparts.').replace('.', '/') + '.ipynb'
        if parts:
            text += [f'## {module.rpartition(".")[2]}', '', f'[Notebook](../{notebook})', '']
        for name, part in parts.items():
            text += [f'### {name}', '', described(part)]
    return '\n'.join(text)


def write_sources() -> None:
    shutil.rmtree(SOURCES, ignore_errors=True)
    for path in (ROOT/'nbs').rglob('*.ipynb'):
        if '.ipynb_checkpoints' in path.parts:
            continue
        name = path.relative_to(ROOT/'nbs')
        nb = page(path)
        tree = ''
        if name.name == 'index.ipynb' and len(name.parts) == 2:
            modules = sorted(p.stem for p in path.parent.glob('*.ipynb') if p.stem != 'index')
            tree = toctree('Modules', modules)
        elif name.as_posix() == 'index.ipynb':
            tree = (toctree('Tutorials', [f'tutorials/{o}' for o in TUTORIALS])
                    + toctree('Packages', [*(f'{o}/index' for o in ROOMS), 'package', 'main', 'all'])
                    + toctree('Reference', [*(f'api/{o}' for o in ROOMS), 'changelog']))
        if tree:
            nb['cells'].append(dict(cell_type='markdown', id='toctree', metadata={}, source=tree))
        (SOURCES/name).parent.mkdir(parents=True, exist_ok=True)
        (SOURCES/name).write_text(json.dumps(nb), encoding='utf-8')
    shutil.copytree(ROOT/'nbs'/'images', SOURCES/'images')
    (SOURCES/'api').mkdir()
    for room in ROOMS:
        (SOURCES/'api'/f'{room}.md').write_text(api_page(room), encoding='utf-8')
    changes = (ROOT/'CHANGELOG.md').read_text(encoding='utf-8')
    (SOURCES/'changelog.md').write_text(repository_links(changes, ROOT), encoding='utf-8')


class Links(HTMLParser):
    "The ids of a page and what it links to"
    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs[k] for k in ('id', 'name') if attrs.get(k)}
        self.links |= {attrs[k] for k in ('href', 'src') if attrs.get(k)}


def broken_links(folder: Path) -> list[str]:
    "Internal links of a built site that lead to no file or to no heading"
    pages = {p.resolve(): Links(p.read_text(encoding='utf-8')) for p in folder.rglob('*.html')}
    found = []
    for path, page in pages.items():
        for link in sorted(page.links):
            if urlparse(link).scheme or link.startswith('//'):
                continue
            target, anchor = map(unquote, urldefrag(link))
            target = (path.parent/target.partition('?')[0]).resolve() if target else path
            if not target.exists():
                found.append(f'{path.relative_to(folder.resolve())}: {link}')
            elif anchor and target in pages and anchor not in pages[target].ids:
                found.append(f'{path.relative_to(folder.resolve())}: {link} (no such heading)')
    return sorted(found)


def main(folder: str = '_docs') -> None:
    from sphinx.application import Sphinx  # an extra; links between notebooks are checked without it

    os.environ['MPLBACKEND'] = 'agg'
    warnings.filterwarnings('ignore', module='fastcore')             # sections of torch's docstrings
    out = Path(folder).resolve()
    write_sources()
    site = Sphinx(SOURCES, None, out, SOURCES.parent/'doctrees', 'html', confoverrides=CONFIG, status=None,
                  freshenv=True, warningiserror=False, parallel=2)
    site.build(force_all=True)
    (out/'.nojekyll').touch()
    broken = broken_links(out)
    print(*broken, sep='\n')
    print(f'{len(list(out.rglob("*.html")))} pages, {len(broken)} broken links: {folder}/index.html')
    raise SystemExit(bool(broken) or site.statuscode)


if __name__ == '__main__':
    main(*sys.argv[1:])
