"""The usual faults of a running application, each found by a look at it, each with its cure.

`cluster` looks at Kafka and its topics, `rights` at what we may do there, `clock` at its time,
`records` at the last records, `workers` at who processes them and under what, `surroundings` at
everything beside Kafka.
"""

from streams.doctor.checks import examine
from streams.doctor.finding import Finding

__all__ = ["Finding", "examine"]
