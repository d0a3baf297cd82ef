"""CloudWatch alarms of a site: its certificate's days, servers left out, answers that failed.

https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from modules.plan.names import address
from modules.plan.records import BalancerKind
from modules.stack.addressing import at
from modules.stack.bindings import CloudwatchMetricAlarm, Construct
from modules.stack.load_balancer import FrontDoor


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch's, and how an alarm reads it."""

    word: str
    """What the alarm's address and name end with."""
    meaning: str
    namespace: str
    name: str
    dimensions: tuple[str, ...]
    statistic: str
    period: int
    """Seconds."""
    periods: int = 1
    """How many one after another must be over the threshold."""
    comparison: str = "GreaterThanOrEqualToThreshold"
    missing: str = "notBreaching"
    """Balancers count only while there are requests, and errors only while there are errors."""


_CERTIFICATE = Metric(
    "certificate_days",
    "Days that the certificate has left",
    "AWS/CertificateManager",
    "DaysToExpiry",
    ("CertificateArn",),
    "Minimum",
    period=86400,
    comparison="LessThanOrEqualToThreshold",
    # ACM counts twice a day: a new certificate has no number yet. One that has ended has none any
    # more, and its alarm must stay.
    missing="ignore",
)

_APPLICATION, _CLASSIC, _NETWORK = "AWS/ApplicationELB", "AWS/ELB", "AWS/NetworkELB"
_BALANCER = ("LoadBalancer",)
_TARGET_GROUP = ("LoadBalancer", "TargetGroup")
_CLASSIC_BALANCER = ("LoadBalancerName",)

_unhealthy = partial(
    Metric, "unhealthy_hosts", "Servers that fail the health check",
    name="UnHealthyHostCount", statistic="Maximum", period=60, periods=2,
)  # fmt: skip
_errors = partial(Metric, statistic="Sum", period=300)
_of_apache = partial(_errors, "server_errors", "Answers 5xx of Apache")
_of_balancer = partial(_errors, "balancer_errors", "Answers 5xx of the balancer itself")

METRICS: Mapping[BalancerKind, Sequence[Metric]] = {
    BalancerKind.APPLICATION: (
        _unhealthy(_APPLICATION, dimensions=_TARGET_GROUP),
        _of_apache(_APPLICATION, "HTTPCode_Target_5XX_Count", _TARGET_GROUP),
        _of_balancer(_APPLICATION, "HTTPCode_ELB_5XX_Count", _BALANCER),
    ),
    # The balancer's own errors are counted for all of its sites together.
    BalancerKind.SHARED: (
        _unhealthy(_APPLICATION, dimensions=_TARGET_GROUP),
        _of_apache(_APPLICATION, "HTTPCode_Target_5XX_Count", _TARGET_GROUP),
    ),
    BalancerKind.CLASSIC: (
        _unhealthy(_CLASSIC, dimensions=_CLASSIC_BALANCER),
        _of_apache(_CLASSIC, "HTTPCode_Backend_5XX", _CLASSIC_BALANCER),
        _of_balancer(_CLASSIC, "HTTPCode_ELB_5XX", _CLASSIC_BALANCER),
    ),
    # It knows no HTTP.
    BalancerKind.NETWORK: (_unhealthy(_NETWORK, dimensions=_TARGET_GROUP),),
}
"""What is watched of a site's balancer, by its kind; read in November 2026."""


class Alarms(Construct):
    """All alarms of a site, none without `alarms`; its topic is told of their start and end."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        doors: Sequence[FrontDoor],
        *,
        certificate_arn: str,
    ) -> None:
        super().__init__(scope, node_id)
        self._site = doors[0].site
        if self._site.alarms is None:
            return
        self._alarms = alarms = self._site.alarms
        if alarms.certificate_days is not None:
            self._alarm(_CERTIFICATE, {"CertificateArn": certificate_arn}, alarms.certificate_days)
        for door in doors:
            kind = door.front.balancer.kind
            unhealthy, *errors = METRICS[kind]
            self._alarm(unhealthy, door.dimensions, alarms.unhealthy_hosts, kind)
            for metric in errors:
                self._alarm(metric, door.dimensions, alarms.server_errors, kind)

    def _alarm(
        self, metric: Metric, dimensions: Mapping[str, str], threshold: int, *kind: str
    ) -> None:
        name = "-".join((self._alarms.name, *kind, metric.word.replace("_", "-")))
        at(
            address(self._site.domain, *kind, metric.word),
            CloudwatchMetricAlarm(
                self,
                "-".join((*kind, metric.word)),
                alarm_name=name,
                alarm_description=f"{metric.meaning}: {self._site.unicode}",
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions={key: dimensions[key] for key in metric.dimensions},
                statistic=metric.statistic,
                period=metric.period,
                evaluation_periods=metric.periods,
                comparison_operator=metric.comparison,
                threshold=threshold,
                treat_missing_data=metric.missing,
                alarm_actions=[self._alarms.topic],
                ok_actions=[self._alarms.topic],
                tags={**self._site.tags, "Name": name},
            ),
        )
