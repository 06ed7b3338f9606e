"""What schemathesis cannot know: ids of calls and interactions that live, in the state that the
operation is for. Three requests of four get one; every other fourth keeps what was generated, or
learned from an answer, and the rest get an id of nothing.

Loaded by schemathesis, in its process.
"""

import atexit
import copy
import json
import os
from collections import Counter, defaultdict

import schemathesis

from live import OTHER, Live

_live = Live(os.environ["ENCKE_SCHEMA_URL"])
_turns = Counter()
_seen = defaultdict(Counter)


def _name(case):
    """The operation, and which of those that it stands for."""
    named = case.body.get("operationName") if isinstance(case.body, dict) else None
    return named if isinstance(named, str) and named.isalpha() and named.isascii() else None


def _documented(case):
    return case.method.upper() == case.operation.method.upper()


@schemathesis.hook
def before_call(context, case, **kwargs):
    if not _documented(case):
        return
    name = _name(case)
    _turns[case.operation.label, name] += 1
    turn = _turns[case.operation.label, name]
    if turn % 4 == 0:
        if turn % 8 == 0 and "id" in (case.path_parameters or {}):
            case.path_parameters = {**case.path_parameters, "id": "none"}
        return
    # What a case is made of is shared with other cases.
    body = case.body = copy.deepcopy(case.body)
    if name and isinstance(body.get("destination"), dict) and "phoneNumber" in body["destination"]:
        body["destination"]["phoneNumber"] = "+15550177"
    if name and isinstance(body.get("participant"), str):
        body["participant"] = "15002"
    if name and isinstance(body.get("targetUser"), str):
        body["targetUser"] = OTHER
    if "mediaType" in (case.path_parameters or {}):
        case.path_parameters = {**case.path_parameters, "mediaType": "openmedia"}
    if "id" in (case.path_parameters or {}):
        live = _live.id_for(case.operation.path, name)
        case.path_parameters = {**case.path_parameters, "id": live}
    # Most of what is generated for this is not the address of the consultation, and 404.
    if name and "consultCallUri" in body:
        body["consultCallUri"] = f"/calls/{_live.consultation}"


@schemathesis.hook
def after_call(context, case, response):
    if not _documented(case):
        return
    status = str(response.status_code)
    _seen[case.operation.label][status] += 1
    name = _name(case)
    choices = case.operation.path.count("{id}") and name in _live.operations
    if choices:
        _seen[f"{case.operation.label} {name}"][status] += 1


@atexit.register
def _tell():
    with open(os.environ["ENCKE_SCHEMA_SEEN"], "w", encoding="utf-8") as file:
        json.dump(_seen, file)
