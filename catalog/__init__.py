"""The memory: register of Akten and packages, search, and the hash-chained audit trail, one transaction each."""
