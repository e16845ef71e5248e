"""Figures for the README and the changelog; `make bench` prints the table. Ratios within one run are what counts."""
