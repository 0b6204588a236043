"""Which column means what."""

from __future__ import annotations

import pytest

from appliance.connect.columns import Columns, find_columns, names_a_code


def found(header: list[str], **chosen: str) -> dict[str, str]:
    columns = find_columns(header, chosen, 1)
    assert isinstance(columns, Columns), columns
    return {meaning: header[at] for meaning, at in columns.at.items()}


@pytest.mark.parametrize(
    ("header", "meanings"),
    [
        (["Code"], {"code": "Code"}),
        (["  TICKET   code * "], {"code": "  TICKET   code * "}),
        (["Ticketcode", "Ticket-ID", "Vorname", "Nachname"], {"code", "id", "given", "family"}),
        (["Strichcode", "Name", "Kategorie", "Status", "Standort", "Gültig ab", "gueltig bis"],
         {"code", "name", "product", "status", "hub", "valid_from", "valid_until"}),
        (["Code-barres", "Nom", "Prénom", "Catégorie", "Statut", "Valable jusqu’au"],
         {"code", "name", "given", "product", "status", "valid_until"}),
        (["Código de barras", "Nombre", "Apellidos", "Tipo de entrada", "Estado", "Válido desde"],
         {"code", "name", "family", "product", "status", "valid_from"}),
        (["Codice a barre", "Nome", "Cognome", "Tipo di biglietto", "Stato", "Sede"],
         {"code", "name", "family", "product", "status", "hub"}),
        (["Streepjescode", "Naam", "Tickettype", "Status", "Locatie", "Geldig tot"],
         {"code", "name", "product", "status", "hub", "valid_until"}),
        (["Código QR", "Nome do participante", "Tipo de ingresso", "Situação"], {"code", "name", "product", "status"}),
        (["バーコード", "氏名", "券種", "ステータス", "会場", "有効期限"],
         {"code", "name", "product", "status", "hub", "valid_until"}),
        (["ﾊﾞｰｺｰﾄﾞ", "お名前"], {"code", "name"}),
        (["الرمز", "الاسم", "نوع التذكرة", "الحالة", "صالح حتى"], {"code", "name", "product", "status", "valid_until"}),
    ],
)  # fmt: skip
def test_ok__headers_in_nine_languages(header: list[str], meanings: dict[str, str] | set[str]) -> None:
    """A header is known by its name whatever its case, accents, spaces and punctuation."""
    columns = found(header)
    assert columns == meanings if isinstance(meanings, dict) else set(columns) == meanings


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (["Name", "E-Mail"], 'the header "Name", "E-Mail"'),
        ([""], "the header nothing"),
        (["Code", "Barcode"], '"Code" (column 1) and "Barcode" (column 2)'),
        (["Code", "Name", "name"], '"Name" (column 2) and "name" (column 3)'),
        (["Voucher code", "Order code", "Seat ID", "Zip code"], "the header"),
        (["Code"] + ["x"] * 600, "601 columns"),
    ],
)
def test_fail__headers_that_cannot_be_used(header: list[str], says: str) -> None:
    """No code, or two columns of one meaning, is an error that shows what was found."""
    problems = find_columns(header, {}, 7)
    assert isinstance(problems, list)
    assert says in problems[0].found
    assert problems[0].line == 7


def test_two_columns_of_one_meaning_are_told_apart_by_a_choice() -> None:
    """`--column` decides where the names don't, and its column stands for nothing else."""
    header = ["Code", "Barcode", "Ticket No"]
    assert found(header, code="barcode") == {"code": "Barcode", "id": "Ticket No"}
    assert found(["A", "B"], code="b", name="a") == {"code": "B", "name": "A"}
    assert found(["Code", "Secret"], code="Secret", id="Code") == {"code": "Secret", "id": "Code"}


def test_a_choice_of_a_column_that_is_not_there_is_an_error() -> None:
    """The error shows the header and the choice."""
    problems = find_columns(["Code", "Name"], {"code": "Kennung"}, 1)
    assert isinstance(problems, list)
    assert "Kennung" in problems[0].expected


def test_order_and_position_make_an_id_only_together() -> None:
    """An order has several tickets, and a position without an order is a job title."""
    assert set(found(["Code", "Order code", "Position ID"])) == {"code", "order", "position"}
    assert set(found(["Code", "Order code"])) == {"code"}
    assert set(found(["Code", "Position"])) == {"code"}
    assert set(found(["Code", "Position ID"])) == {"code", "id"}
    assert set(found(["Code", "Ticket ID", "Order code", "Position ID"])) == {"code", "id"}


def test_the_state_of_an_address_is_no_status() -> None:
    """In Italian and Portuguese one word is both; behind the country it belongs to the address."""
    assert found(["Biglietto segreto", "Stato", "Nazione", "Stato"])["status"] == "Stato"
    problems = find_columns(["Codice", "Stato", "Nome", "Stato"], {}, 1)
    assert isinstance(problems, list)


def test_columns_that_nothing_is_known_of_are_named() -> None:
    """Nobody finds out at the door that a column was not understood."""
    columns = find_columns(["Code", "E-mail", "", "Shoe size", ""], {}, 1)
    assert isinstance(columns, Columns)
    assert columns.ignored == ("E-mail", "Shoe size")


def test_a_row_of_data_is_no_header() -> None:
    """What names no column of codes is passed over."""
    assert not names_a_code(["Guests of the opening", ""], {})
    assert names_a_code(["No.", "QR-Code"], {})
