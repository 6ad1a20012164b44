"""Write README.md from nbs/index.ipynb; with --check, report whether README.md is up to date.

    python tools/readme.py [--check]
"""
import re
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parent.parent


def readme() -> str:
    "The notebook as Markdown: prose, code and stored outputs; links are relative to the repository's root"
    nb = nbformat.read(ROOT/'nbs'/'index.ipynb', 4)
    nb.metadata['language_info'] = {'name': 'python'}          # without it, code blocks have no language
    nb.cells = [c for c in nb.cells if not re.search(r'^#\|\s*hide\b', c.source, re.M)]
    for c in nb.cells:
        if re.search(r'^#\|\s*echo:\s*false\b', c.source, re.M):
            c.source = ''
        if c.cell_type == 'code':
            c.source = re.sub(r'^#\|.*\n?', '', c.source, flags=re.M)
    body, resources = MarkdownExporter().from_notebook_node(nb)
    body = body.replace('```python\n\n```\n', '')               # of cells without source
    if resources.get('outputs'):
        raise SystemExit('nbs/index.ipynb: an output is an image; link a file in nbs/images instead.')
    body = body.replace('](images/', '](nbs/images/')
    body = re.sub(r'\]\((?!http|nbs/|#)([\w/]+\.ipynb)', r'](nbs/\1', body)
    body = body.replace('](../', '](')
    note = '<!-- Written by tools/readme.py from nbs/index.ipynb. Edit that. -->\n\n'
    return note + re.sub(r'\n{3,}', '\n\n', body).strip() + '\n'


def main(words: list[str]) -> int:
    path, text = ROOT/'README.md', readme()
    if '--check' not in words:
        path.write_text(text, encoding='utf-8')
        return 0
    if path.exists() and path.read_text(encoding='utf-8') == text:
        return 0
    print('README.md differs from nbs/index.ipynb. Run python tools/readme.py.', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
