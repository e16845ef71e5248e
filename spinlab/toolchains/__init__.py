"""How a tool that is not ours is found, got, run and understood; what every language and image builds on.

- `process`: run a program so that an interrupt ends it and all that it started.
- `environments`, `npm`: tools from PyPI and npm, pinned, each in a folder of its own in the cache.
- `component`: make a component of a core module, look at one, check one.
- `find`: whether a tool is here, and the one command that adds it.
- `diagnostics`: what a compiler says, as an error that points into the cell.
- `wrong_language`: whether a source is written in another language than it was given as.
- `cache`: where all of it is kept.
"""
