# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs one emulator for one test: `run.py moto|ministack`.

Prints the port as the only line of stdout once the server is ready, and everything else on stderr. Exits when stdin
ends, so that the server dies with the test process however that dies.
"""

import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

HOST = "127.0.0.1"
REGION = "us-east-1"
DEADLINE = 60.0


def exit_at_end_of_stdin():
    while os.read(0, 4096):
        pass
    os._exit(0)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def ec2(port, action, **parameters):
    """One EC2 call without a client library: importing boto3 would cost every test half a second."""
    body = urllib.parse.urlencode({"Action": action, "Version": "2016-11-15", **parameters}).encode()
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(f"http://{HOST}:{port}/", body, {"Authorization": scope})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return xml.fromstring(answer.read())


def first(document, path):
    """Text of the first element at `path`, whatever its namespace."""
    found = document.find("/".join(f".//{{*}}{step}" if i == 0 else f"{{*}}{step}" for i, step in enumerate(path.split("/"))))
    if found is None or not found.text:
        raise RuntimeError(f"no {path} in {xml.tostring(document)!r}")
    return found.text


def make_default_vpc_public(port):
    """Gives the default VPC what every real one has and the emulators leave out: a route to an internet gateway."""
    vpc = first(ec2(port, "DescribeVpcs", **{"Filter.1.Name": "isDefault", "Filter.1.Value.1": "true"}), "vpcSet/item/vpcId")
    gateway = first(ec2(port, "CreateInternetGateway"), "internetGateway/internetGatewayId")
    ec2(port, "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    tables = ec2(port, "DescribeRouteTables", **{"Filter.1.Name": "vpc-id", "Filter.1.Value.1": vpc})
    table = first(tables, "routeTableSet/item/routeTableId")
    ec2(port, "CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def wait_until_healthy(url):
    deadline = time.monotonic() + DEADLINE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(url, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                os._exit(3)
            time.sleep(0.05)


def main():
    # A server may print to stdout whenever it likes: the tests read only the line that `ready` writes.
    answer = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=exit_at_end_of_stdin, daemon=True).start()

    def announce(port):
        try:
            make_default_vpc_public(port)
            os.write(answer, f"{port}\n".encode())
            os.close(answer)
        except BaseException as error:  # a thread's error must end the process, or the test waits for its deadline
            print(f"start-up failed: {error!r}", file=sys.stderr, flush=True)
            os._exit(3)

    def ready(port):
        threading.Thread(target=announce, args=(port,), daemon=True).start()

    if sys.argv[1] == "moto":
        import moto_server

        moto_server.serve(HOST, 0, ready)
    elif sys.argv[1] == "ministack":
        port = free_port()
        # Left to its defaults it listens on every interface, opens IoT and SFTP ports, and starts real containers.
        os.environ.update(GATEWAY_PORT=str(port), BIND_HOST=HOST, IOT_MTLS_ENABLED="0", SFTP_ENABLED="0")
        os.environ.update(DOCKER_HOST="unix:///nonexistent")
        sys.argv = ["ministack"]

        def watch():
            wait_until_healthy(f"http://{HOST}:{port}/_ministack/health")
            ready(port)

        threading.Thread(target=watch, daemon=True).start()
        from ministack.app import main as ministack

        ministack()
    else:
        sys.exit("usage: run.py moto|ministack")


if __name__ == "__main__":
    main()
