"""Policy packs: loading, checking, judging."""
