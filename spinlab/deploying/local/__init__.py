"""``--to local``: a ``spinlab up`` of the export that outlives the kernel.

``destination`` is what deploys and asks, ``keeper`` the process that holds the port and starts ``spinlab up`` behind
it, ``record`` the files between the two, ``versions`` the copies of what is deployed, ``processes`` tells a process
from a later one with the same id, ``surroundings`` the environment that a deployment gets.
"""
