"""Settings: from the environment (``ZHENGMING_*``), then a TOML file named by ``ZHENGMING_CONFIG``.

`load_settings` is the way in for programs: it turns every fault into a `ConfigurationError` that
says what is wrong, where the value came from, and what the setting is for.
``python -m streams.settings --markdown`` prints docs/settings.md.
"""

from __future__ import annotations

import os
import re
import ssl
import tomllib
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from processors.value_keys import ValueKeys
from streams import redaction
from streams.errors import ConfigurationError
from streams.redaction import MASKED

PREFIX = "ZHENGMING_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
FILE_SUFFIX = "_FILE"
"""Put behind the variable of a secret, it names a file that holds the secret."""

_LEGAL_NAME = r"^[A-Za-z0-9._-]*$"
_ADDRESS = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+):([0-9]{1,5})$")

_URL = "_url"
"""End of the names of settings that may hold a password inside."""

SHORTEST_KEY = 16

Millis = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Everything that can be set. Immutable; ``model_copy(update=...)`` makes another.

    Building it raises pydantic's ``ValidationError``; programs call `load_settings` instead.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        validate_default=False,
        hide_input_in_errors=True,
    )

    kafka: str = Field(
        "127.0.0.1:9092",
        description="Kafka brokers to begin with, `host:port`, several separated by commas. "
        "The demo and the tests start a broker of their own unless the variable is set.",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to Kafka."
    )
    kafka_check_crcs: bool = Field(
        True,
        description="Whether a worker verifies the checksums of what it reads. Only the mock of "
        "Kafka that the demo may run on needs it off: its checksums are wrong.",
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="How to log in, with `SASL_PLAINTEXT` or `SASL_SSL`."
    )
    kafka_sasl_username: str | None = Field(None, description="User name for SASL.")
    kafka_sasl_password: SecretStr | None = Field(None, description="Password for SASL.")
    kafka_ssl_ca_location: Path | None = Field(
        None,
        description="PEM file of the authorities that sign the brokers' certificates; "
        "the system's own when not set.",
    )
    kafka_ssl_certificate_location: Path | None = Field(
        None, description="PEM file of our certificate, where brokers ask for one."
    )
    kafka_ssl_key_location: Path | None = Field(
        None, description="PEM file of the key to our certificate; may be the same file."
    )
    kafka_ssl_key_password: SecretStr | None = Field(None, description="Password of that key.")

    app_id: str = Field(
        "zhengming",
        description="Name of the application: consumer group, transactional ids, changelog. "
        "Workers of one name share the partitions; a new name begins with "
        "empty state, in topics of its own: set another topic prefix, too.",
        min_length=1,
        max_length=100,
        pattern=_LEGAL_NAME,
    )
    topic_prefix: str = Field(
        "",
        description="Put before the name of every topic, such as `test.`.",
        max_length=100,
        pattern=_LEGAL_NAME,
    )
    partitions: int = Field(
        4,
        description="Partitions of every input, output and changelog topic. They stay equal for "
        "the life of an application id.",
        ge=1,
        le=10_000,
    )
    replication_factor: int = Field(
        1, description="Copies of each topic that is created; 3 in production.", ge=1, le=10
    )
    schema_registry_url: str | None = Field(
        None,
        repr=False,
        description="Confluent-compatible schema registry. Without one, records carry the "
        "fingerprint of their schema (Avro single-object encoding).",
        pattern=r"^https?://\S+$",
    )
    pack: str = Field(
        "cac2022",
        description="Policy pack: a directory with a `pack.yaml`, or the name of a shipped pack. "
        "Several, separated by commas, are in force together; the terms of the first one lead.",
        min_length=1,
    )

    ip_data: str = Field(
        "",
        description="Data files that tell the region of an IP address: xdb files of ip2region, "
        "one for IPv4, one for IPv6, separated by commas (needs the extra `ip`). Without one, an "
        "observed address is dropped unread and only a region that came with it gives a label.",
    )
    value_key: SecretStr | None = Field(
        None,
        description="Secret that keys the hashes standing for values in disposals and audit "
        "records, of 16 characters or more and the same for every worker. Without one there are "
        "no such hashes.",
        min_length=16,
    )
    value_keys_before: SecretStr | None = Field(
        None,
        description="The keys used before it, one a line or separated by commas, each behind the "
        "time up to which it was used (UTC, event time): `2026-12-01T00:00Z the-former-key`. All "
        "workers change over at that time, whenever they are started anew, and a replay hashes as "
        "it was hashed then.",
    )

    image_hosts: str = Field(
        "",
        description="Hosts from which `zhengming images` may fetch, separated by commas; "
        "`*.example.com` for all below one, `host:port` for another port than 443 or 80.",
    )
    image_http: bool = Field(False, description="Whether it may fetch without encryption.")
    image_networks: str = Field(
        "",
        description="Networks at which hosts of images may lie although they are not public, such "
        "as `10.20.0.0/16` of an object store of your own, separated by commas. Link-local "
        "addresses, where clouds serve their secrets, stay closed.",
    )
    image_url: str = Field(
        "",
        repr=False,
        description="Address of an image whose reference is an id, with `{id}` in the id's place.",
        pattern=r"^(https?://\S*\{id\}\S*)?$",
    )
    image_dir: Path | None = Field(
        None, description="Folder that holds images by id, such as a mounted object store."
    )
    image_fetcher: str = Field(
        "",
        description="A fetcher of your own in place of all that, as `module:function`: it is "
        "called with the settings and gives an object with `fetch(reference) -> bytes`.",
        pattern=r"^([\w.]+:\w+)?$",
    )
    image_max_bytes: int = Field(5_000_000, description="Largest image that is fetched.", ge=1_000)
    image_fetch_timeout_s: float = Field(
        5.0, description="Longest time for one image, redirects included.", gt=0, le=60
    )
    image_redirects: int = Field(3, description="Redirects that are followed.", ge=0, le=10)
    image_fetches: int = Field(
        8,
        description="Images that are fetched at once, and requests that are read at once. The more "
        "there are for each of `image_processes`, the longer they may take by right, and the later "
        "a worker that is stuck is told.",
        ge=1,
        le=256,
    )
    image_processes: int = Field(
        1, description="Processes that look into images, each on one core.", ge=1, le=64
    )

    store: Literal["memory", "rocksdb"] = Field(
        "memory",
        description="Where account states live: in memory, or on disk for states larger than "
        "memory (needs the extra `rocksdb`).",
    )
    data_dir: Path = Field(Path(".zhengming"), description="Directory for local state.")
    web_host: str = Field("127.0.0.1", description="Address of the worker's own web server.")
    web_port: int = Field(
        6066,
        description="Its port: `/metrics`, `/health`, `/ready`.",
        ge=0,
        le=65_535,
    )
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        repr=False,
        description="Redis of the views. The demo and the tests start one of their own unless the "
        "variable is set.",
        validation_alias=PREFIX + "REDIS",
        pattern=r"^(rediss?|unix)://\S+$",
    )
    gateway_host: str = Field("127.0.0.1", description="Address that the gateway listens on.")
    gateway_port: int = Field(
        8066, description="Its port: API under `/v1`, console under `/`.", ge=0, le=65_535
    )
    gateway_tls_certificate: Path | None = Field(
        None,
        description="PEM file of the gateway's certificate and those between it and the "
        "authority. With it the gateway speaks TLS alone; without it, something before it does.",
    )
    gateway_tls_key: Path | None = Field(
        None, description="PEM file of the key to that certificate; may be the same file."
    )
    gateway_tls_key_password: SecretStr | None = Field(None, description="Password of that key.")
    gateway_keys: Path | None = Field(
        None,
        description="TOML file of API keys, hashed, with their roles; "
        "`zhengming gateway-key` prints an entry. Without it no key is valid.",
    )
    gateway_login: SecretStr | None = Field(
        None,
        description="One-time code that opens the console once with every role, for a first "
        "look; the demo sets one.",
        min_length=16,
    )
    gateway_wait_ms: int = Field(
        2_000,
        description="How long `POST /v1/changes` and rulings wait for the stream's answer before "
        "they give a status address.",
        ge=0,
        le=60_000,
    )
    gateway_max_body: int = Field(
        1_048_576, description="Largest body of a request, in bytes.", ge=1_024, le=16_777_216
    )
    gateway_rate: int = Field(
        1_000, description="Requests a second that one caller may send on average.", ge=1
    )
    gateway_public_rate: int = Field(
        10,
        description="Requests a minute that one address may send to the API without a login.",
        ge=1,
    )
    oidc_issuer: str | None = Field(
        None,
        description="OpenID Connect issuer whose bearer tokens are accepted; its keys are found "
        "by discovery.",
        pattern=r"^https?://\S+$",
    )
    oidc_audience: str | None = Field(
        None, description="Audience that those tokens must name; needed with an issuer."
    )
    oidc_roles_claim: str = Field(
        "roles", description="Claim of a token that lists the roles.", min_length=1
    )
    executor_url: str | None = Field(
        None,
        repr=False,
        description="Webhook of the platform that executes disposals, for `zhengming execute`.",
        pattern=r"^https?://\S+$",
    )
    executor_secret: SecretStr | None = Field(
        None, description="Secret with which those requests are signed.", min_length=16
    )
    executor_concurrency: int = Field(
        16, description="Disposals that one executor sends at the same time.", ge=1, le=1_000
    )
    executor_timeout_s: float = Field(
        10.0, description="Longest wait for the platform's answer to one of them.", gt=0, le=300
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="Log lines for programs or for people."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line that is written."
    )

    transaction_timeout_ms: int = Field(
        10_000,
        description="The broker aborts a transaction open for longer; more than the longest "
        "stall a worker may survive.",
        ge=1_000,
        le=900_000,
    )
    request_timeout_ms: int = Field(
        5_000, description="Longest wait for one answer of a broker.", ge=100, le=300_000
    )
    session_timeout_s: float = Field(
        6.0,
        description="A worker that is silent for so long loses its partitions.",
        gt=0,
        le=1_800,
    )
    heartbeat_interval_s: float = Field(
        1.0, description="Time between a worker's signs of life.", gt=0, le=600
    )
    fetch_wait_ms: int = Field(
        5,
        description="Longest time a broker gathers records, while any come, before it answers a "
        "worker's fetch.",
        ge=1,
    )
    max_batch_bytes: int = Field(
        1_000_000,
        description="Largest batch that is sent; below the brokers' `message.max.bytes`.",
        ge=10_000,
        le=1_000_000,
    )
    commit_interval_ms: int = Field(
        30,
        description="A partition begins a transaction at most this often; what comes meanwhile is "
        "gathered. A record that comes after a rest does not wait.",
        ge=0,
        le=10_000,
    )
    max_queued_records: int = Field(
        20_000, description="Records a partition may hold back before its reading pauses.", ge=1
    )
    idle_slack_ms: int = Field(
        5_000,
        description="A partition without records fires deadlines this long after they are due "
        "by the wall clock.",
        ge=0,
    )

    answer_within_s: float = Field(
        60.0,
        description="A change that waits this long for the check across accounts goes to a person, "
        "unchecked. Normally the answer takes some tens of milliseconds.",
        ge=1,
        le=86_400,
    )

    sweep_rate: int = Field(
        200,
        description="Existing accounts that a partition verifies anew in a second while a sweep is "
        "on, in one transaction.",
        ge=1,
        le=10_000,
    )

    max_field_chars: int = Field(
        20_000, description="Longest text of a field; longer is a dead letter.", ge=1
    )
    max_id_chars: int = Field(256, description="Longest id; longer is a dead letter.", ge=8)
    max_future_ms: int = Field(
        300_000,
        description="How far `occurred_at` may lie after the time at which Kafka took the record; "
        "further is a dead letter.",
        ge=0,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments beat the environment, the environment beats the file; nothing else is read.

        The environment holds a secret itself or names the file that does.
        """
        environment = env_settings, _SecretFiles(settings_cls)
        file = os.environ.get(CONFIG_VARIABLE)
        if not file:
            return init_settings, *environment
        return init_settings, *environment, TomlConfigSettingsSource(settings_cls, Path(file))

    @field_validator("kafka")
    @classmethod
    def _addresses(cls, value: str) -> str:
        addresses = [part.strip() for part in value.split(",")]
        for address in addresses:
            match = _ADDRESS.match(address)
            if match is None or not 0 < int(match[2]) <= 65_535:
                raise ValueError(f"{address!r} is not host:port, such as 127.0.0.1:9092")
        return ",".join(addresses)

    @field_validator(
        "kafka_ssl_ca_location",
        "kafka_ssl_certificate_location",
        "kafka_ssl_key_location",
        "gateway_tls_certificate",
        "gateway_tls_key",
        "gateway_keys",
    )
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {str(value)!r}")
        return value

    @field_validator("redis_url", "schema_registry_url", "executor_url", "image_url")
    @classmethod
    def _urls(cls, value: str | None) -> str | None:
        try:
            _ = urlsplit(value or "").port
        except ValueError:  # whose text may quote a part of a password
            raise ValueError(
                "it is not a URL: in a user or password, write / ? # @ and : in percent-encoding"
            ) from None
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_parameters(cls, value: str) -> str:
        if "?" in value:
            from redis import ConnectionPool  # heavy, and seldom needed here

            try:
                pool = ConnectionPool.from_url(value)
                pool.connection_class(**pool.connection_kwargs)  # which does not connect yet
            except (TypeError, ValueError) as error:  # whose text names the parameter
                raise ValueError(f"a parameter behind ? cannot be used: {error}") from None
        return value

    @field_validator("ip_data")
    @classmethod
    def _there(cls, value: str) -> str:
        for path in _paths(value):
            if not path.is_file():
                raise ValueError(f"there is no file {str(path)!r}")
        return value

    @field_validator("value_keys_before")
    @classmethod
    def _keys_before(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            times = [until for until, key in _former(value) if len(key) >= SHORTEST_KEY]
        except ValueError:  # whose text may quote a key
            times = [0, 0]
        if times != sorted(set(times)) or len(times) != len(_parts(value)):
            raise ValueError(
                "each former key is a time such as 2026-12-01T00:00Z, a space, and the key, of "
                f"{SHORTEST_KEY} characters or more; the earliest time first"
            ) from None
        return value

    @field_validator("image_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        for text in _listed(value):
            try:
                ip_network(text)
            except ValueError as error:
                raise ValueError(f"{text!r} is no network, such as 10.20.0.0/16") from error
        return value

    @field_validator("image_dir")
    @classmethod
    def _folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"there is no folder {str(value)!r}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sasl = self.kafka_security_protocol.startswith("SASL_")
        if sasl and not (self.kafka_sasl_username and self.kafka_sasl_password):
            raise ValueError(
                f"{PREFIX}KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} needs "
                f"{PREFIX}KAFKA_SASL_USERNAME and {PREFIX}KAFKA_SASL_PASSWORD"
            )
        if not sasl and (self.kafka_sasl_username or self.kafka_sasl_password):
            raise ValueError(
                "a SASL user or password is set but would not be used: set "
                f"{PREFIX}KAFKA_SECURITY_PROTOCOL to SASL_SSL or SASL_PLAINTEXT"
            )
        if not self._tls and (self.kafka_ssl_ca_location or self.kafka_ssl_certificate_location):
            raise ValueError(
                "a TLS file is set but would not be used: set "
                f"{PREFIX}KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"
            )
        if bool(self.kafka_ssl_certificate_location) != bool(self.kafka_ssl_key_location):
            raise ValueError(
                f"{PREFIX}KAFKA_SSL_CERTIFICATE_LOCATION and {PREFIX}KAFKA_SSL_KEY_LOCATION "
                "go together: set both, or neither"
            )
        if bool(self.gateway_tls_certificate) != bool(self.gateway_tls_key):
            raise ValueError(
                f"{PREFIX}GATEWAY_TLS_CERTIFICATE and {PREFIX}GATEWAY_TLS_KEY go together: "
                "set both, or neither"
            )
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError(
                f"{PREFIX}OIDC_ISSUER and {PREFIX}OIDC_AUDIENCE go together: a token for "
                "another service of the issuer must not open this one"
            )
        if 3 * self.heartbeat_interval_s > self.session_timeout_s:
            raise ValueError(
                f"{PREFIX}HEARTBEAT_INTERVAL_S={self.heartbeat_interval_s:g} must be at most a "
                f"third of {PREFIX}SESSION_TIMEOUT_S={self.session_timeout_s:g}, "
                "or one late heartbeat costs the partitions"
            )
        if self.request_timeout_ms >= self.transaction_timeout_ms:
            raise ValueError(
                f"{PREFIX}REQUEST_TIMEOUT_MS={self.request_timeout_ms} must be less than "
                f"{PREFIX}TRANSACTION_TIMEOUT_MS={self.transaction_timeout_ms}, "
                "or one lost answer costs the transaction"
            )
        return self

    @property
    def _tls(self) -> bool:
        return self.kafka_security_protocol in ("SSL", "SASL_SSL")

    @property
    def has_users(self) -> bool:
        """Whether Kafka knows who we are, and may allow one thing and deny another."""
        return self.kafka_security_protocol != "PLAINTEXT"

    @property
    def _sasl(self) -> bool:
        return self.kafka_security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    def secrets(self) -> set[str]:
        """Every secret among the settings, those inside URLs too: what `redaction` has to know."""
        found = {key for _, key in _former(self.value_keys_before)}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                found.add(value.get_secret_value())
            elif name.endswith(_URL) and isinstance(value, str):
                found |= redaction.secrets_of_url(value)
        return found

    def image_host_names(self) -> list[str]:
        """The hosts of `image_hosts`."""
        return _listed(self.image_hosts)

    def image_network_names(self) -> list[str]:
        """The networks of `image_networks`."""
        return _listed(self.image_networks)

    def ip_data_files(self) -> list[Path]:
        """The files of `ip_data`."""
        return _paths(self.ip_data)

    def hashing_key(self) -> ValueKeys:
        """The keys of hashes of values, each 32 bytes made of a secret; empty where none is set."""
        before = tuple((until, _derived(key)) for until, key in _former(self.value_keys_before))
        return ValueKeys(_derived(_revealed(self.value_key) or ""), before)

    def confluent_config(self) -> dict[str, Any]:
        """Address and security for confluent-kafka clients. Holds secrets: never log it."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.kafka,
            "security.protocol": self.kafka_security_protocol,
        }
        if self._sasl:
            config["sasl.mechanisms"] = self.kafka_sasl_mechanism
            config["sasl.username"] = self.kafka_sasl_username
            config["sasl.password"] = _revealed(self.kafka_sasl_password)
        if self._tls:
            config["ssl.ca.location"] = _text(self.kafka_ssl_ca_location)
            config["ssl.certificate.location"] = _text(self.kafka_ssl_certificate_location)
            config["ssl.key.location"] = _text(self.kafka_ssl_key_location)
            config["ssl.key.password"] = _revealed(self.kafka_ssl_key_password)
        return {name: value for name, value in config.items() if value is not None}

    def aiokafka_config(self) -> dict[str, Any]:
        """Address and security for aiokafka clients. Holds secrets: never log it.

        Raises `ConfigurationError` when a certificate or key cannot be read.
        """
        config: dict[str, Any] = {
            "bootstrap_servers": self.kafka,
            "security_protocol": self.kafka_security_protocol,
        }
        if self._sasl:
            config["sasl_mechanism"] = self.kafka_sasl_mechanism
            config["sasl_plain_username"] = self.kafka_sasl_username
            config["sasl_plain_password"] = _revealed(self.kafka_sasl_password)
        if self._tls:
            config["ssl_context"] = self._ssl_context()
        return config

    def faust_broker_credentials(self) -> Any | None:
        """Faust's form of the security settings; None for a plain connection.

        Raises `ConfigurationError` when a certificate or key cannot be read.
        """
        from faust.auth import SASLCredentials, SSLCredentials

        if self._sasl:
            return SASLCredentials(
                mechanism=self.kafka_sasl_mechanism,
                username=self.kafka_sasl_username,
                password=_revealed(self.kafka_sasl_password),
                ssl_context=self._ssl_context() if self._tls else None,
            )
        return SSLCredentials(self._ssl_context()) if self._tls else None

    def _ssl_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=_text(self.kafka_ssl_ca_location))
            if self.kafka_ssl_certificate_location is not None:
                # An empty password makes OpenSSL fail; without one it would ask the terminal.
                context.load_cert_chain(
                    self.kafka_ssl_certificate_location,
                    self.kafka_ssl_key_location,
                    _revealed(self.kafka_ssl_key_password) or "",
                )
        except (ssl.SSLError, OSError) as error:
            raise ConfigurationError(
                f"the TLS files for Kafka cannot be used ({error}): check "
                f"{PREFIX}KAFKA_SSL_CA_LOCATION, {PREFIX}KAFKA_SSL_CERTIFICATE_LOCATION, "
                f"{PREFIX}KAFKA_SSL_KEY_LOCATION and {PREFIX}KAFKA_SSL_KEY_PASSWORD"
            ) from error
        return context


