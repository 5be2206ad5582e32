"""Sphinx configuration of the documentation site; `build.py` gathers the sources."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import clvmodels as clv

# Public names are loaded when first used, and `clvmodels.plots` is another name of `clvmodels.reporting.plots`: make
# both visible to autodoc, which looks at what is there.
for public_name in clv.__all__:
    setattr(clv, public_name, getattr(clv, public_name))
sys.modules["clvmodels.plots"] = clv.plots

project = "clvmodels"
author = "clvmodels developers"
copyright = author  # noqa: A001  # Sphinx's name
version = release = clv.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]

# ---- pages and notebooks -----------------------------------------------------------------------------------

nb_execution_mode = "off"  # notebooks are committed with their outputs, and `make notebooks` runs them
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
exclude_patterns = ["**.ipynb_checkpoints"]
suppress_warnings = ["mystnb.unknown_mime_type"]

# ---- reference ---------------------------------------------------------------------------------------------

templates_path = [str(Path(__file__).parent / "templates")]
autosummary_generate = True
autosummary_ignore_module_all = False
# `Profile` and `profile` would be one file where file names have no case.
autosummary_filename_map = {
    f"clvmodels.{name}": f"clvmodels.{name}_class" for name in clv.__all__ if name != name.lower() in clv.__all__
}
autodoc_typehints = "none"  # the docstrings give types, with shapes and units
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = True
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_preprocess_types = False

# ---- the look of it ----------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = f"clvmodels {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True

# ---- docstrings that are read as plain text ----------------------------------------------------------------

LONE_STAR = re.compile(r"(?<![\w*`\\])\*(?=\w+(?![\w*]*\*))")


def escape_lone_stars(*arguments: Any) -> None:
    """Escape the star of `*state` in a docstring, which reStructuredText takes for the beginning of emphasis."""
    lines = arguments[-1]  # app, what, name, object, options, lines
    lines[:] = [LONE_STAR.sub(r"\\*", line) for line in lines]


def setup(app: Sphinx) -> None:
    """Register the hook."""
    app.connect("autodoc-process-docstring", escape_lone_stars)
