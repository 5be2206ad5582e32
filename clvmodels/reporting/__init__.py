"""Tables -> pictures and pages. A plot takes a table, a report takes tables and plots; neither takes a model."""
