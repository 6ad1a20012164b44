"""Check that notebooks and exported modules belong together; exit with 1 if one stands alone.

    python tools/modules.py
"""
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    sources = defaultdict(list)
    for path in sorted((ROOT/'nbs').rglob('*.ipynb')):
        if '.ipynb_checkpoints' in path.parts:
            continue
        code = ''.join(
            ''.join(c['source']) + '\n'
            for c in json.loads(path.read_text(encoding='utf-8'))['cells']
            if c['cell_type'] == 'code'
        )
        for name in re.findall(r'^#\|\s*default_exp\s+(\S+)', code, re.M):
            sources[name].append(path.relative_to(ROOT).as_posix())
    found = [f'{name} has several sources: {", ".join(paths)}' for name, paths in sources.items() if len(paths) > 1]
    for path in sorted((ROOT/'clsparts').rglob('*.py')):
        name = '.'.join(path.relative_to(ROOT/'clsparts').with_suffix('').parts)
        if name != '_modidx' and name not in sources:
            found.append(f'clsparts/{path.relative_to(ROOT/"clsparts")} has no notebook')
    found += [f'{paths[0]} exports to {name}, and there is no such module' for name, paths in sources.items()
              if not (ROOT/'clsparts'/(name.replace('.', '/') + '.py')).exists()]
    print(*found or [f'{len(sources)} modules, each with its notebook'], sep='\n')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
