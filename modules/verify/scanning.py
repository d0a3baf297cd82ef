"""What a balancer offers to any client, found by sslyze: TLS versions and their cipher suites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from traceback import TracebackException

from sslyze.plugins.scan_commands import ScanCommand
from sslyze.scanner.models import ServerScanRequest, ServerScanResult
from sslyze.scanner.scan_command_attempt import ScanCommandAttemptStatusEnum
from sslyze.scanner.scanner import Scanner
from sslyze.server_setting import ServerNetworkConfiguration, ServerNetworkLocation

from modules.verify.handshakes import HTTPS, PATIENCE

_COMMANDS: Mapping[str, ScanCommand] = {
    "SSLv2": ScanCommand.SSL_2_0_CIPHER_SUITES,
    "SSLv3": ScanCommand.SSL_3_0_CIPHER_SUITES,
    "TLSv1": ScanCommand.TLS_1_0_CIPHER_SUITES,
    "TLSv1.1": ScanCommand.TLS_1_1_CIPHER_SUITES,
    "TLSv1.2": ScanCommand.TLS_1_2_CIPHER_SUITES,
    "TLSv1.3": ScanCommand.TLS_1_3_CIPHER_SUITES,
}
"""By version, in Mozilla's words."""


@dataclass(frozen=True, slots=True)
class Offer:
    """All that a server accepts."""

    suites: Mapping[str, frozenset[str]]
    """IANA's names of the cipher suites, by each version that is accepted."""


def scan(names: Mapping[str, str]) -> Mapping[str, Offer | str]:
    """Scan each address, and indicate its name; return what it offers, or why that's unknown.

    A scan is some hundred handshakes, a few at once.
    """
    requests = {
        address: ServerScanRequest(
            server_location=ServerNetworkLocation(name, HTTPS, ip_address=address),
            network_configuration=ServerNetworkConfiguration(
                tls_server_name_indication=name, network_timeout=PATIENCE
            ),
            scan_commands=set(_COMMANDS.values()),
        )
        for address, name in names.items()
    }
    if not requests:
        return {}
    scanner = Scanner()
    scanner.queue_scans(list(requests.values()))
    return {
        result.server_location.ip_address or "": _offer(result) for result in scanner.get_results()
    }


def _offer(result: ServerScanResult) -> Offer | str:
    if result.scan_result is None:
        return _reason(result.connectivity_error_trace)
    suites = {}
    for version, command in _COMMANDS.items():
        attempt = getattr(result.scan_result, command.value)
        if attempt.status is not ScanCommandAttemptStatusEnum.COMPLETED:
            return f"{version}: {_reason(attempt.error_trace)}"
        if accepted := attempt.result.accepted_cipher_suites:
            suites[version] = frozenset(each.cipher_suite.name for each in accepted)
    return Offer(suites)


def _reason(trace: TracebackException | None) -> str:
    return str(trace) if trace else "sslyze doesn't say why"
