"""What the machine refuses in the middle of a delivery: disk, rights, memory, threads. It is no bug of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from akten.diskwords import as_ours, is_of_the_machine
from akten.exhausted import exhausted


@contextmanager
def machine_told() -> Iterator[None]:
    """Turns what the machine refuses into our own errors; any other fault is a bug and travels up as it is."""
    try:
        yield
    except OSError as fault:
        if not is_of_the_machine(fault.errno):
            raise
        raise as_ours(fault, "Die Lieferung ist nicht fertig geworden") from fault
    except (MemoryError, RuntimeError) as fault:
        lack = exhausted(fault)
        if lack is None:
            raise
        raise lack from fault
