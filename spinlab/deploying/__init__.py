"""``deploy``: an app out of the notebook to where it goes on running.

`catalogue` names the destinations, each of which is a `Destination` in a module (or folder) of its own; `release` makes
of an app, a folder or a notebook what is deployed; `deploying` asks whether it runs there before it is sent.
"""
