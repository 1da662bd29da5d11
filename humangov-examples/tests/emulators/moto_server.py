# SPDX-License-Identifier: MIT OR Apache-2.0
"""moto's server, with the behaviour of AWS that a deployer depends on put back.

moto 5.2.5 stores what it is told, but time never passes in it: a service stays IN_PROGRESS for ever, a deleted one is
gone at once, and things that are in use can be deleted. This file replaces some of its methods at start-up:

* ECS services live. Each DescribeServices is one step of time: a rollout goes IN_PROGRESS -> COMPLETED with running
  tasks and registered targets, or fails and rolls back as the deployment circuit breaker does; a deleted service goes
  ACTIVE -> DRAINING -> INACTIVE. A task definition fails when its family or an image contains FAIL_MARKER (the
  container exits) or an image contains NO_IMAGE_MARKER (the image cannot be pulled). All of this is in moto_ecs.py.
* ECS keeps every field of a service it is given, refuses duplicates, honours clientToken, and knows its maxima.
* Repeated creates of load balancers, target groups and listeners return the existing one, or a Duplicate* error.
* What is in use cannot be deleted: clusters with services, security groups that are referenced, protected load balancers.
* Application Auto Scaling keeps tags, answers ObjectNotFoundException, and drops a target's policies with it.
* A bucket policy statement whose Condition is not about us is ignored instead of denying every call.
* S3 answers have the root elements that the Rust SDK insists on.

Where the AWS documentation leaves a choice, the comment at the place says what was chosen.
"""

import json
import os
import threading

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend as Scaling, FakeApplicationAutoscalingPolicy
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as ScalingApi
from moto.core.exceptions import JsonRESTError
from moto.core.serialize import S3Serializer
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.ecs.models import ecs_backends
from moto.elbv2 import exceptions as elb_errors
from moto.elbv2.models import ELBv2Backend as Elb, FakeAction, FakeTargetGroup, elbv2_backends
from moto.elbv2.responses import ELBV2Response as ElbApi
from moto.iam import access_control

from moto_ecs import drain
from patching import patch

# -------------------------------------------------------------------------------------------------------------- ELBv2


