"""Settings: what wins, what is refused and how it says so, and how security reaches the clients."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from faust.auth import SASLCredentials, SSLCredentials
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from streams.errors import ConfigurationError
from streams.settings import (
    Settings,
    load_settings,
    settings_table,
    unknown_variables,
)
from streams.settings_page import markdown

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("ZHENGMING_"):
            monkeypatch.delenv(name)


def test_the_environment_beats_the_file_and_an_argument_beats_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "zhengming.toml"
    file.write_text('app_id = "from-file"\npartitions = 8\nredis_url = "redis://file:1/0"\n')
    monkeypatch.setenv("ZHENGMING_CONFIG", str(file))
    monkeypatch.setenv("ZHENGMING_PARTITIONS", "16")

    assert load_settings().app_id == "from-file"
    assert load_settings().redis_url == "redis://file:1/0"
    assert load_settings().partitions == 16
    assert load_settings(partitions=2).partitions == 2


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGMING_SCHEMA_REGISTRY_URL", "")
    assert load_settings().schema_registry_url is None


def test_one_variable_names_the_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGMING_REDIS", "redis://elsewhere:6379/1")
    assert load_settings().redis_url == "redis://elsewhere:6379/1"


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("ZHENGMING_PARTITIONS", "many", "environment variable ZHENGMING_PARTITIONS='many': "),
        ("ZHENGMING_PARTITIONS", "0", "greater than or equal to 1"),
        ("ZHENGMING_KAFKA", "localhost", "'localhost' is not host:port, such as 127.0.0.1:9092"),
        ("ZHENGMING_KAFKA", "a:9092,b:99999", "'b:99999' is not host:port"),
        ("ZHENGMING_STORE", "disk", "'memory' or 'rocksdb'"),
        ("ZHENGMING_TOPIC_PREFIX", "my topics/", "String should match"),
        ("ZHENGMING_HEARTBEAT_INTERVAL_S", "3", "at most a third of ZHENGMING_SESSION_TIMEOUT_S"),
        ("ZHENGMING_REQUEST_TIMEOUT_MS", "10000", "less than ZHENGMING_TRANSACTION_TIMEOUT_MS"),
        ("ZHENGMING_KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "needs ZHENGMING_KAFKA_SASL_USERNAME"),
        ("ZHENGMING_KAFKA_SASL_USERNAME", "me", "would not be used"),
        ("ZHENGMING_KAFKA_SSL_CA_LOCATION", "/nowhere/ca.pem", "there is no file"),
        ("ZHENGMING_CONFIG", "/nowhere/z.toml", "ZHENGMING_CONFIG='/nowhere/z.toml' cannot be"),
    ],
)
def test_a_wrong_value_is_refused_with_what_where_and_why(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("parameter", "said"), [("foo=1", "argument 'foo'"), ("socket_timeout=soon", "socket_timeout")]
)
def test_a_parameter_that_redis_does_not_know_is_refused_before_anything_starts(
    parameter: str, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_settings(redis_url=f"redis://host:6380/0?{parameter}")


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGMING_PARTITIONS", "many")
    monkeypatch.setenv("ZHENGMING_STORE", "disk")
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert len(str(refused.value).splitlines()) == 2


def test_a_fault_in_the_file_names_the_file_and_the_likely_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "zhengming.toml"
    monkeypatch.setenv("ZHENGMING_CONFIG", str(file))

    file.write_text("partition = 8\n")
    with pytest.raises(ConfigurationError, match="did you mean 'partitions'") as refused:
        load_settings()
    assert str(file) in str(refused.value)

    file.write_text("ZHENGMING_PARTITIONS = 8\n")
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert str(refused.value) == (
        f"'ZHENGMING_PARTITIONS' (in {file}) is not a setting; did you mean 'partitions'?"
    )

    file.write_text("partitions = 8\nweb_port = 99999\n")
    with pytest.raises(ConfigurationError, match=r"web_port in .*zhengming.toml='99999'"):
        load_settings()

    file.write_text("partitions = \n")
    with pytest.raises(ConfigurationError, match=r"not a valid TOML file.*line 1"):
        load_settings()


def test_strange_variables_are_told_but_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGMING_PARTITION", "9")
    monkeypatch.setenv("ZHENGMING_CONFIG", "")
    assert load_settings().partitions == 4
    assert unknown_variables() == {"ZHENGMING_PARTITION": "ZHENGMING_PARTITIONS"}


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGMING_KAFKA_SASL_PASSWORD", "hunter2")
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)

    settings = _sasl(redis_url="redis://:hunter2@host:6379/0")
    assert "hunter2" not in str(settings_table(settings))
    assert "hunter2" not in repr(settings.kafka_sasl_password)

    with pytest.raises(ConfigurationError) as refused:
        load_settings(redis_url="http://me:hunter2@host/0")
    assert "hunter2" not in str(refused.value)


def test_a_plain_connection_needs_nothing() -> None:
    settings = Settings(kafka="a:9092, b:9092")
    assert settings.confluent_config() == {
        "bootstrap.servers": "a:9092,b:9092",
        "security.protocol": "PLAINTEXT",
    }
    assert settings.aiokafka_config() == {
        "bootstrap_servers": "a:9092,b:9092",
        "security_protocol": "PLAINTEXT",
    }
    assert settings.faust_broker_credentials() is None


def test_sasl_reaches_every_client() -> None:
    settings = _sasl()
    assert settings.confluent_config() == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": "hunter2",
    }
    expected = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "me",
        "sasl_plain_password": "hunter2",
    }
    assert settings.aiokafka_config() == {"bootstrap_servers": "127.0.0.1:9092", **expected}
    credentials = settings.faust_broker_credentials()
    assert isinstance(credentials, SASLCredentials)
    assert credentials_to_aiokafka_auth(credentials) == {**expected, "ssl_context": None}


def test_tls_with_our_own_certificate_reaches_every_client(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    settings = Settings(
        kafka_security_protocol="SSL",
        kafka_ssl_ca_location=certificate,
        kafka_ssl_certificate_location=certificate,
        kafka_ssl_key_location=key,
        kafka_ssl_key_password="hunter2",
    )
    assert settings.confluent_config() == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SSL",
        "ssl.ca.location": str(certificate),
        "ssl.certificate.location": str(certificate),
        "ssl.key.location": str(key),
        "ssl.key.password": "hunter2",
    }
    context = settings.aiokafka_config()["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
    credentials = settings.faust_broker_credentials()
    assert isinstance(credentials, SSLCredentials)
    assert credentials_to_aiokafka_auth(credentials)["security_protocol"] == "SSL"


def test_a_wrong_key_password_is_a_clear_error_and_not_a_prompt(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    settings = Settings(
        kafka_security_protocol="SSL",
        kafka_ssl_certificate_location=certificate,
        kafka_ssl_key_location=key,
    )
    with pytest.raises(ConfigurationError, match="ZHENGMING_KAFKA_SSL_KEY_PASSWORD"):
        settings.aiokafka_config()


def test_the_page_of_settings_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == markdown(), "run `make docs`"
    for row in settings_table():
        assert f"`{row.variable}`" in page
        assert row.description.endswith("."), row.name


def _sasl(**more: str) -> Settings:
    return Settings(
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username="me",
        kafka_sasl_password="hunter2",
        **more,
    )


def _certificate(directory: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate and its key, the key under the password hunter2."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    certificate, key = directory / "cert.pem", directory / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"hunter2"),
        )
    )
    return certificate, key
