"""Options of destinations, said once for the notebook and the terminal. Plain values: the grammars read them early."""

from __future__ import annotations

from typing import Final

from spinlab.scaffolding import Choice

RUNTIME_CONFIG: Final = Choice(("--runtime-config-file",), "A runtime-config.toml for it.", "FILE")
TLS_CERT: Final = Choice(("--tls-cert",), "Certificate chain in PEM, for https.", "FILE")
TLS_KEY: Final = Choice(("--tls-key",), "Its key in PEM.", "FILE")

LOCAL: Final = (
    Choice(("--listen",), "Where it answers; 127.0.0.1 and the port that it had, or a free one.", "ADDR:PORT"),
    Choice(("--allow-host",), "Answer to this Host too; * for any.", "NAME", many=True),
    Choice(("--sqlite",), "SQL for its databases, run once.", "STMT|@FILE[:LABEL]", many=True),
    Choice(("--with-data",), "The contents of the app's stores too, for its first deployment."),
    Choice(("--take-over",), "Replace the deployment of another notebook that has the name."),
    RUNTIME_CONFIG,
    TLS_CERT,
    TLS_KEY,
)
"""Of ``--to local``."""

SPIN: Final = (Choice(("--plugin",), "The plugin of `spin deploy`; that of SPIN_DEPLOY_PLUGIN when left out.", "NAME"),)
"""Of ``--to spin``."""
