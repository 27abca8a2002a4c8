"""The controller's log: written to standard output as Jenkins words it, and kept for the script console."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from dataclasses import dataclass

__all__ = ["Journal", "Record"]


KEPT = 256
"""Records of all levels, as ``RingBufferLogHandler`` keeps them."""


@dataclass(frozen=True)
class Record:
    at_ms: int
    level: str
    logger: str
    message: str


class Journal:
    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def info(self, logger: str, message: str) -> None:
        self._write("INFO", logger, message)

    def warning(self, logger: str, message: str) -> None:
        self._write("WARNING", logger, message)

    def severe(self, logger: str, message: str) -> None:
        self._write("SEVERE", logger, message)

    def since(self, at_ms: int, level: str) -> list[Record]:
        with self._lock:
            return [record for record in self._records if record.at_ms >= at_ms and record.level == level]

    def has_all_since(self, at_ms: int) -> bool:
        """False when records of that time may have been dropped."""
        with self._lock:
            return len(self._records) < KEPT or any(record.at_ms < at_ms for record in self._records)

    def _write(self, level: str, logger: str, message: str) -> None:
        record = Record(int(time.time() * 1000), level, logger, message)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record.at_ms / 1000))
        with self._lock:
            self._records.append(record)
            sys.stdout.write(f"{stamp}.{record.at_ms % 1000:03d}+0000 [id=1]\t{level}\t{logger}: {message}\n")
            sys.stdout.flush()
