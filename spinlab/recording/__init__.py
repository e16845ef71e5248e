"""A request with everything that it saw: written down as it crossed the host interface, and run again with that.

`recording` holds the values, `form` their JSON, `kept` the recordings of an app. `taping` is the tape that writes down
(`spinlab.engine.tapes`), `replaying` the one that answers in the world's place; `hiding` blanks what nobody may see,
`numbers` are the random numbers of both. `replay` runs a request again and compares.
"""
