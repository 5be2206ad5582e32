"""Coming from other packages: their interfaces on this engine, and their fitted models as ours."""
