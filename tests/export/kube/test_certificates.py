"""A host's certificate is looked at before it goes into a Secret."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme

from spinlab.errors import ExportError
from spinlab.export.kube.asked import Known, options
from spinlab.export.kube.scaffold import scaffold

HOST = "app.example.com"
NOW = datetime.now(timezone.utc)


def files(folder: Path, name: str = HOST, **validity: datetime) -> tuple[Path, Path]:
    issued = trustme.CA().issue_cert(name, **validity)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return chain, key


def made(chain: Path, key: Path, **more: Any) -> dict[str, Any]:
    given = {"from": "r.example.com/app:1", "host": [HOST], "tls_cert": str(chain), "tls_key": str(key), **more}
    return {one["kind"]: one for one in scaffold(options(given, Known())).resources}


@pytest.mark.parametrize("name", [HOST, "*.example.com"])
def test_a_good_one_becomes_the_secret_that_the_ingress_names(tmp_path: Path, name: str) -> None:
    chain, key = files(tmp_path, name)
    found = made(chain, key)
    assert found["Secret"]["type"] == "kubernetes.io/tls"
    assert found["Ingress"]["spec"]["tls"][0]["secretName"] == found["Secret"]["metadata"]["name"] == "app-tls"
    assert base64.b64decode(found["Secret"]["data"]["tls.key"]) == key.read_bytes()


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    chain, _ = files(tmp_path)
    _, key = files(tmp_path / "other")
    with pytest.raises(ExportError, match="is not the key of"):
        made(chain, key)


def test_an_expired_one_and_one_of_the_future_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="has expired"):
        made(*files(tmp_path, not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)))
    with pytest.raises(ExportError, match="not valid yet"):
        made(*files(tmp_path, not_before=NOW + timedelta(days=5), not_after=NOW + timedelta(days=9)))


def test_one_for_another_host_says_for_which(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"is not for app\.example\.com") as caught:
        made(*files(tmp_path, "other.example.com"))
    assert "other.example.com" in caught.value.hint


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    chain, key = files(tmp_path)
    with pytest.raises(ExportError, match="can't be read as a certificate and its key"):
        made(key, chain)
    with pytest.raises(ExportError, match="can't be read: No such file"):
        made(chain, tmp_path / "none.pem")
    with pytest.raises(ExportError, match="exclude each other"):
        made(chain, key, no_tls=True)
