"""The HTTP gateway: the stream for services, reviewers, operators and auditors.

The gateway decides nothing: it publishes inputs, waits for what the stream says, and reads views.
"""