def _derived(secret: str) -> bytes:
    return sha256(secret.encode()).digest() if secret else b""


def _parts(secret: SecretStr | None) -> list[str]:
    return [part for part in re.split(r"[\n,]\s*", (_revealed(secret) or "").strip()) if part]


def _former(secret: SecretStr | None) -> list[tuple[int, str]]:
    """Former keys with the times (ms) up to which they were used. Raises ``ValueError``."""
    found = []
    for part in _parts(secret):
        time, _, key = part.partition(" ")
        until = datetime.fromisoformat(time)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        found.append((int(until.timestamp() * 1_000), key.strip()))
    return found


def _listed(value: str) -> list[str]:
    return [part for part in map(str.strip, value.split(",")) if part]


def _paths(value: str) -> list[Path]:
    return [Path(part.strip()) for part in value.split(",") if part.strip()]


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from arguments, environment and file. Raises `ConfigurationError`.

    From then on the process shows none of their secrets.
    """
    file = os.environ.get(CONFIG_VARIABLE)
    in_file: dict[str, Any] = {}
    if file:
        try:
            in_file = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(
                f"{CONFIG_VARIABLE}={file!r} cannot be read ({error.strerror}): "
                "name a TOML file, or unset the variable"
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file} is not a valid TOML file: {error}") from error
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        problems = [_explain(e, overrides, file, in_file) for e in error.errors()]
        raise ConfigurationError("\n".join(problems)) from error
    redaction.learn(settings.secrets())
    return settings


def _explain(
    error: Any, overrides: dict[str, Any], file: str | None, in_file: dict[str, Any]
) -> str:
    """One line: which setting, where it was set, what is wrong, what it is for."""
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return str(message)
    place = str(error["loc"][0])
    name = _field_of(place)
    field = Settings.model_fields.get(name)
    if field is None or error["type"] == "extra_forbidden":  # a variable, in the file
        known = get_close_matches(name, Settings.model_fields, 1)
        hint = f"; did you mean {known[0]!r}?" if known else "; see docs/settings.md"
        return f"{place!r} (in {file or 'the arguments'}) is not a setting{hint}"
    variable = variable_of(name)
    if name in overrides:
        where, value = name, overrides[name]
    elif (from_environment := _environment(variable)) is not None:
        where, value = f"environment variable {variable}", from_environment
    elif _environment(variable + FILE_SUFFIX) is not None:
        where, value = f"the file of {variable}{FILE_SUFFIX}", MASKED
    else:
        where, value = f"{name} in {file}", in_file.get(name)
    # What is no URL may still hold the password of one.
    hidden = _is_secret(field) or (may_lie_in_file(name) and "://" not in str(value))
    shown = "" if hidden else f"={_shown(value)!r}"
    return f"{where}{shown}: {message}. {field.description}"


class _SecretFiles(PydanticBaseSettingsSource):
    """Secrets from files that the environment names, as container platforms mount them."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file, without the line break at its end; None where none is named."""
        variable = variable_of(field_name)
        path = _environment(variable + FILE_SUFFIX) if may_lie_in_file(field_name) else None
        if not path:
            return None, field_name, False
        if _environment(variable):
            raise ConfigurationError(
                f"{variable} and {variable}{FILE_SUFFIX} are both set: unset one of them"
            )
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigurationError(
                f"{variable}{FILE_SUFFIX}={path!r} cannot be read ({why}): name a file that holds "
                "the secret and that this user may read"
            ) from None
        return text.rstrip("\r\n") or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """What the named files hold."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def may_lie_in_file(name: str) -> bool:
    """Whether ``<VARIABLE>_FILE`` may name a file with it: a secret, or a URL that may hold one."""
    return _is_secret(Settings.model_fields[name]) or name.endswith(_URL)


def _environment(variable: str) -> str | None:
    return next((v for k, v in os.environ.items() if k.upper() == variable), None)


def _field_of(place: str) -> str:
    """Turn a variable's name into the field's; a field's name stays."""
    fields = {variable_of(name): name for name in Settings.model_fields}
    return fields.get(place.upper(), place)


