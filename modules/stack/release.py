"""What makes Apache serve the sites: a release, shipped to a server and activated there."""

from __future__ import annotations

from collections.abc import Sequence

from modules.plan import apache
from modules.plan.names import address
from modules.plan.records import Server as ServerRecord
from modules.stack.addressing import at
from modules.stack.apache import ApacheConfiguration
from modules.stack.bindings import (
    Construct,
    FileProvisioner,
    ITerraformDependable,
    RemoteExecProvisioner,
    SSHProvisionerConnection,
    TerraformResource,
)
from modules.stack.expressions import file_text, interpolated
from modules.stack.servers import Server


class Release(Construct):
    """Replaced, and so shipped again, when the rendered release or the instance changes, only then.

    Nothing of it is secret: the state keeps a hash, and the private key is read where it is used.
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        server: Server,
        *,
        configuration: ApacheConfiguration,
        after: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, node_id)
        record = server.record
        folder = f".portico/{interpolated(_local(record, 'release'))}"
        files = {
            apache.CONF: interpolated(_local(record, "conf")),
            apache.MANIFEST: interpolated(_local(record, "manifest")),
            apache.SCRIPT: configuration.script,
        }
        self.shipped = at(
            address(record.name),
            # cdktf's DataResource runs `terraform version` at each synth, and takes no string.
            TerraformResource(
                self,
                "shipped",
                terraform_resource_type="terraform_data",
                connection=_connection(server),
                provisioners=[
                    _command(f"mkdir -p -m 0700 .portico {folder}"),
                    *(_file(text, f"{folder}/{name}") for name, text in files.items()),
                    _command(f"sh {folder}/{apache.SCRIPT} {folder}"),
                ],
                depends_on=list(after) or None,
            ),
        )
        # A new instance under the name of an old one has nothing yet.
        self.shipped.add_override(
            "triggers_replace", value=[interpolated(_local(record, "release")), server.instance_id]
        )


def _connection(server: Server) -> SSHProvisionerConnection:
    ssh = server.record.ssh
    return SSHProvisionerConnection(
        type="ssh",
        host=server.host,
        port=ssh.port,
        user=ssh.user,
        private_key=interpolated(file_text(ssh.private_key)),
        host_key=ssh.host_key,
        agent="false",
        # Terraform's default is in /tmp, which may be mounted noexec and is everybody's.
        script_path="./portico-run-%RAND%.sh",
    )


def _command(line: str) -> RemoteExecProvisioner:
    return RemoteExecProvisioner(type="remote-exec", inline=[line])


def _file(content: str, destination: str) -> FileProvisioner:
    return FileProvisioner(type="file", content=content, destination=destination)


def _local(record: ServerRecord, word: str) -> str:
    return f"local.{record.name}__{word}"
