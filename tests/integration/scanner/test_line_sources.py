"""Hand scanners that type (recorded events), serial ones (a pseudo-terminal), pipes and standard input."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
import tty

import pytest

from appliance.scanner.sources import SourceDied, SourceFault, check_source
from appliance.scanner.sources.addresses import Hid, Pipe
from appliance.scanner.sources.hid import HidWire
from appliance.scanner.sources.input_devices import EvdevDevices
from appliance.scanner.sources.line_reading import LineReader
from appliance.scanner.sources.pipe import PipeWire
from tests.fakes import STOP_SECONDS, FakeInputDevice, FakeInputDevices, until


def text_of(source):
    line = source.read(STOP_SECONDS)
    assert line is not None
    assert line.seen_ms > 1e12
    return line.text


def never(source):
    """Nothing within a moment."""
    return source.read(0.3) is None


@pytest.fixture
def hid():
    """A function that reads hand scanners among such devices."""
    sources = []

    def begin(devices, path=""):
        sources.append(LineReader(HidWire(Hid(path, 0.15), devices), name="hand scanner"))
        return sources[-1]

    yield begin
    for source in sources:
        source.close()


def test_what_a_scanner_types_is_a_line_and_is_kept_from_everybody_else(hid):
    scanner = FakeInputDevice("Symbol Technologies Bar Code Scanner")
    source = hid(FakeInputDevices(event3=scanner))
    until(lambda: source.state == "ok")
    assert scanner.grabbed
    scanner.type("T-000123-äß".replace("äß", "Xy/?"))
    assert text_of(source) == "T-000123-Xy/?"
    assert (source.kind, source.name, source.detail) == ("scanner", "hand scanner", "")


def test_a_scan_whose_enter_is_missing_ends_after_a_pause(hid):
    scanner = FakeInputDevice("Barcode Scanner")
    source = hid(FakeInputDevices(event3=scanner))
    scanner.type("T-000123", enter=False)
    assert text_of(source) == "T-000123"


def test_two_scans_without_enter_that_are_read_at_once_are_two_lines(hid):
    scanner = FakeInputDevice("Barcode Scanner")
    scanner.type("FIRST-1", enter=False)
    scanner.send([(4, 4, 0)], step=0.5)  # half a second by the kernel's clock
    scanner.type("SECOND-2")
    source = hid(FakeInputDevices(event3=scanner))
    assert [text_of(source), text_of(source)] == ["FIRST-1", "SECOND-2"]


def test_a_scanner_unplugged_and_plugged_in_again_comes_back(hid):
    scanner = FakeInputDevice("Barcode Scanner")
    devices = FakeInputDevices(event3=scanner)
    source = hid(devices)
    until(lambda: source.state == "ok")
    devices.plugged.clear()
    scanner.unplug()
    until(lambda: source.state == "gone")
    assert "plug it in" in source.detail
    again = FakeInputDevice("Barcode Scanner")
    devices.plugged["/dev/input/event7"] = again
    until(lambda: source.state == "ok")
    again.type("T-2")
    assert text_of(source) == "T-2"
    assert scanner.closed


def test_a_second_scanner_plugged_in_later_is_read_too(hid):
    first, second = FakeInputDevice("Barcode Scanner"), FakeInputDevice("HID QR code reader")
    devices = FakeInputDevices(event3=first)
    source = hid(devices)
    until(lambda: source.state == "ok")
    devices.plugged["/dev/input/event4"] = second
    until(lambda: second.grabbed)
    second.type("T-2")
    first.type("T-1")
    assert {text_of(source), text_of(source)} == {"T-1", "T-2"}


def test_a_scanner_is_known_by_its_maker_when_its_name_says_nothing(hid):
    scanner = FakeInputDevice("USB Keyboard", vendor=0x05E0)
    source = hid(FakeInputDevices(event3=scanner))
    until(lambda: source.state == "ok")
    assert scanner.grabbed


def test_a_keyboard_that_types_as_fast_as_a_scanner_is_taken_for_one(hid):
    keyboard = FakeInputDevice("USB Keyboard")
    source = hid(FakeInputDevices(event3=keyboard))
    assert "USB Keyboard" in until(lambda: source.detail)
    assert source.state == "starting"
    assert not keyboard.grabbed
    keyboard.type("T-000123", step=0.004)
    assert text_of(source) == "T-000123"
    until(lambda: source.state == "ok")
    assert keyboard.grabbed


def test_a_scanner_that_is_gone_is_missed_though_a_keyboard_stays(hid):
    scanner = FakeInputDevice("Barcode Scanner")
    devices = FakeInputDevices(event1=FakeInputDevice("USB Keyboard"), event3=scanner)
    source = hid(devices)
    until(lambda: source.state == "ok")
    del devices.plugged["/dev/input/event3"]
    scanner.unplug()
    until(lambda: source.state == "gone")
    assert "Barcode Scanner is gone" in source.detail


def test_a_scanner_known_by_its_speed_is_known_again_when_plugged_in_again(hid):
    devices = FakeInputDevices(event3=FakeInputDevice("USB Keyboard"))
    source = hid(devices)
    devices.plugged["/dev/input/event3"].type("T-000123")
    assert text_of(source) == "T-000123"
    devices.plugged.pop("/dev/input/event3").unplug()
    until(lambda: source.state == "gone")
    again = FakeInputDevice("USB Keyboard")
    devices.plugged["/dev/input/event3"] = again
    until(lambda: again.grabbed)


def test_what_people_type_on_their_keyboard_is_dropped_and_not_logged(hid, caplog):
    keyboard = FakeInputDevice("USB Keyboard")
    source = hid(FakeInputDevices(event3=keyboard))
    keyboard.type("password", step=0.06)
    assert never(source)
    assert not keyboard.grabbed
    assert "password" not in caplog.text


def test_devices_that_can_t_type_a_code_are_left_alone(hid):
    mouse, scanner = FakeInputDevice("Barcode Mouse", keys=range(0x110, 0x118)), FakeInputDevice("Barcode Scanner")
    source = hid(FakeInputDevices(event1=mouse, event3=scanner))
    until(lambda: source.state == "ok")
    assert mouse.closed
    assert not mouse.grabbed


def test_a_device_named_in_the_settings_is_a_scanner_whatever_it_looks_like(hid):
    keyboard = FakeInputDevice("USB Keyboard")
    source = hid(FakeInputDevices(event3=keyboard), "/dev/input/event3")
    until(lambda: source.state == "ok")
    assert keyboard.grabbed
    keyboard.type("T-1", step=0.03)
    assert text_of(source) == "T-1"


def test_a_scan_of_which_keys_were_lost_is_dropped_whole(hid, caplog):
    scanner = FakeInputDevice("Barcode Scanner")
    scanner.type("LOST", enter=False)
    scanner.send([(0, 3, 0)])
    scanner.type("WHOLE")
    assert text_of(hid(FakeInputDevices(event3=scanner))) == "WHOLE"
    assert "a scan is lost" in caplog.text


@pytest.mark.parametrize(
    ("path", "said"), [("", "no hand scanner is found"), ("/dev/input/event9", "is the scanner plugged in")]
)
def test_a_scanner_that_is_missing_is_gone_with_what_to_do(path, said, hid):
    source = hid(FakeInputDevices(), path)
    assert said in until(lambda: source.detail)
    assert source.state == "gone"
    with pytest.raises(SourceFault, match=said):
        HidWire(Hid(path, 0.15), FakeInputDevices()).check()


def test_a_device_that_may_not_be_read_says_the_group():
    devices = FakeInputDevices(event3=FakeInputDevice("Barcode Scanner"))
    devices.forbidden = True
    with pytest.raises(SourceFault, match="group `input`"):
        HidWire(Hid("/dev/input/event3", 0.15), devices).check()


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "evdev", None)
    with pytest.raises(SourceFault, match="python3-evdev"):
        HidWire(Hid("", 0.15), EvdevDevices()).check()


def test_the_real_library_lists_this_machine_s_devices():
    assert all(path.startswith("/dev/input/") for path in EvdevDevices().paths())


class Port:
    """A serial scanner: a pseudo-terminal behind a link that stands for /dev/ttyACM0."""

    def __init__(self, link):
        self.link = link
        self.plug_in()

    def plug_in(self):
        self.scanner, self._box = pty.openpty()
        tty.setraw(self._box)
        self.link.symlink_to(os.ttyname(self._box))

    def unplug(self):
        self.link.unlink()
        os.close(self._box)
        os.close(self.scanner)


@pytest.fixture
def port(tmp_path):
    return Port(tmp_path / "ttyACM0")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b""])
def test_a_serial_scanner_s_line_ends_with_cr_lf_both_or_a_pause(end, port, opened):
    source = opened(f"serial:{port.link}?baud=115200")
    until(lambda: source.state == "ok")
    os.write(port.scanner, "T-1 Zoë".encode() + end)
    assert text_of(source) == "T-1 Zoë"
    os.write(port.scanner, b"T-2" + end)
    assert text_of(source) == "T-2"


def test_a_serial_scanner_unplugged_and_plugged_in_again_comes_back(port, opened):
    source = opened(f"serial:{port.link}")
    until(lambda: source.state == "ok")
    port.unplug()
    until(lambda: source.state == "gone")
    assert "plug" in source.detail
    port.plug_in()
    until(lambda: source.state == "ok")
    os.write(port.scanner, b"T-2\r")
    assert text_of(source) == "T-2"


def test_a_serial_flood_without_end_is_dropped_with_a_word(port, opened, caplog):
    source = opened(f"serial:{port.link}?pause=1")
    until(lambda: source.state == "ok")
    writer = threading.Thread(target=lambda: os.write(port.scanner, b"x" * 50_000 + b"\rOK\r"))
    writer.start()
    assert text_of(source) == "OK"
    writer.join()
    assert "wrong baud rate?" in caplog.text


def test_check_says_what_is_no_serial_port(tmp_path, port):
    check_source(f"serial:{port.link}")
    with pytest.raises(SourceFault, match="is the scanner plugged in"):
        check_source("serial:/dev/ttyACM99")
    (tmp_path / "file").touch()
    with pytest.raises(SourceFault, match="no serial port"):
        check_source(f"serial:{tmp_path}/file")


def test_a_named_pipe_is_made_and_read_from_one_writer_after_another(tmp_path, opened):
    path = tmp_path / "codes"
    source = opened(f"pipe:{path}")
    until(path.exists)
    for number in range(20):
        with path.open("w") as pipe:
            pipe.write(f"T-{number}\n")
    assert [text_of(source) for _ in range(20)] == [f"T-{number}" for number in range(20)]
    assert source.state == "ok"
    assert path.stat().st_mode & 0o007 == 0


def test_the_last_line_of_a_pipe_s_writer_needs_no_end(tmp_path, opened):
    path = tmp_path / "codes"
    source = opened(f"pipe:{path}")
    until(path.exists)
    path.write_text("T-1")
    assert text_of(source) == "T-1"


def test_a_file_is_followed_as_it_grows_and_when_it_is_replaced(tmp_path, opened):
    path = tmp_path / "codes.txt"
    path.write_text("T-1\nT-2")
    source = opened(f"pipe:{path}")
    assert [text_of(source), text_of(source)] == ["T-1", "T-2"]
    with path.open("a") as file:
        file.write("T-3\n")
    assert text_of(source) == "T-3"
    (tmp_path / "new").write_text("T-4\n")
    (tmp_path / "new").rename(path)
    assert text_of(source) == "T-4"
    assert not source.ended


def test_more_lines_than_may_wait_are_all_read(tmp_path, opened):
    path = tmp_path / "codes.txt"
    path.write_text("".join(f"T-{number}\n" for number in range(1000)))
    source = opened(f"pipe:{path}")
    assert [text_of(source) for _ in range(1000)] == [f"T-{number}" for number in range(1000)]


def test_binary_and_endless_lines_do_no_harm(tmp_path, opened):
    path = tmp_path / "codes.bin"
    path.write_bytes(os.urandom(20_000).replace(b"\n", b"x").replace(b"\r", b"x") + b"\n\x00\x1b\xff\nT-1\n")
    source = opened(f"pipe:{path}")
    assert [text_of(source), text_of(source)] == ["\x00\x1b\xff", "T-1"]


def test_a_pipe_that_can_t_be_made_is_said(tmp_path, opened):
    with pytest.raises(SourceFault, match="can't be made"):
        check_source(f"pipe:{tmp_path}/no/codes")
    source = opened(f"pipe:{tmp_path}/no/codes")
    assert "expected a named pipe" in until(lambda: source.detail)
    with pytest.raises(SourceFault, match="neither a pipe nor a file"):
        PipeWire(Pipe(str(tmp_path))).open()


def test_standard_input_is_read_to_its_end():
    program = (
        "from appliance.scanner.sources import open_source\n"
        "source = open_source('stdin:')\n"
        "while not source.ended:\n"
        "    line = source.read(1)\n"
        "    if line: print(line.text)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input="T-1\nT-2", capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "T-1\nT-2\n"


def test_closing_wakes_whoever_waits_for_a_line(tmp_path, opened):
    source = opened(f"pipe:{tmp_path}/codes")
    found = []
    reader = threading.Thread(target=lambda: found.append(source.read(STOP_SECONDS)))
    reader.start()
    source.close()
    reader.join(STOP_SECONDS)
    assert found == [None]


class _DyingWire:
    doubt = None

    def check(self):
        pass

    def open(self):
        pass

    def read(self, seconds):
        raise MemoryError("no more")

    def close(self):
        pass


def test_a_dead_reading_thread_is_told_to_whoever_reads():
    source = LineReader(_DyingWire(), name="x")
    with pytest.raises(SourceDied):
        source.read(STOP_SECONDS)
    assert source.state == "gone"
    source.close()
