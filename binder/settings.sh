# What postBuild and start must agree on. Read by both with `source`, so that it stands once.

# Beside the environment and not in the home folder, which a hub may cover with a volume.
export SPINLAB_SHARED_CACHE="${NB_PYTHON_PREFIX:-${CONDA_PREFIX:?there is no environment of Python}}/share/spinlab"
# The machine that builds the image is rarely the one that runs it: code for a level of processors that all have.
export SPINLAB_PROCESSOR="${SPINLAB_PROCESSOR:-x86-64-v3}"
