"""What decoding reads and costs: beside plain zxing-cpp and cv2.QRCodeDetector, in one run on one machine.

python -m tests.bench.decode [FRAMES_A_KIND]

Frames and photographs are read in the directory that APPLIANCE_BENCH_DATA names (default: ../shared/data beside the
project): frames/manifest.json with `file`, `category` and `text`, and photos/ with a NAME.txt beside each picture.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import msgspec
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from appliance.scanner.decoding import Decoder
from appliance.scanner.drawn import KINDS, draw_frame, invent_text
from appliance.scanner.picture import to_grey

DATA: Final = Path(os.environ.get("APPLIANCE_BENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
MAY_MISS: Final = 1
"""Of the given frames."""
IDLE: Final = 1.4
"""Times a plain pass that a frame without a code may cost."""
AVERAGE: Final = 0.25
"""Of cv2.QRCodeDetector's time that a frame may cost on average."""
DRAWN: Final = 0.9
"""Of the frames of every kind that the project draws itself; plain zxing-cpp reads some three quarters."""
SHARE: Final = 0.10
"""Of a core that ten frames a second without a code may take."""
REPEATS: Final = 7

Grey = NDArray[np.uint8]


class Sample(NamedTuple):
    """A picture and the text in it; empty: none."""

    kind: str
    text: str
    grey: Grey


class Row(NamedTuple):
    """One line of the table. `least`: the bound is what is needed at least, otherwise what is allowed at most."""

    name: str
    value: float
    bound: float
    least: bool = False
    beside: str = ""

    @property
    def holds(self) -> bool:
        return self.value >= self.bound if self.least else self.value <= self.bound

    def line(self) -> str:
        sign = ">=" if self.least else "<="
        return f"{self.name}: {self.value:.3g} ({sign} {self.bound:.3g}){self.beside}"


class _Manifest(msgspec.Struct):
    file: str
    category: str
    text: str | None


def given_frames(data: Path = DATA) -> list[Sample]:
    """The frames of the manifest."""
    found = msgspec.json.decode((data / "frames" / "manifest.json").read_bytes(), type=list[_Manifest])
    return [Sample(entry.category, entry.text or "", _read(data / "frames" / entry.file)) for entry in found]


def given_photos(data: Path = DATA) -> list[Sample]:
    """The photographs with their texts."""
    paths = [path for path in sorted((data / "photos").iterdir()) if path.suffix in {".webp", ".png", ".jpg"}]
    return [Sample("photo", path.with_suffix(".txt").read_bytes().decode(), _read(path)) for path in paths]


def drawn_frames(a_kind: int, seed: int = 7) -> Iterator[Sample]:
    """Frames of every kind that the project draws."""
    for kind in KINDS:
        for number in range(a_kind):
            luck = np.random.default_rng([seed, zlib.crc32(kind.encode()), number])
            text = invent_text(kind, luck)
            yield Sample(kind, "" if kind == "none" else text, to_grey(draw_frame(kind, text, luck)))


def _read(path: Path) -> Grey:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None, path
    return np.asarray(picture, np.uint8)


def plain(grey: Grey) -> list[str]:
    """One pass of zxing-cpp as its users call it."""
    return [code.text for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)]  # type: ignore[arg-type]  # its stub knows sets alone


def ours(grey: Grey) -> list[str]:
    """The door's decoder on one picture."""
    return [code.text for code in Decoder().decode(grey).codes]


class Reading(NamedTuple):
    """How many of a set were read as they should, by kind, and what was read that isn't there."""

    read: dict[str, int]
    of: dict[str, int]
    false: int

    @property
    def missed(self) -> int:
        return sum(self.of.values()) - sum(self.read.values())

    def told(self) -> str:
        return ", ".join(f"{kind} {self.read[kind]}/{self.of[kind]}" for kind in self.of)


def reading(samples: Sequence[Sample], decode: Callable[[Grey], list[str]]) -> Reading:
    """Reads every sample that has a text in it, and looks for texts in those that have none."""
    read: dict[str, int] = {}
    of: dict[str, int] = {}
    false = 0
    for sample in samples:
        found = decode(sample.grey)
        false += sum(text != sample.text for text in found)
        if sample.text:
            of[sample.kind] = of.get(sample.kind, 0) + 1
            read[sample.kind] = read.get(sample.kind, 0) + (sample.text in found)
    return Reading(read, of, false)


def ratios(samples: Sequence[Sample], one: Callable[[Grey], object], other: Callable[[Grey], object]) -> float:
    """Processor time of `one` to that of `other` over all samples; in turn, the least of several each."""
    totals = [0.0, 0.0]
    for sample in samples:
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(REPEATS):
            for of_one, call in zip(times, (one, other), strict=True):
                began = time.process_time()
                call(sample.grey)
                of_one.append(time.process_time() - began)
        totals = [total + min(of_one) for total, of_one in zip(totals, times, strict=True)]
    return totals[0] / totals[1]


def rows(a_kind: int = 12) -> list[Row]:
    """The table. What is not there to be measured is left out with a word on stderr."""
    cv2.setNumThreads(1)
    table = [*_drawn_rows(list(drawn_frames(a_kind)))]
    for name, part in (("frames", _frame_rows), ("photos", _photo_rows)):
        if (DATA / name).is_dir():
            table += part()
        else:
            print(f"decode: {DATA / name} is not there: left out", file=sys.stderr)
    return table


def _drawn_rows(samples: list[Sample]) -> list[Row]:
    found, beside = reading(samples, ours), reading(samples, plain)
    share = sum(found.read.values()) / sum(found.of.values())
    plain_share = sum(beside.read.values()) / sum(beside.of.values())
    idle = [sample for sample in samples if not sample.text]
    looks = Decoder()
    began = time.process_time()
    for sample in idle:
        looks.look(sample.grey)
    ten = (time.process_time() - began) / len(idle) * 10
    return [
        Row("drawn frames read", share, DRAWN, least=True, beside=f"; plain {plain_share:.3g}; {found.told()}"),
        Row("drawn frames, false reads", found.false, 0),
        Row("drawn idle frame to a plain pass", ratios(idle, ours, plain), IDLE),
        Row("share of a core at 10 idle frames a second", ten, SHARE),
    ]


def _frame_rows() -> list[Row]:
    samples = given_frames()
    found = reading(samples, ours)
    idle = [sample for sample in samples if not sample.text]
    detector = cv2.QRCodeDetector()
    average = ratios(samples, ours, lambda grey: detector.detectAndDecode(grey))
    missed = f"; {found.told()}" if found.missed else ""
    return [
        Row("given frames missed", found.missed, MAY_MISS, beside=f" of {sum(found.of.values())}{missed}"),
        Row("given frames, false reads", found.false, 0),
        Row("given idle frame to a plain pass", ratios(idle, ours, plain), IDLE),
        Row("given frame to cv2.QRCodeDetector", average, AVERAGE),
    ]


def _photo_rows() -> list[Row]:
    samples = given_photos()
    found, beside = reading(samples, ours), reading(samples, plain)
    return [
        Row("photographs read", sum(found.read.values()), sum(beside.read.values()), least=True),
        Row("photographs, false reads", found.false, beside.false),
    ]


def main() -> None:
    """Prints the table; exits 1 where a bound does not hold."""
    table = rows(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
    for row in table:
        print(row.line() if row.holds else f"{row.line()}  <- NOT HELD")
    sys.exit(not all(row.holds for row in table))


if __name__ == "__main__":
    main()
