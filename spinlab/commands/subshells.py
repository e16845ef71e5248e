"""Which of a kernel's subshells takes a front end's message: the one that it was sent to.

ipykernel 7.4 sends a comm's messages to the subshell whose request its last message answered. What our threads send
answers none, so the next command would land on the main shell and wait there for the cell that runs.
"""

from __future__ import annotations

from typing import Any


def stay_on_subshell(comm: Any) -> None:
    """Let messages to a comm go where their headers say (ipykernel: ``BaseComm._reply_subshell_for``).

    Parameters:
        comm: A comm of the kernel; one without such a rule is left as it is.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _content, asked: asked
