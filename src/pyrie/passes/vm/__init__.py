"""The vm phase: hal to vm ops, then bytecode."""
