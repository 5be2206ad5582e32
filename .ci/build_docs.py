"""Build the HTML reference of every public object from its docstring.

Usage: ``build_docs.py FOLDER``. Needs pdoc, and no network; a warning is an error.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path

import clvmodels as clv


def further_pages() -> list[str]:
    """Public modules, and those of the classes that public ones inherit their methods from."""
    public = [getattr(clv, name) for name in clv.__all__]
    modules = {found.__name__ for found in public if inspect.ismodule(found)}
    bases = {base for found in public if inspect.isclass(found) for base in found.__mro__}
    modules |= {base.__module__ for base in bases.difference(public) if base.__module__.startswith("clvmodels.")}
    return sorted(modules)


def main(folder: Path) -> None:
    """Write the pages, and say where."""
    import pdoc

    warnings.simplefilter("error")
    # In a checkout there is a folder of that name, and pdoc says that it takes the installed package: as it should.
    warnings.filterwarnings("ignore", message="'clvmodels' may refer to either", category=RuntimeWarning)
    for name in clv.__all__:  # loaded when first used, and pdoc looks at what is there
        setattr(clv, name, getattr(clv, name))
    pdoc.render.configure(docformat="numpy", footer_text=f"clvmodels {clv.__version__}", show_source=False)
    pdoc.pdoc("clvmodels", r"!clvmodels\..*", *further_pages(), output_directory=folder)
    print(f"Open {folder / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
