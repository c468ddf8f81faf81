"""Call plans: an exported function as one native call for arguments of known shapes."""
