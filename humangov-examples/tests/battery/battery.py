# SPDX-License-Identifier: MIT OR Apache-2.0
"""Asks a server that stands for AWS what it answers: `battery.py ENDPOINT [SERVICE ...]`.

Each module beside this file has probes of one service: a call, and what AWS answers to it by its documentation, which is a
refusal with a code, or members of the answer. Prints a JSON list of {"id", "operation", "expected", "got", "right"}; tests
compare the lists of several servers. The account must be empty.
"""

import importlib
import json
import sys
import time
import traceback
from pathlib import Path

import boto3
import jmespath
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

HERE = Path(__file__).resolve().parent
OK = "ok"


class Present:
    """Stands for any value but none."""

    def __eq__(self, other):
        return other not in (None, "", [], {})

    def __repr__(self):
        return "something"


PRESENT = Present()


def plain(value):
    """A value as JSON has it: times and bytes as text, tuples as lists."""
    if isinstance(value, Present):
        return repr(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


class Battery:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.results = []
        self.clients = {}
        self.service = ""

    def client(self, service, region="us-east-1"):
        if (service, region) not in self.clients:
            # boto3 would look for mistakes itself; here the server is to find them. A retry would hide an answer.
            config = Config(
                retries={"total_max_attempts": 1},
                parameter_validation=False,
                s3={"addressing_style": "path"},
                read_timeout=20,
            )
            keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "test"}
            self.clients[service, region] = boto3.client(
                service, region_name=region, endpoint_url=self.endpoint, config=config, **keys
            )
        return self.clients[service, region]

    def call(self, service, operation, /, region="us-east-1", **parameters):
        """A call that only prepares: its answer, or {} if it was refused."""
        try:
            return getattr(self.client(service, region), operation)(**parameters)
        except (ClientError, BotoCoreError, ResponseParserError):
            return {}

    def probe(self, name, service, operation, /, refused=None, fields=None, source="", region="us-east-1", **parameters):
        """Calls `operation`, and notes what came.

        `refused`: the code that AWS answers, or several where AWS's documentation leaves it open. `fields`: JMESPath expressions
        and what they give in AWS's answer. `source`: where AWS says so. Returns the answer, or {}.
        """
        answer, got = {}, {}
        try:
            answer = getattr(self.client(service, region), operation)(**parameters)
            code = OK
        except ClientError as error:
            code = error.response["Error"].get("Code", "?")
        except (BotoCoreError, ResponseParserError, OSError, ValueError) as error:
            code = f"broken: {type(error).__name__}"
        right = code == OK if refused is None else code in ((refused,) if isinstance(refused, str) else refused)
        if code == OK:
            for path, wanted in (fields or {}).items():
                found = jmespath.search(path, answer)
                got[path] = plain(PRESENT if wanted is PRESENT and wanted == found else found)
                right = right and wanted == found
        expected = {"code": OK if refused is None else plain(refused), "fields": plain(fields or {})}
        self.results.append(
            {
                "id": f"{self.service}/{name}",
                "operation": f"{service}.{operation}",
                "expected": expected,
                "got": {"code": code, "fields": got},
                "right": right,
                "source": source,
            }
        )
        return answer

    def until(self, path, wanted, service, operation, /, seconds=20, **parameters):
        """Calls `operation` until `path` gives `wanted` in its answer, or time is up; returns the last answer."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.call(service, operation, **parameters)
            if jmespath.search(path, answer) == wanted or time.monotonic() > deadline:
                return answer
            time.sleep(0.1)


def modules():
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("battery", "compare"))


def main():
    endpoint, wanted = sys.argv[1], sys.argv[2:]
    # The modules of probes are to have this PRESENT, and not one of another copy of this file.
    sys.modules["battery"] = sys.modules["__main__"]
    sys.path.insert(0, str(HERE))
    battery = Battery(endpoint)
    for service in wanted or modules():
        battery.service = service
        try:
            importlib.import_module(service).probes(battery)
        except Exception:  # what a server leaves out of an answer must not end the others' probes
            traceback.print_exc()
            battery.results.append({"id": f"{service}/ended early", "operation": "", "expected": {"code": OK, "fields": {}},
                                    "got": {"code": traceback.format_exc().strip().splitlines()[-1], "fields": {}},
                                    "right": False, "source": ""})
    json.dump(battery.results, sys.stdout, indent=1)
    wrong = [result for result in battery.results if not result["right"]]
    print(f"{len(battery.results)} probes, {len(wrong)} not as on AWS", file=sys.stderr)
    for result in wrong:
        print(f"  {result['id']}: expected {result['expected']}, got {result['got']}", file=sys.stderr)


if __name__ == "__main__":
    main()
