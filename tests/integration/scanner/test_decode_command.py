"""`appliance decode` on real files."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from appliance.cli import appliance
from appliance.scanner.drawn.card import code_modules, paint_modules


def picture_of(path, text, pixels=6):
    cv2.imwrite(str(path), paint_modules(code_modules(text), pixels=pixels))
    return path


def decode(*arguments):
    return CliRunner().invoke(appliance, ["decode", *map(str, arguments)])


def test_json_is_one_object_a_picture_and_nothing_else(tmp_path):
    files = [picture_of(tmp_path / f"{text}.png", text) for text in ("FIRST", "SECOND")]
    cv2.imwrite(str(tmp_path / "wall.jpg"), np.full((720, 1280), 180, np.uint8))
    result = decode("--json", *files, tmp_path / "wall.jpg")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [set(line) for line in lines] == [{"file", "ms", "codes"}] * 3
    assert [line["file"] for line in lines] == [*map(str, files), str(tmp_path / "wall.jpg")]
    assert [[code["text"] for code in line["codes"]] for line in lines] == [["FIRST"], ["SECOND"], []]
    assert [code["corners"][0] for line in lines for code in line["codes"]] == [[24, 24], [24, 24]]
    assert all(line["ms"] >= 0 for line in lines)


def test_a_person_reads_what_is_in_it_or_why_nothing_is(tmp_path):
    picture_of(tmp_path / "one.png", "TICKET-1")
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((720, 1280), 180, np.uint8))
    result = decode(tmp_path / "one.png", tmp_path / "wall.png")
    first, second = result.stdout.splitlines()
    assert "TICKET-1 at 24,24" in first
    assert "nothing in it looks like a code" in second


def test_what_a_hostile_code_says_to_the_terminal_is_shown_and_not_done(tmp_path):
    picture_of(tmp_path / "evil.png", "\x1b[2Jgone\r\nappliance: all is well")
    result = decode(tmp_path / "evil.png")
    assert "\x1b" not in result.stdout
    assert "\\x1b[2Jgone" in result.stdout
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_bad_file_is_named_and_the_others_are_decoded_all_the_same(tmp_path, as_json):
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    whole = picture_of(tmp_path / "good.png", "GOOD").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:40])
    Image.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    bad = ["missing.png", "letter.txt", "empty.png", "folder.png", "cut.png", "huge.png"]
    result = decode(*as_json, *(tmp_path / name for name in bad), tmp_path / "good.png")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == len(bad)
    for name, line in zip(bad, result.stderr.splitlines(), strict=True):
        assert str(tmp_path / name) in line
    (line,) = result.stdout.splitlines()
    assert "GOOD" in line


def test_corners_are_in_the_files_own_pixels_however_large_it_is(tmp_path):
    wall = np.full((3000, 6000), 200, np.uint8)
    code = paint_modules(code_modules("LARGE"), pixels=40)
    wall[1000 : 1000 + len(code), 3000 : 3000 + len(code)] = code
    cv2.imwrite(str(tmp_path / "large.png"), wall)
    result = decode("--json", tmp_path / "large.png")
    (code,) = json.loads(result.stdout)["codes"]
    assert code["corners"][0] == pytest.approx([3000 + 160, 1000 + 160], abs=12)


def test_without_a_file_it_says_how_it_is_used():
    result = decode()
    assert result.exit_code == 2
    assert "FILE..." in result.stderr
