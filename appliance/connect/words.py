"""Words as people write them against words that are known: case, accents, spaces and punctuation don't count."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from appliance.domain.ticket import Status

_TATWEEL: Final = "\u0640"

_STATUS_WORDS: Final[Mapping[Status, str]] = {
    "valid": """
        valid; paid; approved; confirmed; active; ok; complete; completed; attending; issued; pending (confirmed)
        gültig; bezahlt; bestätigt; genehmigt; freigegeben; aktiv; abgeschlossen; ausstehend (bestätigt)
        valable; valide; payé; payée; confirmé; confirmée; approuvé; approuvée; actif; active; en attente (confirmé)
        válido; válida; pagado; pagada; confirmado; confirmada; aprobado; aprobada; activo; activa
        pendiente (confirmado)
        valido; valida; pagato; pagata; confermato; confermata; approvato; approvata; attivo; attiva
        in attesa (confermato)
        geldig; betaald; bevestigd; goedgekeurd; actief; in behandeling (bevestigd); openstaand (bevestigd)
        pago; paga; aprovado; aprovada; ativo; ativa; pendente (confirmado)
        有効; 支払い済み; 支払済み; 支払済; 入金済み; 入金済; 確認済み; 承認済み; 保留中（確認済み）
        صالح; صالحة; مدفوع; مدفوعة; مؤكد; مؤكدة; مقبول; معتمد; قيد الانتظار (تم تأكيده)""",
    "unpaid": """
        unpaid; not paid; pending; payment pending; awaiting payment; open; overdue; expired
        unbezahlt; nicht bezahlt; ausstehend; offen; abgelaufen; überfällig
        impayé; impayée; non payé; non payée; en attente; en attente de paiement; expiré; expirée
        no pagado; no pagada; impagado; pendiente; pendiente de pago; expirado; vencido
        non pagato; non pagata; in attesa; in attesa di pagamento; scaduto; scaduta
        onbetaald; niet betaald; openstaand; in behandeling; verlopen
        não pago; não paga; pendente; aguardando pagamento; expirado
        未払い; 未払; 未入金; 保留中; 期限切れ; 支払い待ち
        غير مدفوع; غير مدفوعة; قيد الانتظار; معلق; منتهي الصلاحية""",
    "blocked": """
        blocked; on hold; gesperrt; blockiert; bloqué; bloquée; bloqueado; bloqueada; bloccato; bloccata
        geblokkeerd
        ブロック; ブロックされました; 停止; 利用停止; محجوب; محظور; محظورة""",
    "revoked": """
        revoked; withdrawn; widerrufen; entzogen; révoqué; révoquée; revocado; revocada; revocato; revocata
        ingetrokken
        revogado; revogada; 失効; 取り消し; 取消し; ملغى التفويض; مسحوب; مسحوبة""",
    "canceled": """
        canceled; cancelled; canceled (paid fee); cancelled (paid fee); refunded; void; voided; deleted
        storniert; storniert (bezahlte Gebühr); abgesagt; erstattet; rückerstattet
        annulé; annulée; annulé (frais payés); remboursé; remboursée
        cancelado; cancelada; cancelado (tarifa pagada); anulado; anulada; reembolsado; reembolsada
        annullato; annullata; annullato (quota pagata); cancellato; cancellata; rimborsato; rimborsata
        geannuleerd; geannuleerd (betaalde kosten); terugbetaald; cancelado (taxa paga)
        キャンセル; キャンセル済み; キャンセル済み（手数料徴収済み）; 返金済み; 払い戻し済み
        ملغى; ملغاة; ملغي; تم إلغاؤه; تم إلغاؤها (تم دفع الرسوم); مسترد; مستردة""",
    "unapproved": """
        unapproved; not approved; approval pending; pending approval; awaiting approval; waiting for approval
        nicht genehmigt; Freigabe ausstehend; Genehmigung ausstehend
        non approuvé; non approuvée; approbation en attente; en attente d'approbation
        no aprobado; no aprobada; aprobación pendiente; pendiente de aprobación
        non approvato; non approvata; in attesa di approvazione; niet goedgekeurd; wacht op goedkeuring
        não aprovado; não aprovada; aprovação pendente; 未承認; 承認保留中; 承認待ち; غير معتمد
        في انتظار الموافقة""",
}
_YES: Final = """
    yes; y; true; 1; x; ✓; ✔; ja; j; wahr; oui; o; vrai; sí; si; s; sì; verdadero; vero; sim; verdadeiro
    はい; ○; 〇; نعم"""
# The last but one is how one well-known system says "no" in Arabic.
_NO: Final = "no; n; false; 0; -; –; nein; falsch; non; faux; falso; nee; não; いいえ; ×; لا; من"


def key(text: str) -> str:
    """What is left of a word when case, accents, spaces and punctuation are taken away."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if c.isalnum() and c != _TATWEEL)


def split_words(text: str) -> list[str]:
    """The words of a table in this room: separated by semicolons and line ends."""
    return [word.strip() for line in text.splitlines() for word in line.split(";") if word.strip()]


@lru_cache(maxsize=1)
def _statuses() -> dict[str, Status]:
    return {key(word): status for status, words in _STATUS_WORDS.items() for word in split_words(words)}


@lru_cache(maxsize=1000)
def read_status(text: str) -> Status | None:
    """The status that a word says, in any of nine languages; None: unknown."""
    return _statuses().get(key(text))


@lru_cache(maxsize=1)
def _flags() -> dict[str, bool]:
    return {word.casefold(): value for words, value in ((_NO, False), (_YES, True)) for word in split_words(words)}


def read_flag(text: str) -> bool | None:
    """Yes or no, in any of nine languages; an empty cell is a no; None: neither."""
    return _flags().get(text.strip().casefold()) if text.strip() else False
