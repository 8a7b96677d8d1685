"""Redis views of the topics, for screens and the gateway: what is known now, quick to look up.

A view is derived: it may be thrown away and read again from the topics at any time
(`zhengming views rebuild`). It holds no value of an account, only what the outputs say.
"""

from streams.views.documents import AccountView
from streams.views.fold import Seen
from streams.views.reader import ViewReader
from streams.views.store import LeaseLost, ViewStore

__all__ = ["AccountView", "LeaseLost", "Seen", "ViewReader", "ViewStore"]
