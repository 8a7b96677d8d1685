"""Private names of Faust and aiokafka that the transport leans on.

An upgrade that changes one of them must fail here, with its name, and not in production. Where a
method is replaced, the replaced source itself is pinned: read the new one, then move the digest.
"""

import hashlib
import inspect

import aiokafka
import faust
import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer import consumer as aiokafka_consumer
from aiokafka.consumer import fetcher, subscription_state
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer import message_accumulator, sender, transaction_manager
from aiokafka.producer import producer as aiokafka_producer
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

REPLACED = {
    Recovery.on_recovery_completed: "6ef567acf072",
    Recovery.need_recovery: "fd1dc345b5d5",
    Recovery._wait: "ec7429b70176",
    TableManager.recovery.fget: "f0bf5de78b4c",
    driver.AIOKafkaConsumerThread._create_worker_consumer: "c2701bfc3e6f",
    driver.AIOKafkaConsumerThread._fetch_records: "39a2c6c79fc1",
    driver.AIOKafkaConsumerThread.seek_to_committed: "775ab0adc4b0",
    faust_consumer.Consumer.getmany: "4b168d84882a",
    faust_consumer.Consumer._wait_next_records: "6218e1969a63",
    faust_consumer.Consumer.on_buffer_drop: "4b57e8a418d5",
    faust_consumer.Consumer.perform_seek: "0e8c130ff4b0",
    faust.App._on_partitions_revoked: "d5c895bbe57d",
    faust.App.crash: "14980000465d",
    AIOKafkaConnection.send: "5909ea32f4ef",
    AIOKafkaConnection._send_sasl_token: "7a3d948fc526",
}


def digest(function: object) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]  # type: ignore[arg-type]


@pytest.mark.parametrize("method", REPLACED, ids=lambda method: method.__qualname__)
def test_a_replaced_method_is_the_one_that_was_read(method):
    assert digest(method) == REPLACED[method], f"{method.__qualname__} has changed: read it again"


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            driver.AIOKafkaConsumerThread,
            ["_ensure_consumer", "call_thread", "on_start", "_consumer", "assignment"],
        ),
        (
            driver.Consumer,
            ["_new_consumer_thread", "_get_active_partitions", "resume_partitions", "resume_flow"],
        ),
        (Recovery, ["_set_recovery_ended", "_wait"]),
        (TableManager, ["on_actives_ready", "on_standbys_ready"]),
        (faust.App, ["on_rebalance_end", "consumer_generation_id", "_fetcher", "flow_control"]),
        (aiokafka.AIOKafkaConsumer, ["beginning_offsets", "end_offsets", "position", "seek"]),
        (fetcher.Fetcher, ["fetched_records"]),
        (GroupCoordinator, ["check_errors"]),
        (AIOKafkaConnection, ["close", "host", "port"]),
        (subscription_state.Assignment, ["tps", "state_value"]),
        (
            subscription_state.TopicPartitionState,
            ["position", "has_valid_position", "consumed_to", "seek", "await_reset"],
        ),
        (message_accumulator.BatchBuilder, ["append", "close", "record_count"]),
        (message_accumulator.MessageAccumulator, ["fail_all"]),
        (
            transaction_manager.TransactionManager,
            ["error_transaction", "is_fatal_error", "wait_for_transaction_end"],
        ),
        (aiokafka_producer.AIOKafkaProducer, ["create_batch", "send_batch", "begin_transaction"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_names_leaned_on_exist(owner, names):
    missing = [name for name in names if not hasattr(owner, name)]
    assert not missing, f"{owner.__name__} has lost {missing}"


@pytest.mark.parametrize(
    ("function", "attributes"),
    [
        (
            aiokafka.AIOKafkaConsumer.__init__,
            ["_isolation_level", "_fetch_max_wait_ms", "_fetch_min_bytes"],
        ),
        (
            aiokafka.AIOKafkaConsumer.start,
            ["_isolation_level", "_fetch_max_wait_ms", "_fetch_min_bytes"],
        ),
        (fetcher.Fetcher.__init__, ["_prefetch_backoff"]),
        (
            fetcher.Fetcher._get_actions_per_node,
            ["FetchRequest(\n                self._fetch_max_wait_ms,\n", "self._fetch_min_bytes"],
        ),
        (fetcher.Fetcher._proc_fetch_request, ["tp_state.lso", "tp_state.timestamp"]),
        (fetcher.Fetcher._proc_fetch_request, ["_prefetch_backoff", "tp_state.await_reset("]),
        (faust_consumer.Consumer, ["self._read_offset", "self._paused_partitions"]),
        (faust_consumer.Consumer, ["self._buffered_partitions", "self.flow_active"]),
        (Recovery.__init__, ["completed"]),
        (aiokafka_consumer, ["_subscription"]),
        (aiokafka.AIOKafkaConsumer.start, ["self._coordinator = GroupCoordinator("]),
        (GroupCoordinator._push_error_to_user, ["_pending_exception", "_error_consumed_fut"]),
        (GroupCoordinator.check_errors, ["_pending_exception", "_error_consumed_fut.set_result("]),
        (
            aiokafka_producer.AIOKafkaProducer.__init__,
            ["self._txn_manager", "self._message_accumulator"],
        ),
        (sender.AddPartitionsToTxnHandler, ["txn_manager.error_transaction("]),
        (sender.Sender._fail_all, ["_message_accumulator.fail_all(", "_txn_manager.fatal_error("]),
        (
            message_accumulator.MessageAccumulator.fail_all,
            ["self._batches.values()", "self._pending_batches"],
        ),
        (message_accumulator.MessageBatch.failure, ["self._drain_waiter.set_exception("]),
    ],
    ids=lambda value: getattr(value, "__qualname__", getattr(value, "__name__", "")),
)
def test_the_attributes_leaned_on_are_used_where_we_think(function, attributes):
    source = inspect.getsource(function)
    missing = [name for name in attributes if name not in source]
    assert not missing


def test_a_partitions_state_takes_a_method_of_its_own():
    state = subscription_state.TopicPartitionState.__new__(subscription_state.TopicPartitionState)
    state.await_reset = print
    assert state.await_reset is print


def test_the_pause_between_transactions_is_read_at_each_use():
    assert isinstance(sender.BACKOFF_OVERRIDE, float)
    assert "return BACKOFF_OVERRIDE" in inspect.getsource(sender)


def test_a_consumer_message_takes_its_fields_in_the_order_we_pass_them():
    names = list(inspect.signature(ConsumerMessage.__init__).parameters)[1:14]
    assert names == [
        "topic",
        "partition",
        "offset",
        "timestamp",
        "timestamp_type",
        "headers",
        "key",
        "value",
        "checksum",
        "serialized_key_size",
        "serialized_value_size",
        "tp",
        "time_in",
    ]
