"""Print the first Python block of a Markdown page: the start that must run as written."""

import re
import sys
from pathlib import Path

match = re.search(r"```python\n(.*?)```", Path(sys.argv[1]).read_text(encoding="utf-8"), re.DOTALL)
if match is None:
    sys.exit(f"{sys.argv[1]} has no Python block")
sys.stdout.write(match.group(1))
