"""What JupyterLab starts as a kernel: it asks a process that has imported everything to fork one, and ends with it.

    python kernel.py PIPE FOLDER CONNECTION_FILE
"""
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ready import ask  # noqa: E402

kernel = ask(*sys.argv[1:3], ['-m', 'ipykernel_launcher', '-f', sys.argv[3]], dict(os.environ), os.getcwd())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: kernel.send_signal(number))
sys.exit(kernel.wait(3600))
