"""Requests as tests: a request with what is expected of its answer, kept with the app that answers it.

`kept` holds the values, `grammar` their TOML (a ``%%spintest`` cell and ``tests/requests.toml`` are the same), `places`
who may answer beside the app itself: ``spinlab up`` of its export, any address. `running` asks them, `report` says what
came of it, `junit` says it to a CI, `source` gets the app of a folder or notebook, `command` is ``spinlab test``.
"""
