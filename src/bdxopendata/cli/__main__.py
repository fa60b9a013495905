"""``python -m bdxopendata.cli`` is ``bdx``."""

from __future__ import annotations

import sys

from bdxopendata.cli import main

if __name__ == "__main__":
    sys.exit(main())
