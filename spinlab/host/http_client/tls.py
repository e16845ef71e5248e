"""What a connection trusts and shows: the platform's roots and Mozilla's, or what ``[[client_tls]]`` says."""

from __future__ import annotations

import ssl
import threading

from spinlab.host.http_client.message import Broken
from spinlab.host.runtime_config import ClientTls
from spinlab.host.services import Services
from spinlab.manifest import hosts


class Tls:
    """The TLS settings of one app.

    Parameters:
        services: Whose runtime configuration holds.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._made: dict[ClientTls | None, ssl.SSLContext] = {}

    def for_host(self, component: str, host: hosts.Host) -> ssl.SSLContext:
        """How a component speaks TLS with a host. Reads files: not for the loop's thread.

        Raises:
            Broken: The settings of the operator can't be used.
        """
        wanted = self.settings(component, host)
        with self._lock:
            if wanted not in self._made:
                try:
                    self._made[wanted] = _context(wanted or ClientTls(ca_use_webpki_roots=True))
                except (OSError, ValueError) as error:
                    raise Broken("configuration-error", f"client_tls: {type(error).__name__}") from None
            return self._made[wanted]

    def known(self, component: str, host: hosts.Host) -> ssl.SSLContext | None:
        """The same when it was made already."""
        return self._made.get(self.settings(component, host))

    def settings(self, component: str, host: hosts.Host) -> ClientTls | None:
        """The first entry that names both."""
        name = hosts.show(host)
        return next(
            (x for x in self._services.runtime.client_tls if component in x.component_ids and name in x.hosts), None
        )


def _context(settings: ClientTls) -> ssl.SSLContext:
    context = _roots(settings)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2", "http/1.1"])
    if settings.ca_use_webpki_roots:
        import certifi

        context.load_verify_locations(certifi.where())
    if settings.ca_roots_file is not None:
        context.load_verify_locations(str(settings.ca_roots_file))
    if settings.client_cert_file is not None:
        key = settings.client_private_key_file
        context.load_cert_chain(str(settings.client_cert_file), None if key is None else str(key), password=lambda: b"")
    return context


def _roots(settings: ClientTls) -> ssl.SSLContext:
    if not settings.ca_use_platform_roots:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
