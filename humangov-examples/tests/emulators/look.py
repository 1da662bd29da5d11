# SPDX-License-Identifier: MIT OR Apache-2.0
"""An independent look at what a fleet has in the account: `look.py FLEET`.

Uses boto3 and none of the project's own code, so that a mistake in our readers cannot hide what our writers did. Prints
{"<kind>": [{"name", "arn", "tags", "settings"}]}, sorted by name, of everything whose name starts with the fleet name or
that carries the tag humangov:fleet = FLEET. Settings are the members of the describe calls, without times and counts
that move by themselves.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

OWNER = "humangov:fleet"
# Emulators answer what they do not know with 404/405/500 or an error of one of these codes.
UNKNOWN_SERVICE = {"404", "405", "500", "501", "InvalidAction", "UnknownOperationException", "MethodNotAllowed", "NotImplemented"}
# Moves by itself or says only when something was made.
VOLATILE = {"ResponseMetadata", "events", "deployments", "taskSets", "registeredAt", "registeredBy", "requiresAttributes"}


def tags_of(items):
    """AWS spells a tag in three ways: {Key, Value}, {key, value}, and a plain map."""
    if isinstance(items, dict):
        return dict(items)
    return {item.get("Key", item.get("key")): item.get("Value", item.get("value")) for item in items or []}


def settings_of(item, *without):
    dropped = VOLATILE | set(without)
    return {key: value for key, value in item.items() if key not in dropped and not hasattr(value, "isoformat")}


def chunks(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


class Look:
    def __init__(self, fleet):
        self.fleet = fleet
        self.found = {}

    def client(self, service):
        # A call that fails shows as it is: retries would hide it behind seconds of waiting.
        return boto3.client(service, config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))

    def pages(self, client, operation, member, **parameters):
        return [item for page in client.get_paginator(operation).paginate(**parameters) for item in page[member]]

    def add(self, kind, name, arn, tags, settings):
        # Role names may carry a path in their ARN only; log groups start with "/" by convention.
        if name.lstrip("/").startswith(self.fleet) or tags.get(OWNER) == self.fleet:
            self.found.setdefault(kind, []).append({"name": name, "arn": arn, "tags": tags, "settings": settings})

    def ecr(self):
        ecr = self.client("ecr")
        for item in self.pages(ecr, "describe_repositories", "repositories"):
            arn, name = item["repositoryArn"], item["repositoryName"]
            settings = settings_of(item, "repositoryArn", "repositoryName", "registryId")
            settings["images"] = sorted(image.get("imageTag", image["imageDigest"]) for image in self.pages(ecr, "list_images", "imageIds", repositoryName=name))
            try:
                settings["lifecyclePolicy"] = json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
            except ClientError as error:
                expect(error, "LifecyclePolicyNotFoundException")
            self.add("ecr.repository", name, arn, tags_of(ecr.list_tags_for_resource(resourceArn=arn)["tags"]), settings)

    def ecs(self):
        ecs = self.client("ecs")
        clusters = self.pages(ecs, "list_clusters", "clusterArns")
        for some in chunks(clusters, 100):
            for item in ecs.describe_clusters(clusters=some, include=["TAGS", "SETTINGS", "CONFIGURATIONS"])["clusters"]:
                if item["status"] != "INACTIVE":
                    counts = [key for key in item if key.endswith("Count")]
                    settings = settings_of(item, "clusterArn", "clusterName", "tags", "statistics", *counts)
                    self.add("ecs.cluster", item["clusterName"], item["clusterArn"], tags_of(item.get("tags")), settings)
        for cluster in clusters:
            # Services under deletion are still there, but ListServices leaves them out; their cluster then stays too.
            for some in chunks(self.pages(ecs, "list_services", "serviceArns", cluster=cluster), 10):
                for item in ecs.describe_services(cluster=cluster, services=some, include=["TAGS"])["services"]:
                    if item["status"] != "INACTIVE":
                        primary = next((d for d in item["deployments"] if d["status"] == "PRIMARY"), {})
                        settings = settings_of(item, "serviceArn", "serviceName", "tags", "createdBy")
                        settings["rolloutState"] = primary.get("rolloutState")
                        self.add("ecs.service", item["serviceName"], item["serviceArn"], tags_of(item.get("tags")), settings)
        for arn in self.pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
            answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
            item = answer["taskDefinition"]
            settings = settings_of(item, "taskDefinitionArn", "family", "revision", "tags")
            self.add("ecs.task_definition", f"{item['family']}:{item['revision']}", arn, tags_of(answer.get("tags")), settings)

    def elbv2(self):
        elb = self.client("elbv2")
        seen = []  # (kind, name, arn, settings); tags come in one go afterwards
        for balancer in self.pages(elb, "describe_load_balancers", "LoadBalancers"):
            arn, name = balancer["LoadBalancerArn"], balancer["LoadBalancerName"]
            settings = settings_of(balancer, "LoadBalancerArn", "LoadBalancerName", "CanonicalHostedZoneId")
            attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
            settings["attributes"] = tags_of(attributes)
            seen.append(("elbv2.load_balancer", name, arn, settings))
            for listener in self.pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
                label = f"{name}:{listener['Port']}"
                seen.append(("elbv2.listener", label, listener["ListenerArn"], settings_of(listener, "ListenerArn")))
                for rule in self.pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                    if not rule["IsDefault"]:
                        seen.append(("elbv2.listener_rule", f"{label}/{rule['Priority']}", rule["RuleArn"], settings_of(rule, "RuleArn")))
        for group in self.pages(elb, "describe_target_groups", "TargetGroups"):
            arn = group["TargetGroupArn"]
            settings = settings_of(group, "TargetGroupArn", "TargetGroupName")
            settings["attributes"] = tags_of(elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
            seen.append(("elbv2.target_group", group["TargetGroupName"], arn, settings))
        tags = {}
        for some in chunks([arn for _, _, arn, _ in seen], 20):
            for item in elb.describe_tags(ResourceArns=some)["TagDescriptions"]:
                tags[item["ResourceArn"]] = tags_of(item["Tags"])
        for kind, name, arn, settings in seen:
            self.add(kind, name, arn, tags.get(arn, {}), settings)

    def ec2(self):
        for item in self.pages(self.client("ec2"), "describe_security_groups", "SecurityGroups"):
            arn = item.get("SecurityGroupArn", item["GroupId"])
            self.add("ec2.security_group", item["GroupName"], arn, tags_of(item.get("Tags")), settings_of(item, "GroupName", "Tags", "SecurityGroupArn", "OwnerId"))

    def iam(self):
        iam = self.client("iam")
        for role in self.pages(iam, "list_roles", "Roles"):
            name = role["RoleName"]
            role = iam.get_role(RoleName=name)["Role"]
            settings = settings_of(role, "RoleName", "RoleId", "Arn", "Tags", "RoleLastUsed")
            settings["inlinePolicies"] = {
                policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in self.pages(iam, "list_role_policies", "PolicyNames", RoleName=name)
            }
            attached = self.pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
            settings["attachedPolicies"] = sorted(policy["PolicyArn"] for policy in attached)
            self.add("iam.role", name, role["Arn"], tags_of(role.get("Tags")), settings)

    def logs(self):
        logs = self.client("logs")
        for item in self.pages(logs, "describe_log_groups", "logGroups"):
            arn = item["arn"].removesuffix(":*")
            tags = tags_of(logs.list_tags_for_resource(resourceArn=arn)["tags"])
            self.add("logs.log_group", item["logGroupName"], arn, tags, settings_of(item, "arn", "logGroupArn", "logGroupName", "creationTime", "storedBytes", "metricFilterCount"))

    def dynamodb(self):
        dynamodb = self.client("dynamodb")
        for name in self.pages(dynamodb, "list_tables", "TableNames"):
            item = dynamodb.describe_table(TableName=name)["Table"]
            tags = tags_of(self.pages(dynamodb, "list_tags_of_resource", "Tags", ResourceArn=item["TableArn"]))
            settings = settings_of(item, "TableArn", "TableName", "TableId", "ItemCount", "TableSizeBytes", "ProvisionedThroughput", "BillingModeSummary")
            settings["billingMode"] = item.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
            backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
            settings["pointInTimeRecovery"] = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
            self.add("dynamodb.table", name, item["TableArn"], tags, settings)

    def s3(self):
        s3 = self.client("s3")
        parts = {
            "versioning": (s3.get_bucket_versioning, ("Status",), ()),
            "encryption": (s3.get_bucket_encryption, ("ServerSideEncryptionConfiguration",), ("ServerSideEncryptionConfigurationNotFoundError",)),
            "publicAccessBlock": (s3.get_public_access_block, ("PublicAccessBlockConfiguration",), ("NoSuchPublicAccessBlockConfiguration",)),
            "ownership": (s3.get_bucket_ownership_controls, ("OwnershipControls",), ("OwnershipControlsNotFoundError",)),
            "lifecycle": (s3.get_bucket_lifecycle_configuration, ("Rules",), ("NoSuchLifecycleConfiguration",)),
            "policy": (s3.get_bucket_policy, ("Policy",), ("NoSuchBucketPolicy",)),
            "tags": (s3.get_bucket_tagging, ("TagSet",), ("NoSuchTagSet",)),
        }
        for bucket in s3.list_buckets()["Buckets"]:
            name, settings = bucket["Name"], {}
            for part, (call, path, absent) in parts.items():
                try:
                    value = call(Bucket=name)
                    for member in path:
                        value = value.get(member)
                    settings[part] = json.loads(value) if part == "policy" else value
                except ClientError as error:
                    expect(error, *absent)
                    settings[part] = None
            # Versions and markers count: a bucket with either cannot be deleted.
            versions = self.client("s3").list_object_versions(Bucket=name)
            settings["objects"] = sorted({item["Key"] for item in versions.get("Versions", []) + versions.get("DeleteMarkers", [])})
            self.add("s3.bucket", name, f"arn:aws:s3:::{name}", tags_of(settings.pop("tags")), settings)

    def autoscaling(self):
        scaling = self.client("application-autoscaling")
        for item in self.pages(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs"):
            # The name is the service's, after service/CLUSTER/.
            name, arn = item["ResourceId"].split("/")[-1], item.get("ScalableTargetARN", "")
            settings = settings_of(item, "ScalableTargetARN")
            policies = self.pages(scaling, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs", ResourceId=item["ResourceId"])
            settings["policies"] = [settings_of(policy, "PolicyARN", "Alarms") for policy in policies]
            tags = scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] if arn else {}
            self.add("autoscaling.target", name, arn, tags_of(tags), settings)


def expect(error, *codes):
    if error.response["Error"]["Code"] not in codes:
        raise error


def main(fleet):
    look = Look(fleet)
    for service in (look.ecr, look.ecs, look.elbv2, look.ec2, look.iam, look.logs, look.dynamodb, look.s3):
        service()
    try:
        look.autoscaling()
    except ClientError as error:
        if error.operation_name != "DescribeScalableTargets":
            raise
        expect(error, *UNKNOWN_SERVICE)  # ministack has no Application Auto Scaling
    for items in look.found.values():
        items.sort(key=lambda item: (item["name"], item["arn"]))
    json.dump(look.found, sys.stdout, default=str, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1])
