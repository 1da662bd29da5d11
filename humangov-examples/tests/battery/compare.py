# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tells where servers disagree with AWS: `compare.py SANDBOX.json MOTO.json MINISTACK.json`, each written by battery.py.

Prints the table that disagreements.md holds: one row for each probe that a server answers otherwise than AWS does by the
documentation that the row names. Ends with 1 if the sandbox is in it.
"""

import json
import re
import sys

HEAD = """# Where servers that stand for AWS disagree

Each row is a probe of the battery beside this file that a server answers otherwise than AWS does by the documentation named. In all
of them the documentation is right, and so is the sandbox, which agrees with it in every probe; a test holds that, and that this
table is complete. Made by `compare.py`, read by a person.

| probe | AWS answers | moto 5.2.5 | ministack 1.4.21 | documentation |
|---|---|---|---|---|
"""


# What servers make up: identifiers, but not the account.
MADE_UP = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?!123456789012\b)[0-9a-f]{13,}\b|(?<=-)[0-9a-f]{8,17}\b|\b(AROA|ANPA)[A-Z0-9]+")


def short(value):
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    text = MADE_UP.sub("*", text)
    return (text if len(text) <= 90 else text[:89] + "…").replace("|", "\\|").replace("\n", " ")


def told(code):
    return " or ".join(code) if isinstance(code, list) else code


def answers(result, expected):
    """What a server answered, in a few words: its code, or the members that differ."""
    if result is None:
        return "not asked"
    if result["right"]:
        return "as AWS"
    got = result["got"]
    if got["code"] != "ok" or expected["code"] != "ok":
        return got["code"]
    fields = {path: got["fields"].get(path) for path, wanted in expected["fields"].items() if got["fields"].get(path) != wanted}
    return "; ".join(f"{path} = {short(value)}" for path, value in fields.items())


def main():
    servers = []
    for path in sys.argv[1:4]:
        with open(path, encoding="utf-8") as file:
            servers.append({result["id"]: result for result in json.load(file)})
    sandbox, moto, ministack = servers
    rows = []
    for name, result in sandbox.items():
        theirs = [moto.get(name), ministack.get(name)]
        if all(other is not None and other["right"] for other in theirs):
            continue
        expected = result["expected"]
        wanted = told(expected["code"]) if expected["code"] != "ok" else "; ".join(f"{path} = {short(value)}" for path, value in expected["fields"].items()) or "ok"
        cells = [name, wanted, *(answers(other, expected) for other in theirs), result["source"]]
        rows.append("| " + " | ".join(short(cell) if cell is not cells[1] else MADE_UP.sub("*", cell).replace("\n", " ") for cell in cells) + " |")
    sys.stdout.write(HEAD + "\n".join(rows) + "\n")
    wrong = [result for result in sandbox.values() if not result["right"]]
    for result in wrong:
        print(f"the sandbox is wrong: {result['id']}: expected {result['expected']}, got {result['got']}", file=sys.stderr)
    strangers = (set(moto) | set(ministack)) - set(sandbox)
    for name in sorted(strangers):
        print(f"a probe that the sandbox was not asked: {name}", file=sys.stderr)
    sys.exit(1 if wrong or strangers else 0)


if __name__ == "__main__":
    main()
