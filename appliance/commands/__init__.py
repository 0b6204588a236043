"""The subcommands, one file a matter: each turns arguments and settings into a call of its builder."""
