"""The campaign's table of contents: each fault that was asked for, and the cases that are it.

A name stands here before its case does. `TO_COME` has those that are still to be written.
"""

from __future__ import annotations

from collections.abc import Mapping

FAULTS: Mapping[str, tuple[str, ...]] = {
    "link cut during upload, at several points": (
        "link-cut-in-handshake",
        "link-cut-early-in-upload",
        "link-cut-late-in-upload",
    ),
    "link cut before the switch": ("link-cut-at-test",),
    "link cut after the switch": ("link-cut-after-switch",),
    "link cut during the reload": ("link-cut-in-reload",),
    "SSH stalled past Terraform's patience": ("link-stalled",),
    "half an upload at a virtual-host boundary": ("upload-cut-between-vhosts",),
    "configuration test fails": ("apache-test-fails",),
    "port busy": ("listen-port-busy",),
    "key and certificate that don't match": (
        "certificates-mismatched",
        "certificates-mismatched-in-files",
        "apache-key-of-another-in-directives",
    ),
    "truncated certificate, truncated key": (
        "certificates-truncated",
        "certificates-key-truncated",
        "certificates-truncated-in-files",
    ),
    "expired certificate": ("certificates-expired", "certificates-expired-in-files"),
    "certificate of another name": (
        "certificates-of-another-name",
        "certificates-of-another-name-in-files",
    ),
    "certificate with CRLF": ("certificates-crlf",),
    "disk full for the staging area": ("disk-full-for-upload", "disk-full-for-staging"),
    "disk full for the configuration": ("disk-full-for-configuration",),
    "disk full for the logs": ("disk-full-for-logs",),
    "disk full for the script's state": ("disk-full-for-state",),
    "disk full for the run folder": ("disk-full-for-run",),
    "disk full for /tmp": ("disk-full-for-tmp",),
    "read-only /tmp": ("disk-tmp-read-only",),
    "noexec /tmp": ("disk-tmp-noexec",),
    "a module missing": ("apache-module-missing",),
    "sudo refused": ("privileges-sudo-refused",),
    "sudo asking for a password": ("privileges-sudo-password",),
    "Apache stopped before the start": ("apache-stopped",),
    "Apache masked before the start": ("apache-masked",),
    "Apache crash-looping before the start": ("apache-crash-looping",),
    "stale PidFile": ("apache-pidfile-stale",),
    "moved PidFile": ("apache-pidfile-moved",),
    "a package update that brings back Listen 443": ("listen-package-update",),
    "a hand edit on the server": (
        "edits-configuration",
        "edits-stub",
        "edits-without-a-change",
    ),
    "two applies at once with separate states": ("order-two-at-once",),
    "a stale apply after a newer one": ("order-stale-plan",),
    "Terraform interrupted in each phase": (
        "terraform-interrupted-in-plan",
        "terraform-interrupted-in-upload",
        "terraform-interrupted-in-activation",
        "terraform-interrupted-after-switch",
        "terraform-interrupted-in-balancers",
        "terraform-interrupted-in-dns",
    ),
    "Terraform killed in each phase": (
        "terraform-killed-in-plan",
        "terraform-killed-in-upload",
        "terraform-killed-in-activation",
        "terraform-killed-after-switch",
        "terraform-killed-in-balancers",
        "terraform-killed-in-dns",
    ),
    "a state's lock left by a killed Terraform": ("terraform-killed-holding-lock",),
    "the rollback's target broken too": (
        "rollback-target-broken",
        "rollback-of-itself",
        "rollback-of-itself-target-broken",
    ),
    "reload under load with a large download in flight": ("load-large-download",),
    "reload under load with a WebSocket in flight": ("load-websocket",),
    "reload while connections are idle": ("load-idle-connections",),
    "partial apply: balancer made, server failed": ("partial-balancer-made-server-failed",),
    "partial apply: server done, DNS failed": ("partial-server-done-dns-failed",),
    "partial apply: balancers replaced, server failed, all taken back": (
        "partial-replaced-and-taken-back",
        "partial-certificates-replaced-and-taken-back",
    ),
    "remove the first site": ("sites-first-removed",),
    "insert in the middle": ("sites-inserted-in-the-middle",),
    "rename": ("sites-renamed",),
    "come back": ("sites-come-back",),
    "the second server of a fleet fails": ("servers-second-fails",),
    "host key changed": ("privileges-host-key-changed",),
    "power lost at every step": (
        "power-lost-at-each-step",
        "power-lost-at-each-step-of-a-rollback",
        "power-lost-at-test",
        "power-lost-after-switch",
    ),
    "the worker killed": ("power-worker-killed",),
    "clock wrong": ("order-clock-ahead", "order-clock-behind"),
    "many sites (1,000) in one release": ("size-thousand-sites",),
}

TO_COME: frozenset[str] = frozenset()
"""Cases that are named above and not written yet."""
