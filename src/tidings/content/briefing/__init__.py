"""A brief in plain words, or as YAML, becomes the typed brief that a person confirms."""
