"""What happens to an account: changes, verifications, complaints, appeals, rulings, deadlines.

Inputs and deadlines are applied to the state of one account (`state`), collect effects
(`effects`), and become records in one place (`emit`). The front door is `processors.engine`.
"""

from processors.accounts.audit import audit_hash
from processors.accounts.ledger import score_of
from processors.accounts.recording import OutputRecord
from processors.accounts.state import Account, Status, UnreadableState, decode, encode, next_due

__all__ = [
    "Account",
    "OutputRecord",
    "Status",
    "UnreadableState",
    "audit_hash",
    "decode",
    "encode",
    "next_due",
    "score_of",
]
