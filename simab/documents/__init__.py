"""YAML and JSON texts: parsed, walked once, and read as values that each know their place."""
