"""The verbs: every module here registers its own with the application when it is imported."""
