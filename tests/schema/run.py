"""schemathesis against the OpenAPI documents of a running `encke demo`: that of the REST API and that
of the Bayeux API for back ends.

Every operation is asked with what its document allows and with what it does not, and each answer
must be a documented one: no 5xx, status, content type, headers and schema as described. `hooks.py`
gives requests ids of calls and interactions that live, and counts what was answered; an operation of
the document, or one of the `operationName`s that it lists, that never answered 2xx was not tested, which
is a failure too, also where it was never asked. `schemathesis.toml` says which checks are left out and
why. Left out as a whole is what `LEFT_OUT` names, since its answer goes on for a quarter of an hour; and
`/api/feed/v1/openapi.json`, whose requests and answers are streams of lines that schemathesis cannot
speak. The tests of the gateway and of the server ask both.

ENCKE_BIN names the server's binary. Seed and number of examples are fixed, so a run is bounded and
the next one asks the same.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from server import API_KEY, PASSWORD, USER, Server, ask

HERE = Path(__file__).resolve().parent
SEED = os.environ.get("ENCKE_SEED", "20170")
EXAMPLES = os.environ.get("ENCKE_EXAMPLES", "20")
# Several times of what a run takes on a slow machine.
LIMIT_S = 200 + 12 * int(EXAMPLES)

DOCUMENTS = {
    "/openapi.json": ["--auth", f"{USER}:{PASSWORD}"],
    "/api/bayeux/v1/openapi.json": ["--header", f"X-API-Key:{API_KEY}"],
}

# Operations that are not asked here; `schemathesis.toml` has each of them too.
LEFT_OUT = {"GET /api/v2/tevents"}


def main():
    failed = []
    with tempfile.TemporaryDirectory(prefix="encke-schema-") as folder:
        with Server(Path(folder)) as server:
            server.listen_in("alice")
            for document, login in DOCUMENTS.items():
                code, seen = run(server, document, login, folder)
                print(f"\n{document}: requests by answer")
                silent = show(seen, described(server, document))
                if code != 0:
                    failed.append(f"{document}: schemathesis ended with {code}")
                failed += [f"{document}: {what} never answered 2xx" for what in silent]
            if not server.lives():
                failed.append("the server has ended")
            if failed:
                print(server.log())
    for problem in failed:
        print(f"schema: {problem}", file=sys.stderr)
    return 1 if failed else 0


def run(server, document, login, folder):
    """One run; its exit code, and for each operation how often which status was answered."""
    counts = Path(folder, "seen.json")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", server.url + document),
        *login,
        *("--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none"),
        # Links between answers and requests are what the hooks stand for.
        *("--phases", "examples,coverage,fuzzing", "--workers", "1"),
        # Bodies of many choices, most of which are filtered for one that is wrong, are no fault.
        *("--suppress-health-check", "all", "--request-timeout", "10", "--warnings", "off"),
        "--continue-on-failure",
        "--no-color",
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ENCKE_SCHEMA_URL": server.url,
        "ENCKE_SCHEMA_SEEN": str(counts),
    }
    process = subprocess.run(command, cwd=folder, env=environment, check=False, timeout=LIMIT_S)
    seen = json.loads(counts.read_text()) if counts.exists() else {}
    counts.unlink(missing_ok=True)
    return process.returncode, seen


def described(server, document):
    """Every operation of a document that is asked, by the names under which `hooks.py` counts them."""
    _, described = ask(server.url + document)
    for path, item in described["paths"].items():
        for method in ("get", "put", "post", "patch", "delete"):
            label = f"{method.upper()} {path}"
            if method in item and label not in LEFT_OUT:
                yield label
                if "{id}" in path:
                    yield from (f"{label} {name}" for name in choices(described, item[method]))


def choices(document, operation):
    """The `operationName`s of a request, of whose schemas each is one."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = resolved(document, content.get("application/json", {}).get("schema", {}))
    for choice in schema.get("oneOf", []):
        name = resolved(document, choice).get("properties", {}).get("operationName", {})
        if "const" in name:
            yield name["const"]


def resolved(document, schema):
    """What a reference points at, or the schema itself."""
    while "$ref" in schema:
        target = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


def show(seen, described):
    """Prints the table, and answers with the operations that were never accepted."""
    seen = {**{name: {} for name in described}, **seen}
    width = max((len(name) for name in seen), default=0)
    silent = []
    for name, statuses in sorted(seen.items()):
        accepted = sum(count for status, count in statuses.items() if status.startswith("2"))
        rest = Counter({k: v for k, v in statuses.items() if not k.startswith("2")})
        others = "  ".join(f"{status}: {count}" for status, count in sorted(rest.items()))
        print(f"  {name:{width}}  2xx: {accepted:4}  {others}")
        if accepted == 0:
            silent.append(name)
    return silent or ([] if seen else ["no operation"])


if __name__ == "__main__":
    sys.exit(main())
