"CITATION.cff and CHANGELOG.md agree with settings.ini"
import re
from configparser import ConfigParser
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent


def settings():
    parser = ConfigParser(delimiters=['='])
    parser.read(ROOT/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']


def test_citation():
    cfg, cff = settings(), YAML(typ='safe').load((ROOT/'CITATION.cff').read_text(encoding='utf-8'))
    assert cff['cff-version'] == '1.2.0' and cff['type'] == 'software' and cff['message']
    assert (cff['title'], cff['version'], cff['keywords']) == (cfg['title'], cfg['version'], cfg['keywords'].split())
    assert cff['authors'] == [dict(name=cfg['author'])]
    assert (cff['repository-code'], cff['url']) == (cfg['git_url'], cfg['doc_host'] + cfg['doc_baseurl'])


def test_changelog():
    "Keep a Changelog: Unreleased first, then numbers with dates, newest first, each with a link"
    text = (ROOT/'CHANGELOG.md').read_text(encoding='utf-8')
    first, *released = re.findall(r'^## (.+)$', text, re.M)
    assert first == '[Unreleased]'
    dates = [re.fullmatch(r'\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)', o) for o in released]
    assert all(dates) and [o[2] for o in dates] == sorted((o[2] for o in dates), reverse=True)
    kinds = re.findall(r'^### (.+)$', text, re.M)
    assert kinds and set(kinds) <= {'Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'}
    for name in ['Unreleased', *(o[1] for o in dates)]:
        assert re.search(rf'^\[{name}\]: https://', text, re.M)
