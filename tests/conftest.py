"Options, markers and the summary of all tests."
import gc
import os
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    parser.addoption(
        '--flags', default='', help="which marked tests run too, space separated, as in nbdev_test: --flags slow"
    )


def pytest_configure(config):
    config.addinivalue_line('markers', 'slow: takes minutes or gigabytes; runs under --flags slow')
    workers = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 1))
    if 'OMP_NUM_THREADS' not in os.environ:
        torch.set_num_threads(max(min((os.cpu_count() or 1) // workers, 4), 1))


def pytest_collection_finish():
    gc.freeze()                             # the garbage collector passes over modules and tests


def pytest_collection_modifyitems(config, items):
    if 'slow' in config.getoption('--flags').split():
        return
    skip = pytest.mark.skip(reason='slow; runs under --flags slow')
    for item in items:
        if 'slow' in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _fixed_seed():
    torch.manual_seed(0)


def pytest_terminal_summary(terminalreporter):
    "One line on the recorded scores and one on the hostile inputs; the reports of all workers are here"
    _scores(terminalreporter)
    _hostile(terminalreporter)


def _scores(terminalreporter):
    "The recorded scores: see test_golden.py"
    def reports(outcome):
        return [r for r in terminalreporter.stats.get(outcome, []) if 'test_golden.py::test_record[' in r.nodeid]
    checked = [dict(r.user_properties)['difference'] for r in reports('passed')]
    scores = [d for d in checked if d is not None]
    failed, skipped = len(reports('failed')), len(reports('skipped'))
    if not (checked or failed or skipped):
        return
    worst = f' (worst relative difference {max(scores):.1e})' if scores else ''
    terminalreporter.write_line(
        f'recorded scores: {len(scores)} records agree{worst}, {len(checked) - len(scores)} without scores agree '
        f'in names, shapes and parameters, {failed} differ, {skipped} skipped'
    )


def _hostile(terminalreporter):
    "The rows of the tables: see hostile/table.py"
    def kinds(outcome):
        return {
            r.nodeid: k
            for r in terminalreporter.stats.get(outcome, [])
            if (k := dict(getattr(r, 'user_properties', ())).get('hostile'))
        }

    failed = {**kinds('failed'), **kinds('error')}                      # what is watched fails when the row has ended
    passed = [k for name, k in kinds('passed').items() if name not in failed]
    if passed or failed:
        terminalreporter.write_line(
            f'hostile inputs: {len(passed) + len(failed)}; {passed.count("works")} work, '
            f'{passed.count("refused")} are refused with a clear error, {len(failed)} end otherwise'
        )
