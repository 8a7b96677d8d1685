"""The commands of `zhengming`, a module a group."""
