"""Live widgets: ordinary ipywidgets that a front end draws, each with a static twin for where nobody can.

Their front-end side is plain ES modules in ``spinlab/widgets/static``. Importing this room brings ipywidgets and
anywidget, so it waits for the first widget.
"""
