# SPDX-License-Identifier: MIT OR Apache-2.0
"""Elastic Load Balancing: load balancers, target groups, listeners, rules."""

from battery import PRESENT

API = "Elastic Load Balancing API Reference (2015-12-01), "
GUIDE = "User Guide for Application Load Balancers, "
ACCOUNT = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
NOTHING = "0123456789abcdef"


def first(answer, key, member):
    """A member of the first of a list; what stands for it where a server did not make it."""
    return ((answer.get(key) or [{}])[0]).get(member) or f"no {member}"


def fixed(status="404"):
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status, "ContentType": "text/plain", "MessageBody": "no"}}]


def forward(group):
    return [{"Type": "forward", "TargetGroupArn": group}]


def path(*values):
    return [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}]


def attributes(**pairs):
    return [{"Key": key.replace("__", "."), "Value": value} for key, value in pairs.items()]


def to(action, group):
    """Fields: that an action forwards to the group of this name."""
    return {f"contains({action}.TargetGroupArn || '', 'targetgroup/{group}/')": True}


def named(key):
    return f"Attributes[?Key=='{key}'].Value | [0]"


def probes(b):
    subnets = b.call("ec2", "describe_subnets", Filters=[{"Name": "default-for-az", "Values": ["true"]}]).get("Subnets", [])
    zones = {subnet["AvailabilityZone"]: subnet for subnet in subnets}
    zones = [zones[zone] for zone in sorted(zones)]
    ids = [subnet["SubnetId"] for subnet in zones]
    vpc = zones[0]["VpcId"]
    load_balancers(b, ids)
    target_groups(b, vpc)
    balancer = first(b.call("elbv2", "create_load_balancer", Name="battery-alb", Subnets=ids[:2]), "LoadBalancers", "LoadBalancerArn")
    other = first(b.call("elbv2", "create_load_balancer", Name="battery-other", Subnets=ids[:2]), "LoadBalancers", "LoadBalancerArn")
    group = first(b.call("elbv2", "create_target_group", Name="battery-web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"), "TargetGroups", "TargetGroupArn")
    second = first(b.call("elbv2", "create_target_group", Name="battery-two", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"), "TargetGroups", "TargetGroupArn")
    listener = listeners(b, balancer, other, group)
    https(b, balancer)
    rules(b, listener, group, second)
    tags(b, balancer, group, listener)
    targets(b, group)
    deletions(b, balancer, other, listener, group, second)


def load_balancers(b, ids):
    create = dict(Name="battery-alb", Subnets=ids[:2], Tags=[{"Key": "a", "Value": "1"}])
    made = b.probe("create a load balancer", "elbv2", "create_load_balancer", **create,
                   fields={"LoadBalancers[0].DNSName": PRESENT, "LoadBalancers[0].CanonicalHostedZoneId": PRESENT,
                           "LoadBalancers[0].CreatedTime": PRESENT, "LoadBalancers[0].VpcId": PRESENT,
                           "LoadBalancers[0].Scheme": "internet-facing", "LoadBalancers[0].Type": "application",
                           "LoadBalancers[0].IpAddressType": "ipv4", "length(LoadBalancers[0].AvailabilityZones || `[]`)": 2},
                   source=API + "CreateLoadBalancer and LoadBalancer")
    arn = first(made, "LoadBalancers", "LoadBalancerArn")
    b.probe("the default security group, where none is given", "elbv2", "describe_load_balancers", LoadBalancerArns=[arn],
            fields={"LoadBalancers[0].SecurityGroups[0]": PRESENT}, source=GUIDE + "Security groups for your Application Load Balancer")
    b.probe("create it again alike", "elbv2", "create_load_balancer", **create, source=API + "CreateLoadBalancer, idempotent")
    b.probe("there is still one", "elbv2", "describe_load_balancers", Names=["battery-alb"], fields={"LoadBalancers[].LoadBalancerName": ["battery-alb"]},
            source=API + "CreateLoadBalancer, idempotent")
    again = b.probe("create it again otherwise", "elbv2", "create_load_balancer", **{**create, "Scheme": "internal"}, refused="DuplicateLoadBalancerName",
                    source=API + "CreateLoadBalancer, Errors")
    if again:
        b.call("elbv2", "delete_load_balancer", LoadBalancerArn=first(again, "LoadBalancers", "LoadBalancerArn"))
    wrong = [
        ("a name of 33 characters", {"Name": "battery-" + "a" * 25}, "ValidationError", "CreateLoadBalancer, Name"),
        ("a name that begins with internal-", {"Name": "internal-battery"}, "ValidationError", "CreateLoadBalancer, Name"),
        ("a name that ends with a hyphen", {"Name": "battery-"}, "ValidationError", "CreateLoadBalancer, Name"),
        ("one zone only", {"Subnets": ids[:1]}, ("ValidationError", "InvalidConfigurationRequest"), "CreateLoadBalancer, Subnets"),
        ("a subnet that is not there", {"Subnets": [ids[0], "subnet-0123456789abcdef0"]}, ("SubnetNotFound", "InvalidSubnet"), "CreateLoadBalancer, Errors"),
        ("a security group that is not there", {"SecurityGroups": ["sg-0123456789abcdef0"]}, "InvalidSecurityGroup", "CreateLoadBalancer, Errors"),
        ("a scheme that is none", {"Scheme": "public"}, ("ValidationError", "InvalidScheme"), "CreateLoadBalancer, Scheme"),
        ("a tag twice", {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "DuplicateTagKeys", "CreateLoadBalancer, Errors"),
    ]
    for n, (name, change, code, source) in enumerate(wrong):
        made = b.probe(name, "elbv2", "create_load_balancer", **{**create, "Name": f"battery-wrong-{n}", **change}, refused=code, source=API + source)
        if made:
            b.call("elbv2", "delete_load_balancer", LoadBalancerArn=first(made, "LoadBalancers", "LoadBalancerArn"))
    b.probe("an unknown name", "elbv2", "describe_load_balancers", Names=["battery-none"], refused="LoadBalancerNotFound", source=API + "DescribeLoadBalancers, Errors")
    b.probe("an ARN that is none", "elbv2", "describe_load_balancers", LoadBalancerArns=["battery"], refused=("ValidationError", "LoadBalancerNotFound"), source=API + "DescribeLoadBalancers, LoadBalancerArns")
    b.until("LoadBalancers[0].State.Code", "active", "elbv2", "describe_load_balancers", LoadBalancerArns=[arn])
    b.probe("active at last", "elbv2", "describe_load_balancers", Names=["battery-alb"], fields={"LoadBalancers[0].State.Code": "active"}, source=API + "LoadBalancerState")
    b.probe("attributes at first", "elbv2", "describe_load_balancer_attributes", LoadBalancerArn=arn,
            fields={named("idle_timeout.timeout_seconds"): "60", named("deletion_protection.enabled"): "false", named("routing.http2.enabled"): "true",
                    named("client_keep_alive.seconds"): "3600", named("routing.http.desync_mitigation_mode"): "defensive"},
            source=API + "LoadBalancerAttribute")
    b.probe("change an attribute", "elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=attributes(idle_timeout__timeout_seconds="90"),
            fields={named("idle_timeout.timeout_seconds"): "90"}, source=API + "ModifyLoadBalancerAttributes")
    b.probe("an attribute that is none", "elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=attributes(no__such="1"),
            refused=("ValidationError", "InvalidConfigurationRequest"), source=API + "LoadBalancerAttribute, Key")
    b.probe("an idle timeout of 4001 seconds", "elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn,
            Attributes=attributes(idle_timeout__timeout_seconds="4001"), refused=("ValidationError", "InvalidConfigurationRequest"), source=API + "LoadBalancerAttribute, Key")
    b.probe("all zones", "elbv2", "set_subnets", LoadBalancerArn=arn, Subnets=ids[:3], fields={"AvailabilityZones[2].SubnetId": PRESENT}, source=API + "SetSubnets")
    b.probe("one zone is too few", "elbv2", "set_subnets", LoadBalancerArn=arn, Subnets=ids[:1], refused=("ValidationError", "InvalidConfigurationRequest"),
            source=API + "SetSubnets, Subnets")
    b.call("elbv2", "set_subnets", LoadBalancerArn=arn, Subnets=ids[:2])
    b.probe("security groups that are not there", "elbv2", "set_security_groups", LoadBalancerArn=arn, SecurityGroups=["sg-0123456789abcdef0"],
            refused="InvalidSecurityGroup", source=API + "SetSecurityGroups, Errors")
    b.probe("addresses as they are", "elbv2", "set_ip_address_type", LoadBalancerArn=arn, IpAddressType="ipv4", fields={"IpAddressType": "ipv4"}, source=API + "SetIpAddressType")
    b.call("elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=attributes(deletion_protection__enabled="true"))
    b.probe("a protected load balancer stays", "elbv2", "delete_load_balancer", LoadBalancerArn=arn, refused="OperationNotPermitted", source=API + "DeleteLoadBalancer, Errors")
    b.call("elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=attributes(deletion_protection__enabled="false"))
    b.probe("delete a load balancer", "elbv2", "delete_load_balancer", LoadBalancerArn=arn, source=API + "DeleteLoadBalancer")
    b.probe("delete it again", "elbv2", "delete_load_balancer", LoadBalancerArn=arn, source=API + "DeleteLoadBalancer, if it does not exist")


def target_groups(b, vpc):
    create = dict(Name="battery-group", Protocol="HTTP", Port=8000, VpcId=vpc, TargetType="ip")
    made = b.probe("create a target group", "elbv2", "create_target_group", **create,
                   fields={"TargetGroups[0].HealthCheckPath": "/", "TargetGroups[0].HealthCheckPort": "traffic-port", "TargetGroups[0].HealthCheckProtocol": "HTTP",
                           "TargetGroups[0].HealthCheckIntervalSeconds": 30, "TargetGroups[0].HealthyThresholdCount": 5,
                           "TargetGroups[0].UnhealthyThresholdCount": 2, "TargetGroups[0].Matcher.HttpCode": "200", "TargetGroups[0].ProtocolVersion": "HTTP1"},
                   source=API + "CreateTargetGroup, defaults")
    arn = first(made, "TargetGroups", "TargetGroupArn")
    b.probe("create the group again alike", "elbv2", "create_target_group", **create, source=API + "CreateTargetGroup, idempotent")
    b.probe("create the group again otherwise", "elbv2", "create_target_group", **{**create, "Port": 8001}, refused="DuplicateTargetGroupName", source=API + "CreateTargetGroup, Errors")
    wrong = [
        ("a group's name of 33 characters", {"Name": "battery-" + "a" * 25}, "Name"),
        ("a group without a VPC", {"VpcId": None}, "VpcId"),
        ("a timeout as long as the interval", {"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10}, "HealthCheckTimeoutSeconds"),
        ("an interval of 4 seconds", {"HealthCheckIntervalSeconds": 4, "HealthCheckTimeoutSeconds": 2}, "HealthCheckIntervalSeconds"),
        ("a threshold of 1", {"HealthyThresholdCount": 1}, "HealthyThresholdCount"),
        ("a matcher of 600", {"Matcher": {"HttpCode": "600"}}, "Matcher"),
        ("a health check by TCP of a group of HTTP", {"HealthCheckProtocol": "TCP"}, "HealthCheckProtocol"),
        ("a path without a slash", {"HealthCheckPath": "up"}, "HealthCheckPath"),
        ("a target type that is none", {"TargetType": "task"}, "TargetType"),
    ]
    for n, (name, change, member) in enumerate(wrong):
        request = {key: value for key, value in {**create, "Name": f"battery-wrong-{n}", **change}.items() if value is not None}
        made = b.probe(name, "elbv2", "create_target_group", **request, refused=("ValidationError", "InvalidConfigurationRequest"), source=f"{API}CreateTargetGroup, {member}")
        if made:
            b.call("elbv2", "delete_target_group", TargetGroupArn=first(made, "TargetGroups", "TargetGroupArn"))
    b.probe("an unknown group", "elbv2", "describe_target_groups", Names=["battery-none"], refused="TargetGroupNotFound", source=API + "DescribeTargetGroups, Errors")
    for n in range(3):
        b.call("elbv2", "create_target_group", **{**create, "Name": f"battery-page-{n}"})
    b.probe("a page of two", "elbv2", "describe_target_groups", PageSize=2, fields={"length(TargetGroups || `[]`)": 2, "NextMarker": PRESENT}, source=API + "DescribeTargetGroups, PageSize")
    for page in b.call("elbv2", "describe_target_groups").get("TargetGroups", []):
        if page["TargetGroupName"].startswith("battery-page-"):
            b.call("elbv2", "delete_target_group", TargetGroupArn=page["TargetGroupArn"])
    b.probe("another health check", "elbv2", "modify_target_group", TargetGroupArn=arn, HealthCheckPath="/up", HealthCheckIntervalSeconds=10, Matcher={"HttpCode": "200-299"},
            fields={"TargetGroups[0].HealthCheckPath": "/up", "TargetGroups[0].HealthCheckIntervalSeconds": 10, "TargetGroups[0].Matcher.HttpCode": "200-299",
                    "TargetGroups[0].HealthyThresholdCount": 5},
            source=API + "ModifyTargetGroup")
    b.probe("a group's attributes at first", "elbv2", "describe_target_group_attributes", TargetGroupArn=arn,
            fields={named("deregistration_delay.timeout_seconds"): "300", named("stickiness.enabled"): "false", named("stickiness.type"): "lb_cookie",
                    named("slow_start.duration_seconds"): "0", named("load_balancing.algorithm.type"): "round_robin"},
            source=API + "TargetGroupAttribute")
    b.probe("a shorter delay", "elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=attributes(deregistration_delay__timeout_seconds="5"),
            fields={named("deregistration_delay.timeout_seconds"): "5"}, source=API + "ModifyTargetGroupAttributes")
    b.probe("a group's attribute that is none", "elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=attributes(no__such="1"),
            refused=("ValidationError", "InvalidConfigurationRequest"), source=API + "TargetGroupAttribute, Key")
    b.probe("a delay of 3601 seconds", "elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=attributes(deregistration_delay__timeout_seconds="3601"),
            refused=("ValidationError", "InvalidConfigurationRequest"), source=API + "TargetGroupAttribute, Key")
    b.probe("delete a group", "elbv2", "delete_target_group", TargetGroupArn=arn, source=API + "DeleteTargetGroup")


def listeners(b, balancer, other, group):
    create = dict(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=fixed())
    made = b.probe("create a listener", "elbv2", "create_listener", **create,
                   fields={"Listeners[0].Port": 80, "Listeners[0].Protocol": "HTTP", "Listeners[0].LoadBalancerArn": PRESENT,
                           "Listeners[0].DefaultActions[0].FixedResponseConfig.StatusCode": "404"},
                   source=API + "CreateListener")
    arn = first(made, "Listeners", "ListenerArn")
    alike = b.probe("create the listener again alike", "elbv2", "create_listener", **create, source=API + "CreateListener, idempotent")
    b.probe("there is still one listener", "elbv2", "describe_listeners", LoadBalancerArn=balancer, fields={"Listeners[].Port": [80]}, source=API + "CreateListener, idempotent")
    if alike and first(alike, "Listeners", "ListenerArn") != arn:
        b.call("elbv2", "delete_listener", ListenerArn=first(alike, "Listeners", "ListenerArn"))
    again = b.probe("create the listener again otherwise", "elbv2", "create_listener", **{**create, "DefaultActions": forward(group)}, refused="DuplicateListener",
                    source=API + "CreateListener, Errors")
    if again and first(again, "Listeners", "ListenerArn") != arn:
        b.call("elbv2", "delete_listener", ListenerArn=first(again, "Listeners", "ListenerArn"))
    absent = f"{ACCOUNT}loadbalancer/app/battery-none/{NOTHING}"
    wrong = [
        ("a listener of nothing", {"LoadBalancerArn": absent}, "LoadBalancerNotFound", "CreateListener, Errors"),
        ("a listener of TCP", {"Protocol": "TCP"}, ("UnsupportedProtocol", "IncompatibleProtocols", "InvalidConfigurationRequest", "ValidationError"), "CreateListener, Protocol"),
        ("a port of 0", {"Port": 0}, "ValidationError", "CreateListener, Port"),
        ("HTTPS without a certificate", {"Protocol": "HTTPS"}, ("ValidationError", "CertificateNotFound"), "CreateListener, Certificates"),
        ("HTTPS with no certificate of ACM", {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": "battery"}]}, ("CertificateNotFound", "ValidationError"), "CreateListener, Errors"),
        ("a forward to nothing", {"DefaultActions": forward(f"{ACCOUNT}targetgroup/battery-none/{NOTHING}")}, "TargetGroupNotFound", "CreateListener, Errors"),
        ("a fixed response of 301", {"DefaultActions": fixed("301")}, ("ValidationError", "InvalidLoadBalancerAction"), "FixedResponseActionConfig"),
        ("a redirect to itself", {"DefaultActions": [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}]}, ("InvalidLoadBalancerAction", "ValidationError"), "RedirectActionConfig"),
    ]
    for n, (name, change, code, source) in enumerate(wrong):
        made = b.probe(name, "elbv2", "create_listener", **{**create, "Port": 90 + n, **change}, refused=code, source=API + source)
        if made:
            b.call("elbv2", "delete_listener", ListenerArn=first(made, "Listeners", "ListenerArn"))
    redirect = [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]
    config = "Listeners[0].DefaultActions[0].RedirectConfig"
    b.probe("redirect instead", "elbv2", "modify_listener", ListenerArn=arn, DefaultActions=redirect,
            fields={f"{config}.Protocol": "HTTPS", f"{config}.Host": "#{host}", f"{config}.Path": "/#{path}", f"{config}.Query": "#{query}"},
            source=API + "RedirectActionConfig")
    b.probe("forward instead", "elbv2", "modify_listener", ListenerArn=arn, DefaultActions=forward(group),
            fields=to("Listeners[0].DefaultActions[0]", "battery-web"), source=API + "ModifyListener and Action")
    taken = b.probe("one group for two load balancers", "elbv2", "create_listener", LoadBalancerArn=other, Protocol="HTTP", Port=80, DefaultActions=forward(group),
                    refused="TargetGroupAssociationLimit", source=GUIDE + "Quotas, load balancers per target group")
    if taken:
        b.call("elbv2", "delete_listener", ListenerArn=first(taken, "Listeners", "ListenerArn"))
    b.probe("the group's load balancer", "elbv2", "describe_target_groups", TargetGroupArns=[group], fields={"length(TargetGroups[0].LoadBalancerArns || `[]`)": 1}, source=API + "TargetGroup, LoadBalancerArns")
    b.probe("groups of a load balancer", "elbv2", "describe_target_groups", LoadBalancerArn=balancer, fields={"TargetGroups[].TargetGroupName": ["battery-web"]}, source=API + "DescribeTargetGroups, LoadBalancerArn")
    b.probe("an unknown listener", "elbv2", "describe_listeners", ListenerArns=[f"{ACCOUNT}listener/app/battery-none/{NOTHING}/{NOTHING}"], refused="ListenerNotFound", source=API + "DescribeListeners, Errors")
    b.probe("listeners of nobody", "elbv2", "describe_listeners", refused="ValidationError", source=API + "DescribeListeners, you must specify either")
    b.call("elbv2", "modify_listener", ListenerArn=arn, DefaultActions=fixed())
    return arn


def https(b, balancer):
    # Where there is an ACM, the certificate must be there; where there is none, any ARN of one will do.
    certificate = b.call("acm", "request_certificate", DomainName="battery.example.com").get("CertificateArn")
    certificate = certificate or "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    made = b.probe("a listener of HTTPS", "elbv2", "create_listener", LoadBalancerArn=balancer, Protocol="HTTPS", Port=443, DefaultActions=fixed(),
                   Certificates=[{"CertificateArn": certificate}],
                   fields={"Listeners[0].SslPolicy": "ELBSecurityPolicy-2016-08", "Listeners[0].Certificates[0].CertificateArn": PRESENT}, source=GUIDE + "Security policies, default")
    arn = first(made, "Listeners", "ListenerArn")
    b.probe("a policy that is none", "elbv2", "modify_listener", ListenerArn=arn, SslPolicy="battery", refused="SSLPolicyNotFound", source=API + "ModifyListener, Errors")
    b.probe("the default certificate is told as such", "elbv2", "describe_listener_certificates", ListenerArn=arn, fields={"Certificates[].IsDefault": [True]}, source=API + "DescribeListenerCertificates")
    b.probe("and stays", "elbv2", "remove_listener_certificates", ListenerArn=arn, Certificates=[{"CertificateArn": certificate}], refused="OperationNotPermitted",
            source=API + "RemoveListenerCertificates, Errors")
    b.call("elbv2", "delete_listener", ListenerArn=arn)


def rules(b, listener, group, second):
    create = dict(ListenerArn=listener, Priority=10, Conditions=path("/battery", "/battery/*"), Actions=forward(group))
    made = b.probe("create a rule", "elbv2", "create_rule", **create,
                   fields={"Rules[0].Priority": "10", "Rules[0].IsDefault": False, "Rules[0].Conditions[0].Field": "path-pattern",
                           "Rules[0].Conditions[0].PathPatternConfig.Values": ["/battery", "/battery/*"], **to("Rules[0].Actions[0]", "battery-web")},
                   source=API + "CreateRule")
    arn = first(made, "Rules", "RuleArn")
    b.probe("the older form is told too", "elbv2", "describe_rules", RuleArns=[arn], fields={"Rules[0].Conditions[0].Values": ["/battery", "/battery/*"]}, source=API + "RuleCondition, Values")
    again = b.probe("create the rule again", "elbv2", "create_rule", **create, refused="PriorityInUse", source=API + "CreateRule, Errors")
    if again:
        b.call("elbv2", "delete_rule", RuleArn=first(again, "Rules", "RuleArn"))
    older = b.probe("a condition in the older form", "elbv2", "create_rule", **{**create, "Priority": 20, "Conditions": [{"Field": "host-header", "Values": ["battery.example.com"]}]},
                    fields={"Rules[0].Conditions[0].Values": ["battery.example.com"], "Rules[0].Conditions[0].HostHeaderConfig.Values": ["battery.example.com"]},
                    source=API + "RuleCondition")
    other = first(older, "Rules", "RuleArn")
    host = lambda *values: [{"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}]
    invalid = ("ValidationError", "InvalidConfigurationRequest")
    wrong = [
        ("a priority of 0", {"Priority": 0}, "ValidationError", "CreateRule, Priority"),
        ("a priority of 50001", {"Priority": 50001}, "ValidationError", "CreateRule, Priority"),
        ("a rule of nothing", {"ListenerArn": f"{ACCOUNT}listener/app/battery-none/{NOTHING}/{NOTHING}"}, "ListenerNotFound", "CreateRule, Errors"),
        ("a rule to nothing", {"Actions": forward(f"{ACCOUNT}targetgroup/battery-none/{NOTHING}")}, "TargetGroupNotFound", "CreateRule, Errors"),
        ("a host with a space", {"Conditions": host("a b.com")}, invalid, "HostHeaderConditionConfig"),
        ("a host without a dot", {"Conditions": host("localhost")}, invalid, "HostHeaderConditionConfig"),
        ("six values", {"Conditions": path(*(f"/{n}" for n in range(6)))}, invalid, "Quotas: 5 condition values"),
        ("a field that is none", {"Conditions": [{"Field": "moon-phase", "Values": ["full"]}]}, "ValidationError", "RuleCondition, Field"),
        ("a condition without values", {"Conditions": [{"Field": "path-pattern"}]}, invalid, "RuleCondition"),
    ]
    for n, (name, change, code, source) in enumerate(wrong):
        made = b.probe(name, "elbv2", "create_rule", **{**create, "Priority": 100 + n, **change}, refused=code, source=API + source)
        if made:
            b.call("elbv2", "delete_rule", RuleArn=first(made, "Rules", "RuleArn"))
    b.probe("the rules, the default one too", "elbv2", "describe_rules", ListenerArn=listener,
            fields={"Rules[].Priority || `[]` | sort(@)": ["10", "20", "default"], "Rules[?IsDefault].Priority": ["default"]}, source=API + "DescribeRules and Rule")
    b.probe("another target", "elbv2", "modify_rule", RuleArn=arn, Actions=forward(second), fields={**to("Rules[0].Actions[0]", "battery-two"), "Rules[0].Conditions[0].Field": "path-pattern"},
            source=API + "ModifyRule")
    b.probe("a priority that is taken", "elbv2", "set_rule_priorities", RulePriorities=[{"RuleArn": arn, "Priority": 20}], refused="PriorityInUse", source=API + "SetRulePriorities, Errors")
    b.probe("two rules change places", "elbv2", "set_rule_priorities", RulePriorities=[{"RuleArn": arn, "Priority": 20}, {"RuleArn": other, "Priority": 10}],
            fields={"Rules[].Priority || `[]` | sort(@)": ["10", "20"]}, source=API + "SetRulePriorities")
    default = b.call("elbv2", "describe_rules", ListenerArn=listener).get("Rules", [])
    default = next((rule["RuleArn"] for rule in default if rule["IsDefault"]), "none")
    b.probe("the default rule stays", "elbv2", "delete_rule", RuleArn=default, refused="OperationNotPermitted", source=API + "DeleteRule, you can't delete the default rule")
    b.probe("a group in use stays", "elbv2", "delete_target_group", TargetGroupArn=second, refused="ResourceInUse", source=API + "DeleteTargetGroup, Errors")
    b.probe("delete a rule", "elbv2", "delete_rule", RuleArn=arn, source=API + "DeleteRule")
    b.probe("delete the rule again", "elbv2", "delete_rule", RuleArn=arn, refused="RuleNotFound", source=API + "DeleteRule, Errors")


def tags(b, balancer, group, listener):
    b.probe("tag two things", "elbv2", "add_tags", ResourceArns=[balancer, group], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], source=API + "AddTags")
    b.probe("take a tag away", "elbv2", "remove_tags", ResourceArns=[balancer], TagKeys=["a"], source=API + "RemoveTags")
    b.probe("tags of several", "elbv2", "describe_tags", ResourceArns=[balancer, group, listener],
            fields={"TagDescriptions[].Tags[].Value || `[]` | sort(@)": ["1", "2", "2"], "TagDescriptions[2].ResourceArn": PRESENT}, source=API + "DescribeTags")
    b.probe("tags of 21", "elbv2", "describe_tags", ResourceArns=[balancer] * 21, refused="ValidationError", source=API + "DescribeTags, up to 20 resources")
    b.probe("tags of nothing", "elbv2", "describe_tags", ResourceArns=[f"{ACCOUNT}loadbalancer/app/battery-none/{NOTHING}"], refused="LoadBalancerNotFound", source=API + "DescribeTags, Errors")
    b.probe("a tag of aws", "elbv2", "add_tags", ResourceArns=[group], Tags=[{"Key": "aws:a", "Value": "1"}], refused="ValidationError", source=API + "Tag; AWS reserves the prefix aws:")


def targets(b, group):
    health = "TargetHealthDescriptions"
    b.probe("register a target", "elbv2", "register_targets", TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 8000}], source=API + "RegisterTargets")
    b.probe("its health can be asked for", "elbv2", "describe_target_health", TargetGroupArn=group,
            fields={f"{health}[0].Target.Id": "10.0.0.1", f"{health}[0].Target.Port": 8000, f"{health}[0].TargetHealth.State": PRESENT}, source=API + "DescribeTargetHealth")
    b.probe("a target that is not registered", "elbv2", "describe_target_health", TargetGroupArn=group, Targets=[{"Id": "10.0.0.2", "Port": 8000}],
            fields={f"{health}[0].TargetHealth.State": "unused", f"{health}[0].TargetHealth.Reason": "Target.NotRegistered"}, source=API + "TargetHealth")
    b.probe("a public address", "elbv2", "register_targets", TargetGroupArn=group, Targets=[{"Id": "8.8.8.8"}], refused=("ValidationError", "InvalidTarget"), source=API + "CreateTargetGroup, TargetType ip")
    b.probe("what is not registered can go", "elbv2", "deregister_targets", TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 1}], source=API + "DeregisterTargets, Note")
    b.probe("deregister a target", "elbv2", "deregister_targets", TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 8000}], source=API + "DeregisterTargets")


def deletions(b, balancer, other, listener, group, second):
    b.probe("quotas", "elbv2", "describe_account_limits", fields={"Limits[?Name=='application-load-balancers'].Max | [0]": "50", "Limits[?Name=='rules-per-application-load-balancer'].Max | [0]": "100"},
            source=GUIDE + "Quotas")
    b.probe("delete a load balancer with a listener", "elbv2", "delete_load_balancer", LoadBalancerArn=balancer, source=API + "DeleteLoadBalancer, also deletes its listeners")
    b.probe("its listener is gone", "elbv2", "delete_listener", ListenerArn=listener, refused="ListenerNotFound",
            source=API + "DeleteLoadBalancer, also deletes its listeners; DeleteListener, Errors")
    b.probe("its group is free", "elbv2", "delete_target_group", TargetGroupArn=group, source=API + "DeleteTargetGroup")
    b.probe("the name is free", "elbv2", "describe_load_balancers", Names=["battery-alb"], refused="LoadBalancerNotFound", source=API + "DescribeLoadBalancers, Errors")
    b.call("elbv2", "delete_target_group", TargetGroupArn=second)
    b.call("elbv2", "delete_load_balancer", LoadBalancerArn=other)
