"""Files from strangers: opened in a sandboxed process, checked, stored or refused."""
