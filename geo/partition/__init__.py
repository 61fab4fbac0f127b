"""The boundary engine: which block belongs to which community."""
