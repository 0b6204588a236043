"""What pretix exports, in its languages, as it is."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.connect.roster_file import RosterRead, read_roster

BERLIN = ZoneInfo("Europe/Berlin")

POSITIONS = (
    '"Event slug","Event name","Order code","Position ID","Status","Email","Phone number","Order date",'
    '"Order time","Product","Product ID","Variation","Variation ID","Price","Tax rate","Tax rule",'
    '"Tax value","Attendee name","Attendee name: Given name","Attendee name: Family name",'
    '"Attendee email","Attendee company","Address","ZIP code","City","Country","State","Voucher",'
    '"Voucher budget usage","Voucher tag","Pseudonymization ID","Ticket secret","Seat ID","Seat name",'
    '"Seat zone","Seat row","Seat number","Blocked","Valid from","Valid until","Order comment",'
    '"Follow-up date","Add-on to position ID","T-shirt size","Invoice address company",'
    '"Invoice address name","Invoice address street","Invoice address ZIP code","Invoice address city",'
    '"Invoice address country","Invoice address state","VAT ID","Sales channel","Order locale",'
    '"Email address verified","External customer ID","Check-in lists","Payment providers",'
    '"Position order link"'
)
POSITIONS_ROW = (
    '"conf","Conf","{order}",{position},"{status}","a@example.org","","2026-10-01","10:00:00",'
    '"Day ticket","12","Early","3","10.00","19.00","VAT","1.60","{name}","Anna","Weiß","a@example.org",'
    '"","","","","","","","","","XYZ9","{secret}","","","","","","{blocked}","{since}","{until}","","",'
    '"","M","","Rechnungsstelle","","","","","","","web","en","Yes","","","paypal",'
    '"https://tickets.example.org/x"'
)
CHECKIN_LIST = (
    "Bestellnummer;Name Teilnehmer*in;Teilnehmer*innenname: Vorname;Teilnehmer*innenname: Nachname;"
    "Produkt;Preis;Eingecheckt;Ausgecheckt;Automatisch eingecheckt;bezahlt;Secret;E-Mail;Telefonnummer;"
    "Firma;Gutscheincode;Bestelldatum;Bestellzeit;Benötigt besondere Aufmerksamkeit;Kommentar;"
    "Check-in-Text;Sitzplatz-ID;Sitzplatz-Name;Sitzplatz-Zone;Sitzplatz-Reihe;Sitzplatz-Nummer;Gesperrt;"
    "Gültig ab;Gültig bis;Adresse;Postleitzahl;Stadt;Land;Bundesstaat"
)
CHECKIN_ROW = (
    "{};{};Anna;Weiß;Tageskarte – Früh;10,00;;;Nein;{};{};a@example.org;;Firma;;2026-10-01;10:00:00;Nein;"
    ';"Zeile 1\nZeile 2";;;;;;{};24.11.2026 09:00;;;;;;'
)


def read(tmp_path: Path, text: str) -> RosterRead:
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8", newline="")
    found = read_roster(path, event_key=b"key", tz=BERLIN)
    assert not found.problems, found.problems
    return found


def position(**fields: object) -> str:
    values = {
        "order": "ABCDE",
        "position": 1,
        "status": "paid",
        "name": "Anna Weiß",
        "blocked": "",
        "since": "",
        "until": "",
    }
    return POSITIONS_ROW.format(**{**values, **fields})


def test_the_export_of_order_positions_is_a_roster(tmp_path: Path) -> None:
    """The id is the order's code and the position, the product the item; blocked and canceled ones are known."""
    found = read(
        tmp_path,
        "\r\n".join([
            POSITIONS,
            position(secret="a" * 32, since="2026-11-24 09:00", until="2026-11-24 18:00"),
            position(secret="b" * 32, position=2, blocked="Yes", name="O, Pat"),
            position(secret="c" * 32, order="FGHIJ", status="pending"),
            position(secret="d" * 32, order="FGHIJ", position=2, status="canceled"),
            position(secret="e" * 32, order="KLMNO", status="approval pending"),
            position(secret="f" * 32, order="KLMNO", position=2, status="pending (confirmed)"),
            position(secret="'=" + "g" * 31, order="PQRST", status="expired"),
        ]),
    )  # fmt: skip
    assert [(t.id, t.code[:3], t.status) for t in found.tickets] == [
        ("ABCDE-1", "aaa", "valid"),
        ("ABCDE-2", "bbb", "blocked"),
        ("FGHIJ-1", "ccc", "unpaid"),
        ("FGHIJ-2", "ddd", "canceled"),
        ("KLMNO-1", "eee", "unapproved"),
        ("KLMNO-2", "fff", "valid"),
        ("PQRST-1", "=gg", "unpaid"),
    ]
    first = found.tickets[0]
    assert (first.name, first.product) == ("Anna Weiß", "Day ticket")
    assert (first.valid_from, first.valid_until) == (1795507200000, 1795539600000)
    assert any("Pseudonymization ID" in note for note in found.notes)
    assert any("apostrophe" in note for note in found.notes)


