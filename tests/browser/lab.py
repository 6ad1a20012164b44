"""JupyterLab in a real browser: a server in a temporary folder, and notebooks that are opened, run and looked at."""
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import ready

SETTINGS = {
    '@jupyterlab/notebook-extension/tracker.jupyterlab-settings': {'windowingMode': 'none'},
    '@jupyterlab/apputils-extension/notification.jupyterlab-settings': {'fetchNews': 'false', 'checkForUpdates': False}}
IMPORTS = (
    'ipykernel.kernelapp',
    'ipykernel.zmqshell',
    'matplotlib_inline.backend_inline',
    'clsparts.explorer.explorer',
    *ready.IMPORTS,
)
STATUS = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status"
ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic']


def chromium() -> str | None:
    "Where the browser is; None if there is none"
    return os.environ.get('CLSPARTS_CHROMIUM') or shutil.which('chromium') or shutil.which('chromium-browser')


def free_port() -> int:
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Server:
    "JupyterLab over a folder; its settings and kernels are its own"

    def __init__(self, folder: Path):
        self.root, self.port = folder/'notebooks', free_port()
        self.root.mkdir()
        names = ('JUPYTER_CONFIG_DIR', 'JUPYTER_DATA_DIR', 'JUPYTER_RUNTIME_DIR', 'JUPYTERLAB_SETTINGS_DIR',
                 'JUPYTERLAB_WORKSPACES_DIR', 'IPYTHONDIR')
        dirs = {name: str(folder/name.lower()) for name in names}
        for name, value in SETTINGS.items():
            path = Path(dirs['JUPYTERLAB_SETTINGS_DIR'])/name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))
        self.kernels = ready.Server(IMPORTS, MPLBACKEND='module://matplotlib_inline.backend_inline')
        path = folder/'jupyter'/'kernels'/'python3'/'kernel.json'
        path.parent.mkdir(parents=True)
        script = str(Path(__file__).parent/'kernel.py')
        argv = [sys.executable, script, self.kernels.jobs, self.kernels.folder.name, '{connection_file}']
        path.write_text(json.dumps(dict(argv=argv, display_name='Python 3', language='python')))
        command = [sys.executable, '-m', 'jupyterlab', '--no-browser', '--ip=127.0.0.1', f'--port={self.port}',
                   '--ServerApp.port_retries=0', '--allow-root', '--IdentityProvider.token=',
                   f'--ServerApp.root_dir={self.root}', '--expose-app-in-browser',
                   '--LabApp.extension_manager=readonly']
        env = {**os.environ, **dirs, 'OMP_NUM_THREADS': '1', 'JUPYTER_PATH': str(folder/'jupyter')}
        with open(folder/'server.log', 'w') as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        self._wait(folder)

    def _wait(self, folder):
        for _ in range(240):
            try:
                urllib.request.urlopen(f'http://127.0.0.1:{self.port}/api/status', timeout=2).read()
                return
            except OSError:
                time.sleep(.25)
        raise RuntimeError(f'JupyterLab did not start: {(folder/"server.log").read_text()[-2000:]}')

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.kernels.stop()


class Notebook:
    "A notebook in a page of the browser"

    def __init__(self, server: Server, page, name: str, cells: list[str], pictures: Path):
        self.server, self.page, self.pictures, self.name = server, page, pictures, name
        nb = dict(
            cells=[
                dict(id=f'c{i}', cell_type='code', metadata={}, source=s, outputs=[], execution_count=None)
                for i, s in enumerate(cells)
            ],
            metadata=dict(kernelspec=dict(name='python3', display_name='Python 3', language='python')),
            nbformat=4,
            nbformat_minor=5,
        )
        (server.root/f'{name}.ipynb').write_text(json.dumps(nb))
        page.goto(f'http://127.0.0.1:{server.port}/lab/tree/{name}.ipynb?reset')
        page.wait_for_function(f"{STATUS} === 'idle'", timeout=90_000)

    def command(self, name: str, **args):
        "Run a command of JupyterLab"
        return self.page.evaluate('([name, args]) => window.jupyterapp.commands.execute(name, args)', [name, args])

    def run(self, timeout: float = 90):
        "Run all cells, and wait until the kernel has nothing to do"
        self.command('notebook:run-all-cells')
        self.idle(timeout)

    def idle(self, timeout: float = 90):
        self.page.wait_for_function(f"{STATUS} === 'idle'", timeout=1000 * timeout)

    def restart(self):
        "A new kernel under the same notebook, and all cells run"
        self.page.evaluate('window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()')
        self.page.wait_for_timeout(1500)
        self.idle()
        self.run()

    def cell(self, i: int, source: str | None = None) -> str:
        "Run cell `i`, perhaps with another source, and return the text of its output"
        self.page.evaluate("""([i, source]) => {
            const nb = window.jupyterapp.shell.currentWidget.content
            nb.activeCellIndex = i
            if (source !== null) nb.activeCell.model.sharedModel.setSource(source)
        }""", [i, source])
        self.command('notebook:run-cell')
        self.page.wait_for_timeout(150)
        self.idle()
        self.page.wait_for_timeout(150)
        return self.output(i)

    def output(self, i: int) -> str:
        "The text that cell `i` has put out"
        return self.page.evaluate(
            """i => JSON.stringify(
                window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.getOutputs()
                .map(o => o.text ?? o.data?.['text/plain'] ?? [o.ename, o.evalue]))""",
            i,
        )

    def theme(self, name: str):
        "'light' or 'dark'"
        self.command('apputils:change-theme', theme=f'JupyterLab {name.capitalize()}')
        self.page.wait_for_timeout(800)

    def width(self, pixels: int):
        "So many pixels for the notebook's outputs, with the side bar closed"
        self.page.set_viewport_size(dict(width=pixels, height=1000))
        self.page.evaluate('window.jupyterapp.shell.collapseLeft()')
        self.page.wait_for_timeout(500)

    def picture(self, name: str, selector: str = '.clsx'):
        "A screenshot, kept"
        self.page.locator(selector).first.screenshot(path=str(self.pictures/f'{name}.png'))
