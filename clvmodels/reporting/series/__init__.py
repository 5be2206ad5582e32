"""Reports over time: changes since an earlier report, an index page over a folder, and a summary as PDF."""