def test_the_export_of_a_check_in_list_is_a_roster(tmp_path: Path) -> None:
    """In German, separated by semicolons, with secrets and pending orders included."""
    row = CHECKIN_ROW
    found = read(
        tmp_path,
        "\n".join(
            [
                CHECKIN_LIST,
                row.format("ABCDE", "Anna Weiß", "Ja", "x1", ""),
                row.format("ABCDE", "佐藤 花子", "Nein", "x2", "Ja"),
            ]
        ),
    )
    assert [(t.code, t.name, t.status) for t in found.tickets] == [
        ("x1", "Anna Weiß", "valid"),
        ("x2", "佐藤 花子", "blocked"),
    ]
    assert found.tickets[0].product == "Tageskarte – Früh"
    assert found.tickets[0].valid_from == 1795507200000
    assert len({t.id for t in found.tickets}) == 2


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Code de commande;ID de la position;Statut;Produit;Nom du participant;Pays;État;Secret du billet;Bloqué",
         "ABC;1;en attente;Pass;Zoé;FR;Var;s1;"),
        (("Código del pedido;ID de posición;Estado;Producto;Nombre del asistente;País;Estado;"
         "Secreto de la entrada;Bloqueado"),
         "ABC;1;pendiente;Pass;Zoé;ES;Soria;s1;"),
        ("Codice ordine;ID posizione;Stato;Prodotto;Nome del partecipante;Nazione;Stato;Biglietto segreto;Bloccato",
         "ABC;1;in attesa;Pass;Zoé;IT;Lazio;s1;"),
        ("Bestelcode;Positie-ID;Status;Product;Naam deelnemer;Land;Staat;Ticketgeheim;Geblokkeerd",
         "ABC;1;openstaand;Pass;Zoé;NL;Utrecht;s1;"),
        ("Código do pedido;ID de posição;Estado;Produto;Nome do participante;País;Estado;Segredo de bilhete;Bloqueado",
         "ABC;1;pendente;Pass;Zoé;PT;Faro;s1;"),
        ("Código do pedido;ID Posição;Status;Produto;Nome do participante;País;Estado;Segredo do ingresso;Bloqueado",
         "ABC;1;pendente;Pass;Zoé;BR;Bahia;s1;"),
        ("注文コード;ポジションID;ステータス;製品;参加者の名前;国;州・都道府県;チケットシークレット;ブロックされました",
         "ABC;1;保留中;Pass;Zoé;JP;東京;s1;"),
        ("رمز الطلب;رقم الوظيفة;الحالة;المنتج;اسم المشارك;البلد;الولاية;سر التذكرة;محجوب",
         "ABC;1;قيد الانتظار;Pass;Zoé;EG;القاهرة;s1;"),
    ],
)  # fmt: skip
def test_its_other_languages_are_understood(tmp_path: Path, header: str, row: str) -> None:
    """French, Spanish, Italian, Dutch, Portuguese of both sides, Japanese, Arabic."""
    ticket = read(tmp_path, f"{header}\n{row}\n").tickets[0]
    assert (ticket.id, ticket.code, ticket.name, ticket.product, ticket.status) == (
        "ABC-1",
        "s1",
        "Zoé",
        "Pass",
        "unpaid",
    )
