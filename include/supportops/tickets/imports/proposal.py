"""Proposes a mapping for a file of tickets, one row each, from its names and words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from supportops.names import folded
from supportops.tickets.imports.file_form import ImportFault
from supportops.tickets.imports.guessing import settle
from supportops.tickets.imports.instants import AUTO, format_shown
from supportops.tickets.imports.mapping import (
    Creation,
    FileFormat,
    ImportMapping,
    Instants,
    Moment,
    Rows,
    Times,
)
from supportops.tickets.imports.record_file import GoodRow, open_records
from supportops.tickets.ticket import Status

_SAMPLE = 500
_MOST_WORDS = 30
# What the columns of help desks are called, in English, Portuguese, Spanish, German and French;
# the first that fits is taken, and no column twice.
_TICKET = (
    "ticket id|ticket number|ticket|id|number|#|issue key|key|número|numero|nº|n°|protocolo|"
    "chamado|incidente|ticketnummer|vorgang|nummer|número do chamado|numéro|référence|case number"
)
_INSTANTS = {
    "created": "created at|created|created time|date created|creation date|opened|opened at|"
    "opening date|open date|data de abertura|aberto em|data de criação|data de criacao|abertura|"
    "fecha de creación|fecha de apertura|erstellt|erstellt am|eröffnet|date d'ouverture|"
    "date de création|créé le",
    "first_response": "first response|first response at|first response date|first reply|"
    "first reply at|initial response time|data da primeira resposta|primeira resposta|"
    "fecha de primera respuesta|erste antwort|erste antwort am|première réponse|"
    "date de première réponse|custom field ([chart] date of first response)",
    "solved": "solved at|solved|resolved|resolved at|resolved time|resolution date|solution date|"
    "data de solução|data de resolução|data da solução|solucionado em|resolvido em|"
    "fecha de resolución|gelöst|gelöst am|date de résolution|résolu le",
    "closed": "closed at|closed|closed time|closed date|closing date|data de fechamento|"
    "data de encerramento|fechado em|encerrado em|fecha de cierre|geschlossen|geschlossen am|"
    "date de clôture|fermé le|clos le",
    "due": "due|due at|due date|due by time|prazo|vencimento|data limite|fällig|fällig am|échéance",
    "updated": "updated at|updated|last updated|last update|last update time|última atualização|"
    "data de atualização|atualizado em|última actualización|aktualisiert|geändert|"
    "dernière modification|sys_updated_on",
}
_STATE = {
    "status": "status|state|current status|incident_state|situação|situacao|estado|statut|zustand",
    "priority": "priority|prioridade|prioridad|priorität|priorité",
    "assignee": "assignee|agent|assigned to|agent assigned|owner|technician|responsável|"
    "responsavel|atendente|técnico|tecnico|asignado a|bearbeiter|zugewiesen an|technicien",
    "site": "site|website|web site|domain|domínio|dominio|sitio",
    "customer": "customer|company|organization|organisation|cliente|empresa|kunde|firma|client|"
    "société",
    "tags": "tags|labels|etiquetas|marcadores|schlagworte|étiquettes",
}
_WORDS = {
    "subject": "subject|title|summary|short description|short_description|assunto|título|titulo|"
    "resumo|asunto|betreff|titel|titre|sujet|objet",
    "text": "description|descrição|descricao|descripción|beschreibung|corpo|message|mensagem",
    "requester": "requester|requester email|from|from email|reporter|caller|caller_id|"
    "requester name|solicitante|requerente|usuário|usuario|melder|anfragender|demandeur",
}
_STATUSES = {
    Status.NEW: "new|novo|nova|neu|nouveau|nuevo|aguardando atendimento|to do",
    Status.OPEN: "open|opened|reopened|aberto|aberta|em andamento|em atendimento|in progress|"
    "in bearbeitung|offen|ouvert|en cours|abierto|en curso|active|assigned|processing (assigned)|"
    "processing (planned)|waiting for support|work in progress|reaberto",
    Status.PENDING: "pending|waiting on customer|waiting for customer|pendente|aguardando cliente|"
    "wartend|warten auf kunde|en attente|pendiente|awaiting user info|pending reminder",
    Status.HOLD: "on hold|hold|on-hold|aguardando fornecedor|em espera|waiting on third party|"
    "zurückgestellt|awaiting vendor",
    Status.SOLVED: "solved|resolved|done|solucionado|solucionada|resolvido|resolvida|gelöst|résolu|"
    "resuelto|concluído|concluido|erledigt",
    Status.CLOSED: "closed|fechado|fechada|encerrado|encerrada|geschlossen|fermé|clos|cerrado|"
    "cancelled|canceled|cancelado",
}


def proposed(path: Path, source: str) -> str:
    """A mapping for the file at `path`, as YAML with comments. Raises ImportFault."""
    columns, words = _columns(path)
    left = {folded(column): column for column in columns if column}
    ticket = _take(left, _TICKET)
    instants = {
        role: column
        for role, names in _INSTANTS.items()
        if (column := _take(left, names, lambda each: _is_time(words[each]))) is not None
    }
    if ticket is None or "created" not in instants:
        what = "ticket numbers" if ticket is None else "the instants of creation"
        raise ImportFault(
            f"no column looks like {what}; the file has {', '.join(columns)[:300]}. Copy "
            "generic.yaml and name the columns by hand"
        )
    state = {role: column for role, names in _STATE.items() if (column := _take(left, names))}
    texts = {role: column for role, names in _WORDS.items() if (column := _take(left, names))}
    guessed = _guesses(path, ticket, instants)
    lines = _yaml(source, ticket, instants, state, texts, words)
    comments = [f"# guessed from the file: {each}" for each in guessed]
    unused = f"# columns that this mapping does not read: {', '.join(left.values()) or 'none'}"
    head = ["# Check every line, then save it as NAME.yaml in config/imports/."]
    return "\n".join(_one_line(line) for line in (*head, *comments, unused, *lines))


def _columns(path: Path) -> tuple[list[str], dict[str, Counter[str]]]:
    """The names of the columns that have words in the first rows, and those words."""
    nothing = ImportMapping(
        name="proposal",
        source="proposal",
        rows=Rows.TICKETS,
        ticket="",
        at="",
        row_id=(),
        created=Creation(""),
        format=FileFormat.AUTO,
        encoding=AUTO,
        delimiter=AUTO,
    )
    words: dict[str, Counter[str]] = {}
    with open_records(path, nothing) as file:
        as_json = file.mapping.format in (FileFormat.JSON, FileFormat.JSON_LINES)
        for row in islice(file.rows(), _SAMPLE):
            if isinstance(row, GoodRow):
                record = _json_words(row.content) if as_json else row.record
                for name, word in record.items():
                    words.setdefault(name, Counter())[word.strip()[:200]] += 1
    if not words:
        raise ImportFault("it has a row of names at most; export some tickets")
    return list(words), words


def _json_words(content: str) -> dict[str, str]:
    found = json.loads(content)
    return {
        str(name): str(value)
        for name, value in found.items()
        if isinstance(value, str | int | float) and value != ""
    }


def _take(
    left: dict[str, str], names: str, fits: Callable[[str], bool] = lambda _column: True
) -> str | None:
    """Takes the first of the columns that are `left` and called by one of `names`."""
    for name in names.split("|"):
        if name in left and fits(left[name]):
            return left.pop(name)
    return None


def _is_time(words: Counter[str]) -> bool:
    return sum(format_shown(word) is not None for word in words) * 2 > len(words)


def _guesses(path: Path, ticket: str, instants: Mapping[str, str]) -> list[str]:
    others = {role: Moment(column) for role, column in instants.items() if role != "created"}
    mapping = ImportMapping(
        name="proposal",
        source="proposal",
        rows=Rows.TICKETS,
        ticket=ticket,
        at=instants["created"],
        row_id=(),
        created=Creation(instants["created"]),
        format=FileFormat.AUTO,
        encoding=AUTO,
        delimiter=AUTO,
        times=Times((AUTO,)),
        instants=Instants(**others),
    )
    try:
        return list(settle(path, mapping).guessed)
    except ImportFault as error:
        return [f"nothing of the dates: {error}"]


def _yaml(
    source: str,
    ticket: str,
    instants: Mapping[str, str],
    state: Mapping[str, str],
    texts: Mapping[str, str],
    words: Mapping[str, Counter[str]],
) -> Iterator[str]:
    yield f"source: {_quoted(source)}"
    yield 'missing: ["", "-", "?", "null", "NULL", "None", "N/A"]'
    yield "times: {zone: office}   # of instants that name no zone"
    yield "rows: tickets"
    yield f"ticket: {_quoted(ticket)}"
    yield "created:"
    yield f"  at: {_quoted(instants['created'])}"
    for role in ("subject", "text"):
        if role in texts:
            yield f"  {role}: {_quoted('{' + texts[role] + '}')}"
    if "requester" in texts:
        yield f"  requester: {_quoted(texts['requester'])}"
    others = {role: column for role, column in instants.items() if role != "created"}
    yield "instants:" if others else "instants: {}"
    yield from (f"  {role}: {_quoted(column)}" for role, column in others.items())
    yield "state:" if state else "state: {}"
    for role, column in state.items():
        if role != "status":
            yield f"  {role}: {{column: {_quoted(column)}}}"
            continue
        yield "  status:"
        yield f"    column: {_quoted(column)}"
        yield "    values:"
        yield from _statuses(words[column])


def _statuses(words: Counter[str]) -> Iterator[str]:
    for word, rows in words.most_common(_MOST_WORDS):
        lowered = folded(word)
        found = next((s for s, names in _STATUSES.items() if lowered in names.split("|")), None)
        meaning = "null" if found is None else found.value
        unknown = "; new, open, pending, hold, solved or closed?" if found is None else ""
        yield f"      {_quoted(word)}: {meaning}   # {rows} of the first rows{unknown}"


def _quoted(word: str) -> str:
    """A word as YAML has it; a JSON text is one."""
    return json.dumps(word, ensure_ascii=False)


def _one_line(line: str) -> str:
    return " ".join(line.splitlines())
