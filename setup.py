"The package's metadata, read from settings.ini and README.md."
import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
parser = ConfigParser(delimiters=['='])
parser.read(here / 'settings.ini', encoding='utf-8')
cfg = parser['DEFAULT']
extras = {key.removeprefix('extra_'): value.split() for key, value in cfg.items() if key.startswith('extra_')}
extras['all'] = sorted({requirement for extra in extras.values() for requirement in extra})
extras['docs'] = cfg['docs_requirements'].split()
extras['test'] = cfg['test_requirements'].split()
extras['dev'] = extras['all'] + extras['test'] + cfg['dev_requirements'].split()


def long_description() -> str:
    "README.md with absolute links and images, which PyPI needs"
    def absolute(link):
        image, text, path = link.groups()
        return f"{image}[{text}]({cfg['git_url']}/{'raw' if image else 'blob'}/{cfg['branch']}/{path})"

    text = (here / 'README.md').read_text(encoding='utf-8')
    return re.sub(r'(!?)\[([^][]*)\]\((?!https?:|#)([^)\s]+)\)', absolute, text)


setup(
    name=cfg['lib_name'],
    version=cfg['version'],
    description=cfg['description'],
    long_description=long_description(),
    long_description_content_type='text/markdown',
    author=cfg['author'],
    author_email=cfg['author_email'],
    url=cfg['git_url'],
    license_expression='Apache-2.0',
    keywords=cfg['keywords'].split(),
    python_requires='>=' + cfg['min_python'],
    packages=find_packages(include=[cfg['lib_name'], cfg['lib_name'] + '.*']),
    package_data={cfg['lib_name']: ['assets/*', 'py.typed'], '': ['*.pyi']},
    install_requires=cfg['requirements'].split(),
    extras_require=extras,
    entry_points={'console_scripts': cfg['console_scripts'].split(),
                  'nbdev': [f"{cfg['lib_name']}={cfg['lib_name']}._modidx:d"]},
    zip_safe=False,
    classifiers=['Development Status :: 3 - Alpha',
                 'Framework :: Jupyter',
                 'Intended Audience :: Education',
                 'Intended Audience :: Science/Research',
                 'Operating System :: OS Independent',
                 *(f'Programming Language :: Python :: {version}' for version in ('3', '3.11', '3.12', '3.13')),
                 'Topic :: Scientific/Engineering :: Image Recognition'],
)
