"""The headers that rosters have, by what they mean: a table, and nothing but a table.

English, German, French, Spanish, Italian, Dutch, Portuguese, Japanese, Arabic; among them those of pretix's exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Meaning = Literal[
    "code", "id", "order", "position", "name", "given", "family", "product", "status", "paid", "blocked", "canceled",
    "hub", "valid_from", "valid_until",
]  # fmt: skip

HEADERS: Final[Mapping[Meaning, str]] = {
    "code": """
        code; ticket code; ticket secret; secret; barcode; barcode number; barcode value; ticket barcode; QR
        QR code; QR text
        QR content; QR data; QR code secret; ticket QR code; credential; scan code; entry code; admission code
        check-in code
        Strichcode; Barcodenummer; Eintrittscode; Einlasscode; Kartencode; Geheimnis; Ticket-Geheimnis
        code-barres; code à barres; code barre; code QR; secret du billet; code du billet; code billet
        código; código de barras; código QR; secreto; secreto de la entrada; código de la entrada; código de entrada
        codice; codice a barre; codice QR; codice biglietto; codice del biglietto; segreto; biglietto segreto
        segreto del biglietto
        streepjescode; ticketgeheim; geheim
        segredo; segredo de bilhete; segredo do bilhete; segredo do ingresso; código do bilhete; código do ingresso
        コード; チケットコード; バーコード; QRコード; 二次元コード; チケットシークレット; シークレット
        الرمز; رمز; الكود; كود; رمز التذكرة; كود التذكرة; الباركود; باركود; الرمز الشريطي; رمز QR
        رمز الاستجابة السريعة; سر التذكرة; سري""",
    "id": """
        id; ticket id; ticket number; ticket no; ticket nr; ticket reference; attendee id; registration id
        Ticketnummer; Kartennummer; Eintrittskartennummer; Teilnehmer-ID; Teilnehmernummer
        ID du billet; numéro de billet; numéro du billet; n° de billet; identifiant; identifiant du billet
        ID de la entrada; ID de entrada; número de entrada; número de la entrada; identificador
        ID biglietto; ID del biglietto; numero biglietto; numero del biglietto; identificativo
        ID do bilhete; número do bilhete; ID do ingresso; número do ingresso
        チケットID; チケット番号; 識別番号; المعرف; معرف التذكرة; رقم التذكرة""",
    "order": """
        order code; order; order id; order number; order no; booking code; booking number; booking reference
        Bestellnummer; Bestellcode; Buchungsnummer; Auftragsnummer; Bestellung
        code de commande; code commande; numéro de commande; commande; código del pedido; número de pedido; pedido
        codice ordine; numero ordine; ordine; bestelcode; bestelnummer; bestelling; código do pedido
        número do pedido
        注文コード; 注文番号; 注文; رمز الطلب; رقم الطلب""",
    "position": """
        position id; position; position number; order position; Positionsnummer; Bestellposition; Positions-ID
        ID de la position; ID de posición; posición; ID posizione; posizione; positie-ID; positie; ID posição
        ID de posição; posição
        ポジションID; ポジション; رقم الوظيفة""",
    "name": """
        name; attendee name; attendee; full name; guest name; guest; participant; participant name
        ticket holder; holder name; visitor
        visitor name; Teilnehmer; Teilnehmername; Name Teilnehmer*in; Teilnehmer*in; Name des Teilnehmers
        vollständiger Name
        voller Name; Gast; Gastname; Besucher; Besuchername; Karteninhaber; Vor- und Nachname
        nom; nom complet; nom du participant; nom de l'invité; titulaire; nom et prénom; prénom et nom
        nombre; nombre completo; nombre del asistente; asistente; nombre y apellidos; titular; participante
        nome; nome completo; nome del partecipante; partecipante; nome e cognome; titolare; nominativo
        naam; volledige naam; naam deelnemer; deelnemer; nome do participante
        名前; 氏名; お名前; 参加者の名前; 参加者名; 参加者; フルネーム; 来場者名
        الاسم; اسم; الاسم الكامل; اسم المشارك; اسم الحاضر; المشارك""",
    "given": """
        first name; given name; forename; attendee first name; guest first name; Vorname; prénom
        nombre de pila; nome proprio
        nome próprio; voornaam; 名; 名（Given Name）; الاسم الأول""",
    "family": """
        last name; surname; family name; attendee last name; attendee surname; guest last name; Nachname
        Familienname; Zuname
        nom de famille; apellido; apellidos; cognome; achternaam; apelido; apelidos; sobrenome; 姓; 氏; 苗字
        氏（Surname/Family Name）; اسم العائلة; اللقب""",
    "product": """
        product; product name; ticket type; ticket name; ticket class; ticket category; type of ticket
        admission type; item; item name
        category; tier; Produkt; Produktname; Artikel; Ticketart; Tickettyp; Ticketkategorie; Kategorie
        Kartenart; Kartentyp
        produit; article; type de billet; catégorie; catégorie de billet; tarif
        producto; artículo; tipo de entrada; tipo de boleto; categoría; prodotto; articolo; tipo di biglietto
        categoria; tipologia
        tickettype; ticketsoort; categorie; produto; artigo; tipo de bilhete; tipo de ingresso
        製品; 商品; 商品名; 券種; チケット種別; チケットの種類; カテゴリ; カテゴリー; المنتج; منتج
        نوع التذكرة; الفئة; فئة""",
    "status": """
        status; ticket status; order status; payment status; Bestellstatus; Zahlungsstatus
        statut; statut du billet; statut de la commande; statut du paiement
        estado; estado de la entrada; estado del pedido; estado del pago; stato; stato del biglietto
        stato dell'ordine; stato del pagamento
        betaalstatus; bestelstatus; estado do bilhete; estado do pedido; situação
        ステータス; 状態; 状況; الحالة; حالة; حالة التذكرة; حالة الطلب""",
    "paid": "paid; is paid; bezahlt; payé; payée; pagado; pagato; betaald; pago; 支払い済み; 支払済み; مدفوع",
    "blocked": """
        blocked; is blocked; gesperrt; bloqué; bloquée; bloqueado; bloccato; geblokkeerd
        ブロックされました; ブロック; محجوب""",
    "canceled": """
        canceled; cancelled; is canceled; is cancelled; storniert; annulé; annulée; cancelado; annullato; geannuleerd
        キャンセル; キャンセル済み; تم إلغاؤه""",
    "hub": """
        hub; site; venue; location; Standort; Veranstaltungsort; Spielstätte; lieu; sede; recinto; luogo
        locatie; vestiging; local
        会場; 拠点; サイト; الموقع; المقر; الفرع""",
    "valid_from": """
        valid from; valid since; not before; gültig ab; gültig von; gültig seit; gueltig ab; gueltig von; valable depuis
        valable à partir du; valable à partir de
        valable du; valable dès; valide à partir du; válido desde; válida desde; valido da; valido dal
        valida da; valida dal
        geldig van; geldig vanaf; válido de; válido a partir de; 有効開始日; 有効開始; 有効開始日時; صالح من
        صالحة من; من تاريخ""",
    "valid_until": """
        valid until; valid till; valid to; valid thru; not after; expires; expiry; expiry date
        expiration date; gültig bis; gueltig bis
        valable jusqu'au; valable jusqu'à; valide jusqu'au; válido hasta; válida hasta; valido fino a
        valida fino a; valido fino al
        geldig tot; geldig tot en met; válido até; válida até; 有効期限; 有効終了日; 有効終了; صالح حتى
        صالحة حتى""",
}  # fmt: skip

COUNTRY: Final = "country; Land; pays; país; nazione; paese; 国; البلد"
"""A "state" right after one of these belongs to an address: in several languages it is the word for a status too."""
