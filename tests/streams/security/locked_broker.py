"""A real Apache Kafka that denies everything that is not granted, over TLS and SCRAM.

Listeners: SASL_SSL with SCRAM-SHA-512 for users, SSL with certificates of clients for the broker
itself and for whoever has none of the passwords, and the controller's. Its authorizer writes every
decision into its log, so that a test can tell which rights were used and which were missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from streams.access import Kind, Need, Part
from streams.broker import CLUSTER_ID, _run, java_command, prepare
from streams.children import Child, accepts, free_ports, wait_for
from tests.streams.security.certificates import Authority, Certificate

ADMIN = "admin"
USERS = (ADMIN, *(f"zhengming-{part}" for part in Part))
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=SASL_SSL://127.0.0.1:{port},SSL://127.0.0.1:{ssl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_SSL://127.0.0.1:{port},SSL://127.0.0.1:{ssl}
listener.security.protocol.map=SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:SSL
inter.broker.listener.name=SSL
ssl.keystore.type=PEM
ssl.keystore.location={both}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
listener.name.ssl.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:admin
allow.everyone.if.no.acl.found=false
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
"""
_LOG4J = """\
<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR">
  <Appenders>
    <Console name="console"><PatternLayout pattern="%p %m (%c)%n%ex{short}"/></Console>
    <File name="decisions" fileName="FILE" append="true"><PatternLayout pattern="%m%n"/></File>
  </Appenders>
  <Loggers>
    <Logger name="kafka.authorizer.logger" level="DEBUG" additivity="false">
      <AppenderRef ref="decisions"/>
    </Logger>
    <Root level="WARN"><AppenderRef ref="console"/></Root>
  </Loggers>
</Configuration>
"""
_DECISION = re.compile(
    r"Principal = User:(?P<user>\S+) is (?P<how>Allowed|Denied) operation = (?P<operation>\w+) "
    r"from host = \S+ on resource = (?P<kind>\w+):(?P<pattern>\w+):(?P<name>.*) for request = ",
    re.IGNORECASE,
)
_KINDS = {
    Kind.TOPIC: ResourceType.TOPIC,
    Kind.GROUP: ResourceType.GROUP,
    Kind.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
}


class Decision(NamedTuple):
    """What the authorizer decided: ``operation`` and ``kind`` without underscores, lower case."""

    user: str
    allowed: bool
    operation: str
    kind: str
    name: str


def password(user: str) -> str:
    """The password of a user."""
    return f"pass word of {user}"


class LockedBroker:
    """The broker, with users for every part and no rights but the administrator's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, self.ssl_port, controller = free_ports(3)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.authority = Authority(directory / "certificates")
        self._decisions = directory / "decisions.log"
        server = self.authority.issue("broker")
        properties = directory / "server.properties"
        properties.write_text(
            _PROPERTIES.format(
                port=self.port,
                ssl=self.ssl_port,
                controller=controller,
                both=server.both,
                ca=self.authority.file,
                data=directory / "data",
            )
        )
        log4j = directory / "log4j2.xml"
        log4j.write_text(_LOG4J.replace("FILE", str(self._decisions)))
        jars = prepare()
        users = [
            word
            for user in USERS
            for word in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password(user)}]")
        ]
        format_it = ["format", "-t", CLUSTER_ID, "-c", str(properties), *users]
        _run(java_command(jars, directory, "kafka.tools.StorageTool", *format_it))
        command = java_command(jars, directory, "kafka.Kafka", str(properties))
        logged = f"-Dlog4j2.configurationFile={log4j}"
        command = [logged if "log4j2.configurationFile" in word else word for word in command]
        self._child = Child(command, directory / "broker.log")
        problem = wait_for(self._answers, self._child, 150)
        assert not problem, f"{problem}\n{self._child.tail(40)}"

    def close(self) -> None:
        """End it."""
        self._child.kill()

    def environment(self, user: str) -> dict[str, str]:
        """What a process of a user is told."""
        return {
            "ZHENGMING_KAFKA": self.bootstrap,
            "ZHENGMING_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "ZHENGMING_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "ZHENGMING_KAFKA_SASL_USERNAME": user,
            "ZHENGMING_KAFKA_SASL_PASSWORD": password(user),
            "ZHENGMING_KAFKA_SSL_CA_LOCATION": str(self.authority.file),
        }

    def security(self, user: str) -> dict[str, Any]:
        """The same as arguments of `Settings`."""
        environment = self.environment(user)
        return {k.removeprefix("ZHENGMING_").lower(): v for k, v in environment.items()}

    def by_certificate(self, name: str) -> dict[str, Any]:
        """Arguments of `Settings` for one who has a certificate and no password."""
        own: Certificate = self.authority.issue(name)
        return {
            "kafka": f"127.0.0.1:{self.ssl_port}",
            "kafka_security_protocol": "SSL",
            "kafka_ssl_ca_location": self.authority.file,
            "kafka_ssl_certificate_location": own.certificate,
            "kafka_ssl_key_location": own.key,
        }

    @cached_property
    def admin(self) -> AdminClient:
        """The administrator, who may do everything."""
        return AdminClient(
            {
                "bootstrap.servers": self.bootstrap,
                "security.protocol": "SASL_SSL",
                "sasl.mechanisms": "SCRAM-SHA-512",
                "sasl.username": ADMIN,
                "sasl.password": password(ADMIN),
                "ssl.ca.location": str(self.authority.file),
                "log_level": 0,
            }
        )

    def grant(self, principal: str, needs: Iterable[Need]) -> None:
        """Allow exactly these."""
        bindings = [AclBinding(*_resource(n), *_who(principal, n)) for n in needs]
        for answer in self.admin.create_acls(bindings).values():
            answer.result(10)

    def revoke(self, principal: str, need: Need | None = None) -> None:
        """Take one right back, or all of a principal."""
        if need is None:
            every = AclBindingFilter(
                ResourceType.ANY,
                None,
                ResourcePatternType.ANY,
                principal,
                None,
                AclOperation.ANY,
                AclPermissionType.ANY,
            )
        else:
            every = AclBindingFilter(*_resource(need), *_who(principal, need))
        for answer in self.admin.delete_acls([every]).values():
            assert answer.result(10) or need is None, f"{principal} had no {need}"

    def decisions(self, user: str) -> set[Decision]:
        """What the authorizer has decided about a user so far."""
        found = set()
        for line in self._decisions.read_text("utf-8").splitlines():
            match = _DECISION.search(line)
            if match is not None and match["user"] == user:
                found.add(
                    Decision(
                        user,
                        match["how"].lower() == "allowed",
                        match["operation"].replace("_", "").lower(),
                        match["kind"].replace("_", "").lower(),
                        match["name"],
                    )
                )
        return found

    def _answers(self) -> bool:
        if not accepts(self.port):
            return False
        try:
            return bool(self.admin.list_topics(timeout=2.0).brokers)
        except KafkaException:
            return False


def _resource(need: Need) -> tuple[ResourceType, str, ResourcePatternType]:
    pattern = ResourcePatternType.PREFIXED if need.prefixed else ResourcePatternType.LITERAL
    return _KINDS[need.kind], need.name, pattern


def _who(principal: str, need: Need) -> tuple[str, str, AclOperation, AclPermissionType]:
    operation = AclOperation[
        {"DescribeConfigs": "DESCRIBE_CONFIGS"}.get(need.operation, need.operation.upper())
    ]
    return principal, "*", operation, AclPermissionType.ALLOW
