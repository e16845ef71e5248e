"""A cluster with SpinKube as a destination.

`contexts` finds the cluster as kubectl does, `cluster` speaks with its API server (nobody else imports the Kubernetes
client), `refusals` says in words what it answers. `applying` plans and applies, `states` tells why a pod does not
start, `waiting` waits for it, `standing` tells what is there, `doctor` what is missing. `place` is the destination.
"""
