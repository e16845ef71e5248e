"""What a notebook shows: static cards as HTML and text, without script.

Each module makes `Display` values of plain values; nothing here imports IPython.
"""
