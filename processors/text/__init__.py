"""The text engine: finds contacts, protected names, claims and lexicon entries in texts.

Every search takes a sequence of texts and returns, for each, its matches in order of span. A text
gets the same answer alone and in a batch.
"""

from processors.text.claims import Claims, find_claims
from processors.text.contacts import Contacts, find_contacts
from processors.text.entry import BadLine, Entry, read_entries
from processors.text.lexicon import Lexicon, View
from processors.text.match import HIDDEN, HIDDEN_ZH, Match, Outcome
from processors.text.protected import ProtectedNames
from processors.text.scan import Detector, Scanner
from processors.text.show import Form, forms_of

__all__ = [
    "HIDDEN",
    "HIDDEN_ZH",
    "BadLine",
    "Claims",
    "Contacts",
    "Detector",
    "Entry",
    "Form",
    "Lexicon",
    "Match",
    "Outcome",
    "ProtectedNames",
    "Scanner",
    "View",
    "find_claims",
    "find_contacts",
    "forms_of",
    "read_entries",
]
