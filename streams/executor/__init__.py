"""The reference executor: carries disposals to a platform, signed, until each is acknowledged.

Nothing else of the project depends on it: whoever executes disposals may read `account.disposals`
by their own means, under the contract of docs/executor.md.
"""
