"""What will exist: frozen records, the whole contract between the plan and its readers.

`modules.stack` tells Terraform about these records, `portico show` prints them, the sandbox seeds
and verifies them. A record holds final words only: AWS names, ports, Terraform addresses, zone
names; no reader decides anything again.
"""

from modules.plan.records.balancers import Balancer, Front, HealthCheck, SharedBalancer
from modules.plan.records.certificates import (
    Certificate,
    ExistingCertificate,
    RequestedCertificate,
    UploadedCertificate,
)
from modules.plan.records.dns import AliasRecord, ValidationRecord, Zone
from modules.plan.records.kinds import HEALTH_PATH, NETWORK_IDLE_TIMEOUT, BalancerKind, TlsLevel
from modules.plan.records.plan import LogBucket, Plan
from modules.plan.records.servers import (
    ExistingInstance,
    ExistingNetwork,
    Network,
    NewInstance,
    NewNetwork,
    Rollout,
    Server,
    Ssh,
)
from modules.plan.records.sites import Alarms, BackendTls, Site
from modules.plan.records.state import CloudState, LocalState, S3State, State

__all__ = [
    "HEALTH_PATH",
    "NETWORK_IDLE_TIMEOUT",
    "Alarms",
    "AliasRecord",
    "BackendTls",
    "Balancer",
    "BalancerKind",
    "Certificate",
    "CloudState",
    "ExistingCertificate",
    "ExistingInstance",
    "ExistingNetwork",
    "Front",
    "HealthCheck",
    "LocalState",
    "LogBucket",
    "Network",
    "NewInstance",
    "NewNetwork",
    "Plan",
    "RequestedCertificate",
    "Rollout",
    "S3State",
    "Server",
    "SharedBalancer",
    "Site",
    "Ssh",
    "State",
    "TlsLevel",
    "UploadedCertificate",
    "ValidationRecord",
    "Zone",
]
