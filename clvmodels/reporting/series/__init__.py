"""Reports over time: what changed since an earlier one, an index page over a folder, and a summary as PDF."""
