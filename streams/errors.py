"""What can go wrong in a worker, named by what must happen next.

::

    WorkerError                   leave the process with its exit code
    +-- ConfigurationError   (2)  mend the settings, then start again
    +-- TaskMigrated         (3)  another worker owns the partition: restart, and be assigned anew
    +-- BrokerUnreachable    (4)  restart until Kafka answers
    +-- TaskCorrupted        (5)  state and log contradict each other: a person must look

A supervisor (systemd, Kubernetes, `zhengming demo`) restarts the process; nothing is retried inside
one that has lost its partition. 0 is a clean stop, 1 a fault nobody foresaw.
"""

from __future__ import annotations

RESTORE_A_BACKUP = (
    "restore a backup into topics of other names (docs/operations.md, The changelog is lost)"
)
"""What to do where states are lost."""


class WorkerError(Exception):
    """A worker cannot go on. ``exit_code`` tells the supervisor why."""

    exit_code = 1


class ConfigurationError(WorkerError):
    """The settings cannot work; starting again without a change is useless."""

    exit_code = 2


class TaskMigrated(WorkerError):
    """Another worker has fenced this one. Never answered with a new producer epoch."""

    exit_code = 3


class BrokerUnreachable(WorkerError):
    """Kafka did not answer through all retries."""

    exit_code = 4


class TaskCorrupted(WorkerError):
    """Records were skipped and could not be read again, or the changelog contradicts the state."""

    exit_code = 5


class MessageTooLarge(Exception):
    """One output does not fit into a batch: its input goes to the dead letters."""


class DependencyUnavailable(OSError):
    """Something processing needs (the schema registry) does not answer: try the batch again."""