def variable_of(name: str) -> str:
    """Name the environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()


def unknown_variables() -> dict[str, str | None]:
    """Environment variables that look like settings but are none, with the likely right name.

    They are not an error: Kubernetes puts variables named after services into every container.
    """
    known = [variable_of(name) for name in Settings.model_fields] + [CONFIG_VARIABLE]
    known += [variable_of(n) + FILE_SUFFIX for n in Settings.model_fields if may_lie_in_file(n)]
    strange = [v.upper() for v in os.environ if v.upper().startswith(PREFIX)]
    return {
        variable: next(iter(get_close_matches(variable, known, 1)), None)
        for variable in strange
        if variable not in known
    }


class SettingRow(NamedTuple):
    """A setting as people see it. ``value`` and ``default`` never show a secret."""

    name: str
    variable: str
    default: str
    value: str
    description: str


def settings_table(settings: Settings | None = None) -> list[SettingRow]:
    """All settings in the order of declaration; ``value`` is the default without ``settings``."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = _shown(field.default)
        value = _shown(getattr(settings, name)) if settings else default
        rows.append(SettingRow(name, variable_of(name), default, value, str(field.description)))
    return rows


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return MASKED
    return redaction.redact(str(value))


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in getattr(field.annotation, "__args__", (field.annotation,))


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _text(path: Path | None) -> str | None:
    return str(path) if path else None


if __name__ == "__main__":
    import sys

    from streams.settings_page import markdown

    if sys.argv[1:] != ["--markdown"]:
        sys.exit("usage: python -m streams.settings --markdown")
    sys.stdout.write(markdown())
