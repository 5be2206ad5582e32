"""Check that a wheel holds exactly the package and its data, and an sdist what is needed to build and test.

Usage: ``check_package.py FOLDER``, a folder with one wheel and one sdist, from the root of a checkout.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED_IN_SDIST = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "constraints.txt",
    "pyproject.toml",
)


def files_below(folder: Path) -> set[str]:
    """Return the paths of the files below a folder of the checkout, relative to it."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def check_wheel(wheel: Path) -> list[str]:
    """Return the faults of a wheel: files that are missing, and files that should not be in it."""
    package = {f"clvmodels/{name}" for name in files_below(ROOT / "clvmodels")}
    expected = package | {f"clvmodels/data/{name}" for name in files_below(ROOT / "data")}
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    must = {"clvmodels/py.typed", "clvmodels/data/cdnow.csv", "clvmodels/data/donations.csv"}
    return [
        *(f"{wheel.name} lacks {name}" for name in sorted((expected | must) - names)),
        *(f"{wheel.name} contains {name}, which is not in the checkout" for name in sorted(names - expected)),
    ]


def check_sdist(sdist: Path) -> list[str]:
    """Return the files of the package, the data, the tests and the root folder that an sdist lacks."""
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    expected = {f"{folder}/{name}" for folder in ("clvmodels", "data", "tests") for name in files_below(ROOT / folder)}
    return [f"{sdist.name} lacks {name}" for name in sorted(expected.union(NEEDED_IN_SDIST) - names)]


def main() -> int:
    """Check the one wheel and the one sdist of a folder."""
    folder = Path(sys.argv[1])
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    faults = check_wheel(wheel) + check_sdist(sdist)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"{wheel.name} and {sdist.name} contain the package, its data and py.typed, and nothing else")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
