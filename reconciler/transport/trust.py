"""Which authorities are believed about certificates, and who issued one that is not believed."""

import ssl
from functools import cache
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.core.model.errors import SettingsError
from reconciler.core.text.scrubbing import excerpt
from reconciler.transport.routes import Bundle, Proxy

_WAIT = 5.0
_LONGEST = 100


@cache
def context_of(bundle: Bundle | None) -> ssl.SSLContext:
    """Return what TLS connections are made with: authorities of the bundle, or of the machine.

    A bundle takes the place of the machine's authorities. Where the machine has none, those of
    certifi count.

    Raises:
        SettingsError: the bundle is missing or holds no certificate; names variable and file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if bundle is None:
        paths = ssl.get_default_verify_paths()
        context.load_default_certs()
        if paths.cafile is None and paths.capath is None and not context.get_ca_certs():
            import certifi

            context.load_verify_locations(certifi.where())
        return context
    try:
        if Path(bundle.path).is_dir():
            context.load_verify_locations(capath=bundle.path)
        else:
            context.load_verify_locations(cafile=bundle.path)
    except ssl.SSLError as error:
        raise SettingsError(
            f"{bundle.variable}: {bundle.path} holds no certificates in PEM: name the file with "
            "the certificates of your authorities, or unset the variable"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise SettingsError(
            f"{bundle.variable}: {bundle.path} cannot be read ({reason}): name the file with the "
            "certificates of your authorities, or unset the variable"
        ) from error
    return context


def issuer_of(url: str, proxy: Proxy | None) -> str:
    """Return the name of who issued the certificate that a host shows, "" if it cannot be had.

    For a message only: the certificate is looked at, and nothing is sent.
    """
    shown = _shown(url, proxy)
    if shown is None:
        return ""
    # Loaded for this message only: it is large.
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        issuer = x509.load_der_x509_certificate(shown).issuer
    except ValueError:
        return ""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in issuer.get_attributes_for_oid(oid):
            return excerpt(str(attribute.value), _LONGEST, str)
    return excerpt(issuer.rfc4514_string(), _LONGEST, str)


def _shown(url: str, proxy: Proxy | None) -> bytes | None:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if proxy is not None and not proxy.url.startswith("http://"):
        return None  # TLS within TLS: the standard library does not speak it
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    via = urlsplit(proxy.url) if proxy else parts
    line = HTTPSConnection(via.hostname or "", via.port or port, timeout=_WAIT, context=context)
    if proxy is not None:
        login = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
        line.set_tunnel(host, port, login)
    try:
        line.connect()
        return line.sock.getpeercert(binary_form=True)
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        line.close()
