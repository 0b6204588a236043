"""The web pages: does the address answer."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
from typing import Final

from appliance.doctor.finding import Finding, fault, warning, well

_SECONDS: Final = 5.0
_BROKEN: Final = 500


def check_page(name: str, host: str, port: int, *, loopback: bool) -> Finding:
    """Ask the page on `host`:`port` for its front; HTTPS beyond loopback (its certificate is looked at elsewhere)."""
    asked = _reachable(host)
    shown = f"{'http' if loopback else 'https'}://{f'[{asked}]' if ':' in asked else asked}:{port}/"
    connection: http.client.HTTPConnection
    if loopback:
        connection = http.client.HTTPConnection(asked, port, timeout=_SECONDS)
    else:
        unchecked = ssl.create_default_context()
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(asked, port, timeout=_SECONDS, context=unchecked)
    try:
        connection.request("GET", "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        do = "systemctl status appliance-web; journalctl -u appliance-web"
        return fault("pages", f"{name}: nothing answers on {shown} ({error or type(error).__name__})", do)
    finally:
        connection.close()
    if status >= _BROKEN:
        return warning("pages", f"{name}: {shown} answers {status}", "journalctl -u appliance-web")
    return well("pages", f"{name}: {shown} answers")


def _reachable(host: str) -> str:
    """An address at which this machine itself reaches what listens on `host`."""
    if host == "localhost" or not ipaddress.ip_address(host).is_unspecified:
        return host
    return "::1" if ":" in host else "127.0.0.1"
