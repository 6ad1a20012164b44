# Written by tools/stubs.py. Edit the notebooks instead.
from .python_reader import Budget as Budget
from .config import Config as Config
from .config import ConfigDict as ConfigDict
from .python_reader import Imported as Imported
from .python_reader import base_files as base_files
from .config import check_spelt_out as check_spelt_out
from .config import diff as diff
from .python_reader import execute_python as execute_python
from .python_reader import is_bound as is_bound
from .python_reader import is_new_style as is_new_style
from .config import json_text as json_text
from .config import merge as merge
from .config import override as override
from .config import parse_override as parse_override
from .config import plain as plain
from .config import python_text as python_text
from .python_reader import read_python as read_python
from .python_reader import substitute as substitute
from .config import taken_by as taken_by
from .config import yaml_text as yaml_text
__all__ = []
