# SPDX-License-Identifier: MIT OR Apache-2.0
"""Security Token Service."""

from battery import PRESENT


def probes(b):
    b.probe("who calls", "sts", "get_caller_identity", fields={"Account": "123456789012", "Arn": PRESENT, "UserId": PRESENT}, source="STS API Reference, GetCallerIdentity")
