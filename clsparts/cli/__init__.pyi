# Written by tools/stubs.py. Edit the notebooks instead.
from .config_commands import Checks as Checks
from .config_commands import check as check
from .run_commands import check_out as check_out
from .config_commands import config_files as config_files
from .config_commands import diff_configs as diff_configs
from .run_commands import evaluate_run as evaluate_run
from .explore_command import explore_in_lab as explore_in_lab
from .explore_command import explorer_notebook as explorer_notebook
from .run_commands import export_run as export_run
from .commands import list_parts as list_parts
from .commands import main as main
from .run_commands import matching_data as matching_data
from .config_commands import model_of as model_of
from .run_commands import predict_images as predict_images
from .config_commands import read_config as read_config
from .config_commands import show as show
from .commands import train as train
from .config_commands import trust_run as trust_run
__all__ = []
