"""The verbs: each module registers its verbs with the application when it is imported."""
