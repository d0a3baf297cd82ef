"""Tests; a package, so that no installed `tests` takes its place."""