@patch(Elb)
def create_load_balancer(original, self, **asked):
    asked.update(scheme=asked.get("scheme") or "internet-facing", loadbalancer_type=asked.get("loadbalancer_type") or "application")
    settings = {key: sorted(value) if isinstance(value, list) else value for key, value in asked.items() if key not in ("tags", "subnet_mappings")}
    for balancer in self.load_balancers.values():
        if balancer.name == asked["name"]:
            if balancer.asked == settings:
                return balancer
            raise elb_errors.DuplicateLoadBalancerName()
    zones = {subnet.availability_zone for subnet in map(self.ec2_backend.get_subnet, asked["subnet_ids"])} if asked["subnet_ids"] else None
    if zones is not None and len(zones) < 2 and asked["loadbalancer_type"] == "application":
        raise elb_errors.ELBClientError("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    balancer = original(self, **asked)
    balancer.asked = settings
    return balancer


@patch(Elb)
def delete_load_balancer(original, self, arn):
    balancer = self.load_balancers.get(arn)
    if balancer is not None and str(balancer.attrs.get("deletion_protection.enabled")).lower() == "true":
        raise elb_errors.ELBClientError(
            "OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        )
    return original(self, arn)


@patch(Elb)
def create_target_group(original, self, name, **asked):
    settings = {key: value for key, value in asked.items() if key != "tags"}
    for group in self.target_groups.values():
        if group.name == name:
            if group.asked == settings:
                return group
            raise elb_errors.DuplicateTargetGroupName()
    group = original(self, name, **asked)
    group.asked = settings
    return group


def users(group):
    """moto appends to a list and never removes; the truth is in the rules."""
    backend = elbv2_backends[group.account_id][group.region_name]
    return [
        balancer.arn
        for balancer in backend.load_balancers.values()
        if any(
            group.arn in backend._get_target_group_arns_from(action_data=action.data)
            for listener in balancer.listeners.values()
            for rule in listener.rules.values()
            for action in rule.actions
        )
    ]


FakeTargetGroup.load_balancer_arns = property(users, lambda group, value: None)


@patch(Elb)
def create_listener(original, self, load_balancer_arn, protocol, port, *args, **kwargs):
    balancer = self.load_balancers.get(load_balancer_arn)
    actions = kwargs["actions"] if "actions" in kwargs else args[2]
    for listener in balancer.listeners.values() if balancer else ():
        if str(listener.port) == str(port):
            wanted = [FakeAction(action).data for action in actions]
            if listener.protocol == protocol and [action.data for action in listener.default_actions] == wanted:
                return listener
            raise elb_errors.DuplicateListenerError()
    return original(self, load_balancer_arn, protocol, port, *args, **kwargs)


@patch(Elb)
def delete_rule(original, self, arn):
    rules = [rule for b in self.load_balancers.values() for l in b.listeners.values() for rule in l.rules.values()]
    if all(rule.arn != arn for rule in rules):
        raise elb_errors.RuleNotFoundError()
    return original(self, arn)


def at_most_20(operation, *members):
    @patch(ElbApi, operation)
    def limited(original, self):
        for member in members:
            if len(self._get_param(member) or []) > 20:
                raise elb_errors.ELBClientError("ValidationError", f"The maximum number of items in {member} is 20")
        return original(self)


at_most_20("describe_tags", "ResourceArns")
at_most_20("describe_load_balancers", "LoadBalancerArns", "Names")


# ---------------------------------------------------------------------------------------------------------------- EC2


@patch(EC2Backend)
def delete_security_group(original, self, name=None, group_id=None):
    group = self.get_security_group_by_name_or_id(group_id or name)
    if group is not None and in_use(self, group):
        drain(ecs_backends[self.account_id][self.region_name])
        raise DependencyViolationError(f"resource {group.id} has a dependent object")
    return original(self, name=name, group_id=group_id)


def in_use(backend, group):
    """Whether another group's rules, a load balancer, or the network interfaces of a service's tasks hold the group."""
    for groups in backend.groups.values():
        for other in groups.values():
            rules = [*other.ingress_rules, *other.egress_rules]
            if other.id != group.id and any(rule.source_group.get("GroupId") == group.id for rule in rules):
                return True
    for balancer in elbv2_backends[backend.account_id][backend.region_name].load_balancers.values():
        if group.id in (balancer.security_groups or []):
            return True
    for service in ecs_backends[backend.account_id][backend.region_name].services.values():
        held = (service.network_configuration or {}).get("awsvpcConfiguration", {}).get("securityGroups") or []
        if group.id in held and service.status != "INACTIVE" and (service.status == "DRAINING" or service.desired_count > 0):
            return True
    return False


# ------------------------------------------------------------------------------------------- Application Auto Scaling

SERVICE_ROLE = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling"


def not_found(message):
    return JsonRESTError("ObjectNotFoundException", message)


def scaling_tags(api):
    backend, arn = api.applicationautoscaling_backend, api._get_param("ResourceARN")
    for targets_of_dimension in backend.targets.values():
        for target in targets_of_dimension.values():
            if target.arn == arn:
                return target.__dict__.setdefault("tags", {})
    raise JsonRESTError("ResourceNotFoundException", f"The resource {arn} does not exist")


@patch(Scaling)
def register_scalable_target(original, self, *args, **kwargs):
    target = original(self, *args, **kwargs)
    target.role_arn = target.role_arn or f"arn:aws:iam::{self.account_id}:{SERVICE_ROLE}_ECSService"
    suspended = dict.fromkeys(("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False)
    target.suspended_state = {**suspended, **(target.suspended_state or {})}
    return target


@patch(ScalingApi, "register_scalable_target")
def register_scalable_target_with_tags(original, self):
    result = original(self)
    if tags := self._get_param("Tags"):
        backend = self.applicationautoscaling_backend
        target = backend.targets[self._get_param("ScalableDimension")][self._get_param("ResourceId")]
        target.__dict__.setdefault("tags", {}).update(tags)
    return result


@patch(Scaling)
def deregister_scalable_target(original, self, namespace, resource, dimension):
    if not self._scalable_target_exists(resource, dimension):
        raise not_found(f"No scalable target registered for service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}")
    for policy in [p for p in self.policies.values() if p.resource_id == resource and p.scalable_dimension == dimension]:
        self.delete_scaling_policy(policy.policy_name, namespace, resource, dimension)
    return original(self, namespace, resource, dimension)


@patch(Scaling)
def put_scaling_policy(original, self, **asked):
    if not self._scalable_target_exists(asked["resource_id"], asked["scalable_dimension"]):
        raise not_found(f"No scalable target registered for resource ID: {asked['resource_id']}")
    return original(self, **asked)


@patch(Scaling)
def delete_scaling_policy(original, self, policy_name, service_namespace, resource_id, scalable_dimension):
    key = FakeApplicationAutoscalingPolicy.formulate_key(service_namespace, resource_id, scalable_dimension, policy_name)
    if key not in self.policies:
        raise not_found(f"No scaling policy found for policy name: {policy_name}")
    return original(self, policy_name, service_namespace, resource_id, scalable_dimension)


def tag_resource(self):
    scaling_tags(self).update(self._get_param("Tags"))
    return "{}"


def untag_resource(self):
    tags = scaling_tags(self)
    for key in self._get_param("TagKeys"):
        tags.pop(key, None)
    return "{}"


ScalingApi.list_tags_for_resource = lambda self: json.dumps({"Tags": scaling_tags(self)})
ScalingApi.tag_resource, ScalingApi.untag_resource = tag_resource, untag_resource


# ----------------------------------------------------------------------------------------------------------------- S3


@patch(access_control.IAMPolicyStatement)
def is_action_permitted(original, self, action, resource="*", principal=None, incoming_condition_values=None):
    # moto lets a statement deny everything when it cannot evaluate its Condition. A bucket policy that demands TLS, or
    # denies strangers, does not apply to the tests' own calls.
    if self._statement.get("Condition") and incoming_condition_values is None:
        return access_control.PermissionResult.NEUTRAL
    return original(self, action, resource, principal, incoming_condition_values)


# ----------------------------------------------------------------------------------------------------------------- S3

# moto names the root after the operation, and boto3 does not look at it. These are the names of AWS.
ROOTS = {
    "DeleteObjects": "DeleteResult",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjectsV2": "ListBucketResult",
}


@patch(S3Serializer)
def _serialized_result_to_response(original, self, resp, result, shape, serialized_result):
    answer = original(self, resp, result, shape, serialized_result)
    operation = self.operation_model.name
    if operation in ROOTS and isinstance(answer["body"], str):
        answer["body"] = answer["body"].replace(f"{operation}Response", ROOTS[operation])
    return answer


# ------------------------------------------------------------------------------------------------------------- server


def one_at_a_time(application):
    """moto checks and writes in two steps and keeps per-class response settings: its requests must not overlap."""
    lock = threading.Lock()

    def locked(environ, start_response):
        with lock:
            return application(environ, start_response)

    return locked


def serve(host, port, ready):
    """Serves for ever; calls `ready(port)` once connections are accepted (port 0: any free one)."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    application = one_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server(host, port, application, threaded=True, request_handler=MotoRequestHandler)
    os.environ["MOTO_PORT"] = str(server.port)
    ready(server.port)
    server.serve_forever()
