"""Check what is about to be published: ``python .ci/dist.py dist``.

The wheel is small and whole, it asks for lower bounds only, and the source distribution is enough to test and to build
everything anew.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "bdxopendata"
LARGEST_WHEEL = 2 * 1024**2
# Built, fetched or private: not part of a source distribution.
LEFT_OUT = {"build", "dist", "site", "demo-output", "node_modules", "__pycache__"}


def files(folder: Path) -> set[str]:
    """Paths below a folder that belong to the project."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "node_modules" not in path.parts
    }


def check_wheel(path: Path) -> None:
    """Look at the wheel."""
    size = path.stat().st_size
    assert size < LARGEST_WHEEL, f"{path.name} has {size:,} bytes, more than {LARGEST_WHEEL:,}"
    with zipfile.ZipFile(path) as wheel:
        inside = {name.removeprefix("bdxopendata/") for name in wheel.namelist() if name.startswith("bdxopendata/")}
        (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        said = message_from_bytes(wheel.read(metadata))
    missing, foreign = files(PACKAGE) - inside, inside - files(PACKAGE)
    assert not missing, f"the wheel lacks {sorted(missing)}"
    assert not foreign, f"the wheel has {sorted(foreign)}, which the source has not"
    for wanted in said.get_all("Requires-Dist") or []:
        requirement = wanted.partition(";")[0]
        assert not any(sign in requirement for sign in ("<", "==", "~=")), f"'{requirement}' is more than a lower bound"
    print(f"{path.name}: {size:,} bytes, {len(inside)} files")


def check_source(path: Path) -> None:
    """Look at the source distribution."""
    with tarfile.open(path) as source:
        inside = {name.partition("/")[2].partition("/")[0] for name in source.getnames()}
    wanted = {one.name for one in ROOT.iterdir() if one.name not in LEFT_OUT and not one.name.startswith(".")} | {".ci"}
    assert wanted <= inside, f"the source distribution lacks {sorted(wanted - inside)}"
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (one_wheel,), (one_source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    check_wheel(one_wheel)
    check_source(one_source)
